import type { AgentReport } from './agent-pool.js';
import type { SessionRecord, SessionStatus } from './session-record.js';
import { isOver, tasksOf } from './session-record.js';

/** A session as a list shows it. */
export interface SessionSummary {
  readonly sessionId: string;
  readonly name: string;
  readonly status: SessionStatus;
  readonly degraded: boolean;
  readonly tasks: number;
  readonly completed: number;
  readonly createdAt: number;
  readonly finishedAt?: number;
}

/** What `get_orchestration_status` gives, of the tenant of the call. */
export interface HierarchicalStatus {
  /** The newest first. */
  readonly sessions: readonly SessionSummary[];
  readonly counts: Readonly<Record<SessionStatus, number>>;
  /** Ids of stored sessions that this version cannot read. */
  readonly unreadable: readonly string[];
  readonly agents: readonly AgentReport[];
  readonly metrics: {
    readonly tasksQueued: number;
    readonly tasksRunning: number;
    readonly tasksCompleted: number;
    readonly tasksFailed: number;
    /** Share of the tasks that are over which failed, 0 to 1. */
    readonly failureRate: number;
  };
  readonly systemHealth: { readonly score: number; readonly status: 'healthy' | 'degraded' | 'unhealthy' };
}

/** Sessions that are not over, above which the health is less. */
const MANY_SESSIONS = 10;
/** Queued tasks above which the health is less. */
const MANY_QUEUED = 100;

export function summaryOf(record: SessionRecord): SessionSummary {
  const tasks = tasksOf(record);
  return {
    sessionId: record.sessionId,
    name: record.name,
    status: record.status,
    degraded: record.degraded,
    tasks: tasks.length,
    completed: tasks.filter(({ status }) => status === 'completed').length,
    createdAt: record.createdAt,
    ...(record.finishedAt === undefined ? {} : { finishedAt: record.finishedAt }),
  };
}

/**
 * The status of sessions and agents. The score of the system begins at 1; less 0.1 with more than 10 sessions that are not
 * over, 0.3 without an agent that executes, 0.2 with more than 100 queued tasks, 0.5 of the failure rate.
 */
export function statusOf(
  sessions: readonly SessionRecord[],
  agents: readonly AgentReport[],
  from: { readonly unreadable: readonly string[]; readonly executors: number },
): HierarchicalStatus {
  const counts: Record<SessionStatus, number> = {
    idle: 0,
    planning: 0,
    executing: 0,
    monitoring: 0,
    recovering: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
  };
  const metrics = { tasksQueued: 0, tasksRunning: 0, tasksCompleted: 0, tasksFailed: 0, failureRate: 0 };
  for (const session of sessions) {
    counts[session.status] += 1;
    for (const { status } of tasksOf(session)) {
      if (status === 'running') metrics.tasksRunning += 1;
      else if (status === 'completed') metrics.tasksCompleted += 1;
      else if (status === 'failed') metrics.tasksFailed += 1;
      else if (status !== 'cancelled' && !isOver(session.status)) metrics.tasksQueued += 1;
    }
  }
  const ended = metrics.tasksCompleted + metrics.tasksFailed;
  if (ended > 0) metrics.failureRate = metrics.tasksFailed / ended;
  const score = Math.max(
    0,
    1 -
      (sessions.filter(({ status }) => !isOver(status)).length > MANY_SESSIONS ? 0.1 : 0) -
      (from.executors === 0 ? 0.3 : 0) -
      (metrics.tasksQueued > MANY_QUEUED ? 0.2 : 0) -
      0.5 * metrics.failureRate,
  );
  return {
    sessions: [...sessions].reverse().map(summaryOf),
    counts,
    unreadable: from.unreadable,
    agents,
    metrics,
    systemHealth: { score, status: score >= 0.8 ? 'healthy' : score >= 0.6 ? 'degraded' : 'unhealthy' },
  };
}
