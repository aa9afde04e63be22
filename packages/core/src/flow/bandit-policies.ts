import { type AdaptivePolicy, type AdaptivePolicyFactory, ArmStatistics, best } from './adaptive-policy.js';
import { inBounds } from './flow-definition.js';

/** How much {@link epsilonGreedy} explores. */
export interface EpsilonGreedyOptions {
  /** Share of choices made at random. From 0 to 1. @default 0.1 */
  readonly epsilon?: number;
  /** The share is multiplied by it for each reward learned. Above 0, up to 1; 1 keeps it as it is. @default 1 */
  readonly decay?: number;
}

/**
 * The alternative with the best mean reward, and at random any other now and then. What was never tried goes first.
 *
 * Decayed exploration after Auer, Cesa-Bianchi and Fischer, "Finite-time analysis of the multiarmed bandit
 * problem", Machine Learning 47 (2002), with a geometric decay in place of their 1/n.
 *
 * @throws OrchestrationError `FLOW_INVALID` for an option out of bounds
 */
export function epsilonGreedy(options: EpsilonGreedyOptions = {}): AdaptivePolicyFactory {
  const { epsilon = 0.1, decay = 1 } = options;
  inBounds('epsilonGreedy', () => {
    if (!(epsilon >= 0 && epsilon <= 1))
      throw new RangeError(`epsilon must be from 0 to 1, got ${String(epsilon)}`);
    if (!(decay > 0 && decay <= 1))
      throw new RangeError(`decay must be above 0 and up to 1, got ${String(decay)}`);
  });
  return policyOf((arms, statistics, random) => {
    const explores = random() < epsilon * decay ** statistics.plays;
    if (explores) return arms[Math.floor(random() * arms.length)] as number;
    return best(arms, (arm) => (statistics.of(arm).plays === 0 ? Infinity : statistics.mean(arm)));
  });
}

/**
 * The alternative whose reward could be highest: its mean plus √(2 ln n / nⱼ), for n rewards in all and nⱼ of its
 * own. What was never tried goes first. Draws nothing at random.
 *
 * UCB1 of Auer, Cesa-Bianchi and Fischer, "Finite-time analysis of the multiarmed bandit problem", Machine
 * Learning 47 (2002).
 */
export function ucb1(): AdaptivePolicyFactory {
  return policyOf((arms, statistics) => {
    const logPlays = Math.log(statistics.plays);
    return best(arms, (arm) => {
      const { plays } = statistics.of(arm);
      return plays === 0 ? Infinity : statistics.mean(arm) + Math.sqrt((2 * logPlays) / plays);
    });
  });
}

/**
 * Each alternative as often as it is likely to be the best: draws a mean reward for each from what is believed of
 * it, a Beta(1 + s, 1 + f) distribution for rewards that sum to s of n = s + f, and takes the highest.
 *
 * Thompson, "On the likelihood that one unknown probability exceeds another in view of the evidence of two
 * samples", Biometrika 25 (1933); Chapelle and Li, "An empirical evaluation of Thompson sampling", NIPS 2011. A
 * reward between 0 and 1 counts as that share of a success.
 */
export function thompson(): AdaptivePolicyFactory {
  return policyOf((arms, statistics, random) =>
    best(arms, (arm) => {
      const { plays, rewardSum } = statistics.of(arm);
      return beta(1 + rewardSum, 1 + plays - rewardSum, random);
    }),
  );
}

/** A policy that knows how often each alternative was tried and what that gave. */
function policyOf(
  choose: (arms: readonly number[], statistics: ArmStatistics, random: () => number) => number,
): AdaptivePolicyFactory {
  return (alternatives): AdaptivePolicy => {
    const statistics = new ArmStatistics(alternatives);
    return {
      choose: (arms, random) => choose(arms, statistics, random),
      learn: (arm, reward) => {
        statistics.learn(arm, reward);
      },
      snapshot: () => statistics.snapshot(),
      restore: (snapshot) => {
        statistics.restore(snapshot);
      },
    };
  };
}

/** A draw from the Beta distribution, of two Gamma draws. */
function beta(a: number, b: number, random: () => number): number {
  const x = gamma(a, random);
  return x / (x + gamma(b, random));
}

/**
 * A draw from the Gamma distribution of scale 1, for `shape` >= 1. Marsaglia and Tsang, "A simple method for
 * generating gamma variables", ACM Transactions on Mathematical Software 26 (2000); accepts at least 95 % of tries.
 */
function gamma(shape: number, random: () => number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** A draw from the standard normal distribution, after Box and Muller (1958). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
