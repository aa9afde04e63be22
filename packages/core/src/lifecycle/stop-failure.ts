import type { LifecyclePhase } from '../events/events.js';

/** One thing that went wrong while stopping. */
export interface StopFailure {
  readonly orchestrator: string;
  readonly phase: LifecyclePhase;
  readonly kind: 'error' | 'timeout';
  readonly error: unknown;
}
