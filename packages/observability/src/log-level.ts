import type { LogLevel } from '@kapelle/core';

/** Lower is more severe. */
export const SEVERITY: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };

/** An option of the logger that cannot be used. */
export class LoggerOptionsError extends TypeError {
  readonly code = 'OBSERVABILITY_LOGGER_OPTION';

  constructor(problem: string, fix: string) {
    super(`${problem} ${fix} [OBSERVABILITY_LOGGER_OPTION]`);
    this.name = 'LoggerOptionsError';
  }
}

/** @throws {@link LoggerOptionsError} for anything that is not a level. */
export function severityOf(level: LogLevel): number {
  if (Object.hasOwn(SEVERITY, level)) return SEVERITY[level];
  throw new LoggerOptionsError(
    `The log level is ${JSON.stringify(level)}.`,
    `Use one of ${Object.keys(SEVERITY).join(', ')}.`,
  );
}
