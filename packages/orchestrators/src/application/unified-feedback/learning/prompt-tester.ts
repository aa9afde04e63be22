import type { FeedbackContext, FeedbackSignal } from '../feedback-signal.js';
import { chooseComponent } from './choose.js';
import type { LearnerSetup } from './component-router.js';
import type {
  ComponentView,
  FeedbackLearner,
  FeedbackRecommendation,
  FeedbackRequest,
  PromptTarget,
  RandomSource,
} from './learner.js';
import { LinearModel, type LinearRecord } from './linear-model.js';

/** What prompts are for; `context.kind`. */
export const PROMPT_KINDS = [
  'analysis',
  'verification',
  'synthesis',
  'extraction',
  'classification',
  'generation',
] as const;

/** What is learnt over all kinds, for where nothing is known of one. */
const ANY = 'any';
export const PROMPT_DIMENSIONS = 8;
const RATE = 0.01;
/** Weight of the newest in the averages. */
const NEWEST = 0.2;
const UNKNOWN = 0.5;
/** Milliseconds that are as slow as it gets, and USD that are as dear. */
const SLOWEST_MS = 10_000;
const DEAREST_USD = 0.01;

/** How much quality, speed and cost count. */
const TARGETS: Readonly<Record<PromptTarget, readonly [number, number, number]>> = {
  quality: [1, 0, 0],
  speed: [0, 1, 0],
  cost: [0, 0, 1],
  balanced: [0.6, 0.2, 0.2],
};

interface Averages {
  quality: number;
  speed: number;
  cost: number;
  samples: number;
}

interface Variant {
  readonly kinds: Map<string, Averages>;
  /** What the context adds to the average: it learns what the average leaves over. */
  readonly model: LinearModel;
}

export interface PromptRecord {
  readonly variants: Readonly<
    Record<
      string,
      { readonly kinds: Readonly<Record<string, Readonly<Averages>>>; readonly model: LinearRecord }
    >
  >;
}

/** Compares prompt variants, by kind of prompt and by what matters most. */
export class PromptTester implements FeedbackLearner {
  readonly #setup: LearnerSetup;
  readonly #variants = new Map<string, Variant>();

  constructor(setup: LearnerSetup, record?: PromptRecord) {
    this.#setup = setup;
    for (const [id, { kinds, model }] of Object.entries(record?.variants ?? {})) {
      this.#variants.set(id, {
        kinds: new Map(Object.entries(kinds).map(([kind, averages]) => [kind, { ...averages }])),
        model: modelOf(id, model),
      });
    }
  }

  /** `context`: `kind`, `quality` (else the reward counts as it), `latencyMs`, `costUsd`. */
  learn({ componentId, context, reward, confidence }: FeedbackSignal): void {
    let variant = this.#variants.get(componentId);
    if (variant === undefined) {
      this.#variants.set(componentId, (variant = { kinds: new Map(), model: modelOf(componentId) }));
    }
    const kind = kindOf(context);
    const before = variant.kinds.get(kind) ?? variant.kinds.get(ANY);
    const features = this.#setup.encode(context, PROMPT_DIMENSIONS);
    variant.model.learn(features, reward - (before?.quality ?? reward), RATE * confidence);
    note(variant.kinds, ANY, context, reward, confidence);
    if (kind !== ANY) note(variant.kinds, kind, context, reward, confidence);
  }

  recommend(
    request: FeedbackRequest,
    view: ComponentView,
    random: RandomSource,
  ): FeedbackRecommendation | undefined {
    const [quality, speed, cost] = TARGETS[request.target ?? 'balanced'];
    const features = this.#setup.encode(request.context, PROMPT_DIMENSIONS);
    const kind = kindOf(request.context);
    const judge = (id: string): { score: number; samples: number } => {
      const variant = this.#variants.get(id);
      const known = variant?.kinds.get(kind) ?? variant?.kinds.get(ANY);
      if (variant === undefined || known === undefined) return { score: UNKNOWN, samples: 0 };
      const mean = quality * known.quality + speed * known.speed + cost * known.cost;
      return { score: mean + quality * variant.model.predict(features), samples: known.samples };
    };
    return chooseComponent(request, view, judge, { random, explorationRatio: this.#setup.explorationRatio });
  }

  forget(componentId: string): void {
    this.#variants.delete(componentId);
  }

  toRecord(): PromptRecord {
    return {
      variants: Object.fromEntries(
        [...this.#variants].map(([id, { kinds, model }]) => [
          id,
          { kinds: Object.fromEntries(kinds), model: model.toRecord() },
        ]),
      ),
    };
  }
}

function modelOf(id: string, record?: LinearRecord): LinearModel {
  return new LinearModel(id, { dimensions: PROMPT_DIMENSIONS, deviation: 0, expected: 0 }, record);
}

function kindOf(context: FeedbackContext): string {
  const { kind } = context;
  return typeof kind === 'string' && (PROMPT_KINDS as readonly string[]).includes(kind) ? kind : ANY;
}

function note(
  kinds: Map<string, Averages>,
  kind: string,
  context: FeedbackContext,
  reward: number,
  confidence: number,
): void {
  const quality = shareOf(context['quality']) ?? reward;
  const speed = inverse(context['latencyMs'], SLOWEST_MS);
  const cost = inverse(context['costUsd'], DEAREST_USD);
  const known = kinds.get(kind);
  if (known === undefined) {
    kinds.set(kind, { quality, speed: speed ?? UNKNOWN, cost: cost ?? UNKNOWN, samples: 1 });
    return;
  }
  const step = NEWEST * confidence;
  known.quality += step * (quality - known.quality);
  if (speed !== undefined) known.speed += step * (speed - known.speed);
  if (cost !== undefined) known.cost += step * (cost - known.cost);
  known.samples += 1;
}

function shareOf(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= 1 ? value : undefined;
}

/** 1 for nothing, 0 for the most and beyond. */
function inverse(value: unknown, most: number): number | undefined {
  return typeof value === 'number' && value >= 0 ? 1 - Math.min(1, value / most) : undefined;
}
