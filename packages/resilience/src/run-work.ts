import type { Attempt, Work } from './policy.js';

/** Runs the work; what it throws at once is a rejection, like what it rejects with later. */
export function runWork<T>(work: Work<T>, attempt: Attempt): Promise<T> {
  try {
    // The same object for a promise of the platform. One of another class is wrapped: its `then` may call back twice.
    return Promise.resolve(work(attempt));
  } catch (error) {
    return Promise.reject(error);
  }
}
