import type { AgentReport } from './agent-pool.js';
import { loadBalance } from './agent-routing.js';
import type {
  EscalationRecord,
  RoutingRecord,
  SessionRecord,
  SessionStatus,
  TaskFailure,
  TaskStatus,
} from './session-record.js';
import { tasksOf } from './session-record.js';
import { SUCCESS_TARGETS } from './strategic-plan.js';
import { isSettled } from './task-states.js';

/** Load from which an agent is a bottleneck. */
const BUSY_LOAD = 0.8;
/** From here on a session that is not half done gets advice, in ms. */
const ADVICE_AFTER_MS = 300_000;

/** How one task went. */
export interface TaskReport {
  readonly status: TaskStatus;
  readonly agentId?: string;
  readonly attempts: number;
  readonly durationMs?: number;
  readonly spent: number;
  readonly outcome?: 'ok' | 'uncertain' | 'skipped';
  /** Why it is not certain, or was passed over. */
  readonly reason?: string;
  readonly givenUp: boolean;
  readonly failure?: TaskFailure;
  /** What it gave. */
  readonly output?: unknown;
}

/** A figure beside what it should be. */
export interface TargetReport {
  readonly target: number;
  /** 0 to 1. */
  readonly actual: number;
  readonly met: boolean;
}

/** How a session does, in figures. */
export interface SessionMetrics {
  /** Milliseconds of execution, all runs together. */
  readonly executedMs: number;
  /** What the critical path was estimated at. */
  readonly plannedMs: number;
  readonly spent: number;
  readonly attempts: number;
  readonly retries: number;
  /** Share of the tasks that are completed. */
  readonly completion: TargetReport;
  /** Estimated over measured time, at most 1. */
  readonly timeline: TargetReport;
  /** Estimated cost over what was spent, at most 1. */
  readonly resources: TargetReport;
}

/** What `execute_orchestration_session` gives. */
export interface SessionOutcome {
  readonly sessionId: string;
  readonly name: string;
  readonly status: SessionStatus;
  readonly degraded: boolean;
  readonly failure?: TaskFailure;
  readonly executionResults: Readonly<Record<string, TaskReport>>;
  /** Task ids in the order of the plan. */
  readonly dependencyResolution: readonly string[];
  readonly taskRouting: readonly RoutingRecord[];
  readonly performanceMetrics: SessionMetrics;
}

/** Something that holds a session up. */
export interface Bottleneck {
  readonly kind: 'waits_for_tasks' | 'busy_agent' | 'no_agent' | 'stuck_task';
  /** The task, agent or capability. */
  readonly id: string;
  /** What it waits for, or how loaded it is. */
  readonly detail: string;
}

/** What to change about a session, and how much it matters. */
export interface Advice {
  readonly kind: 'performance' | 'scaling' | 'agents';
  readonly severity: 'medium' | 'high';
  readonly message: string;
}

/** What `monitor_orchestration_session` gives. */
export interface SessionMonitor {
  readonly sessionId: string;
  readonly name: string;
  readonly status: SessionStatus;
  /** Whether this process executes it now. */
  readonly isRunning: boolean;
  readonly tasks: Readonly<Record<TaskStatus, number>>;
  readonly agents: readonly AgentReport[];
  /** Mean load of the agents that can execute, 0 to 1. */
  readonly utilisation: number;
  /** 1 where all are loaded the same. */
  readonly balance: number;
  readonly performance: SessionMetrics;
  readonly health: { readonly stuckTasks: readonly string[]; readonly staleAgents: readonly string[] };
  readonly bottlenecks: readonly Bottleneck[];
  readonly escalations: readonly EscalationRecord[];
  readonly recommendations: readonly Advice[];
}

export function outcomeOf(
  record: SessionRecord,
  outputs: ReadonlyMap<string, unknown>,
  executedMs: number,
): SessionOutcome {
  const results = tasksOf(record).map((task): [string, TaskReport] => [
    task.objective.id,
    {
      status: task.status,
      ...(task.agentId === undefined ? {} : { agentId: task.agentId }),
      attempts: task.attempts,
      ...(task.durationMs === undefined ? {} : { durationMs: task.durationMs }),
      spent: task.spent,
      ...(task.outcome === undefined ? {} : { outcome: task.outcome }),
      ...(task.reason === undefined ? {} : { reason: task.reason }),
      givenUp: task.givenUp,
      ...(task.failure === undefined ? {} : { failure: task.failure }),
      ...(outputs.has(task.objective.id) && task.status === 'completed'
        ? { output: outputs.get(task.objective.id) }
        : {}),
    },
  ]);
  return {
    sessionId: record.sessionId,
    name: record.name,
    status: record.status,
    degraded: record.degraded,
    ...(record.failure === undefined ? {} : { failure: record.failure }),
    executionResults: Object.fromEntries(results),
    dependencyResolution: results.map(([id]) => id),
    taskRouting: [...record.routing],
    performanceMetrics: metricsOf(record, executedMs),
  };
}

export function metricsOf(record: SessionRecord, executedMs: number): SessionMetrics {
  const tasks = tasksOf(record);
  const completed = tasks.filter(({ status }) => status === 'completed').length;
  const { criticalPathMs, estimatedCost } = record.plan;
  return {
    executedMs,
    plannedMs: criticalPathMs,
    spent: record.spent,
    attempts: tasks.reduce((total, { attempts }) => total + attempts, 0),
    retries: tasks.reduce((total, { retryCount }) => total + retryCount, 0),
    completion: target(SUCCESS_TARGETS.completion, completed / tasks.length),
    timeline: target(
      SUCCESS_TARGETS.timeline,
      executedMs <= criticalPathMs ? 1 : criticalPathMs / executedMs,
    ),
    resources: target(
      SUCCESS_TARGETS.resources,
      record.spent <= estimatedCost ? 1 : estimatedCost / record.spent,
    ),
  };
}

export function monitorOf(
  record: SessionRecord,
  agents: readonly AgentReport[],
  now: { readonly executedMs: number; readonly isRunning: boolean; readonly missing: readonly string[] },
): SessionMonitor {
  const tasks = tasksOf(record);
  const counts: Record<TaskStatus, number> = {
    pending: 0,
    ready: 0,
    running: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
  };
  for (const { status } of tasks) counts[status] += 1;
  const loads = agents.filter(({ role }) => role === 'specialist_agent').map(({ load }) => load);
  const utilisation = loads.reduce((total, load) => total + load, 0) / Math.max(1, loads.length);
  const performance = metricsOf(record, now.executedMs);
  const stuckTasks = tasks.filter((task) => task.status === 'running' && task.stuck === true);
  return {
    sessionId: record.sessionId,
    name: record.name,
    status: record.status,
    isRunning: now.isRunning,
    tasks: counts,
    agents,
    utilisation,
    balance: loadBalance(loads),
    performance,
    health: {
      stuckTasks: stuckTasks.map(({ objective }) => objective.id),
      staleAgents: agents.filter(({ stale }) => stale).map(({ agentId }) => agentId),
    },
    bottlenecks: bottlenecksOf(record, agents, now.missing),
    escalations: [...record.escalations],
    recommendations: adviceOf(performance, utilisation, now.missing),
  };
}

function bottlenecksOf(
  record: SessionRecord,
  agents: readonly AgentReport[],
  missing: readonly string[],
): Bottleneck[] {
  const found: Bottleneck[] = [];
  for (const task of tasksOf(record)) {
    const { id, dependencies } = task.objective;
    if (task.status === 'pending') {
      const open = dependencies.filter((dependency) => {
        const needed = record.tasks[dependency];
        return needed !== undefined && !isSettled(needed);
      });
      if (open.length > 0) found.push({ kind: 'waits_for_tasks', id, detail: open.join(', ') });
    } else if (task.status === 'running' && task.stuck === true) {
      found.push({ kind: 'stuck_task', id, detail: `running with ${task.agentId ?? 'no agent'}` });
    }
  }
  for (const { agentId, load } of agents) {
    if (load > BUSY_LOAD) found.push({ kind: 'busy_agent', id: agentId, detail: `load ${load.toFixed(2)}` });
  }
  for (const capability of missing)
    found.push({ kind: 'no_agent', id: capability, detail: 'no agent has it' });
  return found;
}

function adviceOf(performance: SessionMetrics, utilisation: number, missing: readonly string[]): Advice[] {
  const advice: Advice[] = [];
  if (performance.completion.actual < 0.5 && performance.executedMs > ADVICE_AFTER_MS) {
    const share = Math.round(performance.completion.actual * 100);
    advice.push({
      kind: 'performance',
      severity: 'high',
      message: `Only ${share} % of the tasks are done after ${Math.round(performance.executedMs / 1_000)} s. Look at the bottlenecks.`,
    });
  }
  if (utilisation > BUSY_LOAD) {
    advice.push({
      kind: 'scaling',
      severity: 'medium',
      message: `The agents are loaded to ${Math.round(utilisation * 100)} % on average. Register more of them, or raise their capacity.`,
    });
  }
  if (missing.length > 0) {
    advice.push({
      kind: 'agents',
      severity: 'high',
      message: `No agent can do: ${missing.join(', ')}. Register one that can.`,
    });
  }
  return advice;
}

function target(of: number, actual: number): TargetReport {
  return { target: of, actual, met: actual >= of };
}
