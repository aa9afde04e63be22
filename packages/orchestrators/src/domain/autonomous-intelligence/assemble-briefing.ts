import { briefingId } from './content-hash.js';
import type { Analysis, Briefing, CheckedClaim, ContentDocument, Depth, StageNote } from './model.js';

/** Everything a briefing is put together from. */
export interface BriefingParts {
  readonly contentHash: string;
  readonly depth: Depth;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly producedBy: Briefing['producedBy'];
  readonly document: ContentDocument;
  readonly analysis: Partial<Analysis>;
  readonly checked: readonly CheckedClaim[];
  readonly narrative?: Briefing['narrative'];
  readonly experiment?: Briefing['experiment'];
  readonly notes: readonly StageNote[];
  readonly timings: Briefing['timings'];
}

/** Puts a briefing together. */
export function assembleBriefing(parts: BriefingParts): Briefing {
  const { segments: _segments, ...document } = parts.document;
  return {
    id: briefingId(parts.contentHash, parts.depth),
    contentHash: parts.contentHash,
    createdAt: new Date(parts.createdAt).toISOString(),
    depth: parts.depth,
    producedBy: parts.producedBy,
    document,
    analysis: parts.analysis,
    claims: parts.checked,
    ...(parts.narrative === undefined ? {} : { narrative: parts.narrative }),
    ...(parts.experiment === undefined ? {} : { experiment: parts.experiment }),
    notes: parts.notes,
    timings: parts.timings,
  };
}
