import { StateError } from '../../state/index.js';
import type { SessionRecord } from './session-record.js';
import type { SessionStore } from './session-store.js';

/** What became of a session's record. */
export interface WriterEvents {
  /** Somebody else has changed it; nothing more is written. */
  onTaken(): void;
  /** It could not be written now. */
  onFailed(thrown: unknown): void;
  onWritten(): void;
}

/** Writes the record of a running session; changes made while it writes go together into the next write. */
export class SessionWriter {
  readonly #store: SessionStore;
  readonly #tenantId: string;
  readonly #record: SessionRecord;
  readonly #events: WriterEvents;
  #version: number;
  #writing: Promise<void> | undefined;
  #again = false;
  #isTaken = false;

  constructor(
    store: SessionStore,
    session: { readonly tenantId: string; readonly record: SessionRecord; readonly version: number },
    events: WriterEvents,
  ) {
    this.#store = store;
    this.#tenantId = session.tenantId;
    this.#record = session.record;
    this.#version = session.version;
    this.#events = events;
  }

  /** Resolves when everything that is so now was written, or could not be. Never rejects. */
  save(): Promise<void> {
    this.#again = true;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#again && !this.#isTaken) {
      this.#again = false;
      try {
        this.#version = await this.#store.put(this.#tenantId, this.#record, this.#version);
        this.#events.onWritten();
      } catch (thrown) {
        this.#isTaken = isConflict(thrown);
        if (this.#isTaken) this.#events.onTaken();
        else this.#events.onFailed(thrown);
      }
    }
  }
}

/** Whether a store refused a change because the record has changed meanwhile. */
export function isConflict(thrown: unknown): boolean {
  if (thrown instanceof StateError) return thrown.code === 'STATE_CONFLICT';
  return thrown instanceof Error && Reflect.get(thrown, 'code') === 'STATE_CONFLICT';
}
