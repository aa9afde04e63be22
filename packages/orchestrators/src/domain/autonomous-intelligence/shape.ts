/** Says what is wrong with a value, beginning with its path; nothing where it has the shape. */
export type Shape = (value: unknown, path: string) => string | undefined;

/** A finite number from `min` to `max`, both included. */
export function numberFrom(min: number, max = Infinity): Shape {
  const wanted =
    max === Infinity ? `a number >= ${String(min)}` : `a number from ${String(min)} to ${String(max)}`;
  return (value, path) =>
    typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max
      ? undefined
      : `${path} must be ${wanted}, got ${shown(value)}`;
}

/** A whole number >= 0. */
export const count: Shape = (value, path) =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? undefined
    : `${path} must be a whole number >= 0, got ${shown(value)}`;

export const text: Shape = (value, path) =>
  typeof value === 'string' ? undefined : `${path} must be a text, got ${shown(value)}`;

export const bool: Shape = (value, path) =>
  typeof value === 'boolean' ? undefined : `${path} must be true or false, got ${shown(value)}`;

/** A text with something in it. */
export const someText: Shape = (value, path) =>
  typeof value === 'string' && value.trim() !== ''
    ? undefined
    : `${path} must be a text that is not empty, got ${shown(value)}`;

export function oneOf(values: readonly string[]): Shape {
  return (value, path) =>
    typeof value === 'string' && values.includes(value)
      ? undefined
      : `${path} must be one of ${values.join(', ')}, got ${shown(value)}`;
}

export function listOf(each: Shape): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path} must be a list, got ${shown(value)}`;
    for (let at = 0; at < value.length; at += 1) {
      const problem = each(value[at], `${path}[${String(at)}]`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
}

/** Left out, or of the shape. */
export function maybe(shape: Shape): Shape {
  return (value, path) => (value === undefined ? undefined : shape(value, path));
}

/** An object with these properties; others do not matter. */
export function record(fields: Readonly<Record<string, Shape>>): Shape {
  const entries = Object.entries(fields);
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return `${path} must be an object, got ${shown(value)}`;
    }
    for (const [name, shape] of entries) {
      const problem = shape((value as Readonly<Record<string, unknown>>)[name], `${path}.${name}`);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
}

/** Both shapes; the second is only asked where the first holds. */
export function both(first: Shape, second: Shape): Shape {
  return (value, path) => first(value, path) ?? second(value, path);
}

function shown(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value;
}
