import { randomUUID } from 'node:crypto';

import type { Clock } from '../clock/clock.js';
import type { ContextState, OrchestrationContext } from '../context.js';
import type { ExecutionEngine } from '../engine/engine.js';
import type { CompiledOperation, OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { kindOf } from '../json-data.js';
import { FailedResult, StepResult } from '../step-result.js';
import type { CallFrame } from './call-frame.js';
import { answerOfEngine } from './engine-runs.js';
import type { CallOptions, OrchestratorRef } from './references.js';
import { keyOf } from './run-key.js';
import type { RunHandle, RunInfo, Runs } from './runs.js';

/** Finished runs that are remembered. */
const HISTORY = 1_000;
/** Events of one name that wait in a run for somebody to wait for them. */
const MAX_BUFFERED_EVENTS = 100;

interface RunRecord {
  readonly runId: string;
  readonly key: string | undefined;
  readonly orchestrator: string;
  readonly operation: string;
  readonly tenantId: string;
  readonly requestId: string;
  readonly startedAt: number;
  /** Whether the host's engine runs it. */
  readonly onEngine: boolean;
  /** Whether the author's code has run for it, or the engine has answered: only then does its result stand. */
  began: boolean;
  endedAt: number | undefined;
  frame: CallFrame | undefined;
  result: StepResult | undefined;
  /** Whether a caller gave the run its id or key: only then is it remembered. */
  named: boolean;
  progress: { readonly ratio: number; readonly message?: string } | undefined;
  readonly waiting: Map<string, ((payload: unknown) => void)[]>;
  readonly buffered: Map<string, unknown[]>;
}

/** The runs of one facade: those with an id of their own, and those that somebody looked at. */
export class RunRegistry implements Runs {
  readonly #clock: Clock;
  readonly #orchestrate: (
    ref: unknown,
    context: unknown,
    params: unknown,
    options: CallOptions,
  ) => Promise<StepResult>;
  readonly #byId = new Map<string, RunRecord>();
  readonly #byKey = new Map<string, RunRecord>();
  /** The run that the options of a submit have come to. */
  readonly #submitted = new WeakMap<CallOptions, string>();
  readonly #engine: ExecutionEngine | undefined;
  #finished = 0;

  constructor(
    clock: Clock,
    orchestrate: (
      ref: unknown,
      context: unknown,
      params: unknown,
      options: CallOptions,
    ) => Promise<StepResult>,
    engine?: ExecutionEngine,
  ) {
    this.#clock = clock;
    this.#orchestrate = orchestrate;
    this.#engine = engine;
  }

  submit<T>(
    ref: OrchestratorRef,
    context: OrchestrationContext,
    params?: unknown,
    options: CallOptions = {},
  ): RunHandle<T> {
    let call: CallOptions = options;
    let runId: string | undefined;
    try {
      runId = options.runId;
      if (typeof options === 'object') {
        call = { ...options };
        if (runId === undefined && call.idempotencyKey === undefined) call = { ...call, runId: randomUUID() };
      }
    } catch {
      // Options that are none are refused where calls are, and the handle answers with that.
    }
    const answer = this.#orchestrate(ref, context, params, call);
    runId = this.#submitted.get(call) ?? runId ?? randomUUID();
    return this.#handle<T>(runId, answer as Promise<StepResult<T>>);
  }

  attach<T>(runId: string): RunHandle<T> | undefined {
    const record = this.#byId.get(runId);
    return record === undefined
      ? undefined
      : this.#handle<T>(runId, this.#answerOf(record) as Promise<StepResult<T>>);
  }

  get(runId: string): RunInfo | undefined {
    const record = this.#byId.get(runId);
    return record === undefined ? undefined : infoOf(record);
  }

  cancel(runId: string, reason?: string): Promise<StepResult<undefined>> {
    const record = this.#byId.get(runId);
    if (record !== undefined && stands(record)) {
      return Promise.resolve(StepResult.skip(`Run "${runId}" has ended already.`));
    }
    const engine = this.#engineOf(record);
    const frame = record?.frame;
    const asked =
      engine?.cancel === undefined
        ? undefined
        : answerOfEngine(engine, runId, async () => engine.cancel?.(runId, reason ?? 'cancelled'));
    frame?.abort('cancelled', reason);
    return asked ?? Promise.resolve(record === undefined ? unknownRun(runId) : StepResult.ok());
  }

  signal(runId: string, name: string, payload?: unknown): Promise<StepResult<undefined>> {
    const record = this.#byId.get(runId);
    if (record === undefined || !stands(record)) {
      const engine = this.#engineOf(record);
      if (engine?.signal !== undefined) {
        return answerOfEngine(engine, runId, async () => engine.signal?.(runId, name, payload));
      }
    }
    if (record === undefined) return Promise.resolve(unknownRun(runId));
    if (record.result !== undefined) {
      return Promise.resolve(
        new FailedResult(`Run "${runId}" has ended and takes no event "${name}". Start another run.`, {
          errorCategory: 'business_rule_violation',
        }),
      );
    }
    const waiting = record.waiting.get(name);
    const deliver = waiting?.shift();
    if (deliver !== undefined) {
      deliver(payload);
      return Promise.resolve(StepResult.ok());
    }
    const buffered = record.buffered.get(name) ?? [];
    if (buffered.length >= MAX_BUFFERED_EVENTS || record.buffered.size >= MAX_BUFFERED_EVENTS) {
      return Promise.resolve(
        new FailedResult(
          `Run "${runId}" holds ${buffered.length} unread events "${name}". Let it read them first.`,
          {
            errorCategory: 'service_overloaded',
          },
        ),
      );
    }
    buffered.push(payload);
    record.buffered.set(name, buffered);
    return Promise.resolve(StepResult.ok());
  }

  list(
    filter: {
      readonly tenantId?: string;
      readonly orchestrator?: string;
      readonly status?: RunInfo['status'];
    } = {},
  ): RunInfo[] {
    return [...this.#byId.values()]
      .reverse()
      .map(infoOf)
      .filter(
        (run) =>
          (filter.tenantId === undefined || run.tenantId === filter.tenantId) &&
          (filter.orchestrator === undefined || run.orchestrator === filter.orchestrator) &&
          (filter.status === undefined || run.status === filter.status),
      );
  }

  /** @internal The answer of the run that the options name, where there is one already. */
  attachOrOpen(
    unit: OrchestratorUnit,
    operation: CompiledOperation,
    state: ContextState,
    options: CallOptions,
  ): Promise<StepResult> | undefined {
    if (options.runId !== undefined) {
      const record = this.#byId.get(options.runId);
      if (record !== undefined) {
        if (
          record.tenantId !== state.tenantId ||
          record.orchestrator !== unit.name ||
          record.operation !== operation.name
        ) {
          // Says nothing of the other run: it may be another tenant's.
          return Promise.resolve(
            new FailedResult(`The run id "${options.runId}" is taken by another run. Choose another one.`, {
              errorCategory: 'constraint_violation',
            }),
          );
        }
        return this.#attachTo(record, options);
      }
    }
    const key = keyOf(unit.name, operation.name, state.tenantId, options);
    const record = key === undefined ? undefined : this.#byKey.get(key);
    return record === undefined ? undefined : this.#attachTo(record, options);
  }

  /** The run's answer; `undefined` where it never came to be, so that this call is the run. */
  #attachTo(record: RunRecord, options: CallOptions): Promise<StepResult> | undefined {
    if (record.result !== undefined && !record.began) {
      this.#forget(record);
      this.#finished -= 1;
      return undefined;
    }
    this.#submitted.set(options, record.runId);
    return this.#answerOf(record);
  }

  /** @internal A call with an id or key of its own begins. */
  opened(frame: CallFrame): void {
    const { runId } = frame;
    this.#record(runId, frame).named = true;
    this.#submitted.set(frame.options, runId);
  }

  /** @internal The author's code runs for it, or the engine has answered for it. */
  began(frame: CallFrame): void {
    const record = frame.knownRunId === undefined ? undefined : this.#byId.get(frame.knownRunId);
    if (record?.frame === frame) record.began = true;
  }

  /** @internal Somebody asked for the id of a running call. */
  noteLive(runId: string, frame: CallFrame): void {
    this.#record(runId, frame);
  }

  /** @internal */
  ended(frame: CallFrame, result: StepResult): void {
    const record = frame.knownRunId === undefined ? undefined : this.#byId.get(frame.knownRunId);
    if (record === undefined || record.frame !== frame) return;
    record.frame = undefined;
    record.waiting.clear();
    record.buffered.clear();
    if (!record.named) {
      // Nobody named it: its id was only looked at, by a step or an event.
      this.#forget(record);
      return;
    }
    record.result = result;
    record.endedAt = this.#clock.now();
    this.#finished += 1;
    if (this.#finished > HISTORY) {
      for (const each of this.#byId.values()) {
        if (each.result === undefined) continue;
        this.#forget(each);
        this.#finished -= 1;
        break;
      }
    }
  }

  /** @internal */
  progress(frame: CallFrame, ratio: number, message: string | undefined): void {
    const record = frame.knownRunId === undefined ? undefined : this.#byId.get(frame.knownRunId);
    if (record !== undefined) record.progress = { ratio, ...(message === undefined ? {} : { message }) };
  }

  /** @internal Calls `deliver` with the next event `name`; at once where one waits. Returns what takes it back. */
  waitFor(runId: string, name: string, deliver: (payload: unknown) => void): () => void {
    const record = this.#byId.get(runId);
    if (record === undefined) return () => undefined;
    const buffered = record.buffered.get(name);
    if (buffered !== undefined && buffered.length > 0) {
      const payload = buffered.shift();
      if (buffered.length === 0) record.buffered.delete(name);
      deliver(payload);
      return () => undefined;
    }
    const waiting = record.waiting.get(name) ?? [];
    waiting.push(deliver);
    record.waiting.set(name, waiting);
    return () => {
      const at = waiting.indexOf(deliver);
      if (at >= 0) waiting.splice(at, 1);
    };
  }

  #record(runId: string, frame: CallFrame): RunRecord {
    const existing = this.#byId.get(runId);
    if (existing !== undefined) return existing;
    const record: RunRecord = {
      runId,
      key: keyOf(frame.unit.name, frame.operation.name, frame.state.tenantId, frame.options),
      orchestrator: frame.unit.name,
      operation: frame.operation.name,
      tenantId: frame.state.tenantId,
      requestId: frame.state.requestId,
      startedAt: this.#clock.now(),
      onEngine: this.#engine !== undefined && frame.operation.durable,
      began: false,
      endedAt: undefined,
      frame,
      result: undefined,
      named: false,
      progress: undefined,
      waiting: new Map(),
      buffered: new Map(),
    };
    this.#byId.set(runId, record);
    if (record.key !== undefined) this.#byKey.set(record.key, record);
    return record;
  }

  #forget(record: RunRecord): void {
    this.#byId.delete(record.runId);
    if (record.key !== undefined) this.#byKey.delete(record.key);
  }

  #answerOf(record: RunRecord): Promise<StepResult> {
    if (record.result !== undefined) return Promise.resolve(record.result);
    return record.frame?.answer ?? Promise.resolve(unknownRun(record.runId));
  }

  /** The engine that has the run, as far as is known: one that nothing is known of may be its from before a restart. */
  #engineOf(record: RunRecord | undefined): ExecutionEngine | undefined {
    return record === undefined || record.onEngine ? this.#engine : undefined;
  }

  #handle<T>(runId: string, answer: Promise<StepResult<T>>): RunHandle<T> {
    return {
      runId,
      result: () => answer,
      info: () => this.get(runId),
      cancel: (reason) => this.cancel(runId, reason),
      signal: (name, payload) => this.signal(runId, name, payload),
    };
  }
}

/** Whether it has ended, and what it came to is the answer for good. */
function stands(record: RunRecord): boolean {
  return record.result !== undefined && (record.began || !record.onEngine);
}

function infoOf(record: RunRecord): RunInfo {
  return {
    runId: record.runId,
    orchestrator: record.orchestrator,
    operation: record.operation,
    tenantId: record.tenantId,
    requestId: record.requestId,
    status: record.result?.status ?? 'running',
    startedAt: record.startedAt,
    ...(record.endedAt === undefined ? {} : { endedAt: record.endedAt }),
    ...(record.progress === undefined ? {} : { progress: record.progress }),
    ...(record.result === undefined ? {} : { result: record.result }),
  };
}

function unknownRun(runId: string): FailedResult {
  return new FailedResult(
    `No run "${typeof runId === 'string' ? runId.slice(0, 80) : kindOf(runId)}" is known. Its history is bounded; submit it again.`,
    {
      errorCategory: 'not_found',
    },
  );
}
