import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom';

import { ContentError } from '../content-error.js';
import type { Draft, DraftSegment, Source } from '../draft.js';
import { present } from '../draft.js';
import { isoDate } from '../metadata/iso-date.js';
import { type Block, segmentBlocks } from '../prose/blocks.js';
import { cleanText, hasWords } from '../prose/clean.js';
import { readClock } from '../prose/speaker-label.js';

/** What never holds prose of the page itself. */
const FURNITURE = 'script,style,noscript,template,svg,nav,header,footer,aside,form,button,iframe';
const PROSE = 'h1,h2,h3,h4,h5,h6,p,li,blockquote,pre,td,dd,dt,figcaption';
/** Elements looked at; a page beyond is cut with a warning. */
const MAX_ELEMENTS = 50_000;

interface Node {
  readonly localName: string;
  readonly textContent: string | null;
  remove(): void;
  querySelector(selector: string): Node | null;
  querySelectorAll(selector: string): Iterable<Node>;
  getAttribute(name: string): string | null;
}

/** An article out of its page; a transcript made of `<cite>`, `<time>` and `<p>`; else whatever prose there is. */
export function parseHtml(source: Source): Draft {
  const { document } = parseHTML(source.text) as unknown as {
    document: Node & { documentElement: Node | null };
  };
  const meta = (name: string): string | undefined =>
    document
      .querySelector(`meta[property="${name}"],meta[name="${name}"]`)
      ?.getAttribute('content')
      ?.trim() || undefined;
  const head = {
    title: meta('og:title') ?? document.querySelector('title')?.textContent?.trim(),
    author: meta('author') ?? meta('article:author'),
    publishedAt: isoDate(
      meta('article:published_time') ??
        meta('date') ??
        document.querySelector('time[datetime]')?.getAttribute('datetime') ??
        '',
    ),
    language: document.documentElement?.getAttribute('lang') ?? undefined,
  };
  const turns = transcriptTurns(document);
  const segments = turns.length > 0 ? turns : segmentBlocks(articleBlocks(source, document), source.warnings);
  if (segments.length === 0) {
    throw new ContentError(
      'CONTENT_EMPTY',
      `${source.name} is an HTML page without readable text.`,
      'Open it in a browser: if the text is there, save the page after it has loaded.',
    );
  }
  return { format: 'html', segments, ...present(head) };
}

/** The prose blocks of HTML that is part of something else, such as a feed item. */
export function htmlBlocks(html: string): Block[] {
  const { document } = parseHTML(`<!doctype html><html><body>${html}</body></html>`) as unknown as {
    document: Node;
  };
  return proseOf(document);
}

/** The page of a transcript, which has no article to find. */
function transcriptTurns(document: Node): DraftSegment[] {
  const blocks: DraftSegment[] = [];
  let speaker: string | undefined;
  let startMs: number | undefined;
  let cites = 0;
  for (const node of document.querySelectorAll('cite,time,p')) {
    const text = cleanText(node.textContent ?? '');
    if (node.localName === 'cite') {
      cites += 1;
      speaker = text.replace(/:$/u, '');
    } else if (node.localName === 'time') {
      startMs = readClock(text);
    } else if (hasWords(text)) {
      blocks.push({ kind: 'speech', text, ...present({ speaker, startMs }) });
    }
  }
  return cites > 1 ? blocks : [];
}

function articleBlocks(source: Source, document: Node): Block[] {
  const article = new Readability(document, { maxElemsToParse: MAX_ELEMENTS }).parse();
  const content = article?.content;
  if (typeof content === 'string' && hasWords(content)) {
    const blocks = htmlBlocks(content);
    if (blocks.length > 0) return blocks;
  }
  const { document: again } = parseHTML(source.text) as unknown as { document: Node };
  return proseOf(again);
}

function proseOf(document: Node): Block[] {
  for (const node of [...document.querySelectorAll(FURNITURE)]) node.remove();
  const blocks: Block[] = [];
  for (const node of document.querySelectorAll(PROSE)) {
    // What holds blocks of its own is told by them.
    if (node.querySelector(PROSE) !== null) continue;
    const text = cleanText(node.textContent ?? '');
    if (hasWords(text))
      blocks.push({ kind: /^h[1-6]$/u.test(node.localName) ? 'heading' : 'paragraph', text });
  }
  if (blocks.length > 0) return blocks;
  const all = cleanText(document.querySelector('body')?.textContent ?? '');
  return hasWords(all) ? [{ kind: 'paragraph', text: all }] : [];
}
