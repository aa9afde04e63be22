import {
  type ComponentChange,
  type ComponentState,
  ComponentTrack,
  type RestTimes,
  type TrackRecord,
} from './component-track.js';
import type { ComponentView } from './learning/learner.js';

export interface BookLimits extends RestTimes {
  readonly maxComponents: number;
}

const UNKNOWN_HEALTH = 0.5;

/** The components of one type of one tenant; the one without a signal for longest is forgotten when there are too many. */
export class ComponentBook implements ComponentView {
  readonly #limits: BookLimits;
  readonly #now: () => number;
  readonly #onForgotten: (componentId: string) => void;
  readonly #tracks = new Map<string, ComponentTrack>();
  /** Counts signals: a component's is that of its last one. */
  #turn = 0;

  constructor(
    limits: BookLimits,
    now: () => number,
    onForgotten: (componentId: string) => void,
    records: Readonly<Record<string, TrackRecord>> = {},
  ) {
    this.#limits = limits;
    this.#now = now;
    this.#onForgotten = onForgotten;
    for (const [id, record] of Object.entries(records)) {
      this.#turn += 1;
      this.#tracks.set(id, new ComponentTrack(record, this.#turn));
    }
  }

  stateOf(componentId: string): ComponentState {
    return this.#tracks.get(componentId)?.stateAt(this.#now()) ?? 'enabled';
  }

  healthOf(componentId: string): number {
    return this.#tracks.get(componentId)?.summary.health ?? UNKNOWN_HEALTH;
  }

  ids(): readonly string[] {
    return [...this.#tracks.keys()];
  }

  entries(): Iterable<[string, ComponentTrack]> {
    return this.#tracks;
  }

  learn(componentId: string, reward: number, now: number): ComponentChange | undefined {
    let track = this.#tracks.get(componentId);
    this.#turn += 1;
    if (track === undefined) {
      track = new ComponentTrack();
      this.#tracks.set(componentId, track);
      if (this.#tracks.size > this.#limits.maxComponents) this.#forgetOne(componentId, now);
    }
    track.turn = this.#turn;
    return track.learn(reward, now, this.#limits);
  }

  /** The one without a signal for longest first, but for names that are whole numbers. */
  toRecord(): Record<string, TrackRecord> {
    const tracks = [...this.#tracks].sort(([, a], [, b]) => a.turn - b.turn);
    return Object.fromEntries(tracks.map(([id, track]) => [id, track.toRecord()]));
  }

  /** A disabled one goes last: forgotten, it would be as good as new. */
  #forgetOne(but: string, now: number): void {
    let chosen: string | undefined;
    let best = Infinity;
    for (const [id, track] of this.#tracks) {
      if (id === but) continue;
      const rank = track.stateAt(now) === 'enabled' ? track.turn : track.turn + this.#turn;
      if (rank >= best) continue;
      chosen = id;
      best = rank;
    }
    if (chosen === undefined) return;
    this.#tracks.delete(chosen);
    this.#onForgotten(chosen);
  }
}
