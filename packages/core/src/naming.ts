const SUFFIX = 'Orchestrator';

/**
 * The name an orchestrator has when none is given: the class name without `Orchestrator`, in snake_case.
 * An acronym is one word and digits stay with the word before them: `HTTPServer` → `http_server`.
 */
export function defaultOrchestratorName(className: string): string {
  const stem =
    className.length > SUFFIX.length && className.endsWith(SUFFIX)
      ? className.slice(0, -SUFFIX.length)
      : className;
  return stem
    .replace(/([\p{Lu}\p{N}])(\p{Lu}\p{Ll})/gu, '$1_$2')
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1_$2')
    .replace(/_+/g, '_')
    .toLowerCase();
}

const NAME = /^[\p{L}_][\p{L}\p{N}_.:/-]{0,127}$/u;
const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Why `name` cannot name an orchestrator or an operation, or `undefined` where it can. */
export function nameProblem(name: unknown): string | undefined {
  if (typeof name !== 'string') return `a name must be a string, got ${typeof name}`;
  if (name === '') return 'a name must not be empty';
  if (RESERVED.has(name)) return `"${name}" is reserved by the language`;
  if (name.length > 128) return `a name has at most 128 characters, got ${name.length}`;
  if (!NAME.test(name)) {
    return `a name starts with a letter and holds letters, digits and _ . : / -, got ${JSON.stringify(name)}`;
  }
  return undefined;
}

/** Up to `limit` of `candidates` that a person may have meant by `name`, nearest first. */
export function nearestNames(name: string, candidates: Iterable<string>, limit = 3): string[] {
  const wanted = name.slice(0, 64).toLowerCase();
  const scored: { candidate: string; distance: number }[] = [];
  for (const candidate of candidates) {
    const against = candidate.slice(0, 64).toLowerCase();
    const contained = against.includes(wanted) || wanted.includes(against);
    const distance = contained && wanted !== '' ? 1 : editDistance(wanted, against);
    if (distance <= Math.max(3, Math.ceil(against.length / 3))) scored.push({ candidate, distance });
  }
  scored.sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  return scored.slice(0, limit).map((entry) => entry.candidate);
}

/** Levenshtein distance with one row of memory. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
