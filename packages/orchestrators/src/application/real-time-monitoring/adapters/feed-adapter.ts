import type { HttpClient, HttpResponse } from '../../../http/http-client.js';
import { shownUrl } from '../../../http/http-error.js';
import { MonitoringError } from '../monitoring-error.js';
import type { SourceAdapter, SourceFindings, SourceLook } from '../source-adapter.js';
import { conditionalGet, cursorAfter, hashOf, pageCursorOf, webTarget } from './conditional-get.js';
import { feedItems } from './feed-items.js';

const ACCEPT =
  'application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1';

/**
 * RSS, Atom, RDF and JSON feeds. Kind `feed` leads to the pages of the items; kind `podcast` to their transcripts
 * (`podcast:transcript`), and to their pages where there are none or none can be analysed.
 */
export class FeedAdapter implements SourceAdapter {
  readonly kind: 'feed' | 'podcast';
  readonly #http: HttpClient;

  constructor(kind: 'feed' | 'podcast', http: HttpClient) {
    this.kind = kind;
    this.#http = http;
  }

  checkTarget(target: string): string {
    return webTarget(target);
  }

  async look(look: SourceLook): Promise<SourceFindings> {
    const cursor = pageCursorOf(look.cursor);
    const response = await conditionalGet(this.#http, look, cursor, ACCEPT);
    if (response === undefined) return { items: [], cursor, unchanged: true };
    const hash = hashOf(response.body);
    const next = cursorAfter(response, hash);
    if (hash === cursor.hash) return { items: [], cursor: next, unchanged: true };
    const feed = await parsed(response);
    const prefers = this.kind === 'podcast' ? 'transcript' : 'page';
    return { items: feedItems(feed, response.url, prefers), cursor: next, unchanged: false };
  }
}

async function parsed({ body, headers, url }: HttpResponse): Promise<Readonly<Record<string, unknown>>> {
  // Loaded by the first feed: a host that watches none does not pay for it.
  const [{ parseFeed }, { decode }, { WarningLog }, { feedXml, upToLastItem }] = await Promise.all([
    import('feedsmith'),
    import('../../../domain/autonomous-intelligence/content/decode.js'),
    import('../../../domain/autonomous-intelligence/content/warning-log.js'),
    import('../../../domain/autonomous-intelligence/content/formats/feed-xml.js'),
  ]);
  const charset = /charset\s*=\s*"?([\w-]{1,40})/iu.exec(headers['content-type'] ?? '')?.[1];
  try {
    const raw = { bytes: body, name: 'feed', uri: url, ...(charset === undefined ? {} : { charset }) };
    const { xml } = feedXml(decode(raw, new WarningLog()));
    try {
      return parseFeed(xml).feed;
    } catch (error) {
      // One that was cut off still has its whole items.
      const whole = upToLastItem(xml);
      if (whole === undefined) throw error;
      return parseFeed(whole).feed;
    }
  } catch (cause) {
    throw new MonitoringError(
      'MONITOR_SOURCE_UNREADABLE',
      `${shownUrl(new URL(url))} cannot be read as a feed (${cause instanceof Error ? cause.message.slice(0, 200) : 'no reason given'}). ` +
        'Check it with a feed validator.',
      { cause },
    );
  }
}
