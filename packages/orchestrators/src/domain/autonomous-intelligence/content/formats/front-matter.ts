import { parse } from 'yaml';
import { isoDate } from '../metadata/iso-date.js';
import { cleanText } from '../prose/clean.js';
import { excerpt, type WarningLog } from '../warning-log.js';

/** What a text says about itself. */
export interface FrontMatter {
  readonly title?: string | undefined;
  readonly author?: string | undefined;
  readonly publishedAt?: string | undefined;
  readonly language?: string | undefined;
  /** Names listed as speakers, in their order. */
  readonly speakers: readonly string[];
}

/** Longest front matter that is read, in characters; more is not metadata. */
const MAX_FRONT_MATTER = 32_768;
const NONE: FrontMatter = { speakers: [] };

/** Splits text into the YAML between `---` lines at its very beginning and what follows. */
export function splitFrontMatter(text: string): { yaml?: string; body: string } {
  const opening = /^\s*---[ \t]*\n/u.exec(text.slice(0, 1024));
  if (!opening) return { body: text };
  const start = opening[0].length;
  const head = text.slice(start, start + MAX_FRONT_MATTER);
  const closing = /^(?:---|\.\.\.)[ \t]*$/mu.exec(head);
  if (!closing) return { body: text };
  const yaml = head.slice(0, closing.index);
  // Between two horizontal lines there may also be prose.
  if (!/^[\p{L}_][\p{L}\p{N}_ -]{0,60}:(?:\s|$)/mu.test(yaml)) return { body: text };
  return { yaml, body: text.slice(start + closing.index + closing[0].length) };
}

/** Reads the fields that are of use; YAML that cannot be read is reported and costs only the metadata. */
export function readFrontMatter(yaml: string, warnings: WarningLog): FrontMatter {
  let data: unknown;
  try {
    // The core schema leaves dates as they are written; aliases are off, since they can multiply without end.
    data = parse(yaml, { schema: 'core', maxAliasCount: 0, logLevel: 'error', prettyErrors: false });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    warnings.add('FRONT_MATTER_MALFORMED', `Skipped the front matter: ${excerpt(reason)}.`, 1);
    return NONE;
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return NONE;
  const fields = new Map(Object.entries(data).map(([key, value]) => [key.toLowerCase(), value as unknown]));
  const first = (...keys: string[]): unknown =>
    keys.map((key) => fields.get(key)).find((value) => value != null);
  const speakers = names(first('speakers', 'speaker', 'hosts', 'participants'));
  const authors = names(first('authors', 'author', 'by', 'creator'));
  return {
    title: text(first('title', 'headline', 'name')),
    author: (authors.length > 0 ? authors : speakers).join(', ') || undefined,
    publishedAt: isoDate(text(first('date', 'published', 'publishedat', 'pubdate', 'created')) ?? ''),
    language: text(first('lang', 'language', 'locale')),
    speakers,
  };
}

function text(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  return cleanText(String(value)) || undefined;
}

function names(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value.split(',')
      : [value];
  return list
    .map((item) =>
      typeof item === 'object' && item !== null && 'name' in item ? text(item.name) : text(item),
    )
    .filter((name) => name !== undefined);
}
