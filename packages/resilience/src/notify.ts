/** Calls a user's listener. What it throws, or rejects with, harms nobody: it has no place in the execution. */
export function notify<E>(listener: (event: E) => unknown, event: E): void {
  try {
    const answer = listener(event);
    if (answer instanceof Promise) answer.catch(() => undefined);
  } catch {
    // A listener only listens.
  }
}
