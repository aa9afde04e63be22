import { IsObject, IsOptional } from 'class-validator';
import { AnalyzeParams } from '../autonomous-intelligence/analysis-params.js';
import type { FinishedWork } from '../autonomous-intelligence/finished-work.js';

/** Params of the fallback's `analyze`. */
export class FallbackParams extends AnalyzeParams {
  /** What was done before the stage failed; without it everything is done from the beginning. */
  @IsOptional()
  @IsObject()
  finished?: FinishedWork;
}
