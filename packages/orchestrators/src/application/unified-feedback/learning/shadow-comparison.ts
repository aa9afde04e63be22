import type { FeedbackSignal } from '../feedback-signal.js';

/** Weight of the newest reward. */
const NEWEST = 0.1;
/** Shadow deployments that are compared at the same time. */
const MOST = 200;

/** How a shadow deployment does. */
export interface ShadowReport {
  readonly componentType: FeedbackSignal['componentType'];
  readonly componentId: string;
  readonly samples: number;
  /** Exponential average of its rewards. */
  readonly average: number;
}

/** Averages of what shadow deployments came to, kept apart from what is live; the one without news for longest goes. */
export class ShadowComparison {
  readonly #reports = new Map<string, ShadowReport>();

  constructor(reports: readonly ShadowReport[] = []) {
    for (const report of reports) this.#reports.set(keyOf(report), report);
  }

  note({ componentType, componentId, reward }: FeedbackSignal): void {
    const key = keyOf({ componentType, componentId });
    const before = this.#reports.get(key);
    const average = before === undefined ? reward : (1 - NEWEST) * before.average + NEWEST * reward;
    this.#reports.delete(key);
    this.#reports.set(key, { componentType, componentId, samples: (before?.samples ?? 0) + 1, average });
    for (const oldest of this.#reports.keys()) {
      if (this.#reports.size <= MOST) return;
      this.#reports.delete(oldest);
    }
  }

  toJSON(): readonly ShadowReport[] {
    return [...this.#reports.values()];
  }
}

function keyOf({ componentType, componentId }: Pick<ShadowReport, 'componentType' | 'componentId'>): string {
  return `${componentType} ${componentId}`;
}
