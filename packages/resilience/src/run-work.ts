import type { Attempt, Work } from './policy.js';

/** Runs the work; what it throws at once is a rejection, like what it rejects with later. */
export function runWork<T>(work: Work<T>, attempt: Attempt): Promise<T> {
  try {
    const answer = work(attempt);
    return answer instanceof Promise ? (answer as Promise<T>) : Promise.resolve(answer);
  } catch (error) {
    return Promise.reject(error);
  }
}
