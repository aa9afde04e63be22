import type { Briefing } from '../model.js';
import {
  claimViews,
  explanationOf,
  fallbackNotice,
  formatDecimal,
  formatElapsed,
  formatInstant,
  formatPercent,
  formatPlace,
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
  type OpenClaims,
} from './briefing-view.js';
import { experimentLines } from './experiment-lines.js';
import { type SettledSentence, settledSummary } from './settled-summary.js';
import { bar, clip, displayWidth, padEnd } from './terminal-layout.js';
import { show, TerminalPage } from './terminal-page.js';
import { more, names, none, section, sentiment, topics } from './terminal-sections.js';

/** How a terminal shows it. */
export interface TerminalOptions {
  /**
   * Columns of the terminal; whole columns, taken as at least 40 and at most 120, beyond which lines are hard to read.
   */
  readonly width: number;
  /** Whether to colour; whether the terminal or its user wants colours is the caller's to know. */
  readonly colors: boolean;
}

const MIN_WIDTH = 40;
const MAX_WIDTH = 120;
const DEFAULT_WIDTH = 80;
const MAX_CLAIMS = 12;
const MAX_OPEN = 6;
const MAX_RELATED = 2;
const MAX_CUES = 6;
const MAX_ROWS = 12;
const LABEL = 16;

function header(page: TerminalPage, briefing: Briefing): void {
  const { bold, dim, yellow, inverse } = page.colors;
  page.blank();
  page.text(show(briefing.document.title, 200) || 'Untitled', bold);
  page.text(
    sourceFacts(briefing)
      .map((fact) => show(fact, 120))
      .join(' · '),
  );
  page.text(show(briefing.document.uri, 200), dim);
  const notice = fallbackNotice(briefing);
  if (notice !== undefined) {
    page.blank();
    page.line(
      `${inverse(yellow(' FALLBACK '))} ${yellow(clip('Not everything could be done:', page.width - 11))}`,
    );
    for (const reason of notice) page.item('• ', show(reason), { style: yellow, leadStyle: yellow });
  }
}

function claim(page: TerminalPage, briefing: Briefing, { claim: said, checked }: ClaimView): void {
  const { green, red, dim, yellow, bold } = page.colors;
  const verdict = checked?.verdict;
  const color = verdict === 'supported' ? green : verdict === 'contradicted' ? red : yellow;
  const { mark, text } = verdict === undefined ? { mark: '○', text: 'not checked' } : VERDICT_TEXT[verdict];
  const where = formatPlace(said);
  page.line(
    `${color(bold(`${mark} ${text}`))}${where === '' ? '' : dim(clip(`  ${show(where, 80)}`, page.width - text.length - 2))}`,
  );
  page.item('', `“${show(said.quote, 400)}”`, { indent: 2 });
  const explanation = checked === undefined ? whyMissing(briefing, 'verification') : explanationOf(checked);
  if (explanation !== '') page.item('', show(explanation), { indent: 2, style: dim });
  const isNear = (stance: string): boolean => stance === 'related';
  const related = (checked?.evidence ?? []).filter(({ stance }) => isNear(stance)).slice(0, MAX_RELATED);
  for (const { statement, source, stance } of [
    ...(checked?.evidence ?? []).filter((one) => !isNear(one.stance)),
    ...related,
  ]) {
    const isRelated = isNear(stance);
    page.item(`${STANCE_TEXT[stance]}: `, `${show(statement, 300)} [${show(source, 200)}]`, {
      indent: 4,
      leadStyle: stance === 'supports' ? green : isRelated ? dim : red,
      ...(isRelated ? { style: dim } : {}),
    });
  }
}

function summarySentence(page: TerminalPage, { sentence, verdict }: SettledSentence): void {
  const { bold, green, red } = page.colors;
  const where = formatPlace(sentence);
  const remarks = [
    ...(where === '' ? [] : [show(where, 80)]),
    ...(verdict === undefined ? [] : [VERDICT_TEXT[verdict].text]),
  ];
  page.item(
    verdict === undefined ? '• ' : `${VERDICT_TEXT[verdict].mark} `,
    show(sentence.quote) + (remarks.length === 0 ? '' : ` [${remarks.join('; ')}]`),
    { leadStyle: verdict === undefined ? bold : verdict === 'supported' ? green : red },
  );
}

function openClaims(page: TerminalPage, { explanation, views }: OpenClaims): void {
  const { dim, yellow, bold } = page.colors;
  const { mark, text } = VERDICT_TEXT.not_enough_evidence;
  page.line(yellow(bold(`${mark} ${text}`)) + dim(` ×${String(views.length)}`));
  page.item('', show(explanation), { indent: 2, style: dim });
  for (const { claim: said } of views.slice(0, MAX_OPEN)) {
    const where = formatPlace(said);
    page.item('• ', `“${show(said.quote, 240)}”${where === '' ? '' : ` [${show(where, 80)}]`}`, {
      indent: 2,
    });
  }
  more(page, views.length, MAX_OPEN, 2);
}

function claims(page: TerminalPage, briefing: Briefing): void {
  const made = claimViews(briefing);
  const counts = verdictCounts(made.isMade ? made.value : []);
  const aside = [
    `${VERDICT_TEXT.supported.mark} ${counts.supported}`,
    `${VERDICT_TEXT.contradicted.mark} ${counts.contradicted}`,
    `${VERDICT_TEXT.not_enough_evidence.mark} ${counts.not_enough_evidence}`,
    ...(counts.unchecked > 0 ? [`○ ${counts.unchecked}`] : []),
  ].join('  ');
  section(
    page,
    'Key claims',
    made,
    (views) => {
      if (views.length === 0) return none(page);
      const { telling, open } = splitClaims(views);
      telling.slice(0, MAX_CLAIMS).forEach((view, at) => {
        if (at > 0) page.blank();
        claim(page, briefing, view);
      });
      more(page, telling.length, MAX_CLAIMS);
      open.forEach((group, at) => {
        if (at > 0 || telling.length > 0) page.blank();
        openClaims(page, group);
      });
    },
    aside,
  );
}

function cues(page: TerminalPage, briefing: Briefing, title: string, name: 'fallacies' | 'persuasion'): void {
  const { dim, magenta } = page.colors;
  section(
    page,
    title,
    part(briefing, name),
    (found) => {
      if (found.length === 0) return none(page);
      for (const cue of [...found].sort((a, b) => b.confidence - a.confidence).slice(0, MAX_CUES)) {
        const where = formatPlace(cue);
        page.item(
          '',
          `${show(cue.kind, 60)} · ${formatPercent(cue.confidence)}${where === '' ? '' : ` · ${show(where, 80)}`}`,
          { style: magenta },
        );
        page.item('', `“${show(cue.quote, 240)}”`, { indent: 2 });
        page.item('', show(cue.explanation, 240), { indent: 2, style: dim });
      }
      more(page, found.length, MAX_CUES);
    },
    'hints, not verdicts',
  );
}

function measures(page: TerminalPage, briefing: Briefing): void {
  const { dim, cyan } = page.colors;
  section(page, 'Readability', part(briefing, 'readability'), (value) => {
    page.row(
      'Reading ease',
      `${formatDecimal(value.fleschReadingEase, 1)} (${readingLevel(value.fleschReadingEase)})`,
      LABEL,
    );
    page.row('School grade', formatDecimal(value.fleschKincaidGrade, 1), LABEL);
    page.row('Words a sentence', formatDecimal(value.averageSentenceWords, 1), LABEL);
  });
  section(page, 'Quality', part(briefing, 'quality'), (quality) => {
    const rows = [['overall', quality.overall] as const, ...Object.entries(quality.parts)];
    for (const [name, value] of rows) {
      const barWidth = Math.min(16, page.width - LABEL - 8);
      const drawn = bar(value, barWidth);
      page.line(
        `${dim(padEnd(clip(show(name, 40), LABEL), LABEL))}  ${cyan(drawn)}${dim('·'.repeat(barWidth - displayWidth(drawn)))} ${formatPercent(value).padStart(5)}`,
      );
    }
    for (const note of quality.notes.slice(0, MAX_ROWS))
      page.item('• ', show(note, 240), { style: dim, leadStyle: dim });
  });
}

function origin(page: TerminalPage, briefing: Briefing): void {
  const { dim, yellow, red } = page.colors;
  const { timings, document } = briefing;
  const notes = gapsOf(briefing);
  if (notes.length > 0 || document.warnings.length > 0) page.heading('What did not run as planned');
  for (const note of notes.slice(0, 30)) {
    const style = note.outcome === 'failed' ? red : yellow;
    page.item(`${padEnd(note.outcome, 7)}  `, `${show(note.stage, 60)}: ${show(note.reason)}`, {
      leadStyle: style,
    });
  }
  more(page, notes.length, 30);
  for (const warning of document.warnings.slice(0, MAX_ROWS)) {
    const where = warning.line === undefined ? '' : ` (line ${warning.line})`;
    page.item('parser   ', `${show(warning.message, 240)}${where}`, { leadStyle: yellow });
  }
  more(page, document.warnings.length, MAX_ROWS);
  const total = timings.reduce((sum, { ms }) => sum + ms, 0);
  page.heading('Time per stage', timings.length === 0 ? '' : formatElapsed(total));
  if (timings.length === 0) page.text('Not recorded.', dim);
  const longest = Math.max(1e-9, ...timings.map(({ ms }) => ms));
  for (const { stage, ms } of timings.slice(0, 30)) {
    const drawn = bar(ms / longest, Math.max(4, Math.min(24, page.width - LABEL - 13)));
    page.line(
      `${padEnd(clip(show(stage, 40), LABEL), LABEL)}  ${formatElapsed(ms).padStart(9)}${drawn === '' ? '' : `  ${dim(drawn)}`}`,
    );
  }
  more(page, timings.length, 30);
  page.blank();
  page.text(show(leftOut(briefing)), dim);
  page.text(
    `${briefing.depth} briefing ${show(briefing.id, 80)}, ${show(formatInstant(briefing.createdAt), 40)}, ${briefing.producedBy}`,
    dim,
  );
}

/**
 * The briefing for a terminal. Nothing from content can move the cursor, change colours or reverse the reading
 * direction; without colours there is no escape sequence at all. Long lists are cut and say how much is left out.
 */
export function renderTerminal(briefing: Briefing, options: TerminalOptions): string {
  const asked = Number.isFinite(options.width) ? Math.floor(options.width) : DEFAULT_WIDTH;
  const page = new TerminalPage(Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, asked)), options.colors);
  const { dim } = page.colors;
  header(page, briefing);
  section(page, 'Executive summary', part(briefing, 'summary'), () => {
    const sentences = settledSummary(briefing);
    if (sentences.length === 0) return none(page);
    for (const settled of sentences.slice(0, MAX_ROWS)) summarySentence(page, settled);
    more(page, sentences.length, MAX_ROWS);
  });
  const narrative = narrativeOf(briefing);
  section(
    page,
    'Narrative',
    narrative,
    ({ text }) => {
      for (const paragraph of text.slice(0, 8000).split(/\n+/))
        if (paragraph.trim() !== '') page.text(show(paragraph, 4000));
    },
    narrative.isMade ? show(narrative.value.model, 40) : '',
  );
  topics(page, briefing);
  section(page, 'Keywords', part(briefing, 'keywords'), (keywords) => {
    if (keywords.length === 0) return none(page);
    page.text(
      keywords
        .slice(0, 16)
        .map((keyword) => show(keyword.term, 60))
        .join(' · '),
      dim,
    );
  });
  sentiment(page, briefing);
  names(page, briefing);
  claims(page, briefing);
  cues(page, briefing, 'Possible fallacies', 'fallacies');
  cues(page, briefing, 'Persuasion', 'persuasion');
  section(page, 'Tried besides', experimentLines(briefing), (lines) => {
    if (lines.length === 0) return none(page);
    for (const line of lines.slice(0, MAX_ROWS)) page.item('• ', show(line));
    more(page, lines.length, MAX_ROWS);
  });
  measures(page, briefing);
  origin(page, briefing);
  return page.toString();
}
