import type { LogLevel } from '@kapelle/core';
import { optionChecks, shown } from './option-checks.js';

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

/** Checks that throw {@link LoggerOptionsError}. */
export const loggerChecks = optionChecks((problem, fix) => new LoggerOptionsError(problem, fix));

/** @throws {@link LoggerOptionsError} for anything that is not a level. */
export function severityOf(level: LogLevel): number {
  if (typeof level === 'string' && Object.hasOwn(SEVERITY, level)) return SEVERITY[level];
  throw new LoggerOptionsError(
    `The log level is ${shown(level)}.`,
    `Use one of ${Object.keys(SEVERITY).join(', ')}.`,
  );
}
