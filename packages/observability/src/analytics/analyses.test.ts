import { describe, expect, it } from '@jest/globals';
import { anomaliesOf } from './anomalies.js';
import { capacityOf } from './capacity.js';
import { changesOf, CusumDetector, driftOf } from './change-points.js';
import { warningsOf } from './early-warnings.js';
import { SeededNoise } from './fixtures/seeded-noise.js';
import { forecastOf } from './forecast.js';
import { type Metric, type MetricDefinition, resolveMetric } from './metric.js';
import type { Points } from './metric-series.js';
import { trendOf } from './trend.js';

const START = Date.UTC(2024, 0, 1);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Points a minute apart. */
const minutely = (values: readonly number[], stepMs = MINUTE): Points => ({
  at: Float64Array.from(values, (_value, index) => START + index * stepMs),
  value: Float64Array.from(values),
});

const metricOf = (more: Partial<MetricDefinition> = {}): Metric =>
  resolveMetric({ name: 'm', direction: 'lower-is-better', ...more } as MetricDefinition);
const lower = metricOf();
const higher = metricOf({ direction: 'higher-is-better' });

const series = (count: number, at: (index: number) => number): number[] =>
  Array.from({ length: count }, (_none, index) => at(index));

describe('trends', () => {
  it('are good or bad by the direction of the metric', () => {
    const noise = new SeededNoise(1);
    const rising = minutely(series(60, (index) => 100 + index + noise.normal()));
    const target = metricOf({ direction: 'target', target: 200 });
    const beyond = metricOf({ direction: 'target', target: 100 });
    expect([lower, higher, target, beyond].map((metric) => trendOf(metric, rising).status)).toEqual([
      'worsening',
      'improving',
      'improving',
      'worsening',
    ]);
    for (const method of ['least-squares', 'theil-sen'] as const) {
      const trend = trendOf(lower, rising, { method });
      if (trend.status === 'insufficient-data') throw new Error(trend.reason);
      expect(trend.slopePerHour).toBeCloseTo(60, 0);
      expect(trend.interval[0]).toBeLessThan(60);
      expect(trend.interval[1]).toBeGreaterThan(60);
      expect(trend.changeRatio).toBeCloseTo(0.59, 1);
      expect(trend.window).toEqual({ from: START, to: START + 59 * MINUTE, points: 60 });
    }
  });

  it('use the times at which things were observed, not their order', () => {
    const at = Float64Array.from(
      [0, 1, 2, 3, 4, 100, 101, 102, 103, 104],
      (minute) => START + minute * MINUTE,
    );
    const trend = trendOf(lower, { at, value: at.map((time) => 5 + (time - START) / HOUR) });
    expect(trend).toMatchObject({ status: 'worsening', slopePerHour: expect.closeTo(1, 9), pValue: 0 });
  });

  it('are stable in noise about as often as their confidence says, and below the smallest change', () => {
    const noise = new SeededNoise(2);
    const rate = (method: 'least-squares' | 'theil-sen'): number => {
      let found = 0;
      for (let run = 0; run < 300; run += 1)
        if (
          trendOf(lower, minutely(series(40, () => 10 + 3 * noise.normal())), { method }).status !== 'stable'
        )
          found += 1;
      return found / 300;
    };
    expect(rate('least-squares')).toBeLessThan(0.08);
    expect(rate('theil-sen')).toBeLessThan(0.08);
    const slight = minutely(series(100, (index) => 1_000 + index * 0.01));
    expect(trendOf(lower, slight)).toMatchObject({ status: 'stable', pValue: expect.closeTo(0, 9) });
    expect(trendOf(lower, slight, { minChangeRatio: 0 }).status).toBe('worsening');
  });

  it('say that there is not enough data instead of guessing', () => {
    expect(trendOf(lower, minutely([1, 2, 3]))).toEqual({
      status: 'insufficient-data',
      points: 3,
      needed: 10,
      reason: '3 points, 10 are needed',
    });
    expect(
      trendOf(
        lower,
        minutely(
          series(20, (index) => index),
          0,
        ),
      ),
    ).toMatchObject({ reason: 'all points have the same time' });
    expect(trendOf(lower, minutely(series(20, () => 7)))).toMatchObject({ status: 'stable', change: 0 });
  });

  it('are not turned by wild points with Theil–Sen, of which it takes 400 at most', () => {
    const wild = minutely(series(2_000, (index) => (index % 10 === 0 ? 1e6 : 50 + 0.01 * index)));
    const trend = trendOf(lower, wild, { method: 'theil-sen' });
    expect(trend).toMatchObject({
      status: 'worsening',
      slopePerHour: expect.closeTo(0.6, 1),
      window: { points: 400 },
    });
  });
});

describe('anomalies', () => {
  it('are spikes and drops, with severity, and harmful by the direction', () => {
    const noise = new SeededNoise(3);
    const values = series(200, () => 100 + noise.normal());
    values[120] = 112;
    values[150] = 94;
    const found = anomaliesOf(lower, minutely(values));
    if (found.status !== 'ok') throw new Error(found.reason);
    expect(found.judged).toBe(180);
    expect(found.anomalies).toMatchObject([
      {
        at: START + 120 * MINUTE,
        value: 112,
        kind: 'spike',
        severity: 'critical',
        isHarmful: true,
        expected: expect.closeTo(100, 0),
      },
      { at: START + 150 * MINUTE, value: 94, kind: 'drop', isHarmful: false },
    ]);
    expect(anomaliesOf(higher, minutely(values))).toMatchObject({
      anomalies: [{ isHarmful: false }, { isHarmful: true }],
    });
  });

  it('are few in plain noise: below two in a thousand points', () => {
    const noise = new SeededNoise(4);
    let [found, judged] = [0, 0];
    for (let run = 0; run < 20; run += 1) {
      const answer = anomaliesOf(lower, minutely(noise.normals(1_000)));
      if (answer.status !== 'ok') continue;
      found += answer.anomalies.length;
      judged += answer.judged;
    }
    expect(judged).toBe(19_600);
    expect(found / judged).toBeLessThan(0.002);
  });

  it('are told without a score where nothing had scattered, and by the mean deviation where half is equal', () => {
    const constant = series(50, (index) => (index === 40 ? 1 : 0));
    expect(anomaliesOf(lower, minutely(constant))).toMatchObject({
      anomalies: [{ value: 1, expected: 0, kind: 'spike', severity: 'low', basis: 'constant' }],
    });
    expect(JSON.stringify(anomaliesOf(lower, minutely(constant)))).not.toContain('score');
    const mostlyEqual = series(60, (index) => (index === 55 ? 50 : index % 5 === 0 ? 1 : 0));
    expect(anomaliesOf(lower, minutely(mostlyEqual))).toMatchObject({
      anomalies: [{ value: 50, basis: 'mean-deviation', severity: 'critical' }],
    });
    expect(anomaliesOf(lower, minutely(series(50, () => 0.1 + 0.2)))).toMatchObject({ anomalies: [] });
  });

  it('are sought beside the season where there is one', () => {
    const noise = new SeededNoise(5);
    const seasonal = series(
      24 * 10,
      (index) => 100 + 40 * Math.sin((index / 24) * 2 * Math.PI) + noise.normal(),
    );
    // No higher than other hours are: odd at this hour alone.
    seasonal[200] = (seasonal[200] ?? 0) + 15;
    const day = metricOf({ seasonMs: 24 * HOUR });
    const found = anomaliesOf(day, minutely(seasonal, HOUR));
    if (found.status !== 'ok') throw new Error(found.reason);
    const severe = found.anomalies.filter(({ severity }) => severity === 'critical');
    expect(severe).toMatchObject([{ at: START + 200 * HOUR, kind: 'spike' }]);
    expect(anomaliesOf(lower, minutely(seasonal, HOUR))).toMatchObject({ anomalies: [] });
  });
});

describe('forecasts', () => {
  /** How often what came lay in the intervals, over made-up histories. */
  function coverage(
    make: (noise: SeededNoise) => number[],
    method: 'damped' | 'linear',
    seed: number,
  ): number {
    const noise = new SeededNoise(seed);
    let [inside, all] = [0, 0];
    for (let run = 0; run < 100; run += 1) {
      const values = make(noise);
      const made = forecastOf(minutely(values.slice(0, -5)), { method });
      if (made.status !== 'ok') throw new Error(made.reason);
      made.points.forEach(({ low, high }, index) => {
        const came = values[values.length - 5 + index] as number;
        if (came >= low && came <= high) inside += 1;
        all += 1;
      });
    }
    return inside / all;
  }
  const noisyLine = (noise: SeededNoise): number[] =>
    series(85, (index) => 20 + 0.3 * index + 2 * noise.normal());
  const walk = (noise: SeededNoise): number[] => {
    let level = 50;
    return series(85, () => (level += noise.normal()));
  };
  const level = (noise: SeededNoise): number[] => series(85, () => 30 + noise.normal());

  it.each<[string, (noise: SeededNoise) => number[], 'damped' | 'linear']>([
    ['a noisy line', noisyLine, 'linear'],
    ['a noisy line', noisyLine, 'damped'],
    ['a random walk', walk, 'damped'],
    ['a level', level, 'damped'],
  ])('hold about 95 of 100 values to come of %s (%#)', (_name, make, method) => {
    const share = coverage(make, method, 7);
    expect(share).toBeGreaterThan(0.9);
    expect(share).toBeLessThan(0.985);
  });

  it('widen with the distance and beat "as before" where there is a trend', () => {
    const made = forecastOf(minutely(noisyLine(new SeededNoise(8))), { horizon: 12 });
    if (made.status !== 'ok') throw new Error(made.reason);
    expect(made.points).toHaveLength(12);
    expect(made.scaledError).toBeLessThan(0.9);
    const widths = made.points.map(({ low, high }) => high - low);
    expect(widths).toEqual([...widths].sort((a, b) => a - b));
    expect(made.points[0]?.at).toBe(START + 85 * MINUTE);
    expect(forecastOf(minutely(series(30, (index) => 3 * index)))).toMatchObject({
      points: [{ value: expect.closeTo(90, 0) }, {}, {}, {}, { value: expect.closeTo(102, 0) }],
    });
  });

  it('step over gaps without filling them, and refuse what is too uneven or too short', () => {
    const noise = new SeededNoise(9);
    const full = minutely(series(100, (index) => index + noise.normal() * 0.1));
    const kept = Array.from(full.at, (_at, index) => index).filter(
      (index) => index < 40 || index > 60 || index % 7 === 0,
    );
    const gaps = { at: Float64Array.from(kept, (index) => full.at[index] as number), value: Float64Array.from(kept, (index) => full.value[index] as number) }; // prettier-ignore
    expect(forecastOf(gaps)).toMatchObject({
      status: 'ok',
      stepMs: MINUTE,
      points: [{ value: expect.closeTo(100, -1) }, {}, {}, {}, {}],
    });
    expect(forecastOf(minutely(series(14, (index) => index)))).toMatchObject({
      status: 'insufficient-data',
      needed: 15,
    });
    const at = Float64Array.from(series(30, (index) => START + (index < 15 ? index : 1e6 + index) * MINUTE));
    expect(forecastOf({ at, value: at.slice() })).toMatchObject({
      reason: 'the points are too unevenly spread over time',
    });
    expect(
      forecastOf(
        minutely(
          series(30, (index) => index),
          0,
        ),
      ),
    ).toMatchObject({ reason: 'most points have the same time' });
    expect(() => forecastOf(full, { horizon: 0 })).toThrow(
      'horizon is 0. Give a whole number from 1. [OBSERVABILITY_ANALYTICS_OPTION]',
    );
  });
});

describe('changes', () => {
  it('are found in few of many windows of noise, also with wild points', () => {
    const noise = new SeededNoise(10);
    const hasChange = (values: readonly number[]): boolean => {
      const found = changesOf(lower, minutely(values));
      return found.status === 'ok' && found.changes.length > 0;
    };
    let [plain, wild] = [0, 0];
    for (let run = 0; run < 60; run += 1) {
      const values = noise.normals(1_000);
      if (hasChange(values)) plain += 1;
      const spiked = values.map((value) => (noise.uniform() < 0.005 ? value + 50 : value));
      if (hasChange(spiked)) wild += 1;
    }
    expect(plain / 60).toBeLessThanOrEqual(0.05);
    expect(wild / 60).toBeLessThanOrEqual(0.1);
  });

  it('are found soon after a real step, at about the right time', () => {
    const noise = new SeededNoise(11);
    const delays: number[] = [];
    const errors: number[] = [];
    for (let run = 0; run < 40; run += 1) {
      const found = changesOf(
        lower,
        minutely(series(300, (index) => 50 + noise.normal() + (index >= 150 ? 2 : 0))),
      );
      if (found.status !== 'ok') throw new Error(found.reason);
      const near = found.changes.find(({ at }) => Math.abs(at - START - 150 * MINUTE) < 20 * MINUTE);
      if (near === undefined) continue;
      delays.push((near.detectedAt - START) / MINUTE - 150);
      errors.push(Math.abs((near.at - START) / MINUTE - 150));
      expect(near).toMatchObject({
        effect: 'worse',
        before: expect.closeTo(50, 0),
        after: expect.closeTo(52, 0),
      });
    }
    const mean = (values: readonly number[]): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(delays.length).toBeGreaterThanOrEqual(38);
    expect(mean(delays)).toBeLessThan(12);
    expect(mean(errors)).toBeLessThan(3);
  });

  it('come one after the other, and from a constant too', () => {
    const levels = [10, 30, 5];
    const noise = new SeededNoise(12);
    const values = series(180, (index) => (levels[Math.floor(index / 60)] as number) + noise.normal());
    const found = changesOf(higher, minutely(values));
    expect(found).toMatchObject({
      changes: [{ effect: 'better' }, { effect: 'worse', after: expect.closeTo(5, 0) }],
    });
    const constant = series(100, (index) => (index < 60 ? 7 : 8));
    expect(changesOf(lower, minutely(constant))).toMatchObject({
      changes: [{ at: START + 60 * MINUTE, before: 7, after: 8 }],
    });
    expect(changesOf(lower, minutely(series(100, () => 7)))).toMatchObject({ changes: [] });
    const detector = new CusumDetector();
    const seen = constant.map((value) => detector.next(value)).filter((since) => since > 0);
    expect(seen[0]).toBeGreaterThan(0);
    const hostile = new CusumDetector();
    for (const value of [NaN, Infinity, 1e308, -1e308, '5', null, undefined])
      expect(hostile.next(value as number)).toBe(0);
    expect(constant.map((value) => hostile.next(value)).filter((since) => since > 0)).toEqual(seen);
    expect(() => new CusumDetector({ warmUp: 1 })).toThrow('warmUp is 1. Give a whole number from 5.');
  });

  it('are not made of a steady rise, but are found beside one', () => {
    const noise = new SeededNoise(17);
    const rising = (step: number): Points =>
      minutely(series(300, (index) => 0.2 * index + noise.normal() + (index >= 200 ? step : 0)));
    expect(changesOf(lower, rising(0))).toMatchObject({ changes: [] });
    // On a line to the last digit what is left is rounding.
    expect(changesOf(lower, minutely(series(300, (index) => 0.95 - 0.005 * index)))).toMatchObject({
      changes: [],
    });
    expect(changesOf(lower, rising(12))).toMatchObject({
      changes: expect.arrayContaining([expect.objectContaining({ effect: 'worse' })]),
    });
  });

  it('of the scatter alone are drift', () => {
    const noise = new SeededNoise(13);
    const wider = minutely(series(200, (index) => noise.normal() * (index < 100 ? 1 : 4)));
    expect(driftOf(wider)).toMatchObject({
      status: 'drifted',
      before: { points: 100 },
      after: { points: 100 },
    });
    let alarms = 0;
    for (let run = 0; run < 200; run += 1)
      if (driftOf(minutely(noise.normals(200))).status === 'drifted') alarms += 1;
    expect(alarms / 200).toBeLessThan(0.07);
    expect(driftOf(minutely(noise.normals(49)))).toMatchObject({ status: 'insufficient-data', needed: 50 });
  });
});

describe('capacity', () => {
  const disk = metricOf({ limit: 100 });

  it('tells when the limit is reached, with an interval that holds the true time', () => {
    const noise = new SeededNoise(14);
    let held = 0;
    for (let run = 0; run < 200; run += 1) {
      const found = capacityOf(disk, minutely(series(100, (index) => 20 + 0.4 * index + 2 * noise.normal())));
      if (found?.status !== 'approaching') continue;
      // 20 + 0.4 x = 100 at x = 200.
      const truth = START + 200 * MINUTE;
      if ((found.earliest ?? 0) <= truth && (found.latest ?? 0) >= truth) held += 1;
    }
    expect(held / 200).toBeGreaterThan(0.9);
    expect(held / 200).toBeLessThan(0.99);
  });

  it('speaks only of limits that are in sight', () => {
    const rising = minutely(series(100, (index) => 20 + 0.4 * index));
    expect(capacityOf(disk, rising)).toMatchObject({
      status: 'approaching',
      at: expect.closeTo(START + 200 * MINUTE, -2),
    });
    expect(capacityOf(disk, minutely(series(100, (index) => 20 + 0.01 * index)))?.status).toBe('far');
    expect(capacityOf(disk, minutely(series(100, (index) => 20 - index)))?.status).toBe('far');
    expect(capacityOf(disk, minutely(series(100, () => 50 + new SeededNoise(1).normal())))?.status).toBe(
      'far',
    );
    expect(capacityOf(disk, minutely(series(100, () => 120)))?.status).toBe('reached');
    expect(capacityOf(lower, rising)).toBeUndefined();
    const free = metricOf({ direction: 'higher-is-better', limit: 10 });
    expect(capacityOf(free, minutely(series(100, (index) => 100 - 0.5 * index)))).toMatchObject({
      status: 'approaching',
      at: expect.closeTo(START + 180 * MINUTE, -2),
    });
  });
});

describe('early warnings', () => {
  const warn = (metric: Metric, values: readonly number[]) => {
    const points = minutely(values);
    return warningsOf(metric, points, forecastOf(points), capacityOf(metric, points));
  };

  it('come before it is bad, on the bad side alone', () => {
    const noise = new SeededNoise(15);
    const rising = series(80, (index) => 100 + (index < 60 ? 0 : (index - 60) * 5) + noise.normal());
    expect(warn(lower, rising)).toMatchObject([
      { kind: 'forecast', severity: 'critical', usual: expect.closeTo(100, -1) },
    ]);
    expect(warn(higher, rising)).toEqual([]);
    expect(
      warn(
        higher,
        rising.map((value) => 300 - value),
      ),
    ).toMatchObject([{ kind: 'forecast' }]);
    expect(warn(metricOf({ direction: 'target', target: 100 }), rising)).toEqual([]);
  });

  it('speak of load from 70 % of the limit, and of nothing in plain noise', () => {
    const noise = new SeededNoise(16);
    const flat = (base: number): number[] => series(80, () => base + noise.normal());
    expect(warn(metricOf({ limit: 100 }), flat(75))).toMatchObject([{ kind: 'load', severity: 'warning' }]);
    expect(warn(metricOf({ limit: 100 }), flat(104))).toMatchObject([{ kind: 'load', severity: 'critical' }]);
    for (let run = 0; run < 20; run += 1) expect(warn(metricOf({ limit: 100 }), flat(50))).toEqual([]);
    const filling = series(80, (index) => 20 + 0.45 * index + noise.normal());
    expect(warn(metricOf({ limit: 100 }), filling).map(({ kind }) => kind)).toContain('capacity');
  });
});
