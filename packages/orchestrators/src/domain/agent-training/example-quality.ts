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
      if (example.madeFrom === exampleId(held.example) || resembles(pairs, held.pairs, similarity)) {
        return 'leaks_held_back';
      }
    }
    for (const other of knownPairs) {
      if (!resembles(pairs, other.pairs, similarity)) continue;
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

/**
 * The pairs of words in a row, each once, as 32-bit hashes in ascending order (FNV-1a): thousands of long texts are compared in
 * the time that sets of strings would take for a few. Two pairs of a text have the same hash once in a million texts.
 */
function pairsOf(text: string): Uint32Array {
  const words = wordsOf(text);
  const hashes =
    words.length < 2
      ? words.map((word) => hashOf(word, ''))
      : words.slice(1).map((word, i) => hashOf(words[i] as string, word));
  return Uint32Array.from(new Set(hashes)).sort();
}

function hashOf(one: string, other: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < one.length; i += 1) hash = Math.imul(hash ^ one.charCodeAt(i), 0x0100_0193);
  hash = Math.imul(hash ^ 0x20, 0x0100_0193);
  for (let i = 0; i < other.length; i += 1) hash = Math.imul(hash ^ other.charCodeAt(i), 0x0100_0193);
  return hash >>> 0;
}

/** Whether Jaccard's coefficient of the two is that much. Says no as soon as too few can be common any more. */
function resembles(a: Uint32Array, b: Uint32Array, similarity: number): boolean {
  if (similarity <= 0) return true;
  if (a.length === 0 || b.length === 0) return false;
  const [small, large] = a.length <= b.length ? [a, b] : [b, a];
  // c / (a + b - c) >= s holds from c = s (a + b) / (1 + s) on; rounding must not turn an equal one away.
  const needed = (similarity * (a.length + b.length)) / (1 + similarity) - 1e-9;
  let left = small.length - needed;
  let at = 0;
  for (let i = 0; i < small.length && left >= 0; i += 1) {
    const pair = small[i] as number;
    while (at < large.length && (large[at] as number) < pair) at += 1;
    if (large[at] !== pair) left -= 1;
  }
  return left >= 0;
}
