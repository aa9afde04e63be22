import { optionChecks } from '../option-checks.js';

/** An option of the health monitor that cannot be used. */
export class HealthOptionError extends TypeError {
  readonly code = 'OBSERVABILITY_HEALTH_OPTION';

  constructor(problem: string, fix: string) {
    super(`${problem} ${fix} [OBSERVABILITY_HEALTH_OPTION]`);
    this.name = 'HealthOptionError';
  }
}

/** Checks that throw {@link HealthOptionError}. */
export const healthChecks = optionChecks((problem, fix) => new HealthOptionError(problem, fix));
