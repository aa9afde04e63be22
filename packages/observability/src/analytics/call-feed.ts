import type { OrchestrationEvent, OrchestrationFacade, Unsubscribe } from '@kapelle/core';
import { verdictOf } from '../caller-faults.js';
import { LONGEST_MS } from '../option-checks.js';
import { metricChecks as check } from './metric-checks.js';
import type { MetricDefinition } from './metric.js';
import type { MetricSeries, MetricTags } from './metric-series.js';

/** How calls become points of metrics. */
export interface FeedOptions {
  /** Calls of this long become one point of each metric. @default 10000 */
  readonly bucketMs?: number;
  /** Whether operations are told apart, not only orchestrators. @default false */
  readonly byOperation?: boolean;
}

/** What calls are fed into. */
export interface CallFeedTarget {
  isDefined(name: string): boolean;
  define(definition: MetricDefinition): void;
  series(name: string, tags?: MetricTags): MetricSeries | undefined;
}

/** Duration of answered calls, in ms; of refused and cancelled ones nothing is taken. */
export const CALL_DURATION = 'call_duration_ms';
/** Share of calls that failed by the doing of the orchestrator. */
export const CALL_FAILURES = 'call_failure_ratio';

type Ended = Extract<OrchestrationEvent, { readonly type: 'call.ended' }>;

/** Durations and outcomes of the calls of a facade become metrics with the tag `orchestrator`. */
export function feedCalls(
  target: CallFeedTarget,
  facade: Pick<OrchestrationFacade, 'events'>,
  options: FeedOptions = {},
): Unsubscribe {
  const { bucketMs = 10_000, byOperation = false } = check.object('options', options);
  check.number('bucketMs', bucketMs, 0, LONGEST_MS);
  check.flag('byOperation', byOperation);
  const common = { direction: 'lower-is-better', bucketMs } as const;
  // One that the program has defined, with a target or a limit, stays as it is.
  if (!target.isDefined(CALL_DURATION)) target.define({ name: CALL_DURATION, unit: 'ms', ...common });
  if (!target.isDefined(CALL_FAILURES)) target.define({ name: CALL_FAILURES, ...common });
  const known = new Map<string, { readonly durations?: MetricSeries; readonly failures?: MetricSeries }>();

  const seriesOf = ({
    orchestrator,
    operation,
  }: Ended): { durations?: MetricSeries; failures?: MetricSeries } => {
    const key = byOperation ? `${orchestrator}.${operation}` : orchestrator;
    const before = known.get(key);
    if (before !== undefined) return before;
    const tags: MetricTags = byOperation ? { orchestrator, operation } : { orchestrator };
    const durations = target.series(CALL_DURATION, tags);
    const failures = target.series(CALL_FAILURES, tags);
    const found = {
      ...(durations === undefined ? {} : { durations }),
      ...(failures === undefined ? {} : { failures }),
    };
    known.set(key, found);
    return found;
  };

  return facade.events.on('call.ended', (event) => {
    const verdict = verdictOf(event.result);
    if (verdict === 'none') return;
    const { durations, failures } = seriesOf(event);
    if (event.durationMs !== undefined) durations?.observe(event.durationMs, event.at);
    failures?.observe(verdict === 'failed' ? 1 : 0, event.at);
  });
}
