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

/** What the sources of each tenant do, and which of them are blocked; blocks are kept in the state store. */
export class SourceBlocks {
  readonly #limits: SourceLimits & { readonly blockAfterInjections: number };
  readonly #store: StateStore;
  readonly #logger: () => Logger;
  readonly #watches: PerTenant<SourceWatch>;
  readonly #injections = new PerTenant(() => new Map<string, number[]>());
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
    for await (const { value } of this.#stored()) {
      if (isBlock(value) && value.until > now)
        this.of(value.tenantId).restore(value.source, value.until, value.reason);
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
    try {
      await this.#store.put({ ...BLOCKS, key: recordKeyOf(tenantId, source) }, block);
    } catch (thrown) {
      // It is blocked here all the same; only a restart would forget it.
      this.#logger().error('source_block_not_stored', { source, error: String(thrown) });
    }
    return until;
  }

  /** Whether it was blocked. */
  async unblock(tenantId: string, source: string, now: number): Promise<boolean> {
    if (!this.of(tenantId).unblock(source, now)) return false;
    this.#injections.of(tenantId).delete(source);
    await this.#store.delete({ ...BLOCKS, key: recordKeyOf(tenantId, source) });
    return true;
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
