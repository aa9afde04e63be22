/** An analysis was asked for with an option outside its bounds. */
export class AnalysisOptionError extends RangeError {
  /** Stable across releases, for callers that branch on it. */
  readonly code = 'ANALYSIS_OPTION_INVALID';

  constructor(option: string, value: unknown, minimum: number) {
    super(
      `Option "${option}" must be an integer >= ${minimum}, got ${String(value)}. ` +
        `Pass a whole number of at least ${minimum}, or leave it out for the default.`,
    );
    this.name = 'AnalysisOptionError';
  }
}

/**
 * The value of a counting option, or its default.
 *
 * @throws {@link AnalysisOptionError} when the value is not an integer of at least `minimum`.
 */
export function countOption(
  option: string,
  value: number | undefined,
  fallback: number,
  minimum = 1,
): number {
  if (value === undefined) return fallback;
  if (!Number.isInteger(value) || value < minimum) throw new AnalysisOptionError(option, value, minimum);
  return value;
}
