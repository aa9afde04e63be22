import type { Clock, Logger } from '@kapelle/core';
import { BoundedStateStore } from '../../state/bounded-state-store.js';
import { StateError, type StateStore } from '../../state/index.js';
import type { AutonomousIntelligenceSettings } from './autonomous-options.js';

interface SeenRecord {
  readonly formatVersion: 1;
  /** Where the content came from besides the first place, the oldest first. */
  readonly uris: readonly string[];
}

const COLLECTION = 'autonomous_intelligence.seen_as';
/** Places that are kept of a content; of more the oldest is forgotten. */
const MAX_PLACES = 10;
/** How often a record is written anew that somebody else has changed meanwhile. */
const MAX_WRITES = 3;
/** How long a store of state is left alone that did not answer in time: no briefing is to wait for what only goes with it. */
const SILENCE_MS = 60_000;

/**
 * Under which addresses the same content came again: a briefing names the first one alone. Kept beside the briefings in the store of
 * state; what cannot be read or written there is logged, and nothing else.
 */
export class SeenAs {
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #silentUntil = -Infinity;

  constructor(
    state: StateStore,
    clock: Clock,
    { stateTimeoutMs }: Pick<AutonomousIntelligenceSettings, 'stateTimeoutMs'>,
    logger: Logger,
  ) {
    this.#state = new BoundedStateStore(state, clock, stateTimeoutMs);
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Keeps that the content came from the address, too. */
  async note(tenantId: string, contentHash: string, uri: string): Promise<void> {
    const at = { tenantId, collection: COLLECTION, key: contentHash };
    await this.#guarded(contentHash, async () => {
      for (let write = 1; ; write += 1) {
        const record = await this.#state.get(at);
        const uris = urisOf(record?.value);
        if (uris.includes(uri)) return;
        const value: SeenRecord = { formatVersion: 1, uris: [...uris, uri].slice(-MAX_PLACES) };
        try {
          await this.#state.put(at, value, { ifVersion: record?.version ?? 0 });
          return;
        } catch (thrown) {
          const isConflict = thrown instanceof StateError && thrown.code === 'STATE_CONFLICT';
          if (!isConflict || write === MAX_WRITES) throw thrown;
        }
      }
    });
  }

  /** The addresses that it came from besides the one of the briefing, the oldest first; 10 at most. */
  async others(tenantId: string, contentHash: string, uri: string): Promise<readonly string[]> {
    const found = await this.#guarded(contentHash, () =>
      this.#state.get({ tenantId, collection: COLLECTION, key: contentHash }),
    );
    return urisOf(found?.value).filter((each) => each !== uri);
  }

  async #guarded<T>(contentHash: string, work: () => Promise<T>): Promise<T | undefined> {
    if (this.#clock.monotonic() < this.#silentUntil) return undefined;
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof StateError && thrown.code === 'STATE_TIMEOUT') {
        this.#silentUntil = this.#clock.monotonic() + SILENCE_MS;
      }
      this.#logger.warn('content_places_unknown', { contentHash, error: String(thrown) });
      return undefined;
    }
  }
}

/** Nothing of a record that cannot be read: it is only what is told beside a briefing. */
function urisOf(value: unknown): readonly string[] {
  const { formatVersion, uris } = (value ?? {}) as Partial<SeenRecord>;
  return formatVersion === 1 && Array.isArray(uris)
    ? uris.filter((each: unknown) => typeof each === 'string')
    : [];
}
