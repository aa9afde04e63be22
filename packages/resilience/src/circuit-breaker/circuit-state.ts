import { refusal, type ResilienceError } from '../resilience-error.js';
import type { ResolvedCircuitOptions } from './circuit-options.js';
import type { Probes } from './probes.js';

/** The states of a circuit. */
export type CircuitState =
  /** Calls run; their outcomes are counted. */
  | 'closed'
  /** Calls are refused until its time is over. */
  | 'open'
  /** A few calls are let through; their outcomes decide. */
  | 'half-open'
  /** Held open by hand, until reset. */
  | 'isolated';

/** A change of state. */
export interface CircuitStateChange {
  /** Name of the breaker. */
  readonly policy: string;
  readonly from: CircuitState;
  readonly to: CircuitState;
  readonly reason:
    'failures' | 'slow-calls' | 'elapsed' | 'probe-failed' | 'probe-hung' | 'probes-succeeded' | 'manual';
}

/** A circuit breaker at the moment it was asked. */
export interface CircuitStats {
  readonly state: CircuitState;
  /** Completed calls in the window of the present closed period that count. */
  readonly calls: number;
  readonly failures: number;
  readonly slowCalls: number;
  /** failures / calls; 0 without calls. */
  readonly failureRatio: number;
  /** Calls refused since the breaker was made. */
  readonly refused: number;
  /** Times it has opened since the breaker was made. */
  readonly openings: number;
  /** Time until probes are let through, in ms, where it is open. */
  readonly retryAfterMs?: number;
}

/** What holds in each state only. */
export type Phase =
  | { readonly state: 'closed' }
  | { readonly state: 'open'; readonly until: number }
  | { readonly state: 'half-open'; readonly probes: Probes }
  | { readonly state: 'isolated' };

/** A phase in which a call may be refused. */
export type RefusingPhase = Exclude<Phase, { readonly state: 'closed' }>;

/** The rejection of a call that a circuit in `phase` does not let through. */
export function circuitRefusal(
  { name, openMs, probeTimeoutMs }: ResolvedCircuitOptions,
  phase: RefusingPhase,
  now: number,
): ResilienceError {
  switch (phase.state) {
    case 'open': {
      const retryAfterMs = Math.max(0, Math.ceil(phase.until - now));
      return refusal(
        'CIRCUIT_OPEN',
        name,
        `${name}: the circuit is open, because too many calls failed. Try again in ${retryAfterMs} ms.`,
        { retryAfterMs },
      );
    }
    case 'half-open': {
      const undecidedMs = Math.max(0, Math.ceil(phase.probes.oldestSince + probeTimeoutMs - now));
      return refusal(
        'CIRCUIT_OPEN',
        name,
        `${name}: the circuit is half-open, and all its probes are taken. Try again when they have shown whether the dependency works.`,
        { retryAfterMs: Math.min(openMs, undecidedMs) },
      );
    }
    case 'isolated':
      return refusal(
        'CIRCUIT_OPEN',
        name,
        `${name}: the circuit is held open by hand. Call reset() to close it.`,
      );
  }
}
