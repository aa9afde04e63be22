import { type Container, injectFromBase } from 'inversify';

import 'reflect-metadata';

import type { Token } from '../orchestrator/options.js';

/**
 * What is read of Inversify beyond its public calls, in one file: constructor metadata and bindings. Where a later
 * version keeps them elsewhere, less is found and the container itself reports what is missing.
 */

const CLASS_METADATA = '@inversifyjs/core/classMetadataReflectKey';
const IS_PLUGIN = Symbol.for('@inversifyjs/plugin/isPlugin');

type Class = abstract new (...args: never[]) => unknown;

/** One thing a class or a resolved value wants injected. */
export interface Wanted {
  /** `parameter 2` or `property store`. */
  readonly where: string;
  readonly token: Token | undefined;
  readonly optional: boolean;
  readonly many: boolean;
  readonly name: unknown;
  readonly tags: ReadonlyMap<unknown, unknown>;
  /** Whether the token was guessed from the emitted type. */
  readonly fromEmittedType: boolean;
}

export interface Injection {
  readonly wanted: readonly Wanted[];
  /** Parameters of the constructor that nothing is known of. */
  readonly unknownParameters: readonly number[];
  /** How many parameters an inherited constructor has of which nothing is known; they may be optional. */
  readonly lostParameters: number;
}

interface RawArgument {
  readonly kind: number;
  readonly value?: unknown;
  readonly optional?: boolean;
  readonly name?: unknown;
  readonly tags?: ReadonlyMap<unknown, unknown>;
  readonly isFromTypescriptParamType?: boolean;
}

interface RawMetadata {
  readonly constructorArguments: readonly (RawArgument | undefined)[];
  readonly properties: ReadonlyMap<string | symbol, RawArgument>;
  readonly lifecycle?: {
    readonly postConstructMethodNames?: ReadonlySet<unknown>;
    readonly preDestroyMethodNames?: ReadonlySet<unknown>;
  };
}

const MULTIPLE = 0;
const UNMANAGED = 2;

const NOTHING: readonly never[] = Object.freeze([]);
const NO_TAGS: ReadonlyMap<unknown, unknown> = new Map();

/** What Inversify will inject into `target`. */
export function injectionOf(target: Class): Injection {
  const metadata = Reflect.getOwnMetadata(CLASS_METADATA, target) as RawMetadata | undefined;
  let wanted: Wanted[] | undefined;
  let unknownParameters: number[] | undefined;
  const parameters = metadata?.constructorArguments ?? NOTHING;
  const length = Math.max(parameters.length, target.length);
  for (let index = 0; index < length; index += 1) {
    const argument = parameters[index];
    if (argument === undefined) (unknownParameters ??= []).push(index);
    else if (argument.kind !== UNMANAGED) (wanted ??= []).push(new WantedArgument(index, argument));
  }
  if (metadata !== undefined && metadata.properties.size > 0) {
    for (const [property, argument] of metadata.properties) {
      if (argument.kind !== UNMANAGED) (wanted ??= []).push(new WantedArgument(property, argument));
    }
  }
  return {
    wanted: wanted ?? NOTHING,
    unknownParameters: unknownParameters ?? NOTHING,
    lostParameters: parameters.length > 0 ? 0 : lostParameters(target),
  };
}

function lostParameters(target: Class): number {
  const owner = constructorOwner(target);
  if (owner === target || owner.length === 0) return 0;
  const metadata = Reflect.getOwnMetadata(CLASS_METADATA, owner) as RawMetadata | undefined;
  return Math.max(0, owner.length - (metadata?.constructorArguments.length ?? 0));
}

const EXPLICIT_CONSTRUCTOR = /\bconstructor\s*\(/;

/** The class whose constructor runs for `target`: itself, or the nearest parent that has one of its own. */
export function constructorOwner(target: Class): Class {
  let owner = target;
  for (
    let current: unknown = target;
    typeof current === 'function';
    current = Object.getPrototypeOf(current)
  ) {
    if (current === Function.prototype) break;
    owner = current as Class;
    // A constructor without parameters leaves no trace but the emitted types or, without those, its text.
    const isOwn =
      owner.length > 0 ||
      Reflect.hasOwnMetadata('design:paramtypes', owner) ||
      EXPLICIT_CONSTRUCTOR.test(Function.prototype.toString.call(owner));
    if (isOwn) break;
  }
  return owner;
}

const extended = new WeakSet<object>();

/**
 * Gives a class the injections of its parents, which Inversify leaves out by itself: those of the constructor where
 * it has none of its own, and those of properties.
 */
export function inheritInjections(target: Class): void {
  const parent: unknown = Object.getPrototypeOf(target);
  if (typeof parent !== 'function' || parent === Function.prototype || extended.has(target)) return;
  extended.add(target);
  inheritInjections(parent as Class);
  const metadata = Reflect.getOwnMetadata(CLASS_METADATA, parent) as RawMetadata | undefined;
  if (metadata === undefined) return;
  const { lifecycle } = metadata;
  const hasHooks =
    (lifecycle?.postConstructMethodNames?.size ?? 0) > 0 || (lifecycle?.preDestroyMethodNames?.size ?? 0) > 0;
  const hasParameters = metadata.constructorArguments.some((each) => each?.kind !== UNMANAGED);
  if (!hasParameters && !hasHooks && metadata.properties.size === 0) return;
  const extendConstructorArguments = constructorOwner(target) !== target;
  injectFromBase({ extendConstructorArguments })(target as never);
}

/** What one parameter (by number) or property (by key) says of itself. */
class WantedArgument implements Wanted {
  readonly token: Token | undefined;
  readonly place: number | string | symbol;
  readonly argument: RawArgument;

  constructor(place: number | string | symbol, argument: RawArgument) {
    this.token = unwrapped(argument.value) as Token | undefined;
    this.place = place;
    this.argument = argument;
  }

  get where(): string {
    const place = this.place;
    return typeof place === 'number' ? `parameter ${place + 1}` : `property ${String(place)}`;
  }

  get optional(): boolean {
    return this.argument.optional ?? false;
  }

  get many(): boolean {
    return this.argument.kind === MULTIPLE;
  }

  get name(): unknown {
    return this.argument.name;
  }

  get tags(): ReadonlyMap<unknown, unknown> {
    return this.argument.tags ?? NO_TAGS;
  }

  get fromEmittedType(): boolean {
    return this.argument.isFromTypescriptParamType ?? false;
  }
}

/** The same wish, for what `token` stands for. */
export function redirected(wanted: Wanted, token: Token): Wanted {
  const { where, optional, many, name, tags, fromEmittedType } = wanted;
  return { where, token, optional, many, name, tags, fromEmittedType };
}

/** A LazyServiceIdentifier stands for the token it gives. */
function unwrapped(value: unknown): unknown {
  if (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { unwrap?: unknown }).unwrap === 'function'
  ) {
    try {
      return (value as { unwrap(): unknown }).unwrap();
    } catch {
      return undefined;
    }
  }
  return value;
}

/** A binding, as far as the graph check needs it. */
export interface BindingView {
  readonly type: string;
  readonly scope: 'Singleton' | 'Transient' | 'Request' | undefined;
  readonly implementation: (abstract new (...args: never[]) => unknown) | undefined;
  /** The token it stands for, of `toService`. */
  readonly alias: Token | undefined;
  /** The tokens of a resolved value's parameters. */
  readonly arguments: readonly Wanted[];
  /** Whether its constraint allows what is wanted; one that cannot be asked does. */
  matches(wanted: Wanted): boolean;
}

interface RawBinding {
  readonly type: string;
  readonly scope?: BindingView['scope'];
  readonly implementationType?: BindingView['implementation'];
  readonly targetServiceIdentifier?: Token;
  readonly metadata?: { readonly arguments?: readonly RawArgument[] };
  isSatisfiedBy?(constraints: {
    readonly name: unknown;
    readonly tags: ReadonlyMap<unknown, unknown>;
    readonly serviceIdentifier: Token;
    getAncestor(): undefined;
  }): boolean;
}

/** Reads the bindings of a container; `undefined` per token where there is none. */
export type BindingReader = (token: Token) => readonly BindingView[] | undefined;

export function bindingReader(container: Container): BindingReader {
  const service = bindingServiceOf(container);
  return (token) => {
    if (service === undefined) return container.isBound(token) ? [] : undefined;
    const raw = service.get(token);
    if (raw === undefined) return container.isBound(token) ? [] : undefined;
    return [...raw].map((binding) => ({
      type: binding.type,
      scope: binding.scope,
      implementation: binding.implementationType,
      alias: binding.targetServiceIdentifier,
      arguments: (binding.metadata?.arguments ?? []).map(
        (argument, index) => new WantedArgument(index, argument),
      ),
      matches: ({ name, tags }) => {
        try {
          const constraints = { name, tags, serviceIdentifier: token, getAncestor: () => undefined };
          return binding.isSatisfiedBy?.(constraints) ?? true;
        } catch {
          return true;
        }
      },
    }));
  };
}

interface RawBindingService {
  get(token: Token): Iterable<RawBinding> | undefined;
}

/** The container hands its services to plugins; this one only takes the reader. */
function bindingServiceOf(container: Container): RawBindingService | undefined {
  let service: RawBindingService | undefined;
  class Reader {
    readonly [IS_PLUGIN] = true;
    constructor(_container: unknown, context: { readonly bindingService?: RawBindingService }) {
      service = context.bindingService;
    }
    load(): void {
      // Nothing to add to the container.
    }
  }
  try {
    container.register(Reader);
  } catch {
    return undefined;
  }
  return typeof service?.get === 'function' ? service : undefined;
}
