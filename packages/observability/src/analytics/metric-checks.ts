import { optionChecks } from '../option-checks.js';
import { AnalyticsOptionError } from './analytics-error.js';

/** Checks that throw {@link AnalyticsOptionError}. */
export const metricChecks = optionChecks((problem, fix) => new AnalyticsOptionError(problem, fix));
