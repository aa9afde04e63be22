import type { OperationContext } from '@kapelle/core';
import type { AnalysisLimit } from '../autonomous-intelligence/analysis/index.js';
import {
  ANALYSIS_PARTS,
  simplified,
  type AnalysisPart,
  type DepthPlan,
} from '../autonomous-intelligence/depth-plan.js';
import { NARRATIVE_TIMEOUT_MS } from '../autonomous-intelligence/document-flow.js';
import { leadSummary } from '../autonomous-intelligence/lead-summary.js';
import type { Analysis, Briefing, ContentDocument } from '../autonomous-intelligence/model.js';
import type { KnowledgeSource, LanguageModel } from '../autonomous-intelligence/ports.js';
import type { StageRunner } from '../autonomous-intelligence/stage-runner.js';
import {
  isPossible,
  runNarrative,
  runPart,
  runRead,
  runRevision,
  runVerification,
  type ReadDocument,
} from '../autonomous-intelligence/stages.js';
import type { Ladder } from './ladder.js';
import { SUBSTITUTES } from './substitutes.js';

/** What every rung works with. */
export interface Rung {
  readonly context: OperationContext;
  readonly document: ContentDocument;
  readonly plan: DepthPlan;
  readonly runner: StageRunner;
  readonly ladder: Ladder;
  readonly knowledge: KnowledgeSource | undefined;
  readonly model: LanguageModel | undefined;
}

/** Segments that are read where the whole text cannot be. */
const SIMPLIFIED_SEGMENTS = 200;

/** Makes the parts that are missing. */
export async function analyseInRungs(
  rung: Rung,
  finished: Partial<Analysis>,
): Promise<{ readonly analysis: Partial<Analysis>; readonly limits: readonly AnalysisLimit[] }> {
  const { context, document, plan, runner, ladder } = rung;
  const analysis: Partial<Analysis> = { ...finished };
  const missing = ANALYSIS_PARTS.filter((part) => plan.parts.includes(part) && analysis[part] === undefined);
  if (missing.length === 0) return { analysis, limits: [] };
  const beginning = { ...document, segments: document.segments.slice(0, SIMPLIFIED_SEGMENTS) };
  const read = await ladder.attempt<ReadDocument>('read', (signal) => runRead(runner, document, signal), {
    // A shorter text is only another attempt where it is shorter.
    ...(beginning.segments.length === document.segments.length
      ? {}
      : {
          simplified: {
            work: (signal: AbortSignal) => runRead(runner, beginning, signal, { checkpoints: false }),
            reason: `Only the first ${String(SIMPLIFIED_SEGMENTS)} paragraphs were read`,
          },
        }),
  });
  if (read === undefined) {
    withoutText(rung, missing, analysis);
    return { analysis, limits: [] };
  }
  for (const [at, part] of missing.entries()) {
    if (!isPossible(part, plan, read.limits)) continue;
    const made = await onePart(part, rung, read);
    if (made !== undefined) Object.assign(analysis, { [part]: made });
    context.progress(0.1 + (0.7 * (at + 1)) / missing.length, part);
  }
  return { analysis, limits: read.limits };
}

function onePart<K extends AnalysisPart>(
  part: K,
  { document, plan, runner, ladder }: Rung,
  { text }: ReadDocument,
): Promise<Analysis[K] | undefined> {
  const substitute = SUBSTITUTES[part];
  const smaller = { document, plan: simplified(plan) };
  return ladder.attempt<Analysis[K]>(
    part,
    (signal) => runPart(part, { document, plan }, { runner, text, signal }),
    {
      simplified: {
        work: (signal) => runPart(part, smaller, { runner, text, signal, checkpoints: false }),
        reason: 'A shorter form',
      },
      ...(substitute === undefined
        ? {}
        : {
            substitute: { make: () => substitute.make({ document, plan, text }), reason: substitute.reason },
          }),
    },
  );
}

/** Compares the claims with the knowledge, where there are any. */
export async function verifyInRungs(
  { document, plan, runner, ladder, knowledge }: Rung,
  { claims }: Partial<Analysis>,
): Promise<Briefing['claims'] | undefined> {
  if (!plan.verifies || claims === undefined) return undefined;
  if (knowledge === undefined) {
    ladder.note('verification', 'skipped', 'No knowledge source is bound to compare the claims with.');
    return undefined;
  }
  return ladder.attempt('verification', (signal) =>
    runVerification(claims, { document, plan }, { runner, knowledge, signal }),
  );
}

/** Has the model write and, at the depth that does so, revise; a draft stands where it cannot be revised. */
export async function narrateInRungs(
  { document, plan, runner, ladder, model }: Rung,
  {
    analysis,
    checked,
    draft,
  }: {
    readonly analysis: Partial<Analysis>;
    readonly checked: Briefing['claims'] | undefined;
    readonly draft: Briefing['narrative'];
  },
): Promise<Briefing['narrative']> {
  if (!plan.narrates || model === undefined || analysis.summary === undefined) return draft;
  const material = { document, analysis, checked: checked ?? [] };
  const written =
    draft ??
    (await ladder.attempt('narrative', (signal) => runNarrative(material, { runner, model, signal }), {
      timeoutMs: NARRATIVE_TIMEOUT_MS,
    }));
  if (!plan.revises || written === undefined) return written;
  // A narrative that was handed over without a failure of its revision has been revised.
  if (draft !== undefined && !ladder.hasFailed('revision')) return draft;
  return ladder.attempt('revision', (signal) => runRevision(material, written, { runner, model, signal }), {
    timeoutMs: NARRATIVE_TIMEOUT_MS,
    substitute: { make: () => written, reason: 'The draft stands as it was' },
  });
}

/** What can be said of a text that the language model could not read. */
function withoutText(
  { document, plan, ladder }: Rung,
  missing: readonly AnalysisPart[],
  analysis: Partial<Analysis>,
): void {
  for (const part of missing) {
    if (part === 'summary') {
      Object.assign(analysis, { summary: leadSummary(document, plan.summarySentences) });
      ladder.note('summary', 'reduced', 'The first sentences, because the text could not be read.');
    } else ladder.note(part, 'skipped', 'It needs the text, which could not be read.');
  }
}
