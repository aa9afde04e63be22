import {
  complexityOf,
  EXAMPLE_COMPLEXITIES,
  exampleId,
  type ExampleComplexity,
  type TrainingExample,
  wordsOf,
} from './training-example.js';

/** What a good example adds by its complexity. */
const COMPLEXITY_BONUS: Readonly<Record<ExampleComplexity, number>> = {
  basic: 0,
  intermediate: 0.05,
  advanced: 0.1,
  expert: 0.15,
};

/**
 * How much an example has to teach, 0.7 to 1: 0.1 for three or more steps, 0.1 for any reasoning, 0.1 for five or more
 * pieces of it, and up to 0.15 for its complexity; never more than 1.
 */
export function exampleQuality(example: TrainingExample): number {
  const { steps = [], reasoning = [] } = example;
  const score =
    0.7 +
    (steps.length >= 3 ? 0.1 : 0) +
    (reasoning.length > 0 ? 0.1 : 0) +
    (reasoning.length >= 5 ? 0.1 : 0) +
    COMPLEXITY_BONUS[complexityOf(example)];
  return Math.min(1, Math.round(score * 100) / 100);
}

/** Why an example was not taken. */
export type ExampleFlaw =
  /** Fewer than three words, or no expected answer. */
  | 'too_short'
  /** Nearly the same as one that was taken before. */
  | 'near_duplicate'
  /** Nearly the same as one that is kept back: learning from it would make the measurement worthless. */
  | 'leaks_held_back'
  /** Nearly the same as one with another answer. */
  | 'contradicts'
  /** Below the wanted quality. */
  | 'low_quality';

export interface CheckedExamples {
  readonly taken: readonly TrainingExample[];
  readonly refused: readonly { readonly example: TrainingExample; readonly flaw: ExampleFlaw }[];
}

export interface ExampleChecks {
  /** What is learnt from already. */
  readonly known: readonly TrainingExample[];
  readonly heldBack: readonly TrainingExample[];
  /** Of the pairs of words of two texts; from this on they are nearly the same. 0 to 1. */
  readonly similarity: number;
  /** By {@link exampleQuality}. */
  readonly minQuality: number;
}

/** Takes the examples that can be learnt from, in order, and says of each other one why not. */
export function checkExamples(
  examples: readonly TrainingExample[],
  { known, heldBack, similarity, minQuality }: ExampleChecks,
): CheckedExamples {
  const taken: TrainingExample[] = [];
  const refused: { example: TrainingExample; flaw: ExampleFlaw }[] = [];
  const knownPairs = known.map((example) => ({ example, pairs: pairsOf(example.input) }));
  const heldPairs = heldBack.map((example) => ({ example, pairs: pairsOf(example.input) }));
  const flawOf = (example: TrainingExample): ExampleFlaw | undefined => {
    if (wordsOf(example.input).length < 3 || example.expected.trim() === '') return 'too_short';
    if (exampleQuality(example) < minQuality) return 'low_quality';
    const pairs = pairsOf(example.input);
    const id = exampleId(example);
    for (const held of heldPairs) {
      if (example.madeFrom === exampleId(held.example) || resemblance(pairs, held.pairs) >= similarity) {
        return 'leaks_held_back';
      }
    }
    for (const other of knownPairs) {
      if (resemblance(pairs, other.pairs) < similarity) continue;
      if (other.example.expected !== example.expected) return 'contradicts';
      // What was made from an example resembles it; that is what it was made for, as long as it is not the same.
      if (example.madeFrom !== exampleId(other.example) || exampleId(other.example) === id) {
        return 'near_duplicate';
      }
    }
    knownPairs.push({ example, pairs });
    return undefined;
  };
  for (const example of examples) {
    const flaw = flawOf(example);
    if (flaw === undefined) taken.push(example);
    else refused.push({ example, flaw });
  }
  return { taken, refused };
}

/** How many of each complexity there are. */
export function complexityMix(examples: readonly TrainingExample[]): Record<ExampleComplexity, number> {
  const mix = Object.fromEntries(EXAMPLE_COMPLEXITIES.map((each) => [each, 0])) as Record<
    ExampleComplexity,
    number
  >;
  for (const example of examples) mix[complexityOf(example)] += 1;
  return mix;
}

function pairsOf(text: string): ReadonlySet<string> {
  const words = wordsOf(text);
  if (words.length < 2) return new Set(words);
  return new Set(words.slice(1).map((word, i) => `${words[i] as string} ${word}`));
}

/** Jaccard's coefficient. */
function resemblance(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size === 0 || b.size === 0) return 0;
  const [small, large] = a.size <= b.size ? [a, b] : [b, a];
  let common = 0;
  for (const pair of small) if (large.has(pair)) common += 1;
  return common / (a.size + b.size - common);
}
