import type { MetricAnalysis } from './analysis.js';
import type { MetricTags } from './metric-series.js';
import { numberText as number, percentText, pText, timeText as time } from './report/format.js';
import type { AnalysisWindow } from './window.js';

/** How soon to look into something, from the latest to the soonest. */
export type RecommendationPriority = 'medium' | 'high' | 'critical';

/** Something to look into, with what says so. Where nothing says so there is none. */
export interface Recommendation {
  readonly priority: RecommendationPriority;
  /** One sentence with its numbers. */
  readonly text: string;
  readonly metric: string;
  readonly tags: MetricTags;
  /** The numbers the sentence is made of, by name. */
  readonly evidence: Readonly<Record<string, number>>;
  readonly window: AnalysisWindow;
}

const ORDER: Readonly<Record<RecommendationPriority, number>> = { critical: 0, high: 1, medium: 2 };
/** More harmful anomalies of severity high or critical than this are worth a look. */
const MAX_SEVERE_ANOMALIES = 3;

/** What follows from the analyses, the most urgent first. */
export function recommendationsOf(analyses: readonly MetricAnalysis[]): readonly Recommendation[] {
  return analyses
    .flatMap((analysis) => {
      const changed = changeAdvice(analysis);
      // A step makes a slope too: one advice for one thing.
      return [
        ...(changed.length > 0 ? changed : trendAdvice(analysis)),
        ...anomalyAdvice(analysis),
        ...capacityAdvice(analysis),
      ];
    })
    .sort((a, b) => ORDER[a.priority] - ORDER[b.priority]);
}

const of = ({
  metric,
  label,
  tags,
}: MetricAnalysis): { metric: string; tags: MetricTags; label: string; unit: string } => ({
  metric: metric.name,
  tags,
  label,
  unit: metric.unit === '' ? '' : ` ${metric.unit}`,
});

function trendAdvice(analysis: MetricAnalysis): Recommendation[] {
  const { trend, metric: definition } = analysis;
  if (trend.status !== 'worsening') return [];
  const { label, unit, metric, tags } = of(analysis);
  const { change, changeRatio, pValue, window } = trend;
  const share = changeRatio === undefined ? '' : ` (${percentText(Math.abs(changeRatio))})`;
  return [
    {
      // A falling quality is more urgent than a slower answer.
      priority: definition.direction === 'higher-is-better' ? 'high' : 'medium',
      text: `${label} is getting worse: ${change > 0 ? '+' : '−'}${number(Math.abs(change))}${unit}${share} over ${String(window.points)} points, ${pText(pValue)}. Look for what changed since the window began.`,
      metric,
      tags,
      evidence: { change, pValue, slopePerHour: trend.slopePerHour },
      window,
    },
  ];
}

function changeAdvice(analysis: MetricAnalysis): Recommendation[] {
  const { changes } = analysis;
  if (changes.status !== 'ok') return [];
  const last = changes.changes[changes.changes.length - 1];
  if (last?.effect !== 'worse') return [];
  const { label, unit, metric, tags } = of(analysis);
  return [
    {
      priority: 'high',
      text: `${label} went from ${number(last.before)}${unit} to ${number(last.after)}${unit} at ${time(last.at)}. Compare with what was deployed or configured then.`,
      metric,
      tags,
      evidence: { before: last.before, after: last.after, at: last.at },
      window: changes.window,
    },
  ];
}

function anomalyAdvice(analysis: MetricAnalysis): Recommendation[] {
  const { anomalies, changes } = analysis;
  if (anomalies.status !== 'ok') return [];
  const levels = changes.status === 'ok' ? changes.changes : [];
  const severe = anomalies.anomalies.filter(
    ({ at, value, expected, severity, isHarmful }) =>
      isHarmful &&
      (severity === 'high' || severity === 'critical') &&
      // The first points of a new level are odd beside the old one; that has an advice of its own.
      !levels.some((level) => level.at <= at && Math.abs(value - level.after) < Math.abs(value - expected)),
  );
  if (severe.length <= MAX_SEVERE_ANOMALIES) return [];
  const { label, metric, tags } = of(analysis);
  return [
    {
      priority: 'critical',
      text: `${label} had ${String(severe.length)} severe anomalies in ${String(anomalies.judged)} points. Read the traces of those times.`,
      metric,
      tags,
      evidence: {
        severe: severe.length,
        judged: anomalies.judged,
        lastAt: severe[severe.length - 1]?.at ?? 0,
      },
      window: anomalies.window,
    },
  ];
}

function capacityAdvice(analysis: MetricAnalysis): Recommendation[] {
  const { capacity } = analysis;
  if (capacity === undefined || capacity.status === 'insufficient-data' || capacity.status === 'far')
    return [];
  const { label, unit, metric, tags } = of(analysis);
  const { limit, current, at, earliest, latest, window } = capacity;
  if (capacity.status === 'reached' || at === undefined || earliest === undefined || latest === undefined) {
    return [
      {
        priority: 'critical',
        text: `${label} is at ${number(current)}${unit}, its limit is ${number(limit)}${unit}. Add capacity or take load off.`,
        metric,
        tags,
        evidence: { current, limit },
        window,
      },
    ];
  }
  return [
    {
      priority: 'high',
      text: `${label} reaches its limit of ${number(limit)}${unit} about ${time(at)} (${time(earliest)} to ${time(latest)}) if it goes on like this. Plan capacity before.`,
      metric,
      tags,
      evidence: { current, limit, at, earliest, latest },
      window,
    },
  ];
}
