import { KeyQueue } from '../../state/key-queue.js';
import { StateError, type StateStore } from '../../state/index.js';

const COLLECTION = 'mission.stages';
/** Measurements kept of a stage at a depth, the newest. */
const MAX_SAMPLES = 20;
const MAX_CONFLICTS = 20;

/** How long a stage has taken before, in ms. */
export interface StageTiming {
  readonly samples: number;
  readonly medianMs: number;
  readonly shortestMs: number;
  readonly longestMs: number;
}

interface HistoryRecord {
  readonly formatVersion: 1;
  /** Milliseconds by stage, the newest last. */
  readonly stages: Record<string, number[]>;
}

/** What was measured of the stages of a tenant's missions, by depth. Survives restarts. */
export class StageHistory {
  readonly #state: StateStore;
  readonly #queue = new KeyQueue();

  constructor(state: StateStore) {
    this.#state = state;
  }

  async timings(tenantId: string, depth: string): Promise<ReadonlyMap<string, StageTiming>> {
    const { stages } = (await this.#read(tenantId, depth)).record;
    return new Map(
      Object.entries(stages)
        .filter(([, samples]) => samples.length > 0)
        .map(([stage, samples]) => [stage, timingOf(samples)]),
    );
  }

  /** Adds how long stages took that were completed. */
  async add(tenantId: string, depth: string, durations: ReadonlyMap<string, number>): Promise<void> {
    if (durations.size === 0) return;
    await this.#queue.run(`${depth}\n${tenantId}`, () => this.#add(tenantId, depth, durations));
  }

  async #add(tenantId: string, depth: string, durations: ReadonlyMap<string, number>): Promise<void> {
    for (let conflicts = 0; ; conflicts += 1) {
      const { record, version } = await this.#read(tenantId, depth);
      for (const [stage, ms] of durations) {
        record.stages[stage] = [...(record.stages[stage] ?? []), ms].slice(-MAX_SAMPLES);
      }
      try {
        await this.#state.put({ tenantId, collection: COLLECTION, key: depth }, record, {
          ifVersion: version,
        });
        return;
      } catch (thrown) {
        const isConflict = thrown instanceof StateError && thrown.code === 'STATE_CONFLICT';
        if (!isConflict || conflicts >= MAX_CONFLICTS) throw thrown;
      }
    }
  }

  /** What is of another format, or no measurement, is begun anew: nothing else is lost with it. */
  async #read(
    tenantId: string,
    depth: string,
  ): Promise<{ readonly record: HistoryRecord; readonly version: number }> {
    const found = await this.#state.get<Partial<HistoryRecord> | null>({
      tenantId,
      collection: COLLECTION,
      key: depth,
    });
    const stages = found?.value?.formatVersion === 1 ? Object.entries(found.value.stages ?? {}) : [];
    const readable = stages.filter(
      ([, samples]) => Array.isArray(samples) && samples.every((ms) => Number.isFinite(ms)),
    );
    return {
      record: { formatVersion: 1, stages: Object.fromEntries(readable) },
      version: found?.version ?? 0,
    };
  }
}

export function timingOf(samples: readonly number[]): StageTiming {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return {
    samples: sorted.length,
    medianMs: sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2,
    shortestMs: sorted[0] ?? 0,
    longestMs: sorted.at(-1) ?? 0,
  };
}
