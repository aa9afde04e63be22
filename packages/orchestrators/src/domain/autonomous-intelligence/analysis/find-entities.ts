import type { Entity, EntityKind } from '../model.js';
import { isUnit } from './abbreviations.js';
import { mergeNames } from './merge-names.js';
import type { NamedThing } from './merge-names.js';
import { nameKey, nameKinds, namesIn } from './name-kinds.js';
import { nameMentions } from './name-mentions.js';
import type { NamedValue, Sentence, TextModel, Token } from './text-model.js';

/** Shouted sentences compromise reads. */
const MAX_SHOUTED = 250;
/** Characters of each that it reads. */
const MAX_SHOUTED_LENGTH = 400;
/** What the model takes into a value although it says only how it is used. */
const LEADING = /^(?:(?:by|in|on|since|about|some|until|from|of|the|nearly|over|around)\s)+/i;
const MONTH = /\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b/i;
const WEEKDAY = /\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b/i;
const YEAR = /\b1\d{3}s?\b|\b2[01]\d{2}s?\b/;

/**
 * People, organisations and places, dates, amounts of money and percentages, the most frequent first.
 *
 * Names are stretches of capitalised words; what they are is told by compromise in context ({@link nameKinds}), and a
 * name nobody can place is left out rather than guessed. Variants are merged: "Kennedy" goes to "John F. Kennedy" when
 * no other Kennedy is there, "U.N." to "United Nations". Dates, money and percent come from wink-nlp; a date needs a
 * year, a month or a weekday. `count` is the number of mentions, pronouns not included. Text in other languages yields
 * only values.
 */
export function findEntities(text: TextModel): readonly Entity[] {
  const names = text.isEnglish ? mergeNames([...namedThings(text), ...shoutedNames(text)]) : [];
  return [...names, ...valueEntities(text)].sort(
    (a, b) => b.count - a.count || (a.text < b.text ? -1 : a.text > b.text ? 1 : a.kind < b.kind ? -1 : 1),
  );
}

function namedThings(text: TextModel): readonly NamedThing[] {
  const mentions = nameMentions(text);
  const kinds = nameKinds(text, mentions);
  return mentions.flatMap((mention) => {
    const kind = kinds.get(nameKey(mention.text));
    return kind === undefined ? [] : [{ text: mention.text, kind }];
  });
}

/** Where everything is in capitals, only what compromise knows by word. */
function shoutedNames(text: TextModel): readonly NamedThing[] {
  return text.sentences
    .filter((sentence) => sentence.isShouted)
    .slice(0, MAX_SHOUTED)
    .flatMap((sentence) => {
      const found = namesIn(sentence.text.slice(0, MAX_SHOUTED_LENGTH).toLowerCase());
      return (['person', 'organization', 'place'] as const).flatMap((kind) =>
        // One word taken for a body is a common noun as often as not where case tells nothing.
        found[kind]
          .filter((name) => kind !== 'organization' || name.includes(' '))
          .map((name) => ({ text: inTitleCase(name), kind })),
      );
    });
}

const inTitleCase = (name: string): string =>
  name.replace(/(^|[\s-])(?!(?:of|the|and)\s)\p{Ll}/gu, (letter) => letter.toUpperCase());

function valueEntities(text: TextModel): readonly Entity[] {
  const found = new Map<string, { text: string; kind: EntityKind; count: number }>();
  for (const [sentence, value] of text.sentences.flatMap((each) =>
    each.values.map((value) => [each, value] as const),
  )) {
    const kind = isMereNumber(sentence, value) ? undefined : entityKind(value);
    if (kind === undefined) continue;
    const shown = value.text
      .replace(/\s+/g, ' ')
      .replace(LEADING, '')
      .replace(/[.,;]+$/, '');
    const key = `${kind} ${shown.toLowerCase()}`;
    const entity = found.get(key) ?? { text: shown, kind, count: 0 };
    entity.count += 1;
    found.set(key, entity);
  }
  return [...found.values()];
}

/** Years a bare number may be without a word that says so. */
const LIKELY_YEARS = { first: 1700, last: 2100 };
const BEFORE_YEAR: ReadonlySet<string> = new Set(
  'in since by from of until till before after during around about to and year fall spring summer winter early late mid'.split(
    ' ',
  ),
);

/** Nothing but digits and their point: "1296.59" is a number of seconds, "1850" may be a year. */
const FRACTION = /^[\d\s]*\d[.,]\d+$/;

/** Digits that the model takes for a year and that may as well be a measure or the number of an alarm. */
function isMereNumber({ tokens }: Sentence, { kind, text, first, last }: NamedValue): boolean {
  if (kind !== 'date') return false;
  if (FRACTION.test(text)) return true;
  if (!/^\d{4}$/.test(text)) return false;
  if (isUnit(tokens[last + 1]?.text.toLowerCase() ?? '') || isFractional(tokens, last)) return true;
  const year = Number(text);
  if (year >= LIKELY_YEARS.first && year <= LIKELY_YEARS.last) return false;
  return !BEFORE_YEAR.has(tokens[first - 1]?.normal ?? '');
}

/** The model may take the digits before the point for the whole number. */
function isFractional(tokens: readonly Token[], last: number): boolean {
  const end = tokens[last];
  const point = tokens[last + 1];
  const rest = tokens[last + 2];
  if (end === undefined || point?.text !== '.' || rest === undefined) return false;
  return (
    point.start === end.start + end.text.length && rest.start === point.start + 1 && /^\d/.test(rest.text)
  );
}

function entityKind({ kind, text }: NamedValue): EntityKind | undefined {
  if (kind === 'money' || kind === 'percent')
    return /\d/.test(text) || text.split(' ').length > 2 ? kind : undefined;
  if (kind !== 'date') return undefined;
  const named = YEAR.test(text) || WEEKDAY.test(text) || (MONTH.test(text) && /\d/.test(text));
  return named ? 'date' : undefined;
}
