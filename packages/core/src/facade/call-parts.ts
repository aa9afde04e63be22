import type { Deadline, DeadlineList } from '../clock/deadline-queue.js';
import type { TimerHandle } from '../clock/clock.js';
import type { RunVerbs } from '../engine/run-verbs.js';
import { FailedResult } from '../step-result.js';
import type { CallFrame } from './call-frame.js';
import type { InterceptedCall } from './interceptor.js';
import type { CallOptions } from './references.js';

/** Why a call is ended from outside. */
export type AbortKind = 'timeout' | 'cancelled' | 'shutdown';

/** When a call began and when it must end. */
export class CallTiming implements Deadline {
  readonly startedAt: number;
  expiresAt: number;
  list: DeadlineList | undefined = undefined;
  previous: Deadline | undefined = undefined;
  next: Deadline | undefined = undefined;
  readonly #frame: CallFrame;

  constructor(frame: CallFrame, startedAt: number, expiresAt: number) {
    this.#frame = frame;
    this.startedAt = startedAt;
    this.expiresAt = expiresAt;
  }

  onExpire(): void {
    this.#frame.abort('timeout');
  }
}

/** Somebody who hears when a call is ended from outside. The fields belong to the {@link Ending}. */
export abstract class EndListener {
  ending: Ending | undefined = undefined;
  previous: EndListener | undefined = undefined;
  next: EndListener | undefined = undefined;

  abstract heard(): void;

  /** Takes it back; does nothing where it has heard, or is in no list. */
  remove(): void {
    const { ending, previous, next } = this;
    if (ending === undefined) return;
    if (previous === undefined) ending.first = next;
    else previous.next = next;
    if (next === undefined) ending.last = previous;
    else next.previous = previous;
    this.ending = undefined;
    this.previous = undefined;
    this.next = undefined;
  }
}

/** How a call is ended from outside. */
export class Ending {
  controller: AbortController | undefined = undefined;
  reason: DOMException | undefined = undefined;
  kind: AbortKind | undefined = undefined;
  // A list of its own making: a set costs more than all the rest of a call that a call makes.
  first: EndListener | undefined = undefined;
  last: EndListener | undefined = undefined;

  add(listener: EndListener): void {
    listener.ending = this;
    listener.previous = this.last;
    if (this.last === undefined) this.first = listener;
    else this.last.next = listener;
    this.last = listener;
  }

  /** Tells everybody, in the order they came; one that takes another back keeps it from hearing. */
  tell(): void {
    let listener = this.first;
    while (listener !== undefined) {
      listener.remove();
      listener.heard();
      listener = this.first;
    }
  }
}

/** Any code that wants to hear. */
export class EndCallback extends EndListener {
  readonly #run: () => void;

  constructor(run: () => void) {
    super();
    this.#run = run;
  }

  heard(): void {
    this.#run();
  }
}

/** A call that ends with the one that made it. */
export class ParentLink extends EndListener {
  readonly #frame: CallFrame;
  readonly #parent: CallFrame;

  constructor(frame: CallFrame, parent: CallFrame) {
    super();
    this.#frame = frame;
    this.#parent = parent;
  }

  heard(): void {
    this.#frame.abort(this.#parent.abortKind ?? 'cancelled', `${this.#parent.unit.name} was`);
  }
}

/** What only some calls have. */
export class More {
  runId: string | undefined = undefined;
  verbs: RunVerbs | undefined = undefined;
  /** How many runs of each durable child a run on an engine has begun. */
  children: Map<string, number> | undefined = undefined;
  unlink: (() => void) | undefined = undefined;
  /** Where it hears of the end of the call that made it. */
  link: ParentLink | undefined = undefined;
  graceTimer: TimerHandle | undefined = undefined;
}

/** A call as interceptors see it. Assigned field by field: a literal with spreads costs several times as much. */
export class FrameCall implements InterceptedCall {
  declare readonly orchestrator: InterceptedCall['orchestrator'];
  declare readonly layer: InterceptedCall['layer'];
  declare readonly type: InterceptedCall['type'];
  declare readonly operation: InterceptedCall['operation'];
  declare readonly policy?: string;
  declare readonly context: InterceptedCall['context'];
  declare readonly params: unknown;
  declare readonly options: CallOptions;

  constructor({ unit, operation, options, context, params }: CallFrame) {
    this.orchestrator = unit.name;
    this.layer = unit.layer;
    this.type = unit.type;
    this.operation = operation.name;
    const policy = options.policy ?? operation.options.policy;
    if (policy !== undefined) this.policy = policy;
    this.context = context;
    this.params = params;
    this.options = options;
  }
}

/** What the caller of an ended call gets. */
export function abortFailure(frame: CallFrame, kind: AbortKind, because: string | undefined): FailedResult {
  const what = `${frame.unit.name}.${frame.operation.name}`;
  switch (kind) {
    case 'timeout': {
      const { timing } = frame;
      const after =
        timing === undefined ? '' : ` after ${Math.round(timing.expiresAt - timing.startedAt)} ms`;
      return new FailedResult(`${what} timed out${after}. What it had begun may still run on.`, {
        errorCategory: 'timeout',
      });
    }
    case 'shutdown':
      return new FailedResult(
        `${what} was cancelled because the host stops${because === undefined ? '' : ` (${because})`}.`,
        {
          errorCategory: 'cancelled',
          details: { reason: 'shutdown' },
        },
      );
    case 'cancelled':
      return new FailedResult(`${what} was cancelled${because === undefined ? '' : `: ${because}`}.`, {
        errorCategory: 'cancelled',
      });
  }
}
