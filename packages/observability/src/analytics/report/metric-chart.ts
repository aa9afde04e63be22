import type { MetricAnalysis } from '../analysis.js';
import type { Points } from '../metric-series.js';
import { html, numberText, timeText } from './format.js';
import { trendText } from './sentences.js';

const WIDTH = 640;
const HEIGHT = 200;
const LEFT = 58;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 26;
/** Columns in which the lowest and the highest point are drawn. */
const MAX_COLUMNS = 150;
const TICKS = 4;
const SMALLEST_MARGIN = 1e-300;

/**
 * The points, with their forecast, anomalies, changes, target and limit, as an SVG without script or style of its own:
 * colours are the page's. A title and a description say the same in words.
 *
 * @param id unique on the page
 */
export function metricChart(analysis: MetricAnalysis, id: string): string {
  const { points, metric } = analysis;
  if (points.at.length < 2) return '<p class="none">Too few points for a chart.</p>';
  const ahead = analysis.forecast.status === 'ok' ? analysis.forecast.points : [];
  const from = points.at[0] as number;
  const to = Math.max(ahead[ahead.length - 1]?.at ?? 0, points.at[points.at.length - 1] as number);
  const [low, high] = rangeOf(
    points,
    ahead.flatMap((each) => [each.low, each.high]),
  );
  const x = (time: number): string =>
    coordinate(LEFT + ((time - from) / Math.max(1, to - from)) * (WIDTH - LEFT - RIGHT));
  const y = (value: number): string =>
    coordinate(
      HEIGHT -
        BOTTOM -
        ((Math.min(high, Math.max(low, value)) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM),
    );
  const across = (value: number, name: string): string =>
    value < low || value > high
      ? ''
      : `<line class="${name}" x1="${String(LEFT)}" x2="${String(WIDTH - RIGHT)}" y1="${y(value)}" y2="${y(value)}"/>`;

  const last = points.at.length - 1;
  const start = `${x(points.at[last] as number)},${y(points.value[last] as number)}`;
  const band =
    ahead.length === 0
      ? ''
      : `<polygon class="band" points="${[start, ...ahead.map((each) => `${x(each.at)},${y(each.high)}`), ...[...ahead].reverse().map((each) => `${x(each.at)},${y(each.low)}`)].join(' ')}"/>` +
        `<polyline class="ahead" points="${[start, ...ahead.map((each) => `${x(each.at)},${y(each.value)}`)].join(' ')}"/>`;
  const changes = analysis.changes.status === 'ok' ? analysis.changes.changes : [];
  const anomalies = analysis.anomalies.status === 'ok' ? analysis.anomalies.anomalies : [];
  return [
    `<svg viewBox="0 0 ${String(WIDTH)} ${String(HEIGHT)}" role="img" aria-labelledby="${id}-t ${id}-d">`,
    `<title id="${id}-t">${html(analysis.label)} from ${timeText(from)} to ${timeText(points.at[last] as number)}</title>`,
    `<desc id="${id}-d">${html(trendText(analysis))}. Lowest ${numberText(low)}, highest ${numberText(high)}.</desc>`,
    ...Array.from({ length: TICKS }, (_none, index) => low + ((high - low) * index) / (TICKS - 1)).map(
      (tick) =>
        `${across(tick, 'grid')}<text x="${String(LEFT - 6)}" y="${y(tick)}" dy="4" text-anchor="end">${numberText(Number(tick.toPrecision(3)))}</text>`,
    ),
    `<text x="${String(LEFT)}" y="${String(HEIGHT - 6)}">${timeText(from)}</text>`,
    `<text x="${String(WIDTH - RIGHT)}" y="${String(HEIGHT - 6)}" text-anchor="end">${timeText(to)}</text>`,
    metric.target === undefined ? '' : across(metric.target, 'target'),
    metric.limit === undefined ? '' : across(metric.limit, 'limit'),
    ...changes.map(
      ({ at, effect }) =>
        `<line class="change" x1="${x(at)}" x2="${x(at)}" y1="${String(TOP)}" y2="${String(HEIGHT - BOTTOM)}"><title>Changed at ${timeText(at)}: ${effect}</title></line>`,
    ),
    band,
    `<polyline class="line" points="${thinned(points)
      .map(([time, value]) => `${x(time)},${y(value)}`)
      .join(' ')}"/>`,
    ...anomalies.map(
      ({ at, value, severity, kind }) =>
        `<circle class="anomaly" cx="${x(at)}" cy="${y(value)}" r="3.5"><title>${severity} ${kind}: ${numberText(value)} at ${timeText(at)}</title></circle>`,
    ),
    '</svg>',
  ]
    .filter((part) => part !== '')
    .join('\n');
}

const coordinate = (value: number): string => String(Math.round(value * 10) / 10);

/** With a margin, so that nothing lies on the edge. A forecast may widen it to three times the points at most. */
function rangeOf({ value }: Points, others: readonly number[]): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const each of value) {
    if (each < low) low = each;
    if (each > high) high = each;
  }
  const span = high - low || Math.abs(high) || 1;
  for (const each of others) {
    if (each < low) low = Math.max(each, low - span);
    if (each > high) high = Math.min(each, high + span);
  }
  // What is never negative is not drawn with a negative axis for the margin alone.
  const share = (high - low || span) * 0.06;
  // Of what is smaller, parts cannot be told apart: an axis of 1 then.
  const margin = share > SMALLEST_MARGIN ? share : 1;
  return [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin];
}

/** The lowest and the highest point of each column, so that no peak is lost. */
function thinned({ at, value }: Points): readonly (readonly [number, number])[] {
  const { length } = at;
  const size = Math.max(1, Math.ceil(length / MAX_COLUMNS));
  const picked: [number, number][] = [];
  for (let start = 0; start < length; start += size) {
    let [low, high] = [start, start];
    for (let index = start; index < Math.min(length, start + size); index += 1) {
      if ((value[index] as number) < (value[low] as number)) low = index;
      if ((value[index] as number) > (value[high] as number)) high = index;
    }
    for (const index of low === high ? [low] : [Math.min(low, high), Math.max(low, high)])
      picked.push([at[index] as number, value[index] as number]);
  }
  return picked;
}
