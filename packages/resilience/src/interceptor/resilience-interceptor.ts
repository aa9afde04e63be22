import {
  type AttemptOptions,
  type Clock,
  type InterceptedCall,
  type InterceptedOperation,
  type Interceptor,
  type OrchestratorInfo,
  StepResult,
} from '@kapelle/core';

import { AttemptScope } from '../attempt-scope.js';
import { checkClock, checkFunction, checkNumber, checkOptions, given } from '../options.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import type { Attempt, Work } from '../policy.js';
import { type PolicyRegistry, unknownPolicy } from '../registry/policy-registry.js';
import { ResilienceError } from '../resilience-error.js';
import { EndableAttempt, EndableHeldAttempt, HeldAttempt } from './attempt-of-call.js';
import { CallScope } from './call-scope.js';
import { NO_POLICY, PolicyChoice, type PolicyDefaults } from './policy-choice.js';

/** Which policies hold for calls, and which of them holds by default. */
export interface ResilienceInterceptorOptions {
  /** The policies that calls, operations and defaults name. */
  readonly policies: PolicyRegistry<string>;
  /** Which policy applies where the call and the operation name none. @default none */
  readonly defaults?: PolicyDefaults;
  /** Which calls share an instance of a policy: its circuit, its slots. @default `orchestrator.operation` */
  readonly keyOf?: (call: InterceptedCall) => string;
  /** Whose a call is, for rate limits and fair queues. @default its tenant id */
  readonly callerOf?: (call: InterceptedCall) => string;
  /** How important a call is, 0 to 9; the lower is shed first. @default 5 for each */
  readonly priorityOf?: (call: InterceptedCall) => number;
  /** The clock of the host and of the policies. @default the machine's clock */
  readonly clock?: Clock;
  /** Among other interceptors; lower is further out. @default 100 */
  readonly order?: number;
}

/** An operation that names a policy which there is not. */
export interface UnknownPolicy {
  readonly orchestrator: string;
  readonly operation: string;
  readonly policy: string;
  readonly message: string;
}

const DEFAULT_PRIORITY = 5;
const MAX_ORDER = 1e9;

/** What an attempt of a call is given to; `next` of core. */
type Next = (attempt?: AttemptOptions) => Promise<StepResult>;

/**
 * Runs calls under policies: the one that the call names (`options.policy`), else its operation (`@operation({ policy })`), else the
 * defaults. `'none'` names no policy. Naming a policy that retries or hedges declares that the operation may run more than
 * once; no other is ever run twice. Steps of an operation, and the calls that it makes, have policies of their own.
 *
 * - Results go through as they are: a failed one is a failure to breaker and retry, by its category. What a policy refuses is a failed result as well:
 *   `circuit_breaker_open`, `service_overloaded`, `rate_limit`, `timeout`, with `retryAfterMs` where it is known.
 * - An unknown name is a failed result of category `configuration`, with the known names. Names in the defaults are checked when the
 *   interceptor is made, those of operations by {@link ResilienceInterceptor.check}.
 * - Operations without a policy are left out when they are registered; their calls cost nothing.
 * - The deadline of a call is that of its execution; when a call ends, so does all waiting for it. A slot stays taken until the
 *   operation's body has ended, whoever has been answered before.
 */
export class ResilienceInterceptor implements Interceptor {
  readonly name = 'resilience';
  readonly order: number;
  readonly #policies: PolicyRegistry<string>;
  readonly #choice: PolicyChoice;
  readonly #keyOf: ((call: InterceptedCall) => string) | undefined;
  readonly #callerOf: ((call: InterceptedCall) => string) | undefined;
  readonly #priorityOf: ((call: InterceptedCall) => number) | undefined;
  readonly #clock: Clock;

  /** @throws ResilienceError OPTION_INVALID for defaults that name an unknown policy */
  constructor(options: ResilienceInterceptorOptions) {
    checkOptions(this.name, options);
    this.order = checkNumber(this.name, 'order', given(options.order, 100), -MAX_ORDER, MAX_ORDER);
    this.#policies = options.policies;
    // By what it can do: the registry may come from another copy of this package.
    if (typeof (this.#policies as Partial<PolicyRegistry<string>> | undefined)?.find !== 'function') {
      throw new ResilienceError(
        'OPTION_INVALID',
        this.name,
        `${this.name}: policies must be a PolicyRegistry. Make one with new PolicyRegistry().`,
      );
    }
    this.#choice = new PolicyChoice(given(options.defaults, {}));
    for (const option of ['keyOf', 'callerOf', 'priorityOf'] as const) {
      if (options[option] !== undefined) checkFunction(this.name, option, options[option]);
    }
    this.#keyOf = options.keyOf;
    this.#callerOf = options.callerOf;
    this.#priorityOf = options.priorityOf;
    this.#clock = checkClock(this.name, options.clock);
    for (const [where, name] of this.#choice.names()) {
      if (name === NO_POLICY || this.#policies.has(name)) continue;
      throw new ResilienceError(
        'OPTION_INVALID',
        this.name,
        `defaults.${where}: ${unknownPolicy(name, this.#policies.names)}`,
      );
    }
  }

  /** The operations that name a policy which there is not. To be called with `facade.listOrchestrators()` before the first call. */
  check(orchestrators: Readonly<Record<string, OrchestratorInfo>>): UnknownPolicy[] {
    return Object.values(orchestrators).flatMap(({ name: orchestrator, operations }) =>
      operations.flatMap(({ name: operation, policy }) =>
        policy === undefined || policy === NO_POLICY || this.#policies.has(policy)
          ? []
          : [{ orchestrator, operation, policy, message: unknownPolicy(policy, this.#policies.names) }],
      ),
    );
  }

  appliesTo(operation: InterceptedOperation): boolean {
    const policy = operation.policy ?? this.#choice.of(operation).policy;
    return policy !== undefined && policy !== NO_POLICY;
  }

  around(call: InterceptedCall, next: Next): Promise<StepResult> {
    const known = this.#choice.of(call);
    const name: unknown = call.policy ?? known.policy;
    if (name === undefined || name === NO_POLICY) return next();
    const key = this.#keyOf === undefined ? known.key : this.#keyOf(call);
    const pipeline = typeof name === 'string' ? this.#policies.find(name, key) : undefined;
    if (pipeline === undefined) {
      return Promise.resolve(
        StepResult.fail(unknownPolicy(name, this.#policies.names), { errorCategory: 'configuration' }),
      );
    }
    const { deadline, tenantId } = call.context;
    const scope = new CallScope(
      call,
      deadline === undefined ? Infinity : this.#clock.monotonic() + deadline - this.#clock.now(),
      this.#priorityOf === undefined ? DEFAULT_PRIORITY : this.#priorityOf(call),
      this.#callerOf === undefined ? tenantId : this.#callerOf(call),
      pipeline.parts.deadline !== undefined,
    );
    return pipeline.executeToResult(workOf(pipeline, next), scope);
  }
}

/** One attempt of the call as the work of a pipeline; no more is asked of core than the pipeline has a use for. */
function workOf({ endsAttempts, holdsSlots }: Pipeline, next: Next): Work<StepResult> {
  if (!endsAttempts && !holdsSlots) return () => next();
  const Kind = endsAttempts ? (holdsSlots ? EndableHeldAttempt : EndableAttempt) : HeldAttempt;
  return (attempt: Attempt) =>
    attempt instanceof AttemptScope ? next(new Kind(attempt)) : next({ signal: attempt.signal });
}

/**
 * Makes the interceptor that runs calls under policies; give it to a host, or to `facade.use`.
 * @throws ResilienceError OPTION_INVALID for defaults that name an unknown policy
 */
export function resilienceInterceptor(options: ResilienceInterceptorOptions): ResilienceInterceptor {
  return new ResilienceInterceptor(options);
}
