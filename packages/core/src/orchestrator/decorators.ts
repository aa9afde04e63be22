import { decorate, inject, injectable } from 'inversify';

import { checkCount, checkMs } from '../clock/clock.js';
import { inheritInjections } from '../container/inspect.js';
import { markAsOurs } from '../copy-mark.js';
import { attemptsOf } from '../engine/step-retry.js';
import { OrchestrationError } from '../errors.js';
import { kindOf } from '../json-data.js';
import { isLayer, type OrchestrationLayer, type OrchestrationType } from '../layers.js';
import { nameProblem } from '../naming.js';
import { lazyTokenOf } from './lazy.js';
import { type AnyClass, recordOf } from './metadata.js';
import { noteSlips } from './option-slips.js';
import type {
  BackgroundOptions,
  ConsumesOptions,
  OperationOptions,
  OrchestratorOptions,
  Token,
} from './options.js';

const INJECTABLE_FLAG = '@inversifyjs/core/classIsInjectableFlagReflectKey';

/**
 * Makes a class an orchestrator of `layer` that works as `type`, and injectable.
 *
 * @throws OrchestrationError `DECORATOR_MISUSED` or `OPTION_INVALID` while the class loads
 */
export function orchestrator(
  layer: OrchestrationLayer,
  type: OrchestrationType,
  options: OrchestratorOptions = {},
) {
  // Spelled out: what a caller exports must not need the name of a type that is not public.
  return <C extends abstract new (...args: never[]) => unknown>(target: C): void => {
    describe(target, layer, type, options);
  };
}

/** Makes a method an operation: callable through the facade, routed to by `params.operation`. */
export function operation(options: OperationOptions = {}): MethodDecorator {
  return (target, key, descriptor?: PropertyDescriptor) => {
    const method = methodName('@operation', target, key, descriptor);
    recordOf(target.constructor).operations.set(method, {
      method,
      options: checkOperation(target.constructor, method, options),
    });
  };
}

/** Runs a method again and again while the orchestrator is up; the method gets the signal of its run. */
export function background(options: BackgroundOptions): MethodDecorator {
  return (target, key, descriptor?: PropertyDescriptor) => {
    const method = methodName('@background', target, key, descriptor);
    recordOf(target.constructor).background.set(method, checkBackground(target.constructor, method, options));
  };
}

/** Feeds a method from a bounded queue; the method gets the items and the signal of its run. */
export function consumes(options: ConsumesOptions): MethodDecorator {
  return (target, key, descriptor?: PropertyDescriptor) => {
    const method = methodName('@consumes', target, key, descriptor);
    recordOf(target.constructor).consumes.set(method, checkConsumes(target.constructor, method, options));
  };
}

/** What the decorators say, for build tools that emit no decorators or no metadata. */
export interface OrchestratorDeclaration extends OrchestratorOptions {
  readonly layer: OrchestrationLayer;
  readonly type: OrchestrationType;
  /** By method; `true` or `{}` where there is nothing to say. */
  readonly operations?: Readonly<Record<string, OperationOptions | true>> | readonly string[];
  readonly background?: Readonly<Record<string, BackgroundOptions>>;
  readonly consumes?: Readonly<Record<string, ConsumesOptions>>;
  /** The tokens of the constructor parameters, in order. */
  readonly inject?: readonly (Token | { readonly lazy: Token | (() => Token) })[];
}

/** As `@orchestrator` and its method decorators, without decorators. Returns the class. */
export function defineOrchestrator<C extends AnyClass>(target: C, declaration: OrchestratorDeclaration): C {
  if (typeof target !== 'function') {
    throw new OrchestrationError('DECORATOR_MISUSED', 'defineOrchestrator was not given a class.');
  }
  mustBeOptions(`defineOrchestrator(${target.name})`, declaration);
  const {
    layer,
    type,
    operations = {},
    background: tasks = {},
    consumes: queues = {},
    inject: tokens,
    ...options
  } = declaration;
  const record = recordOf(target);
  const listed = Array.isArray(operations)
    ? Object.fromEntries((operations as readonly string[]).map((method) => [method, {}]))
    : (operations as Readonly<Record<string, OperationOptions | true>>);
  for (const [method, said] of Object.entries(listed)) {
    mustBeMethod('operations', target, method);
    record.operations.set(method, {
      method,
      options: checkOperation(target, method, said === true ? {} : said),
    });
  }
  for (const [method, said] of Object.entries(tasks)) {
    mustBeMethod('background', target, method);
    record.background.set(method, checkBackground(target, method, said));
  }
  for (const [method, said] of Object.entries(queues)) {
    mustBeMethod('consumes', target, method);
    record.consumes.set(method, checkConsumes(target, method, said));
  }
  tokens?.forEach((entry, index) => {
    if (typeof entry === 'object') {
      const { lazy: wanted } = entry;
      const isThunk = typeof wanted === 'function' && !Object.hasOwn(wanted, 'prototype');
      const target_ = isThunk ? (wanted as () => Token) : () => wanted as Token;
      const lazyToken = isThunk ? Symbol('Lazy<deferred>') : lazyTokenOf(wanted as Token);
      record.lazy.set(index, { index, target: target_, lazyToken });
      decorate(inject(lazyToken), target, index);
    } else {
      decorate(inject(entry), target, index);
    }
  });
  describe(target, layer, type, options);
  return target;
}

function describe(
  target: AnyClass,
  layer: OrchestrationLayer,
  type: OrchestrationType,
  options: OrchestratorOptions,
): void {
  if (typeof target !== 'function') {
    throw new OrchestrationError(
      'DECORATOR_MISUSED',
      '@orchestrator stands before something that is not a class.',
    );
  }
  const where = `@orchestrator of ${target.name === '' ? 'an anonymous class' : target.name}`;
  mustBeOptions(where, options);
  if (!isLayer(layer))
    throw invalid(
      `${where}: the layer must be 'domain', 'application' or 'infrastructure', got ${String(layer)}.`,
    );
  const typeProblem = nameProblem(type);
  if (typeProblem !== undefined) throw invalid(`${where}: the type is no name: ${typeProblem}.`);
  if (options.name !== undefined) {
    const problem = nameProblem(options.name);
    if (problem !== undefined) throw invalid(`${where}: ${problem}.`);
  } else if (target.name === '') {
    throw invalid(`${where}: a class without a name needs { name }.`);
  }
  if ('then' in (target.prototype as object)) {
    throw new OrchestrationError(
      'DECORATOR_MISUSED',
      `${where}: it has a method "then", so a container and every await take it for a promise.`,
      { fix: "Give the method another name; an operation keeps its own with @operation({ name: 'then' })." },
    );
  }
  if (options.startup !== undefined && options.startup !== 'eager' && options.startup !== 'lazy') {
    throw invalid(`${where}: startup must be 'eager' or 'lazy', got ${String(options.startup)}.`);
  }
  if (options.params !== undefined) {
    if (typeof options.params !== 'function') throw invalid(`${where}: params must be a class.`);
    if (options.flow === undefined) {
      throw invalid(
        `${where}: params are those of a declared flow, and there is none; give them to @operation.`,
      );
    }
  }
  checked(where, () => {
    if (options.maxConcurrency !== undefined) checkCount('maxConcurrency', options.maxConcurrency);
    if (options.maxWaiting !== undefined) checkCount('maxWaiting', options.maxWaiting, 0);
    for (const key of ['timeoutMs', 'startTimeoutMs', 'stopTimeoutMs'] as const) {
      if (options[key] !== undefined) checkMs(key, options[key], 1);
    }
  });
  noteSlips(target, where, 'orchestrator', options);
  markAsOurs(target);
  const record = recordOf(target);
  if (record.orchestrator !== undefined) {
    throw new OrchestrationError(
      'DECORATOR_MISUSED',
      `${target.name} is declared as an orchestrator twice.`,
      {
        fix: 'Keep one of the declarations.',
      },
    );
  }
  if (Reflect.hasOwnMetadata(INJECTABLE_FLAG, target)) {
    throw new OrchestrationError(
      'DECORATOR_MISUSED',
      `${target.name} has both @injectable() and @orchestrator.`,
      {
        fix: 'Drop @injectable(): @orchestrator does it.',
      },
    );
  }
  record.orchestrator = { layer, type, options };
  decorate(injectable(), target);
  inheritInjections(target);
}

function methodName(
  what: string,
  target: object,
  key: string | symbol | object,
  descriptor: PropertyDescriptor | undefined,
): string {
  // The standard decorators hand over the method and an object that describes it.
  if (typeof key === 'object') {
    throw new OrchestrationError(
      'DECORATOR_MISUSED',
      `${what} was called as a standard decorator, which says nothing of the class a method belongs to.`,
      { fix: 'Set "experimentalDecorators": true in the tsconfig, or call defineOrchestrator.' },
    );
  }
  if (typeof key !== 'string' || typeof target === 'function' || typeof descriptor?.value !== 'function') {
    throw new OrchestrationError(
      'DECORATOR_MISUSED',
      `${what} stands before "${String(key)}", which is not an instance method.`,
    );
  }
  return key;
}

function mustBeMethod(section: string, target: AnyClass, method: string): void {
  const prototype = target.prototype as Record<string, unknown>;
  if (nameProblem(method) !== undefined || typeof prototype[method] !== 'function') {
    throw invalid(
      `defineOrchestrator(${target.name}): ${section} names "${method}", which is not a method of the class.`,
    );
  }
}

function checkOperation(target: object, method: string, options: OperationOptions): OperationOptions {
  const where = `@operation ${method}`;
  mustBeOptions(where, options);
  if (options.name !== undefined) {
    const problem = nameProblem(options.name);
    if (problem !== undefined) throw invalid(`${where}: ${problem}.`);
  }
  if (options.params !== undefined && typeof options.params !== 'function') {
    throw invalid(`${where}: params must be a class.`);
  }
  checked(where, () => {
    if (options.timeoutMs !== undefined) checkMs('timeoutMs', options.timeoutMs, 1);
  });
  noteSlips(target, where, 'operation', options);
  return options;
}

function checkBackground(target: object, method: string, options: BackgroundOptions): BackgroundOptions {
  const where = `@background ${method}`;
  checked(where, () => {
    checkMs('everyMs', options.everyMs, 1);
    if (options.initialDelayMs !== undefined) checkMs('initialDelayMs', options.initialDelayMs);
    if (options.timeoutMs !== undefined) checkMs('timeoutMs', options.timeoutMs, 1);
    const ratio = options.jitterRatio;
    if (ratio !== undefined && !(ratio >= 0 && ratio <= 1))
      throw new RangeError(`jitterRatio must be from 0 to 1, got ${String(ratio)}`);
    const { restart } = options;
    if (restart?.maxRestarts !== undefined) checkCount('restart.maxRestarts', restart.maxRestarts, 0);
    for (const key of ['withinMs', 'baseMs', 'capMs'] as const) {
      if (restart?.[key] !== undefined) checkMs(`restart.${key}`, restart[key], 1);
    }
    if (restart?.then !== undefined && restart.then !== 'degrade' && restart.then !== 'stop-host') {
      throw new RangeError(`restart.then must be 'degrade' or 'stop-host', got ${String(restart.then)}`);
    }
    checkIntensity(restart);
  });
  noteSlips(target, where, 'background', options);
  return options;
}

/** Sums the pauses between restarts: if they take longer than the window, the limit could never be reached. */
function checkIntensity(restart: BackgroundOptions['restart']): void {
  const { maxRestarts = 5, withinMs = 30_000, baseMs = 200, capMs = 10_000 } = restart ?? {};
  let sum = 0;
  for (let n = 0; n < Math.min(maxRestarts, 1_000); n += 1)
    sum += Math.min(capMs, baseMs * 2 ** Math.min(n, 30));
  if (sum >= withinMs) {
    throw new RangeError(
      `restart.maxRestarts (${maxRestarts}) restarts pause ${sum} ms in all, which is not below restart.withinMs (${withinMs}): the limit could never be reached`,
    );
  }
}

function checkConsumes(target: object, method: string, options: ConsumesOptions): ConsumesOptions {
  const where = `@consumes ${method}`;
  const problem = nameProblem(options.queue);
  if (problem !== undefined) throw invalid(`${where}: queue: ${problem}.`);
  if (options.overflow !== undefined && !['reject', 'drop-oldest', 'block'].includes(options.overflow)) {
    throw invalid(
      `${where}: overflow must be 'reject', 'drop-oldest' or 'block', got ${String(options.overflow)}.`,
    );
  }
  checked(where, () => {
    for (const key of ['capacity', 'batchSize', 'concurrency'] as const) {
      if (options[key] !== undefined) checkCount(key, options[key]);
    }
    attemptsOf(options.retry);
  });
  noteSlips(target, where, 'consumes', options);
  return options;
}

function mustBeOptions(where: string, options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw invalid(`${where}: the options must be an object, got ${kindOf(options)}.`);
  }
}

function checked(where: string, check: () => void): void {
  try {
    check();
  } catch (cause) {
    throw invalid(`${where}: ${(cause as Error).message}.`, cause);
  }
}

function invalid(what: string, cause?: unknown): OrchestrationError {
  return new OrchestrationError('OPTION_INVALID', what, { cause });
}
