import { detectAttacks } from './detect-attacks.js';
import type { AttackFinding, InspectedField } from './field.js';
import { MAX_INSPECTED } from './readings.js';

/**
 * Characters of one request that are looked at, so that no request holds the process up: about a second's worth of the worst
 * there is, a hundredth of that of ordinary text.
 */
export const MAX_INSPECTED_TOGETHER = 200_000;
/** Of each field at least, however many there are. */
const LEAST = 64;

/** What of some fields has the form of an attack. Of long ones less is looked at where they are too much together. */
export function detectInFields(fields: readonly InspectedField[]): readonly AttackFinding[] {
  const limit = limitFor(fields.map(({ value }) => Math.min(value.length, MAX_INSPECTED)));
  return fields.flatMap((field) => detectAttacks(field, limit));
}

/** The longest part of each with which all together are few enough: short ones leave their share to the others. */
function limitFor(lengths: readonly number[]): number {
  let left = MAX_INSPECTED_TOGETHER;
  const ascending = [...lengths].sort((a, b) => a - b);
  for (const [i, length] of ascending.entries()) {
    const share = left / (ascending.length - i);
    if (length > share) return Math.max(LEAST, Math.floor(share));
    left -= length;
  }
  return MAX_INSPECTED;
}
