import { HttpError } from './http-error.js';

/** The type of a `Content-Type` header in lower case, without parameters; empty where there is none. */
export function mediaTypeOf(contentType: string | undefined): string {
  const [type = ''] = (contentType ?? '').split(';');
  return type.trim().toLowerCase();
}

/**
 * @param wanted types such as `text/html`, `text/*`
 * @throws {@link HttpError} `HTTP_TYPE_REFUSED`
 */
export function checkMediaType(
  contentType: string | undefined,
  wanted: readonly string[],
  source: string,
): void {
  const type = mediaTypeOf(contentType) || 'application/octet-stream';
  const family = `${type.slice(0, type.indexOf('/'))}/*`;
  if (wanted.some((each) => [type, family, '*/*'].includes(each.trim().toLowerCase()))) return;
  throw new HttpError(
    'HTTP_TYPE_REFUSED',
    `${source} is ${type.slice(0, 100)}, not one of ${wanted.join(', ')}. Check that the address leads to what is wanted.`,
  );
}
