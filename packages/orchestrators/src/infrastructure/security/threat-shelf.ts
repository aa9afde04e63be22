import type { Logger } from '@kapelle/core';
import { SHARED_TENANT, type StateStore } from '../../state/index.js';
import { recordKeyOf } from './record-key.js';
import type { PerTenant } from './per-tenant.js';
import type { StoredThreats, ThreatBook } from './threat-book.js';

const THREATS = { tenantId: SHARED_TENANT, collection: 'security.threats' } as const;
const PAGE = 100;

/** Keeps the threats of each tenant in the state store, so that a restart does not make everything look well. */
export class ThreatShelf {
  readonly #store: StateStore;
  readonly #threats: PerTenant<ThreatBook>;
  readonly #logger: () => Logger;

  constructor(store: StateStore, threats: PerTenant<ThreatBook>, logger: () => Logger) {
    this.#store = store;
    this.#threats = threats;
    this.#logger = logger;
  }

  /** Reads what was kept; what has another form is left alone. */
  async load(now: number): Promise<void> {
    for (let after: string | undefined; ;) {
      const page = await this.#store.list<unknown>(THREATS, {
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      for (const { value } of page) {
        if (isStored(value)) this.#threats.of(value.tenantId).restore(value, now);
      }
      if (page.length < PAGE) return;
      after = page.at(-1)?.key;
    }
  }

  /** Keeps the books that were changed. Never rejects: one that could not be kept is tried again with the next. */
  async save(): Promise<void> {
    for (const [tenantId, book] of [...this.#threats.entries()]) {
      if (!book.isChanged) continue;
      book.isChanged = false;
      try {
        await this.#store.put({ ...THREATS, key: recordKeyOf(tenantId) }, book.stored(tenantId));
      } catch (thrown) {
        book.isChanged = true;
        this.#logger().error('threats_not_stored', { error: String(thrown) });
        return;
      }
    }
  }
}

function isStored(value: unknown): value is StoredThreats {
  const { formatVersion, tenantId, threats, detected, mitigated } = (value ?? {}) as Partial<StoredThreats>;
  return (
    formatVersion === 1 &&
    typeof tenantId === 'string' &&
    Number.isSafeInteger(detected) &&
    Number.isSafeInteger(mitigated) &&
    Array.isArray(threats) &&
    threats.every(
      (each: unknown) =>
        typeof each === 'object' &&
        each !== null &&
        Number.isFinite((each as { readonly at?: unknown }).at) &&
        Number.isFinite((each as { readonly expiresAt?: unknown }).expiresAt) &&
        Array.isArray((each as { readonly findings?: unknown }).findings),
    )
  );
}
