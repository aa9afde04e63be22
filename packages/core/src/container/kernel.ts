import type { Bind, Container } from 'inversify';

import { OrchestrationError } from '../errors.js';
import type { HostState } from '../events/events.js';
import {
  type FacadeInternals,
  type FacadeOptions,
  internalsOf,
  makeUnit,
  OrchestrationFacade,
  tellRegistered,
} from '../facade/orchestration-facade.js';
import { type Problem, problem } from '../graph/problem.js';
import type { OrchestratorProtocol } from '../orchestrator/base-orchestrator.js';
import { describeClass } from '../orchestrator/describe-target.js';
import { tokenName } from '../orchestrator/lazy.js';
import type { AnyClass } from '../orchestrator/metadata.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import type { FailedResult } from '../step-result.js';
import { classProblem, noClass } from './class-problem.js';
import { Departures } from './departures.js';
import { DirectStart, startNamed } from './direct-start.js';
import { type BindingsOwner, KernelBindings, type Seen } from './kernel-bindings.js';
import type { LazySource } from './lazy-ref.js';
import { forgetPlans } from './plan-cache.js';
import { CLOCK, KERNEL, LOGGER } from './tokens.js';
import { KeptUnitSettings, type KernelSettings, type UnitKeeper } from './unit-settings.js';

/** What the container can do for the kernel: the whole container, or what a resolution gives. */
export interface Resolver {
  get(token: unknown): unknown;
  getAsync(token: unknown): Promise<unknown>;
}

const DOWN: ReadonlySet<HostState> = new Set(['created', 'stopped', 'failed']);

/** The orchestrators of one container: which they are, where their instances come from, and how each leaves. */
export class Kernel implements UnitKeeper, BindingsOwner {
  readonly facade: OrchestrationFacade;
  readonly facadeOptions: FacadeOptions;
  readonly internals: FacadeInternals;
  readonly units: OrchestratorUnit[] = [];
  /** What was wrong with the classes themselves; the graph adds to it. */
  readonly problems: Problem[] = [];
  readonly #byTarget = new Map<unknown, OrchestratorUnit>();
  readonly lazySource: LazySource;
  readonly #bindings = new KernelBindings(this);
  #resolver: Resolver | undefined;
  #isUsed = false;
  /** Whether a host has started what it has: another start needs new instances. */
  hasRun = false;
  #settings: KernelSettings;
  /** The classes that a replacement answers for beside its own. */
  readonly #standIns = new Map<AnyClass, OrchestratorUnit>();
  /** Replaced units, which are stopped when their calls have ended and not when their binding goes. */
  readonly #retired = new WeakSet<OrchestratorUnit>();
  readonly #departures: Departures;
  readonly #direct: DirectStart;

  constructor(facadeOptions: FacadeOptions, settings: KernelSettings) {
    this.facade = new OrchestrationFacade(facadeOptions);
    this.facadeOptions = facadeOptions;
    this.internals = internalsOf(this.facade);
    this.#departures = new Departures(this.internals.runtime);
    this.#direct = new DirectStart(this.internals);
    this.#settings = settings;
    this.lazySource = {
      get: (token) => this.#from().get(token),
      getAsync: (token) => this.#from().getAsync(token),
      ready: async (token) => {
        const failure = await this.unitOf(token)?.lifecycle.whenUp();
        if (failure !== undefined) throw new OrchestrationError('HOST_STATE', failure.error);
      },
    };
  }

  get settings(): KernelSettings {
    return this.#settings;
  }

  /** Where instances come from. */
  useResolver(resolver: Resolver): void {
    this.#resolver = resolver;
  }

  get hasResolver(): boolean {
    return this.#resolver !== undefined;
  }

  /** Whether something of it has been got from the container. */
  get isUsed(): boolean {
    return this.#isUsed || this.units.some((unit) => unit.instance !== undefined);
  }

  /** How the units live: a host that takes the kernel over says it anew. */
  useSettings(settings: KernelSettings): void {
    this.#settings = settings;
  }

  /** Whether a host has it that is up, or comes up, or goes down. */
  get isTaken(): boolean {
    const state = this.#settings.hostState?.();
    return state !== undefined && !DOWN.has(state);
  }

  /** The classes of replaced orchestrators, with what answers for them now. */
  get standIns(): ReadonlyMap<AnyClass, OrchestratorUnit> {
    return this.#standIns;
  }

  /** The unit that answers for a class: its own, or the one that replaced it. */
  unitOf(token: unknown): OrchestratorUnit | undefined {
    return this.#byTarget.get(token);
  }

  construct(token: unknown): OrchestratorProtocol {
    return this.#from().get(token) as OrchestratorProtocol;
  }

  /** Takes classes in. What is wrong with one is kept as a problem, not thrown. */
  add(classes: unknown): void {
    if (!Array.isArray(classes)) {
      this.problems.push(
        problem(
          'OPTION_INVALID',
          `orchestrators must be an array of classes, got ${typeof classes}.`,
          [],
          [],
        ),
      );
      return;
    }
    const { registry, runtime } = this.internals;
    for (const [index, target] of (classes as readonly AnyClass[]).entries()) {
      if (typeof target !== 'function') {
        this.problems.push(noClass(index, target));
        continue;
      }
      const known = this.#byTarget.get(target);
      if (known !== undefined) {
        const { name } = known;
        this.problems.push(
          problem('GRAPH_DUPLICATE_NAME', `${tokenName(target)} is listed twice.`, [name], [name], {
            fix: 'List it once.',
          }),
        );
        continue;
      }
      let unit: OrchestratorUnit;
      try {
        unit = this.#makeUnit(target, target);
      } catch (thrown) {
        this.problems.push(classProblem(target, thrown));
        continue;
      }
      const twin = registry.byName(unit.name);
      if (twin !== undefined) {
        const first = twin.target === undefined ? 'an object' : tokenName(twin.target);
        this.problems.push(
          problem(
            'GRAPH_DUPLICATE_NAME',
            `Two orchestrators are named "${unit.name}": ${first} and ${tokenName(target)}.`,
            [unit.name],
            [unit.name],
          ),
        );
        continue;
      }
      this.#byTarget.set(target, unit);
      this.units.push(unit);
      registry.add(unit);
      tellRegistered(runtime, unit);
    }
    this.#direct.forget();
  }

  #makeUnit(target: AnyClass, token: unknown, name?: string): OrchestratorUnit {
    const settings = new KeptUnitSettings(this, token);
    const described = describeClass(target);
    settings.unit = makeUnit(
      this.internals,
      name === undefined ? described : { ...described, name },
      false,
      settings,
    );
    return settings.unit;
  }

  /** Binds everything of the kernel. */
  bind(bind: Bind, seen?: Seen): void {
    const { runtime } = this.internals;
    const bindings = this.#bindings;
    const own = bind(KERNEL).toConstantValue(this);
    bindings.keep(own.getIdentifier());
    own.when(({ tags }) => {
      const answer = tags.get(KERNEL);
      if (typeof answer === 'function') (answer as (kernel: Kernel) => void)(this);
      return true;
    });
    bindings.keep(
      bind(OrchestrationFacade)
        .toDynamicValue((context) => {
          seen?.(context);
          this.#isUsed = true;
          return this.facade;
        })
        .getIdentifier(),
    );
    bindings.keep(bind(LOGGER).toConstantValue(runtime.logger).getIdentifier());
    bindings.keep(bind(CLOCK).toConstantValue(runtime.clock).getIdentifier());
    this.bindUnits(bind, this.units, seen);
  }

  bindUnits(bind: Bind, units: Iterable<OrchestratorUnit>, seen?: Seen): void {
    for (const unit of units) this.#bindings.bindUnit(bind, unit, unit.target, seen);
  }

  refused(target: AnyClass, thrown: unknown): void {
    this.problems.push(classProblem(target, thrown));
  }

  leave(unit: OrchestratorUnit, instance: OrchestratorProtocol): Promise<void> | undefined {
    if (unit.instance !== instance || this.#retired.has(unit)) return undefined;
    return this.#departures.leave(unit, this.#settings.stopTimeoutMs);
  }

  /** Makes `@lazy` work in classes that are bound by others. */
  bindLazyOf(classes: Iterable<AnyClass>, container: Container): void {
    for (const target of classes) this.#bindings.bindLazy(container.bind.bind(container), target);
  }

  /** Binds everything again after {@link unbind}, for new instances. What was unregistered meanwhile stays away. */
  bindAnew(bind: Bind): void {
    const { registry } = this.internals;
    const kept = this.units.filter((unit) => registry.byName(unit.name) === unit);
    this.units.splice(0, this.units.length, ...kept);
    for (const unit of registry.units()) {
      unit.lifecycle.forget();
      const { settings } = unit.lifecycle;
      if (settings instanceof KeptUnitSettings) settings.token = unit.target;
    }
    this.bind(bind);
  }

  /** Takes every binding of the kernel out of a container. */
  unbind(container: Container): Promise<void> {
    return this.#bindings.removeAll(container);
  }

  /** As {@link unbind}, at once: only where nothing of it has been built. */
  unbindUnused(container: Container): void {
    this.#bindings.removeUnused(container);
  }

  /**
   * A unit that is to answer in the place of `old`, built under a token of its own until it does.
   *
   * @throws OrchestrationError `ORCHESTRATOR_NOT_DECORATED`, `ORCHESTRATOR_ALREADY_REGISTERED`
   */
  prepareReplacement(old: OrchestratorUnit, target: AnyClass, container: Container): OrchestratorUnit {
    const other = this.unitOf(target);
    if (other !== undefined && other !== old) {
      throw new OrchestrationError(
        'ORCHESTRATOR_ALREADY_REGISTERED',
        `${tokenName(target)} is orchestrator '${other.name}' already and cannot be '${old.name}' too.`,
      );
    }
    const token = Symbol(`${old.name}: ${tokenName(target)}`);
    const unit = this.#makeUnit(target, token, old.name);
    this.#bindings.bindInstance(container.bind.bind(container), unit, token);
    return unit;
  }

  /** Takes a replacement out that did not come up. */
  dropReplacement(unit: OrchestratorUnit, container: Container): Promise<void> {
    return this.#bindings.removeUnit(unit, container);
  }

  /** Makes a replacement that is up answer for `old`: by name, by every class so far, and in the container. */
  completeReplacement(old: OrchestratorUnit, unit: OrchestratorUnit, container: Container): void {
    const { registry } = this.internals;
    const target = unit.target as AnyClass;
    this.#retired.add(old);
    forgetPlans(container);
    this.#bindings.removeRetired(old, container);
    for (const [replaced, standIn] of this.#standIns) if (standIn === old) this.#standIns.set(replaced, unit);
    if (old.target !== undefined) this.#standIns.set(old.target, unit);
    this.#standIns.delete(target);
    for (const replaced of this.#standIns.keys()) {
      if (this.#standIns.get(replaced) === unit) this.#byTarget.set(replaced, unit);
    }
    this.#byTarget.set(target, unit);
    this.#bindings.bindAliases(
      container.bind.bind(container),
      unit,
      (unit.lifecycle.settings as KeptUnitSettings).token,
    );
    registry.replace(old, unit);
    const at = this.units.indexOf(old);
    // One that was registered at the facade is none of the kernel's; what takes its place is.
    if (at === -1) this.units.push(unit);
    else this.units[at] = unit;
  }

  startDirectDependencies(unit: OrchestratorUnit): Promise<FailedResult | undefined> {
    return this.#direct.startDependencies(unit, this.units);
  }

  /** Starts what the names stand for, side by side. */
  startNamed(names: readonly string[]): Promise<FailedResult | undefined> {
    return startNamed(this.internals, names);
  }

  #from(): Resolver {
    if (this.#resolver === undefined) {
      throw new OrchestrationError('LAZY_UNBOUND', 'No container builds these orchestrators yet.', {
        fix: 'Load the orchestrationModule into a container and get the facade from it.',
      });
    }
    return this.#resolver;
  }
}
