import type { AgentDefinition } from './agent-definition.js';

/** Binding key of who runs agents. */
export const AGENT_RUNNER = Symbol.for('kapelle.AgentRunner');

/** What an agent answered. */
export interface AgentAnswer {
  readonly output: string;
  /** Names of the tools it used. */
  readonly toolsUsed?: readonly string[];
}

/**
 * Runs an agent as its definition says: a language model behind a prompt, a rule, a classifier. The same definition and
 * input should give the same answer, or a change cannot be told from chance.
 */
export interface AgentRunner {
  /** Rejects where the agent failed, and at once when the signal fires. */
  run(
    definition: AgentDefinition,
    input: string,
    options: { readonly signal: AbortSignal },
  ): Promise<AgentAnswer>;
}
