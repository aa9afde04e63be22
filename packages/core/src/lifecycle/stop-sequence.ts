import type { HostState } from '../events/events.js';
import type { Runtime } from '../facade/runtime.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import type { ShutdownOptions } from './host-options.js';
import { stopEngine } from './engine-lifecycle.js';
import { stopOrder } from './stop-order.js';
import type { StopFailure } from './stop-failure.js';
import type { UnitWorkers } from './unit-workers.js';

/** What a stop could not do cleanly. */
export interface StopReport {
  /** Nothing failed, nothing was forced, nothing was lost. */
  readonly clean: boolean;
  readonly failures: readonly StopFailure[];
  /** Items that queues still held. */
  readonly undelivered: number;
  /** Calls that were answered `cancelled` and still run. */
  readonly abandoned: number;
  /** Calls that had to be cancelled. */
  readonly aborted: number;
}

export interface StopPlan {
  /** Names of what an orchestrator reaches lazily. */
  readonly lazilyOf: (unit: OrchestratorUnit) => readonly string[];
  /** In the order they came up; what a running call brings up meanwhile is added. */
  readonly started: readonly OrchestratorUnit[];
  /** Settles when what was replaced before is down. */
  readonly retired: Promise<unknown>;
  readonly runtime: Runtime;
  readonly shutdown: ShutdownOptions;
  readonly reason: string;
  readonly become: (state: HostState) => void;
  /** Gives up starts that calls have asked for. */
  readonly abandonStarts: () => void;
}

/** What a cancelled call gets to end by itself. */
const ABORT_GRACE_MS = 2_000;
/** What queues get after the drain, and their consumers after that, where the whole time allows it. */
const QUEUE_MS = 1_000;
/** Share of the whole time that is kept for the cleanup hooks, whatever the phases before them take. */
const CLEANUP_SHARE = 0.2;

/** Refuses calls, lets the running ones end, works queues off, then cleans up in reverse. Never rejects. */
export async function stopAll(plan: StopPlan): Promise<StopReport> {
  const { runtime, shutdown, started, become } = plan;
  const { clock } = runtime;
  const begun = clock.monotonic();
  const end = begun + shutdown.totalTimeoutMs;
  /** When the hooks before cleanup must be over. */
  const early = end - shutdown.totalTimeoutMs * CLEANUP_SHARE;
  const drainEnd = Math.min(begun + shutdown.drainTimeoutMs, early);
  const left = (until: number): number => Math.max(1, until - clock.monotonic());
  const limited = (until: number): number => Math.min(shutdown.hookTimeoutMs, left(until));
  const failures: StopFailure[] = [];
  const note = (found: readonly (StopFailure | undefined)[]): void => {
    for (const failure of found) if (failure !== undefined) failures.push(failure);
  };
  let aborted = 0;
  const abortCalls = (): void => {
    for (const frame of runtime.liveFrames()) {
      if (frame.settled) continue;
      aborted += 1;
      frame.abort('shutdown', plan.reason);
    }
  };

  runtime.admission = 'draining';
  runtime.admissionReason = `the host is stopping (${plan.reason})`;
  become('draining');
  const letEnd = async (): Promise<void> => {
    const ended = Promise.all([runtime.whenIdle(), plan.retired]);
    // What runs after they have ended is of consumers, which have time until their queues are stopped.
    if (await within(runtime, left(drainEnd), ended)) return;
    abortCalls();
    if (runtime.live > 0) await within(runtime, Math.min(ABORT_GRACE_MS, left(early)), runtime.whenIdle());
  };
  // All at once, but told in reverse: who needs somebody hears of it first.
  const drains = Promise.all([...started].reverse().map((unit) => unit.lifecycle.drain(limited(early))));
  await letEnd();
  note(await drains);
  plan.abandonStarts();

  become('stopping');
  note(await Promise.all(started.map((unit) => unit.lifecycle.stopTasks(limited(early)))));
  const queueEnd = Math.min(Math.max(drainEnd, clock.monotonic() + QUEUE_MS), early);
  const quiet = whenQuiet(started);
  note(
    await Promise.all(
      started.map((unit) =>
        unit.lifecycle.stopQueues(left(queueEnd), Math.min(QUEUE_MS, left(end) / 2), quiet),
      ),
    ),
  );
  abortCalls();
  runtime.admission = 'closed';
  runtime.admissionReason = 'the host is stopped';

  note(await cleanUp(plan, (unit) => unit.lifecycle.cleanup(limited(end))));
  note([await stopEngine(runtime, limited(end))]);
  const undelivered = started.reduce((sum, unit) => sum + unit.lifecycle.undelivered, 0);
  const abandoned = runtime.live;
  return {
    clean: failures.length === 0 && undelivered === 0 && abandoned === 0 && aborted === 0,
    failures,
    undelivered,
    abandoned,
    aborted,
  };
}

/** Resolves when all queues are idle at once: a consumer may offer to the queue of another. */
async function whenQuiet(started: readonly OrchestratorUnit[]): Promise<void> {
  const workers = (): UnitWorkers[] =>
    started.map((unit) => unit.lifecycle.workers).filter((each) => each !== undefined);
  while (workers().some((each) => !each.isIdle)) {
    await Promise.all(workers().map((each) => each.whenIdle()));
  }
}

/** One stops when everything that needs it, lazily too, has stopped; what waits for nothing, the last first. */
function cleanUp(
  { started, lazilyOf }: StopPlan,
  stop: (unit: OrchestratorUnit) => Promise<StopFailure | undefined>,
): Promise<(StopFailure | undefined)[]> {
  const before = stopOrder(started, lazilyOf);
  const missing = new Map<OrchestratorUnit, number>();
  const after = new Map<OrchestratorUnit, OrchestratorUnit[]>();
  for (const [unit, earlier] of before) {
    missing.set(unit, earlier.length);
    for (const each of earlier) {
      const list = after.get(each);
      if (list === undefined) after.set(each, [unit]);
      else list.push(unit);
    }
  }
  const reversed = [...before.keys()].reverse();
  const failures = new Map<OrchestratorUnit, StopFailure>();
  let left = reversed.length;
  return new Promise((resolve, reject) => {
    const begin = (unit: OrchestratorUnit): void => {
      stop(unit).then((failure) => {
        if (failure !== undefined) failures.set(unit, failure);
        left -= 1;
        for (const waiting of after.get(unit) ?? []) {
          const more = (missing.get(waiting) as number) - 1;
          missing.set(waiting, more);
          if (more === 0) begin(waiting);
        }
        if (left === 0) resolve(reversed.map((each) => failures.get(each)));
      }, reject);
    };
    const first = reversed.filter((unit) => missing.get(unit) === 0);
    if (first.length === 0) resolve([]);
    for (const unit of first) begin(unit);
  });
}

/** Waits for `work`, but no longer than `ms`; `false` where it is not over by then. */
async function within(runtime: Runtime, ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: unknown;
  const isOver = await Promise.race([
    work.then(() => true),
    new Promise<false>((resolve) => {
      timer = runtime.clock.setTimeout(() => {
        resolve(false);
      }, ms);
    }),
  ]);
  runtime.clock.clearTimeout(timer);
  return isOver;
}
