import { createHash } from 'node:crypto';

/** How hard an example is, measured by {@link complexityOf}. */
export const EXAMPLE_COMPLEXITIES = ['basic', 'intermediate', 'advanced', 'expert'] as const;
export type ExampleComplexity = (typeof EXAMPLE_COMPLEXITIES)[number];

/** An input with the answer that is expected of it. */
export interface TrainingExample {
  readonly input: string;
  readonly expected: string;
  /** What is to be done for it, in order. */
  readonly steps?: readonly string[];
  /** Why the answer is what it is. */
  readonly reasoning?: readonly string[];
  /** The id of the example it was made from; absent for one that somebody gave. */
  readonly madeFrom?: string;
}

const WORD = /[\p{L}\p{N}]+/gu;

/** The words of a text in lower case. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(WORD) ?? [];
}

/** The same for examples with the same words and the same answer: 16 hex digits. */
export function exampleId({ input, expected }: TrainingExample): string {
  return createHash('sha256')
    .update(JSON.stringify([wordsOf(input), expected]))
    .digest('hex')
    .slice(0, 16);
}

/**
 * By the words of the input and the clauses they are in, both of which make a text hard to work on: up to 12 words basic,
 * 25 intermediate, 50 advanced, where each comma, semicolon, colon or bracket counts as 3 words.
 */
export function complexityOf({ input }: TrainingExample): ExampleComplexity {
  const clauses = (input.match(/[,;:()]/g) ?? []).length;
  const load = wordsOf(input).length + 3 * clauses;
  if (load <= 12) return 'basic';
  if (load <= 25) return 'intermediate';
  return load <= 50 ? 'advanced' : 'expert';
}
