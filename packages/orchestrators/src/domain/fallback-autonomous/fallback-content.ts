import { StepFailure, StepResult, type OperationContext } from '@kapelle/core';
import { readParsed, readStart, stagedAgain } from '../autonomous-intelligence/call-start.js';
import { callScope, contentScope, type Checkpoints } from '../autonomous-intelligence/checkpoints.js';
import { hashBytes, hashDocument } from '../autonomous-intelligence/content-hash.js';
import {
  ACQUIRE_RETRY,
  pickDocument,
  runAcquire,
  runParse,
} from '../autonomous-intelligence/content-stages.js';
import type { FinishedWork } from '../autonomous-intelligence/finished-work.js';
import type { ContentDocument, Depth, ParsedContent, RawContent } from '../autonomous-intelligence/model.js';
import { failureCode } from '../autonomous-intelligence/port-failure.js';
import type { ContentSource } from '../autonomous-intelligence/ports.js';
import type { Staged, StageRunner } from '../autonomous-intelligence/stage-runner.js';
import { FALLBACK_TEXT_URI, type FallbackParams } from './fallback-params.js';
import type { FallbackQuality } from './five-stages.js';
import type { Ladder } from './ladder.js';

/** What the fallback begins with. */
export interface FallbackStart {
  readonly document: ContentDocument;
  readonly contentHash: string;
  readonly quality: FallbackQuality;
  readonly staged: readonly Staged<unknown>[];
  /** Forgets what is kept of the analysis. */
  forget(): Promise<void>;
}

/** What {@link beginFallback} works with. */
export interface FallbackBeginning {
  readonly context: OperationContext;
  readonly params: FallbackParams;
  readonly depth: Depth;
  /** Nothing where none is bound: what was handed over is all there is then. */
  readonly source: ContentSource | undefined;
  readonly checkpoints: Checkpoints;
  readonly runner: StageRunner;
  readonly ladder: Ladder;
}

/** Content by the work or the text that was handed over, by what an interrupted call had finished, or from the source. */
export async function beginFallback(beginning: FallbackBeginning): Promise<FallbackStart> {
  const { context, params, depth, runner, checkpoints } = beginning;
  const { tenantId } = context;
  const call = await checkpoints.open(tenantId, callScope(params.analysisId ?? context.runId, params.uri));
  const withStages = async (
    start: Omit<FallbackStart, 'forget'>,
    finished?: FinishedWork,
  ): Promise<FallbackStart> => {
    const stages = await checkpoints.open(tenantId, contentScope(start.contentHash, depth));
    runner.keepIn(stages);
    // What was handed over is forgotten by whoever handed it over.
    if (finished !== undefined) return { ...start, forget: () => Promise.resolve() };
    return {
      ...start,
      forget: async () => {
        await stages.remove();
        await call.remove();
      },
    };
  };
  const { finished } = params;
  if (finished !== undefined) {
    const { document, contentHash } = finished;
    return withStages({ document, contentHash, quality: 'declared', staged: [] }, finished);
  }
  if (params.text !== undefined) return withStages(await parsed(beginning, asStaged(params, params.text)));
  const resumed = await resumedStart(beginning, (await call.restore('start'))?.value);
  if (resumed !== undefined) return withStages(resumed);
  return withStages(await parsed(beginning, await acquired(beginning)));
}

/** A text that was handed over, as if a source had given it. */
function asStaged({ uri = FALLBACK_TEXT_URI }: Partial<FallbackParams>, text: string): Acquired {
  const name = uri.split(/[/\\]/).at(-1) ?? uri;
  return { raw: { uri, name, bytes: new TextEncoder().encode(text), charset: 'utf-8' }, staged: [] };
}

async function resumedStart(
  { context, params, depth, runner, checkpoints }: FallbackBeginning,
  kept: unknown,
): Promise<Omit<FallbackStart, 'forget'> | undefined> {
  const start = readStart(kept);
  if (start === undefined || start.uri !== params.uri) return undefined;
  if (start.item !== (params.item ?? 0) || start.depth !== depth) return undefined;
  const stages = await checkpoints.peek(context.tenantId, contentScope(start.contentHash, depth));
  const parsed = readParsed((await stages?.restore('parse'))?.value);
  if (parsed === undefined) return undefined;
  runner.noteResumed(...start.timings.map(({ stage }) => stage));
  const { contentHash, timings } = start;
  return { document: parsed.document, contentHash, quality: 'declared', staged: stagedAgain(timings, 0) };
}

interface Acquired {
  readonly raw: RawContent;
  readonly staged: readonly Staged<unknown>[];
}

async function acquired({ context, params: { uri }, source, runner }: FallbackBeginning): Promise<Acquired> {
  if (source === undefined) {
    throw new StepFailure(
      StepResult.fail(
        `Nobody can get "${uri}": no content source is bound. Bind one under CONTENT_SOURCE, or hand the content over as "text".`,
        { errorCategory: 'configuration', details: { code: 'FALLBACK_SOURCE_MISSING' } },
      ),
    );
  }
  const staged = await context.step('acquire', ({ signal }) => runAcquire(runner, source, uri, { signal }), {
    retry: ACQUIRE_RETRY,
  });
  return { raw: staged.value, staged: [staged] };
}

async function parsed(
  { context, params: { item }, runner, ladder }: FallbackBeginning,
  { raw, staged }: Acquired,
): Promise<Omit<FallbackStart, 'forget'>> {
  context.progress(0.02, 'acquire');
  const { parsed: content, quality } = await parseInQualities(context, raw, runner, ladder);
  context.progress(0.04, 'parse');
  const document = pickDocument(content.value, item);
  if (StepResult.isResult(document)) throw new StepFailure(document);
  const isFeed = content.value.format === 'feed' || content.value.documents.length > 1;
  const contentHash = isFeed ? hashDocument(document) : hashBytes(raw.bytes);
  return { document, contentHash, quality, staged: [...staged, content] };
}

interface Parsed {
  readonly parsed: Staged<ParsedContent>;
  readonly quality: FallbackQuality;
}

/** As the server described the content; then by its bytes alone; then in an encoding that can read any byte. */
async function parseInQualities(
  context: OperationContext,
  raw: RawContent,
  runner: StageRunner,
  ladder: Ladder,
): Promise<Parsed> {
  const { charset, mediaType, ...bare } = raw;
  try {
    const parsed = await context.step('parse', ({ signal }) => runParse(runner, raw, signal));
    return { parsed, quality: 'declared' };
  } catch (thrown) {
    const failure = thrown instanceof StepFailure ? thrown.result : undefined;
    if (failure?.status !== 'failed' || failureCode(failure) !== 'CONTENT_ENCODING') throw thrown;
    const others: readonly {
      readonly quality: FallbackQuality;
      readonly content: RawContent;
      readonly how: string;
    }[] = [
      ...(charset === undefined && mediaType === undefined
        ? []
        : [{ quality: 'detected' as const, content: bare, how: 'its bytes suggest' }]),
      { quality: 'lenient', content: { ...raw, charset: 'windows-1252' }, how: 'windows-1252' },
    ];
    for (const { quality, content, how } of others) {
      try {
        const parsed = await context.step(`parse ${quality}`, ({ signal }) =>
          runParse(runner, content, signal),
        );
        ladder.note('parse', 'reduced', `Read as ${how}, because: ${failure.error}`);
        return { parsed, quality };
      } catch (again) {
        if (!(again instanceof StepFailure)) throw again;
      }
    }
    throw thrown;
  }
}
