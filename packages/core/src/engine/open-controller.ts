import { setMaxListeners } from 'node:events';

/**
 * `signal`, and many may listen to it: the branches of a `parallel`, each with a request of its own, are no leak. Node
 * before 24 would warn of one at the eleventh.
 */
export function forMany(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal);
  return signal;
}

/** A controller with a signal {@link forMany}. */
export function openController(): AbortController {
  const controller = new AbortController();
  forMany(controller.signal);
  return controller;
}
