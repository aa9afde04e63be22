import { IsBoolean, IsIn, IsInt, IsNumber, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import type { AnalysisBudgetLimits } from './analysis-budget.js';
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

  /**
   * Names the analysis, 1 to 200 characters: a call with the same name goes on where an interrupted one stopped,
   * without asking the source again. @default the id of the run
   */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  analysisId?: string;

  /** What it may cost at most, in US dollars at the configured prices. @default that of the depth, see `DEPTH_BUDGETS` */
  @IsOptional()
  @IsNumber({ allowInfinity: false, allowNaN: false })
  @Min(0)
  @Max(1_000_000)
  budgetUsd?: number;

  /** Tokens of language models, read and written, at most. @default no limit */
  @IsOptional()
  @IsInt()
  @Min(0)
  budgetTokens?: number;

  /** Milliseconds that the stages may take, added up. @default no limit */
  @IsOptional()
  @IsInt()
  @Min(0)
  budgetMs?: number;
}

/** The budget that params name. */
export function limitsOf({ budgetUsd, budgetTokens, budgetMs }: AnalyzeParams): AnalysisBudgetLimits {
  return {
    ...(budgetUsd === undefined ? {} : { usd: budgetUsd }),
    ...(budgetTokens === undefined ? {} : { tokens: budgetTokens }),
    ...(budgetMs === undefined ? {} : { ms: budgetMs }),
  };
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
