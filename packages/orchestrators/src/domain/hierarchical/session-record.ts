import type { Escalation, SupervisorDecision } from './agent.js';
import { HierarchicalError } from './hierarchical-error.js';
import type { Objective, SessionBudget } from './objective.js';
import type { StrategicPlan } from './strategic-plan.js';

/** Of a stored session; another one is not read. */
export const SESSION_FORMAT = 1;

/**
 * `idle`: planned, not begun; `planning`: being made; `executing`: its tasks run, or ran when the process ended;
 * `monitoring`: only waits for tasks that were already begun; `recovering`: being put in order after a failure;
 * `completed` and `failed`: over; `cancelled`: stopped by its caller, can be executed on.
 */
export const SESSION_STATUSES = [
  'idle',
  'planning',
  'executing',
  'monitoring',
  'recovering',
  'completed',
  'failed',
  'cancelled',
] as const;
export type SessionStatus = (typeof SESSION_STATUSES)[number];

/** `pending`: waits for others; `ready`: waits for an agent, or for its next attempt. */
export type TaskStatus = 'pending' | 'ready' | 'running' | 'completed' | 'failed' | 'cancelled';

/** Why a task was not done. */
export interface TaskFailure {
  readonly error: string;
  readonly errorCategory: string;
  readonly retryable: boolean;
  /** Stable, where the failure has one. */
  readonly code?: string;
}

/** One task of a session, as it is stored. */
export interface TaskRecord {
  readonly objective: Objective;
  readonly phase: number;
  readonly estimatedMs: number;
  status: TaskStatus;
  /** Attempts that were begun. */
  attempts: number;
  /** Failed attempts that were followed by another one; attempts that the caller ended are none. */
  retryCount: number;
  /** Retries that a manager or supervisor has granted. */
  grantedRetries: number;
  /** The session goes on without it. */
  givenUp: boolean;
  agentId?: string;
  /** Epoch milliseconds of the last attempt. */
  startedAt?: number;
  finishedAt?: number;
  /** Of the last attempt. */
  durationMs?: number;
  /** What was charged for it, all attempts together. */
  spent: number;
  /** How it completed. */
  outcome?: 'ok' | 'uncertain' | 'skipped';
  /** Why it is not certain, or was passed over, where the agent has said so. */
  reason?: string;
  failure?: TaskFailure;
  stuck?: boolean;
}

/** Which agent got a task, and why it. */
export interface RoutingRecord {
  readonly taskId: string;
  readonly attempt: number;
  readonly agentId: string;
  readonly score: number;
}

/** An escalation and what became of it. */
export interface EscalationRecord extends Escalation {
  readonly at: number;
  /** Who decided; nobody where there was no one, or no answer. */
  decidedBy?: string;
  decision?: SupervisorDecision;
}

/** What `handle_failure_recovery` did. */
export interface RecoveryRecord {
  readonly at: number;
  readonly strategy: 'full_restart' | 'selective_restart' | 'graceful_degradation';
  readonly chosenBy: 'analysis' | 'caller';
  readonly reason: string;
  readonly taskIds: readonly string[];
}

/** A session, as it is stored; outputs of tasks are records of their own. */
export interface SessionRecord {
  readonly formatVersion: typeof SESSION_FORMAT;
  readonly sessionId: string;
  readonly name: string;
  readonly missionContext: unknown;
  readonly workspace?: string;
  readonly budget: SessionBudget;
  readonly plan: StrategicPlan;
  readonly createdAt: number;
  status: SessionStatus;
  /** Epoch milliseconds of its first and of its last execution's beginning, and of its end. */
  startedAt?: number;
  lastStartedAt?: number;
  finishedAt?: number;
  /** Milliseconds of execution, all runs together; without the one that is going on. */
  executedMs: number;
  spent: number;
  /** Whether something was given up. */
  degraded: boolean;
  /** Why it failed or was cancelled. */
  failure?: TaskFailure;
  readonly tasks: Record<string, TaskRecord>;
  readonly routing: RoutingRecord[];
  readonly escalations: EscalationRecord[];
  readonly recoveries: RecoveryRecord[];
  /** Which run executes it, and when that was last seen; gone where none does. */
  owner?: { readonly runId: string; seenAt: number };
}

/** Routing decisions kept of one session, the newest. */
const MAX_ROUTING = 1_000;
/** Escalations kept of one session, the newest. */
const MAX_ESCALATIONS = 100;

/** Adds to the end and forgets at the beginning what is beyond the bound. */
export function rememberRouting(record: SessionRecord, routing: RoutingRecord): void {
  record.routing.push(routing);
  if (record.routing.length > MAX_ROUTING) record.routing.splice(0, record.routing.length - MAX_ROUTING);
}

/** As {@link rememberRouting}. */
export function rememberEscalation(record: SessionRecord, escalation: EscalationRecord): void {
  record.escalations.push(escalation);
  if (record.escalations.length > MAX_ESCALATIONS) {
    record.escalations.splice(0, record.escalations.length - MAX_ESCALATIONS);
  }
}

/** Tasks in the order of the plan. */
export function tasksOf(record: Pick<SessionRecord, 'plan' | 'tasks'>): TaskRecord[] {
  return record.plan.phases.flatMap(({ taskIds }) =>
    taskIds.flatMap((id) => {
      const task = record.tasks[id];
      return task === undefined ? [] : [task];
    }),
  );
}

/** Whether nothing more happens with it by itself. */
export function isOver(status: SessionStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** Puts a task back to where it was before its first attempt; what it has cost stays charged. */
export function resetTask(task: TaskRecord): void {
  task.status = 'pending';
  task.retryCount = 0;
  task.grantedRetries = 0;
  task.givenUp = false;
  delete task.agentId;
  delete task.startedAt;
  delete task.finishedAt;
  delete task.durationMs;
  delete task.outcome;
  delete task.reason;
  delete task.failure;
  delete task.stuck;
}

/** @throws HierarchicalError `HIERARCHICAL_SESSION_UNREADABLE` */
export function readSession(sessionId: string, value: unknown): SessionRecord {
  const record = value as Partial<SessionRecord> | null;
  if (
    typeof record !== 'object' ||
    record === null ||
    record.formatVersion !== SESSION_FORMAT ||
    typeof record.tasks !== 'object' ||
    record.plan === undefined
  ) {
    throw new HierarchicalError(
      'HIERARCHICAL_SESSION_UNREADABLE',
      `The stored session "${sessionId}" has the format ${JSON.stringify(record?.formatVersion ?? null)}, this version reads ${SESSION_FORMAT}. ` +
        'Use the version that wrote it, or delete the record.',
    );
  }
  return record as SessionRecord;
}
