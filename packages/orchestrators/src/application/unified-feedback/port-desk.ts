import { type Clock, type Lazy, type Logger, StepResult } from '@kapelle/core';
import { FeedbackError } from './feedback-error.js';
import { FEEDBACK_PORTS, type FeedbackPortName, type FeedbackPorts } from './feedback-ports.js';

/** Failures in a row after which a port is left alone for a while. */
const REST_AFTER = 3;
const REST_MS = 30_000;

/** The method without which a port is none. */
const NEEDED: Readonly<Record<FeedbackPortName, string>> = {
  model_router: 'learn',
  tool_router: 'learn',
  agent_router: 'learn',
  rag_feedback: 'learn',
  prompt_library: 'learn',
  threshold_bandit: 'learn',
  rag_consolidator: 'consolidate',
  feature_engineer: 'features',
  shadow_deployer: 'outcomes',
};

/** Whether a port is bound, and how it does. */
export type FeedbackPortState =
  /** None is bound: the built-in part does it. */
  | 'absent'
  /** Bound, not used yet. */
  | 'waiting'
  /** In use. */
  | 'ready'
  /** Failed three times in a row, and is left alone for 30 s. */
  | 'resting';

/** How a port is. */
export interface FeedbackPortReport {
  readonly state: FeedbackPortState;
  readonly failures: number;
}

/** What a port was asked and answered, or that it did not. */
export type PortAnswer<T> = { readonly answered: true; readonly value: T } | { readonly answered: false };

const NO_ANSWER = { answered: false } as const;

interface Place {
  readonly lazy: Lazy<object> | undefined;
  failures: number;
  inRow: number;
  restsUntil: number;
}

export interface PortDeskInit {
  readonly ports: { readonly [K in FeedbackPortName]?: Lazy<FeedbackPorts[K]> | undefined };
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly logger: () => Logger;
}

/** Calls ports so that their failures and their slowness stay theirs. Nothing of it throws. */
export class PortDesk {
  readonly #places: Readonly<Record<FeedbackPortName, Place>>;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #logger: () => Logger;

  /** @throws FeedbackError `FEEDBACK_PORT_INVALID` for what is no `Lazy` */
  constructor({ ports, clock, timeoutMs, logger }: PortDeskInit) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#logger = logger;
    const place = (name: FeedbackPortName): [FeedbackPortName, Place] => {
      const lazy: Lazy<object> | undefined = ports[name];
      if (lazy !== undefined && !isLazy(lazy)) {
        throw new FeedbackError(
          'FEEDBACK_PORT_INVALID',
          `What is bound as ${name} is no Lazy. Bind lazyPort(() => …) with toDynamicValue.`,
        );
      }
      return [name, { lazy, failures: 0, inRow: 0, restsUntil: -Infinity }];
    };
    this.#places = Object.fromEntries(FEEDBACK_PORTS.map(place)) as Record<FeedbackPortName, Place>;
  }

  /** Whether it is worth asking. */
  isOpen(name: FeedbackPortName): boolean {
    const { lazy, restsUntil } = this.#places[name];
    return lazy !== undefined && this.#clock.monotonic() >= restsUntil;
  }

  /** Asks a port that answers later, and waits no longer than the time a port has. */
  async ask<K extends FeedbackPortName, T>(
    name: K,
    question: (port: FeedbackPorts[K]) => T,
  ): Promise<PortAnswer<Awaited<T>>> {
    const { lazy } = this.#places[name];
    if (lazy === undefined || !this.isOpen(name)) return NO_ANSWER;
    let timer: unknown;
    try {
      const answer = lazy.get().then((port) => question(this.#checked(name, port)));
      const late = new Promise<never>((_, reject) => {
        timer = this.#clock.setTimeout(() => reject(this.#tooLate(name)), this.#timeoutMs);
      });
      const value = await Promise.race([answer, late]);
      this.#succeeded(name);
      return { answered: true, value };
    } catch (thrown) {
      this.#failed(name, thrown);
      return NO_ANSWER;
    } finally {
      if (timer !== undefined) this.#clock.clearTimeout(timer);
    }
  }

  /** Asks a port that answers at once. */
  askNow<K extends FeedbackPortName, T>(name: K, question: (port: FeedbackPorts[K]) => T): PortAnswer<T> {
    const { lazy } = this.#places[name];
    if (lazy === undefined || !this.isOpen(name)) return NO_ANSWER;
    try {
      const value = question(this.#checked(name, lazy.value));
      this.#succeeded(name);
      return { answered: true, value };
    } catch (thrown) {
      this.#failed(name, thrown);
      return NO_ANSWER;
    }
  }

  report(): Readonly<Record<FeedbackPortName, FeedbackPortReport>> {
    const now = this.#clock.monotonic();
    const reportOf = ({ lazy, failures, restsUntil }: Place): FeedbackPortReport => ({
      state:
        lazy === undefined ? 'absent' : now < restsUntil ? 'resting' : lazy.isLoaded ? 'ready' : 'waiting',
      failures,
    });
    return Object.fromEntries(FEEDBACK_PORTS.map((name) => [name, reportOf(this.#places[name])])) as Record<
      FeedbackPortName,
      FeedbackPortReport
    >;
  }

  /** The ports that are there. */
  get bound(): readonly FeedbackPortName[] {
    return FEEDBACK_PORTS.filter((name) => this.#places[name].lazy !== undefined);
  }

  /** The ports that are left alone now. */
  get resting(): readonly FeedbackPortName[] {
    return this.bound.filter((name) => !this.isOpen(name));
  }

  #checked<K extends FeedbackPortName>(name: K, port: object): FeedbackPorts[K] {
    const method = NEEDED[name];
    if (typeof (port as Readonly<Record<string, unknown>>)[method] === 'function')
      return port as FeedbackPorts[K];
    throw new FeedbackError(
      'FEEDBACK_PORT_INVALID',
      `What is bound as ${name} has no method ${method}. Bind an object that implements the port.`,
    );
  }

  #succeeded(name: FeedbackPortName): void {
    const place = this.#places[name];
    if (place.inRow > 0) this.#logger().info('feedback_port_recovered', { port: name });
    place.inRow = 0;
  }

  #failed(name: FeedbackPortName, thrown: unknown): void {
    const place = this.#places[name];
    place.failures += 1;
    place.inRow += 1;
    if (place.inRow >= REST_AFTER) place.restsUntil = this.#clock.monotonic() + REST_MS;
    // Once for each row of failures and once when it is given a rest: a dead port would fill the log.
    if (place.inRow !== 1 && place.inRow !== REST_AFTER) return;
    const result = StepResult.fromError(thrown);
    const error = result.status === 'failed' ? result.error : String(thrown);
    this.#logger().warn('feedback_port_failed', { port: name, error, rests: place.inRow >= REST_AFTER });
  }

  #tooLate(name: FeedbackPortName): FeedbackError {
    return new FeedbackError(
      'FEEDBACK_PORT_TIMEOUT',
      `The port ${name} did not answer within ${this.#timeoutMs} ms. Look at what is bound there, or raise portTimeoutMs.`,
    );
  }
}

function isLazy(value: object): boolean {
  const { get, isLoaded } = value as Partial<Lazy<object>>;
  return typeof get === 'function' && typeof isLoaded === 'boolean';
}
