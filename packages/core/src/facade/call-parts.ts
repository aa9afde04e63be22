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

/** How a call is ended from outside. */
export class Ending {
  controller: AbortController | undefined = undefined;
  reason: DOMException | undefined = undefined;
  kind: AbortKind | undefined = undefined;
  waiting: Set<() => void> | undefined = undefined;
}

/** What only some calls have. */
export class More {
  runId: string | undefined = undefined;
  verbs: RunVerbs | undefined = undefined;
  /** How many runs of each durable child a run on an engine has begun. */
  children: Map<string, number> | undefined = undefined;
  unlink: (() => void) | undefined = undefined;
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
