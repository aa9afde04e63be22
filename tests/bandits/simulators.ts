import type { BanditRandom } from '@kapelle/orchestrators';

/** One round of a bandit: what is known before, and what each action would give. */
export interface Round {
  readonly x: Float64Array;
  /** Expected reward of each action, from 0 to 1 unless the simulator says otherwise. */
  readonly means: Float64Array;
  /** The reward of each action in this round. */
  readonly rewards: Float64Array;
}

/** A bandit of which everything is known. */
export interface Simulator {
  readonly name: string;
  readonly dimension: number;
  readonly actions: number;
  next(): Round;
}

/** Arms that give 0 or 1, whatever the input. */
export function bernoulliArms(means: readonly number[], random: BanditRandom): Simulator {
  const x = Float64Array.of(1);
  return {
    name: 'Bernoulli arms',
    dimension: 1,
    actions: means.length,
    next: () => ({
      x,
      means: Float64Array.from(means),
      rewards: Float64Array.from(means, (mean) => (random.next() < mean ? 1 : 0)),
    }),
  };
}

/** Ten arms that are all rarely paid, as in Garivier and Cappé (COLT 2011) and Kaufmann, Korda and Munos (ALT 2012). */
export const RARE_ARMS = [0.1, 0.05, 0.05, 0.05, 0.02, 0.02, 0.02, 0.01, 0.01, 0.01] as const;

/** Σ (μ* − μ) / KL(μ, μ*), which no uniformly good policy's regret over ln T stays below: Lai and Robbins (1985). */
export function laiRobbins(means: readonly number[]): number {
  const best = Math.max(...means);
  return means
    .filter((mean) => mean < best)
    .reduce(
      (sum, mean) =>
        sum + (best - mean) / (mean * Math.log(mean / best) + (1 - mean) * Math.log((1 - mean) / (1 - best))),
      0,
    );
}

/**
 * The wheel of Riquelme, Tucker and Snoek (ICLR 2018), section 5.4: an input in the unit disc and five actions; beyond
 * the radius δ one of the first four, by quadrant, gives 50, otherwise the fifth is best with 1.2 to 1. Rewards are
 * multiplied by `scale`.
 */
export function wheel(delta: number, random: BanditRandom, scale = 1): Simulator {
  return {
    name: `wheel, δ = ${delta}`,
    dimension: 3,
    actions: 5,
    next: () => {
      let a: number;
      let b: number;
      do {
        a = 2 * random.next() - 1;
        b = 2 * random.next() - 1;
      } while (a * a + b * b > 1);
      const means = Float64Array.of(1, 1, 1, 1, 1.2);
      const rewards = means.map((mean) => mean + 0.05 * random.normal());
      if (a * a + b * b >= delta * delta) {
        const rim = a > 0 ? (b > 0 ? 0 : 1) : b > 0 ? 2 : 3;
        means[rim] = 50;
        rewards[rim] = 50 + 0.01 * random.normal();
      }
      return {
        x: Float64Array.of(1, a, b),
        means: means.map((mean) => mean * scale),
        rewards: rewards.map((reward) => reward * scale),
      };
    },
  };
}

/**
 * The linear simulator of the benchmark of Riquelme, Tucker and Snoek: weights uniform from −1 to 1 scaled to length 1
 * for each action, inputs standard normal, noise of 0.01 × (1 + action). Rewards are mapped to ½ + r / 10.
 */
export function linearArms(dimension: number, actions: number, random: BanditRandom): Simulator {
  const weights = Array.from({ length: actions }, () => {
    const raw = Array.from({ length: dimension }, () => 2 * random.next() - 1);
    const length = Math.hypot(...raw);
    return raw.map((each) => each / length);
  });
  return {
    name: `linear, d = ${dimension}, K = ${actions}`,
    dimension: dimension + 1,
    actions,
    next: () => {
      const input = Array.from({ length: dimension }, () => random.normal());
      const means = Float64Array.from(
        weights,
        (each) => 0.5 + each.reduce((sum, weight, at) => sum + weight * (input[at] as number), 0) / 10,
      );
      return {
        x: Float64Array.from([1, ...input]),
        means,
        rewards: means.map((mean, action) => mean + 0.001 * (action + 1) * random.normal()),
      };
    },
  };
}

/**
 * Linear chances of success, rewards of 0 or 1: inputs uniform from −1 to 1, the chance of each action
 * ½ + wᵀx × 0.4 for weights whose absolute values sum to 1.
 */
export function linearClicks(dimension: number, actions: number, random: BanditRandom): Simulator {
  const weights = Array.from({ length: actions }, () => {
    const raw = Array.from({ length: dimension }, () => 2 * random.next() - 1);
    const sum = raw.reduce((total, each) => total + Math.abs(each), 0);
    return raw.map((each) => each / sum);
  });
  return {
    name: `linear clicks, d = ${dimension}, K = ${actions}`,
    dimension: dimension + 1,
    actions,
    next: () => {
      const input = Array.from({ length: dimension }, () => 2 * random.next() - 1);
      const means = Float64Array.from(
        weights,
        (each) => 0.5 + 0.4 * each.reduce((sum, weight, at) => sum + weight * (input[at] as number), 0),
      );
      return {
        x: Float64Array.from([1, ...input]),
        means,
        rewards: means.map((mean) => (random.next() < mean ? 1 : 0)),
      };
    },
  };
}

/**
 * Rewards that no linear model ranks: four actions, two inputs uniform from −1 to 1. In the middle band of the first
 * input, |a| < ½, action 0 or 1 pays by the sign of the second; outside action 2 or 3 does. 0.8 where it pays, else 0.2.
 */
export function bands(random: BanditRandom): Simulator {
  return {
    name: 'bands',
    dimension: 3,
    actions: 4,
    next: () => {
      const a = 2 * random.next() - 1;
      const b = 2 * random.next() - 1;
      const best = (Math.abs(a) < 0.5 ? 0 : 2) + (b > 0 ? 1 : 0);
      const means = Float64Array.from({ length: 4 }, (_, action) => (action === best ? 0.8 : 0.2));
      return {
        x: Float64Array.of(1, a, b),
        means,
        rewards: means.map((mean) => (random.next() < mean ? 1 : 0)),
      };
    },
  };
}
