import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AnalyticsOptionError, QuantileSketch } from '../index.js';

const value = fc.oneof(
  fc.double({ min: -1e12, max: 1e12, noNaN: true }),
  fc.double({ min: -30, max: 30, noNaN: true }).chain((exponent) => fc.constantFrom(Math.exp(exponent / 2), -Math.exp(exponent / 2))),
  fc.constantFrom(0, 1, -1, 1e-9, 1e12, -1e12),
); // prettier-ignore
const values = fc.array(value, { maxLength: 200 });
const QUANTILES = [0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 1];

function sketchOf(all: readonly number[], relativeError?: number): QuantileSketch {
  const sketch = new QuantileSketch(relativeError);
  for (const each of all) sketch.add(each);
  return sketch;
}

/** Every quantile is within the relative error of the value at its rank. */
function expectQuantiles(sketch: QuantileSketch, all: readonly number[]): void {
  const sorted = Float64Array.from(all).sort();
  expect(sketch.count).toBe(all.length);
  expect([sketch.min, sketch.max]).toEqual(
    all.length === 0 ? [undefined, undefined] : [sorted[0], sorted[all.length - 1]],
  );
  for (const q of QUANTILES) {
    const found = sketch.quantile(q);
    const exact = sorted[Math.round(q * (sorted.length - 1))];
    if (exact === undefined) expect(found).toBeUndefined();
    else
      expect(Math.abs((found ?? NaN) - exact)).toBeLessThanOrEqual(
        sketch.relativeError * 1.000001 * Math.abs(exact) + 1e-9,
      );
  }
}

describe('QuantileSketch', () => {
  it('keeps every quantile within its relative error, whatever it is fed', () => {
    fc.assert(
      fc.property(values, fc.constantFrom(0.001, 0.01, 0.05), (all, relativeError) => {
        expectQuantiles(sketchOf(all, relativeError), all);
      }),
    );
  });

  it('merges without losing anything: negative values, zeros, empty ones, several times', () => {
    fc.assert(
      fc.property(values, values, values, (first, second, third) => {
        const others = [sketchOf(second), sketchOf(third)];
        const merged = sketchOf(first);
        for (const other of others) merged.merge(other);
        expectQuantiles(merged, [...first, ...second, ...third]);
        merged.add(5);
        expectQuantiles(others[0] as QuantileSketch, second);
      }),
    );
  });

  it('stays small over the whole range, and takes what is beyond for the end of it', () => {
    const sketch = new QuantileSketch();
    for (let exponent = -300; exponent <= 300; exponent += 1) sketch.add(10 ** exponent);
    expect(sketch.quantile(0)).toBeLessThan(1e-9);
    expect(sketch.quantile(1)).toBeCloseTo(1e12, -11);
    expect([sketch.min, sketch.max]).toEqual([1e-300, 1e300]);
    expect([NaN, Infinity, -Infinity].map((each) => sketch.add(each))).toEqual([false, false, false]);
    expect(sketch.count).toBe(601);
    expect([sketch.quantile(-0.1), sketch.quantile(NaN)]).toEqual([undefined, undefined]);
  });

  it('has an exact mean, and refuses errors that are none and partners of another error', () => {
    expect(sketchOf([1, 2, 6]).mean).toBe(3);
    const twice = sketchOf([1, 2, 6]);
    expectQuantiles(twice.merge(twice), [1, 1, 2, 2, 6, 6]);
    expect(new QuantileSketch().mean).toBeUndefined();
    for (const wrong of [0, 1, NaN]) expect(() => new QuantileSketch(wrong)).toThrow(AnalyticsOptionError);
    expect(() => new QuantileSketch(0.01).merge(new QuantileSketch(0.02))).toThrow(
      'A sketch with a relative error of 0.02 was to be merged into one of 0.01. Make both with the same relative error. [OBSERVABILITY_ANALYTICS_OPTION]',
    );
  });

  it('knows no mean where the sum is beyond a number, and merges with nothing but a sketch', () => {
    const sketch = sketchOf([1e308, 1e308, 1e308]);
    expect([sketch.count, sketch.max, sketch.mean]).toEqual([3, 1e308, undefined]);
    for (const none of [null, undefined, {}, 5, [1]]) {
      expect(() => sketch.merge(none as never)).toThrow(AnalyticsOptionError);
    }
  });
});
