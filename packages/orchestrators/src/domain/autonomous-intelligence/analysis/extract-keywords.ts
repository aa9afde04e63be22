import type { Keyword } from '../model.js';
import { countOption } from './analysis-option-error.js';
import { rankTerms } from './terms.js';
import type { Term } from './terms.js';
import type { TextModel } from './text-model.js';

export interface KeywordOptions {
  /**
   * How many at most.
   *
   * @minimum 1
   * @default 15
   */
  readonly limit?: number;
}

/** Words that occur once are listed only among so many: a short text has little else, a longer list is noise. */
const MAX_WITH_SINGLES = 10;

/**
 * The words and phrases the text is about, best first; scores are relative to the best, which has 1.
 * Ranked by {@link rankTerms}. Of terms that contain one another, or share a stem, only the better one is kept; those that
 * occur once are among the first ten or left out.
 *
 * @throws AnalysisOptionError when `limit` is not an integer of at least 1
 */
export function extractKeywords(text: TextModel, options: KeywordOptions = {}): readonly Keyword[] {
  const limit = countOption('limit', options.limit, 15);
  const ranked = distinctTerms(rankTerms(text), limit);
  const terms = ranked.filter(({ count }, at) => count > 1 || at < MAX_WITH_SINGLES);
  const best = terms[0]?.score ?? 1;
  return terms.map(({ surface, count, score }) => ({ term: surface, count, score: score / best }));
}

/**
 * The first terms of a ranking that are not variants of a better one: terms without a positive score are dropped, and
 * so are those that contain a kept term or are contained in one.
 */
export function distinctTerms(ranked: readonly Term[], limit: number): readonly Term[] {
  const kept: Term[] = [];
  const taken = new Set<string>();
  const phrases: string[] = [];
  for (const term of ranked) {
    if (kept.length === limit || term.score <= 0) break;
    const stems = term.lemmas.map(stemOf);
    const phrase = ` ${stems.join(' ')} `;
    const inside = phrases.some((other) => other.includes(phrase) || phrase.includes(other));
    if (inside || taken.has(phrase)) continue;
    taken.add(phrase);
    phrases.push(phrase);
    kept.push(term);
  }
  return kept;
}

/** Enough of a stem to see that "Tools" and "tool", "communism" and "communist" are one; the model has lemmas only. */
function stemOf(lemma: string): string {
  if (lemma.length > 6) return lemma.replace(/(?:ings?|isms?|ists?|ns?|al|s)$/, '');
  return lemma.length > 3 ? lemma.replace(/(?<=[^su])s$/, '') : lemma;
}
