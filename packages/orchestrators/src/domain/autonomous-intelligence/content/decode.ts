import chardet from 'chardet';

import type { RawContent } from '../model.js';
import { ContentError } from './content-error.js';
import { decodeBytes, decodeUtf32, undoneTwice } from './decode-bytes.js';
import type { WarningLog } from './warning-log.js';

/** Beginnings of files that are no text, long enough that no text begins so. */
const MAGIC: readonly (readonly [string, string])[] = [
  ['a PNG picture', '\x89PNG'],
  ['a JPEG picture', '\xff\xd8\xff'],
  ['a GIF picture', 'GIF87a'],
  ['a GIF picture', 'GIF89a'],
  ['a PDF', '%PDF-'],
  ['a ZIP archive or office file', 'PK\x03\x04'],
  ['an old office file', '\xd0\xcf\x11\xe0'],
  ['a gzip archive', '\x1f\x8b'],
  ['a bzip2 archive', 'BZh91AY'],
  ['an xz archive', '\xfd7zXZ'],
  ['a 7z archive', '7z\xbc\xaf'],
  ['a zstd archive', '\x28\xb5\x2f\xfd'],
  ['a RAR archive', 'Rar!\x1a'],
  ['an MP3 recording', 'ID3\x02'],
  ['an MP3 recording', 'ID3\x03'],
  ['an MP3 recording', 'ID3\x04'],
  ['an MP3 recording', '\xff\xfb'],
  ['a FLAC recording', 'fLaC\0'],
  ['an Ogg recording', 'OggS\0'],
  ['a Matroska or WebM recording', '\x1a\x45\xdf\xa3'],
  ['a database', 'SQLite format 3\0'],
  ['a program', '\x7fELF'],
  ['a program', '\0asm'],
];
/** Bytes looked at for what looks binary. */
const HEAD = 4_096;
/** Share of unreadable characters above which text is none. */
const MAX_GARBAGE = 0.05;
/** Share of control characters above which it was no text in any encoding. */
const MAX_CONTROLS = 0.03;
/** Tab, line ends, page break; NUL, which UTF-16 read wrongly is full of; and what switches the signs of ISO 2022. */
const HARMLESS = new Set([0, 9, 10, 12, 13, 14, 15, 27]);

/** Share of NUL bytes from which bytes are binary data, not text with a few lost bytes. */
const MAX_NULS = 0.01;
/** Encodings of single bytes, which never fail, so that UTF-8 under their name goes unnoticed. */
const SINGLE_BYTE = /^(?:windows-|iso-8859-|macintosh|koi8-)/u;

/**
 * The text of some bytes: by byte order mark, by what server or document say, as UTF-8, else by a guess with a
 * warning. Line ends are `\n`, and there is no byte order mark and no NUL in it.
 *
 * @throws {@link ContentError} `CONTENT_BINARY` for what is no text, `CONTENT_ENCODING` for text that stays unreadable
 */
export function decode(raw: RawContent, warnings: WarningLog): string {
  const { bytes, name } = raw;
  const head = bytes.subarray(0, HEAD);
  const begin = String.fromCharCode(...head.subarray(0, 16));
  const kind =
    MAGIC.find(([, magic]) => begin.startsWith(magic))?.[0] ??
    (begin.slice(4, 8) === 'ftyp' ? 'an MP4 recording' : undefined) ??
    (/^RIFF[^]{4}(?:WAVE|AVI |WEBP)/u.test(begin) ? 'a recording or picture' : undefined);
  if (kind !== undefined) throw binary(name, kind);
  const read = byMark(bytes) ?? declared(raw, head, warnings) ?? guessed(raw, warnings);
  const meant = undoneTwice(read);
  if (meant !== undefined)
    warnings.add('CHARSET_TWICE', 'It was turned into UTF-8 twice over; that was undone.');
  const text = meant ?? read;
  const sample = text.slice(0, 20_000);
  let garbage = 0;
  let controls = 0;
  for (const char of sample) {
    const code = char.codePointAt(0) as number;
    if (code < 0x20 && !HARMLESS.has(code)) controls += 1;
    if (
      code === 0xfffd ||
      (code < 0x20 && code !== 9 && code !== 10 && code !== 12 && code !== 13) ||
      (code >= 0x7f && code < 0xa0 && code !== 0x85)
    )
      garbage += 1;
  }
  if (controls > sample.length * MAX_CONTROLS) throw binary(name, 'binary data');
  if (garbage > sample.length * MAX_GARBAGE) {
    throw new ContentError(
      'CONTENT_ENCODING',
      `${name} decodes to ${Math.round((100 * garbage) / sample.length)} % unreadable characters.`,
      'Save it as UTF-8.',
    );
  }
  const lost = text.split('\ufffd').length - 1;
  if (lost > 0)
    warnings.add('CHARACTERS_UNREADABLE', `${lost} characters could not be read; each is shown as \ufffd.`);
  return text
    .replace(/^\uFEFF/u, '')
    .replace(/\0+/gu, '')
    .replace(/\r\n?/gu, '\n');
}

function byMark(bytes: Uint8Array): string | undefined {
  const [a, b, c, d] = bytes;
  // In front of UTF-16: its mark is the first half of the one of UTF-32.
  if (a === 0xff && b === 0xfe && c === 0 && d === 0) return decodeUtf32(bytes, true);
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return decodeUtf32(bytes, false);
  if (a === 0xef && b === 0xbb && c === 0xbf) return new TextDecoder('utf-8').decode(bytes);
  if (a === 0xff && b === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (a === 0xfe && b === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return undefined;
}

function declared(raw: RawContent, head: Uint8Array, warnings: WarningLog): string | undefined {
  const ascii = new TextDecoder('latin1').decode(head);
  const inside =
    /^\s*<\?xml[^>]{0,200}encoding=["']([\w-]{1,40})/iu.exec(ascii)?.[1] ??
    /<meta[^>]{0,200}charset\s*=\s*["']?([\w-]{1,40})/iu.exec(ascii)?.[1];
  // A declaration that can be read byte by byte is not itself in UTF-16, whatever it says.
  const named = raw.charset ?? (inside !== undefined && /^utf-?16/iu.test(inside) ? 'utf-8' : inside);
  if (named === undefined) return undefined;
  try {
    const { encoding } = new TextDecoder(named);
    const text = decodeBytes(raw.bytes, named, { fatal: true });
    const better = SINGLE_BYTE.test(encoding) ? asUtf8(raw.bytes) : undefined;
    if (better === undefined || better.length === text.length) return text;
    warnings.add('CHARSET_WRONG', `It says it is ${named.slice(0, 40)}, but is UTF-8; it was read as that.`);
    return better;
  } catch {
    warnings.add('CHARSET_WRONG', `It says it is ${named.slice(0, 40)}, but cannot be read as that.`);
    return undefined;
  }
}

function asUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function guessed(raw: RawContent, warnings: WarningLog): string {
  const { bytes, name } = raw;
  const wide = wideEncoding(bytes.subarray(0, HEAD));
  if (wide !== undefined) {
    warnings.add('CHARSET_GUESSED', `It has no byte order mark; it was read as ${wide}.`);
    return new TextDecoder(wide).decode(bytes);
  }
  let nuls = 0;
  for (const byte of bytes) if (byte === 0) nuls += 1;
  if (nuls > bytes.length * MAX_NULS) throw binary(name, 'binary data');
  if (nuls > 0) warnings.add('NULS_LEFT_OUT', `Left out ${nuls} NUL bytes.`);
  const text = asUtf8(bytes);
  if (text !== undefined) return text;
  const mended = new TextDecoder('utf-8').decode(bytes);
  if (isNearlyUtf8(mended)) return mended;
  const guess = chardet.detect(bytes.subarray(0, 65_536)) ?? 'windows-1252';
  let encoding = 'windows-1252';
  try {
    ({ encoding } = new TextDecoder(guess));
  } catch {
    // A guess that nobody can read.
  }
  // It is not UTF-8, so that a guess of it only says that there was too little to go by.
  if (encoding === 'utf-8') encoding = 'windows-1252';
  warnings.add('CHARSET_GUESSED', `It is not UTF-8 and does not say what it is; it was read as ${encoding}.`);
  return decodeBytes(bytes, encoding);
}

/** UTF-8 with a few broken places: far more characters beyond ASCII came out whole than did not. */
function isNearlyUtf8(text: string): boolean {
  const broken = text.split('\ufffd').length - 1;
  const whole = (text.match(/[^\0-\x7f\ufffd]/gu) ?? []).length;
  return whole > 20 * broken;
}

/** UTF-16 without its mark: every second byte of text in a Latin script is zero. */
function wideEncoding(head: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const zeros: [number, number] = [0, 0];
  head.forEach((byte, index) => {
    if (byte === 0) zeros[index % 2 === 0 ? 0 : 1] += 1;
  });
  const half = head.length / 2;
  if (half < 4) return undefined;
  if (zeros[1] > half * 0.6 && zeros[0] < half * 0.02) return 'utf-16le';
  if (zeros[0] > half * 0.6 && zeros[1] < half * 0.02) return 'utf-16be';
  return undefined;
}

function binary(name: string, kind: string): ContentError {
  return new ContentError(
    'CONTENT_BINARY',
    `${name} is ${kind}, not text.`,
    'Give a transcript, an article or a feed.',
  );
}
