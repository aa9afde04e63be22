import type { AutonomousIntelligenceSettings } from './autonomous-options.js';

const YEAR_MS = 366 * 24 * 60 * 60 * 1_000;
const HOUR_MS = 60 * 60 * 1_000;
const MAX_KEPT = 1_000;

/** What is wrong with options, if anything is. */
export function optionsProblem(settings: AutonomousIntelligenceSettings): string | undefined {
  const { experimentalDepth, prices } = settings;
  if (typeof experimentalDepth !== 'boolean') {
    return `experimentalDepth is ${String(experimentalDepth)}, it must be true or false.`;
  }
  const numbers: readonly (readonly [string, number, number, number])[] = [
    ['prices.inputUsdPerMillion', prices.inputUsdPerMillion, 0, 1e6],
    ['prices.outputUsdPerMillion', prices.outputUsdPerMillion, 0, 1e6],
    ['prices.computeUsdPerHour', prices.computeUsdPerHour, 0, 1e6],
    ['prices.usdPerModelCall', prices.usdPerModelCall, 0, 1e6],
    ['prices.transferUsdPerGigabyte', prices.transferUsdPerGigabyte, 0, 1e6],
    ['portTimeoutMs', settings.portTimeoutMs, 1, HOUR_MS],
    ['stateTimeoutMs', settings.stateTimeoutMs, 1, HOUR_MS],
    ['checkpointMaxAgeMs', settings.checkpointMaxAgeMs, 1, YEAR_MS],
    ['undeliveredMaxAgeMs', settings.undeliveredMaxAgeMs, 1, YEAR_MS],
  ];
  for (const [name, value, min, max] of numbers) {
    if (typeof value !== 'number' || !(value >= min && value <= max))
      return outOfRange(name, value, min, max);
  }
  for (const name of ['maxInterrupted', 'maxUndelivered'] as const) {
    const value = settings[name];
    if (!Number.isSafeInteger(value) || value < 1 || value > MAX_KEPT) {
      return outOfRange(name, value, 1, MAX_KEPT);
    }
  }
  return undefined;
}

function outOfRange(name: string, value: unknown, min: number, max: number): string {
  return `${name} is ${String(value)}. Give a number from ${String(min)} to ${String(max)}.`;
}
