import type { OperationContext } from '../operation-context.js';
import type { OrchestrationLayer, OrchestrationType } from '../layers.js';
import type { StepResult } from '../step-result.js';
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

/** Something done around every call. */
export interface Interceptor {
  readonly name?: string;
  /** Lower is further out. Of equals the first registered is outer. @default 0 */
  readonly order?: number;
  /** Before the params are checked. Synchronous. A returned result answers the call without running it. */
  before?(call: InterceptedCall): StepResult | void;
  /** Once the call is answered, in reverse order. Synchronous. A returned result replaces the answer. */
  after?(call: InterceptedCall, result: StepResult): StepResult | void;
  /** Wraps the running. `next` may be called again, for another attempt. */
  around?(call: InterceptedCall, next: () => Promise<StepResult>): Promise<StepResult>;
}

/** The interceptors of a facade in the order they run, outermost first. */
export class InterceptorChain {
  #entries: readonly Interceptor[] = [];
  before: readonly Interceptor[] = [];
  after: readonly Interceptor[] = [];
  around: readonly Interceptor[] = [];
  /** Whether there is any. */
  active = false;

  /** Returns what takes it out again. */
  use(interceptor: Interceptor): () => void {
    const { order = 0 } = interceptor;
    if (typeof order !== 'number' || Number.isNaN(order)) {
      throw new RangeError(`interceptor.order must be a number, got ${String(order)}`);
    }
    if (!interceptor.before && !interceptor.after && !interceptor.around) {
      throw new TypeError('An interceptor needs at least one of before, after and around.');
    }
    this.#set([...this.#entries, interceptor]);
    return () => {
      const at = this.#entries.lastIndexOf(interceptor);
      if (at >= 0) this.#set(this.#entries.filter((_, index) => index !== at));
    };
  }

  #set(entries: readonly Interceptor[]): void {
    this.#entries = entries;
    const sorted = [...entries].sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
    this.before = sorted.filter((entry) => entry.before !== undefined);
    this.after = sorted.filter((entry) => entry.after !== undefined).reverse();
    this.around = sorted.filter((entry) => entry.around !== undefined);
    this.active = sorted.length > 0;
  }
}
