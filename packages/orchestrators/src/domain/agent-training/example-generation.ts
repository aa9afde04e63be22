import { seededRandom } from './seeded-random.js';
import { complexityOf, exampleId, type ExampleComplexity, type TrainingExample } from './training-example.js';

/** Binding key of who makes examples; {@link recombineExamples} where none is bound. */
export const EXAMPLE_GENERATOR = Symbol.for('kapelle.ExampleGenerator');

/** What a generator of examples is asked for. */
export interface ExampleRequest {
  /** What may be learnt from; never what is kept back. */
  readonly from: readonly TrainingExample[];
  /** How many are wanted; fewer may come. */
  readonly count: number;
  readonly seed: string;
  readonly signal: AbortSignal;
}

/** Makes examples from examples: a language model, say. What it makes is checked before anything learns from it. */
export interface ExampleGenerator {
  generate(request: ExampleRequest): Promise<readonly TrainingExample[]>;
}

/** Shares of the complexities that are aimed at. */
export const COMPLEXITY_SHARES: Readonly<Record<ExampleComplexity, number>> = {
  basic: 0.2,
  intermediate: 0.3,
  advanced: 0.3,
  expert: 0.2,
};

/** Tries per example that is wanted. */
const TRIES = 20;

/**
 * Makes examples by taking given ones apart and putting parts with the same answer together: a clause alone, clauses in
 * another order, or the text of two examples. It says nothing that was not said; so it cannot teach new facts, only other
 * lengths and surroundings. As many of each complexity as {@link COMPLEXITY_SHARES} says, as far as the given ones allow.
 * The same request always gives the same examples.
 */
export function recombineExamples({
  from,
  count,
  seed,
}: Pick<ExampleRequest, 'from' | 'count' | 'seed'>): readonly TrainingExample[] {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const byAnswer = new Map<string, TrainingExample[]>();
  for (const example of from) {
    const same = byAnswer.get(example.expected);
    if (same === undefined) byAnswer.set(example.expected, [example]);
    else same.push(example);
  }
  const wanted = quotas(count);
  const made = new Map<string, TrainingExample>();
  const known = new Set(from.map(exampleId));
  for (let attempt = 0; attempt < count * TRIES && made.size < count; attempt += 1) {
    const source = pick(from);
    if (source === undefined) break;
    const other = random() < 0.6 ? pick(byAnswer.get(source.expected) ?? []) : undefined;
    const example =
      other === undefined || other === source ? rearranged(source, random) : joined(source, other);
    const id = exampleId(example);
    const complexity = complexityOf(example);
    if (known.has(id) || made.has(id) || wanted[complexity] === 0) continue;
    wanted[complexity] -= 1;
    made.set(id, example);
  }
  return [...made.values()];
}

function quotas(count: number): Record<ExampleComplexity, number> {
  const of = (complexity: ExampleComplexity): number => Math.round(count * COMPLEXITY_SHARES[complexity]);
  const [basic, intermediate, advanced] = [of('basic'), of('intermediate'), of('advanced')];
  return { basic, intermediate, advanced, expert: Math.max(0, count - basic - intermediate - advanced) };
}

function joined(a: TrainingExample, b: TrainingExample): TrainingExample {
  return {
    input: `${a.input.trim()} ${b.input.trim()}`,
    expected: a.expected,
    ...merged('steps', a, b),
    ...merged('reasoning', a, b),
    madeFrom: exampleId(a),
  };
}

function merged(
  what: 'steps' | 'reasoning',
  a: TrainingExample,
  b: TrainingExample,
): { readonly [K in 'steps' | 'reasoning']?: readonly string[] } {
  const all = [...new Set([...(a[what] ?? []), ...(b[what] ?? [])])];
  return all.length === 0 ? {} : { [what]: all };
}

function rearranged(example: TrainingExample, random: () => number): TrainingExample {
  const clauses = example.input.split(/[,;]\s+/);
  const kept =
    clauses.length > 2 && random() < 0.5
      ? [...clauses.slice(1), clauses[0] as string]
      : clauses.slice(0, Math.max(1, Math.ceil(clauses.length * (0.4 + 0.5 * random()))));
  return { ...example, input: kept.join(', '), madeFrom: exampleId(example) };
}
