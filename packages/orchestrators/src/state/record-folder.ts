import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, fileFailure } from './file-failure.js';
import { FolderLock } from './folder-lock.js';
import { makeStateFolder } from './make-state-folder.js';
import { StateError } from './state-error.js';
import { readRecord, recordFileName, writeRecord, type FiledRecord } from './state-record-file.js';
import type { StateCollection, StateKey } from './state-store.js';

const RECORDS = 'records';
const DAMAGED = '.damaged';
const UNFINISHED = '.new';

/** The files of a {@link FileStateStore}, and which records they hold. Callers keep work on one record in order. */
export class RecordFolder {
  readonly #folder: string;
  readonly #lock: FolderLock;
  /** Versions by key, by collection. */
  readonly #versions = new Map<string, Map<string, number>>();
  readonly #damaged: string[] = [];

  private constructor(folder: string, lock: FolderLock) {
    this.#folder = folder;
    this.#lock = lock;
  }

  /** @throws StateError */
  static async open(folder: string): Promise<RecordFolder> {
    try {
      await makeStateFolder(join(folder, RECORDS));
      const lock = await FolderLock.take(folder);
      const opened = new RecordFolder(folder, lock);
      try {
        await opened.#load();
      } catch (thrown) {
        await lock.release();
        throw thrown;
      }
      return opened;
    } catch (thrown) {
      throw fileFailure(thrown, folder);
    }
  }

  get damaged(): readonly string[] {
    return [...this.#damaged];
  }

  keysOf(of: StateCollection): Iterable<string> {
    return this.#versions.get(nameOf(of))?.keys() ?? [];
  }

  /** 0 where there is none. */
  versionOf(at: StateKey): number {
    return this.#versions.get(nameOf(at))?.get(at.key) ?? 0;
  }

  /** @throws StateError `STATE_CORRUPT` where somebody changed the file since it was opened; it is put aside */
  async read(at: StateKey): Promise<FiledRecord | undefined> {
    if (this.versionOf(at) === 0) return undefined;
    const file = this.#fileOf(at);
    return this.#guarded(async () => {
      let text: string;
      try {
        text = await readFile(file, 'utf8');
      } catch (thrown) {
        if (errorCode(thrown) !== 'ENOENT') throw thrown;
        // Somebody deleted the file by hand.
        this.#forget(at);
        return undefined;
      }
      const record = readRecord(text, file);
      if (record !== undefined) return record;
      this.#forget(at);
      await this.#putAside(file);
      throw new StateError(
        'STATE_CORRUPT',
        `The record "${at.key}" of "${at.collection}" was damaged from outside; its file was renamed to ` +
          `"${file}${DAMAGED}". Put back a copy from a backup, or go on without it.`,
      );
    });
  }

  async write(record: FiledRecord): Promise<void> {
    const file = this.#fileOf(record);
    await this.#guarded(async () => {
      const folder = dirname(file);
      if (await makeStateFolder(folder)) await flush(dirname(folder));
      const handle = await open(`${file}${UNFINISHED}`, 'w');
      try {
        await handle.writeFile(writeRecord(record));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(`${file}${UNFINISHED}`, file);
      await flush(folder);
    });
    this.#remember(record);
  }

  async remove(at: StateKey): Promise<boolean> {
    if (this.versionOf(at) === 0) return false;
    const file = this.#fileOf(at);
    await this.#guarded(async () => {
      await rm(file, { force: true });
      await flush(dirname(file));
    });
    this.#forget(at);
    return true;
  }

  async close(): Promise<void> {
    await this.#guarded(() => this.#lock.release());
  }

  async #load(): Promise<void> {
    const root = join(this.#folder, RECORDS);
    for (const shelf of await readdir(root, { withFileTypes: true })) {
      if (!shelf.isDirectory()) continue;
      for (const name of await readdir(join(root, shelf.name))) {
        const file = join(root, shelf.name, name);
        // Written when the process was ended: the record before it is still in its place.
        if (name.endsWith(UNFINISHED)) await rm(file, { force: true });
        else if (name.endsWith('.json')) await this.#loadRecord(file, `${shelf.name}/${name}`);
      }
    }
  }

  async #loadRecord(file: string, name: string): Promise<void> {
    const record = readRecord(await readFile(file, 'utf8'), file);
    // A file under another name would be found by a list, but not by its key.
    if (record !== undefined && recordFileName(record) === name) this.#remember(record);
    else await this.#putAside(file);
  }

  async #putAside(file: string): Promise<void> {
    await rename(file, `${file}${DAMAGED}`);
    this.#damaged.push(`${file}${DAMAGED}`);
  }

  #remember(record: FiledRecord): void {
    const name = nameOf(record);
    const versions = this.#versions.get(name) ?? new Map<string, number>();
    versions.set(record.key, record.version);
    this.#versions.set(name, versions);
  }

  #forget(at: StateKey): void {
    const versions = this.#versions.get(nameOf(at));
    versions?.delete(at.key);
    if (versions?.size === 0) this.#versions.delete(nameOf(at));
  }

  #fileOf(at: StateKey): string {
    return join(this.#folder, RECORDS, recordFileName(at));
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      throw fileFailure(thrown, this.#folder);
    }
  }
}

/** Makes names in a folder durable. Windows has no such thing, and needs none. */
async function flush(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    const code = errorCode(thrown);
    if (code !== 'EISDIR' && code !== 'EPERM' && code !== 'EINVAL') throw thrown;
  }
}

/** A collection's name has no line feed, and neither has a tenant's. */
function nameOf({ tenantId, collection }: StateCollection): string {
  return `${collection}\n${tenantId}`;
}
