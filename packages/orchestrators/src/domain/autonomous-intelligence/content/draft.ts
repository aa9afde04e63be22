import type { ContentFormat, ParseWarning, Segment } from '../model.js';
import type { WarningLog } from './warning-log.js';

/** What every parser gets: decoded text with `\n` line ends and no byte order mark. */
export interface Source {
  readonly uri: string;
  readonly name: string;
  readonly text: string;
  readonly warnings: WarningLog;
}

/** A segment that does not know its place yet. */
export type DraftSegment = Omit<Segment, 'index'>;

/** What every parser returns: the parts that only the format knows. */
export interface Draft {
  readonly format: ContentFormat;
  readonly segments: readonly DraftSegment[];
  readonly uri?: string;
  readonly title?: string;
  readonly author?: string;
  /** ISO 8601. */
  readonly publishedAt?: string;
  /** Language tag as the source declares it, for example `en-US`. */
  readonly language?: string;
  readonly durationMs?: number;
  /** What concerns one item of a feed; what concerns a whole file is in {@link Source.warnings}. */
  readonly warnings?: readonly ParseWarning[];
}

/** Leaves out the keys without a value, so that they can be spread into a type with optional ones. */
export function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
