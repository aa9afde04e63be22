import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { BaseOrchestrator, operation, type OperationContext, orchestrator, StepResult } from '@kapelle/core';
import { aContext, FakeClock, TestHost } from '@kapelle/core/testing';
import {
  NodeSystemReader,
  type SystemReading,
  TelemetryError,
  type TelemetryAlert,
  type TelemetrySpan,
} from '@kapelle/observability';
import { ContainerModule } from 'inversify';
import { TELEMETRY_OPTIONS, type TelemetryOptions } from './telemetry-options.js';
import { type TelemetryCycle, TelemetryOrchestrator } from './telemetry-orchestrator.js';
import type { AlertSummary, TelemetryDashboard } from './telemetry-report.js';

let test: TestHost | undefined;
afterEach(async () => {
  await test?.[Symbol.asyncDispose]();
  test = undefined;
});

let works = true;

@orchestrator('domain', 'business_logic', { name: 'shop' })
class Shop extends BaseOrchestrator {
  @operation({ default: true })
  async sell(context: OperationContext): Promise<StepResult> {
    await context.sleep(works ? 50 : 2_000);
    return works
      ? context.call('stock')
      : StepResult.fail('sold out', { errorCategory: 'dependency_failure' });
  }

  @operation()
  refuse(): StepResult {
    return StepResult.fail('not like this', { errorCategory: 'validation' });
  }
}

@orchestrator('domain', 'business_logic', { name: 'stock' })
class Stock extends BaseOrchestrator {
  @operation({ default: true })
  take(): string {
    return 'taken';
  }
}

const reading: SystemReading = { cpu: 0.2, memory: 0.85, disk: 0.4, heapUsed: 1_000, rss: 2_000 };

async function start(options: TelemetryOptions = {}) {
  works = true;
  const clock = new FakeClock();
  const told: TelemetryAlert[] = [];
  test = await TestHost.start({
    orchestrators: [TelemetryOrchestrator, Shop, Stock],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(TELEMETRY_OPTIONS).toConstantValue({
          system: { read: () => Promise.resolve(reading) },
          onAlert: (alert: TelemetryAlert) => told.push(alert),
          ...options,
        });
      }),
    ],
    clock,
  });
  const { facade } = test.host;
  const ask = <T = Record<string, unknown>>(name: string, params = {}): Promise<StepResult<T>> =>
    facade.orchestrate<T>('telemetry', aContext(), { operation: name, ...params });
  const sell = async (times: number): Promise<void> => {
    const all = Array.from({ length: times }, () => facade.orchestrate('shop', aContext()));
    await clock.advance(2_100);
    await Promise.all(all);
  };
  return { clock, ask, sell, told, facade };
}

describe('telemetry', () => {
  it('knows the calls of its host: how many, how long, and which made which', async () => {
    const { ask, sell, facade } = await start();
    await sell(3);
    await facade.orchestrate('shop', aContext(), { operation: 'refuse' });
    const cycle = StepResult.unwrap(await ask<TelemetryCycle>('run_telemetry_cycle'));
    expect(cycle.trace_summary).toMatchObject({
      ended: 7,
      open: 0,
      errors: 1,
      byOperation: { 'shop.sell': { count: 3, errors: 0, avgMs: 50 }, 'stock.take': { count: 3, avgMs: 0 } },
    });
    // What the caller did wrong is no call of the shop's health.
    expect(cycle.metrics_summary.byKind).toMatchObject({ counter: 12, timer: 6 });
    expect(cycle.dashboard_data.panels.performance_trends).toEqual([
      { orchestrator: 'stock', now: { calls: 3, meanMs: 0 } },
      { orchestrator: 'shop', now: { calls: 3, meanMs: 50 } },
    ]);
    expect(cycle.system_telemetry).toEqual(reading);
    expect(cycle.telemetry_health).toMatchObject({ activeSpans: 0, completedSpans: 7, activeAlerts: 0 });
  });

  it('tells tenants apart where it is asked to, as many as it is told, the rest together', async () => {
    const { facade, ask, clock } = await start({
      tenantLabel: { max: 2 },
      rules: [
        {
          id: 'busy_tenant',
          when: 'increase(calls{orchestrator="stock"}[5m]) by (tenant) >= 3',
          title: 'A tenant is busy',
        },
      ],
    });
    for (const [tenantId, times] of [
      ['acme', 3],
      ['globex', 1],
      ['initech', 2],
      ['umbrella', 2],
    ] as const) {
      for (let i = 0; i < times; i += 1) await facade.orchestrate('stock', aContext({ tenantId }));
    }
    await clock.advance(100);
    await ask('evaluate_alerts');
    const { active } = StepResult.unwrap(await ask<AlertSummary>('get_alert_summary'));
    const busy = active.filter(({ rule }) => rule === 'busy_tenant').map(({ labels }) => labels['tenant']);
    expect(busy.sort()).toEqual(['acme', 'other']);
  });

  it('gives a span the trace of the call that made it', async () => {
    const { ask } = await start();
    const root = StepResult.unwrap(await ask<TelemetrySpan>('start_span', { operationName: 'import' }));
    const child = StepResult.unwrap(
      await ask<TelemetrySpan>('start_span', {
        operationName: 'row',
        parentId: root.spanId,
        tags: { n: '1' },
      }),
    );
    expect(child.traceId).toBe(root.traceId);
    await ask('add_span_log', { spanId: child.spanId, message: 'half way' });
    expect(await ask('finish_span', { spanId: child.spanId, status: 'error' })).toMatchObject({
      data: { status: 'error', logs: [{ message: 'half way' }] },
    });
    expect(await ask('finish_span', { spanId: child.spanId })).toMatchObject({
      errorCategory: 'validation',
      details: { code: 'TELEMETRY_INPUT_INVALID' },
    });
    expect(await ask('get_trace_summary')).toMatchObject({ data: { open: 1, ended: 1, errorRatio: 1 } });
  });

  it('fires the default rules where calls fail or are slow, and resolves them by itself', async () => {
    const { clock, ask, sell, told } = await start();
    await sell(20);
    await clock.advance(30_000);
    expect(told).toEqual([]);
    works = false;
    await sell(12);
    await clock.advance(20_000);
    expect(told.map(({ rule, state, labels }) => [rule, state, labels['orchestrator']])).toEqual([
      ['high_error_rate', 'firing', 'shop'],
      ['slow_response', 'firing', 'shop'],
    ]);
    expect(told[0]?.value).toBeCloseTo(12 / 32);
    expect(told[1]?.value).toBeCloseTo(2);
    expect(await ask('get_health')).toMatchObject({ data: { system: { firing: 2 } } });
    works = true;
    await clock.advance(5 * 60_000);
    expect(told.slice(2).map(({ rule, resolution }) => [rule, resolution])).toEqual([
      ['high_error_rate', 'recovered'],
      ['slow_response', 'recovered'],
    ]);
    expect(await ask('get_alert_summary')).toMatchObject({ data: { active: [], rules: 3, bySeverity: {} } });
  });

  it('does not call 85 % of memory too much, and 95 % it does', async () => {
    let memory = 0.85;
    const { clock, told } = await start({
      system: { read: () => Promise.resolve({ ...reading, memory }) },
    });
    await clock.advance(60_000);
    expect(told).toEqual([]);
    memory = 0.95;
    await clock.advance(20_000);
    expect(told).toMatchObject([{ rule: 'high_memory', severity: 'critical', value: 0.95 }]);
  });

  it('takes metrics and rules of others, and says what is wrong with them', async () => {
    const { ask, told } = await start();
    expect(await ask('define_metric', { name: 'queue_age', kind: 'gauge', unit: 's' })).toMatchObject({
      data: { unit: 's' },
    });
    await ask('add_alert_rule', { id: 'old', when: 'max(queue_age) > 2m', severity: 'error', title: 'Old' });
    await ask('record_metric', { name: 'queue_age', value: 121, labels: { queue: 'a' } });
    await ask('record_metric', { name: 'queue_age', value: 119, labels: { queue: 'b' } });
    expect(await ask('evaluate_alerts')).toMatchObject({
      data: { fired: [{ rule: 'old', labels: { queue: 'a' }, value: 121 }], resolved: [] },
    });
    const id = told[0]?.id;
    expect(await ask('resolve_alert', { id })).toMatchObject({ data: { resolution: 'by-hand' } });
    expect(await ask('resolve_alert', { id })).toMatchObject({
      errorCategory: 'not_found',
      details: { code: 'TELEMETRY_ALERT_UNKNOWN' },
    });
    expect(await ask('remove_alert_rule', { id: 'old' })).toMatchObject({ data: { id: 'old' } });
    expect(await ask('remove_alert_rule', { id: 'old' })).toMatchObject({ errorCategory: 'not_found' });

    for (const [operationName, params, code] of [
      ['add_alert_rule', { id: 'x', when: 'last(queue_age) > 5%' }, 'TELEMETRY_RULE_INVALID'],
      ['add_alert_rule', { id: 'x', when: 'last(nothing) > 5' }, 'TELEMETRY_RULE_INVALID'],
      ['define_metric', { name: 'queue_age', kind: 'counter' }, 'TELEMETRY_INPUT_INVALID'],
      ['define_metric', { name: 'y', kind: 'gauge', unit: 'fathom' }, 'TELEMETRY_INPUT_INVALID'],
      ['record_metric', { name: 'nothing', value: 1 }, 'TELEMETRY_INPUT_INVALID'],
      ['record_metric', { name: 'queue_age', value: 1, labels: { n: 7 } }, 'TELEMETRY_INPUT_INVALID'],
    ] as const) {
      expect(await ask(operationName, params)).toMatchObject({
        errorCategory: 'validation',
        details: { code },
      });
    }
    expect((await ask('record_metric', { name: 'queue_age', value: Number.NaN })).status).toBe('failed');
  });

  it('shows trends from what it measured: none where there is nothing before', async () => {
    const { clock, ask, sell } = await start({ defaultRules: false });
    await sell(4);
    await clock.advance(31 * 60_000);
    works = false;
    await sell(2);
    const { panels } = StepResult.unwrap(await ask<TelemetryDashboard>('get_dashboard'));
    const shop = panels.performance_trends.find(({ orchestrator: name }) => name === 'shop');
    expect(shop).toMatchObject({ now: { calls: 2, meanMs: 2_000 }, before: { calls: 4, meanMs: 50 } });
    expect(shop?.change).toBeCloseTo(39);
    expect(panels.system_health.score).toBeLessThan(100);
    expect(panels.alerts_summary).toMatchObject({ active: [], rules: 0 });
  });

  it('stops with its host, and starts anew with nothing', async () => {
    const { clock, ask, sell } = await start();
    await sell(1);
    const { host } = test as TestHost;
    expect((await host.stop()).clean).toBe(true);
    expect(clock.pending).toBe(0);
    await host.start();
    expect(await ask('get_trace_summary')).toMatchObject({ data: { ended: 0 } });
    await sell(1);
    expect(await ask('get_trace_summary')).toMatchObject({ data: { ended: 2 } });
  });

  it('says that series were left out, and goes on where a listener throws', async () => {
    const { ask, sell } = await start({
      maxSeries: 6,
      rules: [{ id: 'always', when: '1 > 0' }],
      onAlert: () => {
        throw new Error('deaf');
      },
    });
    await sell(1);
    const health = StepResult.unwrap(
      await ask<{ telemetry: { activeAlerts: number; beyondMaxSeries: number } }>('get_health'),
    );
    expect(health.telemetry.activeAlerts).toBe(1);
    expect(health.telemetry.beyondMaxSeries).toBeGreaterThan(0);
    const own = test?.host.facade.get('telemetry') as TelemetryOrchestrator;
    expect(own.health()).toMatchObject({
      status: 'degraded',
      message: expect.stringContaining('observations were left out') as unknown,
    });
  });

  it('refuses options that cannot work', () => {
    for (const options of [
      { maxSpans: 0 },
      { maxSeries: -1 },
      { pointsPerSeries: Number.NaN },
      { rules: [{ id: 'x', when: 'nonsense' }] },
      { metrics: [{ name: 'x', kind: 'gauge', unit: 'furlong' }] },
      { metrics: [{ name: 'cpu_usage', kind: 'counter' }] },
      { tenantLabel: { max: 0 } },
      { tenantLabel: null },
    ] as readonly TelemetryOptions[]) {
      expect(() => new TelemetryOrchestrator(options)).toThrow(TelemetryError);
    }
  });

  it('reads the real machine', async () => {
    const reader = new NodeSystemReader();
    const first = await reader.read();
    expect(first.cpu).toBeUndefined();
    expect(first.memory).toBeGreaterThan(0);
    expect(first.memory).toBeLessThan(1);
    expect(first.rss).toBeGreaterThan(1_000_000);
    const { disk = 0.5 } = first;
    expect(disk).toBeGreaterThanOrEqual(0);
    expect(disk).toBeLessThanOrEqual(1);
    expect((await new NodeSystemReader('/nowhere/at/all').read()).disk).toBeUndefined();
  });
});
