import { parseFeed as parse } from 'feedsmith';

import { ContentError } from '../content-error.js';
import type { Draft, Source } from '../draft.js';
import { present } from '../draft.js';
import { isoDate } from '../metadata/iso-date.js';
import { segmentBlocks } from '../prose/blocks.js';
import { cleanText } from '../prose/clean.js';
import { htmlBlocks } from './html.js';

/** Items of a feed that are read; further ones are counted in a warning. */
const MAX_ITEMS = 500;

type Fields = Readonly<Record<string, unknown>>;

/** An RSS, Atom, RDF or JSON feed: its title, and a draft for each item that has something to read. */
export function parseFeed(source: Source): {
  readonly title: string | undefined;
  readonly drafts: readonly Draft[];
} {
  let feed: Fields;
  try {
    feed = parse(source.text).feed;
  } catch (cause) {
    throw new ContentError(
      'CONTENT_MALFORMED',
      `${source.name} looks like a feed, but cannot be read as one: ${cause instanceof Error ? cause.message : 'unknown error'}.`,
      'Check it with a feed validator.',
      { cause },
    );
  }
  const items = (feed['items'] ?? feed['entries'] ?? []) as readonly Fields[];
  if (items.length === 0)
    throw new ContentError(
      'CONTENT_MALFORMED',
      `The feed ${source.name} has no items.`,
      'Point to a feed with items.',
    );
  if (items.length > MAX_ITEMS)
    source.warnings.add('FEED_CUT', `Only the first ${MAX_ITEMS} of ${items.length} items were read.`);
  const drafts: Draft[] = [];
  items.slice(0, MAX_ITEMS).forEach((item, index) => {
    const title = text(item['title']);
    const segments = segmentBlocks(htmlBlocks(bodyOf(item)), source.warnings);
    if (segments.length === 0) {
      source.warnings.add(
        'ITEM_WITHOUT_TEXT',
        `Item ${index + 1}${title === undefined ? '' : ` "${title.slice(0, 80)}"`} has no text and was left out.`,
      );
      return;
    }
    const published =
      text(item['pubDate']) ??
      text(item['published']) ??
      text(item['date_published']) ??
      text(item['updated']);
    drafts.push({
      format: 'feed',
      segments,
      ...present({
        title,
        uri: linkOf(item),
        author: authorOf(item),
        publishedAt: isoDate(published ?? ''),
        language: text(feed['language']),
      }),
    });
  });
  return { title: text(feed['title']), drafts };
}

/** The fullest text an item has. */
function bodyOf(item: Fields): string {
  const content = item['content'] as Fields | string | undefined;
  const candidates = [
    typeof content === 'string' ? content : (content?.['encoded'] ?? content?.['value']),
    item['content_html'],
    item['content_text'],
    item['description'],
    typeof item['summary'] === 'string'
      ? item['summary']
      : (item['summary'] as Fields | undefined)?.['value'],
    (item['itunes'] as Fields | undefined)?.['summary'],
  ].filter((each): each is string => typeof each === 'string');
  return candidates.reduce((longest, each) => (each.length > longest.length ? each : longest), '');
}

function linkOf(item: Fields): string | undefined {
  const links = item['links'] as readonly Fields[] | undefined;
  return text(item['link']) ?? text(item['url']) ?? text(links?.[0]?.['href']);
}

function authorOf(item: Fields): string | undefined {
  const authors = item['authors'] as readonly (Fields | string)[] | undefined;
  const first = authors?.[0];
  return typeof first === 'string'
    ? text(first)
    : (text(first?.['name']) ?? text((item['dc'] as Fields | undefined)?.['creator']));
}

function text(value: unknown): string | undefined {
  const clean =
    typeof value === 'string' ? cleanText(value) : value instanceof Date ? value.toISOString() : '';
  return clean === '' ? undefined : clean;
}
