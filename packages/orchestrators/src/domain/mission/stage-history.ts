import type { StateStore } from '../../state/index.js';

const COLLECTION = 'mission.stages';
/** Measurements kept of a stage at a depth, the newest. */
const MAX_SAMPLES = 20;

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

  constructor(state: StateStore) {
    this.#state = state;
  }

  async timings(tenantId: string, depth: string): Promise<ReadonlyMap<string, StageTiming>> {
    const { stages } = await this.#read(tenantId, depth);
    return new Map(
      Object.entries(stages)
        .filter(([, samples]) => samples.length > 0)
        .map(([stage, samples]) => [stage, timingOf(samples)]),
    );
  }

  /** Adds how long stages took that were completed. */
  async add(tenantId: string, depth: string, durations: ReadonlyMap<string, number>): Promise<void> {
    if (durations.size === 0) return;
    const record = await this.#read(tenantId, depth);
    for (const [stage, ms] of durations) {
      record.stages[stage] = [...(record.stages[stage] ?? []), ms].slice(-MAX_SAMPLES);
    }
    await this.#state.put({ tenantId, collection: COLLECTION, key: depth }, record);
  }

  /** A record of another format is begun anew: it is only measurements. */
  async #read(tenantId: string, depth: string): Promise<HistoryRecord> {
    const record = await this.#state.get<Partial<HistoryRecord>>({
      tenantId,
      collection: COLLECTION,
      key: depth,
    });
    const stages = record?.value.formatVersion === 1 ? record.value.stages : undefined;
    return { formatVersion: 1, stages: stages ?? {} };
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
