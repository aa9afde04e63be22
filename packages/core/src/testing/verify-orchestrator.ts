import type { ContainerModule } from 'inversify';

import { checkMs, systemClock } from '../clock/clock.js';
import { createOrchestrationHost } from '../container/create-host.js';
import type { OrchestrationContext } from '../context.js';
import { OrchestrationError } from '../errors.js';
import { OrchestrationFacade } from '../facade/orchestration-facade.js';
import { summarizeStop } from '../lifecycle/stop-summary.js';
import type { OrchestratorProtocol } from '../orchestrator/base-orchestrator.js';
import { type AnyClass, definitionOf } from '../orchestrator/metadata.js';
import { describeClass, describeTarget } from '../orchestrator/describe-target.js';
import { StepFailure, StepResult } from '../step-result.js';
import { aContext } from './a-context.js';
import { type Override, Overrides } from './overrides.js';
import {
  VERIFICATION_STEPS,
  VerificationError,
  VerificationReport,
  type VerificationStep,
  type VerifiedStep,
} from './verification-report.js';

/** What `verifyOrchestrator` calls, and what it binds. */
export interface VerifyOptions {
  readonly params?: Readonly<Record<string, unknown>>;
  /** @default the orchestrator's default operation */
  readonly operation?: string;
  /** @default a context of `test-tenant` */
  readonly context?: OrchestrationContext;
  /** Stand-ins for what it injects. */
  readonly overrides?: readonly Override[];
  /** Bindings of what it injects. */
  readonly modules?: readonly ContainerModule[];
  /** Orchestrators that it depends on. */
  readonly orchestrators?: readonly AnyClass[];
  /** Longest time of the call. @default 10,000 @minimum 1 */
  readonly timeoutMs?: number;
}

/** What the steps do, in a host or, for a class without `@orchestrator`, at a facade. */
interface Stand {
  /** As soon as it is known. */
  readonly identity: () => VerificationReport['orchestrator'];
  readonly instantiate: () => void;
  readonly register: () => unknown;
  readonly facade: () => OrchestrationFacade;
  /** What was not as it should be. */
  readonly cleanUp: () => Promise<readonly string[]>;
}

const TIMEOUT_MS = 10_000;

/**
 * Takes an orchestrator once through its life: import, instantiate, register (and start), execute, clean up. Needs no
 * test framework. The call must not fail; to be skipped is all right. Whatever fails, it is cleaned up.
 *
 * @throws VerificationError naming the first step that failed (rejects)
 */
export async function verifyOrchestrator(
  target: AnyClass,
  options: VerifyOptions = {},
): Promise<VerificationReport> {
  const timeoutMs = checkMs('timeoutMs', options.timeoutMs ?? TIMEOUT_MS, 1);
  const params =
    options.operation === undefined ? options.params : { ...options.params, operation: options.operation };
  const context = options.context ?? aContext();

  const steps: VerifiedStep[] = [];
  let orchestrator: VerificationReport['orchestrator'];
  let result: StepResult | undefined;
  let firstError: unknown;
  const run = async (step: VerificationStep, work: () => unknown): Promise<boolean> => {
    const begun = systemClock.monotonic();
    try {
      await work();
      steps.push({ step, outcome: 'passed', durationMs: systemClock.monotonic() - begun });
      return true;
    } catch (error) {
      if (steps.every((each) => each.outcome === 'passed')) firstError = error;
      const problem = problemOf(error);
      steps.push({ step, outcome: 'failed', durationMs: systemClock.monotonic() - begun, problem });
      return false;
    }
  };

  let stand: Stand | undefined;
  const made = (): Stand => stand as Stand;
  const isUp =
    (await run('import', () => {
      stand = standOf(target, options);
      orchestrator = stand.identity();
    })) &&
    (await run('instantiate', () => {
      made().instantiate();
      orchestrator = made().identity();
    })) &&
    (await run('register', () => made().register()));
  if (isUp) {
    await run('execute', async () => {
      const { name } = orchestrator as NonNullable<typeof orchestrator>;
      result = await made()
        .facade()
        .orchestrate<unknown>(name as never, context, params, { timeoutMs });
      if (result.status === 'failed') throw new StepFailure(result);
    });
    await run('clean up', async () => {
      const problems = await made().cleanUp();
      if (problems.length > 0) throw new Error(`${problems.join('; ')}.`);
    });
  } else {
    await stand?.cleanUp();
  }
  for (const step of VERIFICATION_STEPS.slice(steps.length))
    steps.push({ step, outcome: 'not reached', durationMs: 0 });

  const report = new VerificationReport(orchestrator, steps, result);
  const failed = steps.find((step) => step.outcome === 'failed');
  if (failed !== undefined) {
    const subject = typeof target === 'function' ? target.name : String(target);
    throw new VerificationError(subject, failed, report, firstError);
  }
  return report;
}

function standOf(target: AnyClass, options: VerifyOptions): Stand {
  if (typeof target !== 'function') {
    throw new TypeError(`verifyOrchestrator needs the class of an orchestrator, got ${typeof target}.`);
  }
  const isDeclared = definitionOf(target) !== undefined;
  const isHandWritten =
    typeof (target.prototype as Partial<OrchestratorProtocol> | undefined)?.orchestrate === 'function';
  if (!isDeclared && isHandWritten) return facadeStand(target as new () => OrchestratorProtocol);
  return hostStand(target, options);
}

function hostStand(target: AnyClass, options: VerifyOptions): Stand {
  const { name, layer, type } = describeClass(target);
  const orchestrators = [target, ...(options.orchestrators ?? [])];
  const overrides = new Overrides(options.overrides ?? [], orchestrators);
  const host = createOrchestrationHost({
    orchestrators,
    modules: [...(options.modules ?? []), overrides.module],
  });
  return {
    identity: () => ({ name, layer, type }),
    instantiate: () => {
      // What is missing is said better by the check of the graph than by the container.
      const problem = host.check().find((each) => each.severity === 'error');
      if (problem !== undefined)
        throw new OrchestrationError(problem.code, problem.message, { fix: problem.fix });
      host.container.get(target as never);
    },
    register: async () => {
      await host.start();
      const unused = overrides.unused(host, orchestrators);
      if (unused !== undefined) throw unused;
    },
    facade: () => host.facade,
    cleanUp: async () =>
      summarizeStop({ report: await host.stop('it was verified'), reason: '', byTask: false }),
  };
}

/** For the guide's hand-written form, which says who it is only once it is built. */
function facadeStand(target: new () => OrchestratorProtocol): Stand {
  const facade = new OrchestrationFacade();
  const problems: string[] = [];
  facade.events.on('lifecycle.failed', ({ orchestrator, phase, error }) => {
    problems.push(`${orchestrator}: ${phase} failed (${error})`);
  });
  let instance: OrchestratorProtocol | undefined;
  const identity: Stand['identity'] = () => {
    if (instance === undefined) return undefined;
    const { name, layer, type } = describeTarget(instance);
    return { name, layer, type };
  };
  return {
    identity,
    instantiate: () => {
      instance = new target();
    },
    register: () => {
      facade.register(instance as OrchestratorProtocol);
    },
    facade: () => facade,
    cleanUp: async () => {
      const { name } = identity() ?? {};
      if (name !== undefined && facade.get(name) !== undefined) await facade.unregister(name);
      return problems;
    },
  };
}

function problemOf(error: unknown): string {
  const result = StepResult.fromError(error);
  return result.status === 'failed' ? result.error : result.reason;
}
