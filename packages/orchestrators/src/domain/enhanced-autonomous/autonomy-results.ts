import { type FailedResult, StepResult } from '@kapelle/core';
import type { Briefing } from '../autonomous-intelligence/model.js';
import { failureCode } from '../autonomous-intelligence/port-failure.js';
import type { AutonomyStep } from './autonomy-path.js';
import { type AutonomyReport, reasonsOf, stageMarksOf } from './autonomy-report.js';
import type { RunOutcome } from './path-statistics.js';

/** A result that has a briefing. */
export type BriefingResult = Extract<StepResult<Briefing>, { readonly status: 'ok' | 'uncertain' }>;

/** A path that would not begin has failed too, as far as the caller is concerned. */
export function answerOf(result: StepResult<unknown>): BriefingResult | FailedResult {
  if (result.status !== 'skipped') return result as BriefingResult | FailedResult;
  return StepResult.fail(result.reason, { errorCategory: 'service_unavailable', metadata: result.metadata });
}

/** What came of a path. One that had to hand its work over, or says itself that something is missing, is degraded. */
export function outcomeOf(result: BriefingResult | FailedResult): RunOutcome {
  if (result.status === 'failed') return 'failed';
  if (result.status === 'uncertain') return 'degraded';
  const { fallback, rung } = result.metadata;
  return fallback === true && rung !== 'whole' ? 'degraded' : 'complete';
}

/** A briefing with the report; `uncertain` where it is not the one that was asked for. */
export function briefingResult(
  result: BriefingResult,
  step: AutonomyStep,
  report: AutonomyReport,
): StepResult<Briefing> {
  const { data, metadata, warnings } = result;
  const stages = stageMarksOf(data, { stored: metadata['stored'] !== false });
  const autonomy: AutonomyReport = { ...report, ...step, stages };
  const extra = { metadata: { ...metadata, autonomy }, warnings };
  const reason = lossOf(result, step, report);
  return reason === undefined ? StepResult.ok(data, extra) : StepResult.uncertain(data, { ...extra, reason });
}

function lossOf(
  result: BriefingResult,
  { depth }: AutonomyStep,
  { askedDepth }: AutonomyReport,
): string | undefined {
  const lowered =
    depth === askedDepth ? [] : [`It was made at the depth "${depth}" instead of "${askedDepth}".`];
  const { failedStages } = result.metadata;
  const failed = Array.isArray(failedStages) && failedStages.length > 0 ? failedStages.join(', ') : undefined;
  const own =
    result.status === 'uncertain'
      ? [result.reason ?? 'Something is missing in it.']
      : outcomeOf(result) === 'complete'
        ? []
        : [
            failed === undefined
              ? 'Something is missing in it; its notes say what.'
              : `Stages failed: ${failed}.`,
          ];
  const reasons = [...lowered, ...own];
  return reasons.length === 0 ? undefined : reasons.join(' ');
}

/** A failure as it is, with the report. */
export function passedOn(
  { error, metadata, warnings, ...failure }: FailedResult,
  autonomy: AutonomyReport,
): FailedResult {
  return StepResult.fail(error, {
    errorCategory: failure.errorCategory,
    severity: failure.severity,
    retryable: failure.retryable,
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
    ...(failure.details === undefined ? {} : { details: failure.details }),
    ...(failure.cause === undefined ? {} : { cause: failure.cause }),
    metadata: { ...metadata, autonomy },
    warnings,
  });
}

/** No path gave a briefing. */
export function allFailed(last: FailedResult, autonomy: AutonomyReport): FailedResult {
  const reasons = reasonsOf(autonomy.tried, autonomy.missing);
  const cause = failureCode(last);
  return StepResult.fail(
    `No briefing could be made. ${numbered(reasons)} Mend what is named, then analyse again.`,
    {
      errorCategory: last.errorCategory,
      severity: last.severity,
      retryable: last.retryable,
      ...(last.retryAfterMs === undefined ? {} : { retryAfterMs: last.retryAfterMs }),
      details: { code: 'AUTONOMY_FAILED', ...(cause === undefined ? {} : { causeCode: cause }), reasons },
      cause: last.cause,
      metadata: { autonomy },
    },
  );
}

/** There was no briefing within the time. */
export function timedOut(autonomy: AutonomyReport): FailedResult {
  const reasons = reasonsOf(autonomy.tried, autonomy.missing);
  const said = reasons.length === 0 ? '' : `${numbered(reasons)} `;
  return StepResult.fail(
    `The analysis did not end within ${autonomy.ms} ms. ${said}Allow it more time (totalTimeoutMs, or the deadline of the caller), or ask for a lesser depth.`,
    {
      errorCategory: 'timeout',
      details: { code: 'AUTONOMY_TIMED_OUT', reasons },
      metadata: { autonomy },
    },
  );
}

/** No path has what it needs. */
export function unavailable(autonomy: AutonomyReport, probeCacheMs: number): FailedResult {
  const required = autonomy.missing.filter(({ requiredBy }) => requiredBy.length > 0);
  const reasons = reasonsOf([], required);
  const isDown = required.some(({ kind }) => kind === 'down');
  const isUnsupported = required.some(({ kind }) => kind === 'unsupported');
  return StepResult.fail(`No path to a briefing can run. ${numbered(reasons)}`, {
    errorCategory: isDown ? 'service_unavailable' : isUnsupported ? 'validation' : 'configuration',
    retryable: isDown,
    ...(isDown ? { retryAfterMs: Math.max(1_000, probeCacheMs) } : {}),
    details: { code: 'AUTONOMY_UNAVAILABLE', reasons, missing: required },
    metadata: { autonomy },
  });
}

const OF_THE_CALLER: ReadonlySet<string> = new Set([
  'validation',
  'cancelled',
  'authorization',
  'policy_violation',
  'depth_exceeded',
  'cycle_detected',
]);

/** Whether the content, or the call itself, is at fault, so that another path would end in the same way. */
export function isTheContents(failure: FailedResult): boolean {
  if (failure.retryable) return false;
  const code = failureCode(failure) ?? '';
  // Of what is wrong with content, the fallback can do something about the encoding.
  const isUnreadable = code.startsWith('CONTENT_') && code !== 'CONTENT_ENCODING';
  return OF_THE_CALLER.has(failure.errorCategory) || isOfTheSource(failure) || isUnreadable;
}

/** Whether the failure says something of where the content comes from, and nothing of the path. */
export function isOfTheSource(failure: FailedResult): boolean {
  return failureCode(failure)?.startsWith('SOURCE_') ?? false;
}

function numbered(reasons: readonly string[]): string {
  return reasons.map((reason, at) => `(${at + 1}) ${reason}`).join(' ');
}
