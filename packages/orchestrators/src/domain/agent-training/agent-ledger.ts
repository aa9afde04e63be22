import { type StateRecord, type StateStore, StateError } from '../../state/index.js';
import type { AgentRecord } from './agent-record.js';
import { AgentTrainingError } from './training-error.js';

const COLLECTION = 'agent_training.agents';
/** Times that a change is made again because another one came in between. */
const MAX_CONFLICTS = 20;

/** Keeps the records of agents, per tenant. A change that another change came in between of is made again on the newer record. */
export class AgentLedger {
  readonly #store: StateStore;

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
    const records: AgentRecord[] = [];
    for (let after: string | undefined; ;) {
      const page = await this.#store.list(
        { tenantId, collection: COLLECTION },
        after === undefined ? {} : { after },
      );
      records.push(...page.map(recordOf));
      const last = page.at(-1);
      if (last === undefined || page.length < 1_000) return records;
      after = last.key;
    }
  }

  /**
   * Changes a record, or makes it. `change` gets what is there now and may be called again; what it returns is stored, and
   * nothing is where it returns the same object.
   */
  async change(
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
