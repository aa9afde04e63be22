import type { FailedResult } from '@kapelle/core';
import { shownUrl } from '../../http/http-error.js';
import type { RememberedError } from './monitored-source.js';

/** A failure as a source or an item remembers it. */
export function remembered(failure: FailedResult, at: number): RememberedError {
  const { details, error, errorCategory } = failure;
  const code: unknown =
    typeof details === 'object' && details !== null ? Reflect.get(details, 'code') : undefined;
  return {
    message: error.slice(0, 500),
    category: errorCategory,
    ...(typeof code === 'string' ? { code } : {}),
    at,
  };
}

/** A target or address for logs and messages: the query of a private feed is its password. */
export function shownTarget(target: string): string {
  return /^https?:/iu.test(target) && URL.canParse(target) ? shownUrl(new URL(target)) : target.slice(0, 200);
}
