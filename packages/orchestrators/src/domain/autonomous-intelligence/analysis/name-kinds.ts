import nlp from 'compromise';
import type { EntityKind } from '../model.js';
import { countedAcronyms, isThingAbbreviation } from './abbreviations.js';
import type { NameMention } from './name-mentions.js';
import { BODY_HEADS, PLACE_HEADS, isParticle } from './name-mentions.js';
import type { TextModel } from './text-model.js';

export type NameKind = Extract<EntityKind, 'person' | 'organization' | 'place'>;

/** Names looked at; of more, the most frequent ones. */
const MAX_NAMES = 800;
/** Contexts in which a name is looked at before it is looked at alone. */
const CONTEXTS_PER_NAME = 2;
/** Characters of context on each side of a name: compromise takes 10 to 30 µs for each. */
const CONTEXT_LENGTH = 48;

/** Institutions compromise has no entry for. */
const LEXICON: Readonly<Record<string, string>> = {
  'al qaeda': 'Organization',
  'al qaida': 'Organization',
  'european union': 'Organization',
  'supreme soviet': 'Organization',
  congress: 'Organization',
  senate: 'Organization',
  'house of representatives': 'Organization',
  'supreme court': 'Organization',
  'white house': 'Organization',
  'common market': 'Organization',
  'armed forces': 'Organization',
  pentagon: 'Organization',
  kremlin: 'Organization',
  parliament: 'Organization',
  'soviet union': 'Place',
  'middle east': 'Place',
  'latin america': 'Place',
  'viet-nam': 'Place',
  // First names, too, for compromise.
  houston: 'Place',
  dallas: 'Place',
};

/** Codes of the list that are no places: the European Union, the euro zone, the United Nations, pseudo-codes. */
const UNIONS: ReadonlySet<string> = new Set(['EU', 'EZ', 'UN', 'XA', 'XB', 'ZZ']);

/** Countries and territories as the runtime names them, "Myanmar (Burma)" as both, and two by what they call themselves. */
const COUNTRIES: ReadonlySet<string> = new Set([
  ...countryNames(),
  'russian federation',
  'swiss confederation',
]);

function countryNames(): readonly string[] {
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  const letters = Array.from({ length: 26 }, (_, i) => String.fromCharCode(65 + i));
  return letters
    .flatMap((a) => letters.map((b) => a + b))
    .filter((code) => !UNIONS.has(code))
    .map((code) => names.of(code))
    .flatMap((name) => (name ?? '').toLowerCase().split(/ - | ?[()]/))
    .filter((name) => name.length > 2);
}

/** The same name however it is capitalised. */
export const nameKey = (text: string): string => text.toLowerCase();

const KINDS = ['organization', 'place', 'person'] as const;

/** Head nouns of things that bear a person's name or none: the "Marshall Plan", a "Single Page App". Nobody is called so. */
const THING_HEADS: ReadonlySet<string> = new Set(
  (
    'plan plans act acts bill bills law laws code doctrine treaty treaties pact accord accords agreement agreements ' +
    'amendment amendments declaration charter resolution order orders rule rules policy policies program programs ' +
    'programme project projects initiative initiatives proposal report reports memorandum award awards prize medal ' +
    'app apps application applications architecture system systems software website site page pages model models tool ' +
    'tools platform framework protocol algorithm library libraries linux engine browser version ' +
    'tax taxes deal crisis war wars battle operation storm revolution movement campaign election elections era age ' +
    'theory theorem effect principle law method test tests guide guidelines standard standards ' +
    'rocket missile missiles module spacecraft capsule shuttle mission show series episode podcast book novel film movie ' +
    'conference conferences summit song speech address message day week month year decade century'
  ).split(' '),
);
/** Watchwords written like the name of a body or a place. */
const WATCHWORDS: ReadonlySet<string> = new Set([
  'great society',
  'fair deal',
  'new deal',
  'new frontier',
  'free world',
  'third world',
  'iron curtain',
  'american dream',
]);
/** What stands before the name of a ship. */
const VESSELS: ReadonlySet<string> = new Set(['uss', 'hms', 'usns', 'rms', 'ss']);

interface Reading {
  readonly person: readonly string[];
  readonly organization: readonly string[];
  readonly place: readonly string[];
}

/**
 * What each name is, by {@link nameKey}; names that cannot be told are left out.
 *
 * A head noun such as "Department" or "Gulf" makes a body or a place, a title before it or a speaker of that name makes
 * a person. Else compromise decides: it reads up to two contexts of the name, and the name alone as a last resort. One
 * word is a person only with more than a context to say so.
 */
export function nameKinds(text: TextModel, mentions: readonly NameMention[]): ReadonlyMap<string, NameKind> {
  const byKey = new Map<string, NameMention[]>();
  for (const mention of mentions) {
    const found = byKey.get(nameKey(mention.text));
    if (found === undefined) byKey.set(nameKey(mention.text), [mention]);
    else found.push(mention);
  }
  const frequent = [...byKey].sort((a, b) => b[1].length - a[1].length).slice(0, MAX_NAMES);
  const people = knownPeople(text, mentions);
  const kinds = new Map<string, NameKind>();
  const unsure: string[] = [];
  const unknown: string[] = [];
  for (const [key, found] of frequent) {
    const kind = kindOf(key, { text, found, people });
    if (kind === undefined) {
      unknown.push(key);
      continue;
    }
    kinds.set(key, kind);
    if (kind === 'person' && !key.includes(' ') && !people.has(key)) unsure.push(key);
  }
  const parts = new Set(
    [...kinds]
      .filter(([key, kind]) => kind === 'person' && key.includes(' '))
      .flatMap(([key]) => key.split(' ')),
  );
  for (const key of unsure) {
    const isAcronym =
      byKey.get(key)?.every((mention) => mention.text === mention.text.toUpperCase()) ?? false;
    if (parts.has(key)) continue;
    if (isAcronym || alone(key) !== 'person' || isSignal(byKey.get(key) ?? [])) kinds.delete(key);
  }
  const nouns = commonNouns(text);
  for (const [key, kind] of kinds) {
    // "Marshall Plan" where plans are spoken of; a "Mr. Rice" keeps his name among farmers.
    const head = key.split(' ').at(-1) ?? '';
    if (kind === 'person' && head !== key && !people.has(key) && nouns.has(head)) kinds.delete(key);
  }
  const spelledOut = new Map(
    [...kinds].filter(([key]) => key.includes(' ')).map(([key, kind]) => [initialsOf(key), kind]),
  );
  const counted = countedAcronyms(text);
  for (const [key, kind] of kinds)
    if (kind === 'organization' && counted.has(key) && !spelledOut.has(key)) kinds.delete(key);
  for (const key of unknown) {
    const kind = spelledOut.get(key.replace(/\./g, ''));
    if (kind !== undefined && kind !== 'person') kinds.set(key, kind);
  }
  return kinds;
}

/** Share of mentions at the beginning of a sentence from which a single word is no name. */
const SIGNAL_SHARE = 0.8;

/** A word that opens sentences and stands nowhere else, as "Roger" on the radio, or got its capital there. */
function isSignal(mentions: readonly NameMention[]): boolean {
  return mentions.filter(({ start }) => start < 2).length >= mentions.length * SIGNAL_SHARE;
}

/** Lemmas of the nouns a text writes small. */
function commonNouns(text: TextModel): ReadonlySet<string> {
  return new Set(
    text.sentences.flatMap(({ tokens }) =>
      tokens
        .filter(({ pos, text: word }) => pos === 'NOUN' && /^\p{Ll}/u.test(word))
        .map(({ lemma }) => lemma),
    ),
  );
}

/** First letters of the words of a name that count: "un" for "united nations". */
export function initialsOf(key: string): string {
  const words = key.split(' ').filter((word) => word !== 'of' && word !== 'the' && word !== 'for');
  return words.map((word) => word.charAt(0)).join('');
}

/** Names that had a title or a turn to speak. */
function knownPeople(text: TextModel, mentions: readonly NameMention[]): ReadonlySet<string> {
  const speakers = new Set(text.sentences.flatMap((sentence) => sentence.speaker ?? []));
  return new Set([
    ...mentions.filter((mention) => mention.hasTitle).map((mention) => nameKey(mention.text)),
    ...[...speakers].flatMap((name) => [nameKey(name), ...nameKey(name).split(/\s+/)]),
  ]);
}

interface Sighting {
  readonly text: TextModel;
  readonly found: readonly NameMention[];
  readonly people: ReadonlySet<string>;
}

function kindOf(key: string, { text, found, people }: Sighting): NameKind | undefined {
  const isAcronym = found[0] !== undefined && found[0].text === found[0].text.toUpperCase();
  if (!isAcronym && isDescription(key)) return undefined;
  if ((isThing(key) || isThingAbbreviation(key)) && !people.has(key)) return undefined;
  const isPlace = COUNTRIES.has(key);
  const certain =
    (isPlace && key.includes(' ') ? 'place' : byHead(key)) ??
    (people.has(key) ? 'person' : isPlace ? 'place' : undefined);
  if (certain !== undefined) return certain;
  if (isPersonWithParticle(found[0]?.text ?? '')) return 'person';
  for (const mention of found.slice(0, CONTEXTS_PER_NAME)) {
    const kind = inContext(text, mention);
    if (kind !== undefined) return kind;
  }
  return alone(found[0]?.text ?? key);
}

/** Whether it names neither somebody nor a body nor a place: a plan, a law, a war, a ship, a watchword. */
function isThing(key: string): boolean {
  if (WATCHWORDS.has(key)) return true;
  const words = key.split(' ');
  return words.length > 1 && (THING_HEADS.has(words.at(-1) ?? '') || VESSELS.has(words[0] ?? ''));
}

/** "Neil deGrasse Tyson", "Ludwig van Beethoven": compromise sees two names. "Santiago de Chile" is no person. */
function isPersonWithParticle(name: string): boolean {
  const [first = '', ...others] = name.split(' ');
  if (!others.some(isParticle) || alone(first) !== 'person') return false;
  return alone(name) !== 'place' && alone(others.at(-1) ?? '') !== 'place';
}

function byHead(key: string): NameKind | undefined {
  const words = key.split(' ');
  if (words.length < 2) return undefined;
  const [first = '', second = ''] = words;
  const last = words.at(-1) ?? '';
  if (first === 'team' || BODY_HEADS.has(last) || (BODY_HEADS.has(first) && second === 'of'))
    return 'organization';
  if (words.includes('of') && words.some((word, i) => BODY_HEADS.has(word) && words[i + 1] === 'of'))
    return 'organization';
  if (PLACE_HEADS.has(last) || (PLACE_HEADS.has(first) && second === 'of')) return 'place';
  return undefined;
}

/** What compromise takes the name for where it stands; the first of body, place and person. */
function inContext(text: TextModel, mention: NameMention): NameKind | undefined {
  const reading = namesIn(contextOf(text, mention));
  const key = nameKey(mention.text);
  return KINDS.find((kind) => reading[kind].some((found) => speaksFor(found, key, kind)));
}

function contextOf(text: TextModel, mention: NameMention): string {
  const whole = text.sentences[mention.sentence]?.text ?? mention.text;
  const from = Math.max(0, mention.start - CONTEXT_LENGTH);
  const to = mention.start + mention.text.length + CONTEXT_LENGTH;
  const start = from === 0 ? 0 : whole.indexOf(' ', from) + 1;
  return whole.slice(start > mention.start ? from : start, to);
}

/** Names in a sentence as compromise tags them, in lower case. */
export function namesIn(context: string): Reading {
  const doc = nlp(context, LEXICON);
  return {
    person: cleaned(doc.people().out('array')),
    organization: cleaned(doc.organizations().out('array')),
    place: cleaned(doc.places().out('array')),
  };
}

function cleaned(found: unknown): readonly string[] {
  if (!Array.isArray(found)) return [];
  return found
    .map((name) =>
      String(name)
        .toLowerCase()
        .replace(/['’]s$/, '')
        .replace(/^[^\p{L}]+|[^\p{L}.]+$/gu, '')
        .replace(/(?<!\b\p{L})\.$/u, ''),
    )
    .filter((name) => name.length > 1);
}

/** Whether what compromise found tells about the name: it is the name, its end, or a person's name that holds it. */
function speaksFor(found: string, key: string, kind: NameKind): boolean {
  if (found === key || key.endsWith(` ${found}`)) return true;
  return kind === 'person' && (found.endsWith(` ${key}`) || found.startsWith(`${key} `));
}

/** One word that says where something is from or how it is: "American", "Jewish". */
function isDescription(key: string): boolean {
  if (key.includes(' ') || COUNTRIES.has(key)) return false;
  const word = nlp(key, LEXICON);
  return word.has('^#Demonym$') || (word.has('^#Adjective$') && !word.has('#Place'));
}

function alone(name: string): NameKind | undefined {
  const reading = namesIn(name);
  const key = nameKey(name);
  return KINDS.find((kind) => reading[kind].includes(key));
}
