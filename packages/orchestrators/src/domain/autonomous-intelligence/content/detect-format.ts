import type { ContentFormat } from '../model.js';

const TIMING = /^\s*(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3}\s*-->/mu;
const BY_EXTENSION: Readonly<Record<string, ContentFormat>> = {
  vtt: 'vtt',
  srt: 'srt',
  txt: 'text',
  text: 'text',
  md: 'markdown',
  markdown: 'markdown',
  html: 'html',
  htm: 'html',
  xhtml: 'html',
  json: 'transcript-json',
  rss: 'feed',
  atom: 'feed',
  xml: 'feed',
};

const BY_MEDIA_TYPE: Readonly<Record<string, ContentFormat>> = {
  'text/vtt': 'vtt',
  'application/x-subrip': 'srt',
  'application/srt': 'srt',
  'text/markdown': 'markdown',
  'text/html': 'html',
  'application/xhtml+xml': 'html',
  'application/json': 'transcript-json',
};
/** Characters in which the times of captions are looked for; less where the name says that it is something else. */
const CAPTIONS_WITHIN = 20_000;
const CAPTIONS_AT_ONCE = 400;

/** What a text is: by its own form first, then by its name or media type. */
export function detectFormat(text: string, name: string, mediaType?: string): ContentFormat {
  const head = text.slice(0, 4_096).trimStart();
  const extension = /\.([a-z]{2,8})$/iu.exec(name.slice(-12))?.[1]?.toLowerCase() ?? '';
  const known = Object.hasOwn(BY_EXTENSION, extension) ? BY_EXTENSION[extension] : undefined;
  const media = mediaType?.toLowerCase() ?? '';
  const said = known ?? (Object.hasOwn(BY_MEDIA_TYPE, media) ? BY_MEDIA_TYPE[media] : undefined);
  if (/^WEBVTT(?:[ \t\n]|$)/u.test(head)) return 'vtt';
  if (isJson(head, text)) return isJsonFeed(text) ? 'feed' : 'transcript-json';
  if (
    /<(?:\w{1,20}:)?(?:rss|feed|RDF)[\s>]/u.test(head) &&
    /^<(?:[?]\w|!--|!doctype (?!html)|(?:\w{1,20}:)?(?:rss|feed|rdf))/iu.test(head)
  )
    return 'feed';
  if (head.startsWith('<') && /<!doctype html|<html[\s>]/iu.test(head)) return 'html';
  const isOther = said !== undefined && said !== 'srt' && said !== 'vtt';
  if (TIMING.test(text.slice(0, isOther ? CAPTIONS_AT_ONCE : CAPTIONS_WITHIN)))
    return said === 'vtt' ? 'vtt' : 'srt';
  if (/^---[ \t]*\n/u.test(head)) return 'markdown';
  if (said === 'text' || said === 'markdown' || said === 'html') return said;
  if (
    /^<(?:\?xml|!--|[a-z])/iu.test(head) &&
    (said === 'feed' || /<\/[a-z][a-z0-9]{0,20}>/iu.test(text.slice(0, 50_000)))
  )
    return 'html';
  if (said === 'transcript-json' || said === 'vtt' || said === 'srt') return said;
  return /^#{1,6} \S/mu.test(head) ? 'markdown' : 'text';
}

/** The beginning decides; the end has to agree only where a text may begin so too (`[Music] …`). */
function isJson(head: string, text: string): boolean {
  if (/^\{\s*"[^"\n]{0,200}"\s*:/u.test(head)) return true;
  const end = text.slice(-200).trimEnd();
  return (/^\{\s*\}/u.test(head) && end.endsWith('}')) || (/^\[\s*[[{"\]]/u.test(head) && end.endsWith(']'));
}

function isJsonFeed(text: string): boolean {
  // The order of the fields is free, and some programs write a backslash in front of every slash.
  return /"version"\s*:\s*"https?:\\?\/\\?\/(?:www\.)?jsonfeed\.org/u.test(text);
}
