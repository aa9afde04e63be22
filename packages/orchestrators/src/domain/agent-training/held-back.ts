import { exampleId, type TrainingExample } from './training-example.js';

/** Examples to learn from, and those kept back to measure with. */
export interface SplitExamples {
  readonly training: readonly TrainingExample[];
  readonly heldBack: readonly TrainingExample[];
}

/**
 * Whether an example is kept back: decided by its id alone, so that it is on the same side whenever and in whatever order
 * examples are added, and never in both.
 *
 * @param share of the examples to keep back, 0 to 1
 */
export function isHeldBack(example: TrainingExample, share: number): boolean {
  return Number.parseInt(exampleId(example).slice(0, 8), 16) / 0x1_0000_0000 < share;
}

/** Divides examples; doubles are dropped. */
export function splitExamples(examples: readonly TrainingExample[], share: number): SplitExamples {
  const seen = new Set<string>();
  const training: TrainingExample[] = [];
  const heldBack: TrainingExample[] = [];
  for (const example of examples) {
    const id = exampleId(example);
    if (seen.has(id)) continue;
    seen.add(id);
    (isHeldBack(example, share) ? heldBack : training).push(example);
  }
  return { training, heldBack };
}
