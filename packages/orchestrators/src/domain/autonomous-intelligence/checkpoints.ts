import type { Clock, Logger } from '@kapelle/core';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { StateStore } from '../../state/index.js';
import type { AnalysisCost } from './analysis-budget.js';
import { AutonomousIntelligenceError } from './autonomous-error.js';
import type { AutonomousIntelligenceSettings } from './autonomous-options.js';
import { COST_SHAPE } from './finished-work.js';
import type { Depth } from './model.js';
import { withinLimit } from './within-limit.js';

/** What a finished stage made, as it is kept. */
export interface Checkpoint {
  /** JSON-like. */
  readonly value: unknown;
  readonly ms: number;
  readonly cost: AnalysisCost;
}

interface CheckpointRecord {
  readonly formatVersion: 1;
  readonly ms: number;
  readonly cost: AnalysisCost;
  /** The value as JSON, compressed, in base64. */
  readonly gzip: string;
}

interface ScopeRecord {
  readonly formatVersion: 1;
  /** Epoch milliseconds. */
  readonly begunAt: number;
}

type CheckpointSettings = Pick<
  AutonomousIntelligenceSettings,
  'checkpointMaxAgeMs' | 'maxInterrupted' | 'stateTimeoutMs'
>;

const FORMAT_VERSION = 1;
const SCOPES = 'autonomous_intelligence.interrupted';
const STAGES = 'autonomous_intelligence.checkpoints';
/** How long a store of state is left alone that did not answer in time. */
const SILENCE_MS = 60_000;
/** More than that many stages has no analysis. */
const MAX_STAGES = 100;
const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** The stages of content at a depth, whoever asks for it. */
export function contentScope(contentHash: string, depth: Depth): string {
  return `content/${contentHash}/${depth}`;
}

/** What belongs to one call, by the id it was given and what it is about: an id used twice must not mix two contents. */
export function callScope(analysisId: string, uri: string): string {
  const id = JSON.stringify([analysisId, uri]);
  return `call/${createHash('sha256').update(id).digest('hex')}`;
}

/**
 * Finished stages of analyses that are not over, in the store of state. Kept until the briefing is delivered, for a
 * limited time, and for a limited number of analyses. That one cannot be kept or read is logged and costs no more than
 * doing the stage again.
 */
export class Checkpoints {
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #settings: CheckpointSettings;
  readonly #logger: Logger;
  /** A store that hangs would else cost each stage the whole time limit. */
  #silentUntil = -Infinity;

  constructor(state: StateStore, clock: Clock, settings: CheckpointSettings, logger: Logger) {
    this.#state = state;
    this.#clock = clock;
    this.#settings = settings;
    this.#logger = logger;
  }

  /** What is kept of a scope; it is begun by the first stage that is kept. `anew` forgets what is there. */
  async open(tenantId: string, scope: string, { anew = false } = {}): Promise<StageCheckpoints> {
    const found = await this.#guarded('open', () => this.#look(tenantId, scope));
    if (found === 'usable' && !anew) return this.#scope(tenantId, scope, true);
    let begun: Promise<unknown> | undefined;
    return this.#scope(tenantId, scope, false, () => {
      begun ??= this.#guarded('begin', async () => {
        if (found !== 'none') await this.#clear(tenantId, scope);
        await this.#prune(tenantId);
        const record: ScopeRecord = { formatVersion: FORMAT_VERSION, begunAt: this.#clock.now() };
        await this.#state.put({ tenantId, collection: SCOPES, key: scope }, record);
      });
      return begun;
    });
  }

  /** What is kept of a scope, if it was begun. */
  async peek(tenantId: string, scope: string): Promise<StageCheckpoints | undefined> {
    const found = await this.#guarded('open', () => this.#look(tenantId, scope));
    return found === 'usable' ? this.#scope(tenantId, scope, true) : undefined;
  }

  async #look(tenantId: string, scope: string): Promise<'usable' | 'outdated' | 'none'> {
    const at = { tenantId, collection: SCOPES, key: scope };
    const found = (await this.#state.get<Partial<ScopeRecord>>(at))?.value;
    if (found === undefined) return 'none';
    const { formatVersion, begunAt = 0 } = found;
    return formatVersion === FORMAT_VERSION && this.#isFresh(begunAt) ? 'usable' : 'outdated';
  }

  #scope(
    tenantId: string,
    scope: string,
    isKnown: boolean,
    begin: () => Promise<unknown> = () => Promise.resolve(),
  ): StageCheckpoints {
    let isBegun = isKnown;
    return new StageCheckpoints(
      isKnown ? (stage) => this.#read(tenantId, scope, stage) : undefined,
      async (stage, checkpoint) => {
        isBegun = true;
        await begin();
        await this.#write(tenantId, scope, stage, checkpoint);
      },
      async () => {
        if (isBegun) await this.#guarded('close', () => this.#remove(tenantId, scope));
      },
    );
  }

  async #read(tenantId: string, scope: string, stage: string): Promise<Checkpoint | undefined> {
    return this.#guarded('read', async () => {
      const key = `${scope}/${stage}`;
      const found = (await this.#state.get<Partial<CheckpointRecord>>({ tenantId, collection: STAGES, key }))
        ?.value;
      if (found?.formatVersion !== FORMAT_VERSION) return undefined;
      const { ms = 0, cost, gzip: text = '' } = found;
      if (cost === undefined || COST_SHAPE(cost, 'cost') !== undefined) return undefined;
      const json = (await decompress(Buffer.from(text, 'base64'))).toString('utf8');
      return { value: JSON.parse(json) as unknown, ms, cost };
    });
  }

  async #write(
    tenantId: string,
    scope: string,
    stage: string,
    { value, ms, cost }: Checkpoint,
  ): Promise<void> {
    await this.#guarded('keep', async () => {
      // Fast: a text as the analysis reads it is long, and shrinks to a tenth even so.
      const packed = await compress(JSON.stringify(value), { level: 1 });
      const record: CheckpointRecord = {
        formatVersion: FORMAT_VERSION,
        ms,
        cost,
        gzip: packed.toString('base64'),
      };
      await this.#state.put({ tenantId, collection: STAGES, key: `${scope}/${stage}` }, record);
    });
  }

  async #clear(tenantId: string, scope: string): Promise<void> {
    const kept = await this.#state.list(
      { tenantId, collection: STAGES },
      { prefix: `${scope}/`, limit: MAX_STAGES },
    );
    for (const { key } of kept) await this.#state.delete({ tenantId, collection: STAGES, key });
  }

  /** The stages first: a scope without stages is nothing worse than a beginning. */
  async #remove(tenantId: string, scope: string): Promise<void> {
    await this.#clear(tenantId, scope);
    await this.#state.delete({ tenantId, collection: SCOPES, key: scope });
  }

  /** Gives up what is too old, and the oldest where there are too many; called before one more begins. */
  async #prune(tenantId: string): Promise<void> {
    // Two scopes for each analysis: that of its content, and that of the call.
    const most = 2 * this.#settings.maxInterrupted - 1;
    const known = await this.#state.list<Partial<ScopeRecord>>(
      { tenantId, collection: SCOPES },
      { limit: most + 200 },
    );
    const byAge = known
      .map(({ key, value }) => ({ key, begunAt: value.begunAt ?? 0 }))
      .sort((a, b) => b.begunAt - a.begunAt);
    for (const [at, { key, begunAt }] of byAge.entries()) {
      if (at >= most || !this.#isFresh(begunAt)) await this.#remove(tenantId, key);
    }
  }

  #isFresh(begunAt: number): boolean {
    return this.#clock.now() - begunAt < this.#settings.checkpointMaxAgeMs;
  }

  async #guarded<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    const now = this.#clock.monotonic();
    if (now < this.#silentUntil) return undefined;
    try {
      const { stateTimeoutMs: timeoutMs } = this.#settings;
      return await withinLimit(work, {
        ...{ clock: this.#clock, timeoutMs, option: 'stateTimeoutMs', what: 'store of state' },
      });
    } catch (thrown) {
      if (thrown instanceof AutonomousIntelligenceError)
        this.#silentUntil = this.#clock.monotonic() + SILENCE_MS;
      this.#logger.warn('checkpoint_failed', {
        what,
        error: thrown instanceof Error ? thrown.message : String(thrown),
      });
      return undefined;
    }
  }
}

/** The finished stages of one scope. */
export class StageCheckpoints {
  readonly #read: ((stage: string) => Promise<Checkpoint | undefined>) | undefined;
  readonly #write: (stage: string, checkpoint: Checkpoint) => Promise<void>;
  readonly #remove: () => Promise<unknown>;

  /** @param read left out where nothing is kept */
  constructor(
    read: ((stage: string) => Promise<Checkpoint | undefined>) | undefined,
    write: (stage: string, checkpoint: Checkpoint) => Promise<void>,
    remove: () => Promise<unknown>,
  ) {
    this.#read = read;
    this.#write = write;
    this.#remove = remove;
  }

  /** What a stage made before, if it was finished. */
  async restore(stage: string): Promise<Checkpoint | undefined> {
    return this.#read?.(stage);
  }

  async keep(stage: string, checkpoint: Checkpoint): Promise<void> {
    await this.#write(stage, checkpoint);
  }

  /** The same stages, to which nothing is added. */
  get readOnly(): StageCheckpoints {
    return new StageCheckpoints(
      this.#read,
      () => Promise.resolve(),
      () => Promise.resolve(),
    );
  }

  /** Forgets all of it. */
  async remove(): Promise<void> {
    await this.#remove();
  }
}
