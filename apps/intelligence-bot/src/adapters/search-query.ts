/** The most words and phrases of one query that are looked for; the rest is ignored. */
export const MAX_QUERY_TERMS = 32;

const TERM = /"([^"]*)"(\*?)|[^\s"]+/gu;
// What the index keeps of a text. Anything else separates words and would leave an empty term.
const WORD_CHARACTER = /[\p{L}\p{N}\p{Co}]/u;

/**
 * A full-text expression for what somebody typed: every word must occur, `"two words"` is a phrase, and `econ*` a
 * prefix. Each term is quoted, so nothing typed is read as syntax.
 *
 * @returns undefined when there is nothing to look for
 */
export function toMatchExpression(query: string, columns: readonly string[]): string | undefined {
  const terms: string[] = [];
  for (const [term, phrase, star] of plainText(query).matchAll(TERM)) {
    if (terms.length === MAX_QUERY_TERMS) break;
    if (!WORD_CHARACTER.test(term)) continue;
    const isPrefix = phrase === undefined ? term.endsWith('*') : star === '*';
    terms.push(`"${phrase ?? term}"${isPrefix ? '*' : ''}`);
  }
  return terms.length === 0 ? undefined : `{${columns.join(' ')}} : (${terms.join(' AND ')})`;
}

/** Text without control characters and broken surrogates: SQLite ends a text at the first zero character. */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}]/gu, ' ');
}
