/**
 * A language as a reader would call it: `deu` as `German`; a code that nobody knows as it stands.
 *
 * @param code ISO 639-3, or another tag that `Intl` knows; `und` has no name
 */
export function languageName(code: string): string {
  if (code === 'und') return 'language unknown';
  try {
    return new Intl.DisplayNames(['en'], { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}
