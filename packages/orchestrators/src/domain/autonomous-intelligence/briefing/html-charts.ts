import type { Sentiment, SentimentScore, Topic } from '../model.js';
import { formatPercent, formatPolarity, formatTime, polarityScale } from './briefing-view.js';
import { escapeHtml, safeText } from './safe-text.js';
import { clip } from './terminal-layout.js';

const WIDTH = 720;
const MAX_ROWS = 20;

function finite(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, Number.isFinite(value) ? value : 0));
}

function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function svg(height: number, label: string, body: string): string {
  return `<svg viewBox="0 0 ${WIDTH} ${n(height)}" role="img" aria-label="${escapeHtml(label)}">${body}</svg>`;
}

function name(text: string, columns: number): string {
  return escapeHtml(clip(safeText(text, 80), columns));
}

/** Horizontal bars, one a topic, with its share. */
export function topicChart(topics: readonly Topic[]): string {
  const rows = topics.slice(0, MAX_ROWS);
  const left = 240;
  const room = WIDTH - left - 64;
  const body = rows.map((topic, at) => {
    const y = at * 32;
    const share = finite(topic.share, 0, 1);
    return `<text x="${left - 12}" y="${y + 20}" text-anchor="end">${name(topic.label, 30)}</text><rect class="track" x="${left}" y="${y + 8}" width="${room}" height="15" rx="4"/><rect class="accent" x="${left}" y="${y + 8}" width="${n(Math.max(2, share * room))}" height="15" rx="4"/><text x="${left + room + 10}" y="${y + 20}">${formatPercent(topic.share)}</text>`;
  });
  return svg(rows.length * 32 + 4, 'Share of sentences by topic', body.join(''));
}

/** Bars to the left (negative) and right (positive) of a middle line, one a speaker, the whole first. */
export function speakerChart(sentiment: Sentiment): string {
  const rows: readonly ({ readonly speaker: string } & SentimentScore)[] = [
    { speaker: 'Overall', ...sentiment.overall },
    ...sentiment.bySpeaker.slice(0, MAX_ROWS),
  ];
  const scale = polarityScale(rows);
  const left = 200;
  const half = (WIDTH - left - 150) / 2;
  const middle = left + half;
  const body = rows.map((row, at) => {
    const y = at * 30;
    const size = Math.max(1.5, (Math.abs(finite(row.polarity, -1, 1)) / scale) * half);
    const x = row.polarity < 0 ? middle - size : middle;
    return `<text x="${left - 12}" y="${y + 19}" text-anchor="end">${name(row.speaker, 26)}</text><rect class="track" x="${left}" y="${y + 8}" width="${n(half * 2)}" height="14" rx="3" opacity=".45"/><rect class="${escapeHtml(row.label)}" x="${n(x)}" y="${y + 8}" width="${n(size)}" height="14" rx="3"/><text x="${n(middle + half + 10)}" y="${y + 19}">${formatPolarity(row.polarity)} ${escapeHtml(row.label)}</text>`;
  });
  const height = rows.length * 30 + 4;
  return svg(
    height,
    'Sentiment by speaker',
    `${body.join('')}<line class="axis" x1="${n(middle)}" y1="2" x2="${n(middle)}" y2="${height - 2}"/>`,
  );
}

/** Bars up and down from neutral with a line through them, in the order of the document. */
export function timeChart(slices: Sentiment['overTime']): string {
  const scale = polarityScale(slices);
  const [left, top, height] = [52, 12, 150];
  const room = WIDTH - left - 12;
  const middle = top + height / 2;
  const step = room / slices.length;
  const y = (polarity: number): number => middle - (finite(polarity, -1, 1) / scale) * (height / 2);
  const bars = slices.map((slice, at) => {
    const value = y(slice.polarity);
    const size = Math.max(1.5, Math.abs(value - middle));
    const title = `${slice.startMs === undefined ? `Slice ${at + 1}` : formatTime(slice.startMs)}: ${formatPolarity(slice.polarity)}`;
    return `<rect class="${escapeHtml(slice.label)}" x="${n(left + at * step + step * 0.12)}" y="${n(Math.min(value, middle))}" width="${n(step * 0.76)}" height="${n(size)}" rx="2" opacity=".75"><title>${title}</title></rect>`;
  });
  const points = slices
    .map((slice, at) => `${n(left + (at + 0.5) * step)},${n(y(slice.polarity))}`)
    .join(' ');
  const grid = [scale, 0, -scale].map(
    (value) =>
      `<line class="${value === 0 ? 'axis' : 'grid'}" x1="${left}" y1="${n(y(value))}" x2="${WIDTH - 12}" y2="${n(y(value))}"/><text class="faint" x="${left - 8}" y="${n(y(value) + 4)}" text-anchor="end">${formatPolarity(value)}</text>`,
  );
  const first = slices[0]?.startMs;
  const last = slices.at(-1)?.startMs;
  const ends = `<text class="faint" x="${left}" y="${top + height + 22}">${first === undefined ? 'beginning' : formatTime(first)}</text><text class="faint" x="${WIDTH - 12}" y="${top + height + 22}" text-anchor="end">${last === undefined ? 'end' : formatTime(last)}</text>`;
  return svg(
    top + height + 30,
    'Sentiment over time',
    `${grid.join('')}${bars.join('')}<polyline class="curve" points="${points}"/>${ends}`,
  );
}
