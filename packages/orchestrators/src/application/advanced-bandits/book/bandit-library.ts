import type { Clock } from '@kapelle/core';
import { StateError } from '../../../state/state-error.js';
import type { StateKey, StateStore } from '../../../state/state-store.js';
import { BanditError } from '../bandit-error.js';
import type { BanditSettings, DomainSettings } from '../bandit-options.js';
import { DomainBook } from './domain-book.js';

/** Where domains are kept, by tenant and name. */
export const BANDIT_COLLECTION = 'advanced_bandits.domains';

/** Something went wrong while saving; nothing is lost as long as the process lives. */
export interface SaveFailure {
  readonly tenantId: string;
  readonly domain: string;
  /** Whether another process has written the same record, so that trying again is useless. */
  readonly conflict: boolean;
  readonly error: unknown;
}

interface Entry {
  readonly tenantId: string;
  readonly domain: DomainSettings;
  readonly loading: Promise<void>;
  book: DomainBook | undefined;
  /** Version of the record as it was read or written last; 0 where there is none. */
  version: number;
  /** Changed since it was saved. */
  dirty: boolean;
  /** Calls that use or wait for the book now. */
  users: number;
  failure: SaveFailure | undefined;
  /** What was sent to the store without an answer: it may have got there. */
  unsure: string | undefined;
}

/** The books of all tenants: read on first use, saved when asked to, let go when there are too many. */
export class BanditLibrary {
  readonly #settings: BanditSettings;
  readonly #store: StateStore;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #entries = new Map<string, Entry>();
  #saving: Promise<unknown> = Promise.resolve();

  constructor(settings: BanditSettings, store: StateStore, clock: Pick<Clock, 'now'>) {
    this.#settings = settings;
    this.#store = store;
    this.#clock = clock;
  }

  /** Domains in memory, of all tenants. */
  get loaded(): number {
    return this.#entries.size;
  }

  get failures(): readonly SaveFailure[] {
    return [...this.#entries.values()].flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
  }

  /**
   * Calls `use` with the book, at a time when nobody else uses it.
   *
   * @throws BanditError `BANDIT_DOMAIN_UNKNOWN`, `BANDIT_STATE_INVALID`, `BANDIT_STATE_UNAVAILABLE`, and of `use`
   */
  async use<T>(
    tenantId: string,
    name: string,
    use: (book: DomainBook) => { readonly result: T; readonly changed: boolean },
  ): Promise<T> {
    const entry = this.#entryOf(tenantId, this.domainOf(name));
    entry.users += 1;
    try {
      const { result, changed } = use(await bookOf(entry));
      if (changed) entry.dirty = true;
      return result;
    } finally {
      entry.users -= 1;
    }
  }

  /** Takes another book in the place of a tenant's, such as one that was imported. */
  async replace(tenantId: string, name: string, make: (old: DomainBook) => DomainBook): Promise<DomainBook> {
    const entry = this.#entryOf(tenantId, this.domainOf(name));
    entry.users += 1;
    try {
      entry.book = make(await bookOf(entry));
      entry.dirty = true;
      return entry.book;
    } finally {
      entry.users -= 1;
    }
  }

  /** An empty book of the same kind. */
  blank(tenantId: string, domain: DomainSettings): DomainBook {
    return new DomainBook(domain, this.#settings, tenantId);
  }

  /** @throws BanditError `BANDIT_DOMAIN_UNKNOWN` */
  domainOf(name: string): DomainSettings {
    const domain = this.#settings.domains.get(name);
    if (domain !== undefined) return domain;
    const known = [...this.#settings.domains.keys()];
    throw new BanditError(
      'BANDIT_DOMAIN_UNKNOWN',
      `No domain "${name.slice(0, 100)}" is declared. Declare it in the options, or use one of ${known.join(', ')}.`,
      { details: { domains: known } },
    );
  }

  /**
   * Saves what has changed, expires what is too old, and lets go of what has not been used for longest. One run at a
   * time. Gives what could not be saved.
   */
  save(): Promise<readonly SaveFailure[]> {
    const run = this.#saving.then(() => this.#saveAll());
    this.#saving = run.catch(() => undefined);
    return run;
  }

  async #saveAll(): Promise<readonly SaveFailure[]> {
    const now = this.#clock.now();
    for (const entry of this.#entries.values()) {
      if (entry.book?.expire(now) === true) entry.dirty = true;
      if (entry.dirty && entry.failure?.conflict !== true) await this.#saveOne(entry);
    }
    this.#letGo(this.#settings.maxLoaded);
    return this.failures;
  }

  /** Forgets what is saved and not in use, the one not used for longest first, until `most` are left. */
  #letGo(most: number): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= most) return;
      if (entry.users === 0 && !entry.dirty && entry.book !== undefined) this.#entries.delete(key);
    }
  }

  async #saveOne(entry: Entry): Promise<void> {
    const { tenantId, domain, book, version } = entry;
    if (book === undefined) return;
    // What changes while it is written is saved the next time.
    entry.dirty = false;
    const at = { tenantId, collection: BANDIT_COLLECTION, key: domain.name };
    const snapshot = book.snapshot();
    try {
      const written = await this.#store.put(at, snapshot, { ifVersion: version });
      entry.version = written.version;
      entry.failure = undefined;
      entry.unsure = undefined;
    } catch (error) {
      entry.dirty = true;
      const isConflict = error instanceof StateError && error.code === 'STATE_CONFLICT';
      if (!isConflict) entry.unsure = JSON.stringify(snapshot);
      const conflict = isConflict && !(await this.#isOwn(entry, at));
      entry.failure = { tenantId, domain: domain.name, conflict, error };
    }
  }

  /** Whether what the store has is what was sent to it without an answer; then that is where to go on from. */
  async #isOwn(entry: Entry, at: StateKey): Promise<boolean> {
    if (entry.unsure === undefined) return false;
    const found = await this.#store.get(at).catch(() => undefined);
    if (found === undefined) return true;
    if (JSON.stringify(found.value) !== entry.unsure) return false;
    entry.version = found.version;
    return true;
  }

  #entryOf(tenantId: string, domain: DomainSettings): Entry {
    const key = `${domain.name}\n${tenantId}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#letGo(this.#settings.maxLoaded - 1);
      if (this.#entries.size >= 2 * this.#settings.maxLoaded) {
        throw new BanditError(
          'BANDIT_STATE_UNAVAILABLE',
          `${this.#entries.size} domains of tenants are in memory and not saved yet. Try again, or raise maxLoaded (${this.#settings.maxLoaded}).`,
          { details: { loaded: this.#entries.size, maxLoaded: this.#settings.maxLoaded } },
        );
      }
      const made: Entry = {
        tenantId,
        domain,
        loading: this.#load(tenantId, domain).then(
          ({ book, version }) => {
            made.book = book;
            made.version = version;
          },
          (error: unknown) => {
            if (this.#entries.get(key) === made) this.#entries.delete(key);
            throw error;
          },
        ),
        book: undefined,
        version: 0,
        dirty: false,
        users: 0,
        failure: undefined,
        unsure: undefined,
      };
      entry = made;
    }
    // The one not used for longest comes first in the map.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  async #load(tenantId: string, domain: DomainSettings): Promise<{ book: DomainBook; version: number }> {
    let record;
    try {
      record = await this.#store.get({ tenantId, collection: BANDIT_COLLECTION, key: domain.name });
    } catch (cause) {
      throw new BanditError(
        'BANDIT_STATE_UNAVAILABLE',
        `What was learnt in "${domain.name}" cannot be read (${cause instanceof Error ? cause.message : String(cause)}). Try again when the store answers.`,
        { cause, details: { domain: domain.name } },
      );
    }
    const book = this.blank(tenantId, domain);
    if (record === undefined) return { book, version: 0 };
    try {
      book.restore(record.value);
      return { book, version: record.version };
    } catch (cause) {
      if (this.#settings.whenDeclarationChanged === 'start_over') {
        return { book: this.blank(tenantId, domain), version: record.version };
      }
      throw new BanditError(
        'BANDIT_STATE_INVALID',
        `What was learnt in "${domain.name}" does not fit: ${cause instanceof Error ? cause.message : String(cause)} ` +
          'Restore the declaration, delete the record, or set whenDeclarationChanged to "start_over".',
        { cause, details: { domain: domain.name, collection: BANDIT_COLLECTION } },
      );
    }
  }
}

/** The book as it is now: while it was read somebody may have put another in its place. */
async function bookOf(entry: Entry): Promise<DomainBook> {
  if (entry.book === undefined) await entry.loading;
  return entry.book as DomainBook;
}
