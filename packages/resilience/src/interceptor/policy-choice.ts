import type { InterceptedCall, InterceptedOperation, OrchestrationLayer } from '@kapelle/core';

import { checkOptions } from '../options.js';

/** Which policy applies where the call and the operation name none; the first that is given, from top to bottom. */
export interface PolicyDefaults {
  /** By `orchestrator.operation`. */
  readonly operations?: Readonly<Record<string, string>>;
  /** By orchestrator. */
  readonly orchestrators?: Readonly<Record<string, string>>;
  readonly layers?: Readonly<Partial<Record<OrchestrationLayer, string>>>;
  /** For every other operation. */
  readonly others?: string;
}

const NAME = 'resilience';

/** The name that stands for no policy at all. */
export const NO_POLICY = 'none';

/** What is known of an operation; found out once. */
export interface OperationChoice {
  /** By the defaults; undefined for none. */
  readonly policy: string | undefined;
  /** `orchestrator.operation`: the key of its instances. */
  readonly key: string;
}

/** Finds the policy of a call. Compiled by operation: a call costs two look-ups. */
export class PolicyChoice {
  readonly #defaults: PolicyDefaults;
  readonly #known = new Map<string, Map<string, OperationChoice>>();

  constructor(defaults: PolicyDefaults) {
    checkOptions(NAME, defaults, 'defaults');
    for (const part of ['operations', 'orchestrators', 'layers'] as const) {
      if (defaults[part] !== undefined) checkOptions(NAME, defaults[part], `defaults.${part}`);
    }
    this.#defaults = defaults;
  }

  /** The names that the defaults use, each with where. */
  names(): [where: string, name: string][] {
    const { operations = {}, orchestrators = {}, layers = {}, others } = this.#defaults;
    return [
      ...Object.entries(operations).map(([key, name]): [string, string] => [`operations['${key}']`, name]),
      ...Object.entries(orchestrators).map(([key, name]): [string, string] => [
        `orchestrators['${key}']`,
        name,
      ]),
      ...Object.entries(layers).map(([key, name]): [string, string] => [`layers['${key}']`, name]),
      ...(others === undefined ? [] : [['others', others] as [string, string]]),
    ];
  }

  /** Of a call that names no policy, and of the operation of one that does. */
  of(call: InterceptedCall | InterceptedOperation): OperationChoice {
    let operations = this.#known.get(call.orchestrator);
    if (operations === undefined) {
      operations = new Map<string, OperationChoice>();
      this.#known.set(call.orchestrator, operations);
    }
    let choice = operations.get(call.operation);
    if (choice === undefined) operations.set(call.operation, (choice = this.#find(call)));
    return choice;
  }

  #find({ orchestrator, operation, layer }: InterceptedCall | InterceptedOperation): OperationChoice {
    const { operations, orchestrators, layers, others } = this.#defaults;
    const key = `${orchestrator}.${operation}`;
    return {
      policy: own(operations, key) ?? own(orchestrators, orchestrator) ?? own(layers, layer) ?? others,
      key,
    };
  }
}

/** The names of orchestrators and operations are anybody's: `constructor` is one of them. */
function own(record: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
