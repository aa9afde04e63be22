import type { ProcessMetricName } from './metric-families.js';

const startedAtSeconds = performance.timeOrigin / 1_000;

/** What the process uses, asked when somebody looks. */
export const processReadings: Readonly<Record<ProcessMetricName, () => number>> = {
  process_cpu_seconds_total: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
  process_resident_memory_bytes: () => process.memoryUsage.rss(),
  process_start_time_seconds: () => startedAtSeconds,
  nodejs_heap_size_total_bytes: () => process.memoryUsage().heapTotal,
  nodejs_heap_size_used_bytes: () => process.memoryUsage().heapUsed,
  nodejs_external_memory_bytes: () => process.memoryUsage().external,
};
