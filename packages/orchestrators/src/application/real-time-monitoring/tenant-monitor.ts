import { type AnalysisOutcome, itemAfter } from './item-progress.js';
import { type ItemStatus, type MonitoredItem, newItem, otherParts } from './monitored-item.js';
import {
  counted,
  type MonitoredSource,
  type RememberedError,
  shortHash,
  type SourceCounts,
} from './monitored-source.js';
import { MonitoringError } from './monitoring-error.js';
import type { MonitoringSettings } from './monitoring-options.js';
import type { MonitoringStore, TenantRun } from './monitoring-store.js';
import type { SourceFindings } from './source-adapter.js';
import { type Intake, sortFindings, sourceAfterFailure, sourceAfterLook } from './source-progress.js';

const STOPPED: TenantRun = { formatVersion: 1, running: false };

/**
 * The sources and items of one tenant, in memory and in the store. Changes are made one after the other, and first in the
 * store: what a crash interrupts is done again, and nothing is lost.
 */
export class TenantMonitor {
  readonly tenantId: string;
  readonly #store: MonitoringStore;
  readonly #settings: MonitoringSettings;
  readonly #sources = new Map<string, MonitoredSource>();
  readonly #items = new Map<string, MonitoredItem>();
  /** Hashes of ids by source, the one not met for longest first. */
  readonly #seen = new Map<string, Set<string>>();
  /** Hashes of contents that have a briefing, with the item that has it. */
  readonly #contents = new Map<string, string>();
  #run: TenantRun = STOPPED;
  /** Of the items, those that wait. */
  readonly #waiting = new Map<string, MonitoredItem>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(tenantId: string, store: MonitoringStore, settings: MonitoringSettings) {
    this.tenantId = tenantId;
    this.#store = store;
    this.#settings = settings;
  }

  static async load(
    tenantId: string,
    store: MonitoringStore,
    settings: MonitoringSettings,
  ): Promise<TenantMonitor> {
    const monitor = new TenantMonitor(tenantId, store, settings);
    monitor.#run = (await store.tenant(tenantId)) ?? STOPPED;
    for (const source of await store.sources(tenantId)) monitor.#sources.set(source.id, source);
    for (const item of await store.items(tenantId)) monitor.#setItem(item);
    for (const [id, ids] of await store.seen(tenantId)) monitor.#seen.set(id, new Set(ids));
    return monitor;
  }

  get run(): TenantRun {
    return this.#run;
  }

  get sources(): readonly MonitoredSource[] {
    return [...this.#sources.values()];
  }

  get items(): readonly MonitoredItem[] {
    return [...this.#items.values()];
  }

  /** Items that wait. */
  get waiting(): Iterable<MonitoredItem> {
    return this.#waiting.values();
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  get hasRoom(): boolean {
    return this.#waiting.size < this.#settings.maxWaiting;
  }

  find(id: string): MonitoredSource | undefined {
    return this.#sources.get(id);
  }

  /** @throws {@link MonitoringError} `MONITOR_SOURCE_UNKNOWN` */
  source(id: string): MonitoredSource {
    const source = this.#sources.get(id);
    if (source !== undefined) return source;
    throw new MonitoringError(
      'MONITOR_SOURCE_UNKNOWN',
      `There is no source "${id.slice(0, 100)}". Take the id from get_monitoring_status.`,
    );
  }

  /** @throws {@link MonitoringError} `MONITOR_RUNNING` */
  begin(now: number): Promise<void> {
    return this.#exclusive(async () => {
      if (this.#run.running) {
        throw new MonitoringError(
          'MONITOR_RUNNING',
          'The sources are watched already. Stop monitoring first, to begin anew.',
        );
      }
      const run: TenantRun = { formatVersion: 1, running: true, startedAt: now };
      await this.#store.putTenant(this.tenantId, run);
      this.#run = run;
    });
  }

  /** Whether there was something to stop. */
  stop(): Promise<boolean> {
    return this.#exclusive(async () => {
      if (!this.#run.running) return false;
      await this.#store.putTenant(this.tenantId, STOPPED);
      this.#run = STOPPED;
      return true;
    });
  }

  /** @throws {@link MonitoringError} `MONITOR_SOURCE_KNOWN` or `MONITOR_FULL` */
  add(source: MonitoredSource): Promise<void> {
    return this.#exclusive(async () => {
      const known = this.#sources.get(source.id);
      if (known !== undefined) {
        throw new MonitoringError(
          'MONITOR_SOURCE_KNOWN',
          `"${source.target.slice(0, 200)}" is watched already, as the source ${known.id}. Change it with update_schedule.`,
          { details: { sourceId: known.id } },
        );
      }
      if (this.#sources.size >= this.#settings.maxSources) {
        throw new MonitoringError(
          'MONITOR_FULL',
          `There are ${this.#sources.size} sources, and no more may be watched. Remove one, or raise maxSources.`,
        );
      }
      await this.#store.putSource(this.tenantId, source);
      this.#sources.set(source.id, source);
    });
  }

  /** Forgets a source and what of it waits. @throws {@link MonitoringError} `MONITOR_SOURCE_UNKNOWN` */
  remove(id: string): Promise<{ readonly droppedItems: number }> {
    return this.#exclusive(async () => {
      this.source(id);
      await this.#store.deleteSource(this.tenantId, id);
      this.#sources.delete(id);
      this.#seen.delete(id);
      const dropped = this.items.filter(({ sourceId, status }) => sourceId === id && status === 'waiting');
      for (const { key } of dropped) await this.#dropItem(key);
      return { droppedItems: dropped.length };
    });
  }

  /** @throws {@link MonitoringError} `MONITOR_SOURCE_UNKNOWN` */
  change(id: string, to: (source: MonitoredSource) => MonitoredSource): Promise<MonitoredSource> {
    return this.#exclusive(async () => {
      const next = to(this.source(id));
      await this.#store.putSource(this.tenantId, next);
      this.#sources.set(id, next);
      return next;
    });
  }

  /** Takes in what a look has found. `undefined` where the source was removed meanwhile. */
  take(id: string, findings: SourceFindings, now: number): Promise<Intake | undefined> {
    return this.#exclusive(async () => {
      const source = this.#sources.get(id);
      if (source === undefined) return undefined;
      const seen = this.#seen.get(id) ?? new Set<string>();
      const { maxItemsPerCheck, maxWaiting, maxSeen } = this.#settings;
      // Of more than can be remembered some would be new each time.
      const seeable = { ...findings, items: findings.items.slice(0, maxSeen) };
      const intake = sortFindings(
        source,
        seeable,
        (idHash) => seen.has(idHash),
        (key) => this.#items.get(key)?.sourceId,
        Math.min(maxItemsPerCheck, maxWaiting - this.#waiting.size),
      );
      for (const found of intake.fresh) {
        const item = newItem(source, found, now);
        if (this.#items.has(item.key)) continue;
        await this.#store.putItem(this.tenantId, item);
        this.#setItem(item);
      }
      if (intake.seen.length > 0) await this.#remember(id, seen, seeable, intake.seen);
      const next = sourceAfterLook(source, findings, intake, now);
      await this.#store.putSource(this.tenantId, next);
      this.#sources.set(id, next);
      await this.#forgetFinished();
      return intake;
    });
  }

  /** Notes a look that failed, in memory even where the store fails, so that the source is left alone for a while. */
  fail(id: string, error: RememberedError, retryAfterMs: number | undefined, now: number): Promise<void> {
    return this.#exclusive(async () => {
      const source = this.#sources.get(id);
      if (source === undefined) return;
      const next = sourceAfterFailure(source, error, retryAfterMs, now, this.#settings);
      this.#sources.set(id, next);
      await this.#store.putSource(this.tenantId, next);
    });
  }

  /** Notes what came of an analysis. `undefined` where the item was dropped meanwhile. */
  settle(key: string, outcome: AnalysisOutcome, now: number): Promise<MonitoredItem | undefined> {
    return this.#exclusive(async () => {
      const item = this.#items.get(key);
      if (item === undefined) return undefined;
      // Before the first one counts as done: what a crash leaves out is made up for with it.
      if (outcome.kind === 'briefed' && item.part === undefined) {
        for (const part of otherParts(item, outcome.items ?? 1, now)) {
          if (this.#items.has(part.key)) continue;
          await this.#store.putItem(this.tenantId, part);
          this.#setItem(part);
        }
      }
      const owner = outcome.kind === 'briefed' ? this.#contents.get(outcome.contentHash) : undefined;
      const next = itemAfter(item, outcome, now, this.#settings, owner !== undefined && owner !== key);
      await this.#store.putItem(this.tenantId, next);
      this.#setItem(next);
      const count = COUNT_OF[next.status];
      const source = this.#sources.get(item.sourceId);
      if (source !== undefined && count !== undefined) {
        const changed = { ...source, counts: counted(source.counts, { [count]: 1 }) };
        await this.#store.putSource(this.tenantId, changed);
        this.#sources.set(source.id, changed);
      }
      await this.#forgetFinished();
      return next;
    });
  }

  /** Puts an item off in memory alone: what was learnt could not be stored. */
  postpone(key: string, until: number): void {
    const item = this.#items.get(key);
    if (item?.status === 'waiting') this.#setItem({ ...item, nextAttemptAt: until });
  }

  async #remember(
    id: string,
    seen: Set<string>,
    { items }: SourceFindings,
    more: readonly string[],
  ): Promise<void> {
    // What is there now is forgotten last: it would be taken again.
    const present = new Set(items.map((item) => shortHash(item.id)).filter((each) => seen.has(each)));
    const order = [...[...seen].filter((each) => !present.has(each)), ...present, ...more];
    const kept = [...new Set(order)].slice(-this.#settings.maxSeen);
    await this.#store.putSeen(this.tenantId, id, kept);
    this.#seen.set(id, new Set(kept));
  }

  async #forgetFinished(): Promise<void> {
    const excess = this.#items.size - this.#waiting.size - this.#settings.maxFinished;
    if (excess <= 0) return;
    const finished = this.items
      .filter(({ status }) => status !== 'waiting')
      .sort((a, b) => (a.finishedAt ?? 0) - (b.finishedAt ?? 0));
    for (const { key } of finished.slice(0, excess)) await this.#dropItem(key);
  }

  async #dropItem(key: string): Promise<void> {
    await this.#store.deleteItem(this.tenantId, key);
    const item = this.#items.get(key);
    this.#waiting.delete(key);
    if (item?.contentHash !== undefined && this.#contents.get(item.contentHash) === key) {
      this.#contents.delete(item.contentHash);
    }
    this.#items.delete(key);
  }

  #setItem(item: MonitoredItem): void {
    this.#items.set(item.key, item);
    if (item.status === 'waiting') this.#waiting.set(item.key, item);
    else this.#waiting.delete(item.key);
    if (item.status === 'analysed' && item.contentHash !== undefined) {
      this.#contents.set(item.contentHash, item.key);
    }
  }

  /** One change after the other. */
  #exclusive<T>(change: () => Promise<T>): Promise<T> {
    const made = this.#last.then(change);
    this.#last = made.catch(() => undefined);
    return made;
  }
}

const COUNT_OF: Readonly<Partial<Record<ItemStatus, keyof SourceCounts>>> = {
  analysed: 'analysed',
  duplicate: 'duplicates',
  failed: 'failed',
};
