import { cut } from './chat-text.js';
import type { ChatEmbed, ChatField, ChatMessage } from './chat-surface.js';

/** What Discord takes, in characters: https://discord.com/developers/docs/resources/message#embed-object-embed-limits */
export const LIMITS = {
  text: 2_000,
  embeds: 10,
  title: 256,
  description: 4_096,
  fields: 25,
  fieldName: 256,
  fieldValue: 1_024,
  footer: 2_048,
  files: 10,
  /** Bytes of a file, well below the 10 MiB that a server without boosts takes. */
  fileBytes: 8_000_000,
  /** Over all embeds of one message. */
  total: 6_000,
} as const;

/** Shown where a field would be empty, which is refused. */
const NOTHING = '—';

/**
 * A message that is within the limits: what is too long is cut, what is too much left away, fields from the last. The footers are kept
 * whole before anything else, then titles, then descriptions: an id at the bottom is worth more than the last field.
 */
export function fitMessage({ text, embeds = [], files = [] }: ChatMessage): ChatMessage {
  const shown = embeds.slice(0, LIMITS.embeds);
  let left: number = LIMITS.total;
  const fitted = shown.map((embed) => {
    const made = fitEmbed(embed, left);
    left -= sizeOf(made);
    return made;
  });
  return {
    ...(text === undefined || text === '' ? {} : { text: cut(text, LIMITS.text) }),
    embeds: fitted.filter((embed) => sizeOf(embed) > 0),
    ...(files.length === 0 ? {} : { files: files.slice(0, LIMITS.files) }),
  };
}

/** Characters of an embed that count. */
export function sizeOf({ title = '', description = '', fields = [], footer = '' }: ChatEmbed): number {
  return (
    title.length +
    description.length +
    footer.length +
    fields.reduce((sum, { name, value }) => sum + name.length + value.length, 0)
  );
}

function fitEmbed(embed: ChatEmbed, room: number): ChatEmbed {
  let left = room;
  const take = (text: string | undefined, limit: number): string | undefined => {
    if (text === undefined || text.trim() === '' || left < 1) return undefined;
    const taken = cut(text, Math.min(limit, left));
    left -= taken.length;
    return taken;
  };
  const footer = take(embed.footer, LIMITS.footer);
  const title = take(embed.title, LIMITS.title);
  const description = take(embed.description, LIMITS.description);
  const fields: ChatField[] = [];
  for (const field of (embed.fields ?? []).slice(0, LIMITS.fields)) {
    const name = cut(visible(field.name), LIMITS.fieldName);
    // A field of which only a few letters are left says nothing.
    const value = cut(visible(field.value), Math.min(LIMITS.fieldValue, left - name.length));
    if (left - name.length < Math.min(value.length, 40) || value.length > left - name.length) break;
    left -= name.length + value.length;
    fields.push({ ...field, name, value });
  }
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(embed.color === undefined ? {} : { color: embed.color }),
    ...(fields.length === 0 ? {} : { fields }),
    ...(footer === undefined ? {} : { footer }),
  };
}

function visible(text: string): string {
  return text.trim() === '' ? NOTHING : text;
}
