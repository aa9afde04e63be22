import { harmOf } from './alert-rule.js';
import type { Metric } from './metric.js';
import type { MetricSeries, MetricTags } from './metric-series.js';
import { compareSamples } from './statistics/two-samples.js';
import { type AnalysisWindow, medianOf, windowOf } from './window.js';

/** One of several series of a metric, with its place among them. */
export interface RankedSeries {
  /** 1 for the best; equals share it. */
  readonly rank: number;
  readonly tags: MetricTags;
  readonly median: number;
  /** How much worse than the best its median is, in the unit of the metric; 0 or more. */
  readonly behind: number;
  /**
   * How likely two series that are alike would differ as much from each other as this one from the best
   * (Kolmogorov–Smirnov); left out for the best. Above 0.05 the order may be chance.
   */
  readonly pValue?: number;
  readonly window: AnalysisWindow;
}

/** The series of a metric beside each other. */
export interface SeriesComparison {
  readonly metric: string;
  /** The best first. */
  readonly ranked: readonly RankedSeries[];
  /** Series with fewer than five points, of which nothing is said. */
  readonly tooShort: number;
}

/** Fewer points say nothing. */
const MIN_POINTS = 5;

/** The series of a metric, the best first by its direction. */
export function rankSeries(metric: Metric, series: readonly MetricSeries[], now: number): SeriesComparison {
  const judged = series.flatMap((each) => {
    const points = each.points(now);
    if (points.value.length < MIN_POINTS) return [];
    const median = medianOf(points.value);
    return [{ tags: each.tags, points, median, harm: harmOf(metric, median) }];
  });
  judged.sort((a, b) => a.harm - b.harm);
  const [best] = judged;
  let rank = 0;
  const ranked = judged.map(({ tags, points, median, harm }, at): RankedSeries => {
    if (at === 0 || harm > (judged[at - 1]?.harm ?? harm)) rank = at + 1;
    const isBest = best === undefined || best.points === points;
    return {
      rank,
      tags,
      median,
      behind: best === undefined ? 0 : harm - best.harm,
      ...(isBest ? {} : { pValue: compareSamples(best.points.value, points.value).pValue }),
      window: windowOf(points),
    };
  });
  return { metric: metric.name, ranked, tooShort: series.length - judged.length };
}
