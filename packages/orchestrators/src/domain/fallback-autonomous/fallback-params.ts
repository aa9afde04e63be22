import { IsObject, IsOptional, IsString, Length, ValidateIf } from 'class-validator';
import { AnalyzeParams } from '../autonomous-intelligence/analysis-params.js';
import type { FinishedWork } from '../autonomous-intelligence/finished-work.js';

/** Characters of a text that may be handed over; what it is read by refuses more than 20 MiB. */
export const MAX_FALLBACK_TEXT = 10_000_000;

/** The name of content that was handed over without one. */
export const FALLBACK_TEXT_URI = 'text:';

/**
 * Params of the fallback's `analyze`: those of `autonomous_intelligence`, and what there is already. With `text` the `uri`
 * is only a name, and may be left out.
 */
export class FallbackParams extends AnalyzeParams {
  /** The content itself, 1 to 10,000,000 characters in any format that is read; no source is asked for it. */
  @IsOptional()
  @IsString()
  @Length(1, MAX_FALLBACK_TEXT)
  text?: string;

  /** What was done before the stage failed; without it everything is done from the beginning. */
  @IsOptional()
  @IsObject()
  finished?: FinishedWork;
}

// Where there is a text, a `uri` that is left out is not missed; one that is given must still be one.
ValidateIf(({ uri, text }: Partial<FallbackParams>) => uri !== undefined || text === undefined)(
  FallbackParams.prototype,
  'uri',
);
