import type { Container } from 'inversify';

import type { Kernel } from '../container/kernel.js';

/** How long a start may take, in ms, and how much of it happens at once. */
export interface StartupOptions {
  /** Longest time of one start or ready hook. @default 15,000 */
  readonly hookTimeoutMs: number;
  /** Longest time of the whole start. @default 60,000 */
  readonly totalTimeoutMs: number;
  /** Start hooks that run at the same time. @default unbounded */
  readonly concurrency: number;
}

/** How long a stop may take, in ms. */
export interface ShutdownOptions {
  /** How long running calls, and then queues, may go on. @default 15,000 */
  readonly drainTimeoutMs: number;
  /** Longest time of one drain or cleanup hook. @default 10,000 */
  readonly hookTimeoutMs: number;
  /** Longest time of the whole stop. @default 25,000 */
  readonly totalTimeoutMs: number;
}

/** @internal What a host is made of, its options checked. */
export interface HostSettings {
  readonly kernel: Kernel;
  readonly container: Container;
  readonly startup: StartupOptions;
  readonly shutdown: ShutdownOptions;
  /** Whether `shutdown.totalTimeoutMs` is not the default. */
  readonly isTotalTimeoutGiven: boolean;
  readonly strictParams: boolean;
  /** Loads what the host owns anew, for a second start. */
  readonly reload: () => Promise<void>;
  /** Whether its facade is the process-wide one while it lives. */
  readonly global: boolean;
}
