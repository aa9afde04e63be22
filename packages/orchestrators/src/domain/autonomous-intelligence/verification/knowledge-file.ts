import type { YamlCursor } from './yaml-cursor.js';

/** What entries need to know of their file. */
export interface FileContext {
  readonly knownUntil: string;
  readonly sources: ReadonlyMap<string, string>;
}

/** The texts of a list that may be absent. */
export function strings(entry: YamlCursor, key: string): readonly string[] {
  return entry.list(key).map((item) => item.string());
}

/** The citation of an entry, its `$name` resolved. */
export function sourceOf(entry: YamlCursor, file: FileContext): string {
  const cursor = entry.at('source');
  const text = cursor.string();
  if (!text.startsWith('$')) return text;
  return (
    file.sources.get(text.slice(1)) ??
    cursor.fail(
      'KNOWLEDGE_REFERENCE',
      `No source is called "${text}". Add it under "sources" or correct the name.`,
    )
  );
}
