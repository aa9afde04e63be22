import type { FoundItem } from './source-adapter.js';
import { type MonitoredSource, type RememberedError, shortHash } from './monitored-source.js';

/**
 * - `waiting`: to be analysed, for the first time or again
 * - `analysed`: there is a briefing
 * - `duplicate`: the same content as another item; the briefing is that one's
 * - `failed`: given up
 * - `noted`: there is no address to read it from
 */
export const ITEM_STATUSES = ['waiting', 'analysed', 'duplicate', 'failed', 'noted'] as const;
export type ItemStatus = (typeof ITEM_STATUSES)[number];

/** Something a source has brought, as it is stored. */
export interface MonitoredItem {
  readonly formatVersion: 1;
  /** The same for the same address and revision, whichever source brings it. */
  readonly key: string;
  readonly sourceId: string;
  /** Where it is read from; empty where there is no address. */
  readonly uri: string;
  /** Tried in turn where the one before cannot be analysed. */
  readonly otherUris: readonly string[];
  /** Which item of a feed that stands at `uri` itself, counted from 0; left out for the first one, and for what is no feed. */
  readonly part?: number;
  /** Items of that feed beyond those that are taken; of the first one. */
  readonly leftOut?: number;
  readonly title?: string;
  /** ISO 8601. */
  readonly publishedAt?: string;
  /** Epoch ms. */
  readonly foundAt: number;
  readonly status: ItemStatus;
  /** Analyses of the present address that failed. */
  readonly attempts: number;
  /** When it is to be analysed, epoch ms; of `waiting` alone. */
  readonly nextAttemptAt?: number;
  /** Epoch ms. */
  readonly finishedAt?: number;
  readonly briefingId?: string;
  readonly contentHash?: string;
  /** The fallback made the briefing, because a part of the analysis failed. */
  readonly reduced?: boolean;
  /** Of the last analysis, where it failed. */
  readonly error?: RememberedError;
}

const MAX_TITLE = 300;
const MAX_URIS = 4;
/** Items taken of one feed that is content itself, as a file in a folder. */
export const MAX_PARTS = 100;

/** The key of an item. Without an address it is known by its source and id. */
export function itemKeyOf(
  source: Pick<MonitoredSource, 'id'>,
  { id, uris, revision = '' }: FoundItem,
): string {
  const [uri] = uris;
  return shortHash(uri === undefined ? `${source.id}\n${id}` : `${uri}\n${revision}`);
}

/** The record of an item that was just found. */
export function newItem(source: Pick<MonitoredSource, 'id'>, found: FoundItem, now: number): MonitoredItem {
  const [uri, ...others] = found.uris;
  return {
    formatVersion: 1,
    key: itemKeyOf(source, found),
    sourceId: source.id,
    uri: uri ?? '',
    otherUris: others.slice(0, MAX_URIS - 1),
    ...(found.title === undefined ? {} : { title: found.title.slice(0, MAX_TITLE) }),
    ...(found.publishedAt === undefined ? {} : { publishedAt: found.publishedAt }),
    foundAt: now,
    attempts: 0,
    ...(uri === undefined ? { status: 'noted', finishedAt: now } : { status: 'waiting', nextAttemptAt: now }),
  };
}

/**
 * The records of the other items of a feed whose first item was analysed. What is new and what is not is found out by their contents:
 * where the feed changes, all of them are looked at again.
 *
 * @param items how many the feed has
 */
export function otherParts(first: MonitoredItem, items: number, now: number): readonly MonitoredItem[] {
  const { formatVersion, key, sourceId, uri, title, publishedAt } = first;
  return Array.from({ length: Math.max(0, Math.min(items, MAX_PARTS) - 1) }, (_, at): MonitoredItem => ({
    ...{ formatVersion, sourceId, uri, part: at + 1, otherUris: [] },
    key: shortHash(`${key}\n#${at + 1}`),
    ...(title === undefined ? {} : { title }),
    ...(publishedAt === undefined ? {} : { publishedAt }),
    ...{ foundAt: now, attempts: 0, status: 'waiting', nextAttemptAt: now },
  }));
}

/** The title of an item of a feed: that of the feed, and its own. */
export function partTitle({ title }: MonitoredItem, own: string | undefined): string | undefined {
  if (own === undefined || own === '') return title;
  return (title === undefined ? own : `${title}: ${own}`).slice(0, MAX_TITLE);
}
