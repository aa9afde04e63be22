import type { LifecyclePhase, OrchestratorState } from '../events/events.js';
import type { Runtime } from '../facade/runtime.js';
import { sanitize } from '../logging/redact.js';
import type { OrchestratorProtocol } from '../orchestrator/base-orchestrator.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { StepResult } from '../step-result.js';
import { type HookOutcome, runHook } from './hook.js';
import type { StopFailure } from './stop-failure.js';

/** What the hooks of one orchestrator run with. Functions, not objects: there are many orchestrators. */
export interface HookHost {
  readonly unit: OrchestratorUnit;
  readonly runtime: Runtime;
}

/** A hook of an instance. One that cannot even be read fails like one that throws. */
export function hookOf(
  instance: OrchestratorProtocol,
  name: 'start' | 'ready' | 'drain' | 'cleanup',
): ((signal: AbortSignal) => unknown) | undefined {
  try {
    const hook = instance[name];
    return typeof hook === 'function' ? (signal) => hook.call(instance, signal) : undefined;
  } catch (thrown) {
    return () => {
      throw thrown;
    };
  }
}

/** Runs one step of a stop under its time and tells how it ended. */
export async function runStopHook(
  host: HookHost,
  phase: LifecyclePhase,
  timeoutMs: number,
  hook: (signal: AbortSignal) => unknown,
  tell = true,
): Promise<StopFailure | undefined> {
  const { unit, runtime } = host;
  const { name } = unit;
  const limit = Math.max(1, timeoutMs);
  const outcome = await runHook(runtime.clock, `The ${phase} of ${name}`, limit, hook).outcome;
  if (tell) tellHook(host, phase, outcome);
  return outcome.ok
    ? undefined
    : {
        orchestrator: name,
        phase,
        kind: outcome.kind === 'timeout' ? 'timeout' : 'error',
        error: outcome.error,
      };
}

/** The guide's clean-up after a call: tells nobody but the log, and that only where it fails. */
export async function cleanUpAfterCall(host: HookHost, timeoutMs: number): Promise<void> {
  const { instance, name } = host.unit;
  const hook = instance === undefined ? undefined : hookOf(instance, 'cleanup');
  if (hook === undefined) return;
  const failure = await runStopHook(host, 'cleanup', timeoutMs, hook, false);
  if (failure === undefined) return;
  const error = sanitize(failure.error);
  host.runtime.logger.warn('orchestrator_cleanup_failed', { orchestrator: name, error });
}

/** Changes the state, for everybody to see. */
export function become({ unit, runtime }: HookHost, state: OrchestratorState): void {
  unit.state = state;
  const { events } = runtime;
  if (events.hears('orchestrator.state'))
    events.emit('orchestrator.state', { orchestrator: unit.name, layer: unit.layer, state });
}

/** Says how a hook ended: as an event, and as a log line where it failed. */
export function tellHook({ unit, runtime }: HookHost, phase: LifecyclePhase, outcome: HookOutcome): void {
  const { name: orchestrator, layer } = unit;
  const { events, logger } = runtime;
  if (outcome.ok) {
    events.emit('lifecycle.done', { orchestrator, layer, phase, durationMs: outcome.durationMs });
    return;
  }
  const failure = StepResult.fromError(outcome.error);
  const error = failure.status === 'failed' ? failure.error : failure.reason;
  const kind = outcome.kind === 'timeout' ? 'timeout' : 'error';
  logger.error(phase === 'cleanup' ? 'orchestrator_cleanup_failed' : `orchestrator_${phase}_failed`, {
    orchestrator,
    layer,
    kind,
    error: sanitize(error),
  });
  events.emit('lifecycle.failed', { orchestrator, layer, phase, kind, error });
}
