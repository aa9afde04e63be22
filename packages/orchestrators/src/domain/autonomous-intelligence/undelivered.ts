import type { Clock, Logger } from '@kapelle/core';
import type { StateStore } from '../../state/index.js';
import { AutonomousIntelligenceError } from './autonomous-error.js';
import type { AutonomousIntelligenceSettings } from './autonomous-options.js';
import type { Briefing } from './model.js';
import { BRIEFING_SHAPE } from './stage-shapes.js';
import { withinLimit } from './within-limit.js';

interface UndeliveredRecord {
  readonly formatVersion: 1;
  /** Why it could not be delivered. */
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly keptAt: number;
  readonly expiresAt: number;
  readonly briefing: Briefing;
}

/** How long a store of state is left alone that did not answer in time, unless a briefing would be lost. */
const SILENCE_MS = 60_000;
const COLLECTION = 'autonomous_intelligence.undelivered';
type UndeliveredSettings = Pick<
  AutonomousIntelligenceSettings,
  'undeliveredMaxAgeMs' | 'maxUndelivered' | 'stateTimeoutMs'
>;

/**
 * Briefings that could not be delivered, because the store was down or nobody waited any more. They are found by their
 * id until they expire.
 */
export class Undelivered {
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #settings: UndeliveredSettings;
  readonly #logger: Logger;
  #silentUntil = -Infinity;

  constructor(state: StateStore, clock: Clock, settings: UndeliveredSettings, logger: Logger) {
    this.#state = state;
    this.#clock = clock;
    this.#settings = settings;
    this.#logger = logger;
  }

  /** Whether it is kept now. */
  async keep(tenantId: string, briefing: Briefing, reason: string): Promise<boolean> {
    const kept = await this.#guarded(
      'undelivered_briefing_lost',
      briefing.id,
      async () => {
        const keptAt = this.#clock.now();
        await this.#prune(tenantId, keptAt);
        const expiresAt = keptAt + this.#settings.undeliveredMaxAgeMs;
        const value: UndeliveredRecord = { formatVersion: 1, reason, keptAt, expiresAt, briefing };
        await this.#state.put({ tenantId, collection: COLLECTION, key: briefing.id }, value);
        return true;
      },
      { isUrgent: true },
    );
    return kept ?? false;
  }

  /** Nothing where there is none, it has expired, or the store of state does not answer. */
  async find(tenantId: string, id: string): Promise<Briefing | undefined> {
    return this.#guarded('undelivered_briefing_unreadable', id, async () => {
      const at = { tenantId, collection: COLLECTION, key: id };
      const found = (await this.#state.get<Partial<UndeliveredRecord> | null>(at))?.value;
      if (found?.formatVersion !== 1 || BRIEFING_SHAPE(found.briefing, 'briefing') !== undefined)
        return undefined;
      if ((found.expiresAt ?? 0) > this.#clock.now()) return found.briefing;
      await this.#state.delete(at);
      return undefined;
    });
  }

  /** Forgets one, now that it is where it belongs. */
  async forget(tenantId: string, id: string): Promise<void> {
    await this.#guarded('undelivered_briefing_unreadable', id, () =>
      this.#state.delete({ tenantId, collection: COLLECTION, key: id }),
    );
  }

  /** What the store of state gives; nothing, and a line in the log, where it does not. */
  async #guarded<T>(
    event: string,
    id: string,
    work: () => Promise<T>,
    { isUrgent = false } = {},
  ): Promise<T | undefined> {
    if (!isUrgent && this.#clock.monotonic() < this.#silentUntil) return undefined;
    try {
      const { stateTimeoutMs: timeoutMs } = this.#settings;
      return await withinLimit(work, {
        ...{ clock: this.#clock, timeoutMs, option: 'stateTimeoutMs', what: 'store of state' },
      });
    } catch (thrown) {
      if (thrown instanceof AutonomousIntelligenceError)
        this.#silentUntil = this.#clock.monotonic() + SILENCE_MS;
      this.#logger.warn(event, { id, error: thrown instanceof Error ? thrown.message : String(thrown) });
      return undefined;
    }
  }

  /** Removes what has expired, and the oldest where one more would be too many. */
  async #prune(tenantId: string, now: number): Promise<void> {
    const most = this.#settings.maxUndelivered - 1;
    const kept = await this.#state.list<Partial<UndeliveredRecord> | null>(
      { tenantId, collection: COLLECTION },
      { limit: this.#settings.maxUndelivered + 100 },
    );
    const byAge = kept
      .map(({ key, value }) => ({ key, keptAt: value?.keptAt ?? 0, expiresAt: value?.expiresAt ?? 0 }))
      .sort((a, b) => b.keptAt - a.keptAt);
    for (const [at, { key, expiresAt }] of byAge.entries()) {
      if (at >= most || expiresAt <= now) await this.#state.delete({ tenantId, collection: COLLECTION, key });
    }
  }
}
