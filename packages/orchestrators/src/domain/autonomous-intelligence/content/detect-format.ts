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

/** What a text is: by its own form first, then by its name or media type. */
export function detectFormat(text: string, name: string, mediaType?: string): ContentFormat {
  const head = text.slice(0, 4_096).trimStart();
  if (/^WEBVTT(?:[ \t\n]|$)/u.test(head)) return 'vtt';
  if (/^[[{]/u.test(head) && isJson(text)) return isJsonFeed(text) ? 'feed' : 'transcript-json';
  if (/<(?:rss|feed|rdf:RDF)[\s>]/u.test(head) && /^(?:<\?xml|<!--|<rss|<feed|<rdf)/iu.test(head))
    return 'feed';
  if (/^<!doctype html|^<html[\s>]/iu.test(head)) return 'html';
  if (TIMING.test(text.slice(0, 20_000))) return 'srt';
  const extension = /\.([a-z]{2,8})$/iu.exec(name)?.[1]?.toLowerCase() ?? '';
  if (/^---[ \t]*\n/u.test(head)) return 'markdown';
  if (
    /^<(?:\?xml|!--|[a-z])/iu.test(head) &&
    /<\/(?:p|div|body|article|h1|cite)>/iu.test(text.slice(0, 50_000))
  )
    return 'html';
  const known = BY_EXTENSION[extension];
  if (known === 'text' || known === 'markdown') return known;
  if (mediaType === 'text/markdown') return 'markdown';
  if (known === 'transcript-json' || known === 'vtt' || known === 'srt' || known === 'feed')
    return known === 'feed' ? 'text' : known;
  return /^#{1,6} \S/mu.test(head) ? 'markdown' : 'text';
}

function isJson(text: string): boolean {
  const end = text.slice(-200).trimEnd();
  return end.endsWith('}') || end.endsWith(']');
}

function isJsonFeed(text: string): boolean {
  return /"version"\s*:\s*"https?:\/\/jsonfeed\.org/u.test(text.slice(0, 2_000));
}
