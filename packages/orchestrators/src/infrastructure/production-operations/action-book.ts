import { StateError, type StateRecord, type StateStore } from '../../state/index.js';
import type { LearntActions } from './action-learning.js';
import { type ActionRecord, BookDraft, EMPTY_BOOK, type StoredBook } from './book-draft.js';
import { OperationsError } from './operations-error.js';

export type { ActionRecord } from './book-draft.js';

const PLACE = { tenantId: '_shared', collection: 'production_operations.book', key: 'book' } as const;
const MAX_CONFLICTS = 20;

/**
 * Actions and what was learnt from them; kept in the state store. Changes are made one after the other, and on what another
 * process has written meanwhile: none is lost, and no action is begun by two.
 */
export class ActionBook {
  readonly #store: StateStore;
  readonly #maxHistory: number;
  #book = EMPTY_BOOK;
  #version = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: StateStore, maxHistory: number) {
    this.#store = store;
    this.#maxHistory = maxHistory;
  }

  /** Reads what was kept. An action that ran when the process ended counts as failed: nobody knows how far it came. */
  async load(now: number): Promise<void> {
    await this.refresh();
    this.#book = {
      ...this.#book,
      actions: this.#book.actions.map((each) =>
        each.state === 'running'
          ? { ...each, state: 'failed', endedAt: now, message: 'The process ended while it ran.' }
          : each,
      ),
    };
  }

  /** Reads what another process has written, if one has. */
  async refresh(): Promise<void> {
    const found = await this.#store.get<unknown>(PLACE);
    if (found === undefined || found.version === this.#version) return;
    this.#book = readBook(found);
    this.#version = found.version;
  }

  get actions(): readonly ActionRecord[] {
    return this.#book.actions;
  }

  get learnt(): LearntActions {
    return this.#book.learnt;
  }

  get maintenance(): StoredBook['maintenance'] {
    return this.#book.maintenance;
  }

  /**
   * Makes a change, and stores it. What it is called with is the newest there is; it may be called again where another
   * process was first.
   *
   * @param mustStand whether the change stands in memory even where it cannot be stored, because it tells what has happened
   */
  change<T>(change: (draft: BookDraft) => T, mustStand = false): Promise<T> {
    const made = this.#last.then(() => this.#change(change, mustStand));
    this.#last = made.catch(() => undefined);
    return made;
  }

  async #change<T>(change: (draft: BookDraft) => T, mustStand: boolean): Promise<T> {
    for (let conflicts = 0; ; conflicts += 1) {
      const draft = new BookDraft(this.#book, this.#maxHistory);
      const result = change(draft);
      const next = draft.stored;
      try {
        const { version } = await this.#store.put(PLACE, next, { ifVersion: this.#version });
        this.#version = version;
        this.#book = next;
        return result;
      } catch (thrown) {
        const isConflict = thrown instanceof StateError && thrown.code === 'STATE_CONFLICT';
        if (!isConflict || conflicts >= MAX_CONFLICTS) {
          if (mustStand) this.#book = next;
          throw thrown;
        }
        const found = await this.#store.get<unknown>(PLACE);
        this.#version = found?.version ?? 0;
        if (found !== undefined) this.#book = readBook(found);
      }
    }
  }
}

/** @throws OperationsError `OPERATIONS_RECORD_UNREADABLE` */
function readBook({ value }: StateRecord): StoredBook {
  const unreadable = (what: string): OperationsError =>
    new OperationsError(
      'OPERATIONS_RECORD_UNREADABLE',
      `The book of actions ${what}. Run the version that wrote it, or delete the record "${PLACE.key}" of "${PLACE.collection}".`,
    );
  if (typeof value !== 'object' || value === null) throw unreadable('is no record');
  const book = value as Partial<StoredBook>;
  if (book.formatVersion !== 1) {
    throw unreadable(`has format ${JSON.stringify(book.formatVersion)}, this version reads format 1`);
  }
  const { learnt, numbered } = book;
  const actions: unknown = book.actions;
  const isWhole =
    Array.isArray(actions) &&
    actions.every(isRecord) &&
    typeof learnt === 'object' &&
    (learnt as unknown) !== null &&
    Number.isSafeInteger(numbered);
  if (!isWhole) throw unreadable('is damaged');
  return book as StoredBook;
}

function isRecord(value: unknown): value is ActionRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { id, tenantId, signature, action } = value as Partial<ActionRecord>;
  return [id, tenantId, signature].every((each) => typeof each === 'string') && typeof action === 'object';
}
