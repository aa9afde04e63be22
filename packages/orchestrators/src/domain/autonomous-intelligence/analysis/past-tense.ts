import type { Token } from './text-model.js';

const PRESENT_BE: ReadonlySet<string> = new Set([
  'am',
  'is',
  'are',
  'be',
  'been',
  'being',
  "'s",
  "'re",
  "'m",
  'has',
  'does',
]);

/** A verb form that is neither the dictionary form nor present nor a participle in -ing. */
export function isPast(token: Token): boolean {
  if (token.pos !== 'VERB' && token.pos !== 'AUX') return false;
  if (['would', 'could', 'should', 'might'].includes(token.normal) || PRESENT_BE.has(token.normal))
    return false;
  return (
    token.normal !== token.lemma &&
    !token.normal.endsWith('ing') &&
    !/[^s]s$/.test(token.normal.replace(/^was$/, ''))
  );
}
