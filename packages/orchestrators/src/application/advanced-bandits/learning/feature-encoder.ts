import { BanditError } from '../bandit-error.js';
import { stableHash } from './stable-hash.js';

/** A feature of a domain: what a decision may depend on. */
export type BanditFeature = BanditNumberFeature | BanditCategoryFeature;

/** A number; `min` to `max` is scaled to −1 to 1, and what lies outside is taken as the nearer end. */
export interface BanditNumberFeature {
  readonly name: string;
  readonly kind: 'number';
  readonly min: number;
  readonly max: number;
}

/** One of any number of texts, such as a user or a language. */
export interface BanditCategoryFeature {
  readonly name: string;
  readonly kind: 'category';
}

/** Values of features by name. One that is left out counts as unknown and says nothing. */
export type BanditFeatures = Readonly<Record<string, number | string | boolean>>;

/** Longest text of a category. */
export const MAX_CATEGORY_LENGTH = 256;

/**
 * Turns the features of a domain into numbers, the same in every process: a constant 1, each number scaled, and all
 * categories hashed with a sign into `hashDimension` places, where two of them may meet.
 *
 * Signed hashing after Weinberger, Dasgupta, Langford, Smola and Attenberg, "Feature hashing for large scale multitask
 * learning", ICML 2009.
 */
export class FeatureEncoder {
  /** How many numbers there are. */
  readonly dimension: number;
  readonly #features: ReadonlyMap<string, BanditFeature>;
  readonly #places = new Map<string, number>();
  readonly #hashFrom: number;
  readonly #hashDimension: number;

  constructor(features: readonly BanditFeature[], hashDimension: number) {
    this.#features = new Map(features.map((feature) => [feature.name, feature]));
    for (const feature of features) {
      if (feature.kind === 'number') this.#places.set(feature.name, 1 + this.#places.size);
    }
    this.#hashFrom = 1 + this.#places.size;
    this.#hashDimension = features.some(({ kind }) => kind === 'category') ? hashDimension : 0;
    this.dimension = this.#hashFrom + this.#hashDimension;
  }

  /**
   * The numbers, and the names of the features whose value lay outside of their range.
   *
   * @throws BanditError `BANDIT_FEATURE_INVALID` naming each feature that is not declared, of the wrong kind, not
   * finite or too long
   */
  encode(values: BanditFeatures): { readonly x: Float64Array; readonly clipped: readonly string[] } {
    const x = new Float64Array(this.dimension);
    x[0] = 1;
    const clipped: string[] = [];
    const problems: string[] = [];
    for (const [name, value] of Object.entries(values)) {
      const feature = this.#features.get(name);
      if (feature === undefined) {
        problems.push(`"${name.slice(0, 64)}" is not declared`);
      } else if (feature.kind === 'number') {
        if (typeof value !== 'number' || !Number.isFinite(value)) {
          problems.push(`"${name}" is ${shown(value)}, not a finite number`);
          continue;
        }
        const { min, max } = feature;
        const within = Math.min(max, Math.max(min, value));
        if (within !== value) clipped.push(name);
        x[this.#places.get(name) as number] = (2 * (within - min)) / (max - min) - 1;
      } else {
        if (typeof value === 'number' || (typeof value === 'string' && !isCategory(value))) {
          problems.push(`"${name}" is ${shown(value)}, not a text of 1 to ${MAX_CATEGORY_LENGTH} characters`);
          continue;
        }
        const hash = stableHash(`${name}\n${String(value)}`);
        const place = this.#hashFrom + ((hash >>> 1) % this.#hashDimension);
        x[place] = (x[place] as number) + ((hash & 1) === 0 ? 1 : -1);
      }
    }
    if (problems.length > 0) {
      throw new BanditError(
        'BANDIT_FEATURE_INVALID',
        `${problems.slice(0, 10).join('; ')}. Give values of the declared features: ${[...this.#features.keys()].join(', ')}.`,
        { details: { problems, features: [...this.#features.keys()] } },
      );
    }
    return { x, clipped };
  }
}

function isCategory(value: string): boolean {
  return value.length > 0 && value.length <= MAX_CATEGORY_LENGTH;
}

function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return `a text of ${value.length} characters`;
  return value === null ? 'null' : `a value of type ${typeof value}`;
}
