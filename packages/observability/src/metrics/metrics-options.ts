import type { Clock, OrchestrationFacade, OrchestrationHost } from '@kapelle/core';
import { systemClock } from '@kapelle/core';

import { optionChecks, shown } from '../option-checks.js';
import { MetricsOptionsError } from './metrics-error.js';

const check = optionChecks((problem, fix) => new MetricsOptionsError(`${problem} ${fix}`));

/** A circuit breaker as a scrape sees it. */
export interface BreakerReading {
  readonly name: string;
  /** `closed`, `open`, `half-open` or `isolated`. */
  readonly state: string;
}

interface CommonMetricsOptions {
  /** Stands before every name but those of the process. @default 'kapelle_' */
  readonly prefix?: string;
  /**
   * Whether the families of calls have the label `tenant`, and how many tenants get a value of their own before they
   * are counted as `other`: each costs all series of a call once more. `true` is 50. @default false @maximum 10,000
   */
  readonly tenantLabel?: boolean | { readonly max: number };
  /** Upper bounds of the histogram in seconds, ascending, up to 64. @default 0.0005 to 120 */
  readonly buckets?: readonly number[];
  /** Operations, with a tenant label operations times tenants, that are told apart before they are `other`. @default 1,000 */
  readonly maxSeries?: number;
  /** The states of circuit breakers, asked at each scrape; the first 1,000 count. */
  readonly breakers?: () => Iterable<BreakerReading>;
  /** Whether there are also the CPU time and the memory of the process. @default false */
  readonly processMetrics?: boolean;
  /** What durations are measured with. @default the machine's */
  readonly clock?: Clock;
}

/** What is measured: a host, or a facade that has none, and how. */
export type MetricsOptions = CommonMetricsOptions &
  ({ readonly host: OrchestrationHost } | { readonly host?: never; readonly facade: OrchestrationFacade });

export interface CheckedMetricsOptions {
  readonly host: OrchestrationHost | undefined;
  readonly facade: OrchestrationFacade;
  readonly prefix: string;
  readonly maxTenants: number;
  readonly buckets: readonly number[] | undefined;
  readonly maxSeries: number;
  readonly breakers: (() => Iterable<BreakerReading>) | undefined;
  readonly processMetrics: boolean;
  readonly clock: Clock;
}

const DEFAULT_TENANTS = 50;
const MAX_TENANTS = 10_000;
const DEFAULT_SERIES = 1_000;
const MAX_SERIES = 1_000_000;
const PREFIX = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** @throws MetricsOptionsError for an option out of its bounds */
export function checkMetricsOptions(options: MetricsOptions): CheckedMetricsOptions {
  check.object('options', options);
  const {
    prefix = 'kapelle_',
    tenantLabel = false,
    maxSeries = DEFAULT_SERIES,
    clock = systemClock,
  } = options;
  const { host, facade: own } = options as { host?: OrchestrationHost; facade?: OrchestrationFacade };
  if (host !== undefined) check.object('host', host);
  if (host !== undefined && own !== undefined && host.facade !== own) {
    throw new MetricsOptionsError(
      'host and facade are both given, and are not of each other. Give one of them.',
    );
  }
  if (host === undefined && own === undefined) {
    throw new MetricsOptionsError('createMetrics needs a host, or a facade where there is no host.');
  }
  const facade = check.callable(
    'facade',
    (host === undefined ? own : host.facade) as OrchestrationFacade,
    'use',
  );
  if (typeof prefix !== 'string' || (prefix !== '' && !PREFIX.test(prefix))) {
    throw new MetricsOptionsError(
      `prefix must be letters, digits and underscores, no digit first, got ${shown(prefix)}.`,
    );
  }
  const maxTenants =
    typeof tenantLabel === 'boolean'
      ? tenantLabel
        ? DEFAULT_TENANTS
        : 0
      : (check.object('tenantLabel', tenantLabel).max as unknown);
  checkWhole('tenantLabel.max', maxTenants, typeof tenantLabel === 'boolean' ? 0 : 1, MAX_TENANTS);
  checkWhole('maxSeries', maxSeries, 1, MAX_SERIES);
  check.clock('clock', clock);
  if (options.breakers !== undefined) check.callable('breakers', options.breakers);
  if (options.processMetrics !== undefined) check.flag('processMetrics', options.processMetrics);
  return {
    host: options.host,
    facade,
    prefix,
    maxTenants: maxTenants as number,
    buckets: options.buckets,
    maxSeries,
    breakers: options.breakers,
    processMetrics: options.processMetrics ?? false,
    clock,
  };
}

function checkWhole(option: string, value: unknown, minimum: number, maximum: number): void {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum && value <= maximum)
    return;
  throw new MetricsOptionsError(
    `${option} must be a whole number from ${minimum} to ${maximum}, got ${shown(value)}.`,
  );
}
