import type { Briefing } from '../model.js';

/** Order of the fields of a briefing; within them keys are in alphabetical order. */
const FIELDS = [
  'id',
  'contentHash',
  'createdAt',
  'depth',
  'producedBy',
  'document',
  'narrative',
  'analysis',
  'claims',
  'experiment',
  'notes',
  'timings',
] as const satisfies readonly (keyof Briefing)[];

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  // Without a prototype, a key called "__proto__" stays a key.
  const result = Object.create(null) as Record<string, unknown>;
  for (const [key, one] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
    result[key] = sorted(one);
  return result;
}

/**
 * The whole briefing as JSON: two spaces, a newline at the end, the same briefing always the same bytes.
 * Characters a terminal would act on are written as `\\u` escapes, so the text may be shown as it is.
 */
export function renderJson(briefing: Briefing): string {
  const ordered = Object.fromEntries(FIELDS.map((field) => [field, sorted(briefing[field])]));
  const text = JSON.stringify(ordered, undefined, 2).replace(
    /(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) =>
      [...Array(character.length).keys()]
        .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
        .join(''),
  );
  return `${text}\n`;
}
