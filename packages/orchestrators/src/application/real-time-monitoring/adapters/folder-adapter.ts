import { createHash } from 'node:crypto';
import { createReadStream, type Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, extname, isAbsolute, join, normalize, sep } from 'node:path';
import { MonitoringError } from '../monitoring-error.js';
import type { FoundItem, SourceAdapter, SourceFindings, SourceLook } from '../source-adapter.js';

/** Endings of files that hold content, in lower case. */
const EXTENSIONS: ReadonlySet<string> = new Set([
  ...[
    '.vtt',
    '.srt',
    '.txt',
    '.text',
    '.md',
    '.markdown',
    '.html',
    '.htm',
    '.xhtml',
    '.json',
    '.xml',
    '.rss',
    '.atom',
  ],
]);
/** Files of one folder, with all below it. */
const MAX_FILES = 2_000;
/** Larger ones are passed over, in bytes. */
const MAX_FILE_BYTES = 20 * 1024 * 1024;
/** A file that was written to within so many ms may not be finished. */
const SETTLE_MS = 2_000;

interface FileMark {
  readonly size: number;
  readonly mtimeMs: number;
  /** SHA-256 of the content; empty while the file may still be written to. */
  readonly hash: string;
}

/**
 * A folder with all below it: each new content of a file is an item. Files are recognised by size and time, and read only where
 * these differ; one that was touched without a change is none. Hidden files and links are left alone. Only folders below the
 * given ones may be watched.
 */
export class FolderAdapter implements SourceAdapter {
  readonly kind = 'folder';
  readonly #roots: readonly string[];
  readonly #passOver: (path: string) => boolean;

  /**
   * @param passOver files that are no content
   * @throws TypeError for a root that is not absolute
   */
  constructor(roots: readonly string[], passOver: (path: string) => boolean) {
    for (const root of roots) {
      if (!isAbsolute(root)) throw new TypeError(`folders must be absolute paths, got "${root}"`);
    }
    this.#roots = roots;
    this.#passOver = passOver;
  }

  checkTarget(target: string): string {
    if (!isAbsolute(target)) {
      throw new MonitoringError(
        'MONITOR_TARGET_INVALID',
        `"${target.slice(0, 200)}" is no absolute path. Give the path of the folder from the root on.`,
      );
    }
    const path = normalize(target);
    const folder = path.length > 1 && path.endsWith(sep) ? path.slice(0, -1) : path;
    if (!this.#roots.some((root) => isWithin(folder, normalize(root)))) throw outside(folder);
    return folder;
  }

  async look({ target, cursor, signal, now }: SourceLook): Promise<SourceFindings> {
    const folder = await this.#realFolder(target);
    const before = marksOf(cursor);
    const after = new Map<string, FileMark>();
    const items: (FoundItem & { readonly mtimeMs: number })[] = [];
    let changed = false;
    for (const path of await contentFiles(folder, signal)) {
      signal.throwIfAborted();
      if (this.#passOver(path)) continue;
      const known = before.get(path);
      const mark = await markOf(path, known, now, signal);
      if (mark === undefined) continue;
      after.set(path, mark);
      if (mark.hash === '') continue;
      changed ||= mark.hash !== known?.hash;
      items.push({
        id: `${path}\n${mark.hash}`,
        uris: [path],
        revision: mark.hash,
        title: basename(path),
        mtimeMs: mark.mtimeMs,
      });
    }
    const newest = items
      .sort((a, b) => b.mtimeMs - a.mtimeMs)
      .map(({ mtimeMs, ...item }) => ({ ...item, publishedAt: new Date(mtimeMs).toISOString() }));
    return {
      items: changed ? newest : [],
      cursor: { files: Object.fromEntries(after) },
      unchanged: !changed,
    };
  }

  /** The folder itself, not what a link in its path leads to elsewhere. */
  async #realFolder(target: string): Promise<string> {
    let folder: string;
    try {
      folder = await realpath(target);
      if (!(await stat(folder)).isDirectory()) throw new Error('it is no folder');
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new MonitoringError(
        'MONITOR_SOURCE_UNREADABLE',
        `The folder "${target}" cannot be read (${why}). Check that it is there and may be read.`,
        { cause },
      );
    }
    const roots = await Promise.all(this.#roots.map((root) => realpath(root).catch(() => root)));
    if (!roots.some((root) => isWithin(folder, root))) throw outside(target);
    return folder;
  }
}

async function contentFiles(folder: string, signal: AbortSignal): Promise<readonly string[]> {
  const files: string[] = [];
  const folders = [folder];
  for (let at = 0; at < folders.length; at += 1) {
    signal.throwIfAborted();
    const parent = folders[at] ?? folder;
    let entries: Dirent[];
    try {
      entries = await readdir(parent, { withFileTypes: true });
    } catch (error) {
      // One below may have gone meanwhile.
      if (at > 0) continue;
      throw error;
    }
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.')) continue;
      const path = join(parent, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile() && EXTENSIONS.has(extname(entry.name).toLowerCase())) files.push(path);
      if (files.length > MAX_FILES || folders.length > MAX_FILES) {
        throw new MonitoringError(
          'MONITOR_SOURCE_UNREADABLE',
          `"${folder}" holds more than ${MAX_FILES} content files or folders. Watch the folders below it one by one.`,
        );
      }
    }
  }
  return files;
}

async function markOf(
  path: string,
  known: FileMark | undefined,
  now: number,
  signal: AbortSignal,
): Promise<FileMark | undefined> {
  const before = await stat(path).catch(() => undefined);
  if (before === undefined || !before.isFile() || before.size > MAX_FILE_BYTES || before.size === 0)
    return undefined;
  const { size, mtimeMs } = before;
  const isAsBefore = known?.size === size && known.mtimeMs === mtimeMs;
  if (isAsBefore && known.hash !== '') return known;
  if (!isAsBefore && now - mtimeMs < SETTLE_MS) return { size, mtimeMs, hash: '' };
  const hash = await fileHash(path, signal);
  const after = await stat(path).catch(() => undefined);
  if (after === undefined) return undefined;
  const isQuiet = after.size === size && after.mtimeMs === mtimeMs;
  return { size: after.size, mtimeMs: after.mtimeMs, hash: isQuiet ? hash : '' };
}

async function fileHash(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { signal })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function marksOf(cursor: unknown): ReadonlyMap<string, FileMark> {
  const files =
    typeof cursor === 'object' && cursor !== null
      ? (cursor as { readonly files?: unknown }).files
      : undefined;
  if (typeof files !== 'object' || files === null) return new Map();
  return new Map(Object.entries(files as Record<string, FileMark>));
}

function isWithin(folder: string, root: string): boolean {
  const base = root.endsWith(sep) ? root : `${root}${sep}`;
  return folder === root || `${folder}${sep}` === base || folder.startsWith(base);
}

function outside(folder: string): MonitoringError {
  return new MonitoringError(
    'MONITOR_TARGET_INVALID',
    `"${folder}" is not below a folder that may be watched. Add one above it to the option folders.`,
  );
}
