import type { HttpClient } from '../../../http/http-client.js';
import type { MonitoringSettings } from '../monitoring-options.js';
import type { SourceAdapter } from '../source-adapter.js';
import { FeedAdapter } from './feed-adapter.js';
import { FolderAdapter } from './folder-adapter.js';
import { PageAdapter } from './page-adapter.js';

const KIND = /^[a-z][a-z0-9_]{0,39}$/;

/**
 * The adapters by kind: those for which there is what they need, and the given ones, which come before them.
 *
 * @throws TypeError for a kind that no source can name, and for two of one kind
 */
export function sourceAdapters(
  http: HttpClient | undefined,
  { folders, passOver }: Pick<MonitoringSettings, 'folders' | 'passOver'>,
  given: readonly SourceAdapter[],
): ReadonlyMap<string, SourceAdapter> {
  const own: SourceAdapter[] =
    http === undefined
      ? []
      : [new FeedAdapter('feed', http), new FeedAdapter('podcast', http), new PageAdapter(http)];
  if (folders.length > 0) own.push(new FolderAdapter(folders, passOver));
  const adapters = new Map(own.map((adapter) => [adapter.kind, adapter]));
  const kinds = new Set<string>();
  for (const adapter of given) {
    const { kind } = adapter;
    if (!KIND.test(kind)) {
      throw new TypeError(
        `The kind of a source adapter must be lower-case letters, digits and "_", got "${kind}"`,
      );
    }
    if (kinds.has(kind)) throw new TypeError(`There are two source adapters of the kind "${kind}"`);
    kinds.add(kind);
    adapters.set(kind, adapter);
  }
  return adapters;
}
