import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@kapelle/core/testing';
import fc from 'fast-check';
import { parseCondition } from './rules/parse-condition.js';
import { windowValue } from './rules/window-value.js';
import { TelemetryError } from './telemetry-error.js';
import { TelemetrySeries } from './telemetry-series.js';
import { TelemetryStore, type TelemetryStoreOptions } from './telemetry-store.js';
import { TraceBook } from './trace-book.js';
import { unitOf } from './unit.js';

const MINUTE = 60_000;

function aStore(options: Partial<TelemetryStoreOptions> = {}) {
  const clock = new FakeClock();
  const store = new TelemetryStore({ clock, ...options });
  store.define({ name: 'latency', kind: 'timer', unit: 'ms' });
  store.define({ name: 'memory', kind: 'gauge', unit: '%', scope: 'system' });
  store.define({ name: 'calls', kind: 'counter' });
  store.define({ name: 'failures', kind: 'counter' });
  store.define({ name: 'heap', kind: 'gauge', unit: 'MiB', scope: 'system' });
  const holds = (when: string): unknown => {
    store.alerts.add({ id: 'probe', when, cooldownMs: 0 }, clock.now());
    store.alerts.evaluate(clock.now());
    const values = store.alerts.active.filter(({ rule }) => rule === 'probe').map(({ value }) => value);
    store.alerts.remove('probe', clock.now());
    return values;
  };
  return { clock, store, holds };
}

const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof TelemetryError) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
  return 'nothing was refused';
};

describe('a condition', () => {
  it('compares what was measured in one unit with what was written in another', async () => {
    const { store, holds } = aStore();
    store.record('latency', 1_500);
    store.record('memory', 85);
    store.record('heap', 600);
    expect(holds('last(latency) > 1s')).toEqual([1.5]);
    expect(holds('last(latency) > 1600ms')).toEqual([]);
    expect(holds('last(memory) > 90%')).toEqual([]);
    expect(holds('last(memory) > 0.8')).toEqual([0.85]);
    expect(holds('last(heap) > 0.5GiB')).toHaveLength(1);
    expect(holds('last(heap) > 0.6GiB')).toEqual([]);
  });

  it('refuses to compare what cannot be compared, and says why', () => {
    const { store } = aStore();
    const add = (when: string): string => refusal(() => store.alerts.add({ id: 'r', when }, 0));
    expect(add('last(latency) > 5%')).toMatch(/">" has a time on its left and a plain number on its right/);
    expect(add('last(memory) + 3s > 4s')).toMatch(/"\+" has a plain number on its left and a time/);
    expect(add('rate(latency) > 1s')).toMatch(/rate is of counters, and latency is a timer/);
    expect(add('avg(calls) > 1')).toMatch(
      /calls is a counter, whose total only grows\. Use rate or increase/,
    );
    expect(add('rate(calls) > 10')).toMatch(/a rate per time on its left and a plain number/);
    expect(add('last(unknown) > 1')).toMatch(/The metric "unknown" is not defined/);
    expect(add('last(latency)')).toMatch(/gives a number, not whether something holds/);
    expect(add('last(latency) > 1s and last(memory)')).toMatch(/"and" joins conditions/);
    expect(add('(last(latency) > 1s) + 1 > 2')).toMatch(/"\+" is of numbers/);
  });

  it('says where it cannot be read', () => {
    const where = (when: string): string => refusal(() => parseCondition(when));
    expect(where('last(latency > 1s')).toContain(
      '")" is wanted here.\n  last(latency > 1s\n               ^',
    );
    expect(where('latency > 1s')).toMatch(/"latency" is no function.*such as last\(latency\)/s);
    expect(where('last(latency) > 1parsec')).toMatch(/"parsec" is no unit/);
    expect(where('last(latency) > 1s for ever')).toMatch(/A time such as 5m is wanted here/);
    expect(where('last(latency) > 1s for 5MiB')).toMatch(/A time of a millisecond or more/);
    expect(where('last(latency[0s]) > 1s')).toMatch(/A time of a millisecond or more/);
    expect(where('last(latency) > 1s please')).toMatch(/"please" is too much here/);
    expect(where('last(latency{a~"b"}) > 1s')).toMatch(/This cannot be read/);
    expect(where('')).toMatch(/A number, a function of a metric, or a bracket is wanted/);
    expect(where('('.repeat(100))).toMatch(/nested too deeply/);
    expect(where(' '.repeat(5_000))).toMatch(/5000 characters, 4000 at most/);
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        expect(refusal(() => parseCondition(text))).toMatch(/^(TELEMETRY_RULE_INVALID|nothing)/);
      }),
    );
  });

  it('reckons as it is written: brackets, then * and /, then + and -, then comparing, then and, then or', () => {
    const { store, holds } = aStore();
    store.record('heap', 1);
    expect(holds('2 + 3 * 4 == 14')).toEqual([14]);
    expect(holds('(2 + 3) * 4 == 20')).toEqual([20]);
    expect(holds('10 - 2 - 3 == 5')).toEqual([5]);
    expect(holds('-2 * -3 == 6')).toEqual([6]);
    expect(holds('1 > 2 or 2 > 1 and 3 > 2')).toEqual([2]);
    expect(holds('1 > 2 and 2 > 1 or 3 > 2')).toEqual([3]);
    expect(holds('2 > 1 unless 3 > 2')).toEqual([]);
    expect(holds('10MiB / 2s == 5MiB/s')).toHaveLength(1);
    expect(holds('last(heap) == 1MiB')).toEqual([1_048_576]);
    expect(holds('1 / 0 > 5')).toEqual([]);
  });

  it('looks at the window, and at the labels that are wanted', async () => {
    const { store, holds, clock } = aStore();
    store.record('latency', 900, { route: 'a' });
    await clock.advance(4 * MINUTE);
    store.record('latency', 100, { route: 'a' });
    store.record('latency', 400, { route: 'b' });
    expect(holds('max(latency{route="a"}) > 0s')).toEqual([0.9]);
    expect(holds('max(latency{route="a"}[2m]) > 0s')).toEqual([0.1]);
    expect(holds('avg(latency) by () > 0s')).toEqual([1_400 / 3 / 1_000]);
    expect(holds('p50(latency) by () > 0s')).toEqual([0.4]);
    expect(holds('count(latency) by (route) >= 1')).toEqual([2, 1]);
    expect(holds('last(latency{route!="a"}) > 0s')).toEqual([0.4]);
    expect(holds('last(latency{route in ("a", "c")}) > 0s')).toEqual([0.1]);
    expect(holds('last(latency{route not in ("a")}) > 0s')).toEqual([0.4]);
    expect(holds('absent(latency[2m])')).toEqual([]);
    await clock.advance(5 * MINUTE);
    expect(holds('absent(latency[2m])')).toEqual([0]);
    expect(holds('last(latency) > 0s')).toEqual([]);
  });

  it('compares per label, and one number that stands for everything with each', async () => {
    const { store, holds, clock } = aStore();
    for (const [shop, calls, failures] of [
      ['x', 100, 10],
      ['y', 100, 1],
      ['z', 50, 0],
    ] as const) {
      store.record('calls', calls, { shop });
      if (failures > 0) store.record('failures', failures, { shop });
    }
    await clock.advance(1_000);
    expect(holds('increase(failures) / increase(calls) > 5%')).toEqual([0.1]);
    expect(holds('increase(calls) / increase(calls) by () == 40%')).toEqual([0.4, 0.4]);
    expect(holds('rate(calls[1m]) by () > 4/s')).toEqual([250 / 60]);
  });

  it('measures the growth of a counter across a beginning anew', () => {
    const series = new TelemetrySeries({ name: 'c', labels: {}, scope: 'application', kind: 'counter' }, 100);
    for (const [total, at] of [
      [5, 0],
      [8, 10],
      [2, 20],
      [6, 30],
    ] as const) {
      series.push(total, at);
    }
    expect(windowValue('increase', [series], -1, 30)).toBe(5 + 3 + 2 + 4);
    expect(windowValue('increase', [series], 5, 30)).toBe(3 + 2 + 4);
    expect(windowValue('rate', [series], 25, 5)).toBe(4 / 0.005);
    expect(windowValue('increase', [series], 99, 30)).toBe(0);
  });
});

describe('a series', () => {
  it('keeps its last points in order, and sums over all of them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -1_000, max: 1_000 }), fc.nat(50)), { maxLength: 60 }),
        fc.integer({ min: 2, max: 20 }),
        fc.nat(2_000),
        (points, limit, from) => {
          const series = new TelemetrySeries(
            { name: 's', labels: {}, scope: 'application', kind: 'gauge' },
            limit,
          );
          let now = 0;
          const kept: { at: number; value: number }[] = [];
          for (const [value, step] of points) {
            now += step;
            series.push(value, now);
            kept.push({ at: now, value });
            if (kept.length > limit) kept.shift();
          }
          expect(series.length).toBe(kept.length);
          expect(kept.map((_point, i) => ({ at: series.at(i), value: series.value(i) }))).toEqual(kept);
          expect(series.count).toBe(points.length);
          const first = kept.findIndex(({ at }) => at > from);
          expect(series.after(from)).toBe(first === -1 ? kept.length : first);
        },
      ),
    );
  });
});

describe('the store', () => {
  it('is bounded in series, and counts what it leaves out', () => {
    const { store } = aStore({ maxSeries: 2 });
    expect(store.record('latency', 1, { a: '1' })).toBe(true);
    expect(store.record('latency', 1, { a: '2' })).toBe(true);
    expect(store.record('latency', 1, { a: '3' })).toBe(false);
    expect(store.record('latency', 1, { a: '1' })).toBe(true);
    expect(store.series.beyondMaxSeries).toBe(1);
  });

  it('is bounded in metrics and rules, and in the time a rule takes, whatever is written', () => {
    const { store } = aStore();
    const known = [...store.series.metrics].length;
    for (let n = known; n < 10_000; n += 1) store.define({ name: `m${n - known}`, kind: 'gauge' });
    expect(refusal(() => store.define({ name: 'one_more', kind: 'gauge' }))).toMatch(/metric 10001/);
    store.define({ name: 'm1', kind: 'gauge' });
    for (let n = 0; n < 1_000; n += 1) store.alerts.add({ id: `r${n}`, when: '1 > 0' }, 0);
    expect(refusal(() => store.alerts.add({ id: 'one_more', when: '1 > 0' }, 0))).toMatch(/rule 1001/);
    const begun = performance.now();
    const hostile = [
      `1 > ${'-'.repeat(3_900)}1`,
      `1${'+1'.repeat(1_990)} > 0`,
      `${'('.repeat(2_000)}1`,
      `${'last(m1) > 1 or '.repeat(240)}1 > 0`,
      `${' '.repeat(3_990)}1 > 0`,
      `last(m1{a="${'\\\\'.repeat(1_900)}`,
      `last(${'a'.repeat(3_900)}) > 0`,
      `1 > ${'9'.repeat(3_900)}`,
      `last(m1{${'a="b",'.repeat(600)}a="b"}) > 0`,
      'last(m1[1e300s]) > 1e-300 for 1e300s',
      'last(__proto__) > 0',
      'constructor(m1) > 0',
    ];
    for (const when of hostile) {
      try {
        store.alerts.add({ id: 'r1', when }, 0);
      } catch (error) {
        expect(error).toMatchObject({ code: 'TELEMETRY_RULE_INVALID' });
      }
      store.alerts.evaluate(1_000);
    }
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  it('takes no value of a label for another label', () => {
    const { store } = aStore();
    store.record('latency', 1, { a: 'x', b: 'y' });
    store.record('latency', 2, { a: 'x\u0000b\u0001y' });
    store.record('latency', 3, { a: 'x\u0000b\u00011\u0001y' });
    expect(store.series.size).toBe(3);
  });

  it('refuses what it cannot record', () => {
    const { store } = aStore();
    expect(refusal(() => store.record('nothing', 1))).toMatch(/^TELEMETRY_INPUT_INVALID.*not defined/);
    for (const value of [Number.NaN, Infinity]) {
      expect(refusal(() => store.record('latency', value))).toMatch(/is no value of latency/);
    }
    for (const at of [NaN, -1, Infinity, 1e30])
      expect(refusal(() => store.record('latency', 1, {}, at))).toMatch(/is no value of latency/);
    store.record('calls', 1e308);
    expect(refusal(() => store.record('calls', 1e308))).toMatch(/beyond what the counter calls can hold/);
    for (const options of [null, 5, {}, { clock: 5 }, { clock: {} }])
      expect(refusal(() => new TelemetryStore(options as never))).toMatch(/^TELEMETRY_OPTION_INVALID.*clock/);
    expect(refusal(() => store.record('calls', -1))).toMatch(/no growth of the counter calls/);
    expect(refusal(() => store.define({ name: 'latency', kind: 'gauge' }))).toMatch(/in ms already/);
    expect(refusal(() => store.define({ name: 'a b', kind: 'gauge' }))).toMatch(/no name of a metric/);
    expect(refusal(() => store.define({ name: 'x', kind: 'meter' as never }))).toMatch(/Make it one of/);
    expect(refusal(() => store.define({ name: 'x', kind: 'timer', unit: 'B' }))).toMatch(/unit of time/);
    expect(refusal(() => store.record('latency', 1, { 'bad label': 'x' }))).toMatch(/no name of a label/);
    expect(refusal(() => unitOf('B/s/s'))).toMatch(/no unit/);
    for (const rule of [null, undefined, 5, 'x', { id: 'x', when: 'latency > 5 ms', enabled: 'false' }])
      expect(refusal(() => store.alerts.add(rule as never, 0))).toMatch(/^TELEMETRY_RULE_INVALID/);
    for (const options of [{ maxSeries: 0 }, { pointsPerSeries: 1.5 }, { maxAlertHistory: Number.NaN }]) {
      expect(refusal(() => aStore(options))).toMatch(/^TELEMETRY_OPTION_INVALID/);
    }
  });

  it('says what was recorded within an hour', async () => {
    const { store, clock } = aStore();
    store.record('latency', 1);
    await clock.advance(61 * MINUTE);
    store.record('latency', 2);
    store.record('latency', 3, { a: 'b' });
    store.record('memory', 4);
    expect(store.summary()).toMatchObject({
      total: 3,
      byScope: { application: 2, system: 1 },
      byKind: { timer: 2, gauge: 1 },
      top: [
        { name: 'latency', points: 2 },
        { name: 'memory', points: 1 },
      ],
    });
  });
});

describe('alerts', () => {
  it('fire once a condition has held for its time, and are resolved when it does not', async () => {
    const { store, clock } = aStore();
    store.alerts.add({ id: 'slow', when: 'last(latency) > 1s for 2m', severity: 'error' }, clock.now());
    const at = async (value: number, afterMs: number) => {
      await clock.advance(afterMs);
      store.record('latency', value);
      return store.alerts.evaluate(clock.now());
    };
    expect(await at(1_500, 0)).toEqual({ fired: [], resolved: [] });
    expect(await at(1_600, MINUTE)).toEqual({ fired: [], resolved: [] });
    expect(await at(100, MINUTE)).toEqual({ fired: [], resolved: [] });
    expect((await at(1_700, MINUTE)).fired).toEqual([]);
    const { fired } = await at(1_800, 2 * MINUTE);
    expect(fired).toMatchObject([
      { id: 'slow-1', severity: 'error', state: 'firing', value: 1.8, occurrences: 1 },
    ]);
    expect((await at(2_500, MINUTE)).fired).toEqual([]);
    expect(store.alerts.active).toMatchObject([{ value: 1.8, latest: 2.5 }]);
    const { resolved } = await at(10, MINUTE);
    expect(resolved).toMatchObject([{ id: 'slow-1', state: 'resolved', resolution: 'recovered' }]);
    expect(store.alerts.active).toEqual([]);
    expect(store.alerts.history).toHaveLength(1);
  });

  it('are resolved where nothing is measured any more', async () => {
    const { store, clock } = aStore();
    store.alerts.add({ id: 'slow', when: 'last(latency[1m]) > 1s' }, clock.now());
    store.record('latency', 2_000);
    expect(store.alerts.evaluate(clock.now()).fired).toHaveLength(1);
    await clock.advance(2 * MINUTE);
    expect(store.alerts.evaluate(clock.now()).resolved).toHaveLength(1);
  });

  it('count one that comes back within the cool-down as the same', async () => {
    const { store, clock } = aStore();
    store.alerts.add({ id: 'slow', when: 'last(latency) > 1s', cooldownMs: 10 * MINUTE }, clock.now());
    const at = async (value: number, afterMs: number) => {
      await clock.advance(afterMs);
      store.record('latency', value);
      return store.alerts.evaluate(clock.now());
    };
    expect((await at(2_000, 0)).fired).toHaveLength(1);
    expect((await at(1, MINUTE)).resolved).toHaveLength(1);
    expect((await at(2_000, MINUTE)).fired).toEqual([]);
    expect(store.alerts.active).toMatchObject([{ id: 'slow-1', occurrences: 2 }]);
    expect(store.alerts.history).toEqual([]);
    await at(1, MINUTE);
    expect((await at(2_000, 11 * MINUTE)).fired).toMatchObject([{ id: 'slow-2', occurrences: 1 }]);
  });

  it('can be kept firing for a while, resolved by hand, and end with their rule', async () => {
    const { store, clock } = aStore();
    const rule = { id: 'slow', when: 'last(latency) > 1s', keepFiringMs: 5 * MINUTE, cooldownMs: 0 };
    store.alerts.add(rule, clock.now());
    store.record('latency', 2_000);
    store.alerts.evaluate(clock.now());
    store.record('latency', 1);
    await clock.advance(MINUTE);
    expect(store.alerts.evaluate(clock.now()).resolved).toEqual([]);
    expect(store.alerts.resolve('slow-1', clock.now())).toMatchObject({ resolution: 'by-hand' });
    expect(store.alerts.resolve('slow-1', clock.now())).toBeUndefined();
    store.record('latency', 2_000);
    store.alerts.evaluate(clock.now());
    store.alerts.add({ ...rule, when: 'last(latency) > 9s' }, clock.now());
    expect(store.alerts.history.map(({ resolution }) => resolution)).toEqual(['by-hand', 'rule-changed']);
    expect(store.alerts.active).toEqual([]);
  });

  it('fire for each labels of their own', () => {
    const { store, clock } = aStore();
    store.alerts.add({ id: 'slow', when: 'last(latency) > 1s' }, clock.now());
    for (const route of ['a', 'b', 'c']) store.record('latency', route === 'b' ? 10 : 2_000, { route });
    const { fired } = store.alerts.evaluate(clock.now());
    expect(fired.map(({ labels }) => labels)).toEqual([{ route: 'a' }, { route: 'c' }]);
    expect(new Set(fired.map(({ id }) => id)).size).toBe(2);
  });

  it('refuse a rule that cannot work', () => {
    const { store } = aStore();
    const add = (rule: object): string => refusal(() => store.alerts.add(rule as never, 0));
    expect(add({ id: 'a b', when: '1 > 0' })).toMatch(/no id of a rule/);
    expect(add({ id: 'a', when: '1 > 0', severity: 'awful' })).toMatch(/severity "awful"/);
    expect(add({ id: 'a' })).toMatch(/no condition/);
    expect(add({ id: 'a', when: '1 > 0', cooldownMs: -1 })).toMatch(/cooldownMs of a is -1/);
    expect(add({ id: 'a', when: '1 > 0', keepFiringMs: Number.NaN })).toMatch(/keepFiringMs of a is NaN/);
  });
});

describe('spans', () => {
  const book = (limit = 3): TraceBook => {
    let ids = 0;
    return new TraceBook(limit, () => `id${String((ids += 1))}`);
  };

  it('have the trace of their parent', () => {
    const spans = book();
    const root = spans.start('request', 0);
    const child = spans.start('query', 5, { parentId: root.spanId });
    expect(child).toMatchObject({ traceId: root.traceId, parentId: root.spanId });
    spans.log(child.spanId, 6, 'asked');
    expect(spans.finish(child.spanId, 9, 'error')).toMatchObject({
      durationMs: 4,
      status: 'error',
      logs: [{ message: 'asked' }],
    });
    expect(spans.start('late', 10, { parentId: child.spanId }).traceId).toBe(root.traceId);
    expect(refusal(() => spans.finish(child.spanId, 9))).toMatch(/no open span/);
    expect(refusal(() => spans.start('x', 0, { parentId: 'nobody' }))).toMatch(/no open span "nobody"/);
    expect(spans.summary()).toMatchObject({
      ended: 1,
      open: 2,
      errors: 1,
      errorRatio: 1,
      byOperation: { query: { count: 1, errors: 1, avgMs: 4 } },
    });
  });

  it('are bounded, open or ended', () => {
    const spans = book(2);
    for (let i = 0; i < 5; i += 1) spans.finish(spans.start(`op${String(i)}`, i).spanId, i + 1);
    expect(spans.ended.map(({ operation }) => operation)).toEqual(['op3', 'op4']);
    for (let i = 0; i < 3; i += 1) spans.start('open', i);
    expect([spans.open, spans.forgotten]).toEqual([2, 1]);
  });
});
