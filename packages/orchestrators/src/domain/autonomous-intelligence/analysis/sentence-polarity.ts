import type { Sentence, Token } from './text-model.js';
import { winkReader } from './wink-reader.js';

/**
 * What a negated word is worth, and by how much a negative word outweighs a positive one. The first is VADER's (Hutto and
 * Gilbert, ICWSM 2014); the second was chosen on one half of the sentence ratings that came with that paper.
 */
const NEGATED = -0.74;
const NEGATIVE = 1.2;
/** How fast many words of one colour come near to 1: one of 0.6 alone makes 0.5. */
const SATURATION = 1;
/** Words of these kinds colour nothing: "like a child", "according to". */
const COLOURLESS: ReadonlySet<string> = new Set(['ADP', 'SCONJ', 'AUX', 'DET']);
/**
 * Words the lexicon colours, by the company they keep in short messages, though by themselves they say nothing good or
 * bad: "took", "go on", "a further step", "what is necessary". With `/` and a part of speech, only as that one: a
 * human right, but "this is right".
 */
const COLOURLESS_WORDS: ReadonlySet<string> = new Set(
  (
    'go take get come put bring keep meet reach stand leave prove turn call ask tell further still maximum evident ' +
    'necessary certain enough alone/ADV yet ready/ADJ kind/NOUN right/NOUN interest/NOUN work/NOUN care/NOUN ' +
    'welfare/NOUN agenda deficit/ADJ matter state united nation national public security/NOUN defense/NOUN'
  ).split(' '),
);
/** Beside these "well" measures and praises nothing: "well below", "as well as". */
const AFTER_WELL: ReadonlySet<string> = new Set(
  'as below above over under before after beyond past into known'.split(' '),
);
/** Words looked up in one go. */
const BATCH = 2_000;

/**
 * The polarity of each sentence, -1 to 1: the sum of what the model's lexicon says of its words, or else of their dictionary
 * forms, turned round and weakened where they are negated, and squashed so that length alone makes nothing extreme.
 */
export function withPolarity(sentences: readonly Sentence[]): readonly Sentence[] {
  const words = new Set<string>();
  for (const { tokens } of sentences) for (const { normal, lemma } of tokens) words.add(normal).add(lemma);
  const valence = valences([...words].filter((word) => !/\s/.test(word)));
  return sentences.map((sentence) => ({ ...sentence, polarity: polarityOf(sentence, valence) }));
}

function valences(words: readonly string[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (let at = 0; at < words.length; at += BATCH) {
    const batch = words.slice(at, at + BATCH);
    winkReader.polarities(batch).forEach((value, index) => {
      if (value !== 0) found.set(batch[index] ?? '', value);
    });
  }
  return found;
}

function polarityOf({ tokens }: Sentence, valence: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [at, token] of tokens.entries()) {
    const { normal, lemma, isNegated } = token;
    const value = valence.get(normal) ?? valence.get(lemma) ?? 0;
    if (value === 0 || isColourless(token, tokens[at + 1], at === 0)) continue;
    const turned = isNegated ? value * NEGATED : value;
    sum += turned < 0 ? turned * NEGATIVE : turned;
  }
  return sum === 0 ? 0 : sum / Math.sqrt(sum * sum + SATURATION);
}

function isColourless(
  { normal, lemma, pos, text }: Token,
  next: Token | undefined,
  isFirst: boolean,
): boolean {
  if (COLOURLESS.has(pos) || COLOURLESS_WORDS.has(lemma) || COLOURLESS_WORDS.has(`${lemma}/${pos}`))
    return true;
  // A name is no judgement: "the Great Depression", "Peace Corps". Shouted words are no names.
  if (pos === 'PROPN' && !isFirst && /^\p{Lu}\p{Ll}/u.test(text)) return true;
  return normal === 'well' && next !== undefined && AFTER_WELL.has(next.normal);
}
