import type { RawContent } from '@kapelle/orchestrators';
import { constants, type Dirent } from 'node:fs';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';

import { SourceError, tooLarge } from './source-error.js';

/** Endings of files that hold content, lower case. */
export const CONTENT_EXTENSIONS = [
  ...['.vtt', '.srt', '.txt', '.text', '.md', '.markdown', '.html', '.htm', '.xhtml'],
  ...['.json', '.xml', '.rss', '.atom'],
] as const;

const CHUNK_BYTES = 256 * 1024;

/**
 * Reads one file.
 *
 * @param path relative ones count from the working folder
 * @param maxBytes largest size; a file of exactly this size is taken
 * @throws {@link SourceError}
 */
export async function readContentFile(
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<RawContent> {
  const uri = resolve(path);
  let handle: FileHandle | undefined;
  try {
    // Without blocking: opening a pipe would otherwise wait for somebody to write into it.
    handle = await open(uri, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await handle.stat();
    if (stats.isDirectory()) throw isFolder(uri);
    if (!stats.isFile()) throw notReadable(uri, 'it is a device or a pipe, not a file');
    if (stats.size > maxBytes) throw tooLarge(`"${uri}"`, maxBytes, `has ${String(stats.size)} bytes`);
    return { uri, name: basename(uri), bytes: await readAll(handle, uri, maxBytes, signal) };
  } catch (error) {
    signal.throwIfAborted();
    throw toSourceError(error, uri);
  } finally {
    await handle?.close();
  }
}

/** The size a file tells is only a hint: it may grow while it is read. */
async function readAll(
  handle: FileHandle,
  uri: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let size = 0; ;) {
    signal.throwIfAborted();
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES);
    if (bytesRead === 0) return Buffer.concat(chunks, size);
    size += bytesRead;
    if (size > maxBytes) throw tooLarge(`"${uri}"`, maxBytes, 'is larger');
    chunks.push(chunk.subarray(0, bytesRead));
  }
}

export interface ContentFolderOptions {
  /**
   * The most files; with more the call is refused, so that none is left out unnoticed.
   *
   * @default 1000
   */
  readonly maxFiles?: number;
  readonly signal?: AbortSignal;
}

/**
 * Absolute paths of the content files in a folder and the folders below it, in code-point order. Left out are
 * hidden ones (names beginning with a dot), other endings than {@link CONTENT_EXTENSIONS}, and links to folders,
 * which may lead in circles.
 *
 * @throws {@link SourceError}
 */
export async function listContentFiles(
  folder: string,
  options: ContentFolderOptions = {},
): Promise<string[]> {
  const { maxFiles = 1_000, signal } = options;
  const root = resolve(folder);
  const files: string[] = [];
  const folders = [root];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    signal?.throwIfAborted();
    for (const entry of await entriesOf(next)) {
      const path = join(next, entry.name);
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) folders.push(path);
      else if (await isContentFile(entry, path)) files.push(path);
      if (files.length > maxFiles) {
        throw new SourceError(
          'SOURCE_TOO_LARGE',
          `"${root}" holds more than ${String(maxFiles)} content files. Name a smaller folder, or its folders one by one.`,
        );
      }
    }
  }
  return files.sort((a, b) => (a < b ? -1 : 1));
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw toSourceError(error, folder);
  }
}

async function isContentFile(entry: Dirent, path: string): Promise<boolean> {
  if (!CONTENT_EXTENSIONS.some((extension) => extension === extname(entry.name).toLowerCase())) return false;
  if (!entry.isSymbolicLink()) return entry.isFile();
  try {
    return (await stat(path)).isFile();
  } catch {
    // A link that leads nowhere is not content.
    return false;
  }
}

function toSourceError(error: unknown, path: string): SourceError {
  if (error instanceof SourceError) return error;
  const code = typeof error === 'object' && error !== null ? String(Reflect.get(error, 'code')) : '';
  switch (code) {
    case 'ENOENT':
      return new SourceError('SOURCE_NOT_FOUND', `There is no "${path}". Check the spelling of the path.`, {
        cause: error,
      });
    case 'EISDIR':
      return isFolder(path);
    case 'ENOTDIR':
      return notReadable(path, 'a part of the path is a file, not a folder', error);
    case 'EACCES':
    case 'EPERM':
      return notReadable(path, 'this user has no permission', error);
    default:
      return notReadable(path, String(error), error);
  }
}

function isFolder(path: string): SourceError {
  return new SourceError(
    'SOURCE_IS_FOLDER',
    `"${path}" is a folder. Name a file in it, or list its files first.`,
  );
}

function notReadable(path: string, reason: string, cause?: unknown): SourceError {
  return new SourceError(
    'SOURCE_NOT_READABLE',
    `"${path}" cannot be read: ${reason}. Check the path and its permissions.`,
    cause === undefined ? {} : { cause },
  );
}
