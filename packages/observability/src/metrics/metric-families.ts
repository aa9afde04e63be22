import type { HostState } from '@kapelle/core';

/** A family of series, without the prefix of its name. */
export interface MetricFamily {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
}

const of = ['orchestrator', 'layer'] as const;

/** Every family there may be, by its name without the prefix; `tenant` joins the labels of calls on request. */
export const METRIC_FAMILIES = {
  calls_total: {
    type: 'counter',
    labels: [...of, 'operation', 'status', 'error_category'],
    help: 'Calls that were answered, by status and, where failed, by error category.',
  },
  call_duration_seconds: {
    type: 'histogram',
    labels: [...of, 'operation'],
    help: 'Time from the admission of a call to its answer.',
  },
  calls_in_flight: {
    type: 'gauge',
    labels: [...of, 'operation'],
    help: 'Calls that are not answered yet.',
  },
  calls_waiting: { type: 'gauge', labels: of, help: 'Calls that wait for a place under maxConcurrency.' },
  calls_abandoned: {
    type: 'gauge',
    labels: of,
    help: 'Calls that were answered and whose body still runs on.',
  },
  calls_refused_total: {
    type: 'counter',
    labels: ['orchestrator', 'error_category'],
    help: 'Calls that reached no operation; orchestrator is other where none has the name.',
  },
  step_retries_total: {
    type: 'counter',
    labels: [...of, 'operation'],
    help: 'Attempts of steps beyond the first.',
  },
  queue_depth: { type: 'gauge', labels: [...of, 'queue'], help: 'Items that wait in a queue.' },
  queue_capacity: { type: 'gauge', labels: [...of, 'queue'], help: 'Items that a queue holds at most.' },
  queue_refused_total: {
    type: 'counter',
    labels: [...of, 'queue'],
    help: 'Items that a queue did not take, since its orchestrator started.',
  },
  queue_dropped_total: {
    type: 'counter',
    labels: [...of, 'queue'],
    help: 'Items that a queue gave up for newer ones, since its orchestrator started.',
  },
  queue_failed_items_total: {
    type: 'counter',
    labels: [...of, 'queue'],
    help: 'Items of batches that their consumer failed.',
  },
  queue_retries_total: {
    type: 'counter',
    labels: [...of, 'queue'],
    help: 'Batches that were handed to their consumer again after it had failed.',
  },
  background_runs_total: {
    type: 'counter',
    labels: [...of, 'task'],
    help: 'Runs of a background task that ended.',
  },
  background_failures_total: {
    type: 'counter',
    labels: [...of, 'task'],
    help: 'Runs of a background task that failed.',
  },
  background_restarts_total: {
    type: 'counter',
    labels: [...of, 'task'],
    help: 'Failed runs that were followed by another after a pause.',
  },
  background_given_up: {
    type: 'gauge',
    labels: [...of, 'task'],
    help: '1 where a background task has failed too often and runs no more.',
  },
  breaker_state: {
    type: 'gauge',
    labels: ['breaker', 'state'],
    help: '1 for the state that a circuit breaker is in.',
  },
  host_state: { type: 'gauge', labels: ['state'], help: '1 for the state that the host is in.' },
  host_start_duration_seconds: {
    type: 'gauge',
    labels: [],
    help: 'How long the last start of the host took.',
  },
  orchestrator_state: {
    type: 'gauge',
    labels: [...of, 'state'],
    help: '1 for the state that an orchestrator is in.',
  },
  orchestrator_health_score: { type: 'gauge', labels: of, help: 'Health of an orchestrator, 0 to 100.' },
  orchestrator_start_duration_seconds: {
    type: 'gauge',
    labels: of,
    help: 'How long the last start hook of an orchestrator took.',
  },
  lifecycle_failures_total: {
    type: 'counter',
    labels: [...of, 'phase', 'kind'],
    help: 'Lifecycle hooks that failed or took too long.',
  },
  event_loop_delay_seconds: {
    type: 'gauge',
    labels: ['stat'],
    help: 'Delay of the event loop since the last scrape: mean, p50, p99, max.',
  },
  event_loop_utilization_ratio: {
    type: 'gauge',
    labels: [],
    help: 'Share of the time since the last scrape that the event loop was busy, 0 to 1.',
  },
  series_overflow_total: {
    type: 'counter',
    labels: [],
    help: 'Label values that were counted as other, since there were too many.',
  },
} as const satisfies Record<string, MetricFamily>;
/** The name of a family, without the prefix. */
export type MetricName = keyof typeof METRIC_FAMILIES;

/** Families of the process, under the names that dashboards of prom-client know; never prefixed. */
export const PROCESS_FAMILIES = {
  process_cpu_seconds_total: {
    type: 'counter',
    labels: [],
    help: 'CPU time of the process, user and system.',
  },
  process_resident_memory_bytes: { type: 'gauge', labels: [], help: 'Resident memory.' },
  process_start_time_seconds: { type: 'gauge', labels: [], help: 'When the process began, since the epoch.' },
  nodejs_heap_size_total_bytes: { type: 'gauge', labels: [], help: 'Size of the heap.' },
  nodejs_heap_size_used_bytes: { type: 'gauge', labels: [], help: 'Heap in use.' },
  nodejs_external_memory_bytes: { type: 'gauge', labels: [], help: 'Memory outside of the heap.' },
} as const satisfies Record<string, MetricFamily>;
/** The name of a family of the process; it is never prefixed. */
export type ProcessMetricName = keyof typeof PROCESS_FAMILIES;

export const HOST_STATES: readonly HostState[] = [
  'created',
  'starting',
  'running',
  'draining',
  'stopping',
  'stopped',
  'failed',
];
