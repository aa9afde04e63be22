import winkNLP from 'wink-nlp';
import type { Document, ItsFunction, PartOfSpeech, WinkMethods } from 'wink-nlp';
import model from 'wink-eng-lite-web-model';

/** A token as the model sees it; `at` is its offset in the text that was read. */
export interface ReadToken {
  readonly text: string;
  readonly at: number;
  readonly normal: string;
  readonly lemma: string;
  readonly pos: PartOfSpeech;
  readonly type: string;
  readonly isStopWord: boolean;
  readonly isNegated: boolean;
}

/** Token indices are those of {@link ReadText.tokens}, both ends included. */
export interface ReadSpan {
  readonly first: number;
  readonly last: number;
}

export interface ReadText {
  readonly tokens: readonly ReadToken[];
  readonly sentences: readonly (ReadSpan & { readonly polarity: number })[];
  readonly entities: readonly (ReadSpan & { readonly type: string })[];
}

const PIPE = ['sbd', 'negation', 'sentiment', 'ner', 'pos'];
/** The model remembers every word it meets; after this many characters a fresh one is loaded (about 0.15 s). */
const CHARACTERS_PER_MODEL = 4_000_000;

/** The English model of wink-nlp, loaded at first use and renewed now and then so that memory stays bounded. */
class WinkReader {
  #nlp: WinkMethods | undefined;
  #characters = 0;

  /** Tokens, sentences and values of a text. Linear in its length as long as no token is very long. */
  read(text: string): ReadText {
    const nlp = this.#modelFor(text.length);
    const doc = nlp.readDoc(text);
    return expandPronoun({
      tokens: tokensOf(doc, nlp, text),
      sentences: sentencesOf(doc, nlp),
      entities: entitiesOf(doc, nlp),
    });
  }

  /** Sentiment of each word by itself, -1 to 1, in the order given; 0 for a word that carries none. */
  polarities(words: readonly string[]): readonly number[] {
    const text = words.join('\n\n');
    const nlp = this.#modelFor(text.length);
    const sentences = sentencesOf(nlp.readDoc(text), nlp);
    return sentences.length === words.length
      ? sentences.map((sentence) => sentence.polarity)
      : words.map((word) => sentencesOf(nlp.readDoc(word), nlp)[0]?.polarity ?? 0);
  }

  #modelFor(characters: number): WinkMethods {
    this.#characters += characters;
    if (this.#nlp === undefined || this.#characters > CHARACTERS_PER_MODEL) {
      this.#nlp = winkNLP(model, PIPE);
      this.#characters = characters;
    }
    return this.#nlp;
  }
}

function tokensOf(doc: Document, { its }: WinkMethods, text: string): ReadToken[] {
  const tokens = doc.tokens();
  const texts = tokens.out();
  const normals = tokens.out(its.normal);
  // The declaration of `its.lemma` names its third parameter otherwise than the type it has to fit.
  const lemmas = tokens.out(its.lemma as unknown as ItsFunction<string>);
  const tags = tokens.out(its.pos) as PartOfSpeech[];
  const types = tokens.out(its.type);
  const stops = tokens.out(its.stopWordFlag) as boolean[];
  const negated = tokens.out(its.negationFlag) as boolean[];
  let cursor = 0;
  return texts.map((value, i) => {
    const at = Math.max(cursor, text.indexOf(value, cursor));
    cursor = at + value.length;
    return {
      text: value,
      at,
      normal: normals[i] ?? value,
      lemma: lemmas[i] ?? value,
      pos: tags[i] ?? 'X',
      type: types[i] ?? 'unk',
      isStopWord: stops[i] ?? false,
      isNegated: negated[i] ?? false,
    };
  });
}

function sentencesOf(doc: Document, { its }: WinkMethods): ReadText['sentences'] {
  const spans = doc.sentences().out(its.span) as unknown as number[][];
  const polarities = doc.sentences().out(its.sentiment) as unknown as number[];
  return spans
    .map(([first = 0, last = -1], i) => ({ first, last, polarity: polarities[i] ?? 0 }))
    .filter((span) => span.last >= span.first);
}

function entitiesOf(doc: Document, { its }: WinkMethods): ReadText['entities'] {
  const spans = doc.entities().out(its.span) as unknown as number[][];
  const types = doc.entities().out(its.type);
  return spans.map(([first = 0, last = 0], i) => ({ first, last, type: types[i] ?? '' }));
}

/** "I'm" is the one contraction the model takes for a name; it becomes two tokens like all others. */
function expandPronoun(read: ReadText): ReadText {
  const isPronoun = (token: ReadToken): boolean => token.normal === "i'm" || token.normal === 'im';
  if (!read.tokens.some(isPronoun)) return read;
  const opening: number[] = [];
  const closing: number[] = [];
  const tokens: ReadToken[] = [];
  for (const token of read.tokens) {
    opening.push(tokens.length);
    if (isPronoun(token)) {
      const common = { isStopWord: true, isNegated: token.isNegated, type: 'word' };
      tokens.push({
        ...common,
        text: token.text.slice(0, 1),
        at: token.at,
        normal: 'i',
        lemma: 'i',
        pos: 'PRON',
      });
      tokens.push({
        ...common,
        text: token.text.slice(1),
        at: token.at + 1,
        normal: 'am',
        lemma: 'be',
        pos: 'AUX',
      });
    } else tokens.push(token);
    closing.push(tokens.length - 1);
  }
  const move = <T extends ReadSpan>(span: T): T => ({
    ...span,
    first: opening[span.first] ?? span.first,
    last: closing[span.last] ?? span.last,
  });
  return { tokens, sentences: read.sentences.map(move), entities: read.entities.map(move) };
}

/** Shared by all readings in the process; what was read before does not change what is read next. */
export const winkReader = new WinkReader();
