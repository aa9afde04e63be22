import type {
  Analysis,
  Briefing,
  CheckedClaim,
  Entity,
  EntityKind,
  SentimentScore,
  StageNote,
  Verdict,
} from '../model.js';
import { languageName } from '../language-name.js';
import { isPlannedGap } from '../planned-gap.js';

/** Parts of a briefing that may not have been made. */
export type Part = keyof Analysis | 'verification' | 'narrative';

/** Either what a part holds, or why there is nothing. */
export type Made<T> =
  | { readonly isMade: true; readonly value: T }
  | {
      readonly isMade: false;
      readonly reason: string;
      /** Nobody asked for it: the part is left away instead of being missed. */
      readonly isPlanned: boolean;
    };

/** Beginnings of the words stages are called by, for each part. */
const STAGE_WORDS: Readonly<Record<Part, readonly string[]>> = {
  summary: ['summar'],
  keywords: ['keyword'],
  topics: ['topic'],
  entities: ['entit'],
  sentiment: ['sentiment'],
  claims: ['claim'],
  fallacies: ['fallac'],
  persuasion: ['persua'],
  readability: ['readab'],
  quality: ['quality'],
  verification: ['verif', 'check', 'knowledge'],
  narrative: ['narrat', 'model', 'prose'],
};
const OUTCOME = { skipped: 'not run', failed: 'failed', reduced: 'reduced' } as const;

/** The note about a part that is not there. */
function noteOn({ notes }: Briefing, part: Part): StageNote | undefined {
  const named = (words: readonly string[]): StageNote | undefined =>
    notes.find((note) => words.some((word) => note.stage.toLowerCase().includes(word)));
  return named(STAGE_WORDS[part]) ?? (part === 'narrative' ? undefined : named(['analy']));
}

/** Why a part is not there, in the words of the note about it. */
export function whyMissing(briefing: Briefing, part: Part): string {
  const note = noteOn(briefing, part);
  return note === undefined
    ? `not run: no reason was recorded (depth ${briefing.depth})`
    : `${OUTCOME[note.outcome]}: ${note.reason}`;
}

function notMade(briefing: Briefing, part: Part): Made<never> {
  const note = noteOn(briefing, part);
  return {
    isMade: false,
    reason: whyMissing(briefing, part),
    isPlanned: note !== undefined && isPlannedGap(note),
  };
}

/** The narrative, or why there is none. */
export function narrativeOf(briefing: Briefing): Made<NonNullable<Briefing['narrative']>> {
  const { narrative } = briefing;
  return narrative === undefined ? notMade(briefing, 'narrative') : { isMade: true, value: narrative };
}

/** What went other than planned. */
export function gapsOf({ notes }: Briefing): readonly StageNote[] {
  return notes.filter((note) => !isPlannedGap(note));
}

/** What nobody asked for, in one line; empty where everything was. */
export function leftOut({ notes }: Briefing): string {
  const byReason = new Map<string, string[]>();
  for (const { stage, reason, ...note } of notes) {
    if (!isPlannedGap({ stage, reason, ...note })) continue;
    byReason.set(reason, [...(byReason.get(reason) ?? []), stage]);
  }
  const told = [...byReason].map(([reason, stages]) => `${stages.join(', ')} (${reason.replace(/\.$/, '')})`);
  return told.length === 0 ? '' : `Left out: ${told.join('; ')}.`;
}

/** A part of the analysis, or why it is missing. */
export function part<K extends keyof Analysis>(briefing: Briefing, name: K): Made<Analysis[K]> {
  const value = briefing.analysis[name];
  return value === undefined ? notMade(briefing, name) : { isMade: true, value: value };
}

/** A claim with its verdict, or without one where it was not checked. */
export interface ClaimView {
  readonly claim: CheckedClaim['claim'];
  readonly checked?: CheckedClaim;
}

const VERDICT_ORDER: Readonly<Record<Verdict, number>> = {
  contradicted: 0,
  supported: 1,
  not_enough_evidence: 2,
};

/**
 * Claims, those with a verdict first, then by how well they suit checking. A sentence of which statements were settled by
 * themselves is shown by these alone.
 */
export function claimViews(briefing: Briefing): Made<readonly ClaimView[]> {
  if (briefing.claims.length === 0 && briefing.analysis.claims === undefined) {
    return notMade(briefing, 'claims');
  }
  const checked = new Set(briefing.claims.map(({ claim }) => claim.id));
  const views: ClaimView[] = [
    ...briefing.claims
      .filter(({ claim }) => !checked.has(`${claim.id}-1`))
      .map((one) => ({ claim: one.claim, checked: one })),
    ...(briefing.analysis.claims ?? []).filter((claim) => !checked.has(claim.id)).map((claim) => ({ claim })),
  ];
  const rank = (view: ClaimView): number =>
    view.checked === undefined ? 3 : VERDICT_ORDER[view.checked.verdict];
  const sorted = views
    .map((view, at) => ({ view, at }))
    .sort(
      (a, b) =>
        rank(a.view) - rank(b.view) ||
        b.view.claim.checkworthiness - a.view.claim.checkworthiness ||
        a.at - b.at,
    )
    .map(({ view }) => view);
  return { isMade: true, value: sorted };
}

/** Claims about which there is the same little to say. */
export interface OpenClaims {
  readonly explanation: string;
  readonly views: readonly ClaimView[];
}

/** Parts claims that deserve a look each from those nothing at all is known about, by the reason. */
export function splitClaims(views: readonly ClaimView[]): {
  readonly telling: readonly ClaimView[];
  readonly open: readonly OpenClaims[];
} {
  const open = new Map<string, ClaimView[]>();
  const telling: ClaimView[] = [];
  for (const view of views) {
    const { checked } = view;
    if (checked?.verdict !== 'not_enough_evidence' || checked.evidence.length > 0) telling.push(view);
    else open.set(checked.explanation, [...(open.get(checked.explanation) ?? []), view]);
  }
  return { telling, open: [...open].map(([explanation, alike]) => ({ explanation, views: alike })) };
}

/** What is said about the check of a claim; nothing where the evidence below says the same. */
export function explanationOf({ verdict, evidence, explanation }: CheckedClaim): string {
  const isSaidBelow =
    verdict !== 'not_enough_evidence' &&
    evidence.length > 0 &&
    evidence.every(({ statement }) => explanation.includes(statement.replace(/\.$/, '')));
  return isSaidBelow ? '' : explanation;
}

/** How many claims have which verdict. */
export function verdictCounts(views: readonly ClaimView[]): Readonly<Record<Verdict | 'unchecked', number>> {
  const counts = { supported: 0, contradicted: 0, not_enough_evidence: 0, unchecked: 0 };
  for (const { checked } of views) counts[checked?.verdict ?? 'unchecked'] += 1;
  return counts;
}

/** Mark and words of each verdict. */
export const VERDICT_TEXT: Readonly<Record<Verdict, { readonly mark: string; readonly text: string }>> = {
  supported: { mark: '✔', text: 'supported' },
  contradicted: { mark: '✘', text: 'contradicted' },
  not_enough_evidence: { mark: '?', text: 'not enough evidence' },
};

/** Words for what evidence does. */
export const STANCE_TEXT = { supports: 'Supports', contradicts: 'Contradicts', related: 'Related' } as const;

/** Headings of the kinds of entity. */
export const ENTITY_TITLES: Readonly<Record<EntityKind, string>> = {
  person: 'People',
  organization: 'Organizations',
  place: 'Places',
  date: 'Dates',
  money: 'Money',
  percent: 'Percentages',
};

/** Entities of one kind, the most frequent first. */
export function entitiesOf(entities: readonly Entity[], kind: EntityKind): readonly Entity[] {
  return entities.filter((entity) => entity.kind === kind).sort((a, b) => b.count - a.count);
}

/** What a reader has to know before anything else, or `undefined` for a complete briefing. */
export function fallbackNotice(briefing: Briefing): readonly string[] | undefined {
  if (briefing.producedBy !== 'fallback_autonomous') return undefined;
  const reasons = gapsOf(briefing).map((note) => `${note.stage} ${OUTCOME[note.outcome]}: ${note.reason}`);
  return reasons.length === 0 ? ['The reason was not recorded.'] : reasons;
}

/** `04:05`, from an hour on `1:04:05`. */
export function formatTime(ms: number): string {
  const total = Number.isFinite(ms) ? Math.max(0, Math.floor(ms / 1000)) : 0;
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const rest = `${two(Math.floor((total % 3600) / 60))}:${two(total % 60)}`;
  return hours === 0 ? rest : `${hours}:${rest}`;
}

/** Stands for a number that is none. */
const UNKNOWN = 'n/a';

/** `18 ms`, `1.42 s` */
export function formatElapsed(ms: number): string {
  if (!Number.isFinite(ms)) return UNKNOWN;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/** A share of 0 to 1 as `42 %`. */
export function formatPercent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(share * 100)} %` : UNKNOWN;
}

/** `+0.31`, `−0.04`, `0.00` */
export function formatPolarity(polarity: number): string {
  if (!Number.isFinite(polarity)) return UNKNOWN;
  const text = Math.abs(polarity).toFixed(2);
  return text === '0.00' ? text : `${polarity < 0 ? '−' : '+'}${text}`;
}

/** A whole number with thousands apart: `6,214`. */
export function formatCount(value: number): string {
  return Number.isFinite(value) ? value.toLocaleString('en-US') : UNKNOWN;
}

/** A number with so many decimals. */
export function formatDecimal(value: number, decimals: number): string {
  return Number.isFinite(value) ? value.toFixed(decimals) : UNKNOWN;
}

/** `2014-01-28`, with the time of day where there is one; anything that is no ISO date as it stands. */
export function formatInstant(iso: string): string {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?Z$/.exec(iso);
  if (match !== null) return match[2] === '00:00' ? match[1]! : `${match[1]} ${match[2]} UTC`;
  return iso;
}

/** Where a quotation stands: speaker and time, where known. */
export function formatPlace(place: { readonly speaker?: string; readonly startMs?: number }): string {
  return [place.speaker, place.startMs === undefined ? undefined : formatTime(place.startMs)]
    .filter((text) => text !== undefined && text !== '')
    .join(', ');
}

const FORMATS: Readonly<Record<Briefing['document']['format'], string>> = {
  vtt: 'WebVTT', srt: 'SubRip', text: 'plain text', markdown: 'Markdown', html: 'HTML', 'transcript-json': 'JSON transcript', feed: 'feed',
}; // prettier-ignore

/** Author, date, form and size of the document: only what is known. */
export function sourceFacts({ document }: Briefing): readonly string[] {
  return [
    document.author === undefined ? undefined : `by ${document.author}`,
    document.publishedAt === undefined ? undefined : formatInstant(document.publishedAt),
    FORMATS[document.format],
    `${formatCount(document.wordCount)} ${document.wordCount === 1 ? 'word' : 'words'}`,
    document.durationMs === undefined ? undefined : formatTime(document.durationMs),
    languageName(document.language),
  ].filter((text) => text !== undefined);
}

/** What a Flesch reading ease stands for, in a word. */
export function readingLevel(ease: number): string {
  if (!Number.isFinite(ease)) return UNKNOWN;
  if (ease >= 80) return 'easy';
  if (ease >= 60) return 'plain';
  if (ease >= 50) return 'fairly difficult';
  return ease >= 30 ? 'difficult' : 'very difficult';
}

/** Largest distance from neutral, so that a chart can use its whole height; at least 0.3, so that little looks little. */
export function polarityScale(scores: readonly Pick<SentimentScore, 'polarity'>[]): number {
  return scores.reduce((scale, { polarity }) => Math.max(scale, Math.min(1, Math.abs(polarity) || 0)), 0.3);
}
