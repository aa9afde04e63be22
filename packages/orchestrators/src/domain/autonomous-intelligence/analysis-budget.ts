import type { Depth, StageNote } from './model.js';

const BUDGET_REASON = 'The budget of ';

/** Whether a stage was left out because it could not be afforded. */
export function isBudgetGap({ outcome, reason }: StageNote): boolean {
  return outcome === 'skipped' && reason.startsWith(BUDGET_REASON);
}

/** What a budget is divided by. */
export const COST_CATEGORIES = [
  'acquisition',
  'transcription',
  'analysis',
  'verification',
  'knowledge',
] as const;
export type CostCategory = (typeof COST_CATEGORIES)[number];

/**
 * What a depth may cost in US dollars where nobody gave a budget, and how that is divided. A budget of somebody's own
 * is divided in the same proportions.
 */
export const DEPTH_BUDGETS: Readonly<
  Record<Depth, Readonly<Record<CostCategory, number>> & { readonly total: number }>
> = {
  quick: { total: 0.5, acquisition: 0.05, transcription: 0.15, analysis: 0.3, verification: 0, knowledge: 0 },
  standard: {
    total: 1.5,
    acquisition: 0.05,
    transcription: 0.3,
    analysis: 0.75,
    verification: 0.4,
    knowledge: 0,
  },
  deep: {
    total: 3,
    acquisition: 0.05,
    transcription: 0.5,
    analysis: 1.2,
    verification: 0.75,
    knowledge: 0.5,
  },
  comprehensive: {
    total: 5,
    acquisition: 0.1,
    transcription: 0.75,
    analysis: 2,
    verification: 1,
    knowledge: 1.15,
  },
  experimental: {
    total: 10,
    acquisition: 0.1,
    transcription: 1.5,
    analysis: 4,
    verification: 2,
    knowledge: 2.4,
  },
};

/** What things cost, in US dollars. */
export interface AnalysisPrices {
  /** A million tokens that a language model reads. */
  readonly inputUsdPerMillion: number;
  /** A million tokens that it writes. */
  readonly outputUsdPerMillion: number;
  /** An hour of a stage's time on this computer. */
  readonly computeUsdPerHour: number;
  /** One call of a language model, whatever its length. */
  readonly usdPerModelCall: number;
  /** 10^9 bytes that were acquired. */
  readonly transferUsdPerGigabyte: number;
}

/** What an analysis may take at most; what is left out has no limit, except that of the depth in dollars. */
export interface AnalysisBudgetLimits {
  readonly usd?: number;
  /** Read and written. */
  readonly tokens?: number;
  /** Milliseconds of the stages, added up. */
  readonly ms?: number;
}

/** What a stage used, as it was measured. */
export interface StageUse {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Calls of a language model, those that failed included. */
  readonly modelCalls: number;
  /** Bytes that were acquired. */
  readonly bytes: number;
  readonly ms: number;
}

/** What something took. */
export interface AnalysisCost extends StageUse {
  readonly usd: number;
}

/** Nothing. */
export const NO_COST: AnalysisCost = {
  usd: 0,
  inputTokens: 0,
  outputTokens: 0,
  modelCalls: 0,
  bytes: 0,
  ms: 0,
};

/** What a model call took, as its server said, or at most takes where it said nothing. */
export interface TokenUse {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What an analysis took, and what was left out for it. */
export interface AnalysisBudgetReport {
  readonly limits: AnalysisBudgetLimits & { readonly usd: number };
  readonly spent: AnalysisCost;
  /** Dollars by category. */
  readonly byCategory: Readonly<Record<CostCategory, number>>;
  /** What each stage took, all its attempts together, in the order in which they were over. */
  readonly byStage: Readonly<Record<string, AnalysisCost>>;
  /** Stages that could not be afforded. */
  readonly left: readonly string[];
  /** Whether a server did not say what a call took, so that its upper bound was charged. */
  readonly isEstimated: boolean;
}

const MS_PER_HOUR = 3_600_000;
const BYTES_PER_GIGABYTE = 1e9;
const CATEGORIES: Readonly<Record<string, CostCategory>> = {
  acquire: 'acquisition',
  parse: 'transcription',
  read: 'transcription',
  verification: 'verification',
  crosscheck: 'verification',
  grounding: 'verification',
  narrative: 'knowledge',
  revision: 'knowledge',
  store: 'knowledge',
};

/** Which part of the budget a stage is paid from. */
export function costCategory(stage: string): CostCategory {
  return CATEGORIES[stage] ?? 'analysis';
}

/**
 * What one analysis has spent, and what it may still spend. Model calls are charged by the tokens their server counted,
 * everything else by the milliseconds and bytes it took. A stage begins only where its bound, as far as it is known
 * before, is left in its category and in all; the time of a stage is only known afterwards, so the last one may go
 * beyond.
 */
export class AnalysisBudget {
  readonly #limits: AnalysisBudgetLimits & { readonly usd: number };
  readonly #shares: Readonly<Record<CostCategory, number>>;
  readonly #prices: AnalysisPrices;
  readonly #byCategory: Record<CostCategory, number>;
  readonly #byStage = new Map<string, AnalysisCost>();
  readonly #left: string[] = [];
  #spent: AnalysisCost = NO_COST;
  #isEstimated = false;

  constructor(depth: Depth, limits: AnalysisBudgetLimits, prices: AnalysisPrices) {
    const table = DEPTH_BUDGETS[depth];
    const usd = limits.usd ?? table.total;
    this.#limits = { ...limits, usd };
    const scaled = (category: CostCategory): number => (table[category] * usd) / table.total;
    this.#shares = byCategory(scaled);
    this.#byCategory = byCategory(() => 0);
    this.#prices = prices;
  }

  /** Why a stage cannot be afforded, if so; `bound` is what its model call takes at most. */
  refusal(stage: string, bound?: TokenUse): string | undefined {
    const reason = this.#reason(stage, bound);
    if (reason !== undefined && !this.#left.includes(stage)) this.#left.push(stage);
    return reason;
  }

  #reason(stage: string, bound: TokenUse | undefined): string | undefined {
    const { usd, tokens, ms } = this.#limits;
    const spent = this.#spent;
    if (ms !== undefined && spent.ms >= ms) {
      return `${BUDGET_REASON}${whole(ms)} ms is used up: ${whole(spent.ms)} ms were spent.`;
    }
    if (bound !== undefined && tokens !== undefined) {
      const wanted = bound.inputTokens + bound.outputTokens;
      const left = tokens - spent.inputTokens - spent.outputTokens;
      if (wanted > left) {
        return `${BUDGET_REASON}${whole(tokens)} tokens does not allow it: it may take ${whole(wanted)}, and ${whole(Math.max(0, left))} are left.`;
      }
    }
    const atMost = bound === undefined ? 0 : this.#usdOf({ ...NO_COST, ...bound, modelCalls: 1 });
    // What costs nothing is never refused for money.
    if (atMost === 0 && !this.#isPriced(stage)) return undefined;
    const category = costCategory(stage);
    const leftInAll = usd - spent.usd;
    const leftHere = this.#shares[category] - this.#byCategory[category];
    const left = Math.min(leftInAll, leftHere);
    if (atMost <= left && left > 0) return undefined;
    const pot = leftHere < leftInAll ? `${dollars(this.#shares[category])} for ${category}` : dollars(usd);
    return `${BUDGET_REASON}${pot} does not allow it: it may cost ${atMost === 0 ? 'something' : dollars(atMost)}, and ${dollars(Math.max(0, left))} is left.`;
  }

  /** Charges what a stage took. */
  charge(stage: string, use: StageUse, isEstimated = false): AnalysisCost {
    const cost = { ...use, usd: this.#usdOf(use) };
    this.#spent = sumOf(this.#spent, cost);
    this.#byCategory[costCategory(stage)] += cost.usd;
    this.#byStage.set(stage, sumOf(this.#byStage.get(stage) ?? NO_COST, cost));
    this.#isEstimated ||= isEstimated;
    return cost;
  }

  /** Adds what was spent on the same analysis before. */
  carry({ spent, byCategory: before }: Pick<AnalysisBudgetReport, 'spent' | 'byCategory'>): void {
    this.#spent = sumOf(this.#spent, spent);
    for (const category of COST_CATEGORIES) this.#byCategory[category] += before[category];
  }

  report(): AnalysisBudgetReport {
    return {
      limits: this.#limits,
      spent: { ...this.#spent, ms: rounded(this.#spent.ms) },
      byCategory: { ...this.#byCategory },
      byStage: Object.fromEntries(
        [...this.#byStage].map(([stage, cost]) => [stage, { ...cost, ms: rounded(cost.ms) }]),
      ),
      left: [...this.#left],
      isEstimated: this.#isEstimated,
    };
  }

  /** Whether a stage costs something although it asks no model. */
  #isPriced(stage: string): boolean {
    const { computeUsdPerHour, transferUsdPerGigabyte } = this.#prices;
    return computeUsdPerHour > 0 || (stage === 'acquire' && transferUsdPerGigabyte > 0);
  }

  #usdOf({ ms, inputTokens, outputTokens, modelCalls, bytes }: StageUse): number {
    const prices = this.#prices;
    return (
      (inputTokens * prices.inputUsdPerMillion) / 1e6 +
      (outputTokens * prices.outputUsdPerMillion) / 1e6 +
      modelCalls * prices.usdPerModelCall +
      (bytes * prices.transferUsdPerGigabyte) / BYTES_PER_GIGABYTE +
      (ms * prices.computeUsdPerHour) / MS_PER_HOUR
    );
  }
}

function sumOf(a: AnalysisCost, b: AnalysisCost): AnalysisCost {
  return {
    usd: a.usd + b.usd,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    modelCalls: a.modelCalls + b.modelCalls,
    bytes: a.bytes + b.bytes,
    ms: a.ms + b.ms,
  };
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10;

function byCategory(value: (category: CostCategory) => number): Record<CostCategory, number> {
  return {
    acquisition: value('acquisition'),
    transcription: value('transcription'),
    analysis: value('analysis'),
    verification: value('verification'),
    knowledge: value('knowledge'),
  };
}

const whole = (value: number): string => String(Math.round(value));

/** With as many digits as it takes to show something. */
function dollars(usd: number): string {
  return `${usd === 0 || usd >= 0.01 ? usd.toFixed(2) : usd.toPrecision(2)} USD`;
}
