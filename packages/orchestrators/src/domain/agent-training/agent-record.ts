import type { AgentDefinition, AgentPatch } from './agent-definition.js';
import type { ScoreComparison } from './compare-scores.js';
import type { AgentInteraction } from './interactions.js';
import type { TrainingExample } from './training-example.js';

/** A version of an agent's definition. */
export interface AgentVersion {
  /** 1 for the first. A version that takes another one back has a number of its own. */
  readonly version: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** {@link definitionHash} of the definition. */
  readonly hash: string;
  readonly definition: AgentDefinition;
  readonly why:
    | { readonly kind: 'registered' }
    | { readonly kind: 'enhanced'; readonly experiment: number }
    | { readonly kind: 'reverted'; readonly to: number; readonly reason: string };
}

/** A change that was tried. */
export interface AgentExperiment {
  readonly number: number;
  /** Epoch milliseconds. */
  readonly at: number;
  /** What was tried, in words. */
  readonly change: string;
  /** The version it was compared with. */
  readonly base: number;
  readonly decision: 'kept' | 'rejected' | 'unchanged';
  /** On the examples kept back; absent where the change changed nothing. */
  readonly comparison?: ScoreComparison;
  /** Examples on which the agent failed, before and after. */
  readonly failures?: { readonly before: number; readonly after: number };
  /** The version it became. */
  readonly version?: number;
}

/** All that is kept of an agent. */
export interface AgentRecord {
  readonly formatVersion: 1;
  readonly name: string;
  /** Number of the version that is in use. */
  readonly current: number;
  /** Oldest first. */
  readonly versions: readonly AgentVersion[];
  /** Oldest first, as many as versions are kept. */
  readonly experiments: readonly AgentExperiment[];
  /** What was given to learn from and to measure with. */
  readonly examples: readonly TrainingExample[];
  readonly interactions: readonly AgentInteraction[];
  /** The interaction that the monitor has judged last, as its time. */
  readonly judgedUntil?: number;
}

/** A change to try, with what to call it. */
export interface NamedPatch {
  readonly change: string;
  readonly patch: AgentPatch;
}
