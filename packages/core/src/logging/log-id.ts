import { escapeControls } from './control-characters.js';

/** Longest id in a log line. */
const MAX_LENGTH = 512;
/** Most ids, and quick to tell. */
const PLAIN = /^[ -~]{1,512}$/;

/** An id for a log: whoever made the context may have it from a caller, so it is one line and not too long. */
export function logId(id: string): string {
  if (PLAIN.test(id)) return id;
  const rest = id.length - MAX_LENGTH;
  return escapeControls(rest > 0 ? `${id.slice(0, MAX_LENGTH)}… (+${rest} characters)` : id);
}

/** Ids of a call, as they are told to programs, for a log; themselves where nothing is to be escaped. */
export function logIds<T extends { readonly tenantId: string; readonly requestId: string }>(ids: T): T {
  const tenantId = logId(ids.tenantId);
  const requestId = logId(ids.requestId);
  let logged =
    tenantId === ids.tenantId && requestId === ids.requestId ? ids : { ...ids, tenantId, requestId };
  for (const key of ['traceId', 'parentOrchestrator'] as const) {
    const id = (ids as Partial<Record<typeof key, string>>)[key];
    if (id !== undefined && logId(id) !== id) logged = { ...logged, [key]: logId(id) };
  }
  return logged;
}
