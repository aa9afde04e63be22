import { shown } from '../option-checks.js';

/** An option, metric or rule of the analytics that cannot be used. */
export class AnalyticsOptionError extends TypeError {
  readonly code = 'OBSERVABILITY_ANALYTICS_OPTION';

  constructor(problem: string, fix: string) {
    super(`${problem} ${fix} [OBSERVABILITY_ANALYTICS_OPTION]`);
    this.name = 'AnalyticsOptionError';
  }
}

/** @throws {@link AnalyticsOptionError} for anything that is no finite number from `minimum` to `maximum`. */
export function checkNumber(option: string, value: number, minimum: number, maximum = Infinity): number {
  if (typeof value === 'number' && value >= minimum && value <= maximum && Number.isFinite(value))
    return value;
  throw new AnalyticsOptionError(
    `${option} is ${shown(value)}.`,
    `Give a number from ${String(minimum)}${maximum === Infinity ? '' : ` to ${String(maximum)}`}.`,
  );
}

/** @throws {@link AnalyticsOptionError} for anything that is no whole number from `minimum`. */
export function checkWhole(option: string, value: number, minimum: number): number {
  if (Number.isSafeInteger(value) && value >= minimum) return value;
  throw new AnalyticsOptionError(
    `${option} is ${shown(value)}.`,
    `Give a whole number from ${String(minimum)}.`,
  );
}
