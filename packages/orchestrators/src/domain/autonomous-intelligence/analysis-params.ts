import { IsBoolean, IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { DEPTHS, type Depth } from './model.js';

/** Params of `analyze`. */
export class AnalyzeParams {
  /** Path or URL, 1 to 4096 characters. */
  @IsString()
  @Length(1, 4096)
  uri!: string;

  /** How much is done; see `DEPTH_PLANS`. @default 'standard' */
  @IsOptional()
  @IsIn(DEPTHS)
  depth?: Depth;

  /** Which item of a feed, counted from 0. @default 0 */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(99_999)
  item?: number;

  /** Analyses again what is stored already. @default false */
  @IsOptional()
  @IsBoolean()
  force?: boolean;
}

/** Params of `get`. */
export class GetParams {
  /** As a list shows it. */
  @IsString()
  @Length(1, 200)
  id!: string;
}

/** Params of `list`. */
export class ListParams {
  /** @default 50 @minimum 1 @maximum 500 */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;

  /** How many of the newest to pass over. @default 0 */
  @IsOptional()
  @IsInt()
  @Min(0)
  offset?: number;
}

/** Params of `search`. */
export class SearchParams {
  /** All words must occur; `"two words"` is a phrase and `econ*` a prefix. */
  @IsString()
  @Length(1, 1_000)
  query!: string;

  /** @default 20 @minimum 1 @maximum 500 */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;
}
