import type { CueFinding } from '../model.js';
import { compileRules, findByRules } from './cue-finder.js';
import { loadedLanguage } from './loaded-language.js';
import { persuasionFigures } from './persuasion-figures.js';
import { PERSUASION_RULES } from './persuasion-rules.js';
import type { TextModel } from './text-model.js';

const RULES = compileRules(PERSUASION_RULES);

/**
 * Devices of persuasion in document order: anaphora, epistrophe, tricolon, rhetorical questions, loaded language and us-versus-them
 * are counted over tokens and sentiment; calls to action, urgency, antithesis and others are wording
 * ({@link PERSUASION_RULES}). A device is not a fault, and a finding is a cue for a reader, not a verdict. English only:
 * none in other languages.
 */
export function findPersuasionCues(text: TextModel): readonly CueFinding[] {
  if (!text.isEnglish) return [];
  return [...findByRules(text, RULES), ...persuasionFigures(text), ...loadedLanguage(text)].sort(
    (a, b) => a.sentence - b.sentence || (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0),
  );
}
