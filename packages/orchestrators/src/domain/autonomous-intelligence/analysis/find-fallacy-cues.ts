import type { CueFinding } from '../model.js';
import { compileRules, findByRules } from './cue-finder.js';
import { FALLACY_RULES } from './fallacy-rules.js';
import type { TextModel } from './text-model.js';

const RULES = compileRules(FALLACY_RULES);

/**
 * Wording that often goes with a fallacy ({@link FALLACY_RULES}), in document order, at most one of a kind per sentence.
 *
 * A finding is a cue for a reader, never a verdict: the rules see words, not arguments, and someone who quotes or
 * refutes a fallacy uses its words too. Confidence is set by hand per rule, at most 0.6, and orders findings; it
 * is no measured hit rate. English only: none in other languages.
 */
export function findFallacyCues(text: TextModel): readonly CueFinding[] {
  return text.isEnglish ? findByRules(text, RULES) : [];
}
