/** UTF-8 bytes that `text` takes inside the quotes of a JSON string. */
export function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}
