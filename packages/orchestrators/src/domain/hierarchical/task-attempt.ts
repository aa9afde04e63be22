import { type Clock, type FailedResult, type OperationContext, StepFailure, StepResult } from '@kapelle/core';
import type { AgentRun, AgentTask } from './agent.js';
import type { PooledAgent } from './agent-pool.js';
import type { TaskRecord } from './session-record.js';

/** What an attempt is made of. */
export interface AttemptInit {
  readonly task: TaskRecord;
  readonly agent: PooledAgent;
  readonly work: AgentTask;
  readonly context: OperationContext;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timeoutMs: number;
  /** Charges the budget. */
  readonly spend: (amount: number) => void;
  /** Once, when the executor has really ended, which may be long after the attempt. */
  readonly onEnded: () => void;
}

/** One attempt of a task by an agent. */
export class TaskAttempt {
  readonly task: TaskRecord;
  readonly agent: PooledAgent;
  readonly begunAt: number;
  readonly #init: AttemptInit;
  readonly #controller = new AbortController();
  #heardAt: number;
  #hasBeaten = false;
  #end: (failure: FailedResult) => void = () => undefined;

  constructor(init: AttemptInit) {
    this.#init = init;
    this.task = init.task;
    this.agent = init.agent;
    this.begunAt = this.#heardAt = init.clock.monotonic();
  }

  /** Milliseconds since it was begun. */
  get ageMs(): number {
    return this.#init.clock.monotonic() - this.begunAt;
  }

  /** Whether an executor that says that it lives has not said so for longer. */
  isSilent(staleAfterMs: number): boolean {
    const speaks = this.#hasBeaten || this.agent.registration.heartbeats === true;
    return speaks && this.#init.clock.monotonic() - this.#heardAt > staleAfterMs;
  }

  /** The agent says that it is still at work. */
  heard(): void {
    this.#hasBeaten = true;
    this.#heardAt = this.#init.clock.monotonic();
    this.agent.heard();
  }

  /** Ends it with this failure; the executor's signal fires, and what it still returns is dropped. */
  end(failure: FailedResult): void {
    this.#end(failure);
    this.#controller.abort(new StepFailure(failure));
  }

  /** Runs it as a step of the call. Never rejects. */
  async perform(): Promise<StepResult> {
    const { context, task, timeoutMs } = this.#init;
    let seen: StepResult | undefined;
    try {
      await context.step(
        `${task.objective.id}#${task.attempts}`,
        async ({ signal }) => {
          const ended = new Promise<StepResult>((resolve) => {
            this.#end = resolve;
          });
          seen = await Promise.race([this.#execute(signal), ended]);
          return seen;
        },
        { timeoutMs },
      );
      return seen ?? StepResult.ok();
    } catch (thrown) {
      return StepResult.fromError(thrown);
    }
  }

  async #execute(stepSignal: AbortSignal): Promise<StepResult> {
    const { agent, work, onEnded } = this.#init;
    const run = this.#run(AbortSignal.any([stepSignal, this.#controller.signal]));
    const { execute, calls } = agent.registration;
    try {
      if (calls !== undefined) return await run.call(calls.orchestrator, paramsOf(work, calls.operation));
      const answer: unknown = await execute?.(work, run);
      return StepResult.isResult(answer) ? answer : StepResult.ok(answer);
    } catch (thrown) {
      return StepResult.fromError(thrown);
    } finally {
      onEnded();
    }
  }

  #run(signal: AbortSignal): AgentRun {
    const { context, spend, task, work } = this.#init;
    return {
      tenantId: context.tenantId,
      requestId: context.requestId,
      attempt: task.attempts,
      idempotencyKey: `${work.sessionId}/${work.taskId}`,
      signal,
      heartbeat: () => this.heard(),
      spend,
      call: async <T>(orchestrator: string, params?: unknown) =>
        (await context.call<unknown>(orchestrator, params, { signal })) as StepResult<T>,
      now: () => context.now(),
      random: () => context.random(),
    };
  }
}

/** What the operation of another orchestrator gets. */
function paramsOf({ input, results }: AgentTask, operation: string | undefined): Record<string, unknown> {
  const isRecord = typeof input === 'object' && input !== null && !Array.isArray(input);
  return {
    ...(isRecord ? input : input === undefined ? {} : { input }),
    results,
    ...(operation === undefined ? {} : { operation }),
  };
}
