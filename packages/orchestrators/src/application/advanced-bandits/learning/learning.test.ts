import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BanditRandom, type BanditRandomState } from './bandit-random.js';
import { FeatureEncoder } from './feature-encoder.js';
import { GrowingTree } from './growing-tree.js';
import { normalBelow, normalQuantile } from './normal-distribution.js';
import { bestOfBetas, bestOfNormals } from './probability-of-best.js';
import { RidgeRegression } from './ridge-regression.js';
import { stableHash } from './stable-hash.js';

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

describe('BanditRandom', () => {
  it('gives the numbers of xoshiro128** and goes on after it was saved', () => {
    // The first outputs of the published generator for the state 1, 2, 3, 4: 11520, 0, 5927040, 70819200.
    const random = BanditRandom.restored([1, 2, 3, 4]);
    expect(random.next()).toBe(((11520 >>> 5) * 67_108_864 + (0 >>> 6)) / 2 ** 53);
    expect(random.next()).toBe(((5927040 >>> 5) * 67_108_864 + (70819200 >>> 6)) / 2 ** 53);
    const copy = BanditRandom.restored(JSON.parse(JSON.stringify(random.state)) as BanditRandomState);
    expect(Array.from({ length: 50 }, () => copy.next())).toEqual(
      Array.from({ length: 50 }, () => random.next()),
    );
    expect(BanditRandom.isState([0, 0, 0, 0])).toBe(false);
    expect(BanditRandom.isState([1, 2, 3, -4])).toBe(false);
  });

  it('draws uniform, normal and Gamma numbers with the right mean and variance', () => {
    const random = BanditRandom.seeded('moments');
    const moments = (draw: () => number): [number, number] => {
      const values = Array.from({ length: 20_000 }, draw);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return [mean, values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length];
    };
    const near = ([mean, variance]: [number, number], wantedMean: number, wantedVariance: number): void => {
      expect(Math.abs(mean - wantedMean)).toBeLessThan(4 * Math.sqrt(wantedVariance / 20_000));
      expect(variance / wantedVariance).toBeGreaterThan(0.95);
      expect(variance / wantedVariance).toBeLessThan(1.05);
    };
    near(
      moments(() => random.next()),
      0.5,
      1 / 12,
    );
    near(
      moments(() => random.normal()),
      0,
      1,
    );
    near(
      moments(() => random.gamma(3.5)),
      3.5,
      3.5,
    );
  });
});

describe('FeatureEncoder', () => {
  const encoder = new FeatureEncoder(
    [
      { name: 'load', kind: 'number', min: 0, max: 10 },
      { name: 'user', kind: 'category' },
    ],
    4,
  );

  it('gives the same numbers in every process', () => {
    expect(stableHash('user\nu1')).toBe(1_221_359_950);
    expect([...encoder.encode({ load: 7.5, user: 'u1' }).x]).toEqual([1, 0.5, 0, 0, 0, 1]);
    expect([...encoder.encode({}).x]).toEqual([1, 0, 0, 0, 0, 0]);
    expect(encoder.encode({ load: 11 })).toEqual({ x: Float64Array.of(1, 1, 0, 0, 0, 0), clipped: ['load'] });
  });

  it('names everything that is wrong, and lets no value be anything but a small finite number', () => {
    const features = { load: Number.NaN, user: '', other: 1 };
    expect(thrownBy(() => encoder.encode(features))).toEqual(
      expect.objectContaining({
        code: 'BANDIT_FEATURE_INVALID',
        message:
          '"load" is NaN, not a finite number; "user" is a text of 0 characters, not a text of 1 to 256 characters; ' +
          '"other" is not declared. Give values of the declared features: load, user.',
      }),
    );
    fc.assert(
      fc.property(fc.double(), fc.string(), (load, user) => {
        try {
          const { x } = encoder.encode({ load, user });
          expect(x.every((each) => Number.isFinite(each) && Math.abs(each) <= 1)).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'BANDIT_FEATURE_INVALID' });
        }
      }),
    );
  });

  it('takes "__proto__" and "constructor" as names like any other', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const values = JSON.parse(`{"${name}": 1}`) as Record<string, number>;
      expect(thrownBy(() => encoder.encode(values))).toMatchObject({ code: 'BANDIT_FEATURE_INVALID' });
    }
  });
});

describe('RidgeRegression', () => {
  it('agrees with the normal equations after thousands of observations', () => {
    const dimension = 4;
    const random = BanditRandom.seeded('ridge');
    const regression = new RidgeRegression(dimension, 1, 0.5);
    const gram = Array.from({ length: dimension }, (_, row) =>
      Array.from({ length: dimension }, (__, at): number => (row === at ? 0.5 : 0)),
    );
    const moment = new Array<number>(dimension).fill(0);
    for (let n = 0; n < 3_000; n += 1) {
      const x = Float64Array.from({ length: dimension }, () => random.normal());
      const weight = 0.1 + random.next();
      const y = 2 * (x[0] as number) - (x[3] as number) + random.normal();
      regression.update(x, [y], weight);
      for (let row = 0; row < dimension; row += 1) {
        moment[row] = (moment[row] as number) + weight * y * (x[row] as number);
        const line = gram[row] as number[];
        for (let at = 0; at < dimension; at += 1) {
          line[at] = (line[at] as number) + weight * (x[row] as number) * (x[at] as number);
        }
      }
    }
    const weights = Array.from({ length: dimension }, (_, at) => {
      const unit = new Float64Array(dimension);
      unit[at] = 1;
      return regression.predict(unit);
    });
    for (const [row, line] of gram.entries()) {
      expect(line.reduce((sum, each, at) => sum + each * (weights[at] as number), 0)).toBeCloseTo(
        moment[row] as number,
        6,
      );
    }
    expect(weights[0]).toBeCloseTo(2, 1);
    expect(weights[3]).toBeCloseTo(-1, 1);
  });

  it('knows less where it has not been', () => {
    const regression = new RidgeRegression(2, 1, 1);
    for (let n = 0; n < 99; n += 1) regression.update(Float64Array.of(1, 0), [1]);
    expect(regression.variance(Float64Array.of(1, 0))).toBeCloseTo(0.01, 10);
    expect(regression.variance(Float64Array.of(0, 1))).toBe(1);
  });

  it('refuses a snapshot that is not one', () => {
    const regression = new RidgeRegression(2, 1, 1);
    expect(() => regression.restore({ inverse: [1, 0, 0], weights: [0, 0] }, 'here')).toThrow(
      'The model has 3 entries at "here.inverse", not 4 numbers. Import what export_model gave, unchanged.',
    );
    expect(() => regression.restore({ inverse: [1, 0, 0, null], weights: [0, 0] }, 'here')).toThrow(
      'finite numbers',
    );
  });
});

describe('the normal distribution', () => {
  it('has the values of the tables', () => {
    expect(normalBelow(1.959964)).toBeCloseTo(0.975, 6);
    expect(normalBelow(-3)).toBeCloseTo(0.0013499, 6);
    expect(normalQuantile(0.975)).toBeCloseTo(1.959964, 5);
  });
});

describe('the probability of being the largest', () => {
  const random = BanditRandom.seeded('largest');
  const beta = (a: number, b: number): number => {
    const x = random.gamma(a);
    return x / (x + random.gamma(b));
  };

  function shares(count: number, draw: (index: number) => number): number[] {
    const won = new Array<number>(count).fill(0);
    for (let n = 0; n < 5_000; n += 1) {
      const values = won.map((_, index) => draw(index));
      const best = values.indexOf(Math.max(...values));
      won[best] = (won[best] as number) + 1 / 5_000;
    }
    return won;
  }

  it('is what drawing them shows', () => {
    for (const count of [2, 3, 6]) {
      const means = Float64Array.from({ length: count }, () => random.normal());
      const deviations = Float64Array.from({ length: count }, () => Math.exp(2 * random.normal() - 1));
      const normal = shares(
        count,
        (at) => (means[at] as number) + (deviations[at] as number) * random.normal(),
      );
      for (const [at, share] of bestOfNormals(means, deviations).entries()) {
        expect(Math.abs(share - (normal[at] as number))).toBeLessThan(0.03);
      }
      const successes = means.map(() => 1 + 50 * random.next());
      const failures = means.map(() => 1 + 5 * random.next());
      const betas = shares(count, (at) => beta(successes[at] as number, failures[at] as number));
      for (const [at, share] of bestOfBetas(successes, failures).entries()) {
        expect(Math.abs(share - (betas[at] as number))).toBeLessThan(0.03);
      }
    }
  });

  it('is a number where one of them has never failed', () => {
    const chances = bestOfBetas(Float64Array.of(450, 4, 2.5, 1), Float64Array.of(1, 4, 1, 300));
    expect(chances[0]).toBeGreaterThan(0.98);
    expect(chances.every((each) => each >= 0)).toBe(true);
    expect(chances.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 12);
  });

  it('sums to 1 whatever they are', () => {
    const positive = fc.double({ min: 1, max: 1e7, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(positive, positive), { minLength: 2, maxLength: 6 }), (pairs) => {
        const chances = bestOfBetas(
          Float64Array.from(pairs, ([a]) => a),
          Float64Array.from(pairs, ([, b]) => b),
        );
        expect(chances.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 9);
      }),
      { numRuns: 50 },
    );
  });
});

describe('GrowingTree', () => {
  const settings = { maxDepth: 4, minSamples: 20 };

  /** Class 1 in the upper right quarter, with one wrong label in ten. */
  function grown(observations: number): GrowingTree {
    const random = BanditRandom.seeded('tree');
    const tree = new GrowingTree(3, settings);
    for (let n = 0; n < observations; n += 1) {
      const x = Float64Array.of(1, 2 * random.next() - 1, 2 * random.next() - 1);
      const truth = (x[1] as number) > 0 && (x[2] as number) > 0;
      tree.learn(x, truth !== random.next() < 0.1 ? 1 : 0, 0.5 + random.next());
    }
    return tree;
  }

  it('grows beyond its root, no deeper than it may, and finds what depends on two features', () => {
    const tree = grown(4_000);
    const { depth, nodes } = tree.size();
    expect(depth).toBeGreaterThanOrEqual(2);
    expect(depth).toBeLessThanOrEqual(4);
    expect(nodes).toBeLessThanOrEqual(31);
    expect(tree.predict(Float64Array.of(1, 0.6, 0.6)).share).toBeGreaterThan(0.75);
    for (const [a, b] of [
      [-0.6, 0.6],
      [0.6, -0.6],
      [-0.6, -0.6],
    ] as const) {
      expect(tree.predict(Float64Array.of(1, a, b)).share).toBeLessThan(0.25);
    }
  });

  it('does not divide where there is nothing to find', () => {
    const random = BanditRandom.seeded('noise');
    const tree = new GrowingTree(6, settings);
    for (let n = 0; n < 2_000; n += 1) {
      const x = Float64Array.from({ length: 6 }, (_, at) => (at === 0 ? 1 : 2 * random.next() - 1));
      tree.learn(x, random.next() < 0.5 ? 1 : 0, 1);
    }
    expect(tree.size()).toEqual({ depth: 0, nodes: 1 });
  });

  it('keeps what it knew when it divides', () => {
    const tree = new GrowingTree(2, settings);
    for (let n = 0; n < 200; n += 1)
      tree.learn(Float64Array.of(1, n % 2 === 0 ? -1 : 1), n % 2 === 0 ? 0 : 1, 1);
    expect(tree.size().depth).toBe(1);
    expect(tree.predict(Float64Array.of(1, 1)).share).toBe(1);
    expect(tree.predict(Float64Array.of(1, -1)).share).toBe(0);
    expect(tree.predict(Float64Array.of(1, 1)).lead).toBeGreaterThan(3);
  });

  it('goes on from a snapshot as if nothing had been', () => {
    const tree = grown(1_505);
    const copy = new GrowingTree(3, settings);
    copy.restore(JSON.parse(JSON.stringify(tree.snapshot())), 'tree');
    const random = BanditRandom.seeded('more');
    for (let n = 0; n < 500; n += 1) {
      const x = Float64Array.of(1, 2 * random.next() - 1, 2 * random.next() - 1);
      for (const each of [tree, copy]) each.learn(x, n % 3 === 0 ? 1 : 0, 1);
    }
    expect(copy.snapshot()).toEqual(tree.snapshot());
  });
});
