import { type HookOutcome, runHook } from './hook.js';
import { type HookHost, tellHook } from './unit-hooks.js';

/** One run of a start hook. Its time, who asked for it, or a stop of the one orchestrator can give it up. */
export class StartRun {
  readonly #host: HookHost;
  readonly #abort = new AbortController();

  constructor(host: HookHost) {
    this.#host = host;
  }

  /** Resolves when nobody waits for the hook any more; `settled` then tells whether it comes up after all. */
  async run(
    hook: (signal: AbortSignal) => unknown,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly outcome: HookOutcome; readonly settled: Promise<boolean> }> {
    const { unit, runtime } = this.#host;
    const onOuter = (): void => {
      this.giveUp(signal?.reason);
    };
    if (signal?.aborted === true) onOuter();
    else signal?.addEventListener('abort', onOuter, { once: true });
    const what = `The start of ${unit.name}`;
    const run = runHook(runtime.clock, what, timeoutMs, hook, this.#abort.signal);
    const outcome = await run.outcome;
    signal?.removeEventListener('abort', onOuter);
    tellHook(this.#host, 'start', outcome);
    return { outcome, settled: run.settled };
  }

  giveUp(reason: unknown): void {
    this.#abort.abort(reason);
  }
}
