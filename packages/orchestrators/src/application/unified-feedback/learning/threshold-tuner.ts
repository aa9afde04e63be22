import type { FeedbackContext, FeedbackSignal } from '../feedback-signal.js';
import type { LearnerSetup } from './component-router.js';
import { pick } from './choose.js';
import {
  type ComponentView,
  confidenceOf,
  type FeedbackLearner,
  type FeedbackRecommendation,
  type FeedbackRequest,
  MAX_RANKING,
  type RandomSource,
} from './learner.js';

/** How scarce the budget is; each level is learnt by itself. */
export const BUDGET_PRESSURES = ['normal', 'elevated', 'critical'] as const;
export type BudgetPressure = (typeof BUDGET_PRESSURES)[number];

/** `budgetPressure` of a context, 0 to 1: elevated from 0.5, critical from 0.8. */
export function pressureOf(context: FeedbackContext): BudgetPressure {
  const pressure = context['budgetPressure'];
  if (typeof pressure !== 'number' || pressure < 0.5) return 'normal';
  return pressure < 0.8 ? 'elevated' : 'critical';
}

/** What a threshold is tried with, times its start. */
const FACTORS = [0.8, 0.9, 1, 1.1, 1.25] as const;
/** Steps of each threshold. */
export const THRESHOLD_STEPS = FACTORS.length;
/** Where each level of pressure begins: a higher bar lets less through, which costs less. */
const START_AT: Readonly<Record<BudgetPressure, number>> = { normal: 2, elevated: 3, critical: 4 };
/** Weight of the newest reward. */
const NEWEST = 0.2;
const UNKNOWN = 0.5;

interface Step {
  average: number;
  samples: number;
}

interface Tuned {
  readonly start: number;
  readonly levels: Readonly<Record<BudgetPressure, readonly Step[]>>;
}

export interface ThresholdRecord {
  readonly thresholds: Readonly<
    Record<
      string,
      { readonly start: number; readonly levels: Readonly<Record<BudgetPressure, readonly Readonly<Step>[]>> }
    >
  >;
}

/**
 * Learns how high thresholds should be: each has five steps around its start, and for each level of budget pressure an
 * exponential average (0.8 and 0.2) of the reward at each step. Exploration goes to the next step up or down only.
 */
export class ThresholdTuner implements FeedbackLearner {
  readonly #starts: Readonly<Record<string, number>>;
  readonly #explorationRatio: number;
  readonly #thresholds = new Map<string, Tuned>();

  constructor(
    starts: Readonly<Record<string, number>>,
    { explorationRatio }: Pick<LearnerSetup, 'explorationRatio'>,
    record?: ThresholdRecord,
  ) {
    this.#starts = starts;
    this.#explorationRatio = explorationRatio;
    for (const [id, { start, levels }] of Object.entries(record?.thresholds ?? {})) {
      this.#thresholds.set(
        id,
        tuned(start, (level) => levels[level].map((step) => ({ ...step }))),
      );
    }
  }

  /** The value in force is `context.value`; without it the start is meant. */
  learn({ componentId, context, reward, confidence }: FeedbackSignal): void {
    const { value } = context;
    const threshold = this.#of(componentId, typeof value === 'number' && value > 0 ? value : undefined);
    if (threshold === undefined) return;
    const steps = threshold.levels[pressureOf(context)];
    const step = steps[
      nearestStep(threshold.start, typeof value === 'number' ? value : threshold.start)
    ] as Step;
    step.average = step.samples === 0 ? reward : step.average + NEWEST * confidence * (reward - step.average);
    step.samples += 1;
  }

  /** Of the first candidate, or the first threshold that is known. */
  recommend(
    request: FeedbackRequest,
    view: ComponentView,
    random: RandomSource,
  ): FeedbackRecommendation | undefined {
    const ids = request.candidates ?? [...Object.keys(this.#starts), ...this.#thresholds.keys()];
    const componentId = ids.find((id) => view.stateOf(id) !== 'disabled');
    if (componentId === undefined) return undefined;
    const threshold = this.#of(componentId);
    if (threshold === undefined) return undefined;
    const level = pressureOf(request.context);
    const steps = threshold.levels[level];
    const scores = steps.map(({ average, samples }, at) =>
      samples > 0 ? average : at === START_AT[level] ? UNKNOWN : -1,
    );
    const best = scores.indexOf(Math.max(...scores));
    const explores = random() < this.#explorationRatio;
    const at = explores
      ? pick(
          [best - 1, best + 1].filter((each) => each in steps),
          random,
        )
      : best;
    const health = view.healthOf(componentId);
    return {
      componentType: 'threshold',
      componentId,
      value: valueAt(threshold.start, at),
      score: Math.max(0, scores[at] as number),
      confidence: explores ? 0.5 : confidenceOf(scores.filter((score) => score >= 0).sort((a, b) => b - a)),
      explored: explores,
      probe: false,
      ranking: steps
        .map(({ samples }, index) => ({
          componentId: `${componentId}=${String(valueAt(threshold.start, index))}`,
          score: Math.max(0, scores[index] as number),
          health,
          samples,
        }))
        .sort((a, b) => b.score - a.score)
        .slice(0, MAX_RANKING),
    };
  }

  forget(componentId: string): void {
    this.#thresholds.delete(componentId);
  }

  toRecord(): ThresholdRecord {
    return { thresholds: Object.fromEntries(this.#thresholds) };
  }

  /** One that is not declared begins at the first value it is seen with. */
  #of(id: string, seenWith?: number): Tuned | undefined {
    const known = this.#thresholds.get(id);
    if (known !== undefined) return known;
    const start = Object.hasOwn(this.#starts, id) ? this.#starts[id] : seenWith;
    if (start === undefined) return undefined;
    const made = tuned(start, () => FACTORS.map(() => ({ average: 0, samples: 0 })));
    this.#thresholds.set(id, made);
    return made;
  }
}

function tuned(start: number, steps: (level: BudgetPressure) => readonly Step[]): Tuned {
  return {
    start,
    levels: { normal: steps('normal'), elevated: steps('elevated'), critical: steps('critical') },
  };
}

/** Shares stay within 0 to 1, whole numbers of 10 or more stay whole. */
function valueAt(start: number, step: number): number {
  const value = start * (FACTORS[step] as number);
  if (start <= 1) return Math.min(1, Math.round(value * 10_000) / 10_000);
  return Number.isInteger(start) && start >= 10 ? Math.round(value) : Math.round(value * 10_000) / 10_000;
}

function nearestStep(start: number, value: number): number {
  const distances = FACTORS.map((_, at) => Math.abs(valueAt(start, at) - value));
  return distances.indexOf(Math.min(...distances));
}
