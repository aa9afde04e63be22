import { ENTITY_KINDS, type Briefing, type Sentiment, type SentimentScore } from '../model.js';
import {
  ENTITY_TITLES,
  entitiesOf,
  formatCount,
  formatPercent,
  formatPolarity,
  formatTime,
  part,
  polarityScale,
  type Made,
} from './briefing-view.js';
import { balance, bar, clip, displayWidth, padEnd, spark } from './terminal-layout.js';
import { show, type TerminalPage } from './terminal-page.js';

const MAX_NAMES = 10;
const MAX_ROWS = 12;

/** A heading with what a part holds, or with the reason why there is nothing; no heading where nobody asked for it. */
export function section<T>(
  page: TerminalPage,
  title: string,
  made: Made<T>,
  render: (value: T) => void,
  aside = '',
): void {
  if (!made.isMade && made.isPlanned) return;
  page.heading(title, made.isMade ? aside : '');
  if (made.isMade) render(made.value);
  else page.text(show(made.reason), page.colors.yellow);
}

/** The line for a part that ran and found nothing. */
export function none(page: TerminalPage): void {
  page.text('None found.', page.colors.dim);
}

/** The line for what a long list leaves out. */
export function more(page: TerminalPage, total: number, shown: number, indent = 0): void {
  if (total > shown) page.item('', `and ${total - shown} more`, { style: page.colors.dim, indent });
}

function tone(page: TerminalPage, { label }: Pick<SentimentScore, 'label'>): (text: string) => string {
  const { green, red, dim } = page.colors;
  return label === 'positive' ? green : label === 'negative' ? red : dim;
}

/** Topics with bars. */
export function topics(page: TerminalPage, briefing: Briefing): void {
  const { cyan, dim } = page.colors;
  section(page, 'Topics', part(briefing, 'topics'), (found) => {
    if (found.length === 0) return none(page);
    const shown = found.slice(0, MAX_ROWS);
    const labelWidth = Math.min(
      28,
      Math.max(...shown.map((topic) => displayWidth(show(topic.label, 60)))),
      page.width - 18,
    );
    const barWidth = Math.min(24, page.width - labelWidth - 9);
    for (const topic of shown) {
      const drawn = bar(topic.share, barWidth);
      const rest = '·'.repeat(Math.max(0, barWidth - displayWidth(drawn)));
      const percent = formatPercent(topic.share).padStart(5);
      const terms = clip(
        show(topic.terms.filter((term) => !topic.label.split(', ').includes(term)).join(', '), 200),
        Math.max(0, page.width - labelWidth - barWidth - 11),
      );
      const tail = page.width - labelWidth - barWidth - 11 > 12 ? `  ${dim(terms)}` : '';
      page.line(
        `${padEnd(clip(show(topic.label, 60), labelWidth), labelWidth)}  ${cyan(drawn)}${dim(rest)} ${percent}${tail}`,
      );
    }
    more(page, found.length, shown.length);
  });
}

/** Sentiment of the whole and of each speaker, and its course. */
export function sentiment(page: TerminalPage, briefing: Briefing): void {
  const { dim, bold } = page.colors;
  section(page, 'Sentiment', part(briefing, 'sentiment'), ({ overall, bySpeaker, overTime }) => {
    const rows = [{ speaker: 'Overall', ...overall }, ...bySpeaker.slice(0, MAX_ROWS)];
    const scale = polarityScale(rows);
    const nameWidth = Math.min(
      24,
      Math.max('Over time'.length, ...rows.map((row) => displayWidth(show(row.speaker, 60)))),
      page.width - 26,
    );
    const half = Math.max(4, Math.min(12, Math.floor((page.width - nameWidth - 34) / 2)));
    rows.forEach((row, at) => {
      const name = padEnd(clip(show(row.speaker, 60), nameWidth), nameWidth);
      const { left, right } = balance(row.polarity / scale, half);
      const color = tone(page, row);
      const paint = (text: string): string =>
        text.replace(/█+|·+/g, (run) => (run.startsWith('█') ? color(run) : dim(run)));
      const count = `${formatCount(row.sentences)} ${row.sentences === 1 ? 'sentence' : 'sentences'}`;
      const room = page.width - nameWidth - half * 2 - 21;
      const tail = room >= count.length ? `  ${dim(count)}` : '';
      page.line(
        `${at === 0 ? bold(name) : name}  ${paint(left)}${dim('│')}${paint(right)} ${color(formatPolarity(row.polarity).padStart(5))} ${color(tail === '' ? row.label : padEnd(row.label, 8))}${tail}`,
      );
    });
    more(page, bySpeaker.length, rows.length - 1);
    if (overTime.length > 0) course(page, overTime, nameWidth);
  });
}

/** The sparkline of sentiment; where slices are more than columns, neighbours are drawn as their mean. */
function course(page: TerminalPage, slices: Sentiment['overTime'], nameWidth: number): void {
  const { dim } = page.colors;
  const [first] = slices;
  const last = slices.at(-1);
  const from = first?.startMs === undefined ? 'start' : formatTime(first.startMs);
  const to = last?.startMs === undefined ? 'end' : formatTime(last.startMs);
  const columns = Math.max(4, page.width - nameWidth - 4 - from.length - to.length);
  const size = Math.ceil(slices.length / columns);
  const groups = Array.from({ length: Math.ceil(slices.length / size) }, (_, at) =>
    slices.slice(at * size, (at + 1) * size),
  );
  const means = groups.map((group) => ({
    polarity: group.reduce((sum, { polarity }) => sum + polarity, 0) / group.length,
    // A mean of several has no label of its own.
    paint: group.length === 1 ? tone(page, group[0]!) : dim,
  }));
  const height = polarityScale(means);
  const line = means.map(({ polarity, paint }) => paint(spark(polarity / height))).join('');
  page.line(`${padEnd('Over time', nameWidth)}  ${dim(from)} ${line} ${dim(to)}`);
  page.item(' '.repeat(nameWidth + 2), `low to high is −${height.toFixed(2)} to +${height.toFixed(2)}`, {
    style: dim,
  });
}

/** Named things by kind. */
export function names(page: TerminalPage, briefing: Briefing): void {
  section(page, 'People, organizations, places', part(briefing, 'entities'), (entities) => {
    if (entities.length === 0) return none(page);
    for (const kind of ENTITY_KINDS) {
      const found = entitiesOf(entities, kind);
      if (found.length === 0) continue;
      const shown = found
        .slice(0, MAX_NAMES)
        .map((one) => `${show(one.text, 60)}${one.count > 1 ? ` ×${one.count}` : ''}`);
      const rest = found.length > MAX_NAMES ? `, and ${found.length - MAX_NAMES} more` : '';
      page.row(ENTITY_TITLES[kind], shown.join(', ') + rest, 13);
    }
  });
}
