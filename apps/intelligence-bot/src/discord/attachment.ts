import type { ChatFile } from './chat-surface.js';
import { LIMITS } from './message-limits.js';

/**
 * A text as a file, or as several where it has more bytes than one may have: none is lost, and no character is cut in two.
 *
 * @param name with an ending; several are numbered before it
 */
export function attached(name: string, text: string, limitBytes: number = LIMITS.fileBytes): ChatFile[] {
  const parts: string[] = [];
  let part: string[] = [];
  let size = 0;
  // Most texts fit, and need no look at each character.
  if (Buffer.byteLength(text) <= limitBytes) return [{ name, text }];
  for (const character of text) {
    const bytes = Buffer.byteLength(character);
    if (size + bytes > limitBytes && size > 0) {
      parts.push(part.join(''));
      part = [];
      size = 0;
    }
    part.push(character);
    size += bytes;
  }
  parts.push(part.join(''));
  const dot = name.lastIndexOf('.');
  return parts.map((each, at) => ({
    name: `${name.slice(0, dot)}-${String(at + 1)}${name.slice(dot)}`,
    text: each,
  }));
}
