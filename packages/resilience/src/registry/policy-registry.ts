import type { Clock } from '@kapelle/core';

import type { CircuitState } from '../circuit-breaker/circuit-state.js';
import { NO_POLICY } from '../interceptor/policy-choice.js';
import { checkClock, checkCount, checkFunction, checkOptions } from '../options.js';
import { Pipeline, type PipelineStats } from '../pipeline/pipeline.js';
import type { PipelineOptions } from '../pipeline/pipeline-options.js';
import { type Recent, RecentMap } from '../recent-map.js';
import { ResilienceError } from '../resilience-error.js';

/** What the policies of a registry share, and how many instances it keeps. */
export interface PolicyRegistryOptions {
  /** Instances kept of each policy, one per key. @default 1_000 @minimum 1 */
  readonly maxInstances?: number;
  /** Of all policies that say nothing else. @default the machine's clock */
  readonly clock?: Clock;
  /** Of all policies that say nothing else. @default Math.random */
  readonly random?: () => number;
}

/** One instance of a policy, for metrics. */
export interface PolicySnapshot {
  readonly policy: string;
  /** '' for the instance without a key. */
  readonly key: string;
  readonly stats: PipelineStats;
}

/** A registry at the moment it was asked. */
export interface PolicyRegistryStats {
  readonly policies: number;
  readonly instances: number;
  /** Idle instances that made room for others, since the registry was made. */
  readonly evicted: number;
  /** Requests for an instance that were answered with the shared one, since the registry was made. */
  readonly shared: number;
}

/** The key under which the shared instance of a policy is told of. */
export const SHARED_KEY = '(shared)';

class Instance implements Recent {
  wasUsed = false;
  pipeline: Pipeline;

  constructor(pipeline: Pipeline) {
    this.pipeline = pipeline;
  }
}

class Definition {
  options: PipelineOptions;
  readonly instances: RecentMap<Instance>;
  shared: Instance | undefined = undefined;

  constructor(options: PipelineOptions, maxInstances: number) {
    this.options = options;
    this.instances = new RecentMap(maxInstances, ({ pipeline }) => pipeline.isIdle);
  }
}

/**
 * Policies by name, each with an instance of its own for every key it is used with: a dependency, an operation, a tenant. The names
 * are known to the compiler: `new PolicyRegistry().define('payments', { … }).for('payments')`.
 *
 * Keys come from outside, so the instances of a policy are bounded: a newcomer takes the place of one that has not been used lately and is
 * idle. One with an open circuit, a taken slot or a rate in use is never dropped; where all are such, newcomers share one instance.
 */
export class PolicyRegistry<Names extends string = never> {
  readonly #definitions = new Map<string, Definition>();
  readonly #maxInstances: number;
  readonly #common: Pick<PipelineOptions, 'clock' | 'random'>;
  #shared = 0;

  /** @throws ResilienceError OPTION_INVALID */
  constructor(options: PolicyRegistryOptions = {}) {
    const { maxInstances = 1_000, clock, random } = checkOptions('registry', options);
    checkClock('registry', clock);
    if (random !== undefined) checkFunction('registry', 'random', random);
    this.#maxInstances = checkCount('registry', 'maxInstances', maxInstances);
    this.#common = { ...(clock === undefined ? {} : { clock }), ...(random === undefined ? {} : { random }) };
  }

  /** The names of all policies, in the order they were defined. */
  get names(): readonly Names[] {
    return [...this.#definitions.keys()] as Names[];
  }

  /** Whether there is a policy of that name. */
  has(name: string): name is Names {
    return this.#definitions.has(name);
  }

  /**
   * Adds a policy. Returns this registry, which then knows the name. Parts given as policies, not as options, are shared by all keys.
   * @throws ResilienceError OPTION_INVALID for options that are no good, and for a name that is empty, taken or 'none'
   */
  define<N extends string>(name: N, options: PipelineOptions): PolicyRegistry<Names | N> {
    if (typeof name !== 'string' || name === '') {
      throw new ResilienceError(
        'OPTION_INVALID',
        'registry',
        'A policy needs a name that is not empty. Give it one.',
      );
    }
    if (name === NO_POLICY) {
      throw new ResilienceError(
        'OPTION_INVALID',
        'registry',
        `"${NO_POLICY}" stands for no policy at all. Choose another name.`,
      );
    }
    if (this.#definitions.has(name)) {
      throw new ResilienceError(
        'OPTION_INVALID',
        'registry',
        `The policy "${name}" is already defined. Choose another name, or change it with reconfigure().`,
      );
    }
    this.#definitions.set(name, new Definition(this.#complete(name, options), this.#maxInstances));
    return this;
  }

  /**
   * The instance of a policy for a key.
   * @throws ResilienceError OPTION_INVALID for an unknown name, with the known ones
   */
  for(name: Names, key = ''): Pipeline {
    const pipeline = this.find(name, key);
    if (pipeline === undefined) {
      throw new ResilienceError('OPTION_INVALID', 'registry', unknownPolicy(name, this.names));
    }
    return pipeline;
  }

  /** As {@link for}, for a name that is only known at run time; undefined where there is no such policy. */
  find(name: string, key = ''): Pipeline | undefined {
    const definition = this.#definitions.get(name);
    if (definition === undefined) return undefined;
    const { options } = definition;
    let instance = definition.instances.get(key);
    if (instance === undefined) {
      instance = new Instance(new Pipeline(options));
      if (!definition.instances.add(key, instance)) {
        this.#shared += 1;
        instance = definition.shared ??= instance;
      }
    }
    // Renewed when it is next used: what already runs ends under the options it began with.
    if (instance.pipeline.options !== options) instance.pipeline = new Pipeline(options, instance.pipeline);
    return instance.pipeline;
  }

  /**
   * Gives a policy other options, as a whole. Executions that run end under the old ones, later ones begin under the new. Parts
   * whose options say the same as before are kept, so their circuits stay open and their slots taken.
   *
   * @throws ResilienceError OPTION_INVALID for an unknown name, and for options that are no good; the old ones then stay
   */
  reconfigure(name: Names, options: PipelineOptions): void {
    const definition = this.#definitions.get(name);
    if (definition === undefined) {
      throw new ResilienceError('OPTION_INVALID', 'registry', unknownPolicy(name, this.names));
    }
    definition.options = this.#complete(name, options);
  }

  /** Every instance with its statistics, as plain data. */
  snapshot(): PolicySnapshot[] {
    const rows: PolicySnapshot[] = [];
    for (const [policy, { instances, shared }] of this.#definitions) {
      for (const [key, { pipeline }] of instances.entries())
        rows.push({ policy, key, stats: pipeline.stats });
      if (shared !== undefined) rows.push({ policy, key: SHARED_KEY, stats: shared.pipeline.stats });
    }
    return rows;
  }

  /** The circuit breakers and their states now, named `policy` or `policy/key`, as `breakers` of `createMetrics` asks for them. */
  breakers(): readonly { readonly name: string; readonly state: CircuitState }[] {
    return this.snapshot().flatMap(({ policy, key, stats: { breaker } }) =>
      breaker === undefined || !('state' in breaker)
        ? []
        : [{ name: key === '' ? policy : `${policy}/${key}`, state: breaker.state }],
    );
  }

  get stats(): PolicyRegistryStats {
    const definitions = [...this.#definitions.values()];
    return {
      policies: definitions.length,
      instances: definitions.reduce((sum, { instances }) => sum + instances.size, 0),
      evicted: definitions.reduce((sum, { instances }) => sum + instances.evicted, 0),
      shared: this.#shared,
    };
  }

  /** The options with what all policies have in common; a pipeline is made of them, to see that they are good. */
  #complete(name: string, options: PipelineOptions): PipelineOptions {
    const complete = { name, ...this.#common, ...checkOptions(name, options) };
    return new Pipeline(complete).options;
  }
}

const NAMES_SHOWN = 20;

/** What is wrong with a policy's name, and what would be right. */
export function unknownPolicy(name: unknown, known: readonly string[]): string {
  const shown = typeof name === 'string' ? `"${name.slice(0, 100)}"` : `a ${typeof name}`;
  if (known.length === 0)
    return `There is no policy ${shown}: none is defined. Define it in the policy registry.`;
  const list = known
    .slice(0, NAMES_SHOWN)
    .map((each) => `"${each}"`)
    .join(', ');
  const more = known.length > NAMES_SHOWN ? ' …' : '';
  return `There is no policy ${shown}. Define it in the policy registry, or use one of: ${list}${more}.`;
}
