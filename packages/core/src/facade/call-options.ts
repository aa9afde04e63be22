import { kindOf } from '../json-data.js';
import { FailedResult } from '../step-result.js';
import type { CallOptions } from './references.js';

/** What is wrong with the options of a call. */
export function optionsProblem(options: CallOptions): FailedResult | undefined {
  const refuse = (what: string): FailedResult =>
    new FailedResult(`${what}. Correct the call.`, { errorCategory: 'validation' });
  if (typeof options !== 'object' || options === null) {
    return refuse(`The options of a call must be an object, got ${kindOf(options)}`);
  }
  const { timeoutMs, runId, idempotencyKey } = options;
  if (
    timeoutMs !== undefined &&
    (typeof timeoutMs !== 'number' || !(timeoutMs >= 0) || timeoutMs > 2_147_483_647)
  ) {
    return refuse(
      `options.timeoutMs must be a number of milliseconds from 0 to 2147483647, got ${String(timeoutMs)}`,
    );
  }
  for (const [key, id] of Object.entries({ runId, idempotencyKey })) {
    if (id !== undefined && (typeof id !== 'string' || id === '' || id.length > 512)) {
      return refuse(`options.${key} must be a string of 1 to 512 characters`);
    }
  }
  return undefined;
}
