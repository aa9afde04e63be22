import chardet from 'chardet';

import type { RawContent } from '../model.js';
import { ContentError } from './content-error.js';
import { decodeBytes } from './decode-bytes.js';
import type { WarningLog } from './warning-log.js';

/** Beginnings of files that are no text. */
const MAGIC: readonly (readonly [string, readonly number[]])[] = [
  ['a PNG picture', [0x89, 0x50, 0x4e, 0x47]],
  ['a JPEG picture', [0xff, 0xd8, 0xff]],
  ['a GIF picture', [0x47, 0x49, 0x46, 0x38]],
  ['a PDF', [0x25, 0x50, 0x44, 0x46]],
  ['a ZIP archive or office file', [0x50, 0x4b, 0x03, 0x04]],
  ['a gzip archive', [0x1f, 0x8b]],
  ['an MP3 recording', [0x49, 0x44, 0x33]],
  ['an Ogg recording', [0x4f, 0x67, 0x67, 0x53]],
  ['a Matroska or WebM recording', [0x1a, 0x45, 0xdf, 0xa3]],
  ['a program', [0x7f, 0x45, 0x4c, 0x46]],
];
/** Bytes looked at for what looks binary. */
const HEAD = 4_096;
/** Share of unreadable characters above which text is none. */
const MAX_GARBAGE = 0.05;

/** The text of some bytes: by byte order mark, by what server or document say, as UTF-8, else by a guess with a warning. */
export function decode(raw: RawContent, warnings: WarningLog): string {
  const { bytes, name } = raw;
  const head = bytes.subarray(0, HEAD);
  const kind =
    MAGIC.find(([, magic]) => magic.every((byte, index) => head[index] === byte))?.[0] ??
    (isMp4(head) ? 'an MP4 recording' : undefined);
  if (kind !== undefined) throw binary(name, kind);
  const marked = byMark(bytes);
  const text = marked ?? declared(raw, head, warnings) ?? guessed(raw, warnings);
  const sample = text.slice(0, 20_000);
  let garbage = 0;
  for (const char of sample) {
    const code = char.codePointAt(0) as number;
    if (
      code === 0xfffd ||
      (code < 0x20 && code !== 9 && code !== 10 && code !== 12 && code !== 13) ||
      (code >= 0x7f && code < 0xa0)
    )
      garbage += 1;
  }
  if (garbage > sample.length * MAX_GARBAGE) {
    throw new ContentError(
      'CONTENT_ENCODING',
      `${name} decodes to ${Math.round((100 * garbage) / sample.length)} % unreadable characters.`,
      'Save it as UTF-8.',
    );
  }
  return text.replace(/^\uFEFF/u, '').replace(/\r\n?/gu, '\n');
}

function byMark(bytes: Uint8Array): string | undefined {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return new TextDecoder('utf-8').decode(bytes);
  if (a === 0xff && b === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (a === 0xfe && b === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return undefined;
}

function declared(raw: RawContent, head: Uint8Array, warnings: WarningLog): string | undefined {
  const ascii = new TextDecoder('latin1').decode(head.subarray(0, 1_024));
  const named =
    raw.charset ??
    /<\?xml[^>]{0,200}encoding=["']([\w-]{1,40})/iu.exec(ascii)?.[1] ??
    /<meta[^>]{0,200}charset=["']?([\w-]{1,40})/iu.exec(ascii)?.[1];
  if (named === undefined) return undefined;
  try {
    return decodeBytes(raw.bytes, named, { fatal: true });
  } catch {
    warnings.add('CHARSET_WRONG', `It says it is ${named.slice(0, 40)}, but cannot be read as that.`);
    return undefined;
  }
}

function guessed(raw: RawContent, warnings: WarningLog): string {
  const { bytes, name } = raw;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Not UTF-8.
  }
  if (bytes.subarray(0, HEAD).includes(0)) throw binary(name, 'binary data');
  const guess = chardet.detect(bytes.subarray(0, 65_536)) ?? 'windows-1252';
  let encoding = 'windows-1252';
  try {
    ({ encoding } = new TextDecoder(guess));
  } catch {
    // A guess that nobody can read.
  }
  warnings.add('CHARSET_GUESSED', `It is not UTF-8 and does not say what it is; it was read as ${encoding}.`);
  return decodeBytes(bytes, encoding);
}

const isMp4 = (head: Uint8Array): boolean => new TextDecoder('latin1').decode(head.subarray(4, 8)) === 'ftyp';

function binary(name: string, kind: string): ContentError {
  return new ContentError(
    'CONTENT_BINARY',
    `${name} is ${kind}, not text.`,
    'Give a transcript, an article or a feed.',
  );
}
