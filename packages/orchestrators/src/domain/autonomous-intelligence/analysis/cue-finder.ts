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
  readonly afterReproach: readonly TokenPattern[];
}

/** Sentences before a finding in which the reproach it answers is looked for. */
const REPROACH_WINDOW = 2;

/** Rules ready to be matched. */
export function compileRules(rules: readonly CueRule[]): readonly CompiledRule[] {
  return rules.map((rule) => ({
    rule,
    patterns: rule.patterns.map(tokenPattern),
    unless: (rule.unless ?? []).map(tokenPattern),
    afterReproach: (rule.afterReproach ?? []).map(tokenPattern),
  }));
}

/** Findings of the rules in document order; one per sentence and rule. Headings are left out. */
export function findByRules(text: TextModel, rules: readonly CompiledRule[]): readonly CueFinding[] {
  return text.sentences
    .filter((sentence) => sentence.kind !== 'heading')
    .flatMap((sentence) => {
      const words = patternText(sentence.tokens);
      const before = (): boolean =>
        text.sentences.slice(Math.max(0, sentence.index - REPROACH_WINDOW), sentence.index).some(isReproach);
      return rules.flatMap((rule) => findingOf(sentence, { text: words, before }, rule) ?? []);
    });
}

/** Negative words from this polarity on are more than a trouble that is told. */
const REPROACH_POLARITY = -0.25;
const ACCUSING =
  /\b(?:lie[ds]?|lying|liars?|corrupt(?:ion)?|crimes?|criminals?|scandals?|guilty|fraud|blam(?:e[ds]?|ing)|accus(?:e[ds]?|ing)|cheat(?:s|ed|ing)?|hypocri(?:te|tes|sy)|betray(?:s|ed)?|violat(?:e[ds]?|ion|ions)|illegal(?:ly)?|unacceptable|outrageous|disgraceful?|shame(?:ful)?|abuse[ds]?|steal(?:s|ing)?|stole)\b/iu;

/** Whether a sentence reproaches somebody: it has a word of blame, or its words are bad ones. */
export function isReproach({ text, polarity, kind }: Sentence): boolean {
  return kind !== 'heading' && (ACCUSING.test(text) || polarity <= REPROACH_POLARITY);
}

interface Context {
  readonly text: PatternText;
  /** Whether a reproach stands before. */
  readonly before: () => boolean;
}

function findingOf(
  sentence: Sentence,
  { text, before }: Context,
  { rule, patterns, unless, afterReproach }: CompiledRule,
): CueFinding | undefined {
  if (rule.form !== undefined && isQuestion(sentence) !== (rule.form === 'question')) return undefined;
  for (const pattern of [...patterns, ...afterReproach]) {
    const match = matchPattern(pattern, text);
    if (match === undefined || (afterReproach.includes(pattern) && !before())) continue;
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
