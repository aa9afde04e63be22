import { describe, expect, it } from '@jest/globals';
import {
  BaseOrchestrator,
  createOrchestrationHost,
  defineOrchestrator,
  type OperationContext,
  StepResult,
} from '@kapelle/core';
import { aContext, FakeClock } from '@kapelle/core/testing';
import {
  type Alert,
  AnalyticsOptionError,
  type MetricDefinition,
  PerformanceAnalytics,
  reportToHtml,
  reportToJson,
  reportToMarkdown,
} from '../index.js';
import { SeededNoise } from './fixtures/seeded-noise.js';

const MINUTE = 60_000;
const latency = { name: 'latency', direction: 'lower-is-better', unit: 'ms' } as const;

function analyticsOf(options: ConstructorParameters<typeof PerformanceAnalytics>[0] = {}) {
  const clock = new FakeClock();
  const analytics = new PerformanceAnalytics({ clock, metrics: [latency], ...options });
  /** One observation a minute, the last of them now. */
  const minutely = async (
    name: string,
    values: readonly number[],
    tags?: Record<string, string>,
  ): Promise<void> => {
    for (const value of values) {
      await clock.advance(MINUTE);
      analytics.observe({ name, value, ...(tags === undefined ? {} : { tags }) });
    }
  };
  /** The same at once, without the clock. */
  const past = (name: string, values: readonly number[], tags?: Record<string, string>): void =>
    values.forEach((value, index) =>
      analytics.observe({
        name,
        value,
        at: clock.now() - (values.length - 1 - index) * MINUTE,
        ...(tags === undefined ? {} : { tags }),
      }),
    );
  return { clock, analytics, minutely, past };
}

describe('PerformanceAnalytics', () => {
  it('throws for no observation, whatever it is, and counts those it could not use', () => {
    const { analytics } = analyticsOf();
    const trapped = new Proxy({}, { get: () => { throw new Error('no'); } }); // prettier-ignore
    const none = [
      null, undefined, 5, 'x', trapped, { name: 'latency', value: 1, tags: null }, { name: 'latency', value: 1, tags: 5 },
      { name: 'latency', value: '5' }, { name: 'latency', value: NaN }, { name: 'latency', value: 1e101 },
      { name: 'latency', value: 1, at: -1 }, { name: 'latency', value: 1, at: 'now' },
      { name: 'latency', value: 5n }, { name: 'latency', value: 1, tags: { a: Object.create(null) } },
    ]; // prettier-ignore
    for (const each of none) expect(analytics.observe(each as never)).toBe(false);
    const { observed, unusable, undefinedMetric } = analytics.stats;
    expect([observed, unusable + undefinedMetric]).toEqual([0, none.length]);
    expect(() => analytics.analyse('latency', null as never)).toThrow(AnalyticsOptionError);
    expect(analytics.observe({ name: 'latency', value: 1, tags: { a: Symbol('b') as never } })).toBe(true);
    expect(reportToMarkdown(analytics.report())).toContain('Symbol(b)');
  });

  it('takes no value of a tag for another tag', () => {
    const { analytics } = analyticsOf();
    const apart = [
      { a: 'x', b: 'y' },
      { a: 'x\u0000b\u0001y' },
      { a: 'x\u00001:b1:y' },
      { a: 'x', 'b1:y': '' },
    ];
    for (const tags of apart) analytics.observe({ name: 'latency', value: 1, tags });
    expect(analytics.stats.series).toBe(apart.length);
  });

  it('keeps the times of observations, the last thousand points, and series by their tags in any order', () => {
    const { analytics, clock } = analyticsOf();
    for (let index = 0; index < 2_500; index += 1)
      analytics.observe({ name: 'latency', value: index, at: 1_000 + index });
    const all = analytics.analyse('latency');
    expect(all?.points.at).toHaveLength(1_000);
    expect([all?.points.at[0], all?.points.at[999], all?.points.value[999]]).toEqual([2_500, 3_499, 2_499]);
    expect(all?.quantiles).toMatchObject({ count: 2_500, min: 0, max: 2_499 });
    analytics.observe({ name: 'latency', value: 1, tags: { a: 'x', b: 'y' } });
    analytics.observe({ name: 'latency', value: 2, tags: { b: 'y', a: 'x' } });
    expect(analytics.analyse('latency', { b: 'y', a: 'x' })).toMatchObject({
      observed: 2,
      label: 'latency{a="x",b="y"}',
    });
    expect(analytics.analyse('latency', { a: 'x' })).toBeUndefined();
    // Late ones are put in their place.
    for (const at of [30, 10, 20]) analytics.observe({ name: 'latency', value: at, at, tags: { late: '1' } });
    expect([...(analytics.analyse('latency', { late: '1' })?.points.value ?? [])]).toEqual([10, 20, 30]);
    expect(clock.now()).toBeGreaterThan(0);
  });

  it('puts the series of a metric beside each other, the best first by its direction, and says where it may be chance', () => {
    const quality = { name: 'quality', direction: 'higher-is-better' } as const;
    const heat = { name: 'heat', direction: 'target', target: 20 } as const;
    const { analytics, past } = analyticsOf({ metrics: [latency, quality, heat] });
    const noise = new SeededNoise(3);
    const around = (level: number, scatter = 1): number[] =>
      Array.from({ length: 40 }, () => level + scatter * noise.normal());
    for (const [model, level] of [
      ['small', 0.7],
      ['large', 0.9],
      ['other', 0.9],
    ] as const) {
      past('quality', around(level, 0.02), { model });
      past('latency', around(level * 100), { model });
    }
    past('quality', [1, 1, 1, 1], { model: 'new' });
    const compared = analytics.compare('quality');
    expect(compared).toMatchObject({ metric: 'quality', tooShort: 1 });
    expect(compared?.ranked.map(({ rank }) => rank)).toEqual([1, 2, 3]);
    const [first, second, third] = compared?.ranked ?? [];
    expect(third?.tags).toEqual({ model: 'small' });
    expect(third?.behind).toBeCloseTo(0.2, 1);
    expect(third?.pValue).toBeLessThan(0.001);
    expect(second?.pValue).toBeGreaterThan(0.05);
    expect([first?.pValue, first?.behind]).toEqual([undefined, 0]);
    expect(analytics.compare('latency')?.ranked[0]?.tags).toEqual({ model: 'small' });
    past('heat', [19, 19, 19, 19, 19], { room: 'a' });
    past('heat', [21, 21, 21, 21, 21], { room: 'b' });
    past('heat', [25, 25, 25, 25, 25], { room: 'c' });
    expect(analytics.compare('heat')?.ranked.map(({ rank, behind }) => [rank, behind])).toEqual([
      [1, 0],
      [1, 0],
      [3, 4],
    ]);
    expect(analytics.compare('nothing')).toBeUndefined();
  });

  it('takes only what it can use, and counts the rest', () => {
    const { analytics } = analyticsOf({ maxSeries: 2 });
    const observe = (name: string, value: unknown, at?: unknown, tags?: Record<string, string>): boolean =>
      analytics.observe({
        name,
        value: value as number,
        at: at as number,
        ...(tags === undefined ? {} : { tags }),
      });
    expect(observe('latency', 1, 5)).toBe(true);
    for (const [value, at] of [[NaN, 5], [Infinity, 5], ['7', 5], [null, 5], [1, NaN], [1, -1], [1, 1e300], [1, '5'], [1, Infinity]]) expect(observe('latency', value, at)).toBe(false); // prettier-ignore
    expect(observe('other', 1, 5)).toBe(false);
    expect(observe('latency', 1, 5, { a: '1' })).toBe(true);
    expect(observe('latency', 1, 5, { a: '2' })).toBe(false);
    expect(analytics.stats).toEqual({
      series: 2,
      observed: 2,
      undefinedMetric: 1,
      unusable: 9,
      beyondMaxSeries: 1,
      listenerFailures: 0,
    });
  });

  it('makes one point of a bucket, at the mean of its times, once it is over', () => {
    const values = [1, 5, 3];
    const made = (aggregate: MetricDefinition['aggregate'], now: number): (number | undefined)[] => {
      const clock = new FakeClock({ now: 0 });
      const metric: MetricDefinition = {
        ...latency,
        bucketMs: 1_000,
        ...(aggregate === undefined ? {} : { aggregate }),
      };
      const analytics = new PerformanceAnalytics({ clock, metrics: [metric] });
      values.forEach((value, index) => analytics.observe({ name: 'latency', value, at: 100 * (index + 1) }));
      clock.setWallTime(now);
      const points = analytics.analyse('latency')?.points;
      // Its bucket is closed now.
      const late = analytics.observe({ name: 'latency', value: 9, at: 999 });
      expect(late).toBe(now < 1_000);
      return [points?.at[0], points?.value[0]];
    };
    expect(made(undefined, 999)).toEqual([undefined, undefined]);
    expect(
      (['mean', 'min', 'max', 'sum', 'count', 'last'] as const).map((aggregate) => made(aggregate, 1_000)),
    ).toEqual([3, 1, 5, 9, 3, 3].map((value) => [200, value]));
  });

  it('forgets the quantiles of old periods', () => {
    const { analytics } = analyticsOf({ quantilePeriodMs: 100 });
    const at = (time: number, value: number): void =>
      void analytics.observe({ name: 'latency', value, at: time });
    at(10, 1_000);
    at(110, 10);
    expect(analytics.analyse('latency')?.quantiles).toMatchObject({ count: 2, max: 1_000 });
    at(210, 20);
    expect(analytics.analyse('latency')?.quantiles).toMatchObject({ count: 2, max: 20 });
    at(510, 30);
    expect(analytics.analyse('latency')?.quantiles).toMatchObject({ count: 1, max: 30 });
  });

  it('refuses metrics, options and rules that contradict themselves', () => {
    const { analytics } = analyticsOf();
    const wrong: readonly (() => void)[] = [
      () => analytics.define({ ...latency, unit: 's' }),
      () => analytics.define({ name: '', direction: 'lower-is-better' }),
      () => analytics.define({ name: 'x', direction: 'up' } as unknown as MetricDefinition),
      () => analytics.define({ name: 'x', direction: 'target' } as unknown as MetricDefinition),
      () => analytics.define({ name: 'x', direction: 'lower-is-better', target: 5, limit: 4 }),
      () => analytics.define({ name: 'x', direction: 'higher-is-better', bucketMs: -1 }),
      () => analytics.addAlertRule({ metric: 'none', threshold: 1 }),
      () => analytics.addAlertRule({ metric: 'latency', threshold: 10, clearAt: 11 }),
      () => analytics.addAlertRule({ metric: 'latency', threshold: NaN }),
      () => new PerformanceAnalytics({ windowPoints: 5 }),
      () => new PerformanceAnalytics({ relativeError: 2 }),
    ];
    for (const act of wrong) expect(act).toThrow(AnalyticsOptionError);
    expect(() => analytics.addAlertRule({ metric: 'latency', threshold: 10, clearAt: 11 })).toThrow(
      'Alert rule "latency:each" has a threshold of 10 and a clearAt of 11, which is worse. Give a clearAt below the threshold: the metric is lower-is-better. [OBSERVABILITY_ANALYTICS_OPTION]',
    );
    analytics.define({ ...latency });
  });

  it('is fed by the calls of a facade: durations and failures, without what the caller did wrong', async () => {
    const clock = new FakeClock();
    class Worker extends BaseOrchestrator {
      async work(context: OperationContext, params: { how: string }) {
        await context.sleep(40);
        if (params.how === 'bad') throw new Error('broken');
        return params.how === 'refused' ? StepResult.fail('no', { errorCategory: 'validation' }) : 1;
      }
    }
    defineOrchestrator(Worker, { layer: 'domain', type: 'business_logic', operations: ['work'] });
    const host = createOrchestrationHost({ orchestrators: [Worker], clock });
    await host.start();
    const analytics = new PerformanceAnalytics({ clock });
    const stop = analytics.feed(host.facade, { bucketMs: 1_000, byOperation: true });
    for (const how of ['good', 'good', 'bad', 'refused', 'good']) {
      const call = host.facade.orchestrate('worker', aContext(), { how });
      await clock.advance(40);
      await call;
    }
    await host.facade.orchestrate('nobody', aContext());
    await clock.advance(1_000);
    const tags = { orchestrator: 'worker', operation: 'work' };
    expect(analytics.analyse('call_failure_ratio', tags)).toMatchObject({ latest: 0.25, observed: 4 });
    expect(analytics.analyse('call_duration_ms', tags)).toMatchObject({ latest: expect.closeTo(40, 5) });
    stop();
    const after = host.facade.orchestrate('worker', aContext(), { how: 'good' });
    await clock.advance(40);
    await after;
    expect(analytics.stats).toMatchObject({ series: 2, observed: 8 });
    await host.stop();
  });
});

describe('alerts', () => {
  const rule = {
    metric: 'latency',
    threshold: 100,
    badValues: 2,
    goodValues: 2,
    cooldownMs: 10 * MINUTE,
  } as const;

  it('fire after enough bad values, hold through the gap, resolve themselves, and open again within the cool-down', async () => {
    const told: string[] = [];
    const { analytics, minutely } = analyticsOf({
      alertRules: [rule],
      onAlert: ({ state, value }: Alert) => void told.push(`${state} ${String(value)}`),
    });
    const step = async (...values: number[]): Promise<number> => {
      for (const value of values) {
        await minutely('latency', [value]);
        analytics.evaluateAlerts();
      }
      return analytics.activeAlerts.length;
    };
    expect(await step(50, 101, 50, 101)).toBe(0);
    expect(await step(120)).toBe(1);
    // Better than the threshold, not as good as a tenth below it.
    expect(await step(95, 95, 95, 140, 89)).toBe(1);
    expect(analytics.activeAlerts[0]).toMatchObject({
      value: 120,
      worst: 140,
      occurrences: 1,
      severity: 'warning',
      label: 'latency',
    });
    expect(await step(90)).toBe(0);
    expect(analytics.alertHistory).toMatchObject([{ state: 'resolved', resolution: 'recovered' }]);
    expect(await step(150, 150)).toBe(1);
    expect(analytics.activeAlerts).toMatchObject([{ occurrences: 2, worst: 150 }]);
    expect(analytics.alertHistory).toEqual([]);
    expect(await step(1, 1)).toBe(0);
    await step(...Array.from({ length: 12 }, () => 1));
    expect(await step(130, 130)).toBe(1);
    expect(analytics.activeAlerts).toMatchObject([{ occurrences: 1, value: 130 }]);
    expect(told).toEqual(['firing 120', 'resolved 120', 'resolved 120', 'firing 130']);
    expect(new Set([...analytics.alertHistory, ...analytics.activeAlerts].map(({ id }) => id)).size).toBe(2);
  });

  it('fire on the bad side of the metric: never while it is healthy', async () => {
    const { analytics, minutely } = analyticsOf({
      metrics: [
        { name: 'performance_score', direction: 'higher-is-better' },
        { name: 'temperature', direction: 'target', target: 20 },
      ],
      alertRules: [{ metric: 'temperature', threshold: 5, badValues: 1 }],
    });
    await minutely('performance_score', [0.9, 0.95, 0.8]);
    await minutely('temperature', [18, 24]);
    expect(analytics.evaluateAlerts()).toEqual({ fired: [], resolved: [] });
    await minutely('performance_score', [0.4, 0.3]);
    await minutely('temperature', [26]);
    expect(analytics.evaluateAlerts().fired).toMatchObject([
      { rule: 'performance_score:each', threshold: 0.5, severity: 'critical' },
      { rule: 'temperature:each', value: 26 },
    ]);
  });

  it('judge each point once, or a statistic of the last minutes', async () => {
    const { analytics, minutely } = analyticsOf({
      alertRules: [
        { metric: 'latency', threshold: 100, statistic: 'p95', badValues: 1, goodValues: 1 },
        { metric: 'latency', threshold: 100, statistic: 'median', badValues: 1 },
        { metric: 'latency', threshold: 100, statistic: 'mean', badValues: 1 },
      ],
    });
    await minutely('latency', [10, 10, 10, 10, 300]);
    expect(analytics.evaluateAlerts().fired.map((alert) => alert.rule)).toEqual(['latency:p95']);
    expect(analytics.evaluateAlerts()).toEqual({ fired: [], resolved: [] });
    await minutely('latency', [10, 10, 10, 10, 10]);
    expect(analytics.evaluateAlerts().resolved.map((alert) => alert.rule)).toEqual(['latency:p95']);
  });

  it('end when nothing is observed any more; the history is bounded; a timer watches', async () => {
    const { analytics, minutely, clock } = analyticsOf({
      alertRules: [{ ...rule, badValues: 1, staleAfterMs: 5 * MINUTE, cooldownMs: 0 }],
      maxAlertHistory: 3,
      onAlert: () => {
        throw new Error('listener');
      },
    });
    const stop = analytics.watch(MINUTE);
    for (let round = 0; round < 5; round += 1) {
      await minutely('latency', [200]);
      await clock.advance(MINUTE);
      expect(analytics.activeAlerts).toHaveLength(1);
      await clock.advance(6 * MINUTE);
      expect(analytics.activeAlerts).toHaveLength(0);
    }
    expect(analytics.alertHistory.map(({ resolution }) => resolution)).toEqual([
      'no-data',
      'no-data',
      'no-data',
    ]);
    expect(analytics.stats.listenerFailures).toBe(10);
    expect(clock.keptAlive).toBe(0);
    stop();
    expect(clock.pending).toBe(0);
  });
});

describe('reports', () => {
  const noise = new SeededNoise(21);
  const values = (count: number, at: (index: number) => number): number[] =>
    Array.from({ length: count }, (_none, index) => at(index));

  it('advise only where the data ask for it, each time with its numbers', () => {
    const quiet = analyticsOf({ metrics: [{ ...latency, target: 50, limit: 200 }] });
    quiet.past(
      'latency',
      values(200, () => 50 + noise.normal()),
    );
    const calm = quiet.analytics.report();
    expect(calm.recommendations).toEqual([]);
    expect(calm.health?.band).toBe('excellent');

    const { analytics, past } = analyticsOf({
      metrics: [
        { ...latency, limit: 100 },
        { name: 'quality', direction: 'higher-is-better' },
      ],
    });
    past(
      'latency',
      values(200, (index) => 20 + 0.3 * index + noise.normal()),
    );
    past(
      'quality',
      values(200, (index) => (index > 100 ? 0.6 : 0.9) + 0.01 * noise.normal()),
    );
    const report = analytics.report();
    expect(report.recommendations.map(({ priority, metric }) => `${priority} ${metric}`).sort()).toEqual([
      'high latency',
      'high quality',
      'medium latency',
    ]);
    for (const { text, evidence, window } of report.recommendations) {
      expect(Object.values(evidence).every(Number.isFinite)).toBe(true);
      expect(window.points).toBeGreaterThan(90);
      expect(text).toMatch(/\d/);
    }
    expect(report.metrics[0]?.health?.score).toBeLessThanOrEqual(report.metrics[1]?.health?.score ?? 0);
  });

  it('say in each format that there is too little, and stay readable', () => {
    const { analytics, past } = analyticsOf();
    for (const text of [reportToMarkdown(analytics.report()), reportToHtml(analytics.report())]) {
      expect(text).toContain('Nothing has been observed.');
      expect(text).toMatch(/not enough data/);
    }
    past('latency', [5]);
    const report = analytics.report();
    expect(report.health).toBeUndefined();
    expect(reportToMarkdown(report)).toContain('Trend: not enough data: 1 points, 10 are needed');
    expect(reportToHtml(report)).toContain('Too few points for a chart.');
    expect(JSON.parse(reportToJson(report, { points: false }))).toMatchObject({
      metrics: [{ label: 'latency', observed: 1 }],
    });
    expect(reportToJson(report)).toContain('"points":[[');
  });

  it('escape whatever a tag or a unit is called', () => {
    const evil = '"><script>alert(1)</script>\n| **x** `y` [z](http://e) &amp; \u202e';
    const { analytics, past } = analyticsOf({
      metrics: [{ name: evil, direction: 'lower-is-better', unit: '<img src=x onerror=1>' }],
      alertRules: [{ metric: evil, threshold: 1, badValues: 1, id: '<b>' }],
    });
    past(
      evil,
      values(60, (index) => 10 + index + noise.normal()),
      { '<i>': '</svg><script>' },
    );
    analytics.evaluateAlerts();
    const report = analytics.report();
    const page = reportToHtml(report, { title: '</title><script>' });
    expect(page).not.toMatch(/<script|<img|<i>|<b>|onerror=1>/);
    expect(page).not.toContain('\u202e');
    expect(page.match(/<svg/g)).toHaveLength(1);
    expect(page.match(/<\/svg>/g)).toHaveLength(1);
    const text = reportToMarkdown(report);
    expect(text).not.toMatch(/<script|<img|[^\\]\[z\]/);
    for (const line of text.split('\n').filter((each) => each.startsWith('|')))
      expect(line.replaceAll('\\|', '').match(/\|/g)).toHaveLength(6);
  });

  it('say nothing that is no number, whatever was observed: huge, tiny, constant, gaps, one time for all', () => {
    const rows: Readonly<Record<string, (index: number) => number>> = {
      huge: () => 1e308,
      'huge, either way': (index) => (index % 2 === 0 ? 1e308 : -1e308),
      'huge once': (index) => (index === 100 ? 1e308 : index),
      'the largest that is taken': (index) => (index % 3 === 0 ? 1e100 : -1e100),
      tiny: () => 5e-324,
      'tiny noise': (index) => 1e-300 * (index % 7),
      constant: () => 7,
      zero: () => -0,
      gaps: (index) => (index % 3 === 0 ? NaN : index),
      doubling: (index) => 2 ** index,
    };
    const noNumbers = (held: unknown): boolean =>
      typeof held === 'number'
        ? !Number.isFinite(held)
        : typeof held === 'object' && held !== null && Object.values(held).some(noNumbers);
    for (const [name, at] of Object.entries(rows)) {
      for (const direction of ['lower-is-better', 'higher-is-better'] as const) {
        for (const more of [{}, { bucketMs: 120_000 }, { seasonMs: 3_600_000 }]) {
          for (const everyMs of [MINUTE, 0]) {
            const { analytics, clock } = analyticsOf({ metrics: [{ name: 'latency', direction, ...more }] });
            for (let index = 0; index < 150; index += 1) {
              const time = clock.now() - (150 - index) * everyMs;
              analytics.observe({ name: 'latency', value: at(index), at: time });
            }
            const where = `${name}, ${direction}, ${JSON.stringify(more)}, ${everyMs} ms`;
            const report = analytics.report();
            expect([where, noNumbers(report)]).toEqual([where, false]);
            for (const text of [reportToHtml(report), reportToMarkdown(report), reportToJson(report)])
              expect([where, /\bNaN\b|Infinity/.exec(text)]).toEqual([where, null]);
          }
        }
      }
    }
  });

  it('give no share of a value that is 0 but for rounding', () => {
    const { analytics, past } = analyticsOf();
    past(
      'latency',
      values(200, (index) => index),
    );
    const trend = analytics.analyse('latency')?.trend;
    expect(trend).toMatchObject({ status: 'worsening', change: expect.closeTo(199) });
    expect(trend).not.toHaveProperty('changeRatio');
  });

  it('make a page that stands alone: no script, nothing loaded, a title and a description for each chart', () => {
    const { analytics, past } = analyticsOf({ metrics: [{ ...latency, target: 40, limit: 400 }] });
    for (const orchestrator of ['mission', 'security'])
      past(
        'latency',
        values(400, (index) => 50 + (index > 300 ? 40 : 0) + 5 * noise.normal()),
        { orchestrator },
      );
    const page = reportToHtml(analytics.report());
    expect(page).not.toMatch(/<script|https?:|url\(|@import|NaN|undefined|Infinity/);
    expect(page).toContain("default-src 'none'");
    expect(page.match(/<svg [^>]*role="img" aria-labelledby="m\d-t m\d-d"/g)).toHaveLength(2);
    expect(page.match(/<desc id/g)).toHaveLength(2);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(page).toContain('class="change"');
  });
});
