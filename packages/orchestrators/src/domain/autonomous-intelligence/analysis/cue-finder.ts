import type { CueFinding } from '../model.js';
import type { CueRule } from './fallacy-rules.js';
import { isQuestion, referenceTo } from './text-model.js';
import type { Sentence, TextModel } from './text-model.js';
import { matchPattern, patternText, tokenPattern } from './token-pattern.js';
import type { PatternText, TokenPattern } from './token-pattern.js';

interface CompiledRule {
  readonly rule: CueRule;
  readonly patterns: readonly TokenPattern[];
  readonly unless: readonly TokenPattern[];
}

/** Rules ready to be matched. */
export function compileRules(rules: readonly CueRule[]): readonly CompiledRule[] {
  return rules.map((rule) => ({
    rule,
    patterns: rule.patterns.map(tokenPattern),
    unless: (rule.unless ?? []).map(tokenPattern),
  }));
}

/** Findings of the rules in document order; one per sentence and rule. Headings are left out. */
export function findByRules(text: TextModel, rules: readonly CompiledRule[]): readonly CueFinding[] {
  return text.sentences
    .filter((sentence) => sentence.kind !== 'heading')
    .flatMap((sentence) => {
      const words = patternText(sentence.tokens);
      return rules.flatMap((rule) => findingOf(sentence, words, rule) ?? []);
    });
}

function findingOf(
  sentence: Sentence,
  text: PatternText,
  { rule, patterns, unless }: CompiledRule,
): CueFinding | undefined {
  if (rule.form !== undefined && isQuestion(sentence) !== (rule.form === 'question')) return undefined;
  for (const pattern of patterns) {
    const match = matchPattern(pattern, text);
    if (match === undefined) continue;
    if (unless.some((other) => matchPattern(other, text) !== undefined)) return undefined;
    const words = quoted(sentence, text, match.first, match.last);
    return {
      ...referenceTo(sentence),
      kind: rule.kind,
      explanation: `${rule.explanation}: "${words}".`,
      confidence: rule.confidence,
    };
  }
  return undefined;
}

const MAX_QUOTED = 160;

function quoted(sentence: Sentence, { words }: PatternText, first: number, last: number): string {
  const from = words[first]?.start ?? 0;
  const end = words[last];
  const to = end === undefined ? sentence.text.length : end.start + end.text.length;
  return sentence.text.slice(from, Math.min(to, from + MAX_QUOTED)).replace(/\s+/g, ' ');
}
