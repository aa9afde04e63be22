import type { Bind, BindingIdentifier, Container, ResolutionContext } from 'inversify';

import type { OrchestratorProtocol } from '../orchestrator/base-orchestrator.js';
import { type AnyClass, lazyParametersOf } from '../orchestrator/metadata.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { injectionOf } from './inspect.js';
import { LazyRef, type LazySource } from './lazy-ref.js';
import { forgetPlans } from './plan-cache.js';
import { ORCHESTRATOR } from './tokens.js';

type Instances = new () => OrchestratorProtocol;

/** Hears of the first resolutions, which know their container. */
export type Seen = (context: ResolutionContext) => void;

/** What the bindings ask of their kernel. */
export interface BindingsOwner {
  readonly lazySource: LazySource;
  /** The classes that a replacement answers for beside its own. */
  readonly standIns: ReadonlyMap<AnyClass, OrchestratorUnit>;
  /** The container removes the binding of an instance. */
  leave(unit: OrchestratorUnit, instance: OrchestratorProtocol): Promise<void> | undefined;
  /** The container does not take a class, for a reason that the graph does not find. */
  refused(target: AnyClass, thrown: unknown): void;
}

/** Everything that a kernel has bound in its container, and how it gets out again. */
export class KernelBindings {
  readonly #owner: BindingsOwner;
  /** Of what stands for no single unit. */
  #shared: BindingIdentifier[] = [];
  readonly #ofUnit = new Map<OrchestratorUnit, UnitBindings>();
  readonly #lazyTokens = new Set<symbol>();
  /** Units whose class the container does not take. */
  readonly #unbindable = new WeakSet<OrchestratorUnit>();
  readonly #predicates = new Map<string, AliasPredicate>();

  constructor(owner: BindingsOwner) {
    this.#owner = owner;
  }

  /** Keeps a binding that stands for no single unit. */
  keep(binding: BindingIdentifier): void {
    this.#shared.push(binding);
  }

  /**
   * Binds one orchestrator: under `token`, which is its class or stands for it, under the alias with its layer and
   * type, and its lazy parameters.
   */
  bindUnit(bind: Bind, unit: OrchestratorUnit, token: unknown, seen: Seen | undefined): void {
    const target = unit.target as AnyClass;
    try {
      this.bindInstance(bind, unit, token, seen);
    } catch (thrown) {
      // The container refuses a class whose parameters it cannot tell; the graph finds that too and says it better.
      if (!this.#unbindable.has(unit) && injectionOf(target).unknownParameters.length === 0) {
        this.#owner.refused(target, thrown);
      }
      this.#unbindable.add(unit);
      return;
    }
    this.bindAliases(bind, unit, token);
  }

  /** Inversify's own hooks carry the life of an instance: activation enrols it, deactivation stops it. */
  bindInstance(bind: Bind, unit: OrchestratorUnit, token: unknown, seen?: Seen): void {
    const owner = this.#owner;
    const binding = bind(token as Instances)
      .to(unit.target as unknown as Instances)
      .inSingletonScope();
    binding.onActivation((context, instance) => {
      seen?.(context);
      unit.lifecycle.enrol(instance);
      return instance;
    });
    binding.onDeactivation((instance) => owner.leave(unit, instance));
    this.#ofUnit.set(unit, { instance: binding.getIdentifier(), alias: undefined, others: undefined });
    this.bindLazy(bind, unit.target as AnyClass, seen);
  }

  /** Everything else that leads to an instance which {@link bindInstance} has bound under `token`. */
  bindAliases(bind: Bind, unit: OrchestratorUnit, token: unknown): void {
    const { target } = unit;
    const alias = bind<OrchestratorProtocol>(ORCHESTRATOR)
      .toResolvedValue(same, [token as Instances])
      .when(this.#predicate(unit));
    const bindings = this.#ofUnit.get(unit) as UnitBindings;
    bindings.alias = alias.getIdentifier();
    const answered = new Set<unknown>(token === target ? [] : [target]);
    for (const [replaced, standIn] of this.#owner.standIns) {
      if (standIn === unit && replaced !== target) answered.add(replaced);
    }
    if (answered.size === 0) return;
    bindings.others = [...answered].map((each) =>
      bind(each as Instances)
        .toResolvedValue(same, [token as Instances])
        .getIdentifier(),
    );
  }

  /** One for all of a layer and type. */
  #predicate({ layer, type }: OrchestratorUnit): AliasPredicate {
    const key = `${layer} ${type}`;
    let predicate = this.#predicates.get(key);
    if (predicate === undefined) {
      predicate = ({ name, tags }) =>
        (name === undefined || name === type) && (!tags.has('layer') || tags.get('layer') === layer);
      this.#predicates.set(key, predicate);
    }
    return predicate;
  }

  /** Makes the `@lazy` parameters of a class work. */
  bindLazy(bind: Bind, target: AnyClass, seen?: Seen): void {
    for (const { lazyToken, target: lazily } of lazyParametersOf(target)) {
      if (this.#lazyTokens.has(lazyToken)) continue;
      this.#lazyTokens.add(lazyToken);
      // Without a scope: each holder has a reference of its own, which a rebuilt holder does not inherit.
      const binding = bind(lazyToken).toDynamicValue((context) => {
        seen?.(context);
        return new LazyRef(this.#owner.lazySource, lazily);
      });
      this.keep(binding.getIdentifier());
    }
  }

  /** Takes the bindings of one orchestrator out; whatever was built under them is cleaned up. */
  async removeUnit(unit: OrchestratorUnit, container: Container): Promise<void> {
    for (const binding of this.#takeUnit(unit)) await container.unbindAsync(binding);
  }

  /** As {@link removeUnit}, at once: only where its instance is stopped by somebody else. */
  removeRetired(unit: OrchestratorUnit, container: Container): void {
    for (const binding of this.#takeUnit(unit)) container.unbind(binding);
  }

  /** Takes everything out of the container. */
  async removeAll(container: Container): Promise<void> {
    forgetPlans(container);
    for (const identifier of this.#takeAll()) await container.unbindAsync(identifier);
  }

  /** As {@link removeAll}, at once: only where nothing of it has been built. */
  removeUnused(container: Container): void {
    for (const identifier of this.#takeAll()) container.unbind(identifier);
  }

  #takeUnit(unit: OrchestratorUnit): BindingIdentifier[] {
    const bindings = this.#ofUnit.get(unit);
    this.#ofUnit.delete(unit);
    if (bindings === undefined) return [];
    const { instance, alias, others = [] } = bindings;
    return alias === undefined ? [instance] : [instance, alias, ...others];
  }

  #takeAll(): BindingIdentifier[] {
    const old = this.#shared;
    this.#shared = [];
    for (const unit of [...this.#ofUnit.keys()]) old.push(...this.#takeUnit(unit));
    this.#lazyTokens.clear();
    return old;
  }
}

/** Small on purpose: there is one per orchestrator. */
interface UnitBindings {
  readonly instance: BindingIdentifier;
  alias: BindingIdentifier | undefined;
  /** Under classes that it stands for. */
  others: readonly BindingIdentifier[] | undefined;
}

type AliasPredicate = (wanted: {
  readonly name: unknown;
  readonly tags: ReadonlyMap<unknown, unknown>;
}) => boolean;

const same = (instance: OrchestratorProtocol): OrchestratorProtocol => instance;
