import { IsBoolean, IsIn, IsOptional, IsString, Length } from 'class-validator';
import { AnalyzeParams } from '../autonomous-intelligence/analysis-params.js';
import { DEPTHS, type Depth } from '../autonomous-intelligence/model.js';

/** What a caller may let `enhanced_autonomous` decide by what was learnt. */
export const AUTONOMY_PREFERENCES = ['quality', 'speed'] as const;
export type AutonomyPreference = (typeof AUTONOMY_PREFERENCES)[number];

/** Params of `analyze`: those of `autonomous_intelligence`, which are passed on, and a preference. */
export class EnhancedAnalyzeParams extends AnalyzeParams {
  /**
   * Where both paths can run: the one that is known to make whole briefings, or the one that is known to be quick.
   * @default the full path, whatever is known
   */
  @IsOptional()
  @IsIn(AUTONOMY_PREFERENCES)
  prefer?: AutonomyPreference;
}

/** Params of `get_capabilities`. */
export class GetCapabilitiesParams {
  /** Path or URL of what would be analysed; without it the content source is only asked whether it is there. */
  @IsOptional()
  @IsString()
  @Length(1, 4096)
  uri?: string;

  /** @default 'standard' */
  @IsOptional()
  @IsIn(DEPTHS)
  depth?: Depth;

  /** Asks the probes again, whatever they said before. @default false */
  @IsOptional()
  @IsBoolean()
  refresh?: boolean;
}

/** Params of `get_path_history`. */
export class GetPathHistoryParams {
  /** @default all depths */
  @IsOptional()
  @IsIn(DEPTHS)
  depth?: Depth;
}
