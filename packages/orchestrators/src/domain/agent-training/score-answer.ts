import { wordsOf } from './training-example.js';

/** How an answer is compared with the expected one. */
export const ANSWER_SCORES = ['exact', 'token_f1', 'contains'] as const;
export type AnswerScore = (typeof ANSWER_SCORES)[number];

const ARTICLES: ReadonlySet<string> = new Set(['a', 'an', 'the']);

/**
 * How good an answer is, 0 to 1. `exact`: the same words, or not; `token_f1`: the harmonic mean of precision and recall over
 * words, as for SQuAD (P. Rajpurkar and others, 2016); `contains`: whether the expected words occur in a row.
 * Case, punctuation and English articles do not matter.
 */
export function scoreAnswer(how: AnswerScore, expected: string, answer: string): number {
  const wanted = wordsOf(expected).filter((word) => !ARTICLES.has(word));
  const given = wordsOf(answer).filter((word) => !ARTICLES.has(word));
  switch (how) {
    case 'exact':
      return wanted.length === given.length && wanted.every((word, i) => word === given[i]) ? 1 : 0;
    case 'contains':
      return ` ${given.join(' ')} `.includes(` ${wanted.join(' ')} `) ? 1 : 0;
    case 'token_f1':
      return tokenF1(wanted, given);
  }
}

function tokenF1(wanted: readonly string[], given: readonly string[]): number {
  if (wanted.length === 0 || given.length === 0) return wanted.length === given.length ? 1 : 0;
  const left = new Map<string, number>();
  for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of given) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    common += 1;
    left.set(word, count - 1);
  }
  if (common === 0) return 0;
  const precision = common / given.length;
  const recall = common / wanted.length;
  return (2 * precision * recall) / (precision + recall);
}
