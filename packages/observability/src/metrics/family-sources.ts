import type { CallMeter } from './call-meter.js';
import { callCounts, callDurations, callsInFlight } from './call-readings.js';
import type { EventLoopReadings } from './event-loop-readings.js';
import type { HostReadings, OrchestratorReadings } from './host-readings.js';
import { METRIC_FAMILIES, type MetricFamily, type MetricName, PROCESS_FAMILIES } from './metric-families.js';
import type { BreakerReading, CheckedMetricsOptions } from './metrics-options.js';
import { processReadings } from './process-readings.js';
import type { RareCounts } from './rare-counts.js';
import type { FamilySource, Reading } from './reading.js';

/** What the families are read from. */
export interface MetricSources {
  readonly meter: CallMeter;
  readonly rare: RareCounts;
  readonly orchestrators: OrchestratorReadings;
  readonly host: HostReadings | undefined;
  readonly loop: EventLoopReadings;
}

const MAX_BREAKERS = 1_000;
const PER_CALL: readonly MetricName[] = ['calls_total', 'call_duration_seconds', 'calls_in_flight'];

/** Every family, and where its values come from. What cannot be read at a scrape is left out of it. */
export function familySources(
  { prefix, maxTenants, breakers, processMetrics }: CheckedMetricsOptions,
  { meter, rare, orchestrators, host, loop }: MetricSources,
): readonly FamilySource[] {
  const read: Record<MetricName, () => readonly Reading[]> = {
    calls_total: () => callCounts(meter.cells),
    call_duration_seconds: () => callDurations(meter.cells, `${prefix}call_duration_seconds`),
    calls_in_flight: () => callsInFlight(meter.cells),
    calls_waiting: () => orchestrators.each(({ waiting }) => waiting),
    calls_abandoned: () => orchestrators.each(({ abandoned }) => abandoned),
    calls_refused_total: () => rare.refused.read(),
    step_retries_total: () => rare.stepRetries.read(),
    queue_depth: () => orchestrators.queues(({ depth }) => depth),
    queue_capacity: () => orchestrators.queues(({ capacity }) => capacity),
    queue_refused_total: () => orchestrators.queues(({ refused }) => refused),
    queue_dropped_total: () => orchestrators.queues(({ dropped }) => dropped),
    queue_failed_items_total: () => rare.failedItems.read(),
    queue_retries_total: () => rare.batchRetries.read(),
    background_runs_total: () => rare.runs.read(),
    background_failures_total: () => rare.failures.read(),
    background_restarts_total: () => rare.restarts.read(),
    background_given_up: () => orchestrators.tasks(({ state }) => (state === 'failed' ? 1 : 0)),
    breaker_state: () => breakerStates(breakers),
    host_state: () => host?.states() ?? [],
    host_start_duration_seconds: () => host?.startDuration() ?? [],
    orchestrator_state: () => orchestrators.states(),
    orchestrator_health_score: () => orchestrators.each(({ health }) => health.score),
    orchestrator_start_duration_seconds: () => rare.startDurations.read(),
    lifecycle_failures_total: () => rare.lifecycleFailures.read(),
    event_loop_delay_seconds: () => loop.readDelay(),
    event_loop_utilization_ratio: () => loop.readUtilization(),
    series_overflow_total: () => [{ labels: {}, value: meter.overflowed + rare.overflowed }],
  };
  const own = (Object.entries(METRIC_FAMILIES) as [MetricName, MetricFamily][]).map(([name, family]) => ({
    name: prefix + name,
    family:
      maxTenants > 0 && PER_CALL.includes(name)
        ? { ...family, labels: [...family.labels, 'tenant'] }
        : family,
    read: guarded(read[name]),
  }));
  if (!processMetrics) return own;
  const process = Object.entries(PROCESS_FAMILIES).map(([name, family]) => ({
    name,
    family,
    read: guarded(() => [{ labels: {}, value: processReadings[name as keyof typeof PROCESS_FAMILIES]() }]),
  }));
  return [...own, ...process];
}

function breakerStates(breakers: (() => Iterable<BreakerReading>) | undefined): readonly Reading[] {
  const readings: Reading[] = [];
  // By name, so that two of one name are one series.
  const seen = new Set<string>();
  for (const { name, state } of breakers?.() ?? []) {
    if (seen.has(name)) continue;
    if (seen.size >= MAX_BREAKERS) break;
    seen.add(name);
    readings.push({ labels: { breaker: name, state }, value: 1 });
  }
  return readings;
}

/** One source that throws must not cost the scrape the others. */
function guarded(read: () => readonly Reading[]): () => readonly Reading[] {
  return () => {
    try {
      return read();
    } catch {
      return [];
    }
  };
}
