import {
  ENTITY_KINDS,
  type Briefing,
  type CueFinding,
  type SentimentScore,
  type TextReference,
} from '../model.js';
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
  formatPolarity,
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
  whyMissing,
  type Made,
} from './briefing-view.js';
import { experimentLines } from './experiment-lines.js';
import { settledSummary } from './settled-summary.js';
import { escapeMarkdown, safeLink, safeText } from './safe-text.js';

const MAX_TITLE = 200;
const MAX_QUOTE = 1000;
const MAX_ITEMS = 50;

function md(text: string, limit = MAX_QUOTE): string {
  return escapeMarkdown(safeText(text, limit));
}

function place(reference: Pick<TextReference, 'speaker' | 'startMs'>): string {
  const text = formatPlace(reference);
  return text === '' ? '' : ` (${md(text, MAX_TITLE)})`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function list(items: readonly string[]): string {
  const shown = items.slice(0, MAX_ITEMS).map((item) => `- ${item}`);
  return [...shown, ...(items.length > MAX_ITEMS ? [`- and ${items.length - MAX_ITEMS} more`] : [])].join(
    '\n',
  );
}

/** A section, or the reason why there is none. */
function section<T>(title: string, made: Made<T>, render: (value: T) => string): string {
  if (!made.isMade && made.isPlanned) return '';
  const body = made.isMade ? render(made.value) : `*${md(made.reason)}*`;
  return `## ${title}\n\n${body === '' ? 'None found.' : body}`;
}

function score(value: SentimentScore): readonly string[] {
  return [formatPolarity(value.polarity), value.label, formatCount(value.sentences)];
}

function claims(briefing: Briefing): string {
  return section('Key claims', claimViews(briefing), (views) => {
    const { telling, open } = splitClaims(views);
    const looked = list(
      telling.map(({ claim, checked }) => {
        const quote = `“${md(claim.quote)}”${place(claim)}`;
        if (checked === undefined)
          return `**not checked**: ${quote}  \n  ${md(whyMissing(briefing, 'verification'))}`;
        const { mark, text } = VERDICT_TEXT[checked.verdict];
        const evidence = checked.evidence.map(
          ({ statement, source, stance }) =>
            `\n  - ${STANCE_TEXT[stance]}: ${md(statement)} (source: ${md(source)})`,
        );
        const explanation = explanationOf(checked);
        return `**${mark} ${text}**: ${quote}${explanation === '' ? '' : `  \n  ${md(explanation)}`}${evidence.join('')}`;
      }),
    );
    const { mark, text } = VERDICT_TEXT.not_enough_evidence;
    const rest = open.map(
      (group) =>
        `**${mark} ${text}** (${formatCount(group.views.length)}): ${md(group.explanation)}\n\n${list(
          group.views.map(({ claim }) => `“${md(claim.quote)}”${place(claim)}`),
        )}`,
    );
    return [looked, ...rest].filter((block) => block !== '').join('\n\n');
  });
}

/**
 * The briefing as CommonMark with tables. Everything that comes from content is escaped: it cannot add links, HTML,
 * headings or table cells. Parts that were not made say why.
 */
export function renderMarkdown(briefing: Briefing): string {
  const { document } = briefing;
  const link = safeLink(document.uri);
  const notice = fallbackNotice(briefing);
  const gaps = gapsOf(briefing);
  const findings = (title: string, made: Made<readonly CueFinding[]>): string =>
    section(title, made, (items) =>
      list(
        items.map(
          (cue) =>
            `**${md(cue.kind, MAX_TITLE)}** (${formatPercent(cue.confidence)}): “${md(cue.quote)}”${place(cue)}  \n  ${md(cue.explanation)}`,
        ),
      ),
    );
  const parts = [
    `# ${md(document.title, MAX_TITLE) || 'Untitled'}`,
    sourceFacts(briefing)
      .map((fact) => md(fact, MAX_TITLE))
      .join(' · '),
    // The text of the link is ours: some renderers unescape a link's text once more before they read it.
    `Source: ${md(document.uri, MAX_TITLE)}${link === undefined ? '' : ` ([open](<${link}>))`}`,
    ...(notice === undefined
      ? []
      : [
          `> **Fallback briefing.** Parts are missing:\n>\n${notice.map((reason) => `> - ${md(reason)}`).join('\n')}`,
        ]),
    section('Executive summary', part(briefing, 'summary'), () =>
      list(
        settledSummary(briefing).map(({ sentence, verdict }) => {
          const mark =
            verdict === undefined ? '' : ` **${VERDICT_TEXT[verdict].mark} ${VERDICT_TEXT[verdict].text}**`;
          return `${md(sentence.quote)}${place(sentence)}${mark}`;
        }),
      ),
    ),
    section(
      'Narrative',
      narrativeOf(briefing),
      ({ text, model }) => `${md(text, 8000)}\n\nWritten by ${md(model, MAX_TITLE)}.`,
    ),
    section('Topics', part(briefing, 'topics'), (topics) =>
      topics.length === 0
        ? ''
        : table(
            ['Topic', 'Share', 'Terms'],
            topics
              .slice(0, MAX_ITEMS)
              .map((topic) => [
                md(topic.label, MAX_TITLE),
                formatPercent(topic.share),
                md(topic.terms.join(', '), MAX_TITLE),
              ]),
          ),
    ),
    section('Keywords', part(briefing, 'keywords'), (keywords) =>
      keywords
        .slice(0, MAX_ITEMS)
        .map((keyword) => `${md(keyword.term, MAX_TITLE)} (${formatCount(keyword.count)})`)
        .join(', '),
    ),
    section('Sentiment', part(briefing, 'sentiment'), (sentiment) =>
      [
        table(
          ['Who', 'Polarity', 'Label', 'Sentences'],
          [
            ['Overall', ...score(sentiment.overall)],
            ...sentiment.bySpeaker
              .slice(0, MAX_ITEMS)
              .map((one) => [md(one.speaker, MAX_TITLE), ...score(one)]),
          ],
        ),
        ...(sentiment.overTime.length === 0
          ? []
          : [
              table(
                ['Slice', 'From', 'Polarity', 'Label', 'Sentences'],
                sentiment.overTime
                  .slice(0, MAX_ITEMS)
                  .map((one, at) => [
                    String(at + 1),
                    one.startMs === undefined ? 'unknown' : formatTime(one.startMs),
                    ...score(one),
                  ]),
              ),
            ]),
      ].join('\n\n'),
    ),
    section('People, organizations and places', part(briefing, 'entities'), (entities) =>
      list(
        ENTITY_KINDS.flatMap((kind) => {
          const found = entitiesOf(entities, kind).slice(0, MAX_ITEMS);
          return found.length === 0
            ? []
            : [
                `**${ENTITY_TITLES[kind]}**: ${found.map((entity) => `${md(entity.text, MAX_TITLE)} (${formatCount(entity.count)})`).join(', ')}`,
              ];
        }),
      ),
    ),
    claims(briefing),
    findings('Possible fallacies', part(briefing, 'fallacies')),
    findings('Persuasion', part(briefing, 'persuasion')),
    section('Tried besides', experimentLines(briefing), (lines) => list(lines.map((line) => md(line)))),
    section('Readability', part(briefing, 'readability'), (value) =>
      list([
        `Reading ease ${formatDecimal(value.fleschReadingEase, 1)} (${readingLevel(value.fleschReadingEase)})`,
        `School grade ${formatDecimal(value.fleschKincaidGrade, 1)}`,
        `${formatDecimal(value.averageSentenceWords, 1)} words a sentence, ${formatDecimal(value.averageWordSyllables, 2)} syllables a word`,
      ]),
    ),
    section('Quality', part(briefing, 'quality'), (quality) =>
      list([
        `Overall ${formatPercent(quality.overall)}`,
        ...Object.entries(quality.parts).map(
          ([name, value]) => `${md(name, MAX_TITLE)} ${formatPercent(value)}`,
        ),
        ...quality.notes.map((note) => md(note)),
      ]),
    ),
    ...(gaps.length === 0
      ? []
      : [
          `## What did not run as planned\n\n${table(
            ['Stage', 'Outcome', 'Reason'],
            gaps
              .slice(0, MAX_ITEMS)
              .map((note) => [md(note.stage, MAX_TITLE), note.outcome, md(note.reason)]),
          )}`,
        ]),
    ...(document.warnings.length === 0
      ? []
      : [
          `## Warnings of the parser\n\n${list(document.warnings.map((warning) => `${md(warning.code, MAX_TITLE)}${warning.line === undefined ? '' : `, line ${warning.line}`}: ${md(warning.message)}`))}`,
        ]),
    `## Time per stage\n\n${
      briefing.timings.length === 0
        ? 'Not recorded.'
        : table(
            ['Stage', 'Time'],
            briefing.timings
              .slice(0, MAX_ITEMS)
              .map((timing) => [md(timing.stage, MAX_TITLE), formatElapsed(timing.ms)]),
          )
    }`,
    `---\n\n${leftOut(briefing) === '' ? '' : `${md(leftOut(briefing))}\n\n`}Briefing ${md(briefing.id, MAX_TITLE)}, ${md(formatInstant(briefing.createdAt), MAX_TITLE)}, depth ${briefing.depth}, by ${md(briefing.producedBy)}.`,
  ];
  return `${parts.filter((text) => text !== '').join('\n\n')}\n`;
}
