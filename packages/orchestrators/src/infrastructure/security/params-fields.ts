import type { FieldKind, InspectedField } from './detection/field.js';

const MAX_FIELDS = 200;
const MAX_DEPTH = 8;

/**
 * The texts among some params, with the path to each; names of properties too, where they could be operators of a query.
 * What cannot be read is left out.
 */
export function fieldsOf(
  params: unknown,
  kindOf: (path: string, name: string) => FieldKind,
): readonly InspectedField[] {
  const fields: InspectedField[] = [];
  const walk = (value: unknown, path: string, name: string, depth: number): void => {
    if (fields.length >= MAX_FIELDS || depth > MAX_DEPTH) return;
    if (typeof value === 'string') {
      if (value.length > 0) fields.push({ name: path, kind: kindOf(path, name), value });
      return;
    }
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
    if (Array.isArray(value)) {
      for (const [i, each] of value.slice(0, MAX_FIELDS).entries())
        walk(each, `${path}[${i}]`, name, depth + 1);
      return;
    }
    for (const [key, each] of Object.entries(value)) {
      if (key.startsWith('$')) fields.push({ name: path, value: `{"${key}":` });
      walk(each, path === '' ? key : `${path}.${key}`, key, depth + 1);
    }
  };
  try {
    walk(params, '', '', 0);
  } catch {
    // A getter that throws: whoever reads the params next will say so.
  }
  return fields;
}
