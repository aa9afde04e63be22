/** All that is asked of the libraries, in the order of the page. */
import { group as breaker } from './groups/breaker.mjs';
import { group as context } from './groups/context.mjs';
import { group as queue } from './groups/queue.mjs';
import { group as rate } from './groups/rate.mjs';
import { group as retry } from './groups/retry.mjs';
import { group as timeout } from './groups/timeout.mjs';

export const groups = [timeout, retry, breaker, queue, rate, context];

export const promises = groups.flatMap((group) => group.promises);

export const libraryIds = ['kapelle', 'cockatiel', 'opossum', 'p-retry', 'p-queue', 'p-limit', 'bottleneck'];

/** Made to break promises: each promise must be broken by one of them, or its scenario can see nothing. */
export const doubleIds = ['nothing', 'clumsy'];

/** Whether the library's API has what the promise is about. A list in the list of needs means: one of these. */
export function canBeAsked(library, { needs }) {
  const has = (need) => {
    const [policy, feature] = need.split('.');
    const offered = library[policy];
    return offered !== undefined && (feature === undefined || Boolean(offered[feature]));
  };
  return needs.every((need) => (Array.isArray(need) ? need.some(has) : has(need)));
}
