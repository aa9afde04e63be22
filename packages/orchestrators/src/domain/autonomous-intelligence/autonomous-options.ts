import type { AnalysisPrices } from './analysis-budget.js';
import { AutonomousIntelligenceError } from './autonomous-error.js';
import { optionsProblem } from './check-options.js';
import type { Depth } from './model.js';

/** Binding key of the options of `autonomous_intelligence`, which its fallback reads too. */
export const AUTONOMOUS_INTELLIGENCE_OPTIONS: unique symbol = Symbol.for(
  'kapelle.AutonomousIntelligenceOptions',
);

/** What can be set of `autonomous_intelligence`; all of it has a default. */
export interface AutonomousIntelligenceOptions {
  /** Allows the depth `experimental`; otherwise it is done as `comprehensive`, with a warning. @default false */
  readonly experimentalDepth?: boolean;
  /** What the language model, the network and time of the computer cost. @default nothing costs anything */
  readonly prices?: Partial<AnalysisPrices>;
  /** How long the finished stages of an interrupted analysis are kept, in milliseconds. @default 24 hours */
  readonly checkpointMaxAgeMs?: number;
  /** Interrupted analyses per tenant whose stages are kept; the oldest are given up. @default 50 @maximum 1000 */
  readonly maxInterrupted?: number;
  /** How long a briefing is kept that could not be delivered, in milliseconds. @default 7 days */
  readonly undeliveredMaxAgeMs?: number;
  /** Undelivered briefings kept per tenant; the oldest are given up. @default 100 @maximum 1000 */
  readonly maxUndelivered?: number;
  /** How long a port may take for one answer, in milliseconds; a source four times as long. @default 30,000 */
  readonly portTimeoutMs?: number;
  /**
   * How long the store of state may take for one answer, in milliseconds. One that took longer is not asked again in
   * the same analysis. @default 5000
   */
  readonly stateTimeoutMs?: number;
}

/** The options with their defaults. */
export interface AutonomousIntelligenceSettings {
  readonly experimentalDepth: boolean;
  readonly prices: AnalysisPrices;
  readonly checkpointMaxAgeMs: number;
  readonly maxInterrupted: number;
  readonly undeliveredMaxAgeMs: number;
  readonly maxUndelivered: number;
  readonly portTimeoutMs: number;
  readonly stateTimeoutMs: number;
}

/** How long a port may take where nothing else is said, in milliseconds. */
export const DEFAULT_PORT_TIMEOUT_MS = 30_000;
const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * The options with their defaults, checked.
 *
 * @throws AutonomousIntelligenceError `AUTONOMOUS_OPTION_INVALID`, naming the option and its value
 */
export function autonomousSettings(
  options: AutonomousIntelligenceOptions = {},
): AutonomousIntelligenceSettings {
  const { prices = {} } = options;
  const settings = {
    experimentalDepth: options.experimentalDepth ?? false,
    prices: {
      inputUsdPerMillion: prices.inputUsdPerMillion ?? 0,
      outputUsdPerMillion: prices.outputUsdPerMillion ?? 0,
      computeUsdPerHour: prices.computeUsdPerHour ?? 0,
      usdPerModelCall: prices.usdPerModelCall ?? 0,
      transferUsdPerGigabyte: prices.transferUsdPerGigabyte ?? 0,
    },
    checkpointMaxAgeMs: options.checkpointMaxAgeMs ?? DAY_MS,
    maxInterrupted: options.maxInterrupted ?? 50,
    undeliveredMaxAgeMs: options.undeliveredMaxAgeMs ?? 7 * DAY_MS,
    maxUndelivered: options.maxUndelivered ?? 100,
    portTimeoutMs: options.portTimeoutMs ?? DEFAULT_PORT_TIMEOUT_MS,
    stateTimeoutMs: options.stateTimeoutMs ?? 5_000,
  };
  const problem = optionsProblem(settings);
  if (problem !== undefined) throw new AutonomousIntelligenceError('AUTONOMOUS_OPTION_INVALID', problem);
  return settings;
}

/** The depth that is done where this one is asked for, and what to say where that is another one. */
export function depthInUse(
  asked: Depth | undefined,
  { experimentalDepth }: Pick<AutonomousIntelligenceSettings, 'experimentalDepth'>,
): { readonly depth: Depth; readonly warnings: readonly string[] } {
  const depth = asked ?? 'standard';
  if (depth !== 'experimental' || experimentalDepth) return { depth, warnings: [] };
  return {
    depth: 'comprehensive',
    warnings: [
      'The depth "experimental" is not enabled, so it was done as "comprehensive". Set the option experimentalDepth to enable it.',
    ],
  };
}
