import type { FeedbackSignal } from '../feedback-signal.js';
import { chooseComponent } from './choose.js';
import type { FeatureEncoder } from './context-features.js';
import {
  type ComponentView,
  type FeedbackLearner,
  type FeedbackRecommendation,
  type FeedbackRequest,
  type RandomSource,
} from './learner.js';
import { LinearModel, type LinearRecord } from './linear-model.js';

/** Weight of the newest outcome in the success rate. */
const NEWEST = 0.1;
/** What is expected of what nobody has tried. */
const UNKNOWN = 0.5;
const START_DEVIATION = 0.1;

/** What makes one router differ from another. */
export interface RouterKind {
  readonly dimensions: number;
  /** Length of the step after so many updates, 0 to 1. */
  readonly rate: (updates: number) => number;
  /**
   * `prediction`: what the context promises. `record`: that times health and success rate, for what fails on its own
   * whatever the context.
   */
  readonly score: 'prediction' | 'record';
  /** The success rate is that of so many last outcomes; an exponential average of all where it is left out. */
  readonly recent?: number;
}

/** Steps never get shorter than this, so that what has changed since is learnt too. */
const LEAST_RATE = 0.02;

/** Context of 10, steps of 1/(1 + n). */
export const MODEL_ROUTER: RouterKind = {
  dimensions: 10,
  rate: (updates) => Math.max(LEAST_RATE, 1 / (1 + updates)),
  score: 'prediction',
};
/** Context of 15, steps of 1/(1 + √n); what is predicted times health times success rate. */
export const TOOL_ROUTER: RouterKind = {
  dimensions: 15,
  rate: (updates) => Math.max(LEAST_RATE, 1 / (1 + Math.sqrt(updates))),
  score: 'record',
};
/** Context of 12, the success rate that of the last 30 tasks. */
export const AGENT_ROUTER: RouterKind = { ...TOOL_ROUTER, dimensions: 12, recent: 30 };

interface Arm {
  readonly model: LinearModel;
  successRate: number;
  readonly outcomes: number[];
}

export interface RouterRecord {
  readonly arms: Readonly<
    Record<
      string,
      { readonly model: LinearRecord; readonly successRate: number; readonly outcomes: readonly number[] }
    >
  >;
}

export interface LearnerSetup {
  readonly encode: FeatureEncoder;
  readonly explorationRatio: number;
}

/** Learns which component does best in which context. */
export class ComponentRouter implements FeedbackLearner {
  readonly #kind: RouterKind;
  readonly #setup: LearnerSetup;
  readonly #arms = new Map<string, Arm>();

  constructor(kind: RouterKind, setup: LearnerSetup, record?: RouterRecord) {
    this.#kind = kind;
    this.#setup = setup;
    for (const [id, { model, successRate, outcomes }] of Object.entries(record?.arms ?? {})) {
      this.#arms.set(id, { model: this.#model(id, model), successRate, outcomes: [...outcomes] });
    }
  }

  learn({ componentId, context, reward, confidence }: FeedbackSignal): void {
    let arm = this.#arms.get(componentId);
    if (arm === undefined) {
      arm = { model: this.#model(componentId), successRate: UNKNOWN, outcomes: [] };
      this.#arms.set(componentId, arm);
    }
    const { model } = arm;
    const rate = this.#kind.rate(model.updates) * confidence;
    this.#noteOutcome(arm, typeof context['success'] === 'boolean' ? Number(context['success']) : reward);
    model.learn(this.#setup.encode(context, this.#kind.dimensions), reward, rate);
  }

  recommend(
    request: FeedbackRequest,
    view: ComponentView,
    random: RandomSource,
  ): FeedbackRecommendation | undefined {
    const features = this.#setup.encode(request.context, this.#kind.dimensions);
    const { explorationRatio } = this.#setup;
    return chooseComponent(request, view, (id) => this.#judge(id, features, view), {
      random,
      explorationRatio,
    });
  }

  forget(componentId: string): void {
    this.#arms.delete(componentId);
  }

  toRecord(): RouterRecord {
    return {
      arms: Object.fromEntries(
        [...this.#arms].map(([id, { model, successRate, outcomes }]) => [
          id,
          { model: model.toRecord(), successRate, outcomes },
        ]),
      ),
    };
  }

  #judge(id: string, features: ArrayLike<number>, view: ComponentView): { score: number; samples: number } {
    const arm = this.#arms.get(id);
    const predicted = (arm?.model ?? this.#model(id)).predict(features);
    const samples = arm?.model.updates ?? 0;
    if (this.#kind.score === 'prediction') return { score: predicted, samples };
    // Two factors below 0 would make a good score of two bad ones.
    return { score: Math.max(0, predicted) * view.healthOf(id) * (arm?.successRate ?? UNKNOWN), samples };
  }

  /** Success is 1 or 0 where it is known, else the reward. */
  #noteOutcome(arm: Arm, success: number): void {
    const { recent } = this.#kind;
    if (recent === undefined) {
      arm.successRate = arm.model.updates === 0 ? success : (1 - NEWEST) * arm.successRate + NEWEST * success;
      return;
    }
    arm.outcomes.push(success);
    if (arm.outcomes.length > recent) arm.outcomes.shift();
    arm.successRate = arm.outcomes.reduce((sum, each) => sum + each, 0) / arm.outcomes.length;
  }

  #model(id: string, record?: LinearRecord): LinearModel {
    const start = { dimensions: this.#kind.dimensions, deviation: START_DEVIATION, expected: UNKNOWN };
    return new LinearModel(id, start, record);
  }
}
