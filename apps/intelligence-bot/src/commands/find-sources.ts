import { stat } from 'node:fs/promises';
import { basename, relative, resolve } from 'node:path';
import { STDIN_URI } from '../adapters/stream-content.js';
import { UsageError } from '../complaint.js';
import { fileKind } from '../folder-files.js';

/** A source as somebody wrote it, and what the bot is asked for. */
export type FoundSource =
  | { readonly kind: 'content'; readonly uri: string }
  /** A file that says something of the folder it is in; it is content only where it is named itself. */
  | { readonly kind: 'passedOver'; readonly uri: string }
  /** A briefing that `--out` has written; it, too, is content only where it is named itself. */
  | { readonly kind: 'ownOutput'; readonly uri: string }
  | { readonly kind: 'problem'; readonly uri: string; readonly message: string; readonly code: string };

// At least two letters: a single one is a drive of Windows.
const URL_LIKE = /^[a-z][a-z0-9+.-]+:/i;

/**
 * Files, folders and URLs as absolute paths and URLs; a folder is the content files in it, but for those that describe it and
 * for briefings that `--out` has written. What cannot be listed is told in the place of its files.
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
  const content = new Set(found.flatMap(({ kind, uri }) => (kind === 'content' ? [uri] : [])));
  const seen = new Set<string>();
  return found.filter(({ kind, uri }) => {
    const isLeftOut = kind === 'passedOver' || kind === 'ownOutput';
    if (seen.has(uri) || (isLeftOut && content.has(uri))) return false;
    seen.add(uri);
    return true;
  });
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
    const listed = files.map((uri): FoundSource => ({ kind: fileKind(basename(uri)), uri }));
    if (listed.some(({ kind }) => kind === 'content')) return listed;
    const message = `The folder "${shownPath(path, baseFolder)}" holds no content files. Name a folder with files that end in ${CONTENT_EXTENSIONS.join(', ')}.`;
    return [...listed, { kind: 'problem', uri: path, message, code: 'FOLDER_EMPTY' }];
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
