import type { Reference } from './assertion.js';
import type { DayRange } from './calendar.js';
import { factRange, type KnowledgeBase } from './knowledge-base.js';
import type { CountFact, EventFact, Office, Party } from './knowledge-fact.js';
import type { EventWording } from './lexicon.js';
import { amountAt, type Amount } from './quantity.js';
import { timeAt, type TimePhrase } from './time-phrase.js';
import { numberAt, ordinalAt } from './tokens.js';

/** A part of a sentence that means something to the base, or a plain word that does not. */
export type Item =
  | { readonly type: 'word'; readonly text: string }
  | { readonly type: 'entity'; readonly text: string; readonly reference: Reference }
  | { readonly type: 'wording'; readonly text: string; readonly wordings: readonly EventWording[] }
  | { readonly type: 'unit'; readonly text: string; readonly counts: readonly CountFact[] }
  | {
      readonly type: 'office';
      readonly text: string;
      readonly office: Office;
      readonly isBare: boolean;
      readonly namesCountry: boolean;
    }
  | { readonly type: 'party'; readonly text: string; readonly party: Party }
  | { readonly type: 'number'; readonly text: string; readonly value: number }
  | { readonly type: 'amount'; readonly text: string; readonly amount: Amount }
  | { readonly type: 'ordinal'; readonly text: string; readonly value: number }
  | { readonly type: 'time'; readonly text: string; readonly time: TimePhrase };

const PARTY_WORDS: Readonly<Record<string, Party>> = {
  democrat: 'Democratic',
  democratic: 'Democratic',
  republican: 'Republican',
  whig: 'Whig',
  federalist: 'Federalist',
};
const COUNTRY_BEFORE = ['us', 'usa', 'american', 'united states'].map((name) => name.split(' '));
const COUNTRY_AFTER = [
  'of united states of america',
  'of united states',
  'of usa',
  'of us',
  'of america',
].map((name) => name.split(' '));

function startsWith(tokens: readonly string[], at: number, words: readonly string[]): boolean {
  return words.every((word, offset) => tokens[at + offset] === word);
}

function officeAt(
  tokens: readonly string[],
  at: number,
): { readonly item: Item; readonly length: number } | undefined {
  const before = COUNTRY_BEFORE.find((words) => startsWith(tokens, at, words))?.length ?? 0;
  let position = at + before;
  const isVice = tokens[position] === 'vice';
  if (isVice) position += 1;
  const isBare = tokens[position] === 'president';
  if (!isBare && tokens[position] !== 'presidency') return undefined;
  position += 1;
  const after = COUNTRY_AFTER.find((words) => startsWith(tokens, position, words))?.length ?? 0;
  position += after;
  const namesCountry = before + after > 0;
  const text = tokens.slice(at, position).join(' ');
  return {
    item: { type: 'office', text, office: isVice ? 'vice-president' : 'president', isBare, namesCountry },
    length: position - at,
  };
}

/** Splits a tokenized sentence into items, the longest known run of words first. */
export function readItems(
  tokens: readonly string[],
  base: KnowledgeBase,
  asOf: DayRange | undefined,
): readonly Item[] {
  const items: Item[] = [];
  let at = 0;
  const push = (item: Item, length: number): void => {
    items.push(item);
    at += length;
  };
  while (at < tokens.length) {
    const token = tokens[at] ?? '';
    const time = timeAt(tokens, at, asOf);
    const office = officeAt(tokens, at);
    const known = base.lexicon.at(tokens, at);
    const ordinal = ordinalAt(tokens, at);
    const number = numberAt(tokens, at);
    const amount = amountAt(tokens, at);
    const text = (length: number): string => tokens.slice(at, at + length).join(' ');
    if (time !== undefined) push({ type: 'time', text: time.time.text, time: time.time }, time.length);
    else if (amount !== undefined && amount.length > (known?.words.length ?? 0))
      push({ type: 'amount', text: text(amount.length), amount: amount.amount }, amount.length);
    else if (office !== undefined && office.length > (known?.words.length ?? 0))
      push(office.item, office.length);
    else if (known !== undefined) {
      const { length } = known.words;
      if (known.candidates.length > 0) {
        push(
          {
            type: 'entity',
            text: text(length),
            reference: { candidates: known.candidates, text: text(length) },
          },
          length,
        );
      } else if (known.wordings.length > 0)
        push({ type: 'wording', text: text(length), wordings: known.wordings }, length);
      else push({ type: 'unit', text: text(length), counts: known.counts }, length);
    } else if (Object.hasOwn(PARTY_WORDS, token))
      push({ type: 'party', text: token, party: PARTY_WORDS[token]! }, 1);
    else if (ordinal !== undefined)
      push({ type: 'ordinal', text: text(ordinal.length), value: ordinal.value }, ordinal.length);
    else if (number !== undefined)
      push({ type: 'number', text: text(number.length), value: number.value }, number.length);
    else push({ type: 'word', text: token }, 1);
  }
  return foldTimes(foldTitles(items, base), base);
}

/** `President Johnson` is one person: the bearers of the name who ever held that office. */
function foldTitles(items: readonly Item[], base: KnowledgeBase): readonly Item[] {
  const folded: Item[] = [];
  for (let at = 0; at < items.length; at += 1) {
    const item = items[at]!;
    const next = items[at + 1];
    if (item.type !== 'office' || !item.isBare || next?.type !== 'entity') {
      folded.push(item);
      continue;
    }
    const holders = next.reference.candidates.filter(
      (candidate) => base.officeFacts(candidate.subject, item.office).length > 0,
    );
    const text = `${item.text} ${next.text}`;
    if (holders.length > 0) {
      const candidates = holders.map((candidate) => ({ ...candidate, isSure: true }));
      const last = folded.at(-1);
      if (last?.type === 'word' && last.text === 'former') folded.pop();
      folded.push({ type: 'entity', text, reference: { candidates, text } });
      at += 1;
    } else folded.push(item);
  }
  return folded;
}

/** The one stretch of time an event took, where it took exactly one. */
function eventRange(facts: readonly EventFact[]): DayRange | undefined {
  const spans = facts.filter((fact) => fact.validTo !== undefined);
  const chosen = spans.length > 0 ? spans : facts;
  return chosen.length === 1 ? factRange(chosen[0]!) : undefined;
}

function rangeTime(range: DayRange, word: string, text: string): TimePhrase {
  const around: DayRange =
    word === 'before'
      ? { from: -Infinity, to: range.from }
      : word === 'after'
        ? { from: range.to, to: Infinity }
        : range;
  return { relation: 'in', core: around, outer: around, text, isResolved: true };
}

/** Reads `during World War II`, `when the Berlin Wall fell`, `during Truman's presidency` as times. */
function foldTimes(items: readonly Item[], base: KnowledgeBase): readonly Item[] {
  const folded: Item[] = [];
  for (let at = 0; at < items.length; at += 1) {
    const item = items[at]!;
    const next = items[at + 1];
    const word = item.type === 'word' ? item.text : '';
    if (!['during', 'in', 'before', 'after', 'when'].includes(word) || next?.type !== 'entity') {
      folded.push(item);
      continue;
    }
    const third = items[at + 2];
    const fourth = items[at + 3];
    const subjects = new Set(next.reference.candidates.map((candidate) => candidate.subject));
    let range: DayRange | undefined;
    let length = 2;
    if (word === 'when') {
      if (third?.type === 'wording') {
        range = eventRange(
          third.wordings.filter(({ fact }) => subjects.has(fact.subject)).map(({ fact }) => fact),
        );
        length = 3;
      }
    } else if (third?.type === 'word' && third.text === "'s") {
      const isPresidency =
        (fourth?.type === 'office' && !fourth.isBare && fourth.office === 'president') ||
        (fourth?.type === 'word' && fourth.text === 'administration');
      const spells = [...subjects].flatMap((subject) => base.officeFacts(subject, 'president'));
      if (isPresidency && spells.length === 1) range = factRange(spells[0]!);
      length = 4;
    } else range = eventRange([...subjects].flatMap((subject) => base.events(subject)));
    if (range === undefined) folded.push(item);
    else {
      const text = items
        .slice(at, at + length)
        .map((part) => part.text)
        .join(' ');
      folded.push({ type: 'time', text, time: rangeTime(range, word, text) });
      at += length - 1;
    }
  }
  return folded;
}
