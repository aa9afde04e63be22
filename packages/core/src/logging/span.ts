/** A stretch of a text, from `start` up to but not including `end`. */
export type Span = readonly [start: number, end: number];

/** What names and tokens are made of: `[A-Za-z0-9_-]`. */
export function isTokenCharacter(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 48 && code <= 57) ||
    (code >= 65 && code <= 90) ||
    code === 45 ||
    code === 95
  );
}
