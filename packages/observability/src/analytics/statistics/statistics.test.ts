import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { linearRegression, linearRegressionLine, medianAbsoluteDeviation } from 'simple-statistics';
import { SeededNoise } from '../fixtures/seeded-noise.js';
import { linearFit, predictionReach, slopeInterval, valueAt } from './linear-fit.js';
import { normalCdf, normalQuantile } from './normal.js';
import { robustScale } from './robust-scale.js';
import { incompleteBeta, tCdf, tQuantile, tTwoSidedP } from './student-t.js';
import { theilSen } from './theil-sen.js';
import { compareSamples, kolmogorovTail } from './two-samples.js';

describe('the normal and Student distributions', () => {
  it('have the values of the tables', () => {
    expect(normalCdf(1.96)).toBeCloseTo(0.9750021048517795, 14);
    expect(normalCdf(-5) / 2.866515718791939e-7).toBeCloseTo(1, 10);
    expect(normalCdf(-10) / 7.619853024160527e-24).toBeCloseTo(1, 8);
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 12);
    expect(normalQuantile(0.995)).toBeCloseTo(2.5758293035489004, 12);
    expect(normalQuantile(1e-10)).toBeCloseTo(-6.361340902404056, 9);
    expect([normalQuantile(0), normalQuantile(1), normalQuantile(0.5), normalQuantile(2)]).toEqual([
      -Infinity,
      Infinity,
      expect.closeTo(0, 15),
      NaN,
    ]);
    // NIST/SEMATECH e-Handbook, 1.3.6.7.2: upper critical values of Student's t.
    for (const [df, expected] of [
      [1, 12.706],
      [2, 4.303],
      [5, 2.571],
      [10, 2.228],
      [30, 2.042],
      [100, 1.984],
    ] as const)
      expect(tQuantile(0.975, df)).toBeCloseTo(expected, 3);
    expect(tQuantile(0.975, 1e9)).toBeCloseTo(1.959964, 6);
    // With one degree of freedom it is Cauchy's distribution.
    expect(tCdf(1, 1)).toBeCloseTo(0.75, 13);
    expect([tTwoSidedP(0, 5), tTwoSidedP(Infinity, 5), tTwoSidedP(NaN, 5), tCdf(-3, 0)]).toEqual([
      1,
      0,
      NaN,
      NaN,
    ]);
    // I_x(a, b) = 1 − I_{1−x}(b, a); I_x(1, b) = 1 − (1 − x)^b.
    expect(incompleteBeta(0.3, 2.5, 4)).toBeCloseTo(1 - incompleteBeta(0.7, 4, 2.5), 13);
    expect(incompleteBeta(0.2, 1, 3)).toBeCloseTo(1 - 0.8 ** 3, 13);
  });

  it('undo each other', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }),
        fc.integer({ min: 1, max: 500 }),
        (p, df) => {
          expect(normalCdf(normalQuantile(p))).toBeCloseTo(p, 12);
          expect(tCdf(tQuantile(p, df), df)).toBeCloseTo(p, 9);
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** NIST StRD "Norris": 36 points of ozone measurements, certified to 15 digits. */
const NORRIS: readonly (readonly [y: number, x: number])[] = [
  [0.1, 0.2], [338.8, 337.4], [118.1, 118.2], [888.0, 884.6], [9.2, 10.1], [228.1, 226.5], [668.5, 666.3], [998.5, 996.3],
  [449.1, 448.6], [778.9, 777.0], [559.2, 558.2], [0.3, 0.4], [0.1, 0.6], [778.1, 775.5], [668.8, 666.9], [339.3, 338.0],
  [448.9, 447.5], [10.8, 11.6], [557.7, 556.0], [228.3, 228.1], [998.0, 995.8], [888.8, 887.6], [119.6, 120.2], [0.3, 0.3],
  [0.6, 0.3], [557.6, 556.8], [339.3, 339.1], [888.0, 887.2], [998.5, 999.0], [778.9, 779.0], [10.2, 11.1], [117.6, 118.3],
  [228.9, 229.2], [668.4, 669.1], [449.2, 448.9], [0.2, 0.5],
]; // prettier-ignore

describe('linearFit', () => {
  it('agrees with the certified values of NIST, and far from zero too', () => {
    for (const offset of [0, 1_700_000_000_000]) {
      const fit = linearFit(
        NORRIS.map(([, x]) => x + offset),
        NORRIS.map(([y]) => y),
      );
      const digits = offset === 0 ? 12 : 5;
      expect(fit?.slope).toBeCloseTo(1.00211681802045, digits);
      expect(fit === undefined ? NaN : valueAt(fit, offset)).toBeCloseTo(-0.262323073774029, digits - 3);
      expect(fit?.slopeError).toBeCloseTo(0.429796848199937e-3, 8);
      expect(fit?.residualError).toBeCloseTo(0.884796396144373, digits - 3);
      expect(fit?.rSquared).toBeCloseTo(0.999993745883712, digits - 2);
    }
  });

  it('agrees with simple-statistics on whatever it is given', () => {
    const pairs = fc.array(fc.tuple(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.double({ min: -1e3, max: 1e3, noNaN: true })), { minLength: 3, maxLength: 40 }); // prettier-ignore
    fc.assert(
      fc.property(pairs, (points) => {
        const fit = linearFit(
          points.map(([x]) => x),
          points.map(([, y]) => y),
        );
        if (fit === undefined || fit.sumXX < 1) return;
        const line = linearRegressionLine(linearRegression(points));
        expect(Math.abs(valueAt(fit, 7) - line(7))).toBeLessThan(
          1e-6 * Math.max(1, Math.abs(line(7)), 1e3 * Math.abs(fit.slope)),
        );
        expect(fit.pValue).toBeGreaterThanOrEqual(0);
        expect(fit.pValue).toBeLessThanOrEqual(1);
      }),
    );
    expect(linearFit([1, 1, 1], [1, 2, 3])).toBeUndefined();
    expect(linearFit([1, 2], [1, 2])).toBeUndefined();
    expect(linearFit([1, 2, 3, 4], [5, 5, 5, 5])).toMatchObject({ slope: 0, pValue: 1 });
    expect(linearFit([1, 2, 3, 4], [2, 4, 6, 8])).toMatchObject({ slope: 2, pValue: 0, slopeError: 0 });
  });

  it('holds the true slope in 95 of 100 intervals, in noise that resembles itself too', () => {
    const noise = new SeededNoise(1);
    const covered = (memory: number, adjust: boolean): number => {
      let hits = 0;
      for (let run = 0; run < 400; run += 1) {
        let before = 0;
        const y = Array.from(
          { length: 100 },
          (_none, x) => 0.05 * x + (before = memory * before + noise.normal()),
        );
        const fit = linearFit(
          y.map((_y, x) => x),
          y,
          { adjust },
        );
        const [low, high] = fit === undefined ? [1, 1] : slopeInterval(fit, 0.95);
        if (low <= 0.05 && high >= 0.05) hits += 1;
      }
      return hits / 400;
    };
    expect(covered(0, true)).toBeGreaterThan(0.92);
    expect(covered(0, true)).toBeLessThan(0.98);
    // Uncorrected it is wrong about every third time.
    expect(covered(0.6, false)).toBeLessThan(0.75);
    expect(covered(0.6, true)).toBeGreaterThan(0.88);
  });

  it('widens its prediction away from the points', () => {
    const fit = linearFit([0, 1, 2, 3, 4, 5], [0, 1.2, 1.8, 3.1, 4.2, 4.9]);
    if (fit === undefined) throw new Error('no fit');
    expect(predictionReach(fit, 20, 0.95)).toBeGreaterThan(2 * predictionReach(fit, 2.5, 0.95));
    expect(predictionReach(fit, 2.5, 0.99)).toBeGreaterThan(predictionReach(fit, 2.5, 0.9));
  });
});

describe('theilSen', () => {
  it('computes what one computes by hand', () => {
    const x = [1, 2, 3, 4, 5];
    const fit = theilSen(x, [10, 15, 14, 20, 22]);
    // Slopes 5, 2, 10/3, 3, −1, 2.5, 7/3, 6, 4, 2: in order −1, 2, 2, 7/3, 2.5, 3, 10/3, 4, 5, 6. S = 9 − 1.
    expect(fit).toMatchObject({ slope: 2.75, s: 8 });
    // Var S = 5 · 4 · 15 / 18; z = 7 / √(50/3) = 1.7146
    expect(fit?.pValue).toBeCloseTo(0.0864, 4);
  });

  it('is not moved by a quarter of wild points, and corrects for ties', () => {
    const y = Array.from({ length: 40 }, (_none, x) => (x % 4 === 0 ? 1e6 : 2 * x));
    const fit = theilSen(
      y.map((_y, x) => x),
      y,
    );
    expect(fit?.slope).toBeCloseTo(2, 0);
    expect(theilSen([1, 2, 3, 4], [5, 5, 5, 5])).toMatchObject({ slope: 0, pValue: 1, s: 0 });
    expect(theilSen([1, 1, 1], [1, 2, 3])).toBeUndefined();
  });
});

describe('compareSamples', () => {
  it('has the p-values of the tables of Kolmogorov', () => {
    // Smirnov's table: K(1.36) = 0.951, K(1.63) = 0.990, K(0.83) = 0.504
    expect(1 - kolmogorovTail(1.3581)).toBeCloseTo(0.95, 4);
    expect(1 - kolmogorovTail(1.6276)).toBeCloseTo(0.99, 4);
    expect(1 - kolmogorovTail(0.8276)).toBeCloseTo(0.5, 4);
    expect(kolmogorovTail(1.17999)).toBeCloseTo(kolmogorovTail(1.18001), 4);
    expect([kolmogorovTail(0), kolmogorovTail(9)]).toEqual([1, expect.closeTo(0, 60)]);
  });

  it('measures distance and shift', () => {
    expect(compareSamples([1, 2, 3, 4], [11, 12, 13, 14])).toMatchObject({ distance: 1, shift: 10 });
    expect(compareSamples([1, 2, 3, 4], [3, 4, 5, 6])).toMatchObject({ distance: 0.5, shift: 2 });
    expect(compareSamples([1, 2, 3], [1, 2, 3])).toEqual({ distance: 0, pValue: 1, shift: 0 });
    expect(compareSamples([], [1])).toEqual({ distance: 0, pValue: 1, shift: 0 });
  });

  it('gives a false alarm as often as its p-value says', () => {
    const noise = new SeededNoise(2);
    let alarms = 0;
    for (let run = 0; run < 1_000; run += 1)
      if (compareSamples(noise.normals(50), noise.normals(70)).pValue < 0.05) alarms += 1;
    expect(alarms / 1_000).toBeGreaterThan(0.025);
    expect(alarms / 1_000).toBeLessThan(0.065);
  });
});

describe('robustScale', () => {
  it('finds the median deviation of simple-statistics, and the standard deviation of normal values', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 60 }),
        (values) => {
          const sorted = Float64Array.from(values).sort();
          const { sigma, basis } = robustScale(sorted);
          const mad = medianAbsoluteDeviation(values);
          if (basis !== 'median-deviation') return expect(mad).toBe(0);
          const correction = values.length > 9 ? values.length / (values.length - 0.8) : 1;
          expect(sigma / (1.4826022185056018 * correction)).toBeCloseTo(mad, 6);
        },
      ),
    );
    const { median, sigma } = robustScale(Float64Array.from(new SeededNoise(3).normals(20_000)).sort());
    expect([median, sigma]).toEqual([expect.closeTo(0, 1), expect.closeTo(1, 1)]);
  });

  it('falls back to the mean deviation, then to nothing', () => {
    expect(robustScale([1, 1, 1, 1, 6])).toEqual({
      median: 1,
      sigma: 1.2533141373155001,
      basis: 'mean-deviation',
    });
    expect(robustScale([4, 4, 4])).toEqual({ median: 4, sigma: 0, basis: 'constant' });
  });
});
