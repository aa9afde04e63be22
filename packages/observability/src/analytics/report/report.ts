import type { Alert } from '../alert-book.js';
import { bandOf, type HealthBand } from '../analytics-health.js';
import type { MetricAnalysis } from '../analysis.js';
import type { AnalyticsStats } from '../performance-analytics.js';
import { type Recommendation, recommendationsOf } from '../recommendations.js';

/** Everything the analytics know at one time, as data. */
export interface AnalyticsReport {
  /** Epoch ms. */
  readonly generatedAt: number;
  /** The mean over the series of which something can be said; left out where there are none. */
  readonly health?: { readonly score: number; readonly band: HealthBand; readonly series: number };
  /** The worst first. */
  readonly metrics: readonly MetricAnalysis[];
  readonly recommendations: readonly Recommendation[];
  readonly activeAlerts: readonly Alert[];
  readonly alertHistory: readonly Alert[];
  readonly stats: AnalyticsStats;
}

export interface ReportParts {
  readonly now: number;
  readonly active: readonly Alert[];
  readonly history: readonly Alert[];
  readonly stats: AnalyticsStats;
}

export function reportOf(analyses: readonly MetricAnalysis[], parts: ReportParts): AnalyticsReport {
  const scores = analyses.flatMap(({ health }) => (health === undefined ? [] : [health.score]));
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const scoreOf = ({ health }: MetricAnalysis): number => health?.score ?? 2;
  return {
    generatedAt: parts.now,
    ...(scores.length === 0 ? {} : { health: { score: mean, band: bandOf(mean), series: scores.length } }),
    metrics: [...analyses].sort((a, b) => scoreOf(a) - scoreOf(b) || (a.label < b.label ? -1 : 1)),
    recommendations: recommendationsOf(analyses),
    activeAlerts: parts.active,
    alertHistory: parts.history,
    stats: parts.stats,
  };
}

/**
 * The report as JSON. Points are pairs `[epoch ms, value]`; with `points: false` they are left out.
 */
export function reportToJson(
  report: AnalyticsReport,
  options: { readonly points?: boolean; readonly indent?: number } = {},
): string {
  const metrics = report.metrics.map(({ points, ...rest }) => ({
    ...rest,
    ...(options.points === false
      ? {}
      : { points: Array.from(points.at, (at, index) => [at, points.value[index]]) }),
  }));
  return JSON.stringify({ ...report, metrics }, undefined, options.indent);
}
