import { setImmediate } from 'node:timers';

import type { Clock } from '../clock/clock.js';

export type HookOutcome =
  | { readonly ok: true; readonly durationMs: number }
  | {
      readonly ok: false;
      readonly kind: 'error' | 'timeout' | 'aborted';
      readonly error: unknown;
      readonly durationMs: number;
    };

export interface HookRun {
  /** Settles at the end of the hook or of its time, whichever is first. Never rejects. */
  readonly outcome: Promise<HookOutcome>;
  /** Settles when the hook itself does; `true` where it succeeded. Never rejects. */
  readonly settled: Promise<boolean>;
}

/** Whether a hook that was told to end has thrown just that: the reason itself, or an error made of it. */
function isAbort(thrown: unknown, reason: unknown): boolean {
  return thrown === reason || (thrown instanceof Error && thrown.name === 'AbortError');
}

/**
 * Runs a hook under a time limit. Its signal fires when the time is over or `outer` fires; the outcome does not
 * wait for a hook that ignores it.
 */
export function runHook(
  clock: Clock,
  what: string,
  timeoutMs: number,
  hook: (signal: AbortSignal) => unknown,
  outer?: AbortSignal,
): HookRun {
  const begun = clock.monotonic();
  const controller = new AbortController();
  const failed = (kind: 'error' | 'timeout' | 'aborted', error: unknown): HookOutcome => ({
    ok: false,
    kind,
    error,
    durationMs: clock.monotonic() - begun,
  });
  if (outer?.aborted === true) {
    return { outcome: Promise.resolve(failed('aborted', outer.reason)), settled: Promise.resolve(false) };
  }
  let returned: unknown;
  let isPromise: boolean;
  try {
    returned = hook(controller.signal);
    isPromise = typeof (returned as PromiseLike<unknown> | null | undefined)?.then === 'function';
  } catch (thrown) {
    return { outcome: Promise.resolve(failed('error', thrown)), settled: Promise.resolve(false) };
  }
  if (!isPromise) {
    return {
      outcome: Promise.resolve({ ok: true, durationMs: clock.monotonic() - begun }),
      settled: Promise.resolve(true),
    };
  }
  const done = Promise.resolve(returned as PromiseLike<unknown>);
  const outcome = new Promise<HookOutcome>((resolve) => {
    const finish = (how: HookOutcome): void => {
      clock.clearTimeout(timer);
      outer?.removeEventListener('abort', onAbort);
      resolve(how);
    };
    const timer = clock.setTimeout(() => {
      const error = new DOMException(`${what} did not end within ${timeoutMs} ms.`, 'TimeoutError');
      controller.abort(error);
      finish(failed('timeout', error));
    }, timeoutMs);
    const onAbort = (): void => {
      controller.abort(outer?.reason);
      // A hook that heeds its signal, or was about to end, ends in this turn: its own outcome then counts.
      setImmediate(() => {
        finish(failed('aborted', outer?.reason));
      });
    };
    outer?.addEventListener('abort', onAbort);
    // The hook itself may have made it fire: one that stops the host it starts in, say.
    if (outer?.aborted === true) onAbort();
    done.then(
      () => {
        finish({ ok: true, durationMs: clock.monotonic() - begun });
      },
      (thrown: unknown) => {
        finish(
          failed(outer?.aborted === true && isAbort(thrown, outer.reason) ? 'aborted' : 'error', thrown),
        );
      },
    );
  });
  return {
    outcome,
    settled: done.then(
      () => true,
      () => false,
    ),
  };
}
