import { SHARED_TENANT, type StateRecord, type StateStore } from '../../state/state-store.js';
import type { MonitoredItem } from './monitored-item.js';
import type { MonitoredSource } from './monitored-source.js';
import { MonitoringError } from './monitoring-error.js';

const TENANTS = 'real_time_monitoring.tenants';
const SOURCES = 'real_time_monitoring.sources';
const ITEMS = 'real_time_monitoring.items';
const SEEN = 'real_time_monitoring.seen';
const PAGE = 1_000;

/** Whether a tenant's sources are watched. */
export interface TenantRun {
  readonly formatVersion: 1;
  readonly running: boolean;
  /** Epoch ms; of a running one. */
  readonly startedAt?: number;
}

/** Ids of a source's items that were taken or passed over, the oldest first. */
interface SeenIds {
  readonly formatVersion: 1;
  readonly ids: readonly string[];
}

/** Records of monitoring in a store of state. Rejects with the store's errors, and with `MONITOR_STATE_UNREADABLE`. */
export class MonitoringStore {
  readonly #store: StateStore;

  constructor(store: StateStore) {
    this.#store = store;
  }

  /** All tenants that ever ran. */
  async tenants(): Promise<ReadonlyMap<string, TenantRun>> {
    const records = await this.#all<TenantRun>(SHARED_TENANT, TENANTS);
    return new Map(records.map(({ key, value }) => [key, value]));
  }

  async putTenant(tenantId: string, run: TenantRun): Promise<void> {
    await this.#store.put({ tenantId: SHARED_TENANT, collection: TENANTS, key: tenantId }, run);
  }

  async tenant(tenantId: string): Promise<TenantRun | undefined> {
    const at = { tenantId: SHARED_TENANT, collection: TENANTS, key: tenantId };
    const record = await this.#store.get<TenantRun>(at);
    return record === undefined ? undefined : readable(TENANTS, record).value;
  }

  async sources(tenantId: string): Promise<readonly MonitoredSource[]> {
    return (await this.#all<MonitoredSource>(tenantId, SOURCES)).map(({ value }) => value);
  }

  async putSource(tenantId: string, source: MonitoredSource): Promise<void> {
    await this.#store.put({ tenantId, collection: SOURCES, key: source.id }, source);
  }

  /** With what was seen of it. */
  async deleteSource(tenantId: string, id: string): Promise<void> {
    await this.#store.delete({ tenantId, collection: SOURCES, key: id });
    await this.#store.delete({ tenantId, collection: SEEN, key: id });
  }

  async items(tenantId: string): Promise<readonly MonitoredItem[]> {
    return (await this.#all<MonitoredItem>(tenantId, ITEMS)).map(({ value }) => value);
  }

  async putItem(tenantId: string, item: MonitoredItem): Promise<void> {
    await this.#store.put({ tenantId, collection: ITEMS, key: item.key }, item);
  }

  async deleteItem(tenantId: string, key: string): Promise<void> {
    await this.#store.delete({ tenantId, collection: ITEMS, key });
  }

  async seen(tenantId: string): Promise<ReadonlyMap<string, readonly string[]>> {
    const records = await this.#all<SeenIds>(tenantId, SEEN);
    return new Map(records.map(({ key, value }) => [key, value.ids]));
  }

  async putSeen(tenantId: string, sourceId: string, ids: readonly string[]): Promise<void> {
    const value: SeenIds = { formatVersion: 1, ids };
    await this.#store.put({ tenantId, collection: SEEN, key: sourceId }, value);
  }

  async #all<T extends { readonly formatVersion: 1 }>(
    tenantId: string,
    collection: string,
  ): Promise<readonly StateRecord<T>[]> {
    const records: StateRecord<T>[] = [];
    for (let after: string | undefined; ; after = records.at(-1)?.key) {
      const options = after === undefined ? { limit: PAGE } : { limit: PAGE, after };
      const page = await this.#store.list<T>({ tenantId, collection }, options);
      records.push(...page.map((record) => readable(collection, record)));
      if (page.length < PAGE) return records;
    }
  }
}

function readable<T extends { readonly formatVersion: 1 }>(
  collection: string,
  record: StateRecord<T>,
): StateRecord<T> {
  const { value, key } = record as { value: unknown; key: string };
  const version: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, 'formatVersion') : undefined;
  if (version === 1) return record;
  throw new MonitoringError(
    'MONITOR_STATE_UNREADABLE',
    `The record "${key}" of "${collection}" has the format ${JSON.stringify(version)}, only 1 can be read. ` +
      'Use the version of the program that wrote it, or delete the record.',
  );
}
