import { FailedResult, SkippedResult, StepResult } from '../step-result.js';
import type { EarlyEnd, FlowPlan, FlowRun } from './flow-run.js';

/** Why a step has no value, in the `metadata.skipped` of a flow's result. */
export interface SkippedStep {
  readonly step: string;
  readonly reason: string;
}

/** @internal What a run says beside its output. */
export interface RunNotes {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
  /** Why the output may be wrong. */
  readonly doubts: readonly string[];
}

/** @internal What the results of a run say, in the order of declaration. */
export function notesOf(
  plan: FlowPlan,
  run: FlowRun,
  more: Readonly<Record<string, unknown>> = {},
): RunNotes {
  const skipped: SkippedStep[] = [];
  const warnings: string[] = [];
  const doubts: string[] = [];
  for (const { info } of plan.nodes) {
    const step = info.name;
    const result = run.results.get(step);
    const isEnd = result?.status === 'failed' && !info.optional && plan.stopAtFailure;
    if (result === undefined || isEnd) continue;
    for (const warning of result.warnings) warnings.push(`${step}: ${warning}`);
    if (result.status === 'skipped') skipped.push({ step, reason: result.reason });
    if (result.status === 'failed') warnings.push(`${step}: failed: ${result.error}`);
    if (result.status === 'uncertain') doubts.push(`${step}: ${result.reason ?? 'uncertain'}`);
  }
  return {
    metadata: { ...more, ...(skipped.length === 0 ? {} : { skipped }) },
    warnings: [...warnings, ...doubts],
    doubts,
  };
}

/**
 * @internal The result of a flow that came to its end. `output` makes the payload; a result it returns stands for
 * itself, except that a doubt about a step makes it uncertain.
 */
export async function concluded(output: () => unknown, notes: RunNotes): Promise<StepResult> {
  let value: unknown;
  try {
    value = await output();
  } catch (thrown) {
    return annotated(StepResult.fromError(thrown), notes);
  }
  const result = StepResult.isResult(value) ? value : StepResult.ok(value);
  if (result.status === 'failed' || result.status === 'skipped') return annotated(result, notes);
  const isUncertain = result.status === 'uncertain' || notes.doubts.length > 0;
  const reasons = result.reason === undefined ? notes.doubts : [result.reason, ...notes.doubts];
  const extra = {
    metadata: { ...result.metadata, ...notes.metadata },
    warnings: [...result.warnings, ...notes.warnings],
  };
  if (!isUncertain) return StepResult.ok(result.data, extra);
  return StepResult.uncertain(
    result.data,
    reasons.length === 0 ? extra : { ...extra, reason: reasons.join('; ') },
  );
}

/** @internal The result of a flow that ended early: the failure as it was, and where it happened. */
export function endedEarly(end: EarlyEnd, notes: RunNotes): FailedResult | SkippedResult {
  const metadata = end.step === undefined ? notes.metadata : { ...notes.metadata, failedStep: end.step };
  return annotated(end.result, { ...notes, metadata });
}

/** @internal `result` with metadata and warnings added. */
export function annotated<R extends FailedResult | SkippedResult>(
  result: R,
  notes: Pick<RunNotes, 'metadata' | 'warnings'>,
): FailedResult | SkippedResult {
  const extra = {
    metadata: { ...result.metadata, ...notes.metadata },
    warnings: [...result.warnings, ...notes.warnings],
  };
  return result.status === 'failed'
    ? new FailedResult(result.error, { ...result, ...extra })
    : new SkippedResult(result.reason, extra);
}
