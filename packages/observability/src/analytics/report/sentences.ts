import type { MetricAnalysis } from '../analysis.js';
import type { EarlyWarning } from '../early-warnings.js';
import { durationText, numberText, percentText, pText, signedText, timeText, withUnit } from './format.js';

/** A name and what is to be said under it; plain text, not yet escaped. */
export type Fact = readonly [name: string, text: string];

/** What a reader wants to know of one series, in words. */
export function factsOf(analysis: MetricAnalysis): readonly Fact[] {
  return [
    ...quantileFacts(analysis),
    ['Trend', trendText(analysis)],
    ['Forecast', forecastText(analysis)],
    ['Anomalies', anomalyText(analysis)],
    ['Changes', changeText(analysis)],
    ['Drift', driftText(analysis)],
    ...capacityFacts(analysis),
  ];
}

const value = (amount: number, { metric }: MetricAnalysis): string =>
  withUnit(numberText(amount), metric.unit);

function quantileFacts(analysis: MetricAnalysis): Fact[] {
  const { quantiles: q } = analysis;
  if (q === undefined) return [];
  return [
    [
      'Quantiles',
      `p50 ${value(q.p50, analysis)}, p95 ${value(q.p95, analysis)}, p99 ${value(q.p99, analysis)}, max ${value(q.max, analysis)} (${numberText(q.count)} observations, ±${percentText(q.relativeError)})`,
    ],
  ];
}

export function trendText(analysis: MetricAnalysis): string {
  const { trend, metric } = analysis;
  if (trend.status === 'insufficient-data') return `not enough data: ${trend.reason}`;
  const perHour = withUnit('', metric.unit).trim();
  const [low, high] = trend.interval;
  const ratio = trend.changeRatio === undefined ? '' : ` (${signedText(trend.changeRatio * 100)} %)`;
  return `${trend.status}: ${withUnit(signedText(trend.change), metric.unit)}${ratio} over ${durationText(trend.window.to - trend.window.from)}, ${pText(trend.pValue)}; slope ${signedText(trend.slopePerHour)} [${signedText(low)}, ${signedText(high)}] ${perHour === '' ? 'per hour' : `${perHour} per hour`}`;
}

function forecastText(analysis: MetricAnalysis): string {
  const { forecast } = analysis;
  if (forecast.status === 'insufficient-data') return `not enough data: ${forecast.reason}`;
  const last = forecast.points[forecast.points.length - 1];
  if (last === undefined) return 'none';
  return `${value(last.value, analysis)} in ${durationText(last.at - forecast.window.to)}, ${percentText(forecast.confidence)} between ${value(last.low, analysis)} and ${value(last.high, analysis)}`;
}

function anomalyText(analysis: MetricAnalysis): string {
  const { anomalies } = analysis;
  if (anomalies.status === 'insufficient-data') return `not enough data: ${anomalies.reason}`;
  const { length } = anomalies.anomalies;
  if (length === 0) return `none in ${numberText(anomalies.judged)} points`;
  const last = anomalies.anomalies[length - 1];
  const harmful = anomalies.anomalies.filter((each) => each.isHarmful).length;
  const latest =
    last === undefined
      ? ''
      : `; the last a ${last.severity} ${last.kind} to ${value(last.value, analysis)} (usual ${value(last.expected, analysis)}) at ${timeText(last.at)}`;
  return `${numberText(length)} in ${numberText(anomalies.judged)} points, ${numberText(harmful)} of them harmful${latest}`;
}

function changeText(analysis: MetricAnalysis): string {
  const { changes } = analysis;
  if (changes.status === 'insufficient-data') return `not enough data: ${changes.reason}`;
  const last = changes.changes[changes.changes.length - 1];
  if (last === undefined) return 'none';
  return `${numberText(changes.changes.length)}; the last at ${timeText(last.at)}, from ${value(last.before, analysis)} to ${value(last.after, analysis)} (${last.effect})`;
}

function driftText(analysis: MetricAnalysis): string {
  const { drift } = analysis;
  if (drift.status === 'insufficient-data') return `not enough data: ${drift.reason}`;
  const numbers = `distance ${numberText(drift.distance)}, ${pText(drift.pValue)}`;
  return drift.status === 'drifted'
    ? `the newer half is distributed otherwise: moved by ${value(drift.shift, analysis)}, ${numbers}`
    : `none (${numbers})`;
}

function capacityFacts(analysis: MetricAnalysis): Fact[] {
  const { capacity } = analysis;
  if (capacity === undefined) return [];
  if (capacity.status === 'insufficient-data') return [['Capacity', `not enough data: ${capacity.reason}`]];
  const limit = value(capacity.limit, analysis);
  if (capacity.status === 'reached') return [['Capacity', `beyond the limit of ${limit}`]];
  if (capacity.at === undefined || capacity.earliest === undefined || capacity.latest === undefined)
    return [['Capacity', `the limit of ${limit} is not in sight`]];
  return [
    [
      'Capacity',
      `reaches ${limit} about ${timeText(capacity.at)} (${timeText(capacity.earliest)} to ${timeText(capacity.latest)})`,
    ],
  ];
}

export function warningText(warning: EarlyWarning, analysis: MetricAnalysis): string {
  const { usual, expected, at, interval } = warning;
  if (warning.kind === 'load')
    return `Load is ${percentText(expected / usual)} of the limit of ${value(usual, analysis)}.`;
  if (warning.kind === 'capacity')
    return `The limit of ${value(expected, analysis)} is reached about ${timeText(at)}.`;
  const range =
    interval === undefined ? '' : ` (${value(interval[0], analysis)} to ${value(interval[1], analysis)})`;
  return `${value(expected, analysis)}${range} is expected at ${timeText(at)}; usual is ${value(usual, analysis)}.`;
}
