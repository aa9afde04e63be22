import { type Bind, Container, type ContainerModule } from 'inversify';

import { type Clock } from '../clock/clock.js';
import { checkCount, checkMs } from '../clock/clock.js';
import type { ExecutionEngine } from '../engine/engine.js';
import { OrchestrationError } from '../errors.js';
import type { Interceptor } from '../facade/interceptor.js';
import type { FacadeOptions } from '../facade/orchestration-facade.js';
import type { LayerRule } from '../layers.js';
import { isLayer } from '../layers.js';
import type { Logger } from '../logging/logger.js';
import { OrchestrationHost } from '../lifecycle/host.js';
import type { ShutdownOptions, StartupOptions } from '../lifecycle/host-options.js';
import { nearestNames } from '../naming.js';
import { type Problem, problem } from '../graph/problem.js';
import type { AnyClass } from '../orchestrator/metadata.js';
import { Kernel } from './kernel.js';
import { checkSameOptions } from './kernel-behind.js';
import { forgetPlans } from './plan-cache.js';
import { KERNEL } from './tokens.js';
import type { KernelSettings } from './unit-settings.js';

/** What a host is made of, and how it starts, runs and stops. */
export interface HostOptions {
  /** May be left out where the container has an orchestrationModule. */
  readonly orchestrators?: readonly AnyClass[];
  /** Loaded into the host's container before anything is built; reloaded for a second start. */
  readonly modules?: readonly ContainerModule[];
  /** One that you own: it is rebound for a second start, never cleared. @default one of the host's own */
  readonly container?: Container;
  /** @default silent */
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly interceptors?: readonly Interceptor[];
  /** Runs what is `durable`. @default in process */
  readonly engine?: ExecutionEngine;
  /** @default 16 */
  readonly maxDepth?: number;
  /** @default application calls all, domain and infrastructure stay among themselves */
  readonly layerRule?: LayerRule;
  /** Whether the context of a call is kept in AsyncLocalStorage. @default true */
  readonly ambientContext?: boolean;
  /** Makes an operation whose params nothing validates an error. @default false */
  readonly strictParams?: boolean;
  /** Whether `getOrchestrationFacade()` gives this host's facade. @default false */
  readonly global?: boolean;
  readonly startup?: Partial<StartupOptions>;
  readonly shutdown?: Partial<ShutdownOptions>;
}

/**
 * A host for orchestrators. Nothing is built before {@link OrchestrationHost.start}, and what is wrong with the graph
 * is not thrown here: `check()` lists it, `start()` rejects with it.
 *
 * @throws RangeError for an option out of its bounds, OrchestrationError `GLOBAL_FACADE_TAKEN` or `OPTION_INVALID`
 */
export function createOrchestrationHost(options: HostOptions): OrchestrationHost {
  const startup = startupOf(options.startup);
  const shutdown = shutdownOf(options.shutdown);
  if (options.maxDepth !== undefined) checkCount('maxDepth', options.maxDepth);
  if (options.layerRule !== undefined) checkLayerRule(options.layerRule);
  const container = options.container ?? new Container();
  const modules = [...(options.modules ?? [])];
  if (modules.length > 0) container.load(...modules);

  const kernel = kernelOf(options, container, {
    startTimeoutMs: startup.hookTimeoutMs,
    stopTimeoutMs: shutdown.hookTimeoutMs,
  });
  kernel.problems.push(...unknownOptions(options));
  kernel.useResolver({
    get: (token) => container.get(token as never),
    getAsync: (token) => container.getAsync(token as never),
  });
  return new OrchestrationHost({
    kernel,
    container,
    startup,
    shutdown,
    isTotalTimeoutGiven: options.shutdown?.totalTimeoutMs !== undefined,
    strictParams: options.strictParams ?? false,
    global: options.global ?? false,
    reload: async () => {
      await kernel.unbind(container);
      if (options.container === undefined && modules.length > 0) {
        await container.unloadAsync(...modules);
        container.load(...modules);
        // An orchestrationModule among them has brought a kernel of its own again.
        if (container.isBound(KERNEL)) await container.get<Kernel>(KERNEL).unbind(container);
      }
      kernel.bindAnew(container.bind.bind(container));
    },
  });
}

// All of them, or the compiler says so.
const OPTION_NAMES: Readonly<Record<keyof HostOptions, true>> = {
  orchestrators: true,
  modules: true,
  container: true,
  logger: true,
  clock: true,
  random: true,
  interceptors: true,
  engine: true,
  maxDepth: true,
  layerRule: true,
  ambientContext: true,
  strictParams: true,
  global: true,
  startup: true,
  shutdown: true,
};

/** What the compiler finds in TypeScript, and nobody in JavaScript: an option with a slip in its name has no effect. */
function unknownOptions(options: HostOptions): Problem[] {
  return Object.keys(options)
    .filter((name) => !Object.hasOwn(OPTION_NAMES, name))
    .map((name) => {
      const [nearest] = nearestNames(name, Object.keys(OPTION_NAMES), 1);
      return problem(
        'OPTION_INVALID',
        `createOrchestrationHost has no option "${name.slice(0, 80)}".`,
        [],
        [],
        {
          severity: 'warning',
          fix: nearest === undefined ? 'Leave it out.' : `Did you mean "${nearest}"?`,
        },
      );
    });
}

/** The kernel that a module has put into the container, else one made here and bound. */
function kernelOf(options: HostOptions, container: Container, settings: KernelSettings): Kernel {
  const { orchestrators = [] } = options;
  const given = facadeOptionsOf(options);
  const bind: Bind = container.bind.bind(container);
  const found = container.isBound(KERNEL) ? container.get<Kernel>(KERNEL) : undefined;
  if (found?.isTaken === true) {
    throw new OrchestrationError(
      'OPTION_INVALID',
      'The orchestrators of the container belong to a host that runs.',
      {
        fix: 'Stop that host first, or give each host a container of its own.',
      },
    );
  }
  const added = (classes: unknown): unknown =>
    Array.isArray(classes) ? classes.filter((each) => found?.unitOf(each) === undefined) : classes;
  if (found !== undefined && (Object.keys(given).length === 0 || found.isUsed)) {
    checkSameOptions(found, given);
    const before = found.units.length;
    found.add(added(orchestrators));
    forgetPlans(container);
    found.bindUnits(bind, found.units.slice(before));
    return found;
  }
  // Nobody has seen the module's facade yet, so what the host says of it can still count.
  const merged = { ...found?.facadeOptions, ...given };
  const kernel = new Kernel(merged, settings);
  if (found !== undefined) {
    kernel.add(found.units.map((unit) => unit.target));
    forgetPlans(container);
    found.unbindUnused(container);
  }
  kernel.add(added(orchestrators));
  kernel.bind(bind);
  return kernel;
}

function facadeOptionsOf(options: HostOptions): FacadeOptions {
  const { logger, clock, random, interceptors, engine, maxDepth, layerRule, ambientContext } = options;
  const given = { logger, clock, random, interceptors, engine, maxDepth, layerRule, ambientContext };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function startupOf(options: Partial<StartupOptions> = {}): StartupOptions {
  return {
    hookTimeoutMs: checkMs('startup.hookTimeoutMs', options.hookTimeoutMs ?? 15_000, 1),
    totalTimeoutMs: checkMs('startup.totalTimeoutMs', options.totalTimeoutMs ?? 60_000, 1),
    concurrency:
      options.concurrency === undefined ? Infinity : checkCount('startup.concurrency', options.concurrency),
  };
}

function shutdownOf(options: Partial<ShutdownOptions> = {}): ShutdownOptions {
  return {
    drainTimeoutMs: checkMs('shutdown.drainTimeoutMs', options.drainTimeoutMs ?? 15_000),
    hookTimeoutMs: checkMs('shutdown.hookTimeoutMs', options.hookTimeoutMs ?? 10_000, 1),
    totalTimeoutMs: checkMs('shutdown.totalTimeoutMs', options.totalTimeoutMs ?? 25_000, 1),
  };
}

function checkLayerRule(rule: LayerRule): void {
  for (const layer of ['domain', 'application', 'infrastructure'] as const) {
    const allowed: unknown = rule[layer];
    if (!Array.isArray(allowed) || !allowed.every(isLayer)) {
      throw new OrchestrationError('OPTION_INVALID', `layerRule.${layer} must be an array of layers.`, {
        fix: "List the layers it may call, from 'domain', 'application' and 'infrastructure'.",
      });
    }
  }
}
