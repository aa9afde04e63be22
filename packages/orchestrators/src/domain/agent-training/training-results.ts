import type { Enhancement } from './agent-trainer.js';
import type { ExampleFlaw } from './example-quality.js';
import type { AgentPerformance } from './interactions.js';

/** What `register_agent` gives. */
export interface AgentRegistered {
  readonly agent: string;
  /** The version in use. */
  readonly version: number;
  /** `unchanged` where the same definition was in use already. */
  readonly outcome: 'created' | 'changed' | 'unchanged';
}

/** An agent as `list_agents` shows it. */
export interface AgentSummary {
  readonly agent: string;
  readonly version: number;
  readonly training: number;
  readonly heldBack: number;
  readonly interactions: number;
}

/** What `add_examples` gives. */
export interface ExamplesAdded {
  readonly agent: string;
  /** All that there are now, by what they are for. */
  readonly training: number;
  readonly heldBack: number;
  readonly refused: readonly { readonly input: string; readonly flaw: ExampleFlaw }[];
}

/** What `enhance_all_agents` gives, by agent. */
export type EnhancedAgents = Readonly<Record<string, Enhancement | { readonly error: string }>>;

/** What `run_complete_enhancement` gives. */
export interface CompleteEnhancement {
  readonly enhancements: EnhancedAgents;
  readonly performance: Readonly<Record<string, AgentPerformance>>;
  /** Markdown by agent. */
  readonly reports: Readonly<Record<string, string>>;
}
