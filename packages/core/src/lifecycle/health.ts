import type { HealthAnswer, OrchestratorProtocol } from '../orchestrator/base-orchestrator.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { StepResult } from '../step-result.js';

/** Well; working, but not as it should; not working. */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** How one orchestrator does. */
export interface UnitHealth {
  readonly status: HealthStatus;
  /** 0 to 100. */
  readonly score: number;
  readonly state: OrchestratorUnit['state'];
  readonly message?: string;
  readonly details?: unknown;
}

/** How a host does: the answer to probes, and that of each orchestrator. */
export interface HostHealth {
  readonly status: HealthStatus;
  /** Whether the process should be left alone. */
  readonly live: boolean;
  /** Whether it should get traffic. */
  readonly ready: boolean;
  /** 0 to 100: the lowest of the required orchestrators. */
  readonly score: number;
  readonly orchestrators: Readonly<Record<string, UnitHealth>>;
}

interface Answer {
  readonly status: HealthStatus;
  readonly score: number | undefined;
  readonly message: string | undefined;
  readonly details: unknown;
}

const HEALTH_HOOK_TIMEOUT_MS = 5_000;

interface Memory {
  last: Answer | undefined;
  /** The question that is not answered yet; one that took too long is given up. */
  asking: object | undefined;
}

const answers = new WeakMap<object, Memory>();

/**
 * How an orchestrator is doing: its state, the share of successes among its last 64 calls and batches, how full its queues are,
 * the restarts of its tasks, and what its own hook says. A hook that answers later counts from the next time on.
 */
export function unitHealth(unit: OrchestratorUnit): UnitHealth {
  const { state } = unit;
  const down = state === 'failed' || (state === 'stopped' && unit.instance !== undefined);
  const own = down ? undefined : askHook(unit);
  const measured = Math.round(100 * unit.successRatio * saturation(unit) * steadiness(unit));
  const scores = [measured, ...(own?.score === undefined ? [] : [own.score])];
  let status: HealthStatus = down
    ? 'unhealthy'
    : state === 'degraded'
      ? 'degraded'
      : (own?.status ?? 'healthy');
  let score = down ? 0 : Math.min(...scores);
  if (state === 'degraded') score = Math.min(score, 50);
  if (status === 'healthy' && score < 50) status = 'degraded';
  return {
    status,
    score,
    state,
    ...(own?.message === undefined ? {} : { message: own.message }),
    ...(own?.details === undefined ? {} : { details: own.details }),
  };
}

/** 1 up to 70 % full, then down to 0 at a full queue. */
function saturation(unit: OrchestratorUnit): number {
  let worst = 1;
  for (const queue of unit.lifecycle.workers?.queues ?? []) {
    const beyond = (queue.depth / queue.capacity - 0.7) / 0.3;
    worst = Math.min(worst, 1 - Math.min(1, Math.max(0, beyond)));
  }
  return worst;
}

function steadiness(unit: OrchestratorUnit): number {
  let worst = 1;
  for (const task of unit.lifecycle.workers?.tasks ?? []) {
    const limit = task.options.restart.maxRestarts + 1;
    worst = Math.min(worst, 1 - Math.min(1, task.restarts / limit) / 2);
  }
  return worst;
}

function hasHook(instance: OrchestratorProtocol): boolean {
  try {
    return typeof instance.health === 'function';
  } catch {
    return false;
  }
}

function askHook(unit: OrchestratorUnit): Answer | undefined {
  const { instance } = unit;
  if (instance === undefined || !unit.callable || !hasHook(instance)) return undefined;
  let memory = answers.get(instance);
  if (memory === undefined) answers.set(instance, (memory = { last: undefined, asking: undefined }));
  // One question at a time: a hook that hangs is asked again only once its time is over.
  if (memory.asking === undefined) ask(unit, instance, memory);
  return memory.last;
}

function ask(unit: OrchestratorUnit, instance: OrchestratorProtocol, memory: Memory): void {
  const { clock } = unit.invoker.runtime;
  const controller = new AbortController();
  try {
    const answer: unknown = instance.health?.(controller.signal);
    if (typeof (answer as PromiseLike<unknown> | undefined)?.then !== 'function') {
      memory.last = answerOf(answer as HealthAnswer);
      return;
    }
    memory.asking = controller;
    const timer = clock.setTimeout(() => {
      const error = new DOMException(`It took longer than ${HEALTH_HOOK_TIMEOUT_MS} ms.`, 'TimeoutError');
      controller.abort(error);
      memory.asking = undefined;
      memory.last = failedAnswer(error);
    }, HEALTH_HOOK_TIMEOUT_MS);
    clock.keepAlive?.(timer, false);
    Promise.resolve(answer)
      .then((later) => answerOf(later as HealthAnswer))
      .catch(failedAnswer)
      .then((last) => {
        if (memory.asking !== controller) return;
        clock.clearTimeout(timer);
        memory.asking = undefined;
        memory.last = last;
      }, ignore);
  } catch (thrown) {
    memory.last = failedAnswer(thrown);
  }
}

const ignore = (): void => undefined;

function answerOf(answer: HealthAnswer | undefined): Answer {
  if (typeof answer === 'boolean')
    return {
      status: answer ? 'healthy' : 'unhealthy',
      score: answer ? 100 : 0,
      message: undefined,
      details: undefined,
    };
  const status = answer?.status;
  if (status !== 'healthy' && status !== 'degraded' && status !== 'unhealthy') {
    return { status: 'healthy', score: undefined, message: undefined, details: undefined };
  }
  const fallback = status === 'healthy' ? 100 : status === 'degraded' ? 50 : 0;
  const score =
    typeof answer?.score === 'number' && Number.isFinite(answer.score)
      ? Math.min(100, Math.max(0, answer.score))
      : fallback;
  const message = typeof answer?.message === 'string' ? answer.message : undefined;
  return { status, score, message, details: answer?.details };
}

function failedAnswer(thrown: unknown): Answer {
  const failure = StepResult.fromError(thrown);
  return {
    status: 'unhealthy',
    score: 0,
    message: `The health hook failed: ${failure.status === 'failed' ? failure.error : failure.reason}`,
    details: undefined,
  };
}

/** The health of a whole host from that of its parts. */
export function hostHealth(units: Iterable<OrchestratorUnit>, isRunning: boolean, live: boolean): HostHealth {
  const orchestrators: Record<string, UnitHealth> = {};
  let required = 100;
  let worst: HealthStatus = 'healthy';
  for (const unit of units) {
    const health = unitHealth(unit);
    orchestrators[unit.name] = health;
    if (unit.options.required !== false) required = Math.min(required, health.score);
    if (health.status === 'unhealthy' && unit.options.required !== false) worst = 'unhealthy';
    else if (health.status !== 'healthy' && worst === 'healthy') worst = 'degraded';
  }
  return {
    status: isRunning ? worst : 'unhealthy',
    live,
    ready: isRunning && worst !== 'unhealthy',
    score: isRunning ? required : 0,
    orchestrators,
  };
}
