import { kindOf } from './json-data.js';

/** An error on the wire. */
export interface ErrorJSON {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly cause?: ErrorJSON;
}

/** Causes of a cause that are kept; there may be a circle of them. */
const MAX_CAUSES = 9;

/** @internal Name and message of anything that can be thrown, without calling into it more than needed. */
export function describe(thrown: unknown): { readonly name: string; readonly message: string } {
  if (typeof thrown === 'object' && thrown !== null) {
    const { name, message } = thrown as { name?: unknown; message?: unknown };
    return {
      name: typeof name === 'string' ? name : 'Error',
      message:
        typeof message === 'string' && message !== '' ? message : `An error without a message was thrown.`,
    };
  }
  if (typeof thrown === 'string') {
    return { name: 'Error', message: thrown === '' ? 'An empty string was thrown.' : thrown };
  }
  return { name: 'Error', message: `${kindOf(thrown)} was thrown: ${String(thrown)}` };
}

/** @internal Anything thrown, as it goes over the wire. */
export function errorJSON(cause: unknown, depth = 0): ErrorJSON {
  try {
    const { name, message } = describe(cause);
    const code = (cause as { code?: unknown } | null)?.code;
    const inner = (cause as { cause?: unknown } | null)?.cause;
    return {
      name,
      message,
      ...(typeof code === 'string' ? { code } : {}),
      ...(inner === undefined || depth >= MAX_CAUSES ? {} : { cause: errorJSON(inner, depth + 1) }),
    };
  } catch {
    return { name: 'Error', message: 'An error that cannot be read.' };
  }
}

/** @internal The error that {@link errorJSON} told of. */
export function errorFromJSON(json: ErrorJSON | null, depth = 0): Error {
  const { name, message, code, cause } = (json ?? {}) as { readonly [K in keyof ErrorJSON]?: unknown };
  const error = new Error(
    typeof message === 'string' ? message : '',
    typeof cause === 'object' && depth < MAX_CAUSES
      ? { cause: errorFromJSON(cause as ErrorJSON | null, depth + 1) }
      : undefined,
  );
  if (typeof name === 'string') error.name = name;
  if (typeof code === 'string') Object.assign(error, { code });
  return error;
}
