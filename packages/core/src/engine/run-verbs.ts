import type { StepResult } from '../step-result.js';
import type { Step, StepOptions } from './verbs.js';

/** The verbs of an operation context that an engine implements. */
export interface RunVerbs {
  step<T>(name: string, fn: (step: Step) => unknown, options?: StepOptions<T>): Promise<T>;
  sleep(ms: number): Promise<void>;
  now(): number;
  random(): number;
  waitForEvent(name: string, timeoutMs: number | undefined): Promise<StepResult>;
  /** Undoes finished steps in reverse order; called once, when the run has failed or was cancelled. */
  compensate(): Promise<CompensationReport>;
}

/** What the compensation of a run has undone, and what it could not undo, by step. */
export interface CompensationReport {
  readonly compensated: readonly string[];
  readonly failed: readonly { readonly step: string; readonly error: string }[];
}
