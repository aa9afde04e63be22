import type { Clock, OrchestrationFacade, OrchestrationHost } from '@kapelle/core';
// #region imports
import {
  EventLoopSampler,
  healthHandler,
  HealthMonitor,
  PerformanceAnalytics,
  reportToHtml,
  shedWhenLate,
} from '@kapelle/observability';
// #endregion

// #region define
export function createAnalytics(facade: OrchestrationFacade, clock: Clock) {
  const analytics = new PerformanceAnalytics({
    clock,
    metrics: [
      { name: 'answer_quality', direction: 'higher-is-better', target: 0.9, limit: 0.6 },
      { name: 'disk_ratio', direction: 'lower-is-better', limit: 0.95 },
      { name: 'cache_temperature', direction: 'target', target: 20, unit: '°C' },
    ],
    alertRules: [{ metric: 'answer_quality', threshold: 0.7, clearAt: 0.8, severity: 'critical' }],
  });
  const stop = analytics.feed(facade); // call_duration_ms and call_failure_ratio, by orchestrator
  return { analytics, stop };
}
// #endregion

// #region observe
export function noteQuality(analytics: PerformanceAnalytics, quality: number, model: string): void {
  analytics.observe({ name: 'answer_quality', value: quality, tags: { model } });
}
// #endregion

// #region analyse
export function howIsQuality(analytics: PerformanceAnalytics, model: string): string {
  const analysis = analytics.analyse('answer_quality', { model });
  if (analysis === undefined) return 'nothing was observed';
  const { trend } = analysis;
  if (trend.status === 'insufficient-data') return trend.reason;
  const [low, high] = trend.interval;
  return `${trend.status}, ${low.toFixed(3)} to ${high.toFixed(3)} per hour`;
}
// #endregion

// #region report
export function writeReport(analytics: PerformanceAnalytics): string {
  return reportToHtml(analytics.report(), { title: 'Answers' });
}
// #endregion

// #region health
export function createProbes(host: OrchestrationHost, clock: Clock) {
  const eventLoop = new EventLoopSampler({ clock });
  const monitor = new HealthMonitor(host, {
    clock,
    eventLoop,
    latencyTargetMs: (name) => (name === 'invoice' ? 200 : undefined),
  });
  host.facade.use(shedWhenLate(eventLoop));
  monitor.start();
  return { monitor, handler: healthHandler(monitor) }; // createServer(handler).listen(8080)
}
// #endregion
