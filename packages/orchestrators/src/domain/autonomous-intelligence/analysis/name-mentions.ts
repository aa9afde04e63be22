import { isUnit } from './abbreviations.js';
import { officeIn } from './offices.js';
import type { Sentence, TextModel, Token } from './text-model.js';

/** A stretch of capitalised words that may name someone or something. */
export interface NameMention {
  readonly sentence: number;
  /** The words, without a leading title; as written, white space made single. */
  readonly text: string;
  /** Offset of {@link text} in its sentence. */
  readonly start: number;
  /** Whether a title such as "President" or "Dr." stood before it. */
  readonly hasTitle: boolean;
}

/** A longer run of capitalised words is a heading or noise. */
const MAX_NAME_LENGTH = 80;
const TITLES: ReadonlySet<string> = new Set(
  (
    'mr mr. mrs mrs. ms ms. miss mister dr dr. prof prof. professor president vice senator sen sen. secretary governor gov ' +
    'gov. gen gen. prime minister chairman chairwoman speaker king queen pope justice judge congressman congresswoman ' +
    'representative rep rep. ambassador chancellor premier captain capt capt. colonel col col. sergeant sgt sgt. ' +
    'lieutenant lt lt. commander cmdr cmdr. admiral adm. mayor sir lord lady father sister reverend rev. madam class'
  ).split(' '),
);
/** Parts of a title only after another: "Sergeant First Class", "Major" and "General" alone also begin firms and leagues. */
const TITLE_PARTS: ReadonlySet<string> = new Set(['first', 'class', 'general', 'major', 'of', 'staff']);
/** Titles that end what stands before them: in "Dallas Mayor Annette Strauss" a person is named, and a city. */
const INNER_TITLES: ReadonlySet<string> = new Set(
  'president senator secretary governor minister chairman speaker ambassador mayor congressman congresswoman representative commander'.split(
    ' ',
  ),
);
/** Words of the radio and of time that have a capital only because a sentence begins with them. */
const OPENERS: ReadonlySet<string> = new Set(
  'roger copy okay ok affirmative negative wilco tonight today tomorrow yesterday thanks thank hello hi dear yes no'.split(
    ' ',
  ),
);
/** Titles nobody is called by: a run that ends in one is an office, "Staff Sergeant" or "House Speaker". */
const OFFICES: ReadonlySet<string> = new Set(
  'president senator secretary governor minister chairman speaker ambassador sergeant lieutenant colonel captain'.split(
    ' ',
  ),
);
/** Head nouns of bodies: they say what a name is, and take an "of" after them. */
export const BODY_HEADS: ReadonlySet<string> = new Set(
  (
    'department bank university house bureau institute institutes office ministry court board council committee ' +
    'organization organisation agency association foundation league federation church academy college school society ' +
    'commission authority corps center centre museum chamber inc inc. corp corp. ltd ltd. llc company corporation party ' +
    'guard consortium parliament congress senate army navy force marines fund'
  ).split(' '),
);
/** Head nouns of places that take an "of" after them, or a name before. */
export const PLACE_HEADS: ReadonlySet<string> = new Set(
  (
    'gulf bay republic kingdom isle island islands lake mount mountains river ocean sea cape canal valley peninsula ' +
    'street avenue hemisphere county city strait desert hills harbor harbour circle archipelago basin canyon plateau ' +
    'beach forest park'
  ).split(' '),
);

/** All mentions of an English text in order; none from shouted sentences, where capitals tell nothing. */
export function nameMentions(text: TextModel): readonly NameMention[] {
  return text.sentences.filter((sentence) => !sentence.isShouted).flatMap(mentionsIn);
}

function mentionsIn(sentence: Sentence): NameMention[] {
  const { tokens } = sentence;
  const mentions: NameMention[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    if (!isNameWord(tokens, at)) continue;
    let end = at;
    for (let next = nameGoesOn(tokens, end); next > end; next = nameGoesOn(tokens, end)) end = next;
    if (isCalledOut(tokens, at, end) || (at === end && isMeasure(tokens, at))) continue;
    for (const [place, { words, hasTitle }] of runsOf(tokens.slice(at, end + 1)).entries()) {
      const mention = mentionOf(sentence, words);
      if (mention === undefined) continue;
      const isTitled = hasTitle || (place === 0 && followsTitle(tokens, at));
      mentions.push(isTitled ? { ...mention, hasTitle: true } : mention);
    }
    at = end;
  }
  return mentions;
}

/** "President Washington began": a title at the beginning of a sentence, which the tagger takes for a common noun. */
function followsTitle(tokens: readonly Token[], at: number): boolean {
  const title = tokens[at - 1];
  const name = tokens[at]?.text.toLowerCase() ?? '';
  if (title === undefined || title.pos !== 'NOUN' || !isCapitalised(title)) return false;
  const word = title.text.toLowerCase();
  return word !== 'class' && TITLES.has(word) && !BODY_HEADS.has(name) && !PLACE_HEADS.has(name);
}

/** "Roger." and "Ahh, roger, …": a word of the radio near the beginning, set off from what follows. */
function isCalledOut(tokens: readonly Token[], at: number, end: number): boolean {
  const next = tokens[at + 1];
  return (
    at === end &&
    at < 4 &&
    OPENERS.has(tokens[at]?.text.toLowerCase() ?? '') &&
    (next === undefined || next.pos === 'PUNCT')
  );
}

/** "5 GB". */
const isMeasure = (tokens: readonly Token[], at: number): boolean =>
  tokens[at - 1]?.pos === 'NUM' && isUnit(tokens[at]?.text.toLowerCase() ?? '');

interface Run {
  readonly words: readonly Token[];
  /** Whether a title stood before it that is not among the words. */
  readonly hasTitle: boolean;
}

/** The run without what only opens a sentence, cut before a title inside of it, and without an office before a name. */
function runsOf(whole: readonly Token[]): readonly Run[] {
  const from = whole.findIndex((token) => !OPENERS.has(token.text.toLowerCase()));
  if (from < 0) return whole.length === 1 ? [{ words: whole, hasTitle: false }] : [];
  const run = whole.slice(whole.length > 1 ? from : 0);
  const office = officeIn(run.map(({ text }) => text.toLowerCase()));
  const head = run[office?.last === undefined ? 0 : office.last + 1]?.text.toLowerCase() ?? '';
  if (office !== undefined && !BODY_HEADS.has(head) && !PLACE_HEADS.has(head)) {
    const holder = { words: run.slice(office.last + 1), hasTitle: true };
    return office.first === 0 ? [holder] : [{ words: run.slice(0, office.first), hasTitle: false }, holder];
  }
  const title = run.findIndex(
    (token, at) => at > 0 && at < run.length - 1 && INNER_TITLES.has(token.text.toLowerCase()),
  );
  const before = run[title - 1]?.text.toLowerCase() ?? '';
  const after = run[title + 1]?.text.toLowerCase() ?? '';
  if (title < 0 || TITLES.has(before) || BODY_HEADS.has(after) || PLACE_HEADS.has(after) || after === 'of')
    return [{ words: run, hasTitle: false }];
  return [run.slice(0, title), run.slice(title)].map((words) => ({ words, hasTitle: false }));
}

/** Written small inside a name: "Ludwig van Beethoven", "Rio de Janeiro". */
const PARTICLES: ReadonlySet<string> = new Set(
  'van von de der den del della di da du dos das do ibn bin ben al el la le ter ten zu zur af av'.split(' '),
);
/** A particle written as one with the surname: "deGrasse", "diCaprio". */
const PREFIXED = /^(?:de|di|da|du|del|della|la|le|van|von|al|el|ap|mac|mc|ten|ter|o)['’]?\p{Lu}\p{Ll}/u;

/** Whether a word of a name is a particle or begins with one: "van", "deGrasse". */
export const isParticle = (word: string): boolean => PARTICLES.has(word) || PREFIXED.test(word);

const isCapitalised = (token: Token): boolean => /^\p{Lu}/u.test(token.text);

/** A proper noun; or a capital inside a sentence on a noun, adjective or verb. */
function isNameWord(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at];
  if (token === undefined || !token.isWord || !isCapitalised(token)) return false;
  if (token.pos === 'PROPN') return !token.isStopWord;
  const before = tokens[at - 1];
  const opens = before === undefined || (before.pos === 'PUNCT' && before.text !== ',');
  return !opens && !token.isStopWord && (token.pos === 'NOUN' || token.pos === 'ADJ' || token.pos === 'VERB');
}

/** Index of the next word of the same name, or `end` where it ends. */
function nameGoesOn(tokens: readonly Token[], end: number): number {
  const last = tokens[end];
  const next = tokens[end + 1];
  if (last === undefined || next === undefined) return end;
  if (isNameWord(tokens, end + 1)) return end + 1;
  const after = tokens[end + 2];
  if (last.pos === 'PROPN' && PREFIXED.test(next.text) && after !== undefined && isNameWord(tokens, end + 2))
    return end + 2;
  if (last.pos === 'PROPN' && PARTICLES.has(next.text)) {
    // "Von der Leyen", "al-Assad".
    const isLonger = after !== undefined && (PARTICLES.has(after.text) || after.text === '-');
    const name = isLonger ? end + 3 : end + 2;
    if (tokens[name]?.pos === 'PROPN' && isNameWord(tokens, name)) return name;
  }
  if (next.text === '-' && next.start === last.start + last.text.length) {
    return isNameWord(tokens, end + 2) && after?.start === next.start + 1 ? end + 2 : end;
  }
  const head = last.text.toLowerCase();
  if ((next.normal !== 'of' && next.normal !== 'for') || !(BODY_HEADS.has(head) || PLACE_HEADS.has(head)))
    return end;
  if (isNameWord(tokens, end + 2)) return end + 2;
  return after?.normal === 'the' && isNameWord(tokens, end + 3) ? end + 3 : end;
}

/** Words of the title in front; none where it is part of the name: "Justice Department", "King County". */
function titleLength(run: readonly Token[]): number {
  const words = run.map((token) => token.text.toLowerCase());
  const end = words.findIndex((word, at) => !TITLES.has(word) && !(at > 0 && TITLE_PARTS.has(word)));
  if (end < 0) return run.length;
  // "General de Gaulle".
  if (end === 0 && TITLE_PARTS.has(words[0] ?? '') && PARTICLES.has(run[1]?.text ?? '')) return 1;
  const next = words[end] ?? '';
  return BODY_HEADS.has(next) || PLACE_HEADS.has(next) ? 0 : end;
}

function mentionOf(sentence: Sentence, run: readonly Token[]): NameMention | undefined {
  const from = titleLength(run);
  if (from === run.length) return undefined;
  const named = run.slice(from);
  const first = named[0];
  const last = named.at(-1);
  if (first === undefined || last === undefined || OFFICES.has(last.text.toLowerCase())) return undefined;
  const raw = sentence.text.slice(first.start, last.start + last.text.length).replace(/\s+/g, ' ');
  const text = /^(?:\p{Lu}\.)+$/u.test(raw) ? raw : raw.replace(/(?<!\b\p{Lu}|Inc|Corp|Ltd|Jr|Sr)\.$/u, '');
  if (text.length > MAX_NAME_LENGTH) return undefined;
  return /\p{L}{2}|\p{Lu}\.\p{Lu}/u.test(text)
    ? { sentence: sentence.index, text, start: first.start, hasTitle: from > 0 }
    : undefined;
}
