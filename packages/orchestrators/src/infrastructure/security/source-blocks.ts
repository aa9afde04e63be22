import type { Logger } from '@kapelle/core';
import { SHARED_TENANT, type StateStore } from '../../state/index.js';
import { PerTenant } from './per-tenant.js';
import { recordKeyOf } from './record-key.js';
import { type SourceLimits, type SourceVerdict, SourceWatch } from './source-watch.js';

/** A block as it is kept. */
interface StoredBlock {
  readonly formatVersion: 1;
  readonly tenantId: string;
  readonly source: string;
  /** Epoch ms. */
  readonly until: number;
  readonly reason: string;
}

const BLOCKS = { tenantId: SHARED_TENANT, collection: 'security.blocked_sources' } as const;
const PAGE = 1_000;
const MINUTE_MS = 60_000;

/**
 * What the sources of each tenant do, and which of them are blocked. Whether one is blocked is asked of memory alone; blocks are kept in
 * the state store, and {@link SourceBlocks.refresh} takes over what other processes have blocked and let in again.
 */
export class SourceBlocks {
  readonly #limits: SourceLimits & { readonly blockAfterInjections: number };
  readonly #store: StateStore;
  readonly #logger: () => Logger;
  readonly #watches: PerTenant<SourceWatch>;
  readonly #injections = new PerTenant(() => new Map<string, number[]>());
  /** The blocks that are in the store, by their keys, as far as is known here. */
  #known = new Map<string, StoredBlock>();
  /** Keys that are being written or deleted, and how often at once. */
  readonly #writing = new Map<string, number>();
  /** Keys of which a reading of the store that is under way says nothing certain; `undefined` where none is. */
  #uncertain: Set<string> | undefined;
  #now = 0;

  constructor(
    limits: SourceLimits & { readonly blockAfterInjections: number },
    store: StateStore,
    logger: () => Logger,
  ) {
    this.#limits = limits;
    this.#store = store;
    this.#logger = logger;
    this.#watches = new PerTenant(
      () => new SourceWatch(limits),
      (watch) => watch.blocked(this.#now).length === 0,
    );
  }

  /** What the sources of a tenant do. */
  of(tenantId: string): SourceWatch {
    return this.#watches.of(tenantId);
  }

  /** Reads the blocks of before that are not over. */
  async load(now: number): Promise<void> {
    const known = new Map<string, StoredBlock>();
    for await (const { key, value } of this.#stored()) {
      if (!isBlock(value) || value.until <= now) continue;
      known.set(key, value);
      this.of(value.tenantId).restore(value.source, value.until, value.reason);
    }
    this.#known = known;
  }

  /**
   * Reads the blocks anew: what another process has blocked is blocked here too, and what it has let in again is let in. What was
   * blocked here and could not be stored stays blocked. A store that cannot be read changes nothing, and is logged.
   */
  async refresh(now: number, signal: AbortSignal): Promise<void> {
    if (this.#uncertain !== undefined) return;
    const uncertain = (this.#uncertain = new Set(this.#writing.keys()));
    try {
      const found = new Map<string, StoredBlock>();
      for await (const { key, value } of this.#stored()) {
        if (signal.aborted) return;
        if (isBlock(value) && value.until > now) found.set(key, value);
      }
      for (const key of uncertain) {
        found.delete(key);
        const before = this.#known.get(key);
        if (before !== undefined) found.set(key, before);
      }
      this.#take(found, now);
    } catch (thrown) {
      this.#logger().warn('source_blocks_not_read', { error: String(thrown) });
    } finally {
      this.#uncertain = undefined;
    }
  }

  isBlocked(tenantId: string, source: string, now: number): SourceVerdict {
    return this.of(tenantId).isBlocked(source, now);
  }

  /** Until when it is blocked, epoch ms. */
  async block(tenantId: string, source: string, now: number, reason: string): Promise<number> {
    const until = this.of(tenantId).block(source, now, reason);
    this.#logger().warn('source_blocked', { source, until, reason });
    const block: StoredBlock = { formatVersion: 1, tenantId, source, until, reason };
    const key = recordKeyOf(tenantId, source);
    await this.#write(key, async () => {
      try {
        await this.#store.put({ ...BLOCKS, key }, block);
        this.#known.set(key, block);
      } catch (thrown) {
        // It is blocked here all the same; only a restart would forget it.
        this.#logger().error('source_block_not_stored', { source, error: String(thrown) });
      }
    });
    return until;
  }

  /** Whether it was blocked, here or by another process. */
  async unblock(tenantId: string, source: string, now: number): Promise<boolean> {
    const key = recordKeyOf(tenantId, source);
    const wasBlocked = this.of(tenantId).unblock(source, now);
    if (wasBlocked) this.#injections.of(tenantId).delete(source);
    return this.#write(key, async () => {
      if (!wasBlocked) {
        const stored: unknown = (await this.#store.get({ ...BLOCKS, key }))?.value;
        if (!isBlock(stored) || stored.until <= now) return false;
      }
      await this.#store.delete({ ...BLOCKS, key });
      this.#known.delete(key);
      return true;
    });
  }

  /** Counts an injection; whether the source has tried too often within a minute. */
  injection(tenantId: string, source: string, now: number): boolean {
    const injections = this.#injections.of(tenantId);
    const times = (injections.get(source) ?? []).filter((at) => at > now - MINUTE_MS);
    times.push(now);
    injections.delete(source);
    injections.set(source, times.slice(-this.#limits.blockAfterInjections));
    const [oldest] = injections.keys();
    if (injections.size > this.#limits.maxSources && oldest !== undefined) injections.delete(oldest);
    return times.length >= this.#limits.blockAfterInjections;
  }

  /** Forgets what is over. */
  async tidy(now: number, signal: AbortSignal): Promise<void> {
    this.#now = now;
    for (const watch of this.#watches) watch.tidy(now);
    for (const injections of this.#injections) {
      for (const [source, times] of injections) {
        if ((times.at(-1) ?? 0) <= now - MINUTE_MS) injections.delete(source);
      }
    }
    for await (const { key, value } of this.#stored()) {
      if (signal.aborted) return;
      if (!isBlock(value) || value.until <= now) await this.#store.delete({ ...BLOCKS, key });
    }
  }

  /** Takes over what is in the store. */
  #take(found: Map<string, StoredBlock>, now: number): void {
    for (const [key, { tenantId, source }] of this.#known) {
      if (found.has(key) || !this.of(tenantId).unblock(source, now)) continue;
      this.#injections.of(tenantId).delete(source);
      this.#logger().info('source_unblocked_elsewhere', { source });
    }
    for (const { tenantId, source, until, reason } of found.values()) {
      const here = this.isBlocked(tenantId, source, now);
      if (here.isBlocked && (here.until ?? 0) >= until) continue;
      this.of(tenantId).restore(source, until, reason);
      if (!here.isBlocked) this.#logger().warn('source_blocked_elsewhere', { source, until, reason });
    }
    this.#known = found;
  }

  /** What is read of a key while it is written may be what was there before, or after. */
  async #write<T>(key: string, work: () => Promise<T>): Promise<T> {
    this.#uncertain?.add(key);
    this.#writing.set(key, (this.#writing.get(key) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const others = (this.#writing.get(key) ?? 1) - 1;
      if (others === 0) this.#writing.delete(key);
      else this.#writing.set(key, others);
    }
  }

  async *#stored() {
    for (let after: string | undefined; ;) {
      const page = await this.#store.list<unknown>(BLOCKS, {
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      yield* page;
      if (page.length < PAGE) return;
      after = page.at(-1)?.key;
    }
  }
}

function isBlock(value: unknown): value is StoredBlock {
  const { formatVersion, tenantId, source, until } = (value ?? {}) as Partial<StoredBlock>;
  return (
    formatVersion === 1 &&
    typeof tenantId === 'string' &&
    typeof source === 'string' &&
    typeof until === 'number'
  );
}
