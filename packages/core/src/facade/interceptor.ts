import { kindOf } from '../json-data.js';
import type { OperationContext } from '../operation-context.js';
import type { OrchestrationLayer, OrchestrationType } from '../layers.js';
import type { StepResult } from '../step-result.js';
import type { Watcher } from '../watching/watcher.js';
import { Watchers } from '../watching/watchers.js';
import type { CompiledOperation, OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import type { CallOptions } from './references.js';

/** A call as interceptors see it. */
export interface InterceptedCall {
  readonly orchestrator: string;
  readonly layer: OrchestrationLayer;
  readonly type: OrchestrationType;
  readonly operation: string;
  /** The policy named for this call: of the call, else of the operation. */
  readonly policy?: string;
  readonly context: OperationContext;
  /** As the caller passed them, not yet validated. */
  readonly params: unknown;
  readonly options: CallOptions;
}

/** Hands over what ends an attempt, and returns what takes it back. May end it at once. */
export type AttemptEnd = (end: (reason: unknown) => void) => () => void;

/** What ends one attempt while its call goes on: its own time limit, a better answer of another attempt. */
export interface AttemptOptions {
  /** Aborted: the attempt's context has an aborted signal, and `next` resolves to its reason as a failed result. */
  readonly signal?: AbortSignal;
  /** The same for who has no signal: making one costs microseconds on Node 20. */
  readonly endedBy?: AttemptEnd;
  /**
   * Called once when nothing of the attempt runs any more, perhaps long after `next` has told how it ended: only then is
   * what the attempt held really free.
   */
  readonly onOver?: () => void;
  /**
   * Called once, before `next` resolves, where the attempt is answered while its body still runs; `onOver` follows when
   * that has ended.
   */
  readonly onAbandoned?: () => void;
}

/** What is known of an operation before any call of it. */
export interface InterceptedOperation {
  readonly orchestrator: string;
  readonly layer: OrchestrationLayer;
  readonly type: OrchestrationType;
  readonly operation: string;
  /** The policy that the operation names. */
  readonly policy?: string;
}

/** Something done around every call. */
export interface Interceptor {
  readonly name?: string;
  /** Lower is further out. Of equals the first registered is outer. @default 0 */
  readonly order?: number;
  /**
   * Whether it stands around the calls of an operation; asked once per operation, so that the others cost nothing. It
   * stands around every call that names a policy of its own. One that throws says yes. @default yes
   */
  appliesTo?(operation: InterceptedOperation): boolean;
  /** Before the params are checked. Synchronous. A returned result answers the call without running it. */
  before?(call: InterceptedCall): StepResult | void;
  /** Once the call is answered, in reverse order. Synchronous. A returned result replaces the answer. */
  after?(call: InterceptedCall, result: StepResult): StepResult | void;
  /** Wraps the running. `next` may be called again, for another attempt. */
  around?(
    call: InterceptedCall,
    next: (attempt?: AttemptOptions) => Promise<StepResult>,
  ): Promise<StepResult>;
  /** Sees calls, steps, batches and runs of tasks, and has no say in them. The cheapest form. */
  readonly watch?: Watcher;
}

/** Interceptors in the order they run, by hook. */
export interface Hooks {
  readonly before: readonly Interceptor[];
  readonly after: readonly Interceptor[];
  readonly around: readonly Interceptor[];
  /** Whether there is any. */
  readonly active: boolean;
}

/** What the chain notes on an operation: which interceptors stand around it, and of which state of the chain that is. */
export interface InterceptedBy {
  readonly hooks: Hooks;
  readonly version: number;
}

/** What of a call decides who stands around it. */
interface Intercepted {
  readonly unit: OrchestratorUnit;
  readonly operation: CompiledOperation;
  readonly options: CallOptions;
}

/** The interceptors of a facade, outermost first; which of them stand around an operation is found out once. */
export class InterceptorChain {
  readonly watchers = new Watchers();
  #entries: readonly Interceptor[] = [];
  #sorted: readonly Interceptor[] = [];
  #all: Hooks = hooksOf([]);
  #selective = false;
  #version = 0;

  /** Whether any has a say in any call. */
  get active(): boolean {
    return this.#all.active;
  }

  /** Returns what takes it out again. */
  use(interceptor: Interceptor): () => void {
    const { order = 0 } = interceptor;
    if (typeof order !== 'number' || Number.isNaN(order)) {
      throw new RangeError(`interceptor.order must be a number, got ${String(order)}`);
    }
    for (const hook of ['before', 'after', 'around', 'appliesTo'] as const) {
      const given: unknown = interceptor[hook];
      if (given !== undefined && typeof given !== 'function') {
        throw new TypeError(
          `interceptor.${hook} must be a function, got ${kindOf(given)}. Leave it out if it is not needed.`,
        );
      }
    }
    if (!interceptor.before && !interceptor.after && !interceptor.around && !interceptor.watch) {
      throw new TypeError('An interceptor needs at least one of before, after, around and watch.');
    }
    this.#set([...this.#entries, interceptor]);
    return () => {
      const at = this.#entries.lastIndexOf(interceptor);
      if (at >= 0) this.#set(this.#entries.filter((_, index) => index !== at));
    };
  }

  /** Those that stand around a call. */
  hooksOf(call: Intercepted): Hooks {
    return this.#selective && call.options.policy === undefined ? this.#selected(call) : this.#all;
  }

  #selected({ unit, operation }: Intercepted): Hooks {
    if (operation.interceptedBy?.version !== this.#version) {
      operation.interceptedBy = { version: this.#version, hooks: this.#select(unit, operation) };
    }
    return operation.interceptedBy.hooks;
  }

  /** Whether any may stand around an operation, as what applies a policy does. */
  surrounds(unit: OrchestratorUnit, operation: CompiledOperation): boolean {
    return this.#select(unit, operation).around.length > 0;
  }

  #select({ name: orchestrator, layer, type }: OrchestratorUnit, operation: CompiledOperation): Hooks {
    const { policy } = operation.options;
    const known = {
      orchestrator,
      layer,
      type,
      operation: operation.name,
      ...(policy === undefined ? {} : { policy }),
    };
    return hooksOf(
      this.#sorted.filter((entry) => {
        try {
          return entry.appliesTo?.(known) ?? true;
        } catch {
          return true;
        }
      }),
    );
  }

  #set(entries: readonly Interceptor[]): void {
    this.#entries = entries;
    this.#version += 1;
    this.#sorted = [...entries].sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
    this.#all = hooksOf(this.#sorted);
    this.#selective = entries.some((entry) => entry.appliesTo !== undefined);
    this.watchers.set(this.#sorted.flatMap((entry) => entry.watch ?? []));
  }
}

function hooksOf(sorted: readonly Interceptor[]): Hooks {
  const before = sorted.filter((entry) => entry.before !== undefined);
  const after = sorted.filter((entry) => entry.after !== undefined).reverse();
  const around = sorted.filter((entry) => entry.around !== undefined);
  return { before, after, around, active: before.length + after.length + around.length > 0 };
}
