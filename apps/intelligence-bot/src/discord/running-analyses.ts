/** An analysis that somebody waits for. */
export interface RunningAnalysis {
  /** Of the question that began it. */
  readonly id: string;
  readonly tenantId: string;
  readonly userId: string;
  readonly source: string;
  readonly depth: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** How far it is, 0 to 1, and what it is at. */
  ratio: number;
  stage: string;
}

/** How many may run at the same time. */
export interface RunLimits {
  /** Of one guild, or of one person in direct messages. @minimum 1 */
  readonly perTenant: number;
  /** Of everybody. @minimum 1 */
  readonly total: number;
}

/** The analyses that run, each with its end. */
export class RunningAnalyses {
  readonly #limits: RunLimits;
  readonly #running = new Map<string, RunningAnalysis>();
  readonly #work = new Set<Promise<unknown>>();

  constructor(limits: RunLimits) {
    for (const [name, value] of Object.entries(limits) as [string, number][]) {
      if (!Number.isSafeInteger(value) || value < 1) {
        throw new RangeError(
          `limits.${name} must be a whole number of 1 or more, got ${String(value)}. Correct it.`,
        );
      }
    }
    this.#limits = limits;
  }

  /** Those of a tenant, the oldest first. */
  of(tenantId: string): RunningAnalysis[] {
    return [...this.#running.values()].filter((each) => each.tenantId === tenantId);
  }

  get size(): number {
    return this.#running.size;
  }

  /** Why another one cannot begin now. */
  refusal(tenantId: string): string | undefined {
    const here = this.of(tenantId).length;
    if (here >= this.#limits.perTenant) return `${String(here)} analyses are running here already.`;
    return this.size >= this.#limits.total ? 'The bot has as much to do as it can.' : undefined;
  }

  /** Adds one for as long as its work takes. */
  async hold<T>(analysis: RunningAnalysis, work: () => Promise<T>): Promise<T> {
    this.#running.set(analysis.id, analysis);
    const done = work();
    this.#work.add(done);
    try {
      return await done;
    } finally {
      this.#work.delete(done);
      this.#running.delete(analysis.id);
    }
  }

  /** Resolves when none runs any more. */
  async ended(): Promise<void> {
    while (this.#work.size > 0) await Promise.allSettled(this.#work);
  }
}
