import { createHash } from 'node:crypto';

/** A key for the state store, of texts that may hold what a key may not. */
export function recordKeyOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}
