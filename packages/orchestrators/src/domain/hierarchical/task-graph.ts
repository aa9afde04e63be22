import { HierarchicalError } from './hierarchical-error.js';

/** A task as far as its place in time is concerned. */
export interface GraphTask {
  readonly id: string;
  readonly dependencies: readonly string[];
  readonly estimatedMs: number;
  readonly priority: number;
}

/** When a task can and must happen, in milliseconds from the beginning. */
export interface TaskSchedule {
  readonly earliestStartMs: number;
  readonly earliestFinishMs: number;
  readonly latestStartMs: number;
  /** How much later it may start without the whole taking longer; 0 on a critical path. */
  readonly slackMs: number;
}

/** When each task can happen, and which of them the length of the whole depends on. */
export interface CriticalPath {
  readonly schedule: Readonly<Record<string, TaskSchedule>>;
  /** Tasks in order, none of which can be late without the whole being late. */
  readonly path: readonly string[];
  /** How long the whole takes with as many workers as could be used. */
  readonly lengthMs: number;
}

/**
 * Tasks in phases: each depends on tasks of earlier phases only, and is as early as that allows. Within a phase the
 * higher priority comes first, then the longer task, then the id.
 *
 * @throws HierarchicalError `HIERARCHICAL_OBJECTIVES_INVALID` for an id that is there twice or a dependency that is
 * not there, `HIERARCHICAL_CYCLE` with the cycle
 */
export function phasesOf<T extends GraphTask>(tasks: readonly T[]): readonly (readonly T[])[] {
  const byId = new Map<string, T>();
  for (const task of tasks) {
    if (byId.has(task.id)) {
      throw new HierarchicalError(
        'HIERARCHICAL_OBJECTIVES_INVALID',
        `There are two objectives "${task.id}". Give each an id of its own.`,
        { details: { duplicate: task.id } },
      );
    }
    byId.set(task.id, task);
  }
  const missing = tasks.flatMap(({ id, dependencies }) =>
    dependencies.filter((dependency) => !byId.has(dependency)).map((dependency) => `${id} → ${dependency}`),
  );
  if (missing.length > 0) {
    throw new HierarchicalError(
      'HIERARCHICAL_OBJECTIVES_INVALID',
      `Objectives depend on what is not there: ${missing.join(', ')}. Add those objectives, or leave the dependencies out.`,
      { details: { missing } },
    );
  }
  const phases: T[][] = [];
  const done = new Set<string>();
  let left = [...tasks];
  while (left.length > 0) {
    const phase = left.filter(({ dependencies }) => dependencies.every((dependency) => done.has(dependency)));
    if (phase.length === 0) {
      const path = cycleIn(left);
      throw new HierarchicalError(
        'HIERARCHICAL_CYCLE',
        `Objectives wait for each other: ${path.join(' → ')}. Remove one of these dependencies.`,
        { details: { path } },
      );
    }
    for (const { id } of phase) done.add(id);
    phases.push(phase.sort(byUrgency));
    left = left.filter(({ id }) => !done.has(id));
  }
  return phases;
}

/** The critical path method: a pass forwards for the earliest times, one backwards for the latest. */
export function criticalPathOf(phases: readonly (readonly GraphTask[])[]): CriticalPath {
  const order = phases.flat();
  const finish = new Map<string, number>();
  const start = new Map<string, number>();
  for (const { id, dependencies, estimatedMs } of order) {
    const at = Math.max(0, ...dependencies.map((dependency) => finish.get(dependency) ?? 0));
    start.set(id, at);
    finish.set(id, at + estimatedMs);
  }
  const lengthMs = Math.max(0, ...finish.values());
  const latestFinish = new Map(order.map(({ id }) => [id, lengthMs]));
  for (const { id, dependencies, estimatedMs } of [...order].reverse()) {
    const latestStart = (latestFinish.get(id) ?? lengthMs) - estimatedMs;
    for (const dependency of dependencies) {
      latestFinish.set(dependency, Math.min(latestFinish.get(dependency) ?? lengthMs, latestStart));
    }
  }
  const schedule: Record<string, TaskSchedule> = {};
  for (const { id, estimatedMs } of order) {
    const earliestStartMs = start.get(id) ?? 0;
    const latestStartMs = (latestFinish.get(id) ?? lengthMs) - estimatedMs;
    schedule[id] = {
      earliestStartMs,
      earliestFinishMs: earliestStartMs + estimatedMs,
      latestStartMs,
      slackMs: latestStartMs - earliestStartMs,
    };
  }
  return { schedule, path: pathTo(order, finish, start, lengthMs), lengthMs };
}

/** Back from a task that ends last, each time to the dependency that was waited for. */
function pathTo(
  order: readonly GraphTask[],
  finish: ReadonlyMap<string, number>,
  start: ReadonlyMap<string, number>,
  lengthMs: number,
): string[] {
  const byId = new Map(order.map((task) => [task.id, task]));
  const path: string[] = [];
  let at = order.find(({ id }) => finish.get(id) === lengthMs);
  while (at !== undefined) {
    path.unshift(at.id);
    const begun = start.get(at.id);
    const before: string | undefined = at.dependencies.find((dependency) => finish.get(dependency) === begun);
    at = before === undefined ? undefined : byId.get(before);
  }
  return path;
}

/** A cycle among tasks each of which waits for another of them, from its first member back to it. */
function cycleIn(tasks: readonly GraphTask[]): string[] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const seen: string[] = [];
  let at = tasks[0];
  while (at !== undefined) {
    const begins = seen.indexOf(at.id);
    if (begins !== -1) return [...seen.slice(begins), at.id];
    seen.push(at.id);
    const next: string | undefined = at.dependencies.find((dependency) => byId.has(dependency));
    at = next === undefined ? undefined : byId.get(next);
  }
  return seen;
}

function byUrgency(a: GraphTask, b: GraphTask): number {
  return b.priority - a.priority || b.estimatedMs - a.estimatedMs || (a.id < b.id ? -1 : 1);
}
