import type { Clock, Logger, OperationContext } from '@kapelle/core';
import type { AgentPool } from './agent-pool.js';
import { EscalationDesk } from './escalation-desk.js';
import { HierarchicalError } from './hierarchical-error.js';
import type { HierarchicalSettings } from './hierarchical-options.js';
import type { CreateSessionParams, RecoverSessionParams } from './hierarchical-params.js';
import { newSession } from './new-session.js';
import {
  analyseFailures,
  applyRecovery,
  chooseRecovery,
  type FailureAnalysis,
  type RecoveryChoice,
} from './recovery.js';
import { isOver, type SessionRecord, tasksOf } from './session-record.js';
import { monitorOf, outcomeOf, type SessionMonitor, type SessionOutcome } from './session-reports.js';
import { type RunEnd, SessionRun } from './session-run.js';
import type { SessionStore, StoredSession } from './session-store.js';
import { isConflict } from './session-writer.js';
import { cancelTasks } from './task-states.js';

/** What sessions are managed with. */
export interface SessionManagerDeps {
  readonly pool: AgentPool;
  readonly store: SessionStore;
  readonly settings: HierarchicalSettings;
  readonly clock: Clock;
  readonly logger: () => Logger;
  readonly onSave: (thrown?: unknown) => void;
}

/** A session that was executed, and how that ended. */
export interface ExecutedSession {
  readonly end: RunEnd | 'known';
  readonly outcome: SessionOutcome;
}

/** A recovery that was prepared. */
export interface PreparedRecovery {
  readonly analysis: FailureAnalysis;
  readonly choice: RecoveryChoice;
  readonly chosenBy: 'analysis' | 'caller';
  readonly taskIds: readonly string[];
  readonly status: SessionRecord['status'];
}

/** A session whose execution was asked for. */
interface RunningSession {
  run?: SessionRun;
  /** Why it is to end, where that was said before it had begun. */
  cancelled?: string;
  readonly done: Promise<unknown>;
}

/** The sessions of all tenants: those that run here, and those that are stored. */
export class SessionManager {
  readonly #deps: SessionManagerDeps;
  /** By tenant and id; a session is here from the moment its execution was asked for. */
  readonly #running = new Map<string, RunningSession>();
  #isStopping = false;
  #made = 0;

  constructor(deps: SessionManagerDeps) {
    this.#deps = deps;
  }

  /** Runs that go on in this process. */
  get runs(): readonly SessionRun[] {
    return [...this.#running.values()].flatMap(({ run }) => run ?? []);
  }

  /** From now on what is ended from outside is interrupted, not cancelled. */
  stopping(): void {
    this.#isStopping = true;
  }

  /** Resolves when no run goes on any more. */
  async idle(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  async create(context: OperationContext, params: CreateSessionParams): Promise<SessionRecord> {
    const { store, settings, clock, logger } = this.#deps;
    const now = clock.now();
    this.#made += 1;
    const noise = Math.floor(context.random() * 2 ** 32).toString(36);
    const sessionId = `session_${now.toString(36)}_${this.#made.toString(36)}_${noise}`;
    const record = newSession(params, { sessionId, now }, settings);
    const forgotten = await store.makeRoom(context.tenantId, now);
    if (forgotten.length > 0) logger().info('hierarchical_sessions_forgotten', { count: forgotten.length });
    await store.put(context.tenantId, record, 0);
    return record;
  }

  /** @throws HierarchicalError where it cannot be executed now */
  execute(context: OperationContext, sessionId: string): Promise<ExecutedSession> {
    const key = keyOf(context.tenantId, sessionId);
    if (this.#running.has(key)) throw isRunning(sessionId);
    const executed = this.#execute(context, sessionId, key);
    const done = executed.then(
      () => undefined,
      () => undefined,
    );
    this.#running.set(key, { done });
    const forget = (): void => {
      this.#running.delete(key);
    };
    return executed.finally(forget);
  }

  async monitor(tenantId: string, sessionId: string): Promise<SessionMonitor> {
    const { pool, store } = this.#deps;
    const run = this.#running.get(keyOf(tenantId, sessionId))?.run;
    const record = run?.record ?? (await store.get(tenantId, sessionId)).session;
    const needed = new Set(tasksOf(record).flatMap(({ objective }) => objective.capabilities));
    return monitorOf(
      record,
      pool.of(tenantId).map((agent) => agent.report()),
      {
        executedMs: run?.executedMs ?? record.executedMs,
        isRunning: run !== undefined,
        missing: isOver(record.status) ? [] : pool.missing(tenantId, [...needed]),
      },
    );
  }

  async outcome(tenantId: string, sessionId: string): Promise<SessionOutcome> {
    const { session } = await this.#deps.store.get(tenantId, sessionId);
    return outcomeOf(session, await this.#deps.store.outputs(tenantId, sessionId), session.executedMs);
  }

  /** Ends a run, or cancels what is not executed now. Gives what it had become by then. */
  async cancel(tenantId: string, sessionId: string, reason: string): Promise<SessionRecord['status']> {
    const { clock, store } = this.#deps;
    const running = this.#running.get(keyOf(tenantId, sessionId));
    if (running !== undefined) {
      running.cancelled = reason;
      running.run?.cancel(reason);
      await running.done;
    }
    const { session, version } = await store.get(tenantId, sessionId);
    if (isOver(session.status)) return session.status;
    this.#refuseTaken(session);
    const failure = { error: reason, errorCategory: 'cancelled', retryable: false };
    cancelTasks(session, failure, clock.now());
    session.status = 'cancelled';
    session.failure = failure;
    session.finishedAt = clock.now();
    delete session.owner;
    await store.put(tenantId, session, version);
    return session.status;
  }

  /** Puts a session in order that has failed or was cancelled. It is not executed yet. */
  async recover(tenantId: string, params: RecoverSessionParams): Promise<PreparedRecovery> {
    const { clock, settings, store, logger } = this.#deps;
    const { sessionId } = params;
    if (this.#running.has(keyOf(tenantId, sessionId))) throw isRunning(sessionId);
    const { session, version } = await store.get(tenantId, sessionId);
    this.#refuseTaken(session);
    const analysis = analyseFailures(session);
    const analysed = chooseRecovery(analysis);
    if (session.recoveries.length >= settings.maxRecoveries) {
      throw new HierarchicalError(
        'HIERARCHICAL_RECOVERY_EXHAUSTED',
        `The session "${sessionId}" was recovered ${session.recoveries.length} times already, which is the most. Create another one.`,
      );
    }
    const choice: RecoveryChoice =
      params.strategy === undefined
        ? analysed
        : { strategy: params.strategy, reason: `Asked for; the failures suggest ${analysed.strategy}.` };
    const chosenBy = params.strategy === undefined ? 'analysis' : 'caller';
    session.status = 'recovering';
    const taskIds = applyRecovery(session, choice.strategy);
    session.recoveries.push({ at: clock.now(), chosenBy, taskIds, ...choice });
    // First the record: outputs that are left over do no harm, one that is missing makes its task run again.
    await store.put(tenantId, session, version);
    if (choice.strategy === 'full_restart') await store.dropOutputs(tenantId, sessionId);
    logger().info('hierarchical_session_recovered', {
      sessionId,
      chosenBy,
      ...choice,
      tasks: taskIds.length,
    });
    return { analysis, choice, chosenBy, taskIds, status: session.status };
  }

  async #execute(context: OperationContext, sessionId: string, key: string): Promise<ExecutedSession> {
    const { store } = this.#deps;
    const logger = this.#deps.logger();
    const { tenantId } = context;
    const stored = await store.get(tenantId, sessionId);
    const outputs = await store.outputs(tenantId, sessionId);
    const { session } = stored;
    if (session.status === 'completed' || session.status === 'failed') {
      return { end: 'known', outcome: outcomeOf(session, outputs, session.executedMs) };
    }
    this.#refuseTaken(session);
    const run = this.#begin(context, stored, outputs);
    const running = this.#running.get(key);
    if (running !== undefined) running.run = run;
    const resumed = session.startedAt !== undefined;
    logger.info('hierarchical_session_started', { sessionId, tasks: tasksOf(session).length, resumed });
    const executing = run.execute();
    if (running?.cancelled !== undefined) run.cancel(running.cancelled);
    const end = await executing;
    if (end === 'taken') {
      throw new HierarchicalError(
        'HIERARCHICAL_SESSION_TAKEN',
        `Another process has changed the session "${sessionId}" and executes it. Look at it with monitor_orchestration_session.`,
      );
    }
    await this.#saveAgents(run);
    const { status, degraded, executedMs } = run.record;
    logger.info('hierarchical_session_ended', { sessionId, status, end, degraded, executedMs });
    return { end, outcome: outcomeOf(run.record, run.outputs, executedMs) };
  }

  #begin(context: OperationContext, stored: StoredSession, outputs: Map<string, unknown>): SessionRun {
    const { pool, store, settings, clock, onSave } = this.#deps;
    const logger = this.#deps.logger();
    const desk = new EscalationDesk({ pool, clock, logger, settings });
    return new SessionRun(
      { record: stored.session, version: stored.version, outputs },
      { context, pool, desk, store, settings, clock, logger, onSave, isStopping: () => this.#isStopping },
    );
  }

  async #saveAgents(run: SessionRun): Promise<void> {
    try {
      for (const agent of run.agents) await this.#deps.store.putMetrics(agent);
    } catch (thrown) {
      this.#deps.onSave(thrown);
    }
  }

  /** Another process that was seen lately executes it. */
  #refuseTaken({ sessionId, owner }: SessionRecord): void {
    const { clock, settings } = this.#deps;
    if (owner === undefined) return;
    const silentMs = clock.now() - owner.seenAt;
    if (silentMs < 0 || silentMs > settings.staleAfterMs) return;
    throw new HierarchicalError(
      'HIERARCHICAL_SESSION_TAKEN',
      `The session "${sessionId}" is executed by another process, seen ${silentMs} ms ago. Wait until it has ended or was silent for ${settings.staleAfterMs} ms.`,
      { retryAfterMs: settings.staleAfterMs - silentMs },
    );
  }
}

/** Whether a store said that a record has changed meanwhile; then somebody else works with the session. */
export function takenFailure(thrown: unknown): unknown {
  if (!isConflict(thrown)) return thrown;
  return new HierarchicalError(
    'HIERARCHICAL_SESSION_TAKEN',
    'The session was changed by another process meanwhile. Read it again and repeat the call.',
    { cause: thrown, retryAfterMs: 0 },
  );
}

function isRunning(sessionId: string): HierarchicalError {
  return new HierarchicalError(
    'HIERARCHICAL_SESSION_RUNNING',
    `The session "${sessionId}" is being executed already. Monitor or cancel it.`,
  );
}

function keyOf(tenantId: string, sessionId: string): string {
  return `${tenantId}\n${sessionId}`;
}
