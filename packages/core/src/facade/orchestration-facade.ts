import { type Clock, systemClock } from '../clock/clock.js';
import type { OrchestrationContext } from '../context.js';
import type { ExecutionEngine } from '../engine/engine.js';
import { OrchestrationError } from '../errors.js';
import type { EventBus } from '../events/event-bus.js';
import {
  DEFAULT_LAYER_RULE,
  type LayerRule,
  type OrchestrationLayer,
  type OrchestrationType,
} from '../layers.js';
import { ambientLogger } from '../ambient.js';
import { kindOf } from '../json-data.js';
import { type Logger, silentLogger } from '../logging/logger.js';
import { UnitLifecycle, type UnitLifecycleSettings } from '../lifecycle/unit-lifecycle.js';
import { type OrchestratorProtocol } from '../orchestrator/base-orchestrator.js';
import { compileOperations } from '../orchestrator/compile-operations.js';
import { describeTarget } from '../orchestrator/describe-target.js';
import { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { provideStandalone } from '../orchestrator/standalone.js';
import type { StepResult } from '../step-result.js';
import { makeClient } from './client.js';
import { checkPorts } from './check-ports.js';
import type { Interceptor } from './interceptor.js';
import { Invoker } from './invoker.js';
import { infoOf, type OrchestratorInfo } from './orchestrator-info.js';
import type {
  CallOptions,
  NotGiven,
  OrchestratorClass,
  OrchestratorClient,
  OrchestratorMap,
  ParamsOf,
  ResultOf,
} from './references.js';
import { Registry } from './registry.js';
import { RunRegistry } from './run-registry.js';
import type { Runs } from './runs.js';
import { Runtime } from './runtime.js';

/** What a facade uses; all of it may be left out. */
export interface FacadeOptions {
  /** @default silent */
  readonly logger?: Logger;
  /** @default the machine's */
  readonly clock?: Clock;
  /** From 0 to 1, 1 excluded; for jitter and `context.random`. @default Math.random */
  readonly random?: () => number;
  /** Whether the context of a call is kept in AsyncLocalStorage. @default true */
  readonly ambientContext?: boolean;
  /** @default 16 */
  readonly maxDepth?: number;
  /** Who may call whom. @default {@link DEFAULT_LAYER_RULE} */
  readonly layerRule?: LayerRule;
  readonly engine?: ExecutionEngine;
  readonly interceptors?: readonly Interceptor[];
}

/** How a registered orchestrator is treated. */
export interface RegisterOptions {
  /** Runs the cleanup hook after every call, on success and on error. @default false */
  readonly cleanupAfterCall?: boolean;
}

declare const noOperation: unique symbol;

/** What params are not, whatever they are: its name is what a compiler says of params that no operation takes. */
interface ParamsFitNoOperation {
  readonly [noOperation]: never;
}

type AnyOrchestratorClass = OrchestratorClass | (abstract new (...args: never[]) => object);

const HOOK_TIMEOUT_MS = { start: 15_000, stop: 10_000 };

/** @internal What a host needs of its facade beside what everybody may use. */
export interface FacadeInternals {
  readonly runtime: Runtime;
  readonly registry: Registry;
  readonly invoker: Invoker;
  readonly runs: RunRegistry;
}

const internals = new WeakMap<OrchestrationFacade, FacadeInternals>();

/** @internal */
export function internalsOf(facade: OrchestrationFacade): FacadeInternals {
  return internals.get(facade) as FacadeInternals;
}

/** The door to every orchestrator: finds it, calls it, lists it. */
export class OrchestrationFacade {
  readonly #runtime: Runtime;
  readonly #registry = new Registry();
  readonly #invoker: Invoker;
  readonly #runs: RunRegistry;
  readonly #clients = new Map<unknown, object>();

  /** @throws OrchestrationError `OPTION_INVALID` for a clock or an engine that lacks a method */
  constructor(options: FacadeOptions = {}) {
    checkPorts(options);
    const logger = ambientLogger(options.logger ?? silentLogger);
    this.#runtime = new Runtime({
      clock: options.clock ?? systemClock,
      logger,
      random: options.random ?? Math.random,
      ambientContext: options.ambientContext ?? true,
      maxDepth: options.maxDepth ?? 16,
      layerRule: options.layerRule ?? DEFAULT_LAYER_RULE,
      engine: options.engine,
    });
    this.#invoker = new Invoker(this.#runtime, this.#registry);
    this.#runs = new RunRegistry(
      this.#runtime.clock,
      (ref, context, params, call) => this.#invoker.dispatch(ref, context, params, call, false),
      options.engine,
    );
    for (const interceptor of options.interceptors ?? []) this.use(interceptor);
    internals.set(this, {
      runtime: this.#runtime,
      registry: this.#registry,
      invoker: this.#invoker,
      runs: this.#runs,
    });
    logger.debug('orchestration_facade_initialized');
  }

  /** Everything the framework does, as events. */
  get events(): EventBus {
    return this.#runtime.events;
  }

  /** Runs by id. */
  get runs(): Runs {
    return this.#runs;
  }

  /**
   * Adds an orchestrator: an object, or a class that needs no constructor parameters. Without a host it is started
   * before its first call.
   *
   * @throws OrchestrationError `ORCHESTRATOR_ALREADY_REGISTERED`, `ORCHESTRATOR_NOT_DECORATED`,
   * `ORCHESTRATOR_NOT_CONSTRUCTIBLE` or `ORCHESTRATOR_INVALID`, at once
   */
  register(
    orchestrator: OrchestratorProtocol | AnyOrchestratorClass | object,
    options: RegisterOptions = {},
  ): void {
    const described = describeTarget(orchestrator);
    if (this.#registry.byName(described.name) !== undefined) {
      throw new OrchestrationError(
        'ORCHESTRATOR_ALREADY_REGISTERED',
        `Orchestrator '${described.name}' is already registered.`,
      );
    }
    const unit = makeUnit(internalsOf(this), described, options.cleanupAfterCall ?? false, {
      construct: () =>
        described.instance ?? new (described.target as unknown as new () => OrchestratorProtocol)(),
      startTimeoutMs: HOOK_TIMEOUT_MS.start,
      stopTimeoutMs: HOOK_TIMEOUT_MS.stop,
    });
    unit.lifecycle.instance();
    this.#registry.add(unit);
    tellRegistered(this.#runtime, unit);
  }

  /**
   * Takes an orchestrator out: new calls get `not_found`, running ones end, then it is cleaned up.
   *
   * @throws OrchestrationError `ORCHESTRATOR_NOT_REGISTERED` (rejects)
   */
  async unregister(name: string): Promise<void> {
    const unit = this.#registry.byName(name);
    if (unit === undefined) {
      throw new OrchestrationError(
        'ORCHESTRATOR_NOT_REGISTERED',
        `Orchestrator '${typeof name === 'string' ? name : kindOf(name)}' is not registered.`,
      );
    }
    this.#registry.remove(unit);
    for (const ref of this.#clients.keys()) {
      if (this.#registry.find(ref) === undefined) this.#clients.delete(ref);
    }
    await drainUnit(this.#runtime, unit, HOOK_TIMEOUT_MS.stop);
    await unit.lifecycle.stop();
    const { layer } = unit;
    this.#runtime.logger.info('orchestrator_unregistered', { name, layer });
    this.#runtime.events.emit('orchestrator.unregistered', { orchestrator: name, layer });
  }

  get(name: string): OrchestratorProtocol | undefined {
    const unit = this.#registry.byName(name);
    return unit === undefined ? undefined : (unit.instance ?? unit.lifecycle.tryInstance());
  }

  /** A copy: changing it changes nothing. */
  getByLayer(layer: OrchestrationLayer): readonly OrchestratorProtocol[] {
    return this.#registry.byLayer(layer);
  }

  /** A copy: changing it changes nothing. */
  getByType(type: OrchestrationType): readonly OrchestratorProtocol[] {
    return this.#registry.instances((unit) => unit.type === type);
  }

  /**
   * Calls an orchestrator, by class or by name. Never throws and never rejects for anything that happens at run time:
   * what goes wrong is a failed result.
   */
  orchestrate<K extends keyof OrchestratorMap & string, P extends ParamsOf<K>, Op extends string = never>(
    ref: K,
    context: OrchestrationContext,
    // The second part keeps `operation` a literal without making arrays readonly, as `const P` would.
    params?: P | (P & { readonly operation?: Op }),
    options?: CallOptions,
  ): Promise<StepResult<ResultOf<K, P>>>;
  orchestrate<C extends AnyOrchestratorClass, P extends ParamsOf<C>, Op extends string = never>(
    ref: C,
    context: OrchestrationContext,
    params?: P | (P & { readonly operation?: Op }),
    options?: CallOptions,
  ): Promise<StepResult<ResultOf<C, P>>>;
  orchestrate<T = unknown, N extends string = string>(
    ref: N extends keyof OrchestratorMap ? never : N,
    context: OrchestrationContext,
    params?: unknown,
    options?: CallOptions,
  ): Promise<StepResult<T>>;
  orchestrate<T = NotGiven>(
    ref: [T] extends [NotGiven] ? never : string | AnyOrchestratorClass,
    context: OrchestrationContext,
    params?: unknown,
    options?: CallOptions,
  ): Promise<StepResult<T>>;
  /** Where only the program knows whether it has a name or a class. */
  orchestrate<R extends string | AnyOrchestratorClass>(
    ref: R & ([R] extends [string] ? never : [R] extends [AnyOrchestratorClass] ? never : unknown),
    context: OrchestrationContext,
    params?: unknown,
    options?: CallOptions,
  ): Promise<StepResult>;
  /** Fits no call: here so that the compiler says which argument is wrong, and not that nothing fits. */
  orchestrate(
    ref: string | AnyOrchestratorClass,
    context: OrchestrationContext,
    params?: ParamsFitNoOperation,
    options?: CallOptions,
  ): Promise<StepResult<never>>;
  orchestrate(
    ref: unknown,
    context: unknown,
    params?: unknown,
    options?: CallOptions,
  ): Promise<StepResult<never>> {
    return this.#invoker.dispatch(ref, context, params, options, false) as Promise<StepResult<never>>;
  }

  /** One method per operation of a class, typed from it. */
  client<C extends AnyOrchestratorClass>(target: C): OrchestratorClient<InstanceType<C>> {
    let client = this.#clients.get(target);
    if (client === undefined) {
      client = makeClient(target, this.#invoker, this.#registry);
      this.#clients.set(target, client);
    }
    return client as OrchestratorClient<InstanceType<C>>;
  }

  /** Everything registered, by name, as plain data. */
  listOrchestrators(): Record<string, OrchestratorInfo> {
    const list: Record<string, OrchestratorInfo> = {};
    for (const unit of this.#registry.units()) list[unit.name] = infoOf(unit);
    return list;
  }

  /** Puts an interceptor around every call. Returns what takes it out again. */
  use(interceptor: Interceptor): () => void {
    return this.#runtime.interceptors.use(interceptor);
  }
}

/** @internal A unit of `described`, compiled and ready to be enrolled. */
export function makeUnit(
  { runtime, invoker, runs }: FacadeInternals,
  described: ReturnType<typeof describeTarget>,
  cleanupAfterCall: boolean,
  settings: UnitLifecycleSettings,
): OrchestratorUnit {
  const unit = new OrchestratorUnit({ ...described, invoker, runs, cleanupAfterCall });
  compileOperations(unit, described.definition);
  // Kept by reference: a host may say later how its units live.
  unit.lifecycle = new UnitLifecycle(unit, runtime, settings);
  return unit;
}

/** @internal */
export function tellRegistered(runtime: Runtime, unit: OrchestratorUnit): void {
  const { name, layer } = unit;
  runtime.logger.debug('orchestrator_registered', { name, layer, type: unit.type });
  runtime.events.emit('orchestrator.registered', { orchestrator: name, layer });
}

/** @internal Lets the calls of one orchestrator end, then aborts what is left. */
export async function drainUnit(runtime: Runtime, unit: OrchestratorUnit, timeoutMs: number): Promise<void> {
  const own = (): ReturnType<Runtime['liveFrames']> =>
    runtime.liveFrames().filter((frame) => frame.unit === unit && !frame.settled);
  const pending = own().flatMap(({ answer }) => (answer === undefined ? [] : [answer]));
  if (pending.length === 0) return;
  let timer: unknown;
  await Promise.race([
    Promise.all(pending),
    new Promise<void>((resolve) => {
      timer = runtime.clock.setTimeout(resolve, timeoutMs);
    }),
  ]);
  runtime.clock.clearTimeout(timer);
  for (const frame of own()) frame.abort('shutdown', `${unit.name} is taken out`);
}

provideStandalone((orchestrator, context, params) => {
  const facade = new OrchestrationFacade();
  facade.register(orchestrator);
  const { registry, invoker } = internalsOf(facade);
  const unit = registry.units().next().value as OrchestratorUnit;
  return invoker.invoke(unit, undefined, context, params, undefined, false);
});
