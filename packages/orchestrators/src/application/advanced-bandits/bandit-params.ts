import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
} from 'class-validator';
import { INTERVAL_METHODS, type IntervalMethod } from './evaluation/off-policy.js';
import type { BanditFeatures } from './learning/feature-encoder.js';

/** Rows of a log that is evaluated at most. */
export const MAX_LOG_ROWS = 20_000;

/** Params of operations about one domain. */
export class BanditDomainParams {
  /** A declared domain. */
  @IsString()
  @Length(1, 64)
  domain!: string;
}

/** Params of `make_decision`. */
export class MakeDecisionParams extends BanditDomainParams {
  /** Values of the domain's features by name; one left out counts as unknown. @default none */
  @IsOptional()
  @IsObject()
  features?: BanditFeatures;

  /** @default the domain's default algorithm */
  @IsOptional()
  @IsString()
  @Length(1, 64)
  algorithm?: string;
}

/** Params of `provide_feedback`. */
export class ProvideFeedbackParams {
  /** From `make_decision`. */
  @IsString()
  @Length(1, 200)
  decisionId!: string;

  /** How good the outcome was, from 0 to 1. */
  @IsNumber({ allowNaN: false, allowInfinity: false })
  @Min(0)
  @Max(1)
  reward!: number;
}

/** Params of `get_performance_summary`. */
export class PerformanceSummaryParams {
  /** @default all domains */
  @IsOptional()
  @IsString()
  @Length(1, 64)
  domain?: string;
}

/** Params of `switch_default_algorithm`. */
export class SwitchAlgorithmParams {
  @IsString()
  @Length(1, 64)
  algorithm!: string;

  /** @default all domains */
  @IsOptional()
  @IsString()
  @Length(1, 64)
  domain?: string;
}

/** One row of a log in `evaluate_policy`. */
export interface BanditLogRow {
  readonly features: BanditFeatures;
  readonly action: string;
  /** From 0 to 1. */
  readonly reward: number;
  /** How likely the action was to be taken; 0.000001 to 1. */
  readonly probability: number;
  /** How likely the policy that is evaluated takes each action; they sum to 1. For a policy that is not of this domain. */
  readonly targetProbabilities?: Readonly<Record<string, number>>;
}

/** Params of `evaluate_policy`: one of `algorithm`, `action` or `targetProbabilities` in each row says which policy. */
export class EvaluatePolicyParams extends BanditDomainParams {
  /** The policy is what this algorithm would do now. */
  @IsOptional()
  @IsString()
  @Length(1, 64)
  algorithm?: string;

  /** The policy is always this action. */
  @IsOptional()
  @IsString()
  @Length(1, 64)
  action?: string;

  /** @default the last finished decisions of the domain */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(2)
  @ArrayMaxSize(MAX_LOG_ROWS)
  @IsObject({ each: true })
  log?: BanditLogRow[];

  /** @default 'normal' */
  @IsOptional()
  @IsIn(INTERVAL_METHODS)
  interval?: IntervalMethod;

  /** Share of intervals that hold the truth, 0.5 to 0.999. @default 0.95 */
  @IsOptional()
  @IsNumber()
  @Min(0.5)
  @Max(0.999)
  confidence?: number;

  /** Samples of the bootstrap, 100 to 2,000. @default 1_000 */
  @IsOptional()
  @IsInt()
  @Min(100)
  @Max(2_000)
  resamples?: number;
}

/** Params of `import_model`. */
export class ImportModelParams extends BanditDomainParams {
  /** What `export_model` gave for a domain of the same declaration. */
  @IsObject()
  model!: Record<string, unknown>;
}
