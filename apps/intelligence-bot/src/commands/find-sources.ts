import { stat } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { STDIN_URI } from '../adapters/stream-content.js';
import { UsageError } from '../complaint.js';

/** A source as somebody wrote it, and what the bot is asked for. */
export type FoundSource =
  | { readonly kind: 'content'; readonly uri: string }
  | { readonly kind: 'problem'; readonly uri: string; readonly message: string; readonly code: string };

// At least two letters: a single one is a drive of Windows.
const URL_LIKE = /^[a-z][a-z0-9+.-]+:/i;

/**
 * Files, folders and URLs as absolute paths and URLs; a folder is the content files in it. What cannot be listed
 * is told in the place of its files.
 */
export async function findSources(
  named: readonly string[],
  baseFolder: string,
  signal: AbortSignal,
): Promise<readonly FoundSource[]> {
  const found: FoundSource[] = [];
  for (const name of named) {
    if (name.trim() === '') throw new UsageError('The name of a source is empty. Write a path or a URL.');
    if (name === '-') found.push({ kind: 'content', uri: STDIN_URI });
    else if (URL_LIKE.test(name.trim())) found.push({ kind: 'content', uri: name.trim() });
    else found.push(...(await filesOf(resolve(baseFolder, name), baseFolder, signal)));
  }
  const seen = new Set<string>();
  return found.filter(({ uri }) => !seen.has(uri) && seen.add(uri));
}

async function filesOf(
  path: string,
  baseFolder: string,
  signal: AbortSignal,
): Promise<readonly FoundSource[]> {
  const stats = await stat(path).catch(() => undefined);
  // What is not there is for the content source to tell.
  if (stats?.isDirectory() !== true) return [{ kind: 'content', uri: path }];
  const { CONTENT_EXTENSIONS, listContentFiles } = await import('../adapters/file-content.js');
  try {
    const files = await listContentFiles(path, { signal });
    if (files.length > 0) return files.map((uri) => ({ kind: 'content', uri }));
    const message = `The folder "${shownPath(path, baseFolder)}" holds no content files. Name a folder with files that end in ${CONTENT_EXTENSIONS.join(', ')}.`;
    return [{ kind: 'problem', uri: path, message, code: 'FOLDER_EMPTY' }];
  } catch (error) {
    signal.throwIfAborted();
    const { message, code } = error as Error & { readonly code?: unknown };
    return [
      { kind: 'problem', uri: path, message, code: typeof code === 'string' ? code : 'SOURCE_NOT_READABLE' },
    ];
  }
}

/** A path as short as it can be written from the base folder; a URL as it is. */
export function shownPath(uri: string, baseFolder: string): string {
  if (uri === STDIN_URI) return 'standard input';
  if (URL_LIKE.test(uri)) return uri;
  const short = relative(baseFolder, uri);
  return short === '' ? '.' : short.startsWith('..') || short.length >= uri.length ? uri : short;
}
