import type { ContentDocument, Depth } from './model.js';
import { count, listOf, numberFrom, record, someText, type Shape } from './shape.js';
import type { Staged } from './stage-runner.js';
import { DOCUMENT_SHAPE } from './stage-shapes.js';

/** What a call was about once its content had been read, so that it can be gone on with. */
export interface CallStart {
  readonly uri: string;
  readonly item: number;
  readonly depth: Depth;
  readonly contentHash: string;
  /** Of the stages that gave the document. */
  readonly timings: readonly { readonly stage: string; readonly ms: number }[];
}

const startShape: Shape = record({
  uri: someText,
  item: count,
  depth: someText,
  contentHash: someText,
  timings: listOf(record({ stage: someText, ms: numberFrom(0) })),
});
const parsedShape: Shape = record({ document: DOCUMENT_SHAPE, items: count });

/** Nothing where it is something else, or nothing. */
export function readStart(kept: unknown): CallStart | undefined {
  return startShape(kept, 'start') === undefined ? (kept as CallStart) : undefined;
}

/** The document as it is kept. */
export function readParsed(
  kept: unknown,
): { readonly document: ContentDocument; readonly items: number } | undefined {
  return parsedShape(kept, 'parse') === undefined
    ? (kept as { readonly document: ContentDocument; readonly items: number })
    : undefined;
}

/** Stages of which only their times are known, as over at a time. */
export function stagedAgain(timings: CallStart['timings'], endedAt: number): readonly Staged<unknown>[] {
  return timings.map(({ stage, ms }) => ({ stage, ms, value: undefined, endedAt }));
}
