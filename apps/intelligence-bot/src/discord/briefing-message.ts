import {
  renderJson,
  renderMarkdown,
  settledSummary,
  type Briefing,
  type BriefingSummary,
  type CheckedClaim,
  type CueFinding,
  type SearchHit,
  type SettledSentence,
  type Verdict,
} from '@kapelle/orchestrators';
import { attached } from './attachment.js';
import { chunks, cut, escapeMarkup, line } from './chat-text.js';
import type { ChatEmbed, ChatField, ChatMessage } from './chat-surface.js';
import { COLOR } from './colors.js';
import { fitMessage, LIMITS } from './message-limits.js';

/** Further messages of a briefing at most; a file has the rest. */
const MAX_CLAIM_MESSAGES = 3;

/** Longest item of a list in the overview, and longest sentence below it. */
const ITEM = 160;
const SENTENCE = 400;

const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  supported: '✅ supported',
  contradicted: '❌ contradicted',
  not_enough_evidence: '❔ not enough evidence',
};

/** What can be decided is what a reader looks for first. */
const ORDER: readonly Verdict[] = ['contradicted', 'supported', 'not_enough_evidence'];

/** How a briefing came about, where that is known. */
export interface BriefingOrigin {
  readonly isCached?: boolean;
  /** It is not in the database. */
  readonly isUnstored?: boolean;
  readonly warnings?: readonly string[];
  /** Why it is less than was asked for. */
  readonly reason?: string;
  /** How many items the source has, where it is a feed: the briefing is of one. */
  readonly items?: number;
}

/**
 * A briefing as messages: an overview, then the claims with what was found about each. Where they do not hold everything that the
 * briefing says in sentences, the whole of it is attached.
 */
export function briefingMessages(briefing: Briefing, origin: BriefingOrigin = {}): ChatMessage[] {
  const left: string[] = [];
  const first = { embeds: [overview(briefing, origin, left)] };
  const claims = claimMessages(briefing, left);
  const isWhole = left.length === 0 && JSON.stringify(fitMessage(first)) === JSON.stringify(first);
  if (isWhole) return [first, ...claims];
  return [first, ...claims, ...wholeMessages(briefing)];
}

/** Everything as files: one to read, which leaves away what is endless, and one with all of it. */
function wholeMessages(briefing: Briefing): ChatMessage[] {
  const name = `briefing-${briefing.id.slice(0, 12)}`;
  const files = [
    ...attached(`${name}.md`, renderMarkdown(briefing)),
    ...attached(`${name}.json`, renderJson(briefing)),
  ];
  const bytes = files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  const text = 'All of it, to read and as data:';
  return bytes <= LIMITS.fileBytes ? [{ text, files }] : files.map((file) => ({ text, files: [file] }));
}

function summaryLine({ sentence, verdict }: SettledSentence): string {
  const mark = verdict === undefined ? '' : ` (${VERDICT_WORDS[verdict]})`;
  return `• ${escapeMarkup(sentence.quote)}${mark}`;
}

function overview(briefing: Briefing, origin: BriefingOrigin, left: string[]): ChatEmbed {
  const { analysis, document, narrative, depth, producedBy, id, notes } = briefing;
  const isReduced = producedBy === 'fallback_autonomous' || origin.reason !== undefined;
  const summary =
    narrative === undefined
      ? settledSummary(briefing).map(summaryLine).join('\n')
      : `${escapeMarkup(narrative.text)}\n\n*written by ${line(narrative.model, 80)}*`;
  const gaps = [
    ...(origin.isUnstored === true
      ? ['The database did not take it: /results finds it only until the bot is restarted.']
      : []),
    ...(origin.reason === undefined ? [] : [origin.reason]),
    ...(isReduced ? (origin.warnings ?? []) : []),
    ...notes
      .filter(({ outcome }) => outcome === 'failed' || (isReduced && outcome === 'reduced'))
      .map(({ stage, reason }) => `${stage}: ${reason}`),
  ];
  return {
    title: line(document.title, Infinity),
    description: [linkTo(document.uri), summary === '' ? '*There is no summary.*' : summary].join('\n\n'),
    color: isReduced ? COLOR.reduced : COLOR.done,
    fields: [
      ...listed('Missing', gaps, left),
      ...(briefing.claims.length === 0
        ? []
        : [{ name: 'Claims', value: verdictCounts(shownClaims(briefing)), isInline: true }]),
      ...facts(briefing),
      ...listed('Fallacy cues (hints, no verdicts)', (analysis.fallacies ?? []).map(cue), left),
      ...listed('Persuasion cues', (analysis.persuasion ?? []).map(cue), left),
    ],
    footer: [
      id,
      depth,
      ...(isReduced ? ['reduced'] : []),
      ...(origin.isCached === true ? ['analysed before'] : []),
      ...(origin.items === undefined ? [] : [`the newest of ${String(origin.items)} items`]),
    ].join(' · '),
  };
}

function facts({ analysis, document }: Briefing): ChatField[] {
  const { keywords, topics, entities, sentiment, quality, readability } = analysis;
  const field = (name: string, value: string | undefined): ChatField[] =>
    value === undefined || value === '' ? [] : [{ name, value, isInline: true }];
  return [
    ...field('Length', `${String(document.wordCount)} words`),
    ...field(
      'Sentiment',
      // The sign is the message: a negative polarity stays one.
      sentiment && `${sentiment.overall.label} (${sentiment.overall.polarity.toFixed(2)} of −1 to 1)`,
    ),
    ...field('Quality', quality && `${String(Math.round(quality.overall * 100))} %`),
    ...field(
      'Readability',
      readability && `grade ${readability.fleschKincaidGrade.toFixed(1)} (Flesch-Kincaid)`,
    ),
    ...field('Keywords', keywords && words(keywords.map(({ term }) => term))),
    ...field(
      'Topics',
      topics &&
        words(
          topics.map(({ label }) => label),
          ' · ',
        ),
    ),
    ...field('Names', entities && words(entities.map(({ text }) => text))),
  ];
}

function words(all: readonly string[], separator = ', '): string {
  return all
    .slice(0, 8)
    .map((word) => line(word, 60))
    .join(separator);
}

function cue({ kind, quote }: CueFinding): string {
  return `${kind}: “${quote}”`;
}

/** A list in one field, as many as fit, and how many did not. */
function listed(name: string, items: readonly string[], left: string[]): ChatField[] {
  if (items.length === 0) return [];
  let value = '';
  let shown = 0;
  for (const item of items) {
    const next = `${value === '' ? '' : '\n'}• ${told(item, ITEM, left)}`;
    if (value.length + next.length > LIMITS.fieldValue - 20) break;
    value += next;
    shown += 1;
  }
  if (shown < items.length) left.push(name);
  return [{ name, value: shown < items.length ? `${value}\n… ${String(items.length - shown)} more` : value }];
}

function verdictCounts(claims: readonly CheckedClaim[]): string {
  return ORDER.map((verdict) => [verdict, claims.filter((each) => each.verdict === verdict).length] as const)
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${String(count)} ${VERDICT_WORDS[verdict]}`)
    .join('\n');
}

/** A sentence of which statements were settled by themselves is shown by these alone. */
function shownClaims({ claims }: Briefing): readonly CheckedClaim[] {
  const ids = new Set(claims.map(({ claim }) => claim.id));
  return claims.filter(({ claim }) => !ids.has(`${claim.id}-1`));
}

function claimMessages(briefing: Briefing, left: string[]): ChatMessage[] {
  const claims = shownClaims(briefing);
  if (claims.length === 0) return [];
  const speakers = new Set(claims.map(({ claim }) => claim.speaker));
  const texts = ORDER.flatMap((verdict) => {
    const alike = claims.filter((each) => each.verdict === verdict);
    return alike.length === 0
      ? []
      : [`**${VERDICT_WORDS[verdict]}**`, ...reasoned(alike, speakers.size > 1, left)];
  });
  const parts = chunks(texts.join('\n'), LIMITS.text);
  if (parts.length > MAX_CLAIM_MESSAGES) left.push('claims');
  return parts.slice(0, MAX_CLAIM_MESSAGES).map((text) => ({ text }));
}

/** Claims with the reason of their verdict below them; a reason that several have is given once. */
function reasoned(claims: readonly CheckedClaim[], hasSpeakers: boolean, left: string[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { claim, verdict, evidence, explanation } of claims) {
    const stance = verdict === 'supported' ? 'supports' : 'contradicts';
    const proof =
      verdict === 'not_enough_evidence' ? undefined : evidence.find((each) => each.stance === stance);
    const because = proof === undefined ? explanation : `${proof.statement} (${proof.source})`;
    const who = hasSpeakers && claim.speaker !== undefined ? ` ${told(claim.speaker, 60, left)}` : '';
    const said = `- “${told(claim.quote, SENTENCE, left)}”${who}`;
    byReason.set(because, [...(byReason.get(because) ?? []), said]);
  }
  return [...byReason].flatMap(([because, said]) => [...said, `> ${told(because, SENTENCE, left)}`]);
}

/** A sentence in one line; one that is too long is cut, and noted among what is left out. */
function told(text: string, limit: number, left: string[]): string {
  const shown = line(text, limit);
  if (shown !== line(text, Infinity)) left.push(shown);
  return shown;
}

/** An address to click, without a preview; as text where it is none. */
export function linkTo(uri: string): string {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  const isLink = url !== undefined && /^https?:$/.test(url.protocol) && url.href.length <= 1_000;
  return isLink ? `<${url.href}>` : cut(escapeMarkup(uri), 1_000);
}

/** Stored briefings, one line each. */
export function listText(summaries: readonly Pick<BriefingSummary, 'id' | 'title' | 'createdAt'>[]): string {
  return summaries
    .map(({ id, title, createdAt }) => `\`${id}\` ${line(title, 120)} · ${timeOf(createdAt)}`)
    .join('\n');
}

/** What a search found: the briefing, and the text around the match with the words that matched in bold. */
export function hitText({ summary, snippet: { text, matches } }: SearchHit): string {
  let shown = '';
  let at = 0;
  for (const { start, end } of matches) {
    shown += `${escapeMarkup(text.slice(at, start))}**${escapeMarkup(text.slice(start, end))}**`;
    at = end;
  }
  shown += escapeMarkup(text.slice(at));
  return `${listText([summary])}\n> ${cut(shown.replace(/\s+/g, ' ').trim(), 300)}`;
}

/** A time, ISO 8601, that everybody sees in their own time zone. */
export function timeOf(iso: string): string {
  const epochMs = Date.parse(iso);
  return Number.isNaN(epochMs) ? iso : `<t:${String(Math.floor(epochMs / 1_000))}:R>`;
}
