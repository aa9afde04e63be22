import { type LeafSnapshot, type LeafStart, LeafStatistics } from './leaf-statistics.js';
import { readArray, readCount, readNumber, readObject } from './read-model.js';

/** What can be set of a growing tree. */
export interface GrowingTreeSettings {
  /** Splits on the longest path at most. 0 keeps a single leaf. */
  readonly maxDepth: number;
  /** Observations in a leaf before it is looked at for a split, and between looks. */
  readonly minSamples: number;
}

type Node = Leaf | Branch;
interface Leaf {
  readonly statistics: LeafStatistics;
}
interface Branch {
  readonly feature: number;
  readonly threshold: number;
  /** At or below the threshold. */
  low: Node;
  /** Above it. */
  high: Node;
}

/**
 * A decision tree for two classes that grows while it learns, from weighted observations that it does not keep. A leaf
 * is divided where the best division is better than the second best by more than chance explains; its halves go on
 * with what the leaf had counted on their side.
 *
 * The Hoeffding tree (VFDT) of Domingos and Hulten, "Mining high-speed data streams", KDD 2000, with Gini impurity, for
 * weighted observations counted as (Σw)²/Σw² unweighted ones.
 */
export class GrowingTree {
  readonly #dimension: number;
  readonly #settings: GrowingTreeSettings;
  #root: Node;

  constructor(dimension: number, settings: GrowingTreeSettings) {
    this.#dimension = dimension;
    this.#settings = settings;
    this.#root = this.#leaf();
  }

  /** How many numbers a full-grown one keeps at most. */
  static sizeOf(dimension: number, { maxDepth, minSamples }: GrowingTreeSettings): number {
    const leaves = 2 ** maxDepth;
    return leaves * (LeafStatistics.sizeOf(dimension, minSamples) + 2);
  }

  /**
   * What the leaf of this input knows: the share of the weight that spoke for class 1, ½ where nothing is known, and by
   * how many deviations it leads.
   */
  predict(x: Float64Array): { readonly share: number; readonly lead: number } {
    const { share, lead } = this.#leafOf(x).leaf.statistics;
    return { share, lead };
  }

  learn(x: Float64Array, label: 0 | 1, weight: number): void {
    const { leaf, depth, replace } = this.#leafOf(x);
    const { statistics } = leaf;
    statistics.add(x, label, weight, depth < this.#settings.maxDepth);
    if (depth >= this.#settings.maxDepth) return;
    const split = statistics.split();
    if (split === undefined) return;
    replace({
      feature: split.feature,
      threshold: split.threshold,
      low: this.#leaf(split.low),
      high: this.#leaf(split.high),
    });
  }

  /** Longest path, and number of branches and leaves. */
  size(): { readonly depth: number; readonly nodes: number } {
    const of = (node: Node): { depth: number; nodes: number } => {
      if ('statistics' in node) return { depth: 0, nodes: 1 };
      const low = of(node.low);
      const high = of(node.high);
      return { depth: 1 + Math.max(low.depth, high.depth), nodes: 1 + low.nodes + high.nodes };
    };
    return of(this.#root);
  }

  snapshot(): TreeSnapshot {
    const of = (node: Node): TreeSnapshot =>
      'statistics' in node
        ? { leaf: node.statistics.snapshot() }
        : { feature: node.feature, threshold: node.threshold, low: of(node.low), high: of(node.high) };
    return of(this.#root);
  }

  /** @throws BanditError `BANDIT_MODEL_INVALID` */
  restore(value: unknown, path: string): void {
    const of = (each: unknown, at: string, depth: number): Node => {
      const { leaf, feature, threshold, low, high } = readObject(each, at);
      if (leaf !== undefined || depth >= this.#settings.maxDepth) {
        const statistics = new LeafStatistics(this.#dimension, this.#settings.minSamples);
        statistics.restore(leaf, `${at}.leaf`);
        return { statistics };
      }
      return {
        feature: readCount(feature, `${at}.feature`, this.#dimension - 1),
        threshold: readNumber(threshold, `${at}.threshold`),
        low: of(low, `${at}.low`, depth + 1),
        high: of(high, `${at}.high`, depth + 1),
      };
    };
    this.#root = of(value, path, 0);
  }

  #leaf(start?: LeafStart): Leaf {
    return { statistics: new LeafStatistics(this.#dimension, this.#settings.minSamples, start) };
  }

  #leafOf(x: Float64Array): { leaf: Leaf; depth: number; replace: (by: Node) => void } {
    let replace = (by: Node): void => {
      this.#root = by;
    };
    let node = this.#root;
    for (let depth = 0; ; depth += 1) {
      if ('statistics' in node) return { leaf: node, depth, replace };
      const branch = node;
      const side = (x[branch.feature] as number) <= branch.threshold ? 'low' : 'high';
      replace = (by) => {
        branch[side] = by;
      };
      node = branch[side];
    }
  }
}

/** What a {@link GrowingTree} is saved as. */
export type TreeSnapshot =
  | { readonly leaf: LeafSnapshot }
  | {
      readonly feature: number;
      readonly threshold: number;
      readonly low: TreeSnapshot;
      readonly high: TreeSnapshot;
    };

/** @throws BanditError `BANDIT_MODEL_INVALID` */
export function restoreTrees(trees: readonly GrowingTree[], value: unknown, path: string): void {
  const list = readArray(value, path, trees.length);
  for (const [at, tree] of trees.entries()) tree.restore(list[at], `${path}[${at}]`);
}
