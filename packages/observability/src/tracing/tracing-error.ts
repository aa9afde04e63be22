import { optionChecks } from '../option-checks.js';

/** An option of the tracing that cannot be used. */
export class TracingOptionError extends TypeError {
  readonly code = 'OBSERVABILITY_TRACING_OPTION';

  constructor(problem: string, fix: string) {
    super(`${problem} ${fix} [OBSERVABILITY_TRACING_OPTION]`);
    this.name = 'TracingOptionError';
  }
}

/** Checks that throw {@link TracingOptionError}. */
export const tracingChecks = optionChecks((problem, fix) => new TracingOptionError(problem, fix));
