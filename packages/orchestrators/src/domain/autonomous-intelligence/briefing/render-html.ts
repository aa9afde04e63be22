import { ENTITY_KINDS, type Briefing, type CueFinding, type TextReference, type Verdict } from '../model.js';
import {
  claimViews,
  explanationOf,
  ENTITY_TITLES,
  entitiesOf,
  fallbackNotice,
  formatCount,
  formatDecimal,
  formatElapsed,
  formatInstant,
  formatPercent,
  formatPlace,
  formatTime,
  gapsOf,
  leftOut,
  narrativeOf,
  part,
  readingLevel,
  sourceFacts,
  splitClaims,
  STANCE_TEXT,
  VERDICT_TEXT,
  verdictCounts,
  whyMissing,
  type ClaimView,
  type Made,
} from './briefing-view.js';
import { experimentLines } from './experiment-lines.js';
import { speakerChart, timeChart, topicChart } from './html-charts.js';
import { CONTENT_SECURITY_POLICY, STYLE } from './html-style.js';
import { settledSummary } from './settled-summary.js';
import { escapeHtml, safeLink, safeText } from './safe-text.js';

const MAX_TITLE = 200;
const MAX_QUOTE = 2000;
const MAX_ITEMS = 100;
/** Items of a list before the fold. */
const CLAIMS_IN_SIGHT = 12;
const OPEN_IN_SIGHT = 6;
const CUES_IN_SIGHT = 6;

function t(text: string, limit = MAX_QUOTE): string {
  return escapeHtml(safeText(text, limit));
}

function place(reference: Pick<TextReference, 'speaker' | 'startMs'>): string {
  const text = formatPlace(reference);
  return text === '' ? '' : ` <span class="where"><bdi>${t(text, MAX_TITLE)}</bdi></span>`;
}

function missing(reason: string): string {
  return `<p class="missing">${t(reason)}</p>`;
}

function more(total: number): string {
  return total > MAX_ITEMS ? `<p class="small">and ${total - MAX_ITEMS} more</p>` : '';
}

/** A list whose first items are in sight, and the others a click away. */
function folded(style: string, items: readonly string[], inSight: number): string {
  const list = (some: readonly string[]): string => `<ul class="${style}">${some.join('')}</ul>`;
  const rest = items.slice(inSight, MAX_ITEMS);
  return (
    list(items.slice(0, inSight)) +
    (rest.length === 0
      ? ''
      : `<details><summary>${formatCount(rest.length)} more</summary>${list(rest)}</details>`) +
    more(items.length)
  );
}

/** A section with its heading, or the reason why there is nothing in it. */
function section<T>(id: string, title: string, made: Made<T>, render: (value: T) => string): string {
  if (!made.isMade && made.isPlanned) return '';
  const body = made.isMade ? render(made.value) || '<p class="small">None found.</p>' : missing(made.reason);
  return `<section${made.isMade ? '' : ' class="gap"'} aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${body}</section>`;
}

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly number[] = [],
): string {
  const kind = (at: number): string => (numbers.includes(at) ? ' class="number"' : '');
  const cells = rows
    .map((row) => `<tr>${row.map((cell, at) => `<td${kind(at)}>${cell}</td>`).join('')}</tr>`)
    .join('');
  return `<div class="scroll"><table><thead><tr>${head.map((cell, at) => `<th scope="col"${kind(at)}>${cell}</th>`).join('')}</tr></thead><tbody>${cells}</tbody></table></div>`;
}

function stats(briefing: Briefing): string {
  const { document, analysis } = briefing;
  const made = claimViews(briefing);
  const counts = verdictCounts(made.isMade ? made.value : []);
  const shown: readonly (readonly [string, string])[] = [
    [formatCount(document.wordCount), document.wordCount === 1 ? 'word' : 'words'],
    ...(document.durationMs === undefined ? [] : [[formatTime(document.durationMs), 'length'] as const]),
    ...(analysis.readability === undefined
      ? []
      : [
          [
            formatDecimal(analysis.readability.fleschReadingEase, 0),
            `reading ease, ${readingLevel(analysis.readability.fleschReadingEase)}`,
          ] as const,
        ]),
    ...(analysis.quality === undefined
      ? []
      : [[formatPercent(analysis.quality.overall), 'quality'] as const]),
    ...(made.isMade && counts.supported + counts.contradicted === 0
      ? [[formatCount(made.value.length), 'claims, none settled'] as const]
      : []),
    ...(made.isMade && counts.supported + counts.contradicted > 0
      ? [
          [String(counts.supported), 'claims supported'] as const,
          [String(counts.contradicted), 'claims contradicted'] as const,
          [String(counts.not_enough_evidence + counts.unchecked), 'claims open'] as const,
        ]
      : []),
  ];
  return `<ul class="stats">${shown.map(([value, label]) => `<li class="stat"><b>${escapeHtml(value)}</b><span>${escapeHtml(label)}</span></li>`).join('')}</ul>`;
}

function header(briefing: Briefing): string {
  const { document } = briefing;
  const link = safeLink(document.uri);
  const uri = `<bdi>${t(document.uri, MAX_TITLE)}</bdi>`;
  const notice = fallbackNotice(briefing);
  return `<header><p class="kicker">${t(briefing.depth, 40)} briefing</p><h1 dir="auto">${t(document.title, MAX_TITLE) || 'Untitled'}</h1><p class="meta">${sourceFacts(
    briefing,
  )
    .map((fact) => `<bdi>${t(fact, MAX_TITLE)}</bdi>`)
    .join(
      ' · ',
    )}</p><p class="meta">${link === undefined ? uri : `<a href="${escapeHtml(link)}" rel="noopener noreferrer nofollow">${uri}</a>`}</p>${
    notice === undefined
      ? ''
      : `<div class="notice" role="note"><strong>Fallback briefing: not everything could be done.</strong><ul>${notice
          .slice(0, MAX_ITEMS)
          .map((reason) => `<li>${t(reason)}</li>`)
          .join('')}</ul></div>`
  }${stats(briefing)}</header>`;
}

function verdictBadge(verdict: Verdict | undefined): string {
  const style = verdict === 'supported' || verdict === 'contradicted' ? verdict : 'open';
  const { mark, text } = verdict === undefined ? { mark: '○', text: 'not checked' } : VERDICT_TEXT[verdict];
  return `<span class="badge ${style}">${mark} ${text}</span>`;
}

function claim(briefing: Briefing, { claim: said, checked }: ClaimView): string {
  const badge = verdictBadge(checked?.verdict);
  const explanation = checked === undefined ? whyMissing(briefing, 'verification') : explanationOf(checked);
  const evidence = (checked?.evidence ?? []).map(
    ({ stance, statement, source }) =>
      `<li class="${escapeHtml(stance)}"><b>${STANCE_TEXT[stance]}:</b> <span dir="auto">${t(statement)}</span> <cite>— ${t(source)}</cite></li>`,
  );
  return `<li class="claim">${badge}${place(said)}<blockquote dir="auto">“${t(said.quote)}”</blockquote>${explanation === '' ? '' : `<p class="small">${t(explanation)}</p>`}${evidence.length === 0 ? '' : `<ul class="evidence">${evidence.join('')}</ul>`}</li>`;
}

function cues(id: string, title: string, made: Made<readonly CueFinding[]>): string {
  return section(id, title, made, (found) => {
    const items = [...found]
      .sort((a, b) => b.confidence - a.confidence)
      .map(
        (cue) =>
          `<li class="claim"><span class="badge open">${t(cue.kind, MAX_TITLE)} · ${formatPercent(cue.confidence)}</span>${place(cue)}<blockquote dir="auto">“${t(cue.quote)}”</blockquote><p class="small">${t(cue.explanation)}</p></li>`,
      );
    return items.length === 0
      ? ''
      : `<p class="small">Hints for a reader, not verdicts.</p>${folded('list', items, CUES_IN_SIGHT)}`;
  });
}

function content(briefing: Briefing): readonly string[] {
  return [
    section('summary', 'Executive summary', part(briefing, 'summary'), (sentences) =>
      sentences.length === 0
        ? ''
        : `<ol class="summary">${settledSummary(briefing)
            .slice(0, MAX_ITEMS)
            .map(({ sentence, verdict }) => {
              const badge = verdict === undefined ? '' : ` ${verdictBadge(verdict)}`;
              return `<li dir="auto">${t(sentence.quote)}${place(sentence)}${badge}</li>`;
            })
            .join('')}</ol>`,
    ),
    section(
      'narrative',
      'Narrative',
      narrativeOf(briefing),
      ({ text, model }) =>
        `${text
          .slice(0, 20_000)
          .split(/\n+/)
          .filter((line) => line.trim() !== '')
          .map((line) => `<p dir="auto">${t(line, 20_000)}</p>`)
          .join('')}<p class="small">Written by the language model ${t(model, MAX_TITLE)}.</p>`,
    ),
    section('topics', 'Topics', part(briefing, 'topics'), (topics) =>
      topics.length === 0
        ? ''
        : `<figure>${topicChart(topics)}<figcaption>Share of the document’s sentences.</figcaption></figure><h3>Terms</h3><ul class="tags">${[
            ...new Set(topics.flatMap((topic) => topic.terms)),
          ]
            .slice(0, 40)
            .map((term) => `<li class="tag">${t(term, MAX_TITLE)}</li>`)
            .join('')}</ul>`,
    ),
    section('keywords', 'Keywords', part(briefing, 'keywords'), (keywords) =>
      keywords.length === 0
        ? ''
        : `<ul class="tags">${keywords
            .slice(0, 40)
            .map((one) => `<li class="tag">${t(one.term, MAX_TITLE)} <i>${formatCount(one.count)}</i></li>`)
            .join('')}</ul>`,
    ),
    section('sentiment', 'Sentiment', part(briefing, 'sentiment'), (sentiment) => {
      const over = sentiment.overTime.slice(0, 200);
      return `<h3>By speaker</h3><figure>${speakerChart(sentiment)}</figure>${over.length === 0 ? '' : `<h3>Over time</h3><figure>${timeChart(over)}<figcaption>Equal slices of the document; above the line positive, below negative.</figcaption></figure>`}`;
    }),
    section('names', 'People, organizations and places', part(briefing, 'entities'), (entities) =>
      ENTITY_KINDS.map((kind) => {
        const found = entitiesOf(entities, kind);
        return found.length === 0
          ? ''
          : `<h3>${ENTITY_TITLES[kind]}</h3><ul class="tags">${found
              .slice(0, MAX_ITEMS)
              .map(
                (one) =>
                  `<li class="tag"><bdi>${t(one.text, MAX_TITLE)}</bdi> <i>${formatCount(one.count)}</i></li>`,
              )
              .join('')}</ul>${more(found.length)}`;
      }).join(''),
    ),
    section('claims', 'Key claims', claimViews(briefing), (views) => {
      const { telling, open } = splitClaims(views);
      const { mark, text } = VERDICT_TEXT.not_enough_evidence;
      const rest = open.map(
        (group) =>
          `<div class="claim"><span class="badge open">${mark} ${text} · ${formatCount(group.views.length)}</span><p class="small">${t(group.explanation)}</p>${folded(
            'quotes',
            group.views.map(({ claim: said }) => `<li dir="auto">“${t(said.quote)}”${place(said)}</li>`),
            OPEN_IN_SIGHT,
          )}</div>`,
      );
      const looked = telling.map((view) => claim(briefing, view));
      return `${looked.length === 0 ? '' : folded('list', looked, CLAIMS_IN_SIGHT)}${rest.join('')}`;
    }),
    cues('fallacies', 'Possible fallacies', part(briefing, 'fallacies')),
    cues('persuasion', 'Persuasion', part(briefing, 'persuasion')),
    section('experiment', 'Tried besides', experimentLines(briefing), (lines) =>
      lines.length === 0 ? '' : `<ul>${lines.map((line) => `<li dir="auto">${t(line)}</li>`).join('')}</ul>`,
    ),
    section('readability', 'Readability', part(briefing, 'readability'), (value) =>
      table(
        ['Measure', 'Value'],
        [
          [
            'Reading ease (Flesch)',
            `${formatDecimal(value.fleschReadingEase, 1)}, ${readingLevel(value.fleschReadingEase)}`,
          ],
          ['School grade (Flesch–Kincaid)', formatDecimal(value.fleschKincaidGrade, 1)],
          ['Words a sentence', formatDecimal(value.averageSentenceWords, 1)],
          ['Syllables a word', formatDecimal(value.averageWordSyllables, 2)],
        ],
        [1],
      ),
    ),
    section('quality', 'Quality', part(briefing, 'quality'), (quality) => {
      const rows = [
        ['Overall', formatPercent(quality.overall)],
        ...Object.entries(quality.parts).map(([name, value]) => [t(name, MAX_TITLE), formatPercent(value)]),
      ];
      const notes = quality.notes.slice(0, MAX_ITEMS).map((note) => `<li class="small">${t(note)}</li>`);
      return `${table(['Part', 'Score'], rows, [1])}${notes.length === 0 ? '' : `<ul>${notes.join('')}</ul>`}`;
    }),
  ];
}

function origin(briefing: Briefing): readonly string[] {
  const { timings, document } = briefing;
  const notes = gapsOf(briefing);
  const warnings = document.warnings
    .slice(0, MAX_ITEMS)
    .map((one) => [t(one.code, MAX_TITLE), one.line === undefined ? '' : String(one.line), t(one.message)]);
  return [
    ...(notes.length === 0
      ? []
      : [
          section('notes', 'What did not run as planned', { isMade: true, value: notes }, (rows) =>
            table(
              ['Stage', 'Outcome', 'Reason'],
              rows
                .slice(0, MAX_ITEMS)
                .map((note) => [t(note.stage, MAX_TITLE), t(note.outcome, MAX_TITLE), t(note.reason)]),
            ),
          ),
        ]),
    ...(warnings.length === 0
      ? []
      : [
          section(
            'warnings',
            'Warnings of the parser',
            { isMade: true, value: warnings },
            (rows) => table(['Code', 'Line', 'Message'], rows) + more(document.warnings.length),
          ),
        ]),
    section('timings', 'Time per stage', { isMade: true, value: timings }, () =>
      timings.length === 0
        ? '<p class="small">Not recorded.</p>'
        : `<details><summary>${formatElapsed(timings.reduce((sum, { ms }) => sum + ms, 0))} in all</summary>${table(
            ['Stage', 'Time'],
            timings
              .slice(0, MAX_ITEMS)
              .map((timing) => [t(timing.stage, MAX_TITLE), formatElapsed(timing.ms)]),
            [1],
          )}</details>`,
    ),
  ];
}

/**
 * The briefing as one page that needs nothing else: no script, no request, light, dark and in print. Everything from
 * content is escaped, and only http and https addresses become links; the page's policy would stop the rest.
 */
export function renderHtml(briefing: Briefing): string {
  const title = t(briefing.document.title, MAX_TITLE) || 'Untitled';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${CONTENT_SECURITY_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${title} – briefing</title>
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the briefing</a>
${header(briefing)}
<main id="content">
${[...content(briefing), ...origin(briefing)].join('\n')}
</main>
<footer>${leftOut(briefing) === '' ? '' : `<p class="small">${t(leftOut(briefing))}</p>`}<p class="small">Briefing ${t(briefing.id, MAX_TITLE)} · made ${t(formatInstant(briefing.createdAt), MAX_TITLE)} by ${t(briefing.producedBy, MAX_TITLE)} · content SHA-256 ${t(briefing.contentHash, 80)}</p></footer>
</body>
</html>
`;
}
