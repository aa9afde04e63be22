import {
  MonitoringError,
  type FoundItem,
  type HttpClient,
  type HttpResponse,
  type SourceAdapter,
  type SourceFindings,
  type SourceLook,
} from '@kapelle/orchestrators';
import { linksOf } from './links.js';

/** Messages that Discord gives at once, at most. */
const PAGE = 100;
/** Pages of one look; what is beyond comes with the next. */
const MAX_PAGES = 5;
/** Endings of attachments that can be analysed. */
const READABLE = /\.(?:txt|md|markdown|vtt|srt|html?|json)$/i;

/** What is read of a message: https://discord.com/developers/docs/resources/message */
interface Message {
  readonly id: string;
  readonly content: string;
  readonly timestamp: string;
  readonly isBot: boolean;
  readonly attachments: readonly { readonly id: string; readonly name: string; readonly url: string }[];
}

/** How to read channels. */
export interface DiscordChannelOptions {
  readonly http: HttpClient;
  /** Of the bot. It has to be allowed to read the content of messages. */
  readonly token: string;
  /** The REST interface without the version. @default 'https://discord.com/api' */
  readonly api?: string;
}

/**
 * Looks for new messages of a channel. An item is a link or a readable attachment that a person posted; what bots write is left
 * out, the briefings of this one too. The first look takes the newest hundred messages, later ones what came after.
 */
export class DiscordChannel implements SourceAdapter {
  readonly kind = 'discord';
  readonly #options: DiscordChannelOptions;

  constructor(options: DiscordChannelOptions) {
    this.#options = options;
  }

  /** @throws {@link MonitoringError} `MONITOR_TARGET_INVALID` */
  checkTarget(target: string): string {
    const id = /^\d{15,20}$/.exec(target.trim())?.[0];
    if (id !== undefined) return id;
    throw new MonitoringError(
      'MONITOR_TARGET_INVALID',
      `"${target.slice(0, 200)}" is no id of a channel. Copy it in Discord's developer mode.`,
    );
  }

  /** @throws {@link MonitoringError} `MONITOR_SOURCE_STATUS`, `MONITOR_SOURCE_UNREADABLE` */
  async look(look: SourceLook): Promise<SourceFindings> {
    let after = typeof look.cursor === 'string' ? look.cursor : undefined;
    const isFirst = after === undefined;
    const found: Message[] = [];
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const messages = await this.#page(look, after);
      found.unshift(...messages);
      after = messages[0]?.id ?? after;
      if (isFirst || messages.length < PAGE) break;
    }
    // Ids grow with time; an empty channel begins at nought, so that its first message is new.
    return { items: found.flatMap(itemsOf), cursor: after ?? '0', unchanged: found.length === 0 };
  }

  /** Messages after an id, the newest first. */
  async #page({ target, tenantId, signal }: SourceLook, after: string | undefined): Promise<Message[]> {
    const { http, token, api = 'https://discord.com/api' } = this.#options;
    const query = `limit=${String(PAGE)}${after === undefined ? '' : `&after=${after}`}`;
    const response = await http.request({
      url: `${api}/v10/channels/${target}/messages?${query}`,
      headers: { authorization: `Bot ${token}`, accept: 'application/json' },
      cache: false,
      tenantId,
      signal,
    });
    const messages = messagesOf(response, target);
    return messages.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? 1 : -1));
  }
}

function messagesOf({ status, headers, body }: HttpResponse, channel: string): Message[] {
  if (status < 200 || status > 299) {
    const retryable = status === 429 || status >= 500;
    const wait = Number(headers['retry-after']);
    throw new MonitoringError(
      'MONITOR_SOURCE_STATUS',
      `Discord answered ${String(status)} for the channel ${channel}. ` +
        (retryable ? 'It will be asked again.' : 'Let the bot view the channel and read its history.'),
      {
        retryable,
        retryAfterMs: Number.isFinite(wait) && wait > 0 ? Math.ceil(wait * 1_000) : undefined,
        details: { status },
      },
    );
  }
  try {
    const read: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    if (!Array.isArray(read)) throw new TypeError('it is no list');
    return read.map(messageOf);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.slice(0, 200) : String(cause);
    throw new MonitoringError(
      'MONITOR_SOURCE_UNREADABLE',
      `What Discord answered for the channel ${channel} cannot be read (${reason}). Check KAPELLE_DISCORD_API.`,
      { cause },
    );
  }
}

function messageOf(read: unknown): Message {
  const { id, content, timestamp, author, attachments } = read as Readonly<Record<string, unknown>>;
  if (typeof id !== 'string' || !/^\d{1,20}$/.test(id)) throw new TypeError('a message has no id');
  return {
    id,
    content: typeof content === 'string' ? content : '',
    timestamp: typeof timestamp === 'string' ? timestamp : '',
    isBot: (author as { readonly bot?: unknown } | undefined)?.bot === true,
    attachments: (Array.isArray(attachments) ? attachments : []).flatMap((each) => {
      const { id: at, filename: name, url } = each as Readonly<Record<string, unknown>>;
      const isKnown = typeof at === 'string' && typeof name === 'string' && typeof url === 'string';
      return isKnown ? [{ id: at, name, url }] : [];
    }),
  };
}

function itemsOf({ id, content, timestamp, isBot, attachments }: Message): FoundItem[] {
  if (isBot) return [];
  const publishedAt = Number.isNaN(Date.parse(timestamp))
    ? {}
    : { publishedAt: new Date(timestamp).toISOString() };
  const files = attachments.filter(({ name, url }) => READABLE.test(name) && /^https?:/.test(url));
  return [
    ...linksOf(content).map((url, at) => ({ id: `${id}/link-${String(at)}`, uris: [url], ...publishedAt })),
    ...files.map((file) => ({
      id: `${id}/file-${file.id}`,
      uris: [file.url],
      title: file.name.slice(0, 200),
      ...publishedAt,
    })),
  ];
}
