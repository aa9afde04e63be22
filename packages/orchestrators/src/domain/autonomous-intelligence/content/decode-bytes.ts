/** The characters of windows-1252 at 0x80 to 0x9f; the five positions it does not use stay control characters. */
const WINDOWS_1252 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

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
