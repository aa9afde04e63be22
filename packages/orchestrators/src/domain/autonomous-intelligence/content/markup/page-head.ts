import { isoDate } from '../metadata/iso-date.js';
import { cleanText } from '../prose/clean.js';
import { pageTitle } from './page-title.js';
import { attributesOf, type MarkupToken } from './tokens.js';

/** What a page says about itself. */
export interface PageHead {
  readonly title?: string | undefined;
  readonly author?: string | undefined;
  /** ISO 8601. */
  readonly publishedAt?: string | undefined;
  readonly language?: string | undefined;
}

/** Longest block of JSON-LD that is read, in characters, and the number of its values that are looked at. */
const MAX_JSON_LD = 262_144;
const MAX_VALUES = 2_000;
/** Blocks of JSON-LD that are read. */
const MAX_JSON_LD_BLOCKS = 20;
const ARTICLE = /(?:Article|BlogPosting|Posting|Report|Episode|Speech|WebPage|CreativeWork|Review)$/u;
const BY_LINE_CLASS = /(?:^|[\s_-])(?:byline|author)(?:$|[\s_-])/iu;
/** Longest line taken for a by-line, in characters. */
const MAX_BY_LINE = 150;

/**
 * Title, author, day and language of a page: from Open Graph and other meta tags, then JSON-LD, then the page's own
 * title, `time` and by-line.
 */
export function readPageHead(tokens: readonly MarkupToken[]): PageHead {
  const meta = new Map<string, string>();
  const linked: JsonLd = {};
  let title: string | undefined;
  let language: string | undefined;
  let time: string | undefined;
  let blocks = 0;
  for (const token of tokens) {
    if (token.kind === 'open' && token.name === 'meta') readMeta(token.attributes, meta);
    else if (token.kind === 'open' && token.name === 'html')
      language ??= nonEmpty(
        attributesOf(token.attributes).get('lang') ?? attributesOf(token.attributes).get('xml:lang'),
      );
    else if (token.kind === 'open' && token.name === 'time')
      time ??= isoDate(attributesOf(token.attributes).get('datetime') ?? '');
    else if (token.kind === 'raw' && token.name === 'title') title ??= nonEmpty(token.text);
    else if (token.kind === 'raw' && token.name === 'script' && /ld\+json/iu.test(token.attributes)) {
      blocks += 1;
      if (blocks <= MAX_JSON_LD_BLOCKS) readJsonLd(token.text, linked);
    }
  }
  const first = (...names: string[]): string | undefined =>
    names.map((name) => meta.get(name)).find((value) => value !== undefined);
  const author = first(
    'author',
    'article:author',
    'dc.creator',
    'dcterms.creator',
    'citation_author',
    'twitter:creator',
  );
  const isPerson = author !== undefined && !/^(?:https?:|@)/u.test(author);
  const dates = [
    first('article:published_time', 'datepublished', 'date', 'dc.date', 'dcterms.date', 'dcterms.created'),
    first('citation_publication_date', 'pubdate', 'publish_date', 'og:published_time', 'parsely-pub-date'),
    linked.publishedAt,
    time,
  ];
  return {
    title: pageTitle(
      {
        meta: first('og:title', 'twitter:title', 'dc.title', 'citation_title'),
        headline: linked.headline,
        name: linked.name,
        page: title,
        site: first('og:site_name', 'application-name'),
      },
      tokens,
    ),
    author: bareName(isPerson ? author : undefined) ?? bareName(linked.author) ?? byLine(tokens),
    publishedAt: dates.map((date) => isoDate(date ?? '')).find((date) => date !== undefined),
    language: language ?? first('content-language', 'og:locale', 'dc.language'),
  };
}

function readMeta(raw: string, meta: Map<string, string>): void {
  const attributes = attributesOf(raw);
  const content = nonEmpty(attributes.get('content'));
  if (content === undefined) return;
  for (const key of ['property', 'name', 'itemprop', 'http-equiv']) {
    const name = attributes.get(key)?.trim().toLowerCase();
    if (name !== undefined && name !== '' && !meta.has(name)) meta.set(name, content);
  }
}

interface JsonLd {
  headline?: string | undefined;
  name?: string | undefined;
  author?: string | undefined;
  publishedAt?: string | undefined;
}

/** Broken JSON-LD costs nothing but itself: browsers and search engines pass over it too. */
function readJsonLd(text: string, found: JsonLd): void {
  if (text.length > MAX_JSON_LD) return;
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return;
  }
  const queue: unknown[] = [data];
  for (let at = 0; at < queue.length && at < MAX_VALUES; at += 1) {
    const value = queue[at];
    if (Array.isArray(value)) {
      queue.push(...(value as unknown[]).slice(0, MAX_VALUES));
      continue;
    }
    if (typeof value !== 'object' || value === null) continue;
    const fields = new Map(Object.entries(value));
    const types = [fields.get('@type')].flat();
    if (types.some((type) => typeof type === 'string' && ARTICLE.test(type))) {
      const isFirst = found.headline === undefined && found.name === undefined;
      if (isFirst) found.headline = nonEmpty(fields.get('headline'));
      if (isFirst) found.name = nonEmpty(fields.get('name'));
      found.author ??= namesIn(fields.get('author') ?? fields.get('creator'));
      found.publishedAt ??= nonEmpty(fields.get('datePublished') ?? fields.get('dateCreated'));
    }
    queue.push(fields.get('@graph'), fields.get('mainEntity'));
  }
}

function namesIn(value: unknown): string | undefined {
  const names = [value]
    .flat()
    .slice(0, 10)
    .map((one) => nonEmpty(typeof one === 'object' && one !== null && 'name' in one ? one.name : one))
    .filter((name) => name !== undefined && !/^https?:/u.test(name));
  return names.length === 0 ? undefined : names.join(', ');
}

/** The text of the first element that is marked as the by-line, without its "By". */
function byLine(tokens: readonly MarkupToken[]): string | undefined {
  const at = tokens.findIndex(
    (token) =>
      token.kind === 'open' &&
      token.attributes !== '' &&
      /author|byline/iu.test(token.attributes) &&
      marksAuthor(attributesOf(token.attributes)),
  );
  const open = tokens[at];
  if (open?.kind !== 'open') return undefined;
  let text = '';
  for (const token of tokens.slice(at + 1, at + 30)) {
    if (token.kind === 'close' && token.name === open.name) break;
    if (token.kind === 'text') text += token.text.slice(0, MAX_BY_LINE * 2);
    if (text.length > MAX_BY_LINE * 2) return undefined;
  }
  const name = bareName(cleanText(text)) ?? '';
  return name.length <= MAX_BY_LINE && /^\p{L}/u.test(name) && !/\d/u.test(name) ? name : undefined;
}

/** A name without the "By" in front of it; nothing where there is only that. */
function bareName(line: string | undefined): string | undefined {
  return line?.replace(/^(?:written |posted )?(?:by|par|por)(?::|\s|$)\s*/iu, '') || undefined;
}

function marksAuthor(attributes: ReadonlyMap<string, string>): boolean {
  return (
    attributes.get('rel') === 'author' ||
    attributes.get('itemprop') === 'author' ||
    BY_LINE_CLASS.test((attributes.get('class') ?? '').slice(0, 200))
  );
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' ? cleanText(value.slice(0, 2_000)) || undefined : undefined;
}
