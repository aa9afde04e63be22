import type { Clock } from '@kapelle/core';
import { boundedWork } from '../../bounded-work.js';
import type { AgentDefinition } from './agent-definition.js';
import type { AgentRunner } from './agent-runner.js';
import { type AnswerScore, scoreAnswer } from './score-answer.js';
import type { TrainingExample } from './training-example.js';

/** How a definition does on some examples. */
export interface AgentEvaluation {
  /** Score per example, 0 to 1, in the order of the examples; 0 where the agent failed. */
  readonly scores: readonly number[];
  readonly mean: number;
  /** Examples on which the agent failed. */
  readonly failures: number;
  /** What the first failure said. */
  readonly firstFailure?: string;
}

export interface EvaluationSettings {
  readonly runner: AgentRunner;
  readonly score: AnswerScore;
  /** Runs at a time. */
  readonly concurrency: number;
  readonly clock: Clock;
  /** Longest run on one example, in ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called after each example, with how many are done. */
  readonly onProgress?: (done: number) => void;
}

/**
 * Runs a definition on each example and scores the answers. An agent that fails on an example, or takes too long,
 * scores 0 for it; the abort of the signal rejects.
 */
export async function evaluateAgent(
  definition: AgentDefinition,
  examples: readonly TrainingExample[],
  { runner, score, concurrency, clock, timeoutMs, signal, onProgress }: EvaluationSettings,
): Promise<AgentEvaluation> {
  const scores = new Array<number>(examples.length).fill(0);
  let failures = 0;
  let firstFailure: string | undefined;
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let i = next; i < examples.length; i = next) {
      next = i + 1;
      const { input, expected } = examples[i] as TrainingExample;
      signal.throwIfAborted();
      try {
        const what = `The agent ${definition.name}`;
        const answer = await boundedWork((ended) => runner.run(definition, input, { signal: ended }), {
          ...{ clock, timeoutMs, signal, what },
        });
        scores[i] = scoreAnswer(score, expected, outputOf(answer));
      } catch (thrown) {
        signal.throwIfAborted();
        failures += 1;
        firstFailure ??= thrown instanceof Error ? thrown.message : String(thrown);
      }
      done += 1;
      onProgress?.(done);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, examples.length) }, work));
  const sum = scores.reduce((total, each) => total + each, 0);
  return {
    scores,
    mean: examples.length === 0 ? 0 : sum / examples.length,
    failures,
    ...(firstFailure === undefined ? {} : { firstFailure }),
  };
}

/** Characters of an answer that are compared. */
const MAX_OUTPUT = 200_000;

/** What a runner gave may be anything. */
function outputOf(answer: unknown): string {
  const output: unknown =
    typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'output') : undefined;
  if (typeof output === 'string') return output.slice(0, MAX_OUTPUT);
  throw new TypeError('The runner gave no { output } that is a text. Correct the AGENT_RUNNER.');
}
