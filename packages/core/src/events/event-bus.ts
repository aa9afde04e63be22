import type { Clock } from '../clock/clock.js';
import { checkCount } from '../clock/clock.js';
import type { OrchestrationEvent, OrchestrationEvents, OrchestrationEventType } from './events.js';

/** Takes a listener away. Does nothing the second time. */
export type Unsubscribe = () => void;

type EventOf<K extends OrchestrationEventType | '*'> = K extends OrchestrationEventType
  ? Extract<OrchestrationEvent, { readonly type: K }>
  : OrchestrationEvent;

type Listener = (event: OrchestrationEvent) => unknown;

const PER_CALL: readonly OrchestrationEventType[] = [
  'call.started',
  'call.ended',
  'call.late',
  'step.ended',
  'step.retrying',
  'step.compensated',
  'run.progress',
];

/** Everything the framework does, for whoever listens. A listener cannot throw into what it watches. */
export class EventBus {
  readonly #clock: Clock;
  readonly #listeners = new Map<string, Set<Listener>>();
  #failures = 0;
  /** Whether anybody listens to what calls tell: asked per call before an event is built. */
  active = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Times a listener threw or rejected. */
  get listenerFailures(): number {
    return this.#failures;
  }

  /** Calls `listener` for each event of `type`, or of every type with `'*'`. */
  on<K extends OrchestrationEventType | '*'>(type: K, listener: (event: EventOf<K>) => unknown): Unsubscribe {
    if (typeof listener !== 'function')
      throw new TypeError(`events.on("${type}") needs a function, got ${typeof listener}`);
    let set = this.#listeners.get(type);
    if (set === undefined) this.#listeners.set(type, (set = new Set()));
    // A wrapper per subscription, so that the same function may listen twice and leave once.
    const entry: Listener = (event) => listener(event as EventOf<K>);
    set.add(entry);
    this.#note();
    return () => {
      set.delete(entry);
      if (set.size === 0 && this.#listeners.get(type) === set) this.#listeners.delete(type);
      this.#note();
    };
  }

  /**
   * The events from now on, for `for await`. Beyond `capacity` unread events the oldest are given up.
   * Ends when the loop is left.
   *
   * @param options.capacity default 1,000
   */
  stream(options: { readonly capacity?: number } = {}): AsyncIterableIterator<OrchestrationEvent> {
    const capacity = checkCount('capacity', options.capacity ?? 1_000);
    const buffer: OrchestrationEvent[] = [];
    const waiting: ((next: IteratorResult<OrchestrationEvent>) => void)[] = [];
    let closed = false;
    const unsubscribe = this.on('*', (event) => {
      const take = waiting.shift();
      if (take !== undefined) take({ value: event, done: false });
      else if (buffer.push(event) > capacity) buffer.shift();
    });
    const close = (): Promise<IteratorResult<OrchestrationEvent>> => {
      closed = true;
      unsubscribe();
      buffer.length = 0;
      for (const take of waiting.splice(0)) take({ value: undefined, done: true });
      return Promise.resolve({ value: undefined, done: true });
    };
    return {
      next: () => {
        const event = buffer.shift();
        if (event !== undefined) return Promise.resolve({ value: event, done: false });
        if (closed) return Promise.resolve({ value: undefined, done: true });
        return new Promise((resolve) => waiting.push(resolve));
      },
      return: close,
      throw: close,
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** @internal Callers ask {@link active} first where building the data costs. */
  emit<K extends OrchestrationEventType>(type: K, data: OrchestrationEvents[K]): void {
    if (this.#listeners.size === 0) return;
    const exact = this.#listeners.get(type);
    const all = this.#listeners.get('*');
    if (exact === undefined && all === undefined) return;
    const event = Object.freeze({ type, at: this.#clock.now(), ...data }) as unknown as OrchestrationEvent;
    if (exact !== undefined) for (const listener of [...exact]) this.#tell(listener, event);
    if (all !== undefined) for (const listener of [...all]) this.#tell(listener, event);
  }

  /** @internal Whether anybody hears events of `type`. */
  hears(type: OrchestrationEventType): boolean {
    return this.#listeners.has(type) || this.#listeners.has('*');
  }

  /** Who listens to rare things only, to a queue or the lifecycle, costs calls nothing. */
  #note(): void {
    this.active = PER_CALL.some((type) => this.hears(type));
  }

  #tell(listener: Listener, event: OrchestrationEvent): void {
    try {
      const answer = listener(event);
      if (typeof (answer as PromiseLike<unknown> | undefined)?.then === 'function') {
        void Promise.resolve(answer).catch(() => {
          this.#failures += 1;
        });
      }
    } catch {
      this.#failures += 1;
    }
  }
}
