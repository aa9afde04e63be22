/** The longest wait that is believed; a server asking for more is asking for a person. */
const MAX_WAIT_MS = 24 * 60 * 60 * 1000;

/**
 * How long a server asks to wait, in milliseconds, from its `retry-after-ms` or `retry-after` header; a day at most. A date is
 * compared with the server's own `date`, so that no clock of ours is needed.
 *
 * @returns undefined when it does not say, or says nothing usable
 */
export function retryAfterMs(headers: Readonly<Record<string, string>>): number | undefined {
  const milliseconds = wholeNumber(headers['retry-after-ms']);
  if (milliseconds !== undefined) return Math.min(milliseconds, MAX_WAIT_MS);
  const after = headers['retry-after'];
  const seconds = wholeNumber(after);
  if (seconds !== undefined) return Math.min(seconds * 1000, MAX_WAIT_MS);
  const wait = Date.parse(after ?? '') - Date.parse(headers['date'] ?? '');
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), MAX_WAIT_MS);
}

function wholeNumber(text: string | undefined): number | undefined {
  return /^\d{1,15}$/.test(text ?? '') ? Number(text) : undefined;
}
