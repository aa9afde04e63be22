import type { Sentence } from './text-model.js';

/** A sparse vector of unit length (or empty): term numbers, ascending, and their weights. */
export interface TermVector {
  readonly terms: readonly number[];
  readonly weights: readonly number[];
}

export interface TermVectors {
  /** One per sentence given, in that order. */
  readonly vectors: readonly TermVector[];
  /** Number of distinct terms. */
  readonly termCount: number;
}

/**
 * TF-IDF vectors of sentences over the lemmas of their content words, each scaled to length one.
 * The inverse document frequency is `ln(1 + sentences / sentences with the term)`.
 */
export function termVectors(
  sentences: readonly Sentence[],
  termsOf: (sentence: Sentence) => readonly string[] = contentLemmas,
): TermVectors {
  const numbers = new Map<string, number>();
  const documentFrequency: number[] = [];
  const counts = sentences.map((sentence) => {
    const count = new Map<number, number>();
    for (const term of termsOf(sentence)) {
      let number = numbers.get(term);
      if (number === undefined) {
        number = numbers.size;
        numbers.set(term, number);
        documentFrequency.push(0);
      }
      if (!count.has(number)) documentFrequency[number] = (documentFrequency[number] ?? 0) + 1;
      count.set(number, (count.get(number) ?? 0) + 1);
    }
    return count;
  });
  const vectors = counts.map((count) => {
    const terms = [...count.keys()].sort((a, b) => a - b);
    const raw = terms.map(
      (term) => (count.get(term) ?? 0) * Math.log(1 + sentences.length / (documentFrequency[term] ?? 1)),
    );
    const length = Math.hypot(...raw);
    return { terms, weights: raw.map((weight) => weight / length) };
  });
  return { vectors, termCount: numbers.size };
}

/** Lemmas of the content words of a sentence, in order, repeated as often as they occur. */
export function contentLemmas(sentence: Sentence): readonly string[] {
  return sentence.tokens.filter((token) => token.isContent).map((token) => token.lemma);
}

/** Cosine of two unit vectors, 0 to 1; 0 if one is empty. */
export function cosine(a: TermVector, b: TermVector): number {
  let sum = 0;
  for (let i = 0, j = 0; i < a.terms.length && j < b.terms.length;) {
    const difference = (a.terms[i] ?? 0) - (b.terms[j] ?? 0);
    if (difference === 0) sum += (a.weights[i] ?? 0) * (b.weights[j] ?? 0);
    if (difference <= 0) i += 1;
    if (difference >= 0) j += 1;
  }
  return sum;
}

/** Sum of the vectors per term: the direction a text takes as a whole. */
export function centroid({ vectors, termCount }: TermVectors): Float64Array {
  const sum = new Float64Array(termCount);
  for (const vector of vectors) {
    vector.terms.forEach((term, i) => {
      sum[term] = (sum[term] ?? 0) + (vector.weights[i] ?? 0);
    });
  }
  return sum;
}

/** Scalar product of a sparse vector with a dense one. */
export function project(vector: TermVector, onto: Float64Array): number {
  return vector.terms.reduce((sum, term, i) => sum + (vector.weights[i] ?? 0) * (onto[term] ?? 0), 0);
}
