import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { OrchestrationFacade } from '@kapelle/core';

import {
  createMetrics,
  createWinstonLogger,
  CusumDetector,
  EventLoopSampler,
  healthHandler,
  HealthMonitor,
  openTelemetryTracing,
  PerformanceAnalytics,
  QuantileSketch,
  reportToHtml,
  shedWhenLate,
} from './index.js';

type Values = readonly unknown[];

const NO_NUMBER: Values = [NaN, null, '5', {}, [], true, Symbol('5'), 5n];
const number = (low: number, high: number): Values => [
  ...NO_NUMBER,
  Infinity,
  -Infinity,
  low - 0.01,
  ...(high < 1e15 ? [high + 0.01] : []),
];
const whole = (low: number): Values => [...number(low, 1e300), low + 0.5, low - 1, 2 ** 53];
const ms = (low: number): Values => number(low, 2_147_483_647);
const NO_FUNCTION: Values = [null, 5, 'fn', {}, true];
const NO_FLAG: Values = [null, 0, 1, 'true', {}];
const NO_TEXT: Values = [null, 5, {}, true];
const NO_OBJECT: Values = [null, 5, 'options', true, []];
const NO_LIST: Values = [null, 5, 'list', {}, true];
const NO_CLOCK: Values = [null, 5, 'clock', {}, { now: () => 0 }];

const host = { facade: new OrchestrationFacade(), health: () => ({}) } as never;
const metric = { name: 'latency', direction: 'lower-is-better' };
const analytics = (rest: object): unknown => new PerformanceAnalytics(rest);
const withMetric = (rest: object): unknown => analytics({ metrics: [{ ...metric, ...rest }] });
const withRule = (rest: object): unknown =>
  analytics({ metrics: [metric], alertRules: [{ metric: 'latency', threshold: 5, ...rest }] });
const weights = { trend: 1, anomaly: 1, performance: 1, stability: 1 };

interface Subject {
  readonly code: string;
  readonly make: (options: never) => unknown;
  readonly base?: object;
  readonly options: Readonly<Record<string, Values>>;
}

/** Every option of everything that takes options, with what it must refuse; `base` is what it needs besides. */
const TABLE: Readonly<Record<string, Subject>> = {
  createWinstonLogger: {
    code: 'OBSERVABILITY_LOGGER_OPTION',
    make: createWinstonLogger,
    base: { stream: new PassThrough().setMaxListeners(0) },
    options: {
      level: [null, 5, '', 'verbose', 'constructor', {}],
      levels: [
        ...NO_LIST,
        [null],
        [5],
        [{}],
        [{ layer: 'domain' }],
        [{ layer: 5, level: 'info' }],
        [
          { layer: 'domain', level: 'info' },
          { layer: 'domain', level: 'warn' },
        ],
      ],
      sampling: NO_OBJECT,
      'sampling.first': whole(0),
      'sampling.thenEvery': whole(1),
      'sampling.intervalMs': [...whole(1), 2 ** 31],
      'sampling.levels': [...NO_LIST, ['error'], ['verbose'], [5]],
      files: [...NO_LIST, [null], [5], [{}], [{ filename: '' }], [{ filename: 5 }]],
      format: [null, 5, 'xml', {}],
      stream: [null, 5, 'stdout', {}, { write: () => true }],
      transports: [...NO_LIST, [null], [{}], [5]],
      colors: NO_FLAG,
      clock: NO_FUNCTION,
      service: NO_TEXT,
      redact: [...NO_LIST, [5], [null], [''], [' ']],
      ambient: NO_FUNCTION,
      closeTimeoutMs: ms(1),
    },
  },
  'a log file': {
    code: 'OBSERVABILITY_LOGGER_OPTION',
    make: (options) => createWinstonLogger({ files: [options] }),
    base: { filename: '/tmp/never-written.log' },
    options: {
      level: [null, 5, 'verbose'],
      maxSizeBytes: whole(1).filter((value) => value !== Infinity),
      maxFiles: [...whole(1), 1_001],
    },
  },
  createMetrics: {
    code: 'OBSERVABILITY_METRICS_OPTION',
    make: createMetrics,
    base: { facade: new OrchestrationFacade() },
    options: {
      facade: [null, 5, {}, undefined],
      host: [null, 5, {}, []],
      prefix: [...NO_TEXT, '1a', 'a-b', 'a b'],
      tenantLabel: [null, 5, 'yes', []],
      'tenantLabel.max': [...whole(1), 10_001, undefined],
      buckets: [null, 5, '1', {}, [], [0], [-1], [1, 1], [2, 1], [NaN], [Infinity], ['1'], Array(65).fill(1)],
      maxSeries: [...whole(1), 1_000_001],
      breakers: NO_FUNCTION,
      processMetrics: NO_FLAG,
      clock: NO_CLOCK,
    },
  },
  openTelemetryTracing: {
    code: 'OBSERVABILITY_TRACING_OPTION',
    make: openTelemetryTracing,
    options: {
      tracer: [null, 5, {}, 'tracer'],
      steps: NO_FLAG,
      queues: NO_FLAG,
      tasks: NO_FLAG,
      tenant: NO_FLAG,
      attributes: NO_FUNCTION,
      order: number(-1e9, 1e9),
    },
  },
  HealthMonitor: {
    code: 'OBSERVABILITY_HEALTH_OPTION',
    make: (options) => new HealthMonitor(host, options),
    options: {
      clock: NO_CLOCK,
      sampleEveryMs: ms(1),
      windowMs: ms(1),
      latencyTargetMs: NO_FUNCTION,
      breakerState: NO_FUNCTION,
      restartLimit: whole(1),
      optional: [...NO_LIST, [5], [null]],
      degradedBelow: number(0, 100),
      unhealthyBelow: number(0, 100),
      badSamples: whole(1),
      goodSamples: whole(1),
      eventLoop: [null, 5, {}, 'loop'],
    },
  },
  EventLoopSampler: {
    code: 'OBSERVABILITY_HEALTH_OPTION',
    make: (options) => new EventLoopSampler(options),
    options: {
      clock: NO_CLOCK,
      everyMs: ms(1),
      resolutionMs: whole(1),
      shedAboveMs: ms(1),
      unreadyAboveMs: ms(1),
      deadAboveMs: ms(1),
      histogram: NO_FUNCTION,
    },
  },
  healthHandler: {
    code: 'OBSERVABILITY_HEALTH_OPTION',
    make: (options) => healthHandler({ report: () => ({}) as never }, options),
    options: { basePath: [...NO_TEXT, 'internal', '/internal/', '/'], details: NO_FLAG },
  },
  PerformanceAnalytics: {
    code: 'OBSERVABILITY_ANALYTICS_OPTION',
    make: analytics,
    options: {
      metrics: [...NO_LIST, [null], [5], [{}]],
      alertRules: [...NO_LIST, [null], [5], [{}]],
      defaultAlertRules: NO_FLAG,
      clock: NO_CLOCK,
      windowPoints: [...whole(20), 1e8],
      maxSeries: [...whole(1), 1e8],
      quantilePeriodMs: number(1, 1e300),
      relativeError: number(0.0001, 0.99),
      maxAlertHistory: [...whole(1), 1e8],
      onAlert: NO_FUNCTION,
      analysis: NO_OBJECT,
      'analysis.trend': NO_OBJECT,
      'analysis.trend.method': [null, 'guess'],
      'analysis.trend.minPoints': whole(4),
      'analysis.trend.confidence': number(0.5, 0.9999),
      'analysis.trend.minChangeRatio': number(0, 1e300),
      'analysis.anomalies': NO_OBJECT,
      'analysis.anomalies.sensitivity': [...number(0.1, 1e300), 0],
      'analysis.anomalies.minBaseline': whole(5),
      'analysis.anomalies.baselinePoints': whole(5),
      'analysis.anomalies.bands': [...NO_OBJECT, {}, { medium: 1 }],
      'analysis.anomalies.seasonSlots': whole(2),
      'analysis.forecast.method': [null, 'guess'],
      'analysis.forecast.horizon': [...whole(1), 10_001],
      'analysis.forecast.minPoints': whole(10),
      'analysis.forecast.lastPoints': whole(10),
      'analysis.forecast.confidence': number(0.5, 0.9999),
      'analysis.changes.threshold': number(1, 1e300),
      'analysis.changes.shift': [...number(0.1, 1e300), 0],
      'analysis.changes.warmUp': whole(5),
      'analysis.drift.minPoints': whole(20),
      'analysis.drift.minDistance': number(0, 1),
      'analysis.drift.significance': number(0, 1),
      'analysis.capacity.minPoints': whole(5),
      'analysis.capacity.confidence': number(0.5, 0.9999),
      'analysis.capacity.maxWindowsAhead': number(0.1, 1e300),
      'analysis.warnings.load': number(0, 1),
      'analysis.warnings.fall': [...NO_OBJECT, {}],
      'analysis.warnings.rise': [...NO_OBJECT, {}],
      'analysis.healthWeights': [...NO_OBJECT, {}],
    },
  },
  'a metric': {
    code: 'OBSERVABILITY_ANALYTICS_OPTION',
    make: withMetric,
    options: {
      name: [...NO_TEXT, '', 'x'.repeat(201)],
      direction: [null, 'up', 5, undefined],
      unit: NO_TEXT,
      target: [...NO_NUMBER, Infinity, -Infinity],
      limit: [...NO_NUMBER, Infinity, -Infinity],
      bucketMs: number(0, 1e300),
      aggregate: [null, 'median', 5],
      seasonMs: number(1, 1e300),
    },
  },
  'an alert rule': {
    code: 'OBSERVABILITY_ANALYTICS_OPTION',
    make: withRule,
    options: {
      id: [null, 5, ''],
      metric: [null, 5, 'unknown', undefined],
      threshold: [...NO_NUMBER, Infinity, undefined],
      clearAt: [...NO_NUMBER, Infinity],
      statistic: [null, 'p50'],
      windowMs: number(1, 1e300),
      severity: [null, 'fatal'],
      badValues: whole(1),
      goodValues: whole(1),
      cooldownMs: number(0, 1e300),
      staleAfterMs: number(1, 1e300),
    },
  },
  'feed of calls': {
    code: 'OBSERVABILITY_ANALYTICS_OPTION',
    make: (options) => new PerformanceAnalytics().feed(new OrchestrationFacade(), options),
    options: { bucketMs: ms(0), byOperation: NO_FLAG },
  },
  CusumDetector: {
    code: 'OBSERVABILITY_ANALYTICS_OPTION',
    make: (options) => new CusumDetector(options),
    options: { threshold: number(1, 1e300), shift: [...number(0.1, 1e300), 0], warmUp: whole(5) },
  },
};

/** `base` with one option, perhaps a nested one, set to a value. */
function withOption(base: object, path: string, value: unknown): object {
  const [head, ...rest] = path.split('.') as [string, ...string[]];
  const inner = (base as Readonly<Record<string, object | undefined>>)[head] ?? {};
  return { ...base, [head]: rest.length === 0 ? value : withOption(inner, rest.join('.'), value) };
}

const shown = (value: unknown): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);

function refusalOf(
  make: Subject['make'],
  options: unknown,
): { code?: unknown; message?: unknown } | undefined {
  try {
    make(options as never);
    return undefined;
  } catch (error) {
    return error as { code?: unknown; message?: unknown };
  }
}

const ROWS = Object.entries(TABLE).flatMap(([name, subject]) =>
  Object.entries(subject.options).map(([option, values]) => [name, option, values, subject] as const),
);

describe('bad options', () => {
  it.each(ROWS)('%s refuses every bad %s when it is made, by its name', (_name, option, values, subject) => {
    const { make, base = {}, code } = subject;
    expect(refusalOf(make, base)).toBeUndefined();
    for (const value of values) {
      const refusal = refusalOf(make, withOption(base, option, value));
      const got = `${option} = ${shown(value)}: ${String(refusal?.message)}`;
      expect([got, refusal?.code]).toEqual([got, code]);
      expect(got.slice(option.length)).toMatch(
        new RegExp(option.split('.').at(-1)?.replace(/s$/, '') ?? '', 'i'),
      );
    }
  });

  it.each(Object.entries(TABLE))('%s refuses options that are no object', (_name, { make, code }) => {
    for (const options of [null, 5, 'options', []]) {
      // A rule and a metric are made of what they are given besides; theirs are in the tables.
      if (make === withMetric || make === withRule) continue;
      expect(refusalOf(make, options)?.code).toBe(code);
    }
  });

  it.each<[string, () => unknown, readonly [string, string]]>([
    [
      'HealthMonitor',
      () => new HealthMonitor(host, { degradedBelow: 20, unhealthyBelow: 30 }),
      ['unhealthyBelow is 30', 'degradedBelow is 20'],
    ],
    [
      'EventLoopSampler',
      () => new EventLoopSampler({ shedAboveMs: 600 }),
      ['shedAboveMs is 600', 'unreadyAboveMs is 500'],
    ],
    [
      'EventLoopSampler',
      () => new EventLoopSampler({ unreadyAboveMs: 900, deadAboveMs: 800 }),
      ['unreadyAboveMs is 900', 'deadAboveMs is 800'],
    ],
    [
      'anomalies',
      () => analytics({ analysis: { anomalies: { minBaseline: 70 } } }),
      ['minBaseline is 70', 'baselinePoints is 60'],
    ],
    [
      'anomalies',
      () => analytics({ analysis: { anomalies: { bands: { medium: 5, high: 4, critical: 8 } } } }),
      ['bands.medium is 5', 'bands.high is 4'],
    ],
    [
      'forecast',
      () => analytics({ analysis: { forecast: { minPoints: 400 } } }),
      ['minPoints is 400', 'lastPoints is 300'],
    ],
    [
      'warnings',
      () => analytics({ analysis: { warnings: { rise: { warning: 0.5, critical: 0.3 } } } }),
      ['rise.warning is 0.5', 'rise.critical is 0.3'],
    ],
    [
      'health weights',
      () => analytics({ analysis: { healthWeights: { ...weights, trend: NaN } } }),
      ['healthWeights.trend', 'NaN'],
    ],
    [
      'health weights',
      () =>
        analytics({ analysis: { healthWeights: { trend: 0, anomaly: 0, performance: 0, stability: 0 } } }),
      ['healthWeights', '0'],
    ],
    ['a metric', () => withMetric({ target: 10, limit: 5 }), ['limit of metric', 'target of 10']],
    [
      'a metric',
      () => withMetric({ bucketMs: 100, seasonMs: 50 }),
      ['bucketMs of metric', 'seasonMs of metric'],
    ],
    ['an alert rule', () => withRule({ clearAt: 6 }), ['threshold of 5', 'clearAt of 6']],
    [
      'HealthMonitor',
      () => new HealthMonitor(host, { sampleEveryMs: 5_000, windowMs: 1_000 }),
      ['sampleEveryMs is 5000', 'windowMs is 1000'],
    ],
    [
      'EventLoopSampler',
      () => new EventLoopSampler({ everyMs: 10, resolutionMs: 20 }),
      ['resolutionMs is 20', 'everyMs is 10'],
    ],
    [
      'analytics',
      () => analytics({ windowPoints: 30, analysis: { drift: { minPoints: 50 } } }),
      ['drift.minPoints is 50', 'windowPoints is 30'],
    ],
    [
      'analytics',
      () => analytics({ windowPoints: 20, analysis: { anomalies: { minBaseline: 21 } } }),
      ['anomalies.minBaseline is 21', 'windowPoints is 20'],
    ],
    ['createMetrics', () => createMetrics({ host, facade: new OrchestrationFacade() }), ['host', 'facade']],
    [
      'createWinstonLogger',
      () => createWinstonLogger({ files: [{ filename: 'a.log' }, { filename: 'a.log', level: 'warn' }] }),
      ['filename', '"a.log"'],
    ],
    [
      'createWinstonLogger',
      () => createWinstonLogger({ files: [{ filename: 'a.log', maxFiles: 5 }] }),
      ['maxFiles', 'maxSizeBytes'],
    ],
    [
      'createWinstonLogger',
      () =>
        createWinstonLogger({
          levels: [
            { orchestrator: 'mission', level: 'info' },
            { orchestrator: 'mission', level: 'debug' },
          ],
        }),
      ['"mission"', 'the level info and the level debug'],
    ],
  ])('%s refuses two options that contradict each other, with both names', (_name, make, names) => {
    const refusal = refusalOf(make, undefined);
    expect(refusal?.code).toMatch(/^OBSERVABILITY_/);
    for (const name of names) expect(refusal?.message).toContain(name);
  });

  it('refuses a bad argument that is no option', () => {
    for (const value of [NaN, '0.5', null, 0, 1, Infinity]) {
      expect(() => new QuantileSketch(value as number)).toThrow('relativeError');
    }
    for (const value of [NaN, '5', null, -1, Infinity]) {
      expect(() => shedWhenLate({ isShedding: false }, value as number)).toThrow('retryAfterMs');
      expect(() => new PerformanceAnalytics().watch(value as number)).toThrow('everyMs');
    }
    expect(() => shedWhenLate({} as never)).toThrow('Give an EventLoopSampler.');
    for (const none of [null, undefined, {}, 5, { health: () => ({}) }]) {
      expect(() => new HealthMonitor(none as never)).toThrow(/host/);
    }
    expect(() => healthHandler({} as never)).toThrow('monitor');
    expect(() => reportToHtml(new PerformanceAnalytics().report(), { title: 5 as never })).toThrow(
      'title is 5.',
    );
    expect(() => new PerformanceAnalytics().analyse('latency', {}, { trend: { minPoints: NaN } })).toThrow(
      'trend.minPoints is NaN.',
    );
  });
});
