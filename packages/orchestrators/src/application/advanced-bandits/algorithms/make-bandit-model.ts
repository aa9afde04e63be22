import type { BanditAlgorithm, BanditModel, BanditShape } from './bandit-model.js';
import { DoublyRobust, type DoublyRobustSettings } from './doubly-robust.js';
import { LinUcb, type LinUcbSettings } from './linucb.js';
import { OffsetTree, type OffsetTreeSettings } from './offset-tree.js';
import { ThompsonBeta } from './thompson-beta.js';
import { ThompsonGaussian, type ThompsonGaussianSettings } from './thompson-gaussian.js';

/** What can be set of the algorithms. */
export interface BanditAlgorithmSettings {
  readonly linucb: LinUcbSettings;
  readonly thompsonGaussian: ThompsonGaussianSettings;
  readonly doublyRobust: DoublyRobustSettings;
  readonly offsetTree: OffsetTreeSettings;
}

/** The settings that are used where none are given; for rewards from 0 to 1. */
export const DEFAULT_BANDIT_SETTINGS: BanditAlgorithmSettings = {
  linucb: { alpha: 0.5, ridge: 1 },
  thompsonGaussian: { ridge: 1, noiseShape: 3, noiseScale: 0.5 },
  doublyRobust: { ridge: 1, greed: 10 },
  offsetTree: { maxDepth: 4, minSamples: 20, exploration: 1 },
};

/** A model that has learnt nothing yet. */
export function makeBanditModel(
  algorithm: BanditAlgorithm,
  shape: BanditShape,
  settings: BanditAlgorithmSettings = DEFAULT_BANDIT_SETTINGS,
): BanditModel {
  switch (algorithm) {
    case 'doubly_robust':
      return new DoublyRobust(shape, settings.doublyRobust);
    case 'offset_tree':
      return new OffsetTree(shape, settings.offsetTree);
    case 'linucb':
      return new LinUcb(shape, settings.linucb);
    case 'thompson_gaussian':
      return new ThompsonGaussian(shape, settings.thompsonGaussian);
    case 'thompson_beta':
      return new ThompsonBeta(shape);
  }
}

/** How many numbers the models of all algorithms keep together, at most. */
export function sizeOfBanditModels(shape: BanditShape, settings: BanditAlgorithmSettings): number {
  return (
    DoublyRobust.sizeOf(shape) +
    OffsetTree.sizeOf(shape, settings.offsetTree) +
    LinUcb.sizeOf(shape) +
    ThompsonGaussian.sizeOf(shape) +
    ThompsonBeta.sizeOf(shape)
  );
}
