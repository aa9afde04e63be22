import { parseFeed as parse } from 'feedsmith';

import type { ParseWarning } from '../../model.js';
import { ContentError } from '../content-error.js';
import type { Draft, DraftSegment, Source } from '../draft.js';
import { present } from '../draft.js';
import { proseBlocks } from '../markup/prose-blocks.js';
import { markupTokens } from '../markup/tokens.js';
import { isoDate } from '../metadata/iso-date.js';
import { segmentBlocks, type Block } from '../prose/blocks.js';
import { cleanText } from '../prose/clean.js';
import { decodeEntities } from '../prose/entities.js';
import { feedXml, upToLastItem } from './feed-xml.js';
import { htmlBlocks } from './html.js';
import { textBlocks } from './plain-text.js';

/** Items of a feed that are read; further ones are counted in a warning. */
const MAX_ITEMS = 500;
const MARKUP = /<[a-z/!]/iu;

/** What programs write below every item: where it appeared first, a link to it, who sent it in. */
const CLOSING =
  /^\P{L}{0,5}(?:The post .{1,300} (?:appeared first|first appeared) on .{1,200}|(?:permalink|permanent link|read more(?: of this story at .{1,60})?|continue reading|read the (?:rest|full article|full story)|comments?)(?:\P{L}{0,10}|\s[^.!?]{1,80}[→»…])|submitted by.{1,80}\[link\]\s*\[(?:\d+ )?comments?\])$/iu;
const MAX_CLOSING = 700;

/** Characters of an item that has no title which are shown as one. */
const MAX_OPENING = 80;
/** The first half of a character that was cut in two. */
const LONE_HALF = /[\ud800-\udbff]$/u;

type Fields = Readonly<Record<string, unknown>>;

/**
 * An RSS, Atom, RDF or JSON feed: its title, and a draft for each item that has something to read. Entities that the
 * feed declares itself are not expanded and nothing is loaded; a feed that was cut off gives its whole items.
 *
 * @throws {@link ContentError} `CONTENT_MALFORMED` for what is no feed or has no items
 */
export function parseFeed(source: Source): {
  readonly title: string | undefined;
  readonly drafts: readonly Draft[];
} {
  const feed = read(source);
  const items = listOf(feed, 'items', 'entries');
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
    const segments = segmentBlocks(withoutClosing(bodyOf(item, source)), source.warnings);
    if (segments.length === 0) {
      source.warnings.add(
        'ITEM_WITHOUT_TEXT',
        `Item ${index + 1}${title === undefined ? '' : ` "${title.slice(0, 80)}"`} has no text and was left out.`,
      );
      return;
    }
    const seconds = fieldsOf(item['itunes'])['duration'];
    const isLength = typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0;
    drafts.push({
      format: 'feed',
      segments,
      ...present({
        title: title ?? opening(segments),
        uri: linkOf(item, feed, source.uri),
        warnings: transcriptNotRead(item),
        author: authorOf(item) ?? authorOf(feed),
        publishedAt: dateOf(item),
        language: languageOf(item) ?? languageOf(feed),
        durationMs: isLength ? Math.round(seconds * 1_000) : undefined,
      }),
    });
  });
  return { title: text(feed['title']), drafts };
}

function read(source: Source): Fields {
  const { xml, declaresEntities } = feedXml(source.text);
  if (declaresEntities)
    source.warnings.add(
      'ENTITIES_NOT_EXPANDED',
      'The feed declares entities of its own; they were left as they are written.',
    );
  try {
    return parse(xml).feed;
  } catch (cause) {
    const whole = upToLastItem(xml);
    if (whole !== undefined) {
      try {
        const feed = parse(whole).feed as Fields;
        source.warnings.add(
          'FEED_CUT_OFF',
          'The feed is cut off or broken; only the items before that place were read.',
        );
        return feed;
      } catch {
        // The break is not at the end: the first failure is the one to tell.
      }
    }
    throw new ContentError(
      'CONTENT_MALFORMED',
      `${source.name} looks like a feed, but cannot be read as one: ${cause instanceof Error ? cause.message : 'unknown error'}.`,
      'Check it with a feed validator.',
      { cause },
    );
  }
}

/** The fullest text an item has. */
function bodyOf(item: Fields, source: Source): readonly Block[] {
  const itunes = fieldsOf(item['itunes']);
  const content = fieldsOf(item['content']);
  const candidates = [
    item['content'],
    content['encoded'],
    content['value'],
    item['content_html'],
    item['description'],
    fieldsOf(item['description'])['value'],
    item['summary'],
    fieldsOf(item['summary'])['value'],
    itunes['summary'],
    itunes['subtitle'],
    fieldsOf(item['media'])['description'],
    fieldsOf(fieldsOf(item['media'])['description'])['value'],
    item['content_text'],
  ].filter((each): each is string => typeof each === 'string');
  const fullest = candidates.reduce((longest, each) => (each.length > longest.length ? each : longest), '');
  if (fullest === item['content_text']) return textBlocks(fullest);
  if (MARKUP.test(fullest)) return htmlBlocks(fullest, source.warnings);
  // What is escaped twice comes out of the XML with references, and mark-up, still in it.
  const plain = decodeEntities(fullest);
  return /^\s*</u.test(plain) && MARKUP.test(plain) ? htmlBlocks(plain, source.warnings) : textBlocks(plain);
}

/** What an item without a title, as short posts are, is called by: a heading in it, else its first words. */
function opening(segments: readonly DraftSegment[]): string | undefined {
  const [first] = segments;
  if (first === undefined || first.kind === 'heading' || first.text.length <= MAX_OPENING) return first?.text;
  const cut = first.text.slice(0, MAX_OPENING);
  const end = cut.lastIndexOf(' ');
  return `${cut
    .slice(0, end > MAX_OPENING / 2 ? end : undefined)
    .replace(LONE_HALF, '')
    .replace(/[\s,;:–—-]+$/u, '')}…`;
}

/** Leaves out the lines at the end of an item that lead back to its page. */
function withoutClosing(blocks: readonly Block[]): readonly Block[] {
  let end = blocks.length;
  while (end > 1 && CLOSING.test((blocks[end - 1]?.text ?? '').slice(0, MAX_CLOSING))) end -= 1;
  return blocks.slice(0, end);
}

/** Nothing is loaded here, and the notes to an episode are not what was said in it. */
function transcriptNotRead(item: Fields): readonly ParseWarning[] | undefined {
  const [url] = listOf(fieldsOf(item['podcast']), 'transcripts').flatMap((one) => text(one['url']) ?? []);
  if (url === undefined) return undefined;
  const message = `Only what the feed says of the episode was read, not its transcript. Analyse the transcript at ${url.slice(0, 300)}`;
  return [{ code: 'TRANSCRIPT_NOT_READ', message }];
}

function linkOf(item: Fields, feed: Fields, uri: string): string | undefined {
  const links = listOf(item, 'links');
  const alternate = links.find(({ rel }) => rel === undefined || rel === 'alternate') ?? links[0];
  const guid = fieldsOf(item['guid']);
  const permalink = guid['isPermaLink'] === false ? undefined : text(guid['value']);
  const link =
    text(item['link']) ??
    text(item['url']) ??
    text(item['external_url']) ??
    text(alternate?.['href']) ??
    (permalink !== undefined && /^https?:/iu.test(permalink) ? permalink : undefined);
  if (link === undefined) return undefined;
  const home = text(feed['link']) ?? text(feed['home_page_url']) ?? text(listOf(feed, 'links')[0]?.['href']);
  const bases = [text(fieldsOf(item['xml'])['base']), text(fieldsOf(feed['xml'])['base']), home, uri];
  return resolved(link, bases);
}

/** A link in full, against the first base that is one in full itself or with the help of those after it. */
function resolved(link: string, bases: readonly (string | undefined)[]): string | undefined {
  const base = bases.reduceRight<string | undefined>(
    (outer, inner) => urlOf(inner, outer) ?? outer,
    undefined,
  );
  const url = urlOf(link, base);
  return url !== undefined && /^https?:/iu.test(url) ? url : undefined;
}

function urlOf(link: string | undefined, base: string | undefined): string | undefined {
  if (link === undefined) return undefined;
  try {
    return base === undefined ? new URL(link).href : new URL(link, base).href;
  } catch {
    return undefined;
  }
}

function authorOf(of: Fields): string | undefined {
  const [author] = [of['authors'] ?? of['author']].flat() as readonly unknown[];
  const dc = fieldsOf(of['dc']);
  const [creator] = [dc['creators'] ?? dc['creator']].flat() as readonly unknown[];
  return (
    text(author) ??
    text(fieldsOf(author)['name']) ??
    text(creator) ??
    text(fieldsOf(of['itunes'])['author']) ??
    text(fieldsOf(of['managingEditor'])['name'])
  );
}

function dateOf(item: Fields): string | undefined {
  const dc = fieldsOf(item['dc']);
  const [day] = [dc['dates'] ?? dc['date']].flat() as readonly unknown[];
  return [
    item['pubDate'],
    item['published'],
    item['date_published'],
    day,
    item['updated'],
    item['date_modified'],
  ]
    .map((each) => isoDate(text(each) ?? ''))
    .find((date) => date !== undefined);
}

function languageOf(of: Fields): string | undefined {
  const dc = fieldsOf(of['dc']);
  const [language] = [dc['languages'] ?? dc['language']].flat() as readonly unknown[];
  return text(of['language']) ?? text(language) ?? text(fieldsOf(of['xml'])['lang']);
}

function listOf(of: Fields, ...names: readonly string[]): readonly Fields[] {
  const list = names.map((name) => of[name]).find((value) => Array.isArray(value));
  return Array.isArray(list) ? (list as readonly unknown[]).map(fieldsOf) : [];
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** A line of text without tags; Atom says the kind of its texts beside them. */
function text(value: unknown): string | undefined {
  if (value instanceof Date) return value.toISOString();
  const { value: inner, type } = fieldsOf(value);
  const said = typeof value === 'string' ? value : inner;
  if (typeof said !== 'string') return undefined;
  const isHtml =
    type === 'html' || type === 'xhtml' || /<\/?(?:b|i|em|strong|span|a|p|br)\b[^<>]*>/iu.test(said);
  const plain = isHtml
    ? proseBlocks(markupTokens(said, 'html'), { withFurniture: true })
        .blocks.map((block) => block.text)
        .join(' ')
    : said;
  return cleanText(plain) || undefined;
}
