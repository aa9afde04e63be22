import { FeedbackError } from './feedback-error.js';
import { FORMAT_VERSION, readTenant } from './stored-feedback.js';
import { StateError } from '../../state/state-error.js';
import type { StateStore } from '../../state/state-store.js';
import { type FeedbackPart, TenantFeedback, type TenantSetup } from './tenant-feedback.js';

/** Where everything is stored; a record per component type, and one for the totals. */
export const FEEDBACK_COLLECTION = 'unified_feedback.learning';

interface Shelved {
  readonly tenant: TenantFeedback;
  /** Versions of the records, as far as they are there. */
  readonly versions: Map<FeedbackPart, number>;
  /** The save that runs; the next one waits for it. */
  saving: Promise<void> | undefined;
}

/** Holds what was learnt for each tenant, reads it from the store on first use, and writes back what has changed. */
export class TenantShelf {
  readonly #store: StateStore;
  readonly #setup: TenantSetup;
  readonly #maxTenants: number;
  /** The one not used for longest first. */
  readonly #tenants = new Map<string, Shelved>();
  readonly #loading = new Map<string, Promise<TenantFeedback>>();
  #latest: TenantFeedback | undefined;
  #conflicts = 0;
  #saveFailure: FeedbackError | undefined;
  #making: Promise<void> | undefined;

  constructor(store: StateStore, setup: TenantSetup, maxTenants: number) {
    this.#store = store;
    this.#setup = setup;
    this.#maxTenants = maxTenants;
  }

  /** Why the last save failed; `undefined` where it did not. */
  get saveFailure(): FeedbackError | undefined {
    return this.#saveFailure;
  }

  /** Records that somebody else had written since they were read; they were written over. */
  get conflicts(): number {
    return this.#conflicts;
  }

  /** Those in memory. */
  get tenants(): readonly TenantFeedback[] {
    return [...this.#tenants.values()].map(({ tenant }) => tenant);
  }

  /** What is in memory already. */
  held(tenantId: string): TenantFeedback | undefined {
    if (this.#latest?.tenantId === tenantId) return this.#latest;
    const shelved = this.#tenants.get(tenantId);
    if (shelved === undefined) return undefined;
    this.#tenants.delete(tenantId);
    this.#tenants.set(tenantId, shelved);
    this.#latest = shelved.tenant;
    return shelved.tenant;
  }

  /**
   * Reads it where it is not held; nothing is begun anew because the store did not answer.
   *
   * @throws FeedbackError `FEEDBACK_STATE_UNAVAILABLE`, `FEEDBACK_STATE_INVALID`
   */
  load(tenantId: string): Promise<TenantFeedback> {
    const held = this.held(tenantId);
    if (held !== undefined) return Promise.resolve(held);
    let loading = this.#loading.get(tenantId);
    if (loading === undefined) {
      loading = this.#read(tenantId).finally(() => this.#loading.delete(tenantId));
      this.#loading.set(tenantId, loading);
    }
    return loading;
  }

  /**
   * Writes what has changed of one tenant.
   *
   * @throws FeedbackError `FEEDBACK_STATE_UNAVAILABLE`
   */
  async save(tenantId: string): Promise<void> {
    const shelved = this.#tenants.get(tenantId);
    if (shelved === undefined) return;
    try {
      await this.#save(shelved);
    } catch (thrown) {
      this.#saveFailure = unavailable('written', thrown);
      throw this.#saveFailure;
    }
  }

  /** Writes what has changed of every tenant. What fails stays changed, and is in {@link saveFailure}. */
  async saveAll(signal?: AbortSignal): Promise<void> {
    let failure: FeedbackError | undefined;
    for (const shelved of [...this.#tenants.values()]) {
      if (signal?.aborted === true) return;
      try {
        await this.#save(shelved);
      } catch (thrown) {
        failure = unavailable('written', thrown);
      }
    }
    this.#saveFailure = failure;
  }

  async #read(tenantId: string): Promise<TenantFeedback> {
    let records;
    try {
      records = await this.#store.list({ tenantId, collection: FEEDBACK_COLLECTION });
    } catch (thrown) {
      throw unavailable('read', thrown);
    }
    const tenant = new TenantFeedback(tenantId, this.#setup, readTenant(records));
    const versions = new Map(records.map(({ key, version }) => [key as FeedbackPart, version]));
    this.#tenants.set(tenantId, { tenant, versions, saving: undefined });
    if (this.#tenants.size > this.#maxTenants) this.#makeRoom();
    return tenant;
  }

  #save(shelved: Shelved): Promise<void> {
    if (shelved.saving !== undefined) return shelved.saving.then(() => this.#save(shelved));
    if (shelved.tenant.changed.size === 0) return Promise.resolve();
    const saving = this.#write(shelved).finally(() => {
      shelved.saving = undefined;
    });
    shelved.saving = saving;
    return saving;
  }

  async #write({ tenant, versions }: Shelved): Promise<void> {
    for (const part of [...tenant.changed]) {
      // Before it is copied: what changes meanwhile is written the next time.
      tenant.changed.delete(part);
      try {
        await this.#put(tenant, part, versions);
      } catch (thrown) {
        tenant.changed.add(part);
        throw thrown;
      }
    }
  }

  /** Learning cannot be merged: of two processes that learn for one tenant, the last one that writes is remembered. */
  async #put(tenant: TenantFeedback, part: FeedbackPart, versions: Map<FeedbackPart, number>): Promise<void> {
    const at = { tenantId: tenant.tenantId, collection: FEEDBACK_COLLECTION, key: part };
    const value = { formatVersion: FORMAT_VERSION, ...tenant.partOf(part) };
    try {
      const { version } = await this.#store.put(at, value, { ifVersion: versions.get(part) ?? 0 });
      versions.set(part, version);
    } catch (thrown) {
      if (!isConflict(thrown)) throw thrown;
      this.#conflicts += 1;
      const { version } = await this.#store.put(at, value);
      versions.set(part, version);
    }
  }

  /** Writes the one that was not used for longest, and lets it go where nobody has come for it meanwhile. */
  #makeRoom(): void {
    this.#making ??= this.#letGo().finally(() => {
      this.#making = undefined;
    });
  }

  async #letGo(): Promise<void> {
    // A tenant that cannot be written stays: rather more memory than learning that is lost.
    for (const [tenantId, shelved] of [...this.#tenants]) {
      if (this.#tenants.size <= this.#maxTenants) return;
      try {
        await this.#save(shelved);
      } catch (thrown) {
        this.#saveFailure = unavailable('written', thrown);
        return;
      }
      if (shelved.tenant.changed.size > 0 || this.#latest === shelved.tenant) continue;
      this.#tenants.delete(tenantId);
    }
  }
}

function isConflict(thrown: unknown): boolean {
  return thrown instanceof StateError
    ? thrown.code === 'STATE_CONFLICT'
    : (thrown as { readonly code?: unknown } | null)?.code === 'STATE_CONFLICT';
}

function unavailable(what: 'read' | 'written', cause: unknown): FeedbackError {
  return new FeedbackError(
    'FEEDBACK_STATE_UNAVAILABLE',
    `What was learnt could not be ${what}: ${cause instanceof Error ? cause.message : String(cause)}. Look at the store of state and try again.`,
    { cause },
  );
}
