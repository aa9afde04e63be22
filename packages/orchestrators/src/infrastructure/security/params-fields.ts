import type { FieldKind, InspectedField } from './detection/field.js';

/** Texts of one call that are looked at. */
const MAX_FIELDS = 5_000;
/** Values of one call that are visited in search of them. */
const MAX_VALUES = 20_000;
const MAX_DEPTH = 32;
const MAX_NAME = 200;

/**
 * The texts among some params, with the path to each; names of properties too, where they could be operators of a query.
 * What cannot be read is left out; what is met twice, also by way of itself, is looked at once.
 */
export function fieldsOf(
  params: unknown,
  kindOf: (path: string, name: string) => FieldKind,
): readonly InspectedField[] {
  const fields: InspectedField[] = [];
  const seen = new Set<object>();
  let values = 0;
  const walk = (value: unknown, path: string, name: string, depth: number): void => {
    values += 1;
    if (fields.length >= MAX_FIELDS || values > MAX_VALUES || depth > MAX_DEPTH) return;
    if (typeof value === 'string') {
      if (value.length > 0) fields.push({ name: path, kind: kindOf(path, name), value });
      return;
    }
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return;
    seen.add(value);
    if (Array.isArray(value)) {
      for (const [i, each] of value.slice(0, MAX_VALUES).entries()) {
        walk(each, below(path, `[${i}]`), name, depth + 1);
      }
      return;
    }
    for (const key in value) {
      if (values > MAX_VALUES) return;
      if (!Object.hasOwn(value, key)) continue;
      if (key.startsWith('$')) fields.push({ name: path, value: `{"${key.slice(0, MAX_NAME)}":` });
      walk(
        (value as Record<string, unknown>)[key],
        below(path, path === '' ? key : `.${key}`),
        key,
        depth + 1,
      );
    }
  };
  try {
    walk(params, '', '', 0);
  } catch {
    // A getter that throws: whoever reads the params next will say so.
  }
  return fields;
}

function below(path: string, part: string): string {
  return path.length >= MAX_NAME ? path : `${path}${part}`.slice(0, MAX_NAME);
}
