import { MissionError } from './mission-error.js';

/** Binding key of the options of `mission`. */
export const MISSION_OPTIONS = Symbol.for('kapelle.mission.options');

/** What can be set of `mission`; all of it has a default. */
export interface MissionOptions {
  /** Whether the depth `experimental` may be asked for; otherwise it is done as `comprehensive`. @default false */
  readonly allowExperimental?: boolean;
  /** How long a probe may take to answer. @default 5,000 @minimum 1 @maximum 60,000 */
  readonly probeTimeoutMs?: number;
  /** Missions kept per tenant; the oldest that is over, or was never run, is forgotten first. @default 200 @minimum 1 @maximum 1,000 */
  readonly maxMissions?: number;
}

export type MissionSettings = Readonly<Required<MissionOptions>>;

/** @throws MissionError `MISSION_OPTION_INVALID` */
export function missionSettings(options: MissionOptions): MissionSettings {
  const { allowExperimental = false, probeTimeoutMs = 5_000, maxMissions = 200 } = options;
  checkNumber('probeTimeoutMs', probeTimeoutMs, 60_000);
  checkNumber('maxMissions', maxMissions, 1_000);
  if (typeof allowExperimental !== 'boolean') {
    throw new MissionError(
      'MISSION_OPTION_INVALID',
      `allowExperimental is ${String(allowExperimental)}, it must be true or false. Correct the options of mission.`,
    );
  }
  return { allowExperimental, probeTimeoutMs, maxMissions };
}

function checkNumber(name: string, value: number, greatest: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= greatest) return;
  throw new MissionError(
    'MISSION_OPTION_INVALID',
    `${name} is ${String(value)}, it must be a whole number from 1 to ${greatest}. Correct the options of mission.`,
  );
}
