import type { HttpClient, HttpResponse } from '../../../http/http-client.js';
import { mediaTypeOf } from '../../../http/media-type.js';
import type { SourceAdapter, SourceFindings, SourceLook } from '../source-adapter.js';
import { conditionalGet, cursorAfter, hashOf, pageCursorOf, webTarget } from './conditional-get.js';

/**
 * A web page or document that changes: each new wording of it is an item. What counts is the text that a person would read, so
 * that counters, tokens and advertisements in the markup are no change.
 */
export class PageAdapter implements SourceAdapter {
  readonly kind = 'page';
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  checkTarget(target: string): string {
    return webTarget(target);
  }

  async look(look: SourceLook): Promise<SourceFindings> {
    const cursor = pageCursorOf(look.cursor);
    const response = await conditionalGet(this.#http, look, cursor, 'text/html, text/*;q=0.9, */*;q=0.5');
    if (response === undefined) return { items: [], cursor, unchanged: true };
    const { hash, title } = await readingOf(response);
    const next = cursorAfter(response, hash);
    if (hash === cursor.hash) return { items: [], cursor: next, unchanged: true };
    const item = {
      id: hash,
      uris: [response.url],
      revision: hash,
      ...(title === undefined ? {} : { title }),
    };
    return { items: [item], cursor: next, unchanged: false };
  }
}

/** The hash of the text; of the bytes, where no text can be taken from them. */
async function readingOf({ body, headers, url }: HttpResponse): Promise<{ hash: string; title?: string }> {
  // Loaded by the first page: a host that watches none does not pay for it.
  const { parseContent } = await import('../../../domain/autonomous-intelligence/content/index.js');
  const mediaType = mediaTypeOf(headers['content-type']);
  try {
    const name = new URL(url).pathname.split('/').at(-1) || 'page';
    const { documents, title } = parseContent({
      uri: url,
      name,
      bytes: body,
      ...(mediaType ? { mediaType } : {}),
    });
    return {
      hash: hashOf(JSON.stringify(documents.map(({ segments }) => segments.map(({ text }) => text)))),
      title,
    };
  } catch {
    return { hash: hashOf(body) };
  }
}
