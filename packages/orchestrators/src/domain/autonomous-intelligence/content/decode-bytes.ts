/** The characters of windows-1252 at 0x80 to 0x9f; the five positions it does not use stay control characters. */
const WINDOWS_1252 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

/** The bytes of those characters. */
const WINDOWS_1252_BYTES = new Map([...WINDOWS_1252].map((char, at) => [char.charCodeAt(0), 0x80 + at]));

/** Characters beyond ASCII from which a text that is UTF-8 twice over cannot be so by chance. */
const TWICE_MINIMUM = 3;
const BEYOND_ASCII = /[^\0-\x7f]/gu;

/**
 * The text that was meant where UTF-8 was read as windows-1252 and saved as UTF-8 again (`cafÃ©`); nothing for any
 * other text: all of it has to be UTF-8 a second time.
 */
export function undoneTwice(text: string): string | undefined {
  if (!/[\u00c2-\u00f4]/u.test(text)) return undefined;
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const byte = code <= 0xff ? code : (WINDOWS_1252_BYTES.get(code) ?? -1);
    if (byte < 0) return undefined;
    bytes[at] = byte;
  }
  try {
    const meant = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return (meant.match(BEYOND_ASCII)?.length ?? 0) >= TWICE_MINIMUM ? meant : undefined;
  } catch {
    return undefined;
  }
}

/** The text of bytes in UTF-32, which no decoder of the platform knows; what is no character is shown as \ufffd. */
export function decodeUtf32(bytes: Uint8Array, isLittleEndian: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pieces: string[] = [];
  for (let at = 0; at + 4 <= bytes.byteLength; at += 4) {
    const code = view.getUint32(at, isLittleEndian);
    const isCharacter = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    pieces.push(isCharacter ? String.fromCodePoint(code) : '\ufffd');
  }
  return pieces.join('');
}

/**
 * The text of bytes in a named encoding.
 *
 * Some releases of Node read windows-1252 (and the names that mean it: latin1, iso-8859-1, ascii) as if the bytes
 * were code points, which loses its quotation marks, dashes and the euro sign: those are put right here. Where Node
 * reads it correctly there is nothing left to put right.
 *
 * @throws RangeError for an encoding nobody knows, TypeError for bytes that are not of it, if `fatal`
 */
export function decodeBytes(bytes: Uint8Array, encoding: string, { fatal = false } = {}): string {
  const decoder = new TextDecoder(encoding, { fatal });
  const text = decoder.decode(bytes);
  if (decoder.encoding !== 'windows-1252') return text;
  return text.replace(
    /[\u0080-\u009f]/gu,
    (control) => WINDOWS_1252[control.charCodeAt(0) - 0x80] ?? control,
  );
}
