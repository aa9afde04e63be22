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
    'lieutenant lt lt. admiral adm. mayor sir lord lady father sister reverend rev. madam class'
  ).split(' '),
);
/** Parts of a title only after another: "Sergeant First Class", "Major" and "General" alone also begin firms and leagues. */
const TITLE_PARTS: ReadonlySet<string> = new Set(['first', 'class', 'general', 'major', 'of', 'staff']);
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
    'street avenue hemisphere county city strait desert hills harbor harbour'
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
    const mention = mentionOf(sentence, tokens.slice(at, end + 1));
    if (mention !== undefined) mentions.push(mention);
    at = end;
  }
  return mentions;
}

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
