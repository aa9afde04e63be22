import { AsyncResource } from 'node:async_hooks';

import { runInContext } from '../ambient.js';

/** Made when the package is loaded, hence before any call: what it remembers is the absence of all contexts. */
const ROOT = runInContext(undefined, () => new AsyncResource('kapelle.outside'));

/**
 * Runs `fn` outside of any call, whoever calls this: without the current context, and without what tracers and
 * other libraries keep in an `AsyncLocalStorage`. For loops that outlive the call that happened to start or wake
 * them, and would else count as part of it for ever.
 */
export function outsideOfCalls<R>(fn: () => R): R {
  return ROOT.runInAsyncScope(fn);
}
