import { StepResult, type FailedResult } from '@kapelle/core';
import { analysisTools } from './analysis-tools.js';
import type { ContentDocument, ParsedContent, RawContent } from './model.js';
import type { ContentSource } from './ports.js';
import type { StageRunner } from './stage-runner.js';
import { PARSED_SHAPE, RAW_SHAPE } from './stage-shapes.js';

/** Attempts to acquire content, for failures that may pass. */
export const ACQUIRE_RETRY = { maxAttempts: 3, baseMs: 250, capMs: 4_000 } as const;

/** Runs the stage that gets the bytes. */
export function runAcquire(runner: StageRunner, source: ContentSource, uri: string, signal: AbortSignal) {
  return runner.run('acquire', RAW_SHAPE, signal, () => source.acquire(uri, { signal }));
}

/** Runs the stage that makes documents of the bytes. */
export function runParse(runner: StageRunner, raw: RawContent, signal: AbortSignal) {
  return runner.run('parse', PARSED_SHAPE, signal, async (): Promise<ParsedContent> => {
    const { parseContent } = await analysisTools.content();
    return parseContent(raw);
  });
}

/** One document of the content; the first where none was asked for. */
export function pickDocument(
  content: ParsedContent,
  item: number | undefined,
): ContentDocument | FailedResult {
  const { documents } = content;
  const document = documents[item ?? 0];
  if (document !== undefined) return document;
  return StepResult.fail(
    `There is no item ${String(item)}: "${content.title}" has ${String(documents.length)}. ` +
      `Give a number from 0 to ${String(documents.length - 1)}.`,
    { errorCategory: 'validation', details: { code: 'ITEM_UNKNOWN', items: documents.length } },
  );
}
