import { isoDate } from '../../../domain/autonomous-intelligence/content/metadata/iso-date.js';
import type { FoundItem } from '../source-adapter.js';

type Fields = Readonly<Record<string, unknown>>;

/** Types of transcripts that can be analysed, the best first (podcast namespace 1.0). */
const TRANSCRIPT_TYPES = [
  'text/vtt',
  'application/srt',
  'application/x-subrip',
  'text/srt',
  'application/json',
  'text/html',
  'text/plain',
];
/** Items of one feed that are looked at. */
export const MAX_FEED_ITEMS = 500;
const MAX_ID = 2_000;

/**
 * The items of a parsed feed, the newest first where they have dates, else as the feed has them. Only web addresses are taken
 * from it: a feed must not lead to a file of this machine.
 *
 * @param base the address of the feed, which relative ones count from
 * @param prefers `transcript`: where an item has transcripts, these come before its page
 */
export function feedItems(feed: Fields, base: string, prefers: 'page' | 'transcript'): readonly FoundItem[] {
  const home = urlOf(textOf(fieldsOf(feed['xml'])['base']), base) ?? base;
  const items = listOf(feed['items'] ?? feed['entries'])
    .slice(0, MAX_FEED_ITEMS)
    .flatMap((item) => itemOf(item, home, prefers, languageOf(feed)));
  const dated = items.map((item) => ({ item, at: Date.parse(item.publishedAt ?? '') }));
  if (dated.some(({ at }) => Number.isNaN(at))) return items;
  return dated.sort((a, b) => b.at - a.at).map(({ item }) => item);
}

function itemOf(
  item: Fields,
  base: string,
  prefers: 'page' | 'transcript',
  feedLanguage: string | undefined,
): FoundItem[] {
  const own = urlOf(textOf(fieldsOf(item['xml'])['base']), base) ?? base;
  const page = pageOf(item, own);
  const transcripts = transcriptsOf(item, own, languageOf(item) ?? feedLanguage);
  const uris = prefers === 'transcript' ? [...transcripts, ...page] : [...page, ...transcripts];
  const title = textOf(item['title']);
  const publishedAt = dateOf(item);
  const id =
    textOf(fieldsOf(item['guid'])['value']) ??
    textOf(item['guid']) ??
    textOf(item['id']) ??
    uris[0] ??
    [title, publishedAt].filter((part) => part !== undefined).join(' ');
  if (id === '') return [];
  return [
    {
      id: id.slice(0, MAX_ID),
      uris: [...new Set(uris)],
      ...(title === undefined ? {} : { title }),
      ...(publishedAt === undefined ? {} : { publishedAt }),
    },
  ];
}

function pageOf(item: Fields, base: string): readonly string[] {
  const links = listOf(item['links']);
  const alternate = links.find(({ rel }) => rel === undefined || rel === 'alternate');
  const guid = fieldsOf(item['guid']);
  const permalink = guid['isPermaLink'] === false ? undefined : textOf(guid['value']);
  const isAddress = permalink !== undefined && /^https?:\/\//iu.test(permalink);
  const link =
    textOf(item['link']) ??
    textOf(item['url']) ??
    textOf(item['external_url']) ??
    textOf(alternate?.['href']) ??
    (isAddress ? permalink : undefined);
  const url = urlOf(link, base);
  return url === undefined ? [] : [url];
}

/** Those in the language of the episode come before translations, and then the better types. */
function transcriptsOf(item: Fields, base: string, language: string | undefined): readonly string[] {
  const typeRank = ({ type }: Fields) => TRANSCRIPT_TYPES.indexOf((textOf(type) ?? '').toLowerCase());
  const isTranslation = (transcript: Fields) => {
    const own = languageOf(transcript);
    return own !== undefined && language !== undefined && own !== language;
  };
  return listOf(fieldsOf(item['podcast'])['transcripts'])
    .filter((transcript) => typeRank(transcript) >= 0)
    .sort((a, b) => Number(isTranslation(a)) - Number(isTranslation(b)) || typeRank(a) - typeRank(b))
    .flatMap((transcript) => urlOf(textOf(transcript['url']), base) ?? []);
}

/** The language without its region, in lower case. */
function languageOf(of: Fields): string | undefined {
  return (textOf(of['language']) ?? textOf(fieldsOf(of['xml'])['lang']))?.toLowerCase().split(/[-_]/u)[0];
}

function dateOf(item: Fields): string | undefined {
  const dates = [item['pubDate'], item['published'], item['date_published'], item['updated']];
  return [...dates, item['date_modified'], listOfAny(fieldsOf(item['dc'])['dates'])[0]]
    .map((date) => isoDate(textOf(date) ?? ''))
    .find((date) => date !== undefined);
}

/** A web address in full. */
function urlOf(link: string | undefined, base: string): string | undefined {
  if (link === undefined || !URL.canParse(link, base)) return undefined;
  const url = new URL(link, base);
  url.hash = '';
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
}

function listOfAny(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function listOf(value: unknown): readonly Fields[] {
  return listOfAny(value).map(fieldsOf);
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** A line of text; Atom says the kind of its texts beside them. */
function textOf(value: unknown): string | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  const said = typeof value === 'string' ? value : fieldsOf(value)['value'];
  if (typeof said !== 'string') return undefined;
  const line = said.slice(0, 10_000).replace(/\s+/gu, ' ').trim();
  return line === '' ? undefined : line;
}
