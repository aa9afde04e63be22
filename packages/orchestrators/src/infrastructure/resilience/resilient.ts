import { getOrchestrationFacade, StepResult } from '@kapelle/core';
import { ResilienceOrchestrator } from './resilience-orchestrator.js';
import type { GuardedRequest } from './service-guard.js';
import { strategyOf } from './strategy.js';

export interface ResilientOptions<T = unknown> {
  /** A strategy, or one of its earlier names. @default 'retry' */
  readonly strategy?: string;
  /** Answers where the strategy has failed. Gets the failure. */
  readonly fallback?: GuardedRequest<T>['fallback'];
  /** Whose breakers and weights to use. @default {@link getResilienceOrchestrator} */
  readonly orchestrator?: () => ResilienceOrchestrator;
}

/**
 * The `resilience` orchestrator of the process-wide facade; made and registered where there is none. For code that has no
 * container; elsewhere inject it.
 */
export function getResilienceOrchestrator(): ResilienceOrchestrator {
  const facade = getOrchestrationFacade();
  const known = facade.get('resilience');
  if (known instanceof ResilienceOrchestrator) return known;
  const made = new ResilienceOrchestrator();
  facade.register(made);
  return made;
}

type AsyncMethod = (...args: never[]) => Promise<unknown>;

/**
 * Method decorator: calls of the method go through `resilience` as calls of `service`. Gives what the method, or the
 * fallback, returned. @throws StepFailure where both have failed
 */
export function resilient(service: string, options: ResilientOptions = {}) {
  const strategy = strategyOf(options.strategy ?? 'retry');
  return <M extends AsyncMethod>(
    _prototype: object,
    _property: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    const original = descriptor.value as M;
    descriptor.value = async function (this: unknown, ...args: never[]): Promise<unknown> {
      const orchestrator = (options.orchestrator ?? getResilienceOrchestrator)();
      const result = await orchestrator.protect(service, {
        strategy,
        primary: () => original.apply(this, args),
        fallback: options.fallback,
      });
      return StepResult.unwrap(result).data;
    } as unknown as M;
  };
}
