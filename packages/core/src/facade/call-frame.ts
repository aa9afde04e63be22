import { randomUUID } from 'node:crypto';

import { runInContext } from '../ambient.js';
import type { Clock, TimerHandle } from '../clock/clock.js';
import type { ContextState } from '../context.js';
import type { Abortable } from '../engine/abort-scope.js';
import { openController } from '../engine/open-controller.js';
import type { RunVerbs } from '../engine/run-verbs.js';
import type { CallIds } from '../events/events.js';
import type { WatchedCall, WatchedOperation, WorkScope } from '../watching/watcher.js';
import {
  type CompiledOperation,
  identityOf,
  type OrchestratorUnit,
} from '../orchestrator/orchestrator-unit.js';
import type { StepResult } from '../step-result.js';
import {
  type AbortKind,
  abortFailure,
  type CallTiming,
  EndCallback,
  Ending,
  FrameCall,
  More,
  ParentLink,
} from './call-parts.js';
import { InvocationContext } from './invocation-context.js';
import type { InterceptedCall } from './interceptor.js';
import type { CallOptions } from './references.js';
import { keyOf, runIdOfKey } from './run-key.js';
import type { Runtime } from './runtime.js';

const NO_OPTIONS: CallOptions = Object.freeze({});

/**
 * One call while it runs. The caller is answered once (`settle`); the body may run on after that, keeps its slot
 * until it ends, and what it then returns is dropped.
 */
export class CallFrame implements Abortable, WatchedCall {
  readonly unit: OrchestratorUnit;
  readonly operation: CompiledOperation;
  readonly state: ContextState;
  readonly params: unknown;
  readonly options: CallOptions;
  readonly parent: CallFrame | undefined;
  readonly context: InvocationContext;

  // Links of the list of running calls.
  older: CallFrame | undefined;
  newer: CallFrame | undefined;
  /** Answers the caller. */
  resolve: ((result: StepResult) => void) | undefined;
  answer: Promise<StepResult> | undefined;
  settled: boolean;
  /** Whether nothing of the call runs any more. */
  over: boolean;
  compensating: boolean;
  /** Bodies that run: one, more only while an interceptor tries again. */
  bodies: number;
  /** What accompanies it, where somebody watches. */
  scope: WorkScope | undefined;
  /** When it began and when it must end; only where somebody asks. */
  timing: CallTiming | undefined;
  // Not private to the class: defining those is a step of its own in each call.
  /** @internal As interceptors see it; made for the first of them. */
  seen: InterceptedCall | undefined;
  /** @internal What waits for its end, and how it was ended; only where somebody asks. */
  ending: Ending | undefined;
  /** @internal What only some calls have. */
  more: More | undefined;

  // Assigned here and in this order: fields with initialisers cost several times as much per call.
  constructor(
    unit: OrchestratorUnit,
    operation: CompiledOperation,
    state: ContextState,
    params: unknown,
    options: CallOptions | undefined,
  ) {
    this.unit = unit;
    this.operation = operation;
    this.state = state;
    this.params = params;
    this.options = options ?? NO_OPTIONS;
    this.parent = state.frame as CallFrame | undefined;
    this.older = undefined;
    this.newer = undefined;
    this.resolve = undefined;
    this.answer = undefined;
    this.settled = false;
    this.over = false;
    this.compensating = false;
    this.bodies = 0;
    this.scope = undefined;
    this.timing = undefined;
    this.seen = undefined;
    this.ending = undefined;
    this.more = undefined;
    this.context = new InvocationContext(state, this);
  }

  get runtime(): Runtime {
    return this.unit.invoker.runtime;
  }

  get identity(): WatchedOperation {
    return identityOf(this.unit, this.operation);
  }

  get caller(): InvocationContext | undefined {
    return this.parent?.context;
  }

  get aborted(): boolean {
    return this.ending?.reason !== undefined;
  }

  get abortReason(): DOMException | undefined {
    return this.ending?.reason;
  }

  get abortKind(): AbortKind | undefined {
    return this.ending?.kind;
  }

  /** Made when somebody looks: most operations never do. */
  get signal(): AbortSignal {
    const ending = (this.ending ??= new Ending());
    if (ending.controller === undefined) {
      ending.controller = openController();
      if (ending.reason !== undefined) ending.controller.abort(ending.reason);
    }
    return ending.controller.signal;
  }

  get runId(): string {
    const more = (this.more ??= new More());
    if (more.runId === undefined) {
      more.runId = this.options.runId ?? this.#keyedRunId() ?? randomUUID();
      // Once answered it is no run any more that somebody could look for, and nothing would take the note back.
      if (!this.settled) this.unit.runs.noteLive(more.runId, this);
    }
    return more.runId;
  }

  #keyedRunId(): string | undefined {
    const key = keyOf(this.unit.name, this.operation.name, this.state.tenantId, this.options);
    return key === undefined ? undefined : runIdOfKey(key);
  }

  get knownRunId(): string | undefined {
    return this.more?.runId;
  }

  get verbs(): RunVerbs | undefined {
    return this.more?.verbs;
  }

  set verbs(verbs: RunVerbs | undefined) {
    (this.more ??= new More()).verbs = verbs;
  }

  /** An engine runs it, with verbs of its own. */
  runOnEngine(verbs: RunVerbs): void {
    const more = (this.more ??= new More());
    more.verbs = verbs;
    more.children = new Map();
  }

  /** The id of the next run of a durable child, the same whenever an engine repeats this run; else none. */
  nextChildRunId(child: string): string | undefined {
    const children = this.more?.children;
    if (children === undefined) return undefined;
    const number = (children.get(child) ?? 0) + 1;
    children.set(child, number);
    return `${this.runId}/${child}.${number}`;
  }

  startedOn(clock: Clock): number {
    const { timing } = this;
    return timing === undefined || clock !== this.runtime.clock ? clock.monotonic() : timing.startedAt;
  }

  /** Monotonic; Infinity without a limit. */
  get expiresAt(): number {
    return this.timing?.expiresAt ?? Infinity;
  }

  /** Epoch milliseconds of the effective deadline. */
  get deadline(): number | undefined {
    const { expiresAt } = this;
    if (expiresAt === Infinity) return this.state.deadline;
    const { clock } = this.runtime;
    return Math.round(clock.now() + expiresAt - clock.monotonic());
  }

  get call(): InterceptedCall {
    return (this.seen ??= new FrameCall(this));
  }

  ids(): CallIds {
    const { tenantId, requestId, traceId, chain, depth } = this.state;
    return {
      orchestrator: this.unit.name,
      layer: this.unit.layer,
      operation: this.operation.name,
      tenantId,
      requestId,
      ...(traceId === undefined ? {} : { traceId }),
      ...(chain === undefined ? {} : { parentOrchestrator: chain.name }),
      depth,
      ...(this.knownRunId === undefined ? {} : { runId: this.knownRunId }),
    };
  }

  /** Calls `run` once when the call is aborted; at once if it was. Returns what takes it back. */
  onAbort(run: () => void): () => void {
    const ending = (this.ending ??= new Ending());
    if (ending.reason !== undefined) {
      run();
      return () => undefined;
    }
    const listener = new EndCallback(run);
    ending.add(listener);
    return () => {
      listener.remove();
    };
  }

  /** Ends with the call that made it, from now on; at once if that was ended. */
  endWith(parent: CallFrame): void {
    const link = new ParentLink(this, parent);
    if (parent.aborted) {
      link.heard();
      return;
    }
    (this.more ??= new More()).link = link;
    (parent.ending ??= new Ending()).add(link);
  }

  /** Lets go, at the end, of the signals and calls that may abort this one. */
  atEnd(unlink: () => void): void {
    const more = (this.more ??= new More());
    const before = more.unlink;
    more.unlink =
      before === undefined
        ? unlink
        : () => {
            before();
            unlink();
          };
  }

  /** Runs while a body that was told to end may still do so. */
  get graceTimer(): TimerHandle | undefined {
    return this.more?.graceTimer;
  }

  set graceTimer(timer: TimerHandle | undefined) {
    (this.more ??= new More()).graceTimer = timer;
  }

  /** Lets go now. */
  unlink(): void {
    const { more } = this;
    if (more === undefined) return;
    more.link?.remove();
    more.unlink?.();
  }

  /** Ends the call: its children, its signal, and the caller's waiting. Does nothing the second time. */
  abort(kind: AbortKind, because?: string): void {
    if (this.ending?.reason !== undefined || (this.settled && this.bodies === 0)) return;
    // Whoever ends it, a timer or another tenant's code: what listens belongs to this call.
    if (this.runtime.ambientContext)
      runInContext(this.context, () => {
        this.#abort(kind, because);
      });
    else this.#abort(kind, because);
  }

  #abort(kind: AbortKind, because: string | undefined): void {
    const ending = (this.ending ??= new Ending());
    ending.kind = kind;
    const failure = abortFailure(this, kind, because);
    const reason = new DOMException(failure.error, kind === 'timeout' ? 'TimeoutError' : 'AbortError');
    ending.reason = reason;
    ending.tell();
    ending.controller?.abort(reason);
    this.unit.invoker.settle(this, failure);
  }
}
