import type { Clock, Logger } from '@kapelle/core';
import type { StateKey, StateStore } from '../../state/index.js';
import type { Depth } from '../autonomous-intelligence/model.js';
import { AutonomyError } from './autonomy-error.js';
import type { EnhancedAutonomousSettings } from './autonomy-options.js';
import { AUTONOMY_PATHS, type AutonomyPath } from './autonomy-path.js';
import { type PathRun, type PathStatistics, RUN_OUTCOMES, statisticsOf } from './path-statistics.js';
import { withinTime } from './within-time.js';

const COLLECTION = 'enhanced_autonomous.paths';
const FORMAT_VERSION = 1;
/** Of a change that another process made at the same time. */
const MAX_CONFLICTS = 5;
/** Runs that wait to be kept; more than that are only told to the log. */
const MAX_WAITING = 100;

interface PathHistoryRecord {
  readonly formatVersion: 1;
  readonly runs: Readonly<Record<AutonomyPath, readonly PathRun[]>>;
}

/** What is known of both paths at a depth. */
export type PathFigures = Readonly<Record<AutonomyPath, PathStatistics>>;

export interface PathHistoryDeps {
  readonly state: StateStore;
  readonly settings: Pick<EnhancedAutonomousSettings, 'historySize' | 'historyMaxAgeMs' | 'probeTimeoutMs'>;
  readonly clock: Clock;
  readonly logger: () => Logger;
}

/** The last runs of both paths, per tenant and depth, in the store of state. */
export class PathHistory {
  readonly #deps: PathHistoryDeps;
  /** One change after the other, each after what was decided before it. */
  #writing: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** Never fires: what is kept is kept, whoever is gone. */
  readonly #ended = new AbortController().signal;

  constructor(deps: PathHistoryDeps) {
    this.#deps = deps;
  }

  /** Keeps a run, soon; a store that does not take it is told to the log, and to nobody else. */
  record(
    tenantId: string,
    depth: Depth,
    { path, run }: { readonly path: AutonomyPath; readonly run: PathRun },
  ): void {
    const lost = (thrown: unknown): void => {
      const error = thrown instanceof Error ? thrown.message : String(thrown);
      this.#deps.logger().warn('path_history_not_kept', { depth, path, error });
    };
    if (this.#waiting >= MAX_WAITING) {
      lost(new Error(`${MAX_WAITING} runs wait for the store of state already.`));
      return;
    }
    this.#waiting += 1;
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#inTime(() => this.#add({ tenantId, collection: COLLECTION, key: depth }, path, run));
      } catch (thrown) {
        lost(thrown);
      } finally {
        this.#waiting -= 1;
      }
    });
  }

  /** When all runs up to now are kept. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  /**
   * The figures of both paths at a depth.
   *
   * @throws AutonomyError `AUTONOMY_HISTORY_UNREADABLE`; TimeIsUp after `probeTimeoutMs`; what the store rejects with
   */
  async figures(tenantId: string, depth: Depth): Promise<PathFigures> {
    const record = await this.#inTime(async () => {
      await this.#writing;
      return this.#read({ tenantId, collection: COLLECTION, key: depth });
    });
    return {
      autonomous_intelligence: statisticsOf(record.runs.autonomous_intelligence),
      fallback_autonomous: statisticsOf(record.runs.fallback_autonomous),
    };
  }

  #inTime<T>(work: () => Promise<T>): Promise<T> {
    const { clock, settings } = this.#deps;
    return withinTime(work, { clock, timeoutMs: settings.probeTimeoutMs, ended: this.#ended });
  }

  async #add(at: StateKey, path: AutonomyPath, run: PathRun): Promise<void> {
    const { state, settings } = this.#deps;
    for (let attempt = 1; ; attempt += 1) {
      const { runs, version } = await this.#read(at);
      const kept = [...runs[path], run].slice(-settings.historySize);
      const record: PathHistoryRecord = { formatVersion: FORMAT_VERSION, runs: { ...runs, [path]: kept } };
      try {
        await state.put(at, record, { ifVersion: version });
        return;
      } catch (thrown) {
        const isConflict = (thrown as { readonly code?: unknown } | null)?.code === 'STATE_CONFLICT';
        if (!isConflict || attempt >= MAX_CONFLICTS) throw thrown;
      }
    }
  }

  async #read(at: StateKey): Promise<Pick<PathHistoryRecord, 'runs'> & { readonly version: number }> {
    const { state, settings, clock } = this.#deps;
    const found = await state.get(at);
    if (found === undefined)
      return { runs: { autonomous_intelligence: [], fallback_autonomous: [] }, version: 0 };
    const runs = runsIn(found.value);
    if (runs === undefined) {
      throw new AutonomyError(
        'AUTONOMY_HISTORY_UNREADABLE',
        `The history of the paths at the depth "${at.key}" was not written by this version. Use the version that wrote it, or delete the record "${at.key}" of "${COLLECTION}".`,
      );
    }
    const since = clock.now() - settings.historyMaxAgeMs;
    const recent = (path: AutonomyPath): readonly PathRun[] =>
      runs[path].filter((run) => run.at > since).slice(-settings.historySize);
    return {
      runs: {
        autonomous_intelligence: recent('autonomous_intelligence'),
        fallback_autonomous: recent('fallback_autonomous'),
      },
      version: found.version,
    };
  }
}

function runsIn(value: unknown): PathHistoryRecord['runs'] | undefined {
  const { formatVersion, runs } = (value ?? {}) as Partial<PathHistoryRecord>;
  if (formatVersion !== FORMAT_VERSION || typeof runs !== 'object' || runs === null) return undefined;
  const isWhole = AUTONOMY_PATHS.every((path) => Array.isArray(runs[path]) && runs[path].every(isRun));
  return isWhole ? runs : undefined;
}

function isRun(value: unknown): boolean {
  const { at, ms, outcome } = (value ?? {}) as Partial<PathRun>;
  return (
    Number.isFinite(at) && typeof ms === 'number' && ms >= 0 && RUN_OUTCOMES.some((each) => each === outcome)
  );
}
