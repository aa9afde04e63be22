import { createHash } from 'node:crypto';

import type { CallOptions } from './references.js';

/** What an idempotency key belongs to, with the key; `undefined` where the call has none. */
export function keyOf(
  orchestrator: string,
  operation: string,
  tenantId: string,
  options: CallOptions,
): string | undefined {
  return options.idempotencyKey === undefined
    ? undefined
    : JSON.stringify([tenantId, orchestrator, operation, options.idempotencyKey]);
}

/**
 * The id of the run that a key stands for: the same in every process, so that an engine attaches to the run it has, and
 * what is repeated repeats its steps under the same idempotency keys.
 */
export function runIdOfKey(key: string): string {
  const hash = createHash('sha256').update(key).digest('hex');
  return [8, 12, 16, 20, 32].map((end, at) => hash.slice([0, 8, 12, 16, 20][at], end)).join('-');
}
