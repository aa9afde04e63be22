import type { AgentDefinition } from './agent-definition.js';
import type { AgentAnswer, AgentRunner } from './agent-runner.js';
import { wordsOf } from './training-example.js';

interface Indexed {
  readonly expected: string;
  readonly weights: ReadonlyMap<string, number>;
  readonly norm: number;
}

interface ExampleIndex {
  readonly examples: readonly Indexed[];
  readonly idf: ReadonlyMap<string, number>;
}

const DEFAULT_NEIGHBOURS = 5;

/**
 * An agent that needs nothing else: it answers as the examples of its definition that resemble the input most, each voting
 * with its similarity (k nearest neighbours over TF-IDF cosine; words and pairs of words). The parameter `neighbours` says
 * how many vote, 5 by default. With no example that shares a word it answers with an empty text.
 */
export class NearestExampleRunner implements AgentRunner {
  readonly #indexes = new WeakMap<AgentDefinition, ExampleIndex>();

  run(
    definition: AgentDefinition,
    input: string,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<AgentAnswer> {
    return new Promise((resolve) => {
      signal.throwIfAborted();
      resolve({ output: this.#answer(definition, input) });
    });
  }

  #answer(definition: AgentDefinition, input: string): string {
    let index = this.#indexes.get(definition);
    if (index === undefined) this.#indexes.set(definition, (index = indexOf(definition)));
    const query = weigh(input, index.idf);
    const { neighbours } = definition.parameters;
    const count =
      typeof neighbours === 'number' && neighbours >= 1 ? Math.floor(neighbours) : DEFAULT_NEIGHBOURS;
    const nearest = index.examples
      .map((example) => ({ expected: example.expected, similarity: cosine(query, example) }))
      .filter(({ similarity }) => similarity > 0)
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, count);
    const votes = new Map<string, number>();
    for (const { expected, similarity } of nearest) {
      votes.set(expected, (votes.get(expected) ?? 0) + similarity);
    }
    let best = '';
    let most = 0;
    for (const [expected, weight] of votes) {
      if (weight > most) [best, most] = [expected, weight];
    }
    return best;
  }
}

function indexOf({ examples }: AgentDefinition): ExampleIndex {
  const found = new Map<string, number>();
  for (const { input } of examples) {
    for (const term of new Set(termsOf(input))) found.set(term, (found.get(term) ?? 0) + 1);
  }
  const idf = new Map<string, number>();
  for (const [term, count] of found) idf.set(term, Math.log(1 + examples.length / count));
  return {
    idf,
    examples: examples.map(({ input, expected }) => ({ expected, ...weigh(input, idf) })),
  };
}

function weigh(text: string, idf: ReadonlyMap<string, number>): Omit<Indexed, 'expected'> {
  const weights = new Map<string, number>();
  for (const term of termsOf(text)) {
    const weight = idf.get(term);
    if (weight !== undefined) weights.set(term, (weights.get(term) ?? 0) + weight);
  }
  let squares = 0;
  for (const weight of weights.values()) squares += weight * weight;
  return { weights, norm: Math.sqrt(squares) };
}

function cosine(query: Omit<Indexed, 'expected'>, example: Indexed): number {
  if (query.norm === 0 || example.norm === 0) return 0;
  let dot = 0;
  for (const [term, weight] of query.weights) dot += weight * (example.weights.get(term) ?? 0);
  return dot / (query.norm * example.norm);
}

function termsOf(text: string): string[] {
  const words = wordsOf(text);
  return [...words, ...words.slice(1).map((word, i) => `${words[i] as string} ${word}`)];
}
