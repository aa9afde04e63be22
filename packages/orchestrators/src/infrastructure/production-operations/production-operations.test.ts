import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { aContext, FakeClock, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { MemoryStateStore, STATE_STORE, type StateStore } from '../../state/index.js';
import { ResilienceOrchestrator } from '../resilience/resilience-orchestrator.js';
import { SecurityOrchestrator } from '../security/security-orchestrator.js';
import { TelemetryOrchestrator } from '../telemetry/telemetry-orchestrator.js';
import { TELEMETRY_OPTIONS } from '../telemetry/telemetry-options.js';
import type { ActionRecord } from './book-draft.js';
import { confidenceOf, isUseless, learnt } from './action-learning.js';
import { needsApproval } from './approval.js';
import { KPI_SOURCES, type KpiSource, measureBusiness } from './business-metrics.js';
import type { OperationsCycle } from './operations-cycle.js';
import { OPERATIONS_DRIVERS, type OperationsDriver } from './operations-driver.js';
import { OPERATIONS_OPTIONS, type OperationsOptions } from './operations-options.js';
import type { OperationsRule } from './operations-rule.js';
import {
  type OperationsLearning,
  type OperationsStatus,
  ProductionOperationsOrchestrator,
} from './production-operations-orchestrator.js';

let test: TestHost | undefined;
afterEach(async () => {
  await test?.[Symbol.asyncDispose]();
  test = undefined;
});

interface World {
  readonly options?: OperationsOptions;
  readonly store?: StateStore;
  readonly drivers?: readonly OperationsDriver[];
  readonly kpis?: readonly KpiSource[];
  readonly alone?: boolean;
}

const MACHINE = { read: () => Promise.resolve({ memory: 0.4, heapUsed: 1, rss: 1 }) };

async function start({ options = {}, store, drivers, kpis, alone = false }: World = {}) {
  const clock = new FakeClock();
  test = await TestHost.start({
    orchestrators: alone
      ? [ProductionOperationsOrchestrator]
      : [
          ProductionOperationsOrchestrator,
          TelemetryOrchestrator,
          ResilienceOrchestrator,
          SecurityOrchestrator,
        ],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(OPERATIONS_OPTIONS).toConstantValue({ tenantId: 'acme', ...options });
        bind(TELEMETRY_OPTIONS).toConstantValue({ system: MACHINE });
        if (store !== undefined) bind(STATE_STORE).toConstantValue(store);
        if (drivers !== undefined) bind(OPERATIONS_DRIVERS).toConstantValue(drivers);
        if (kpis !== undefined) bind(KPI_SOURCES).toConstantValue(kpis);
      }),
    ],
    clock,
    random: () => 0.5,
  });
  const { facade } = test.host;
  const context = () => aContext({ tenantId: 'acme', principal: { id: 'ada', scopes: [] } });
  const call = (name: string, params: Record<string, unknown>, id = 'ada') =>
    facade.orchestrate(name, aContext({ tenantId: 'acme', principal: { id, scopes: [] } }), params);
  const ask = async <T>(operation: string, params = {}): Promise<T> =>
    StepResult.unwrap(
      await facade.orchestrate<T>('production_operations', context(), { operation, ...params }),
    );
  const cycle = (): Promise<OperationsCycle> => ask<OperationsCycle>('run_cycle');
  /** Fails a service until its breaker opens. */
  const breakService = async (serviceName: string): Promise<void> => {
    for (let i = 0; i < 6; i += 1) {
      await call('resilience', {
        serviceName,
        strategy: 'circuit_breaker',
        primaryFunc: () => StepResult.fail('down', { errorCategory: 'service_unavailable' }),
      });
    }
  };
  return { clock, ask, call, cycle, breakService };
}

describe('production_operations', () => {
  it('sees nothing to do where all is well, and says what it knows nothing of', async () => {
    const { cycle } = await start();
    const first = await cycle();
    expect(first).toMatchObject({
      autonomous_decisions: [],
      execution_results: [],
      operational_state: 'optimal',
      health_assessment: { parts: { resilience: { score: 100 }, security: { score: 100 } } },
    });
    const alone = await start({ alone: true });
    expect(await alone.cycle()).toMatchObject({
      operational_state: 'unknown',
      health_assessment: { unknown: { resilience: expect.stringContaining('resilience') as unknown } },
    });
  });

  it('resets a breaker of a service by itself, sees that it helped, and learns it', async () => {
    const { clock, ask, cycle, breakService, call } = await start();
    await breakService('payments');
    const seen = await cycle();
    expect(seen.operational_state).not.toBe('optimal');
    expect(seen.autonomous_decisions).toMatchObject([
      {
        signature: 'circuit_breaker_open:payments',
        priority: 'critical',
        evidence: expect.arrayContaining(['The breaker of payments is open.']) as unknown,
      },
    ]);
    expect(seen.execution_results).toMatchObject([
      { state: 'done', confidence: 0.5, action: { name: 'reset_breaker' } },
    ]);
    expect(
      await call('resilience', {
        serviceName: 'payments',
        strategy: 'circuit_breaker',
        primaryFunc: () => 'paid',
      }),
    ).toMatchObject({ status: 'ok' });
    await clock.advance(60_000);
    const [action] = await ask<ActionRecord[]>('list_actions');
    expect(action).toMatchObject({ state: 'verified', signature: 'circuit_breaker_open:payments' });
    expect(await ask<Record<string, OperationsLearning>>('get_learning')).toEqual({
      'circuit_breaker_open/reset_breaker': { tried: 1, helped: 1, confidence: 2 / 3 },
    });
  });

  it('asks before what is risky, and does it once somebody has agreed', async () => {
    const { ask, cycle, call } = await start();
    await call('resilience', { serviceName: 'payments', strategy: 'circuit_breaker', primaryFunc: () => 1 });
    await call('resilience', { operation: 'isolate', serviceName: 'payments' });
    const [waiting] = (await cycle()).execution_results;
    expect(waiting).toMatchObject({ state: 'proposed', action: { risk: 'high' } });
    expect((await cycle()).execution_results).toEqual([]);
    expect(await ask<OperationsStatus>('get_status')).toMatchObject({ waiting: [{ id: waiting?.id }] });
    expect(await ask('approve_action', { id: waiting?.id })).toMatchObject({
      state: 'done',
      decidedBy: 'ada',
    });
    expect((await cycle()).learning_results).toMatchObject([{ state: 'verified' }]);
    await expect(ask('approve_action', { id: waiting?.id })).rejects.toThrow('it is verified');
    await expect(ask('reject_action', { id: 'nobody' })).rejects.toThrow('There is no action "nobody"');
  });

  it('does nothing by itself where it is manual, or in maintenance', async () => {
    const { ask, cycle, breakService } = await start({ options: { automation: 'manual' } });
    await breakService('payments');
    const [waiting] = (await cycle()).execution_results;
    expect(waiting).toMatchObject({ state: 'proposed' });
    expect(await ask('reject_action', { id: waiting?.id })).toMatchObject({
      state: 'rejected',
      decidedBy: 'ada',
    });
    expect(await ask('start_maintenance', { reason: 'moving house' })).toEqual({ state: 'maintenance' });
    expect(await ask('set_automation', { level: 'autonomous' })).toEqual({ automation: 'autonomous' });
    expect(await cycle()).toMatchObject({ operational_state: 'maintenance', execution_results: [] });
    expect(await ask('get_status')).toMatchObject({ maintenance: { by: 'ada', reason: 'moving house' } });
    expect(await ask('end_maintenance')).toEqual({ ended: true });
  });

  it('withdraws what waits where the trouble goes away by itself', async () => {
    const { ask, cycle, call } = await start();
    await call('resilience', { serviceName: 'payments', strategy: 'circuit_breaker', primaryFunc: () => 1 });
    await call('resilience', { operation: 'isolate', serviceName: 'payments' });
    await cycle();
    await call('resilience', { operation: 'reset', serviceName: 'payments' });
    expect((await cycle()).learning_results).toMatchObject([{ state: 'withdrawn' }]);
    expect(await ask('get_learning')).toEqual({});
  });

  it('takes the action that helped, and asks once one has failed too often', async () => {
    let isThere = true;
    let helps = 'scale';
    const ran: string[] = [];
    const driver = (name: string): OperationsDriver => ({
      name,
      run: (params, { idempotencyKey }) => {
        ran.push(`${name} ${String(params['by'])} ${idempotencyKey}`);
        if (helps === name) isThere = false;
        return Promise.resolve({ done: true, message: 'ok' });
      },
    });
    const rule: OperationsRule = {
      name: 'slow',
      decide: () =>
        isThere
          ? [
              {
                signature: 'slow:shop',
                rule: 'slow',
                priority: 'high',
                evidence: ['p95 is 3 s'],
                actions: ['restart', 'scale'].map((name) => ({
                  name,
                  risk: 'low' as const,
                  description: name,
                  driver: { name, params: { by: 1 } },
                })),
              },
            ]
          : [],
    };
    const store = new MemoryStateStore();
    const { clock, ask } = await start({
      store,
      options: { rules: [rule], defaultRules: false },
      drivers: [driver('restart'), driver('scale')],
    });
    await clock.advance(15 * 60_000);
    // The first that is listed did not help; after its time the other one was taken, and did.
    expect(ran).toEqual(['restart 1 action-1', 'scale 1 action-2']);
    expect(await ask('get_learning')).toMatchObject({
      'slow/restart': { tried: 1, helped: 0 },
      'slow/scale': { tried: 1, helped: 1 },
    });
    isThere = true;
    await clock.advance(2 * 60_000);
    expect(ran.at(-1)).toBe('scale 1 action-3');

    // Nothing helps any more: after enough of it nobody tries it again without asking.
    helps = 'nothing';
    isThere = true;
    await clock.advance(3 * 3_600_000);
    const [last] = await ask<ActionRecord[]>('list_actions');
    expect(last).toMatchObject({ state: 'proposed' });
    const learning = await ask<Record<string, OperationsLearning>>('get_learning');
    expect(Object.values(learning).every(({ confidence }) => confidence < 0.5)).toBe(true);
    await test?.[Symbol.asyncDispose]();
    const again = await start({ store, options: { rules: [rule], defaultRules: false } });
    expect(await again.ask('get_learning')).toEqual(learning);
    expect(await again.ask('list_actions')).toHaveLength(
      (last?.id.match(/\d+/) ?? ['0']).map(Number)[0] as number,
    );
  });

  it('notes an action that could not be done, and goes on', async () => {
    const rule = (name: string, decide: OperationsRule['decide']): OperationsRule => ({ name, decide });
    const act = (name: string, action: object) =>
      rule(name, () => [
        {
          signature: name,
          rule: name,
          priority: 'low',
          evidence: [],
          actions: [{ name, risk: 'low', description: name, ...action }],
        },
      ]);
    const { cycle, ask } = await start({
      options: {
        defaultRules: false,
        rules: [
          rule('broken', () => {
            throw new Error('a bug');
          }),
          act('nobody', { driver: { name: 'nobody', params: {} } }),
          act('throws', { driver: { name: 'throws', params: {} } }),
          act('unknown', { call: { orchestrator: 'nowhere', params: {} } }),
          act('empty', {}),
        ],
      },
      drivers: [{ name: 'throws', run: () => Promise.reject(new Error('no permission')) }],
    });
    expect(
      (await cycle()).execution_results.map(({ state, message }) => `${state}: ${message ?? ''}`),
    ).toEqual([
      'failed: There is no driver "nobody". Bind it under OPERATIONS_DRIVERS.',
      'failed: no permission',
      expect.stringContaining('failed: No orchestrator') as unknown,
      'failed: The action names neither an operation nor a driver.',
    ]);
    // Within the cool-down it is not tried again.
    expect((await cycle()).execution_results).toEqual([]);
    expect(await ask('list_actions')).toHaveLength(4);
  });

  it('runs one cycle at a time, and counts one that was cut off by the end of the process as failed', async () => {
    let release: () => void = () => undefined;
    let runs = 0;
    const slow: OperationsDriver = {
      name: 'slow',
      run: () => {
        runs += 1;
        return new Promise((resolve) => {
          release = () => {
            resolve({ done: true, message: 'ok' });
          };
        });
      },
    };
    const rule: OperationsRule = {
      name: 'r',
      decide: () => [
        {
          signature: 's',
          rule: 'r',
          priority: 'low',
          evidence: [],
          actions: [{ name: 'a', risk: 'low', description: 'a', driver: { name: 'slow', params: {} } }],
        },
      ],
    };
    const store = new MemoryStateStore();
    const { cycle, clock } = await start({
      store,
      options: { rules: [rule], defaultRules: false },
      drivers: [slow],
    });
    const both = [cycle(), cycle()];
    await clock.advance(1);
    expect(runs).toBe(1);
    const kept = await store.get({
      tenantId: '_shared',
      collection: 'production_operations.book',
      key: 'book',
    });
    release();
    const [first, second] = await Promise.all(both);
    expect(second).toEqual(first);
    await test?.[Symbol.asyncDispose]();

    const interrupted = new MemoryStateStore();
    await interrupted.put(
      { tenantId: '_shared', collection: 'production_operations.book', key: 'book' },
      kept?.value,
    );
    const again = await start({ store: interrupted, alone: true });
    expect(await again.ask('list_actions')).toMatchObject([
      { state: 'failed', message: 'The process ended while it ran.' },
    ]);
  });

  it('asks before it blocks the source of one threat, and blocks that of five by itself', async () => {
    const { cycle, call, ask } = await start();
    const attack = () => call('resilience', { operation: 'reset', serviceName: "' OR 1=1 --" }, 'eve');
    await call('security', { operation: 'record_auth_failure', source: '10.0.0.9' });
    await attack();
    expect((await cycle()).execution_results).toMatchObject([
      { state: 'proposed', signature: 'security_threat:eve', action: { name: 'block_source', risk: 'high' } },
    ]);
    for (let i = 0; i < 3; i += 1) await attack();
    expect((await cycle()).execution_results).toEqual([]);
    await attack();
    expect((await cycle()).execution_results).toMatchObject([
      { state: 'done', action: { name: 'block_source', risk: 'medium' } },
    ]);
    // Whoever is blocked gets nowhere, and only he.
    const summary = { operation: 'get_health_summary' };
    expect(await call('resilience', summary, 'eve')).toMatchObject({
      details: { code: 'SECURITY_SOURCE_BLOCKED' },
    });
    expect(await call('resilience', summary)).toMatchObject({ status: 'ok' });
    expect((await cycle()).learning_results).toMatchObject([{ state: 'verified' }]);
    expect(await ask('list_actions')).toHaveLength(1);
  });

  it('looks by itself at the threats of every tenant, and shows each its own', async () => {
    let measured = 0;
    const { clock, call, ask } = await start({
      options: { tenantId: '_shared' },
      kpis: [{ name: 'sales', weight: 1, target: 1, measure: () => Promise.resolve((measured += 1)) }],
    });
    const as = (tenantId: string, name: string, params: object, id = 'ada') =>
      test?.host.facade.orchestrate(name, aContext({ tenantId, principal: { id, scopes: [] } }), params);
    for (let i = 0; i < 5; i += 1) {
      await as('globex', 'resilience', { operation: 'reset', serviceName: "' OR 1=1 --" }, 'eve');
    }
    for (let i = 0; i < 70; i += 1) await clock.advance(1_000);
    const list = { operation: 'list_actions' };
    expect(await as('globex', 'production_operations', list)).toMatchObject({
      data: [{ tenantId: 'globex', state: 'done', action: { name: 'block_source' } }],
    });
    expect(await ask('list_actions')).toEqual([]);
    const summary = { operation: 'get_health_summary' };
    expect(await as('globex', 'resilience', summary, 'eve')).toMatchObject({
      details: { code: 'SECURITY_SOURCE_BLOCKED' },
    });
    for (let i = 0; i < 70; i += 1) await clock.advance(1_000);
    expect(await as('globex', 'production_operations', list)).toMatchObject({
      data: [{ state: 'verified' }],
    });
    // The business is the same for all, and is asked about once a minute.
    expect(measured).toBe(2);
    expect(await call('security', { operation: 'get_threatened_tenants' })).toMatchObject({
      errorCategory: 'authorization',
      details: { code: 'SECURITY_SHARED_ONLY' },
    });
  });

  it('refuses options that cannot work, naming both where two contradict', () => {
    for (const [options, message] of [
      [{ automation: 'full' }, 'automation is full'],
      [{ verifyAfterMs: -1 }, 'verifyAfterMs is -1'],
      [{ cooldownMs: Number.NaN }, 'cooldownMs is NaN'],
      [{ cooldownMs: 1_000, verifyAfterMs: 2_000 }, 'cooldownMs is 1000 and verifyAfterMs 2000'],
      [
        { rules: [{ name: 'security_threat', decide: () => [] }] },
        'two rules have the name "security_threat"',
      ],
    ] as const) {
      expect(() => new ProductionOperationsOrchestrator(options as never)).toThrow(message);
    }
  });
});

describe('business metrics', () => {
  const bounds = { clock: new FakeClock(), timeoutMs: 1_000, signal: new AbortController().signal };
  const kpi = (name: string, weight: number, target: number, value: number | undefined): KpiSource => ({
    name,
    weight,
    target,
    measure: () => Promise.resolve(value),
  });

  it('are the weighted mean of what was reached, over those that are known', async () => {
    const metrics = await measureBusiness(
      [
        kpi('reliability', 3, 0.99, 0.99),
        kpi('cost', 1, 0.8, 0.4),
        kpi('unknown', 5, 1, undefined),
        { ...kpi('broken', 5, 1, 1), measure: () => Promise.reject(new Error('no data')) },
      ],
      bounds,
    );
    expect(metrics.composite).toBeCloseTo((3 + 0.5) / 4);
    expect(metrics.kpis.map(({ trend, why }) => [trend, why])).toEqual([
      ['strong_positive', undefined],
      ['neutral', undefined],
      ['unknown', 'It cannot be told.'],
      ['unknown', 'no data'],
    ]);
    expect(await measureBusiness([], bounds)).toEqual({ kpis: [] });
  });
});

describe('approval and learning', () => {
  it('ask for more, the less is automatic', () => {
    const asked = (level: 'manual' | 'assisted' | 'supervised' | 'autonomous') =>
      (['low', 'medium', 'high'] as const).filter((risk) => needsApproval(level, risk));
    expect(asked('manual')).toEqual(['low', 'medium', 'high']);
    expect(asked('assisted')).toEqual(['medium', 'high']);
    expect(asked('supervised')).toEqual(['high']);
    expect(asked('autonomous')).toEqual([]);
  });

  it('begin even, and forget slowly', () => {
    expect(confidenceOf(undefined)).toBe(0.5);
    let each = learnt(undefined, false);
    for (let i = 0; i < 4; i += 1) each = learnt(each, false);
    expect(isUseless(each)).toBe(true);
    for (let i = 0; i < 200; i += 1) each = learnt(each, true);
    expect(each.tried).toBeLessThanOrEqual(101);
    expect(confidenceOf(each)).toBeGreaterThan(0.9);
  });
});
