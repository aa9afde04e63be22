import type { ParseWarning } from '../model.js';

/** Warnings of one code that are kept in full; what comes after is only counted. */
export const MAX_WARNINGS_PER_CODE = 50;

/** Longest excerpt of lost text in a message, in characters. */
const MAX_EXCERPT = 80;

/** Collects what a parser met and survived. Bounded, so that a file of nothing but errors stays small. */
export class WarningLog {
  readonly #warnings: ParseWarning[] = [];
  readonly #counts = new Map<string, number>();

  /** @param line 1-based line in the source, where known */
  add(code: string, message: string, line?: number): void {
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    if (count > MAX_WARNINGS_PER_CODE) return;
    this.#warnings.push(line === undefined ? { code, message } : { code, message, line });
  }

  /** In order of finding; a code that was met too often ends with one entry that tells how many more there were. */
  list(): ParseWarning[] {
    const more: ParseWarning[] = [];
    for (const [code, count] of this.#counts) {
      const left = count - MAX_WARNINGS_PER_CODE;
      if (left > 0) more.push({ code, message: `The same was found ${left} more times.` });
    }
    return [...this.#warnings, ...more];
  }
}

/** The beginning of some text on one line, quoted, for a message. */
export function excerpt(text: string): string {
  const line = text
    .slice(0, MAX_EXCERPT * 4)
    .replace(/\s+/gu, ' ')
    .trim();
  const chars = [...line];
  return chars.length > MAX_EXCERPT ? `"${chars.slice(0, MAX_EXCERPT).join('')}…"` : `"${line}"`;
}
