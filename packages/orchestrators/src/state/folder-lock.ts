import { randomUUID } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { errorCode } from './file-failure.js';
import { StateError } from './state-error.js';

/** Who has a folder. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process was started, in the system's own count; left out where the system does not tell. */
  readonly started?: string;
  readonly token: string;
}

const LOCK_FILE = 'lock';
const ATTEMPTS = 8;

/**
 * Keeps a second process out of a folder. The lock of a process that no longer runs is taken over, also where its
 * number was given to another process since (told by the time of the start, on Linux).
 *
 * A lock of another computer is only recognised as left over where no process here has its number: a folder that
 * several computers can reach needs a database instead.
 */
export class FolderLock {
  readonly #file: string;
  readonly #token: string;

  private constructor(file: string, token: string) {
    this.#file = file;
    this.#token = token;
  }

  /** @throws StateError `STATE_LOCKED` */
  static async take(folder: string): Promise<FolderLock> {
    const file = join(folder, LOCK_FILE);
    const token = randomUUID();
    const started = await startOf(process.pid);
    const owner: Owner = {
      pid: process.pid,
      host: hostname(),
      ...(started === undefined ? {} : { started }),
      token,
    };
    const made = `${file}.${token}`;
    await writeThrough(made, JSON.stringify(owner));
    try {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
        if (await linked(made, file)) return new FolderLock(file, token);
        const found = await readOwner(file);
        if (found === 'gone') continue;
        if (found !== 'unreadable' && (await isRunning(found))) throw isTaken(file, found);
        await removeStale(file, found, made);
      }
    } finally {
      await rm(made, { force: true });
    }
    throw new StateError(
      'STATE_LOCKED',
      `Several processes want "${folder}" at once. Try again in a moment.`,
    );
  }

  /** Gives the folder back. Leaves the lock of anybody else alone. */
  async release(): Promise<void> {
    if (tokenOf(await readOwner(this.#file)) === this.#token) await rm(this.#file, { force: true });
  }
}

function isTaken(file: string, { pid, host }: Owner): StateError {
  return new StateError(
    'STATE_LOCKED',
    `The state in "${dirname(file)}" is in use by process ${String(pid)} of "${host}". ` +
      `Stop that process, or choose another folder; if it is gone, delete "${file}".`,
  );
}

/**
 * Removes the lock of a process that is gone. Only who holds the guard of that very lock may, and looks again
 * under the guard: otherwise the new lock of somebody faster would be removed.
 */
async function removeStale(file: string, stale: Owner | 'unreadable', made: string): Promise<void> {
  const guard = `${file}.${tokenOf(stale) ?? 'unreadable'}.guard`;
  if (!(await linked(made, guard))) {
    const other = await readOwner(guard);
    // Left by a process that was ended in this very moment.
    if (other === 'unreadable' || (other !== 'gone' && !(await isRunning(other))))
      await rm(guard, { force: true });
    return;
  }
  try {
    const again = await readOwner(file);
    if (again !== 'gone' && tokenOf(again) === tokenOf(stale)) await rm(file, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

/** A link is made whole or not at all, so that nobody reads half a lock. */
async function linked(made: string, file: string): Promise<boolean> {
  try {
    await link(made, file);
    return true;
  } catch (thrown) {
    if (errorCode(thrown) !== 'EEXIST') throw thrown;
    return false;
  }
}

const tokenOf = (owner: Owner | 'gone' | 'unreadable'): string | undefined =>
  typeof owner === 'object' ? owner.token : undefined;

/** `unreadable` for a file that is no lock; a crash of the machine may leave an empty one. */
async function readOwner(file: string): Promise<Owner | 'gone' | 'unreadable'> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return 'gone';
    throw thrown;
  }
  try {
    const owner = JSON.parse(text) as Partial<Owner> | null;
    const isOwner = Number.isSafeInteger(owner?.pid) && /^[\w-]{1,64}$/.test(String(owner?.token));
    return isOwner ? (owner as Owner) : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

async function isRunning({ pid, started }: Owner): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    // Not allowed to ask means that there is one.
    if (errorCode(thrown) !== 'EPERM') return false;
  }
  const now = await startOf(pid);
  return started === undefined || now === undefined || now === started;
}

/** When a process was started, in ticks since the boot, with the boot's own name; Linux only. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${String(pid)}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // The name of the program stands in parentheses and may hold anything; the 22nd field is the 20th after it.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return ticks === undefined ? undefined : `${boot.trim()}/${ticks}`;
  } catch {
    return undefined;
  }
}

async function writeThrough(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
