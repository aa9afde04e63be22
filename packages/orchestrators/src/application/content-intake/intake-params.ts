import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
} from 'class-validator';
import { DEPTHS, type Depth } from '../../domain/autonomous-intelligence/model.js';

/** Most sources of one call. */
export const MAX_SOURCES = 1_000;

/** Params of `take_in`. */
export class IntakeParams {
  /** Paths and URLs, 1 to 1000. The same one twice is analysed once. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_SOURCES)
  @IsString({ each: true })
  @Length(1, 4096, { each: true })
  sources!: string[];

  /** @default 'standard' */
  @IsOptional()
  @IsIn(DEPTHS)
  depth?: Depth;

  /** Analyses again what is stored already. @default false */
  @IsOptional()
  @IsBoolean()
  force?: boolean;

  /** What each source, or item of a feed, may cost at most, in US dollars. @default that of the depth */
  @IsOptional()
  @IsNumber({ allowInfinity: false, allowNaN: false })
  @Min(0)
  @Max(1_000_000)
  budgetUsd?: number;

  /** Sources in work at the same time. @default 2 @minimum 1 @maximum 8 */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(8)
  concurrency?: number;

  /** Items taken of each feed, the first ones. @default 10 @minimum 1 @maximum 100 */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  maxItems?: number;
}
