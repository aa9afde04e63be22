import type { Kernel } from '../container/kernel.js';
import { OrchestrationError } from '../errors.js';
import type { Runtime } from '../facade/runtime.js';
import { type Problem, problem } from '../graph/problem.js';
import { StepResult } from '../step-result.js';
import { runHook } from './hook.js';
import type { StopFailure } from './stop-failure.js';

/** What durable orchestrators need and the engine does not offer. */
export function engineProblems({ internals, units }: Kernel): Problem[] {
  const { engine } = internals.runtime;
  if (engine === undefined || engine.capabilities.includes('durable-steps')) return [];
  return units
    .filter((unit) => unit.operations.values().some((operation) => operation.durable))
    .map((unit) =>
      problem(
        'ENGINE_UNSUITABLE',
        `${unit.name} is durable, but the engine "${engine.name}" does not offer durable-steps.`,
        [unit.name],
        [unit.name],
      ),
    );
}

/**
 * Starts the engine, where there is one, under the time of a hook. One that comes up when nobody waits for it any
 * more is ended again.
 *
 * @throws OrchestrationError `HOST_START_FAILED`, `HOST_START_TIMEOUT` or `HOST_START_ABORTED` (rejects)
 */
export async function startEngine(
  { internals, units }: Kernel,
  timeoutMs: number,
  stopTimeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { invoker, runtime } = internals;
  const { engine, clock } = runtime;
  if (engine === undefined) return;
  const durable = units
    .map((unit) => ({
      orchestrator: unit.name,
      operations: unit.operations
        .values()
        .filter((operation) => operation.durable)
        .map((operation) => operation.name),
    }))
    .filter((each) => each.operations.length > 0);
  const run = runHook(
    clock,
    `The start of engine ${engine.name}`,
    timeoutMs,
    () => engine.start((envelope, verbs) => invoker.execute(envelope, verbs), durable),
    signal,
  );
  const outcome = await run.outcome;
  if (outcome.ok) return;
  if (outcome.kind !== 'error') {
    void run.settled.then((succeeded) => (succeeded ? stopEngine(runtime, stopTimeoutMs) : undefined));
  }
  const failure = StepResult.fromError(outcome.error);
  throw new OrchestrationError(
    CODES[outcome.kind],
    `Engine ${engine.name} did not start: ${failure.status === 'failed' ? failure.error : failure.reason}`,
    { cause: outcome.error, path: [`engine ${engine.name}`] },
  );
}

const CODES = {
  error: 'HOST_START_FAILED',
  timeout: 'HOST_START_TIMEOUT',
  aborted: 'HOST_START_ABORTED',
} as const;

/** Ends the engine, where there is one; one that hangs is named like a hook. Never rejects. */
export async function stopEngine(runtime: Runtime, timeoutMs: number): Promise<StopFailure | undefined> {
  const { engine, clock } = runtime;
  if (engine === undefined) return undefined;
  const orchestrator = `engine ${engine.name}`;
  const outcome = await runHook(clock, `The stop of ${orchestrator}`, timeoutMs, () => engine.stop()).outcome;
  if (outcome.ok) return undefined;
  return {
    orchestrator,
    phase: 'cleanup',
    kind: outcome.kind === 'timeout' ? 'timeout' : 'error',
    error: outcome.error,
  };
}
