import { DEPTHS, type Depth } from '@kapelle/orchestrators';
import { IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';

/** Params of `analyze` of the desk. */
export class DeskParams {
  /** Path or URL. */
  @IsString()
  @Length(1, 4_096)
  uri!: string;

  /** Of a feed, counted from 0. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(10_000)
  item?: number;

  /** @default what has turned out best */
  @IsOptional()
  @IsIn(DEPTHS)
  depth?: Depth;
}
