/**
 * A 32-bit hash of a text that is the same in every process and on every machine: FNV-1a over its UTF-16 code units,
 * low byte first, then the final mix of MurmurHash3 so that every bit depends on every other.
 *
 * Fowler, Noll and Vo, "The FNV non-cryptographic hash algorithm" (RFC 9923); Appleby, MurmurHash3 (2011). Not for
 * anything that has to withstand an attacker.
 */
export function stableHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
