import { StepResult } from '@kapelle/core';
import type { AnalysisBudgetLimits } from './analysis-budget.js';
import type { Briefing, Depth } from './model.js';

/** What makes two calls the same analysis. */
export interface AnalysisKey {
  readonly tenantId: string;
  readonly contentHash: string;
  readonly depth: Depth;
  readonly limits: AnalysisBudgetLimits;
  readonly force: boolean;
}

/** How an analysis ended that somebody else had begun. */
export type SharedEnd = { readonly result: StepResult<Briefing> } | 'given up';

/**
 * Analyses that are running in this process: who asks for the same one while it runs waits for it instead of doing it
 * too. One that was ended by its own caller is gone on with by whoever waits.
 */
export class RunningAnalyses {
  readonly #running = new Map<string, Promise<SharedEnd>>();

  #ended = 0;

  /** How many analyses are over, whoever waited for them. */
  get ended(): number {
    return this.#ended;
  }

  /** How many are running. */
  get size(): number {
    return this.#running.size;
  }

  /**
   * Gives what the same analysis gives, which is run where nobody runs it.
   *
   * @param work run by one caller at a time for each key; what it throws is its own caller's alone
   */
  async run(
    key: AnalysisKey,
    signal: AbortSignal,
    work: (isAlone: boolean) => Promise<StepResult<Briefing>>,
  ): Promise<{ readonly result: StepResult<Briefing>; readonly isShared: boolean }> {
    const name = nameOf(key);
    let isAlone = true;
    for (;;) {
      const running = this.#running.get(name);
      if (running === undefined) break;
      isAlone = false;
      const end = await unlessAborted(running, signal);
      if (end !== 'given up') return { result: end.result, isShared: true };
    }
    let settle: (end: SharedEnd) => void = () => undefined;
    this.#running.set(
      name,
      new Promise((resolve) => {
        settle = resolve;
      }),
    );
    let end: SharedEnd = 'given up';
    try {
      const result = await work(isAlone);
      if (!isOfItsCaller(result)) end = { result };
      return { result, isShared: false };
    } finally {
      this.#running.delete(name);
      this.#ended += 1;
      settle(end);
    }
  }
}

/** A failure that says something of the call and nothing of the content. */
function isOfItsCaller(result: StepResult<Briefing>): boolean {
  return (
    result.status === 'failed' && (result.errorCategory === 'cancelled' || result.errorCategory === 'timeout')
  );
}

function nameOf({ tenantId, contentHash, depth, limits, force }: AnalysisKey): string {
  const { usd, tokens, ms } = limits;
  return JSON.stringify([tenantId, contentHash, depth, usd, tokens, ms, force]);
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    void promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}
