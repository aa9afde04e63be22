import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BanditRandom } from '../learning/bandit-random.js';
import { BANDIT_ALGORITHMS, type BanditModel, type BanditObservation } from './bandit-model.js';
import { DoublyRobust } from './doubly-robust.js';
import { DEFAULT_BANDIT_SETTINGS, makeBanditModel, sizeOfBanditModels } from './make-bandit-model.js';
import { OffsetTree } from './offset-tree.js';

const shape = { dimension: 3, actions: 3 };

/** What the model does and learns in some rounds of an ever same bandit, where the second input decides. */
function rounds(model: BanditModel, random: BanditRandom, count: number): number[] {
  return Array.from({ length: count }, () => {
    const x = Float64Array.of(1, 2 * random.next() - 1, 2 * random.next() - 1);
    const { probabilities } = model.choose(x, random);
    const action = random.pick(probabilities);
    const reward = action === ((x[1] as number) > 0 ? 2 : 0) ? 1 : 0.2;
    model.learn({ x, action, reward, probabilities });
    return action;
  });
}

describe.each([...BANDIT_ALGORITHMS])('%s', (algorithm) => {
  it('goes on from a snapshot as if nothing had been', () => {
    const model = makeBanditModel(algorithm, shape);
    const random = BanditRandom.seeded(algorithm);
    rounds(model, random, 250);
    const copy = makeBanditModel(algorithm, shape);
    copy.restore(JSON.parse(JSON.stringify(model.snapshot())), 'model');
    const again = BanditRandom.restored(random.state);
    expect(rounds(copy, again, 250)).toEqual(rounds(model, random, 250));
    expect(copy.snapshot()).toEqual(model.snapshot());
  });

  it('gives probabilities and scores that are numbers, whatever it has learnt', () => {
    const unit = fc.double({ min: -1, max: 1, noNaN: true });
    const row = fc.record({
      a: unit,
      b: unit,
      action: fc.nat(2),
      reward: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
        const model = makeBanditModel(algorithm, shape);
        const random = BanditRandom.seeded('property');
        for (const { a, b, action, reward } of rows) {
          const x = Float64Array.of(1, a, b);
          const { probabilities, scores } = model.choose(x, random);
          expect(probabilities.every((each) => each >= 0 && each <= 1 + 1e-12)).toBe(true);
          expect(probabilities.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 9);
          expect(scores.every((each) => Number.isFinite(each))).toBe(true);
          expect(Number.isFinite(model.expected(x, action))).toBe(true);
          const mixed = probabilities.map((each) => 0.9 * each + 0.1 / 3);
          model.learn({ x, action, reward, probabilities: mixed });
        }
      }),
      { numRuns: 25 },
    );
  });

  it('keeps no more numbers than it says, however much it learns', () => {
    const model = makeBanditModel(algorithm, shape);
    rounds(model, BanditRandom.seeded('size'), 3_000);
    const count = (value: unknown): number =>
      typeof value === 'object' && value !== null
        ? Object.values(value).reduce<number>((sum, each) => sum + count(each), 0)
        : 1;
    expect(count(model.snapshot())).toBeLessThanOrEqual(sizeOfBanditModels(shape, DEFAULT_BANDIT_SETTINGS));
  });
});

describe('DoublyRobust', () => {
  const truth = [0.2, 0.9, 0.5];
  const x = Float64Array.of(1, 0, 0);

  /** Mean of its estimates over many observations that are drawn with `drawn` and logged with `logged`. */
  function meanEstimates(model: DoublyRobust, drawn: Float64Array, logged: Float64Array): number[] {
    const random = BanditRandom.seeded('estimates');
    const sums = [0, 0, 0];
    for (let n = 0; n < 20_000; n += 1) {
      const action = random.pick(drawn);
      const reward = random.next() < (truth[action] as number) ? 1 : 0;
      const observation: BanditObservation = { x, action, reward, probabilities: logged };
      for (const [at, estimate] of model.estimates(observation).entries())
        sums[at] = (sums[at] as number) + estimate;
    }
    return sums.map((sum) => sum / 20_000);
  }

  it('estimates every action without bias where only the propensities are right', () => {
    // It has learnt the opposite of what is true.
    const model = new DoublyRobust(shape, DEFAULT_BANDIT_SETTINGS.doublyRobust);
    for (let n = 0; n < 300; n += 1) {
      model.learn({
        x,
        action: n % 3,
        reward: 1 - (truth[n % 3] as number),
        probabilities: new Float64Array(3).fill(1 / 3),
      });
    }
    const propensities = Float64Array.of(0.6, 0.1, 0.3);
    for (const [at, mean] of meanEstimates(model, propensities, propensities).entries()) {
      expect(mean).toBeCloseTo(truth[at] as number, 1);
    }
  });

  it('estimates every action without bias where only the reward model is right', () => {
    const model = new DoublyRobust(shape, { ridge: 1e-3, greed: 10 });
    for (let n = 0; n < 3_000; n += 1) {
      model.learn({
        x,
        action: n % 3,
        reward: truth[n % 3] as number,
        probabilities: new Float64Array(3).fill(1 / 3),
      });
    }
    const means = meanEstimates(model, Float64Array.of(0.6, 0.1, 0.3), Float64Array.of(0.2, 0.5, 0.3));
    for (const [at, mean] of means.entries()) expect(mean).toBeCloseTo(truth[at] as number, 1);
  });
});

describe('OffsetTree', () => {
  it('trains a match with (pₐ + pᵦ) / pₐ × |r − ½|, and only those its side has won', () => {
    const tree = new OffsetTree({ dimension: 2, actions: 4 }, DEFAULT_BANDIT_SETTINGS.offsetTree);
    const x = Float64Array.of(1, 0);
    const votesOf = (): number[][] =>
      (tree.snapshot()['classifiers'] as { leaf: { votes: number[] } }[]).map(({ leaf }) => [...leaf.votes]);
    // Nothing is known, so the low side wins: action 1 meets 0 and loses against it before this reward speaks for it.
    tree.learn({ x, action: 1, reward: 1, probabilities: Float64Array.of(0.5, 0.25, 0.125, 0.125) });
    // The final is number 0: after its own match action 1 has won, and meets 2 there.
    expect(votesOf()).toEqual([
      [((0.25 + 0.125) / 0.25) * 0.5, 0],
      [0, ((0.25 + 0.5) / 0.25) * 0.5],
      [0, 0],
    ]);
    // A reward of 0 speaks for the other side: 3 has not won its match against 2, so it goes no further.
    tree.learn({ x, action: 3, reward: 0, probabilities: Float64Array.of(0.25, 0.25, 0.25, 0.25) });
    expect(votesOf()[2]).toEqual([1, 0]);
    expect(votesOf()[0]).toEqual([0.75, 0]);
    expect([...tree.choose(x).scores].indexOf(Math.max(...tree.choose(x).scores))).toBe(1);
  });

  it('grows trees deeper than one split where that pays', () => {
    const tree = new OffsetTree(shape, DEFAULT_BANDIT_SETTINGS.offsetTree);
    const random = BanditRandom.seeded('deep');
    for (let n = 0; n < 4_000; n += 1) {
      const x = Float64Array.of(1, 2 * random.next() - 1, 2 * random.next() - 1);
      const best = Math.abs(x[1] as number) > 0.5 ? 0 : (x[2] as number) > 0 ? 1 : 2;
      const action = Math.floor(3 * random.next());
      tree.learn({
        x,
        action,
        reward: action === best ? 1 : 0,
        probabilities: new Float64Array(3).fill(1 / 3),
      });
    }
    expect(tree.figures()['avgTreeDepth']).toBeGreaterThan(1);
    for (const [a, b, best] of [
      [0.9, 0, 0],
      [-0.9, 0, 0],
      [0, 0.8, 1],
      [0, -0.8, 2],
    ] as const) {
      const { scores } = tree.choose(Float64Array.of(1, a, b));
      expect(scores.indexOf(Math.max(...scores))).toBe(best);
    }
  });
});
