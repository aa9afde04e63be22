import { type SessionRecord, resetTask, type TaskRecord, tasksOf } from './session-record.js';

/** Whether those that depend on it need not wait for it any longer. */
export function isSettled(task: TaskRecord): boolean {
  return task.status === 'completed' || task.givenUp;
}

/** Whether those that depend on it can never run. */
export function isBlocking(task: TaskRecord): boolean {
  return (task.status === 'failed' || task.status === 'cancelled') && !task.givenUp;
}

/** Makes ready what waits for nothing any more, and cancels what waits for something that will not come. */
export function advanceTasks(record: SessionRecord, now: number): void {
  const tasks = tasksOf(record);
  // In the order of the plan whatever a task depends on has been looked at before it.
  for (const task of tasks) {
    if (task.status !== 'pending') continue;
    const needs = task.objective.dependencies.flatMap((id) => record.tasks[id] ?? []);
    const blocking = needs.find(isBlocking);
    if (blocking !== undefined) {
      // Not given up, even where it is optional: what waits for it waits for the failed one too.
      task.status = 'cancelled';
      task.finishedAt = now;
      task.failure = {
        error: `It needs "${blocking.objective.id}", which was not done.`,
        errorCategory: 'dependency',
        retryable: false,
      };
    } else if (needs.every(isSettled)) {
      task.status = 'ready';
    }
  }
}

/**
 * Puts the tasks of a session in order that is executed (again): what was interrupted is to be done, what was
 * completed stays so where its output is there.
 */
export function resumeTasks(record: SessionRecord, outputs: ReadonlyMap<string, unknown>): void {
  for (const task of tasksOf(record)) {
    const isLost =
      task.status === 'completed' && task.outcome !== 'skipped' && !outputs.has(task.objective.id);
    const isCancelled = task.status === 'cancelled' && task.failure?.errorCategory === 'cancelled';
    if (isLost || isCancelled) resetTask(task);
    else if (task.status === 'running' || task.status === 'ready') task.status = 'pending';
  }
}

/** Cancels what is not over yet. */
export function cancelTasks(
  record: SessionRecord,
  failure: NonNullable<TaskRecord['failure']>,
  now: number,
): void {
  for (const task of tasksOf(record)) {
    if (!isOpen(task)) continue;
    task.status = 'cancelled';
    task.failure = failure;
    task.finishedAt = now;
  }
}

/** Tasks that could be begun now: the higher priority first, then the one that must begin earlier. */
export function readyTasks(record: SessionRecord): TaskRecord[] {
  const { schedule } = record.plan;
  const latest = (task: TaskRecord): number => schedule[task.objective.id]?.latestStartMs ?? 0;
  return tasksOf(record)
    .filter(({ status }) => status === 'ready')
    .sort((a, b) => b.objective.priority - a.objective.priority || latest(a) - latest(b));
}

/** Whether something is still to happen with it. */
export function isOpen({ status }: TaskRecord): boolean {
  return status === 'pending' || status === 'ready' || status === 'running';
}
