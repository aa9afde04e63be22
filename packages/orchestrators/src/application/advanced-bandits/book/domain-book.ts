import {
  BANDIT_ALGORITHMS,
  type BanditAlgorithm,
  type BanditModel,
  greatest,
} from '../algorithms/bandit-model.js';
import { makeBanditModel } from '../algorithms/make-bandit-model.js';
import { BanditError } from '../bandit-error.js';
import type { BanditSettings, DomainSettings } from '../bandit-options.js';
import { BanditRandom } from '../learning/bandit-random.js';
import type { BanditFeatures } from '../learning/feature-encoder.js';
import { readObject } from '../learning/read-model.js';
import { DecisionHistory } from './decision-history.js';
import { PendingDecisions } from './pending-decisions.js';
import { type BanditPerformance, PerformanceWindow } from './performance.js';

/** Version of the form that a domain is stored and exported in. */
export const BANDIT_FORMAT_VERSION = 1;

/** What `make_decision` gives. */
export interface BanditDecision {
  /** Names the decision in `provide_feedback`. */
  readonly decisionId: string;
  readonly domain: string;
  readonly action: string;
  /** The propensity: how likely this action was to be taken, the exploration floor included. */
  readonly probability: number;
  readonly probabilities: Readonly<Record<string, number>>;
  /** What the algorithm ranks by, on a scale of its own. */
  readonly scores: Readonly<Record<string, number>>;
  readonly algorithm: BanditAlgorithm;
  /** Whether another action was ranked first. */
  readonly explored: boolean;
  /** Features whose value lay outside of their range. */
  readonly clipped: readonly string[];
  /** Epoch ms after which feedback comes too late. */
  readonly expiresAt: number;
}

/** What `provide_feedback` gives. */
export interface BanditFeedback {
  readonly decisionId: string;
  readonly domain: string;
  readonly action: string;
  readonly algorithm: BanditAlgorithm;
  readonly reward: number;
  /** The reward that was expected of the action before this one was learnt. */
  readonly expectedReward: number;
  readonly delayMs: number;
}

/** How a domain does. */
export interface BanditDomainReport {
  readonly domain: string;
  readonly actions: readonly string[];
  readonly defaultAlgorithm: BanditAlgorithm;
  readonly pending: number;
  readonly expired: number;
  readonly pushedOut: number;
  /** The algorithm with the greatest average reward; null before the first reward. */
  readonly best: BanditAlgorithm | null;
  readonly algorithms: Readonly<Record<BanditAlgorithm, BanditPerformance>>;
}

/** Everything one tenant knows about one domain. Nothing in it waits, so calls never see it half changed. */
export class DomainBook {
  readonly domain: DomainSettings;
  readonly #settings: BanditSettings;
  readonly #models = new Map<BanditAlgorithm, BanditModel>();
  readonly #windows = new Map<BanditAlgorithm, PerformanceWindow>();
  readonly #pending: PendingDecisions;
  readonly #history: DecisionHistory;
  #random: BanditRandom;
  #sequence = 0;
  defaultAlgorithm: BanditAlgorithm;

  constructor(domain: DomainSettings, settings: BanditSettings, tenantId: string) {
    this.domain = domain;
    this.#settings = settings;
    const shape = { dimension: domain.encoder.dimension, actions: domain.actions.length };
    for (const algorithm of BANDIT_ALGORITHMS) {
      this.#models.set(algorithm, makeBanditModel(algorithm, shape, settings.algorithms));
      this.#windows.set(algorithm, new PerformanceWindow());
    }
    this.#pending = new PendingDecisions(settings.maxPending, settings.decisionTtlMs);
    this.#history = new DecisionHistory(settings.historySize);
    this.#random = BanditRandom.seeded(`${settings.seed}\n${tenantId}\n${domain.name}`);
    this.defaultAlgorithm = domain.defaultAlgorithm;
  }

  /**
   * @param tag makes the id one that a lost decision cannot have had
   * @throws BanditError `BANDIT_FEATURE_INVALID`
   */
  decide(
    features: BanditFeatures,
    algorithm: BanditAlgorithm = this.defaultAlgorithm,
    now: number,
    tag: string,
  ): BanditDecision {
    const { name, actions, encoder, explorationFloor } = this.domain;
    const { x, clipped } = encoder.encode(features);
    const choice = this.model(algorithm).choose(x, this.#random);
    const probabilities = choice.probabilities.map(
      (each) => (1 - explorationFloor) * each + explorationFloor / actions.length,
    );
    const action = this.#random.pick(probabilities);
    const explored = (choice.scores[action] as number) < (choice.scores[greatest(choice.scores)] as number);
    this.#sequence += 1;
    const decisionId = `${name}.${this.#sequence.toString(36)}-${tag}`;
    this.#pending.add({ id: decisionId, algorithm, x, action, probabilities, decidedAt: now });
    this.#window(algorithm).decided(explored);
    const named = (values: Float64Array): Readonly<Record<string, number>> =>
      Object.fromEntries(actions.map((each, at) => [each, values[at] as number]));
    return {
      decisionId,
      domain: name,
      action: actions[action] as string,
      probability: probabilities[action] as number,
      probabilities: named(probabilities),
      scores: named(choice.scores),
      algorithm,
      explored,
      clipped,
      expiresAt: now + this.#settings.decisionTtlMs,
    };
  }

  /** @throws BanditError `BANDIT_DECISION_UNKNOWN`, `BANDIT_FEEDBACK_REPEATED` */
  feedback(decisionId: string, reward: number, now: number): BanditFeedback {
    const { algorithm, x, action, probabilities, decidedAt } = this.#pending.take(decisionId, now);
    const expectedReward = this.model(algorithm).expected(x, action);
    const learners = this.#settings.sharedLearning ? this.#models.values() : [this.model(algorithm)];
    for (const model of learners) model.learn({ x, action, reward, probabilities });
    this.#window(algorithm).rewarded(reward, expectedReward);
    this.#history.add({ x, action, probability: probabilities[action] as number, reward });
    return {
      decisionId,
      domain: this.domain.name,
      action: this.domain.actions[action] as string,
      algorithm,
      reward,
      expectedReward,
      delayMs: now - decidedAt,
    };
  }

  model(algorithm: BanditAlgorithm): BanditModel {
    return this.#models.get(algorithm) as BanditModel;
  }

  get history(): DecisionHistory['rows'] {
    return this.#history.rows;
  }

  /** Gives up decisions that are too old; whether there were any. */
  expire(now: number): boolean {
    return this.#pending.expire(now);
  }

  report(): BanditDomainReport {
    const reports = BANDIT_ALGORITHMS.map((each) => [each, this.#window(each).report()] as const);
    const ranked = reports
      .filter(([, { averageReward }]) => averageReward !== null)
      .sort(([, a], [, b]) => (b.averageReward as number) - (a.averageReward as number));
    const [best, top] = ranked[0] ?? [null, undefined];
    const most = top?.averageReward ?? 0;
    return {
      domain: this.domain.name,
      actions: this.domain.actions,
      defaultAlgorithm: this.defaultAlgorithm,
      pending: this.#pending.size,
      ...this.#pending.lost,
      best,
      algorithms: Object.fromEntries(
        reports.map(([algorithm, report]) => [
          algorithm,
          {
            ...report,
            relativePerformance:
              report.averageReward === null || most <= 0 ? null : report.averageReward / most,
            figures: this.model(algorithm).figures?.() ?? {},
          },
        ]),
      ) as Record<BanditAlgorithm, BanditPerformance>,
    };
  }

  /** What the domain is stored as; an export leaves out what belongs to this place: decisions, history, figures. */
  snapshot(what: 'all' | 'models' = 'all'): Readonly<Record<string, unknown>> {
    const models = Object.fromEntries([...this.#models].map(([name, model]) => [name, model.snapshot()]));
    const head = {
      formatVersion: BANDIT_FORMAT_VERSION,
      domain: this.domain.name,
      signature: this.domain.signature,
      models,
    };
    if (what === 'models') return head;
    return {
      ...head,
      random: this.#random.state,
      sequence: this.#sequence,
      defaultAlgorithm: this.defaultAlgorithm,
      windows: Object.fromEntries([...this.#windows].map(([name, window]) => [name, window.snapshot()])),
      pending: this.#pending.snapshot(),
      history: this.#history.snapshot(),
    };
  }

  /**
   * Reads what {@link DomainBook.snapshot} gave. A book that fails to is to be thrown away.
   *
   * @throws BanditError `BANDIT_MODEL_INVALID`
   */
  restore(value: unknown, what: 'all' | 'models' = 'all'): void {
    const record = readObject(value, 'model');
    const { formatVersion, domain, signature, models } = record;
    if (formatVersion !== BANDIT_FORMAT_VERSION) {
      throw mismatch('formatVersion', formatVersion, BANDIT_FORMAT_VERSION);
    }
    if (domain !== this.domain.name) throw mismatch('domain', domain, this.domain.name);
    if (signature !== this.domain.signature) throw mismatch('signature', signature, this.domain.signature);
    const byName = readObject(models, 'models');
    for (const [name, model] of this.#models) model.restore(byName[name], `models.${name}`);
    if (what === 'models') return;
    const { random, sequence, defaultAlgorithm, windows, pending, history } = record;
    if (!BanditRandom.isState(random)) throw mismatch('random', random, 'four 32-bit numbers');
    const algorithm = BANDIT_ALGORITHMS.find((each) => each === defaultAlgorithm);
    if (algorithm === undefined)
      throw mismatch('defaultAlgorithm', defaultAlgorithm, BANDIT_ALGORITHMS.join(', '));
    if (!Number.isSafeInteger(sequence)) throw mismatch('sequence', sequence, 'a whole number');
    const windowsByName = readObject(windows, 'windows');
    for (const [name, window] of this.#windows) window.restore(windowsByName[name], `windows.${name}`);
    const { dimension } = this.domain.encoder;
    this.#pending.restore(pending, 'pending', dimension, this.domain.actions.length);
    this.#history.restore(history, 'history', dimension, this.domain.actions.length);
    this.#random = BanditRandom.restored(random);
    this.#sequence = sequence as number;
    this.defaultAlgorithm = algorithm;
  }

  #window(algorithm: BanditAlgorithm): PerformanceWindow {
    return this.#windows.get(algorithm) as PerformanceWindow;
  }
}

function mismatch(field: string, found: unknown, wanted: unknown): BanditError {
  const shown = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 300);
  return new BanditError(
    'BANDIT_MODEL_INVALID',
    `The model has ${field} ${shown(found)}, not ${shown(wanted)}. Use one that was learnt by the same version under the same declaration of the domain.`,
    { details: { field } },
  );
}
