import { BANDIT_ALGORITHMS, type BanditAlgorithm } from './algorithms/bandit-model.js';
import {
  type BanditAlgorithmSettings,
  DEFAULT_BANDIT_SETTINGS,
  sizeOfBanditModels,
} from './algorithms/make-bandit-model.js';
import { type BanditDomain, DEFAULT_BANDIT_DOMAINS } from './bandit-domains.js';
import { BanditError } from './bandit-error.js';
import { type BanditFeature, FeatureEncoder } from './learning/feature-encoder.js';

/** Binding key of the options of `advanced_bandits`. */
export const ADVANCED_BANDITS_OPTIONS = Symbol.for('kapelle.AdvancedBanditsOptions');

/** What can be set of `advanced_bandits`; all of it has a default. */
export interface AdvancedBanditsOptions {
  /** Domains by name (lower-case letters, digits and "_", 64 at most), besides or in the place of the default ones. */
  readonly domains?: Readonly<Record<string, BanditDomain>>;
  /** Whether `model_routing`, `content_analysis` and `user_engagement` are there. @default true */
  readonly defaultDomains?: boolean;
  /** @default 'doubly_robust' */
  readonly defaultAlgorithm?: BanditAlgorithm;
  /** Where the random numbers begin; each tenant and domain has its own. @default 1 */
  readonly seed?: number | string;
  /** See {@link BanditDomain.hashDimension}. @default 8 */
  readonly hashDimension?: number;
  /** See {@link BanditDomain.explorationFloor}. @default 0.05 */
  readonly explorationFloor?: number;
  /**
   * Whether every algorithm learns from every reward, so that another default is good from its first decision. Otherwise
   * only the one that made the decision.
   *
   * @default true
   */
  readonly sharedLearning?: boolean;
  /** LinUCB: width of its bound, and its ridge penalty. @default alpha 0.5, ridge 1 */
  readonly linucb?: Partial<BanditAlgorithmSettings['linucb']>;
  /** Thompson sampling with linear rewards. @default ridge 1, noiseShape 3, noiseScale 0.5 */
  readonly thompsonGaussian?: Partial<BanditAlgorithmSettings['thompsonGaussian']>;
  /** Doubly robust. @default ridge 1, greed 10 */
  readonly doublyRobust?: Partial<BanditAlgorithmSettings['doublyRobust']>;
  /** Offset tree. @default maxDepth 4, minSamples 20, exploration 1 */
  readonly offsetTree?: Partial<BanditAlgorithmSettings['offsetTree']>;
  /** How long a decision waits for its feedback, in ms. @default 24 hours */
  readonly decisionTtlMs?: number;
  /** Decisions of a tenant in a domain that wait at most; the oldest goes first. 1 to 10,000. @default 1_000 */
  readonly maxPending?: number;
  /** Finished decisions of a tenant in a domain that are kept, for figures and evaluation. 1 to 10,000. @default 1_000 */
  readonly historySize?: number;
  /** Tenants times domains in memory; those not used for longest are saved and let go. 1 to 100,000. @default 1_000 */
  readonly maxLoaded?: number;
  /** What to do where state was learnt under another declaration of its domain. @default 'refuse' */
  readonly whenDeclarationChanged?: 'refuse' | 'start_over';
}

/** A domain with everything decided. */
export interface DomainSettings {
  readonly name: string;
  readonly actions: readonly string[];
  readonly encoder: FeatureEncoder;
  readonly defaultAlgorithm: BanditAlgorithm;
  readonly explorationFloor: number;
  /** Equal where what was learnt under one declaration fits the other. */
  readonly signature: string;
}

/** The options with their defaults. */
export interface BanditSettings {
  readonly domains: ReadonlyMap<string, DomainSettings>;
  readonly seed: number | string;
  readonly sharedLearning: boolean;
  readonly algorithms: BanditAlgorithmSettings;
  readonly decisionTtlMs: number;
  readonly maxPending: number;
  readonly historySize: number;
  readonly maxLoaded: number;
  readonly whenDeclarationChanged: 'refuse' | 'start_over';
}

/** Numbers that one tenant may keep of one domain, so that a record fits the store: about 10 MB as JSON. */
export const MAX_NUMBERS = 500_000;
const DAY_MS = 86_400_000;
const NAME = /^[a-z][a-z0-9_]{0,63}$/;
const LABEL = /^[^\p{Cc}]{1,64}$/u;

/**
 * The options with their defaults.
 *
 * @throws BanditError `BANDIT_OPTIONS_INVALID` naming the option and its value
 */
export function banditSettings(options: AdvancedBanditsOptions): BanditSettings {
  const algorithms: BanditAlgorithmSettings = {
    linucb: { ...DEFAULT_BANDIT_SETTINGS.linucb, ...options.linucb },
    thompsonGaussian: { ...DEFAULT_BANDIT_SETTINGS.thompsonGaussian, ...options.thompsonGaussian },
    doublyRobust: { ...DEFAULT_BANDIT_SETTINGS.doublyRobust, ...options.doublyRobust },
    offsetTree: { ...DEFAULT_BANDIT_SETTINGS.offsetTree, ...options.offsetTree },
  };
  checkAlgorithms(algorithms);
  const { seed = 1, whenDeclarationChanged = 'refuse' } = options;
  if (typeof seed !== 'string' && !Number.isFinite(seed))
    throw invalid('seed', seed, 'a text or a finite number');
  if (whenDeclarationChanged !== 'refuse' && whenDeclarationChanged !== 'start_over') {
    throw invalid('whenDeclarationChanged', whenDeclarationChanged, '"refuse" or "start_over"');
  }
  const settings = {
    seed,
    sharedLearning: options.sharedLearning ?? true,
    algorithms,
    decisionTtlMs: within('decisionTtlMs', options.decisionTtlMs ?? DAY_MS, 1, 365 * DAY_MS),
    maxPending: whole('maxPending', options.maxPending ?? 1_000, 1, 10_000),
    historySize: whole('historySize', options.historySize ?? 1_000, 1, 10_000),
    maxLoaded: whole('maxLoaded', options.maxLoaded ?? 1_000, 1, 100_000),
    whenDeclarationChanged,
  };
  const declared = {
    ...(options.defaultDomains === false ? {} : DEFAULT_BANDIT_DOMAINS),
    ...options.domains,
  };
  if (Object.keys(declared).length === 0) {
    throw invalid('defaultDomains', false, 'true, or "domains" must declare one at least');
  }
  const domains = new Map(
    Object.entries(declared).map(([name, domain]) => {
      const resolved = domainSettings(name, domain, options);
      const { dimension } = resolved.encoder;
      const shape = { dimension, actions: resolved.actions.length };
      const numbers =
        sizeOfBanditModels(shape, algorithms) +
        settings.maxPending * (dimension + shape.actions + 5) +
        settings.historySize * (dimension + 5);
      if (numbers > MAX_NUMBERS) {
        throw new BanditError(
          'BANDIT_OPTIONS_INVALID',
          `The domain "${name}" could keep ${numbers} numbers of each tenant, over ${MAX_NUMBERS}: ${dimension} inputs, ` +
            `${shape.actions} actions, maxPending ${settings.maxPending}, historySize ${settings.historySize}, ` +
            `offsetTree.maxDepth ${algorithms.offsetTree.maxDepth}. Lower one of them.`,
        );
      }
      return [name, resolved] as const;
    }),
  );
  return { ...settings, domains };
}

function domainSettings(name: string, domain: BanditDomain, options: AdvancedBanditsOptions): DomainSettings {
  const at = `domains.${name}`;
  if (!NAME.test(name)) {
    throw invalid('domains', name, 'names of lower-case letters, digits and "_", a letter first, 64 at most');
  }
  listOf(`${at}.features`, domain.features, 0, 40);
  listOf(`${at}.actions`, domain.actions, 2, 32);
  labels(`${at}.actions`, domain.actions);
  labels(
    `${at}.features`,
    domain.features.map((feature) => feature.name),
  );
  for (const feature of domain.features) checkFeature(`${at}.features.${feature.name}`, feature);
  const algorithm = domain.defaultAlgorithm ?? options.defaultAlgorithm ?? BANDIT_ALGORITHMS[0];
  if (!BANDIT_ALGORITHMS.includes(algorithm)) {
    throw invalid(
      domain.defaultAlgorithm === undefined ? 'defaultAlgorithm' : `${at}.defaultAlgorithm`,
      algorithm,
      `one of ${BANDIT_ALGORITHMS.join(', ')}`,
    );
  }
  const hashDimension = whole(
    `${at}.hashDimension`,
    domain.hashDimension ?? options.hashDimension ?? 8,
    1,
    48,
  );
  return {
    name,
    actions: [...domain.actions],
    encoder: new FeatureEncoder(domain.features, hashDimension),
    defaultAlgorithm: algorithm,
    explorationFloor: within(
      `${at}.explorationFloor`,
      domain.explorationFloor ?? options.explorationFloor ?? 0.05,
      0,
      1,
    ),
    signature: JSON.stringify([
      domain.features.map((feature) =>
        feature.kind === 'number'
          ? [feature.name, feature.kind, feature.min, feature.max]
          : [feature.name, feature.kind],
      ),
      domain.actions,
      hashDimension,
    ]),
  };
}

function checkFeature(option: string, feature: BanditFeature): void {
  if (feature.kind === 'category') return;
  const kind: unknown = feature.kind;
  if (kind !== 'number') throw invalid(`${option}.kind`, kind, '"number" or "category"');
  const { min, max } = feature;
  if (Number.isFinite(min) && Number.isFinite(max) && min < max) return;
  throw new BanditError(
    'BANDIT_OPTIONS_INVALID',
    `${option} has min ${String(min)} and max ${String(max)}. Give finite numbers, min below max.`,
    { details: { option } },
  );
}

function listOf(option: string, value: unknown, least: number, most: number): void {
  if (Array.isArray(value) && value.length >= least && value.length <= most) return;
  throw invalid(option, value, `a list of ${least} to ${most}`);
}

function checkAlgorithms(settings: BanditAlgorithmSettings): void {
  const { linucb, thompsonGaussian, doublyRobust, offsetTree } = settings;
  within('linucb.alpha', linucb.alpha, 1e-6, 1e3);
  within('linucb.ridge', linucb.ridge, 1e-6, 1e6);
  within('thompsonGaussian.ridge', thompsonGaussian.ridge, 1e-6, 1e6);
  within('thompsonGaussian.noiseShape', thompsonGaussian.noiseShape, 1, 1e6);
  within('thompsonGaussian.noiseScale', thompsonGaussian.noiseScale, 1e-9, 1e6);
  within('doublyRobust.ridge', doublyRobust.ridge, 1e-6, 1e6);
  within('doublyRobust.greed', doublyRobust.greed, 1e-6, 1e6);
  whole('offsetTree.maxDepth', offsetTree.maxDepth, 0, 8);
  whole('offsetTree.minSamples', offsetTree.minSamples, 10, 1_000);
  within('offsetTree.exploration', offsetTree.exploration, 1e-6, 1e3);
}

function labels(option: string, values: readonly unknown[]): void {
  const seen = new Set<unknown>();
  for (const value of values) {
    if (typeof value !== 'string' || !LABEL.test(value) || value === '__proto__') {
      throw invalid(option, value, 'names of 1 to 64 characters without control characters');
    }
    if (seen.has(value)) throw invalid(option, value, 'different names');
    seen.add(value);
  }
}

function within(option: string, value: number, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw invalid(option, value, `a number from ${least} to ${most}`);
}

function whole(option: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw invalid(option, value, `a whole number from ${least} to ${most}`);
}

function invalid(option: string, value: unknown, wanted: string): BanditError {
  const shown =
    typeof value === 'string'
      ? `"${value.slice(0, 80)}"`
      : Array.isArray(value)
        ? `a list of ${value.length}`
        : String(value);
  return new BanditError('BANDIT_OPTIONS_INVALID', `${option} is ${shown}. Give ${wanted}.`, {
    details: { option },
  });
}
