import { getOrchestrationFacade, StepResult } from '@kapelle/core';
import { checkTimeout, refuseOption } from './check-settings.js';
import { ResilienceOrchestrator } from './resilience-orchestrator.js';
import type { GuardedRequest } from './service-guard.js';
import { strategyOf } from './strategy.js';

/** How {@link resilient} calls the method. */
export interface ResilientOptions<T = unknown> {
  /** A strategy, or one of its earlier names. @default 'retry' */
  readonly strategy?: string;
  /** Answers where the strategy has failed. Gets the failure. */
  readonly fallback?: GuardedRequest<T>['fallback'];
  /** How long one call of the method may take, in ms; Infinity for no limit. @default callTimeoutMs of the options */
  readonly timeoutMs?: number;
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
 * fallback, returned; the method's call throws StepFailure where both have failed.
 *
 * @throws ResilienceError OPTION_INVALID for a strategy that there is not, and for a fallback that is no function; TypeError for no service, or no method
 */
export function resilient(service: string, options: ResilientOptions = {}) {
  const strategy = strategyOf(options.strategy === undefined ? 'retry' : options.strategy);
  if (typeof service !== 'string' || service === '') {
    throw new TypeError('@resilient needs the name of a service. Give one that is not empty.');
  }
  for (const option of ['fallback', 'orchestrator'] as const) {
    if (options[option] === undefined || typeof options[option] === 'function') continue;
    refuseOption(`${option} of @resilient("${service}") is no function. Give one, or leave it out.`);
  }
  if (options.timeoutMs !== undefined)
    checkTimeout(`timeoutMs of @resilient("${service}")`, options.timeoutMs);
  return <M extends AsyncMethod>(
    _prototype: object,
    property: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void => {
    const original = descriptor.value;
    if (typeof original !== 'function') {
      throw new TypeError(
        `@resilient stands on "${String(property)}", which is no method. Put it on a method.`,
      );
    }
    descriptor.value = async function (this: unknown, ...args: never[]): Promise<unknown> {
      const orchestrator = (options.orchestrator ?? getResilienceOrchestrator)();
      const result = await orchestrator.protect(service, {
        strategy,
        primary: () => original.apply(this, args),
        fallback: options.fallback,
        timeoutMs: options.timeoutMs,
      });
      return StepResult.unwrap(result).data;
    } as unknown as M;
  };
}
