import { type RewardSummary, RewardWindow, WINDOW_SIZE } from './reward-window.js';

/** Health below it, with more than {@link ENOUGH_SAMPLES} rewards, disables a component. */
export const DISABLE_BELOW = 0.3;
/** Health that a probation has to exceed; between the two a component stays what it is. */
export const ENABLE_ABOVE = 0.5;
/** Rewards after which health may disable. */
export const ENOUGH_SAMPLES = 10;
/** Rewards that a probation takes: as many as it takes to disable. */
export const PROBATION_SAMPLES = ENOUGH_SAMPLES + 1;
/** Weight of the newest reward in the exponential average. */
const NEWEST = 0.1;

/** Whether a component takes signals and is recommended. */
export type ComponentState =
  /** Takes signals and is recommended. */
  | 'enabled'
  /** Rests: signals are skipped, it is not recommended. */
  | 'disabled'
  /** Has rested: signals are its probes, and recommendations try it now and then. */
  | 'probation';

/** What a component turned into, and why. */
export interface ComponentChange {
  readonly to: ComponentState;
  readonly health: number;
}

export interface RestTimes {
  readonly probeAfterMs: number;
  readonly maxProbeAfterMs: number;
}

/** As it is stored. */
export interface TrackRecord {
  readonly state: ComponentState;
  readonly rewards: readonly number[];
  readonly probes: readonly number[];
  readonly average: number;
  readonly samples: number;
  readonly disabledAt: number;
  readonly probeAt: number;
  readonly rests: number;
}

/**
 * How one component has done, and whether it may go on.
 *
 * enabled → (health < 0.3 with more than 10 rewards) → disabled → (its rest is over) → probation → (11 new rewards)
 * → enabled with their health above 0.5, else disabled for twice as long. What it did before is not held against it
 * then: the probes become its window.
 */
export class ComponentTrack {
  #window: RewardWindow;
  #probes: RewardWindow;
  #state: ComponentState;
  #average: number;
  #samples: number;
  #disabledAt: number;
  #probeAt: number;
  #rests: number;
  #summary: RewardSummary | undefined;
  /** When its last signal came, as the book counts. */
  turn: number;

  constructor(record?: TrackRecord, turn = 0) {
    this.turn = turn;
    this.#window = new RewardWindow(record?.rewards);
    this.#probes = new RewardWindow(record?.probes);
    this.#state = record?.state ?? 'enabled';
    this.#average = record?.average ?? 0;
    this.#samples = record?.samples ?? 0;
    this.#disabledAt = record?.disabledAt ?? 0;
    this.#probeAt = record?.probeAt ?? 0;
    this.#rests = record?.rests ?? 0;
  }

  /** Exponential average of all rewards, 0.9 of the old and 0.1 of the new; the first counts whole. */
  get average(): number {
    return this.#average;
  }

  /** Rewards learnt since the first. */
  get samples(): number {
    return this.#samples;
  }

  /** Epoch milliseconds since when it is disabled or on probation. */
  get disabledAt(): number | undefined {
    return this.#state === 'enabled' ? undefined : this.#disabledAt;
  }

  /** Epoch milliseconds when its rest is over. */
  get probeAt(): number | undefined {
    return this.#state === 'enabled' ? undefined : this.#probeAt;
  }

  /** Of the last 100 rewards; kept until another comes. */
  get summary(): RewardSummary {
    return (this.#summary ??= this.#window.summary());
  }

  /** Where its rest is over, its probation begins. */
  stateAt(now: number): ComponentState {
    if (this.#state === 'disabled' && now >= this.#probeAt) this.#state = 'probation';
    return this.#state;
  }

  /** A reward; what it changes. One that was given before the component was disabled changes only its average. */
  learn(reward: number, now: number, rest: RestTimes): ComponentChange | undefined {
    this.#average = this.#samples === 0 ? reward : (1 - NEWEST) * this.#average + NEWEST * reward;
    this.#samples += 1;
    switch (this.stateAt(now)) {
      case 'enabled':
        this.#window.add(reward);
        this.#summary = undefined;
        return this.#judge(now, rest);
      case 'probation':
        this.#probes.add(reward);
        return this.#probes.size < PROBATION_SAMPLES ? undefined : this.#judgeProbes(now, rest);
      case 'disabled':
        return undefined;
    }
  }

  toRecord(): TrackRecord {
    return {
      state: this.#state,
      rewards: this.#window.toJSON(),
      probes: this.#probes.toJSON(),
      average: this.#average,
      samples: this.#samples,
      disabledAt: this.#disabledAt,
      probeAt: this.#probeAt,
      rests: this.#rests,
    };
  }

  #judge(now: number, rest: RestTimes): ComponentChange | undefined {
    if (this.#window.size <= ENOUGH_SAMPLES) return undefined;
    const { health } = this.summary;
    if (health < DISABLE_BELOW) return this.#disable(now, rest, health);
    // It has been well for a whole window: the rests of long ago make the next one no longer.
    if (this.#window.size === WINDOW_SIZE && health > ENABLE_ABOVE) this.#rests = 0;
    return undefined;
  }

  #judgeProbes(now: number, rest: RestTimes): ComponentChange {
    const { health } = this.#probes.summary();
    if (health <= ENABLE_ABOVE) return this.#disable(now, rest, health);
    this.#window = this.#probes;
    this.#probes = new RewardWindow();
    this.#summary = undefined;
    this.#state = 'enabled';
    return { to: 'enabled', health };
  }

  #disable(now: number, rest: RestTimes, health: number): ComponentChange {
    const restMs = Math.min(rest.maxProbeAfterMs, rest.probeAfterMs * 2 ** Math.min(this.#rests, 30));
    this.#rests += 1;
    this.#state = 'disabled';
    this.#disabledAt = now;
    this.#probeAt = now + restMs;
    this.#probes = new RewardWindow();
    return { to: 'disabled', health };
  }
}
