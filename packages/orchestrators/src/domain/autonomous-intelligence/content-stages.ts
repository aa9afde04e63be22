import { StepResult, type FailedResult } from '@kapelle/core';
import { NO_COST } from './analysis-budget.js';
import { analysisTools } from './analysis-tools.js';
import type { ContentDocument, ParsedContent, RawContent } from './model.js';
import type { ContentSource } from './ports.js';
import type { StageCheckpoints } from './checkpoints.js';
import type { Staged, StageCodec, StageRunner } from './stage-runner.js';
import { PARSED_SHAPE, RAW_SHAPE } from './stage-shapes.js';

/** Attempts to acquire content, for failures that may pass. */
export const ACQUIRE_RETRY = { maxAttempts: 3, baseMs: 250, capMs: 4_000 } as const;

/** Larger content is got again rather than kept. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;

/** Bytes as JSON. */
const RAW_CODEC: StageCodec<RawContent> = {
  encode: ({ bytes, ...about }) => ({
    ...about,
    ...(bytes.length > MAX_KEPT_BYTES ? {} : { base64: Buffer.from(bytes).toString('base64') }),
  }),
  decode: (kept) => {
    const { base64, ...about } = kept as Omit<RawContent, 'bytes'> & { readonly base64?: string };
    if (base64 === undefined) throw new TypeError('the bytes were too many to be kept');
    return { ...about, bytes: new Uint8Array(Buffer.from(base64, 'base64')) };
  },
};

/** Keeps the bytes for the same call alone: only the bytes tell what the content is. */
export async function keepRaw(call: StageCheckpoints, { value, ms }: Staged<RawContent>): Promise<void> {
  const cost = { ...NO_COST, ms, bytes: value.bytes.byteLength };
  await call.keep('acquire', { value: RAW_CODEC.encode(value), ms, cost });
}

/**
 * Runs the stage that gets the bytes. They are kept only when nothing is known of the content, by {@link keepRaw}: most
 * calls are about content that is known.
 */
export function runAcquire(
  runner: StageRunner,
  source: ContentSource,
  uri: string,
  { signal, call }: { readonly signal: AbortSignal; readonly call?: StageCheckpoints },
) {
  return runner.run(
    'acquire',
    RAW_SHAPE,
    signal,
    async (meter, limited) => {
      const raw = await source.acquire(uri, { signal: limited });
      meter.bytes(byteLength(raw));
      return raw;
    },
    { isRequired: true, port: 'download', checkpoints: call?.readOnly ?? false, codec: RAW_CODEC },
  );
}

/** 0 for what holds no bytes: the shape refuses it afterwards. */
function byteLength(raw: RawContent | undefined): number {
  const bytes: unknown = raw?.bytes;
  return bytes instanceof Uint8Array ? bytes.byteLength : 0;
}

/** Runs the stage that makes documents of the bytes. What it makes is kept by whoever knows which item is wanted. */
export function runParse(runner: StageRunner, raw: RawContent, signal: AbortSignal) {
  return runner.run(
    'parse',
    PARSED_SHAPE,
    signal,
    async (): Promise<ParsedContent> => {
      const { parseContent } = await analysisTools.content();
      return parseContent(raw);
    },
    { isRequired: true, checkpoints: false },
  );
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
