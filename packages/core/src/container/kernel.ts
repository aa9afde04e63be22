import type { Bind, BindingIdentifier, Container, ResolutionContext } from 'inversify';

import { OrchestrationError } from '../errors.js';
import {
  drainUnit,
  type FacadeInternals,
  type FacadeOptions,
  internalsOf,
  makeUnit,
  OrchestrationFacade,
  tellRegistered,
} from '../facade/orchestration-facade.js';
import { DependencyGraph } from '../graph/dependency-graph.js';
import { graphInvalid, type Problem, problem } from '../graph/problem.js';
import type { OrchestratorProtocol } from '../orchestrator/base-orchestrator.js';
import { describeClass } from '../orchestrator/describe-target.js';
import { tokenName } from '../orchestrator/lazy.js';
import { type AnyClass, lazyParametersOf } from '../orchestrator/metadata.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { FailedResult, StepResult } from '../step-result.js';
import { injectionOf } from './inspect.js';
import { LazyRef, type LazySource } from './lazy-ref.js';
import { CLOCK, KERNEL, LOGGER, ORCHESTRATOR } from './tokens.js';
import { KeptUnitSettings, type KernelSettings, type UnitKeeper } from './unit-settings.js';

/** What the container can do for the kernel: the whole container, or what a resolution gives. */
export interface Resolver {
  get(token: unknown): unknown;
  getAsync(token: unknown): Promise<unknown>;
}

type Instances = new () => OrchestratorProtocol;

/** The orchestrators of one container: their units, and their bindings in it. */
export class Kernel implements UnitKeeper {
  readonly facade: OrchestrationFacade;
  readonly facadeOptions: FacadeOptions;
  readonly internals: FacadeInternals;
  readonly units: OrchestratorUnit[] = [];
  /** What was wrong with the classes themselves; the graph adds to it. */
  readonly problems: Problem[] = [];
  readonly #byTarget = new Map<unknown, OrchestratorUnit>();
  readonly #lazySource: LazySource;
  #resolver: Resolver | undefined;
  #isUsed = false;
  #settings: KernelSettings;
  /** Of what stands for no single unit. */
  #bindings: BindingIdentifier[] = [];
  readonly #unitBindings = new Map<OrchestratorUnit, BindingIdentifier[]>();
  readonly #settingsOf = new WeakMap<OrchestratorUnit, KeptUnitSettings>();
  /** The classes that a replacement answers for beside its own. */
  readonly #standIns = new Map<AnyClass, OrchestratorUnit>();
  /** Replaced units, which are stopped when their calls have ended and not when their binding goes. */
  readonly #retired = new WeakSet<OrchestratorUnit>();
  readonly #lazyTokens = new Set<symbol>();
  /** Units whose class the container does not take. */
  readonly #unbindable = new WeakSet<OrchestratorUnit>();
  /** Units whose bindings are being removed. */
  readonly #leaving = new Map<OrchestratorUnit, Promise<void>>();
  #direct: DependencyGraph | undefined;

  constructor(facadeOptions: FacadeOptions, settings: KernelSettings) {
    this.facade = new OrchestrationFacade(facadeOptions);
    this.facadeOptions = facadeOptions;
    this.internals = internalsOf(this.facade);
    this.#settings = settings;
    this.#lazySource = {
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
    for (const target of classes as readonly AnyClass[]) {
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
        this.problems.push(problemOf(target, thrown));
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
    this.#direct = undefined;
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
    this.#settingsOf.set(settings.unit, settings);
    return settings.unit;
  }

  /** Binds everything of the kernel. `seen` hears of the first resolutions, which know their container. */
  bind(bind: Bind, seen?: (context: ResolutionContext) => void): void {
    const { runtime } = this.internals;
    const keep = this.#bindings;
    keep.push(bind(KERNEL).toConstantValue(this).getIdentifier());
    keep.push(
      bind(OrchestrationFacade)
        .toDynamicValue((context) => {
          seen?.(context);
          this.#isUsed = true;
          return this.facade;
        })
        .getIdentifier(),
    );
    keep.push(bind(LOGGER).toConstantValue(runtime.logger).getIdentifier());
    keep.push(bind(CLOCK).toConstantValue(runtime.clock).getIdentifier());
    for (const unit of this.units) this.bindUnit(bind, unit, seen);
  }

  /** Binds one orchestrator: under its class, under the alias with its layer and type, and its lazy parameters. */
  bindUnit(bind: Bind, unit: OrchestratorUnit, seen?: (context: ResolutionContext) => void): void {
    const target = unit.target as AnyClass;
    try {
      this.#bindInstance(bind, unit, target, seen);
    } catch (thrown) {
      // The container refuses a class whose parameters it cannot tell; the graph finds that too and says it better.
      if (!this.#unbindable.has(unit) && injectionOf(target).unknownParameters.length === 0) {
        this.problems.push(problemOf(target, thrown));
      }
      this.#unbindable.add(unit);
      return;
    }
    this.#bindAliases(bind, unit, target);
  }

  #keepOf(unit: OrchestratorUnit, binding: BindingIdentifier): void {
    const kept = this.#unitBindings.get(unit);
    if (kept === undefined) this.#unitBindings.set(unit, [binding]);
    else kept.push(binding);
  }

  /** Inversify's own hooks carry the life of an instance: activation enrols it, deactivation stops it. */
  #bindInstance(
    bind: Bind,
    unit: OrchestratorUnit,
    token: unknown,
    seen?: (context: ResolutionContext) => void,
  ): void {
    const binding = bind(token as Instances)
      .to(unit.target as unknown as Instances)
      .inSingletonScope();
    binding.onActivation((context, instance) => {
      seen?.(context);
      unit.lifecycle.enrol(instance);
      return instance;
    });
    binding.onDeactivation((instance) => {
      // What has been stopped in order is not stopped again; a bare unbind cleans up this one.
      const isDone = unit.state === 'stopped' || unit.state === 'registered';
      return unit.instance !== instance || isDone || this.#retired.has(unit) ? undefined : this.#leave(unit);
    });
    this.#keepOf(unit, binding.getIdentifier());
    this.#bindLazy(bind, unit.target as AnyClass, seen);
  }

  #bindAliases(bind: Bind, unit: OrchestratorUnit, token: unknown): void {
    const { layer, type } = unit;
    const alias = bind<OrchestratorProtocol>(ORCHESTRATOR)
      .toResolvedValue(same, [token as Instances])
      .when(
        ({ name, tags }) =>
          (name === undefined || name === type) && (!tags.has('layer') || tags.get('layer') === layer),
      );
    this.#keepOf(unit, alias.getIdentifier());
    if (token !== unit.target) this.#bindStandIn(bind, unit, unit.target as AnyClass, token);
    for (const [replaced, standIn] of this.#standIns) {
      if (standIn === unit && replaced !== unit.target) this.#bindStandIn(bind, unit, replaced, token);
    }
  }

  #bindStandIn(bind: Bind, unit: OrchestratorUnit, target: AnyClass, token: unknown): void {
    const binding = bind(target as unknown as Instances).toResolvedValue(same, [token as Instances]);
    this.#keepOf(unit, binding.getIdentifier());
  }

  /** What the removal of one binding does: what needs it and goes too goes first, then its calls end, then it stops. */
  #leave(unit: OrchestratorUnit): Promise<void> {
    const gone = (async () => {
      const { runtime } = this.internals;
      // The others of the same unbindAll are told in this turn.
      await Promise.resolve();
      const dependants = [...this.#leaving].filter(([other]) => other.dependencies.includes(unit.name));
      await Promise.all(dependants.map(([, leaving]) => leaving));
      await unit.lifecycle.drain(this.#settings.stopTimeoutMs);
      unit.callable = false;
      await drainUnit(runtime, unit, this.#settings.stopTimeoutMs);
      await unit.lifecycle.stop();
    })().finally(() => this.#leaving.delete(unit));
    this.#leaving.set(unit, gone);
    return gone;
  }

  /** Makes `@lazy` work in classes that are bound by others. */
  bindLazyOf(classes: Iterable<AnyClass>, container: Container): void {
    for (const target of classes) this.#bindLazy(container.bind.bind(container), target);
  }

  #bindLazy(bind: Bind, target: AnyClass, seen?: (context: ResolutionContext) => void): void {
    for (const { lazyToken, target: lazily } of lazyParametersOf(target)) {
      if (this.#lazyTokens.has(lazyToken)) continue;
      this.#lazyTokens.add(lazyToken);
      // Without a scope: each holder has a reference of its own, which a rebuilt holder does not inherit.
      const binding = bind(lazyToken).toDynamicValue((context) => {
        seen?.(context);
        return new LazyRef(this.#lazySource, lazily);
      });
      this.#bindings.push(binding.getIdentifier());
    }
  }

  /** Binds everything again after {@link unbind}, for new instances. What was unregistered meanwhile stays away. */
  bindAnew(bind: Bind): void {
    const { registry } = this.internals;
    const kept = this.units.filter((unit) => registry.byName(unit.name) === unit);
    this.units.splice(0, this.units.length, ...kept);
    for (const unit of registry.units()) {
      unit.lifecycle.forget();
      const settings = this.#settingsOf.get(unit);
      if (settings !== undefined) settings.token = unit.target;
    }
    this.bind(bind);
  }

  /** Takes every binding of the kernel out of a container. */
  async unbind(container: Container): Promise<void> {
    for (const identifier of this.#takeBindings()) await container.unbindAsync(identifier);
  }

  /** As {@link unbind}, at once: only where nothing of it has been built. */
  unbindUnused(container: Container): void {
    for (const identifier of this.#takeBindings()) container.unbind(identifier);
  }

  #takeBindings(): BindingIdentifier[] {
    const old = [...this.#bindings, ...[...this.#unitBindings.values()].flat()];
    this.#bindings = [];
    this.#unitBindings.clear();
    this.#lazyTokens.clear();
    return old;
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
    this.#bindInstance(container.bind.bind(container), unit, token);
    return unit;
  }

  /** Takes a replacement out that did not come up. */
  async dropReplacement(unit: OrchestratorUnit, container: Container): Promise<void> {
    for (const binding of this.#unitBindings.get(unit) ?? []) await container.unbindAsync(binding);
    this.#unitBindings.delete(unit);
  }

  /** Makes a replacement that is up answer for `old`: by name, by every class so far, and in the container. */
  completeReplacement(old: OrchestratorUnit, unit: OrchestratorUnit, container: Container): void {
    const { registry } = this.internals;
    const target = unit.target as AnyClass;
    this.#retired.add(old);
    for (const binding of this.#unitBindings.get(old) ?? []) container.unbind(binding);
    this.#unitBindings.delete(old);
    for (const [replaced, standIn] of this.#standIns) if (standIn === old) this.#standIns.set(replaced, unit);
    if (old.target !== undefined) this.#standIns.set(old.target, unit);
    this.#standIns.delete(target);
    for (const replaced of this.#standIns.keys()) {
      if (this.#standIns.get(replaced) === unit) this.#byTarget.set(replaced, unit);
    }
    this.#byTarget.set(target, unit);
    this.#bindAliases(container.bind.bind(container), unit, this.#settingsOf.get(unit)?.token);
    registry.replace(old, unit);
    const at = this.units.indexOf(old);
    // One that was registered at the facade is none of the kernel's; what takes its place is.
    if (at === -1) this.units.push(unit);
    else this.units[at] = unit;
  }

  /** Without a host: along what the constructors and `dependsOn` say, services between them left out. */
  async startDirectDependencies(unit: OrchestratorUnit): Promise<FailedResult | undefined> {
    await Promise.resolve();
    if (this.#direct === undefined) {
      const { layerRule } = this.internals.runtime;
      const direct = new DependencyGraph(this.units, () => [], layerRule, false);
      for (const [each, node] of direct.nodes) each.dependencies = [...node.needs].map(({ name }) => name);
      this.#direct = direct;
    }
    const errors = this.#direct.problems.filter((each) => each.severity === 'error');
    if (errors.length === 0) return this.startNamed(unit.dependencies);
    const { message } = graphInvalid(errors);
    return new FailedResult(message, { errorCategory: 'configuration' });
  }

  /** Starts what the names stand for, side by side. */
  async startNamed(names: readonly string[]): Promise<FailedResult | undefined> {
    const { registry, runtime } = this.internals;
    const failures = await Promise.all(
      names.flatMap((name) => registry.byName(name)?.lifecycle.ensureStarted(runtime) ?? []),
    );
    return failures.find((failure) => failure !== undefined);
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

const same = (instance: OrchestratorProtocol): OrchestratorProtocol => instance;

function messageOf(thrown: unknown): string {
  const failure = StepResult.fromError(thrown);
  return failure.status === 'failed' ? failure.error : failure.reason;
}

function problemOf(target: unknown, thrown: unknown): Problem {
  const name = tokenName(target);
  if (OrchestrationError.is(thrown)) {
    const what = thrown.message.slice(0, thrown.message.lastIndexOf(thrown.fix)).trim();
    return problem(thrown.code, what, [name], [name], { fix: thrown.fix });
  }
  return problem('OPTION_INVALID', `${name} cannot be read: ${messageOf(thrown)}`, [name], [name]);
}
