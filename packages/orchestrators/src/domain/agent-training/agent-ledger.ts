import { KeyQueue } from '../../state/key-queue.js';
import {
  SHARED_TENANT,
  StateError,
  type StateCollection,
  type StateRecord,
  type StateStore,
} from '../../state/index.js';
import type { AgentRecord } from './agent-record.js';
import { AgentTrainingError } from './training-error.js';

const COLLECTION = 'agent_training.agents';
const TENANTS = { tenantId: SHARED_TENANT, collection: 'agent_training.tenants' } as const;
const PAGE = 1_000;
/** Times that a change is made again because another one came in between. */
const MAX_CONFLICTS = 20;

/**
 * Keeps the records of agents, per tenant. Changes of one are made one after the other here; one that another process came in
 * between of is made again on the newer record.
 */
export class AgentLedger {
  readonly #store: StateStore;
  readonly #queue = new KeyQueue();

  constructor(store: StateStore) {
    this.#store = store;
  }

  get isDurable(): boolean {
    return this.#store.durable;
  }

  async find(tenantId: string, name: string): Promise<AgentRecord | undefined> {
    const found = await this.#store.get({ tenantId, collection: COLLECTION, key: name });
    return found === undefined ? undefined : recordOf(found);
  }

  async all(tenantId: string): Promise<readonly AgentRecord[]> {
    return (await this.#list({ tenantId, collection: COLLECTION })).map(recordOf);
  }

  /** Tenants that have agents. */
  async tenants(): Promise<readonly string[]> {
    return (await this.#list(TENANTS)).map(({ key }) => key);
  }

  /** Notes that a tenant has agents. */
  async noteTenant(tenantId: string): Promise<void> {
    const at = { ...TENANTS, key: tenantId };
    if ((await this.#store.get(at)) === undefined) await this.#store.put(at, { formatVersion: 1 });
  }

  /**
   * Changes a record, or makes it. `change` gets what is there now and may be called again; what it returns is stored, and
   * nothing is where it returns the same object.
   */
  change(
    tenantId: string,
    name: string,
    change: (record: AgentRecord | undefined) => AgentRecord,
  ): Promise<AgentRecord> {
    return this.#queue.run(`${name}\n${tenantId}`, () => this.#change(tenantId, name, change));
  }

  async #list(of: StateCollection): Promise<readonly StateRecord[]> {
    const records: StateRecord[] = [];
    for (let after: string | undefined; ;) {
      const page = await this.#store.list(of, { limit: PAGE, ...(after === undefined ? {} : { after }) });
      records.push(...page);
      if (page.length < PAGE) return records;
      after = page.at(-1)?.key;
    }
  }

  async #change(
    tenantId: string,
    name: string,
    change: (record: AgentRecord | undefined) => AgentRecord,
  ): Promise<AgentRecord> {
    const at = { tenantId, collection: COLLECTION, key: name };
    for (let conflicts = 0; ; conflicts += 1) {
      const found = await this.#store.get(at);
      const before = found === undefined ? undefined : recordOf(found);
      const after = change(before);
      if (after === before) return after;
      try {
        await this.#store.put(at, after, { ifVersion: found?.version ?? 0 });
        return after;
      } catch (thrown) {
        const again = thrown instanceof StateError && thrown.code === 'STATE_CONFLICT';
        if (!again || conflicts >= MAX_CONFLICTS) throw thrown;
      }
    }
  }
}

function recordOf({ key, value }: StateRecord): AgentRecord {
  const { formatVersion } = (value ?? {}) as { readonly formatVersion?: unknown };
  if (formatVersion !== 1) {
    throw new AgentTrainingError(
      'TRAINING_RECORD_UNREADABLE',
      `The record of the agent "${key}" has format ${String(formatVersion)}, this version reads format 1. ` +
        'Run the version that wrote it, or delete the record.',
    );
  }
  return value as AgentRecord;
}
