import type { Clock, Logger, OperationContext, StepResult } from '@kapelle/core';
import type { AgentTask } from './agent.js';
import type { AgentPool, PooledAgent } from './agent-pool.js';
import type { EscalationDesk } from './escalation-desk.js';
import { HierarchicalError } from './hierarchical-error.js';
import type { HierarchicalSettings } from './hierarchical-options.js';
import { charge, shortOfBudget } from './session-budget.js';
import {
  rememberRouting,
  type SessionRecord,
  type TaskFailure,
  type TaskRecord,
  tasksOf,
} from './session-record.js';
import type { SessionStore } from './session-store.js';
import { SessionWriter } from './session-writer.js';
import { TaskAttempt } from './task-attempt.js';
import { costFailure, noAgentFailure, staleFailure, taskFailureOf, timeFailure } from './task-failures.js';
import { TaskSettlement } from './task-settlement.js';
import { advanceTasks, cancelTasks, isBlocking, isOpen, readyTasks, resumeTasks } from './task-states.js';

/** How often the record of a session says that it is still being executed, in ms. */
const OWNER_EVERY_MS = 15_000;

/** What a run of a session works with. */
export interface SessionRunDeps {
  readonly context: OperationContext;
  readonly pool: AgentPool;
  readonly desk: EscalationDesk;
  readonly store: SessionStore;
  readonly settings: HierarchicalSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the host stops: what is interrupted now is to be resumed. */
  readonly isStopping: () => boolean;
  /** Told of each write: what it was rejected with, or nothing. */
  readonly onSave: (thrown?: unknown) => void;
}

/** A session that is about to be executed. */
export interface SessionToRun {
  readonly record: SessionRecord;
  readonly version: number;
  readonly outputs: Map<string, unknown>;
}

/** How a run ended. `interrupted`: by the end of the host; `taken`: another process executes the session. */
export type RunEnd = 'over' | 'interrupted' | 'taken';

/** The execution of one session in this process. */
export class SessionRun {
  readonly record: SessionRecord;
  readonly outputs: Map<string, unknown>;
  readonly tenantId: string;
  /** Agents that were given a task. */
  readonly agents = new Set<PooledAgent>();
  readonly #deps: SessionRunDeps;
  readonly #writer: SessionWriter;
  readonly #settlement: TaskSettlement;
  readonly #attempts = new Map<string, TaskAttempt>();
  readonly #ended = new AbortController();
  readonly #begunAt: number;
  /** Tasks whose attempt is over and that are not settled yet. */
  #settling = 0;
  #end: RunEnd | undefined;
  #resolve: (end: RunEnd) => void = () => undefined;
  #timer: unknown;
  #savedAt: number;

  constructor(session: SessionToRun, deps: SessionRunDeps) {
    const { record, version, outputs } = session;
    this.#deps = deps;
    this.record = record;
    this.outputs = outputs;
    this.tenantId = deps.context.tenantId;
    this.#begunAt = this.#savedAt = deps.clock.monotonic();
    this.#settlement = new TaskSettlement(
      { tenantId: this.tenantId, record, outputs, ended: this.#ended.signal },
      deps,
    );
    this.#writer = new SessionWriter(
      deps.store,
      { tenantId: this.tenantId, record, version },
      {
        onTaken: () => this.#finish('taken'),
        onFailed: deps.onSave,
        onWritten: () => {
          this.#savedAt = deps.clock.monotonic();
          deps.onSave();
        },
      },
    );
  }

  /** Milliseconds of execution, this run included. */
  get executedMs(): number {
    const { clock } = this.#deps;
    return this.record.executedMs + (this.#end === undefined ? clock.monotonic() - this.#begunAt : 0);
  }

  /** Runs every task that can be run. Resolves when nothing is left to do, or it was stopped. Never rejects. */
  async execute(): Promise<RunEnd> {
    const { clock, context, pool } = this.#deps;
    const { record } = this;
    this.#open();
    const ended = new Promise<RunEnd>((resolve) => {
      this.#resolve = resolve;
    });
    const onAbort = (): void => this.cancel('The caller has ended the call.');
    context.signal.addEventListener('abort', onAbort, { once: true });
    const unlisten = pool.onRoom(() => this.#pump());
    const budget = this.#armBudget();
    // The claim comes first: whoever has changed the record meanwhile executes it.
    await this.#writer.save();
    if (context.signal.aborted) onAbort();
    this.#pump();
    const end = await ended;
    clock.clearTimeout(budget);
    clock.clearTimeout(this.#timer);
    unlisten();
    context.signal.removeEventListener('abort', onAbort);
    if (end === 'taken') return end;
    record.executedMs += clock.monotonic() - this.#begunAt;
    delete record.owner;
    if (end === 'over') record.finishedAt = clock.now();
    await this.#writer.save();
    return end;
  }

  /** Ends what runs and cancels the rest; at the end of the host both are only interrupted. */
  cancel(reason: string): void {
    if (this.#end !== undefined) return;
    const failure: TaskFailure = { error: reason, errorCategory: 'cancelled', retryable: false };
    if (this.#deps.isStopping()) {
      for (const task of tasksOf(this.record)) if (task.status === 'running') task.status = 'ready';
      this.#finish('interrupted', reason);
    } else {
      this.#giveUp('cancelled', failure);
    }
  }

  /** An agent says that it lives. */
  heard(agentId: string): void {
    for (const attempt of this.#attempts.values()) if (attempt.agent.agentId === agentId) attempt.heard();
  }

  /** Looks for silent agents and stuck tasks, and says that the session is still executed. */
  supervise(): void {
    if (this.#end !== undefined) return;
    const { clock, desk, logger, settings } = this.#deps;
    const { record, tenantId } = this;
    for (const attempt of this.#attempts.values()) {
      const { task, agent } = attempt;
      const fields = { sessionId: record.sessionId, taskId: task.objective.id, agentId: agent.agentId };
      if (attempt.isSilent(settings.staleAfterMs)) {
        agent.fellSilent(settings.staleAfterMs);
        logger.warn('hierarchical_agent_stale', fields);
        attempt.end(staleFailure(agent.agentId, settings.staleAfterMs));
      } else if (task.stuck !== true && attempt.ageMs > Math.max(settings.stuckAfterMs, task.estimatedMs)) {
        task.stuck = true;
        logger.warn('hierarchical_task_stuck', { ...fields, ageMs: attempt.ageMs });
        const reason = `It has been running for ${Math.round(attempt.ageMs)} ms.`;
        desk.tell(tenantId, record, task, { reason, errorCategory: 'timeout' });
      }
    }
    if (clock.monotonic() - this.#savedAt >= OWNER_EVERY_MS) void this.#save();
  }

  #open(): void {
    const { clock, context } = this.#deps;
    const { record } = this;
    const now = clock.now();
    record.status = 'executing';
    record.owner = { runId: context.runId, seenAt: now };
    record.startedAt ??= now;
    record.lastStartedAt = now;
    delete record.finishedAt;
    delete record.failure;
    resumeTasks(record, this.outputs);
    advanceTasks(record, now);
  }

  #armBudget(): unknown {
    const { timeMs } = this.record.budget;
    if (timeMs === undefined) return undefined;
    const leftMs = Math.min(2_147_483_647, Math.max(0, timeMs - this.record.executedMs));
    return this.#deps.clock.setTimeout(() => {
      if (this.#end === undefined) this.#giveUp('failed', taskFailureOf(timeFailure(timeMs)));
    }, leftMs);
  }

  #giveUp(status: 'cancelled' | 'failed', failure: TaskFailure): void {
    cancelTasks(this.record, failure, this.#deps.clock.now());
    this.record.status = status;
    this.record.failure = failure;
    this.#finish('over', failure.error);
  }

  #finish(end: RunEnd, reason = 'The session is over.'): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#ended.abort();
    const failure = new HierarchicalError('HIERARCHICAL_SESSION_FAILED', reason).toResult();
    for (const attempt of this.#attempts.values()) attempt.end(failure);
    this.#resolve(end);
  }

  /** Begins what can be begun; ends the run where nothing is left. */
  #pump(): void {
    if (this.#end !== undefined) return;
    const { clock, settings } = this.#deps;
    let nextMs = Infinity;
    for (const task of readyTasks(this.record)) {
      if (this.#attempts.size >= settings.maxParallelTasks) break;
      const delayMs = this.#settlement.delayOf(task);
      if (delayMs > 0) nextMs = Math.min(nextMs, delayMs);
      else this.#tryToBegin(task);
    }
    clock.clearTimeout(this.#timer);
    if (Number.isFinite(nextMs)) this.#timer = clock.setTimeout(() => this.#pump(), Math.ceil(nextMs));
    if (this.#attempts.size + this.#settling === 0 && !tasksOf(this.record).some(isOpen)) this.#conclude();
  }

  #tryToBegin(task: TaskRecord): void {
    const running = [...this.#attempts.values()].map((attempt) => attempt.task);
    const short = shortOfBudget(this.record, task, running);
    if (short === 'now') return;
    if (short === 'forever') {
      this.#settleSoon(task, costFailure(task, this.record));
      return;
    }
    const assigned = this.#deps.pool.assign(this.tenantId, {
      capabilities: task.objective.capabilities,
      estimatedMs: task.estimatedMs,
    });
    if (assigned.kind === 'assigned') this.#begin(task, assigned.agent, assigned.score);
    else if (assigned.kind !== 'busy') this.#settleSoon(task, noAgentFailure(task, assigned.kind));
  }

  #conclude(): void {
    const { record } = this;
    const tasks = tasksOf(record);
    const failed = tasks.filter(isBlocking);
    record.degraded = tasks.some(({ givenUp }) => givenUp);
    record.status = failed.length > 0 ? 'failed' : 'completed';
    const first = failed.find(({ status }) => status === 'failed') ?? failed[0];
    if (first?.failure !== undefined) record.failure = first.failure;
    this.#finish('over');
  }

  #begin(task: TaskRecord, agent: PooledAgent, score: number): void {
    const { clock, context, pool, settings } = this.#deps;
    const taskId = task.objective.id;
    task.status = 'running';
    task.attempts += 1;
    task.agentId = agent.agentId;
    task.startedAt = clock.now();
    delete task.stuck;
    this.agents.add(agent);
    rememberRouting(this.record, { taskId, attempt: task.attempts, agentId: agent.agentId, score });
    const attempt: TaskAttempt = new TaskAttempt({
      task,
      agent,
      work: this.#workOf(task),
      context,
      clock,
      timeoutMs: task.objective.timeoutMs ?? settings.taskTimeoutMs,
      spend: (amount) => {
        if (charge(this.record, task, amount)) attempt.end(costFailure(task, this.record));
      },
      onEnded: () => pool.release(agent),
    });
    this.#attempts.set(taskId, attempt);
    // Not stored: a task that was begun and one that was not are resumed alike.
    void this.#attempt(attempt);
  }

  async #attempt(attempt: TaskAttempt): Promise<void> {
    const { task, agent } = attempt;
    const result = await attempt.perform();
    // What was interrupted says nothing about the agent.
    if (this.#end !== undefined) return;
    task.durationMs = attempt.ageMs;
    this.#deps.pool.measured(agent, result.status !== 'failed', task.durationMs);
    this.#attempts.delete(task.objective.id);
    this.#settleSoon(task, result);
  }

  /** Settles a task, which may take its time, and goes on with the others. */
  #settleSoon(task: TaskRecord, result: StepResult): void {
    this.#settling += 1;
    // Not ready any more, so that it is not begun meanwhile.
    task.status = 'running';
    void this.#settle(task, result).finally(() => {
      this.#settling -= 1;
      this.#pump();
    });
  }

  async #settle(task: TaskRecord, result: StepResult): Promise<void> {
    await this.#settlement.settle(task, result);
    if (this.#end !== undefined) return;
    const { clock, context } = this.#deps;
    advanceTasks(this.record, clock.now());
    const tasks = tasksOf(this.record);
    const open = tasks.filter(isOpen);
    this.record.status = open.every(({ status }) => status === 'running') ? 'monitoring' : 'executing';
    context.progress(1 - open.length / tasks.length, task.objective.title);
    await this.#save();
  }

  #workOf({ objective }: TaskRecord): AgentTask {
    const { record } = this;
    const results = objective.dependencies
      .filter((id) => this.outputs.has(id))
      .map((id): [string, unknown] => [id, structuredClone(this.outputs.get(id))]);
    return {
      sessionId: record.sessionId,
      taskId: objective.id,
      title: objective.title,
      ...(objective.description === undefined ? {} : { description: objective.description }),
      priority: objective.priority,
      capabilities: objective.capabilities,
      input: structuredClone(objective.input),
      results: Object.fromEntries(results),
      missionContext: structuredClone(record.missionContext),
      ...(record.workspace === undefined ? {} : { workspace: record.workspace }),
    };
  }

  #save(): Promise<void> {
    if (this.record.owner !== undefined) this.record.owner.seenAt = this.#deps.clock.now();
    return this.#writer.save();
  }
}
