import { OwnWork } from '../ambient.js';
import type { Clock } from '../clock/clock.js';
import { DeadlineQueue } from '../clock/deadline-queue.js';
import type { ExecutionEngine } from '../engine/engine.js';
import { EventBus } from '../events/event-bus.js';
import type { LayerRule } from '../layers.js';
import type { Logger } from '../logging/logger.js';
import type { CallFrame } from './call-frame.js';
import { InterceptorChain } from './interceptor.js';

/**
 * Whether calls are taken: all of them, only those of running work (draining), or none.
 */
export type Admission = 'open' | 'draining' | 'closed';

export interface RuntimeSettings {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly ambientContext: boolean;
  /** Calls deep. */
  readonly maxDepth: number;
  readonly layerRule: LayerRule;
  readonly engine: ExecutionEngine | undefined;
}

/** What the parts of one facade share. */
export class Runtime {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly ambientContext: boolean;
  readonly maxDepth: number;
  readonly layerRule: LayerRule;
  readonly engine: ExecutionEngine | undefined;
  readonly events: EventBus;
  readonly deadlines: DeadlineQueue;
  readonly interceptors = new InterceptorChain();
  /** What orchestrators do outside of calls. */
  readonly ownWork = new OwnWork();
  admission: Admission = 'open';
  /** Why calls are not taken, for the message. */
  admissionReason = '';

  /** Calls whose body runs, the abandoned included: an intrusive list, so that a call costs no allocation. */
  #head: CallFrame | undefined;
  #live = 0;
  #idle: (() => void)[] = [];

  constructor(settings: RuntimeSettings) {
    this.clock = settings.clock;
    this.logger = settings.logger;
    this.random = settings.random;
    this.ambientContext = settings.ambientContext;
    this.maxDepth = settings.maxDepth;
    this.layerRule = settings.layerRule;
    this.engine = settings.engine;
    this.events = new EventBus(settings.clock);
    this.deadlines = new DeadlineQueue(settings.clock);
  }

  /** Whether somebody hears of calls that begin and end: a listener, or a log that takes such lines. */
  get observed(): boolean {
    return this.events.active || this.logger.isLevelEnabled?.('info') !== false;
  }

  /** Calls whose body runs. */
  get live(): number {
    return this.#live;
  }

  enter(frame: CallFrame): void {
    frame.newer = undefined;
    frame.older = this.#head;
    if (this.#head !== undefined) this.#head.newer = frame;
    this.#head = frame;
    this.#live += 1;
  }

  leave(frame: CallFrame): void {
    if (frame.newer === undefined) this.#head = frame.older;
    else frame.newer.older = frame.older;
    if (frame.older !== undefined) frame.older.newer = frame.newer;
    frame.older = undefined;
    frame.newer = undefined;
    this.#live -= 1;
    if (this.#live === 0 && this.#idle.length > 0) for (const done of this.#idle.splice(0)) done();
  }

  /** The calls whose body runs now. */
  liveFrames(): CallFrame[] {
    const frames: CallFrame[] = [];
    for (let frame = this.#head; frame !== undefined; frame = frame.older) frames.push(frame);
    return frames;
  }

  /** Resolves when no body runs. */
  whenIdle(): Promise<void> {
    if (this.#live === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }
}
