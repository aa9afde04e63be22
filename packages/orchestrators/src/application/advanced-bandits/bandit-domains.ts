import type { BanditAlgorithm } from './algorithms/bandit-model.js';
import type { BanditFeature } from './learning/feature-encoder.js';

/** A kind of decision that is learnt by itself: what it may depend on, and what can be done. */
export interface BanditDomain {
  /** 0 to 40 of different names. */
  readonly features: readonly BanditFeature[];
  /** 2 to 32 different names. Their order is part of what is stored. */
  readonly actions: readonly string[];
  /** @default the one of the options */
  readonly defaultAlgorithm?: BanditAlgorithm;
  /** Places that the categories are hashed into, 1 to 48. @default the one of the options, 8 */
  readonly hashDimension?: number;
  /**
   * Share of decisions taken at random whatever the algorithm says, 0 to 1. It bounds how much one reward can weigh
   * when policies are learnt or evaluated; it costs at most this share of the gap between best and worst.
   *
   * @default the one of the options, 0.05
   */
  readonly explorationFloor?: number;
}

const ratio = (name: string): BanditFeature => ({ name, kind: 'number', min: 0, max: 1 });
const HOUR: BanditFeature = { name: 'hour', kind: 'number', min: 0, max: 24 };
const USER: BanditFeature = { name: 'user', kind: 'category' };

/** The domains that are there unless `defaultDomains` is false. */
export const DEFAULT_BANDIT_DOMAINS: Readonly<Record<string, BanditDomain>> = {
  model_routing: {
    features: [
      ratio('complexity'),
      ratio('priority'),
      { name: 'input_tokens', kind: 'number', min: 0, max: 32_000 },
      HOUR,
      { name: 'task', kind: 'category' },
      USER,
    ],
    actions: ['fast', 'balanced', 'strong', 'long_context'],
  },
  content_analysis: {
    features: [
      ratio('complexity'),
      ratio('priority'),
      { name: 'length_minutes', kind: 'number', min: 0, max: 180 },
      HOUR,
      { name: 'platform', kind: 'category' },
      USER,
    ],
    actions: ['standard', 'deep', 'comprehensive', 'experimental'],
  },
  user_engagement: {
    features: [
      ratio('complexity'),
      ratio('priority'),
      { name: 'days_since_last_visit', kind: 'number', min: 0, max: 30 },
      HOUR,
      { name: 'channel', kind: 'category' },
      USER,
    ],
    actions: ['wait', 'digest', 'notify', 'ask'],
  },
};
