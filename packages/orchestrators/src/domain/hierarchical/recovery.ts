import { HierarchicalError } from './hierarchical-error.js';
import { resetTask, type SessionRecord, type TaskRecord, tasksOf } from './session-record.js';
import { CRITICAL_PRIORITY } from './strategic-plan.js';
import { isBlocking } from './task-states.js';

/**
 * `full_restart`: everything again; `selective_restart`: what failed and what waited for it again;
 * `graceful_degradation`: what failed for good is given up, the rest goes on without it.
 */
export const RECOVERY_STRATEGIES = ['full_restart', 'selective_restart', 'graceful_degradation'] as const;
export type RecoveryStrategy = (typeof RECOVERY_STRATEGIES)[number];

/** What went wrong in a session, from its record. */
export interface FailureAnalysis {
  /** Tasks that failed, and are not given up. */
  readonly failed: readonly string[];
  /** Of those: what another attempt may help. */
  readonly retryable: readonly string[];
  /** Of those: priority 8 or more, or on the critical path with something that depends on it. */
  readonly critical: readonly string[];
  /** Tasks that were cancelled with the session, or wait for something that failed. */
  readonly cancelled: readonly string[];
  /** How often each category failed. */
  readonly categories: Readonly<Record<string, number>>;
}

/** How a session is recovered, and why so. */
export interface RecoveryChoice {
  readonly strategy: RecoveryStrategy;
  readonly reason: string;
}

export function analyseFailures(record: SessionRecord): FailureAnalysis {
  const tasks = tasksOf(record);
  const failed = tasks.filter((task) => task.status === 'failed' && isBlocking(task));
  const needed = new Set(tasks.flatMap(({ objective }) => objective.dependencies));
  const onPath = new Set(record.plan.criticalPath);
  const categories: Record<string, number> = {};
  for (const { failure } of failed) {
    const category = failure?.errorCategory ?? 'execution';
    categories[category] = (categories[category] ?? 0) + 1;
  }
  const ids = (of: readonly TaskRecord[]): string[] => of.map(({ objective }) => objective.id);
  return {
    failed: ids(failed),
    retryable: ids(failed.filter(({ failure }) => failure?.retryable === true)),
    critical: ids(
      failed.filter(
        ({ objective }) =>
          objective.priority >= CRITICAL_PRIORITY || (onPath.has(objective.id) && needed.has(objective.id)),
      ),
    ),
    cancelled: ids(tasks.filter((task) => task.status === 'cancelled' && isBlocking(task))),
    categories,
  };
}

/**
 * What suits the failures: where another attempt may help all of them, or the session was only cancelled, a selective
 * restart; where a critical task failed for good, a full one, because what it was given may be at fault; else degradation.
 *
 * @throws HierarchicalError `HIERARCHICAL_RECOVERY_NEEDLESS` where nothing failed
 */
export function chooseRecovery(analysis: FailureAnalysis): RecoveryChoice {
  const { failed, retryable, critical, cancelled } = analysis;
  if (failed.length === 0 && cancelled.length === 0) {
    throw new HierarchicalError(
      'HIERARCHICAL_RECOVERY_NEEDLESS',
      'Nothing of the session has failed. Execute it, or look at it with monitor_orchestration_session.',
    );
  }
  if (failed.length === retryable.length) {
    return {
      strategy: 'selective_restart',
      reason:
        failed.length === 0
          ? 'The session was stopped before its tasks were done.'
          : `Another attempt may help: ${failed.join(', ')}.`,
    };
  }
  const terminal = critical.filter((id) => !retryable.includes(id));
  if (terminal.length > 0) {
    return {
      strategy: 'full_restart',
      reason: `Critical tasks failed for good, perhaps for what they were given: ${terminal.join(', ')}.`,
    };
  }
  return {
    strategy: 'graceful_degradation',
    reason: `The rest can do without: ${failed.filter((id) => !retryable.includes(id)).join(', ')}.`,
  };
}

/** Puts the tasks where the strategy wants them. Gives the ids of those it changed. */
export function applyRecovery(record: SessionRecord, strategy: RecoveryStrategy): readonly string[] {
  const changed: string[] = [];
  for (const task of tasksOf(record)) {
    const blocks = isBlocking(task);
    if (strategy === 'full_restart' || (blocks && !isGivenUp(task, strategy))) resetTask(task);
    else if (blocks) task.givenUp = true;
    else continue;
    changed.push(task.objective.id);
  }
  delete record.failure;
  record.status = 'idle';
  record.degraded = false;
  delete record.finishedAt;
  return changed;
}

/** Degradation gives up what failed for good, and tries again what may still succeed or has waited for it. */
function isGivenUp(task: TaskRecord, strategy: RecoveryStrategy): boolean {
  return strategy === 'graceful_degradation' && task.status === 'failed' && task.failure?.retryable !== true;
}
