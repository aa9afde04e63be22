import { kindOf, type JsonValue } from '../json-data.js';
import { flowInvalid } from './flow-definition.js';

/** Chooses among the alternatives of one adaptive flow and learns from how they did. */
export interface AdaptivePolicy {
  /**
   * The alternative to try, one of `arms`. Must not learn, and must not draw randomness from elsewhere.
   *
   * @param arms positions of the alternatives that can be tried, at least one
   * @param random from 0 to 1, 1 excluded
   */
  choose(arms: readonly number[], random: () => number): number;
  /** Takes in how alternative `arm` did: `reward` is from 0 to 1, 1 the best. */
  learn(arm: number, reward: number): void;
  /** All that was learned. */
  snapshot(): JsonValue;
  /** Replaces all that was learned. @throws OrchestrationError `FLOW_INVALID` for what is no snapshot */
  restore(snapshot: unknown): void;
}

/** Makes the policy of one flow, which has the alternatives of these names. */
export type AdaptivePolicyFactory = (alternatives: readonly string[]) => AdaptivePolicy;

/** How one alternative did so far. */
export interface ArmRecord {
  /** Rewards learned. */
  readonly plays: number;
  /** Their sum. */
  readonly rewardSum: number;
}

/** @internal Plays and rewards by alternative; its size depends on the number of alternatives alone. */
export class ArmStatistics {
  readonly #names: readonly string[];
  #records: ArmRecord[];

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#records = names.map(() => UNPLAYED);
  }

  /** Rewards learned, of all alternatives. */
  get plays(): number {
    return this.#records.reduce((sum, record) => sum + record.plays, 0);
  }

  of(arm: number): ArmRecord {
    return this.#records[arm] ?? UNPLAYED;
  }

  /** 0 where nothing was learned yet. */
  mean(arm: number): number {
    const { plays, rewardSum } = this.of(arm);
    return plays === 0 ? 0 : rewardSum / plays;
  }

  learn(arm: number, reward: number): void {
    const { plays, rewardSum } = this.of(arm);
    this.#records[arm] = { plays: plays + 1, rewardSum: rewardSum + reward };
  }

  snapshot(): JsonValue {
    return { arms: Object.fromEntries(this.#names.map((name, arm) => [name, { ...this.of(arm) }])) };
  }

  /** Alternatives that the snapshot does not know start anew; those that are gone are forgotten. */
  restore(snapshot: unknown): void {
    const arms = field(snapshot, 'arms');
    if (typeof arms !== 'object' || arms === null) {
      throw notASnapshot(`its "arms" is ${kindOf(arms)}, not an object`);
    }
    this.#records = this.#names.map((name) => (Object.hasOwn(arms, name) ? recordIn(arms, name) : UNPLAYED));
  }
}

const UNPLAYED: ArmRecord = Object.freeze({ plays: 0, rewardSum: 0 });

function recordIn(arms: object, name: string): ArmRecord {
  const found = field(arms, name);
  const plays = field(found, 'plays');
  const rewardSum = field(found, 'rewardSum');
  if (typeof plays !== 'number' || !Number.isSafeInteger(plays) || plays < 0) {
    throw notASnapshot(`the plays of "${name}" must be an integer >= 0, got ${shown(plays)}`);
  }
  if (typeof rewardSum !== 'number' || !(rewardSum >= 0 && rewardSum <= plays)) {
    throw notASnapshot(
      `the rewardSum of "${name}" must be from 0 to its ${plays} plays, got ${shown(rewardSum)}`,
    );
  }
  return { plays, rewardSum };
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : kindOf(value);
}

function notASnapshot(why: string) {
  return flowInvalid(`This is no snapshot of an adaptive flow: ${why}.`, 'Pass what snapshot() returned.');
}

/** @internal The arm with the highest score; among equals the first. */
export function best(arms: readonly number[], score: (arm: number) => number): number {
  let chosen = arms[0] as number;
  let highest = -Infinity;
  for (const arm of arms) {
    const value = score(arm);
    if (value > highest) {
      chosen = arm;
      highest = value;
    }
  }
  return chosen;
}
