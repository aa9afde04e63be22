/** An option of the health monitor that cannot be used. */
export class HealthOptionError extends TypeError {
  readonly code = 'OBSERVABILITY_HEALTH_OPTION';

  constructor(problem: string, fix: string) {
    super(`${problem} ${fix} [OBSERVABILITY_HEALTH_OPTION]`);
    this.name = 'HealthOptionError';
  }
}

/** @throws {@link HealthOptionError} for anything that is no number from `minimum` to `maximum`. */
export function checkHealthNumber(option: string, value: number, minimum: number, maximum: number): number {
  if (typeof value === 'number' && value >= minimum && value <= maximum) return value;
  throw new HealthOptionError(
    `${option} is ${String(value)}.`,
    `Give a number from ${String(minimum)} to ${String(maximum)}.`,
  );
}
