import { checkGroup, checkNames, checkOneOf } from './check-settings.js';

/** How much of its work a system can do. */
export type DegradationMode = 'normal' | 'degraded' | 'critical';

/** When the whole is called degraded or critical. */
export interface DegradationSettings {
  /** Services without which nothing works: one of them unhealthy is critical. @default none */
  readonly criticalServices: readonly string[];
  /** At this share of unhealthy services it is critical. @default 0.5 */
  readonly criticalShare: number;
  /** Evaluations in a row that must say worse before it gets worse. @default 2 */
  readonly worseAfter: number;
  /** Evaluations in a row that must say better before it gets better. @default 3 */
  readonly betterAfter: number;
}

/** When a feature is off; given to {@link DegradationManager.declare}. */
export interface FeatureOptions {
  /** Off while one of these services is unhealthy. @default none */
  readonly services?: readonly string[];
  /** The worst mode in which it is on. @default 'normal' */
  readonly until?: DegradationMode;
}

const MODES: readonly DegradationMode[] = ['normal', 'degraded', 'critical'];
const RANK: Readonly<Record<DegradationMode, number>> = { normal: 0, degraded: 1, critical: 2 };

/**
 * Turns the health of services into a mode, and the mode into what is switched off. Two bad evaluations in a row make it
 * worse, three good ones better, so that it does not flap.
 */
export class DegradationManager {
  readonly #settings: DegradationSettings;
  readonly #features = new Map<string, FeatureOptions>();
  #unhealthy: ReadonlySet<string> = new Set();
  #mode: DegradationMode = 'normal';
  #pending: DegradationMode = 'normal';
  #inARow = 0;

  constructor(settings: DegradationSettings) {
    this.#settings = settings;
  }

  get mode(): DegradationMode {
    return this.#mode;
  }

  /**
   * Declares a feature; again: with other options.
   * @throws ResilienceError OPTION_INVALID
   */
  declare(feature: string, options: FeatureOptions = {}): void {
    checkNames('feature', [feature]);
    checkGroup(`the options of feature "${feature}"`, options);
    if (options.services !== undefined) checkNames(`services of feature "${feature}"`, options.services);
    if (options.until !== undefined) checkOneOf(`until of feature "${feature}"`, options.until, MODES);
    this.#features.set(feature, options);
  }

  /** Whether the feature is on. One that was not declared is. */
  isOn(feature: string): boolean {
    const { services = [], until = 'normal' } = this.#features.get(feature) ?? { until: 'critical' };
    return RANK[this.#mode] <= RANK[until] && !services.some((service) => this.#unhealthy.has(service));
  }

  /** Features that are off now. */
  get off(): readonly string[] {
    return [...this.#features.keys()].filter((feature) => !this.isOn(feature));
  }

  /** Takes in how the services are. @returns The change of mode it makes, if any. */
  evaluate(
    services: ReadonlyMap<string, boolean>,
  ): { readonly from: DegradationMode; readonly to: DegradationMode } | undefined {
    const unhealthy = [...services].filter(([, healthy]) => !healthy).map(([name]) => name);
    this.#unhealthy = new Set(unhealthy);
    const seen = this.#modeOf(unhealthy, services.size);
    if (seen === this.#mode) {
      this.#inARow = 0;
      return undefined;
    }
    this.#inARow = seen === this.#pending ? this.#inARow + 1 : 1;
    this.#pending = seen;
    const { worseAfter, betterAfter } = this.#settings;
    if (this.#inARow < (RANK[seen] > RANK[this.#mode] ? worseAfter : betterAfter)) return undefined;
    const from = this.#mode;
    this.#mode = seen;
    this.#inARow = 0;
    return { from, to: seen };
  }

  #modeOf(unhealthy: readonly string[], services: number): DegradationMode {
    if (unhealthy.length === 0) return 'normal';
    const { criticalServices, criticalShare } = this.#settings;
    const critical =
      unhealthy.some((service) => criticalServices.includes(service)) ||
      (services > 1 && unhealthy.length / services >= criticalShare);
    return critical ? 'critical' : 'degraded';
  }
}
