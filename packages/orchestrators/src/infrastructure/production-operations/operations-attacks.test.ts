import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { aContext, FakeClock, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { MemoryStateStore, STATE_STORE, type StateStore } from '../../state/index.js';
import { SecurityOrchestrator } from '../security/security-orchestrator.js';
import { ActionBook } from './action-book.js';
import type { ActionRecord } from './book-draft.js';
import { KPI_SOURCES, type KpiSource, measureBusiness } from './business-metrics.js';
import type { OperationsCycle } from './operations-cycle.js';
import { OPERATIONS_DRIVERS, type OperationsDriver } from './operations-driver.js';
import { OPERATIONS_OPTIONS, type OperationsOptions } from './operations-options.js';
import type { OperationsDecision, OperationsRule } from './operations-rule.js';
import { ProductionOperationsOrchestrator } from './production-operations-orchestrator.js';

const hosts: TestHost[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host[Symbol.asyncDispose]();
});

const PLACE = { tenantId: '_shared', collection: 'production_operations.book', key: 'book' } as const;

interface World {
  readonly options?: OperationsOptions;
  readonly store?: StateStore;
  readonly drivers?: readonly OperationsDriver[];
  readonly kpis?: readonly KpiSource[];
}

async function start({ options = {}, store = new MemoryStateStore(), drivers = [], kpis = [] }: World = {}) {
  const clock = new FakeClock();
  const host = await TestHost.start({
    orchestrators: [ProductionOperationsOrchestrator, SecurityOrchestrator],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(OPERATIONS_OPTIONS).toConstantValue({ background: false, ...options });
        bind(STATE_STORE).toConstantValue(store);
        bind(OPERATIONS_DRIVERS).toConstantValue(drivers);
        bind(KPI_SOURCES).toConstantValue(kpis);
      }),
    ],
    clock,
  });
  hosts.push(host);
  const call = <T>(operation: string, params = {}, tenantId = 'acme', more = {}) =>
    host.facade.orchestrate<T>('production_operations', aContext({ tenantId, ...more }), {
      operation,
      ...params,
    });
  const ask = async <T>(operation: string, params = {}, tenantId = 'acme'): Promise<T> =>
    StepResult.unwrap(await call<T>(operation, params, tenantId));
  const security = (operation: string, params = {}, tenantId = 'acme') =>
    host.facade.orchestrate('security', aContext({ tenantId }), { operation, ...params });
  return { clock, host, call, ask, security };
}

const decisionOf = (rule: string, driver = 'pump'): OperationsDecision => ({
  signature: rule,
  rule,
  priority: 'low',
  evidence: ['seen'],
  actions: [{ name: 'act', risk: 'low', description: 'act', driver: { name: driver, params: {} } }],
});
const always = (name = 'r'): OperationsRule => ({ name, decide: () => [decisionOf(name)] });
const driverThat = (run: OperationsDriver['run']): OperationsDriver => ({ name: 'pump', run });

describe('production_operations among parts that misbehave', () => {
  it('ends a driver that never does, after its time, drops what it says later, and goes on', async () => {
    let late: (outcome: { done: boolean; message: string }) => void = () => undefined;
    let signal: AbortSignal | undefined;
    const hanging = driverThat((_params, options) => {
      signal = options.signal;
      return new Promise((resolve) => (late = resolve));
    });
    const { clock, ask } = await start({
      options: { rules: [always()], defaultRules: false, actionTimeoutMs: 5_000 },
      drivers: [hanging],
    });
    const cycle = ask<OperationsCycle>('run_cycle');
    await clock.advance(5_000);
    expect((await cycle).execution_results).toMatchObject([
      { state: 'failed', message: expect.stringContaining('did not end within 5000 ms') as unknown },
    ]);
    expect(signal?.aborted).toBe(true);
    late({ done: true, message: 'at last' });
    await clock.advance(1_000);
    expect((await ask<ActionRecord[]>('list_actions'))[0]).toMatchObject({ state: 'failed' });
    expect((await ask<OperationsCycle>('run_cycle')).execution_results).toEqual([]);
  });

  it.each([undefined, null, 'done', { done: 'yes' }, { message: 'ok' }])(
    'takes %j from a driver for a failure, and not for ever',
    async (answer) => {
      const { ask } = await start({
        options: { rules: [always()], defaultRules: false, verifyAfterMs: 0, cooldownMs: 0 },
        drivers: [driverThat(() => Promise.resolve(answer as never))],
      });
      for (let turn = 0; turn < 2; turn += 1) {
        expect((await ask<OperationsCycle>('run_cycle')).execution_results).toMatchObject([
          { state: 'failed', message: expect.stringContaining('gave no { done, message }') as unknown },
        ]);
      }
    },
  );

  it('measures by sources that are objects with a state of their own, and knows nothing of one that hangs', async () => {
    class Revenue implements KpiSource {
      readonly name = 'revenue';
      readonly weight = 1;
      readonly target = 10;
      readonly #value = 5;
      measure(): Promise<number> {
        return Promise.resolve(this.#value);
      }
    }
    const clock = new FakeClock();
    const hanging: KpiSource = {
      name: 'slow',
      weight: 9,
      target: 1,
      measure: () => new Promise(() => undefined),
    };
    const measured = measureBusiness([new Revenue(), hanging], {
      ...{ clock, timeoutMs: 2_000 },
      signal: new AbortController().signal,
    });
    await clock.advance(2_000);
    expect(await measured).toMatchObject({
      composite: 0.5,
      kpis: [{ reached: 0.5 }, { why: expect.stringContaining('did not end within 2000 ms') as unknown }],
    });
  });

  it('concludes nothing from an input that is missing, from a rule that throws, or from a cycle that is cut off', async () => {
    let sight: 'there' | 'blind' | 'throws' = 'there';
    const rule: OperationsRule = {
      name: 'r',
      decide: () => {
        if (sight === 'throws') throw new Error('a bug');
        return sight === 'blind' ? undefined : [decisionOf('r')];
      },
    };
    const { ask, call } = await start({
      options: { rules: [rule], defaultRules: false },
      drivers: [driverThat(() => Promise.resolve({ done: true, message: 'ok' }))],
    });
    expect((await ask<OperationsCycle>('run_cycle')).execution_results).toMatchObject([{ state: 'done' }]);
    for (sight of ['blind', 'throws'] as const) {
      expect((await ask<OperationsCycle>('run_cycle')).learning_results).toEqual([]);
    }
    sight = 'there';
    expect(await call('run_cycle', {}, 'acme', { signal: AbortSignal.abort() })).toMatchObject({
      success: false,
    });
    expect(await ask('get_learning')).toEqual({});
    expect((await ask<ActionRecord[]>('list_actions'))[0]).toMatchObject({ state: 'done' });
  });

  it('shows and lets decide nobody about the threats of another tenant, nor learns from not seeing them', async () => {
    const { ask, call } = await start({ options: { automation: 'manual' } });
    await call('approve_action', { id: "' OR 1=1 --" }, 'acme', {
      principal: { id: '10.0.0.9', scopes: [] },
    });
    const [waiting] = (await ask<OperationsCycle>('run_cycle')).execution_results;
    expect(waiting).toMatchObject({ tenantId: 'acme', state: 'proposed' });
    expect(JSON.stringify(await ask('run_cycle', {}, 'other'))).not.toContain('10.0.0.9');
    expect(await ask('list_actions', {}, 'other')).toEqual([]);
    expect(await call('approve_action', { id: waiting?.id }, 'other')).toMatchObject({
      errorCategory: 'not_found',
    });
    expect(await call('reject_action', { id: waiting?.id }, 'other')).toMatchObject({
      errorCategory: 'not_found',
    });
    const [mine, theirs] = await Promise.all([
      ask<OperationsCycle>('run_cycle'),
      ask<OperationsCycle>('run_cycle', {}, 'other'),
    ]);
    expect([mine.autonomous_decisions.length, theirs.autonomous_decisions.length]).toEqual([1, 0]);
    expect(await ask('approve_action', { id: waiting?.id })).toMatchObject({ state: 'done' });
    // Blocking it deals with its threats: it is over.
    expect((await ask<OperationsCycle>('run_cycle')).learning_results).toMatchObject([{ state: 'verified' }]);
  });

  it('begins an action once, however many agree at the same time, and in two processes on one store too', async () => {
    let runs = 0;
    const store = new MemoryStateStore();
    const world = {
      store,
      options: { rules: [always()], defaultRules: false, automation: 'manual' } as const,
      drivers: [
        driverThat(() => {
          runs += 1;
          return Promise.resolve({ done: true, message: 'ok' });
        }),
      ],
    };
    const [one, two] = [await start(world), await start(world)];
    const [waiting] = (await one.ask<OperationsCycle>('run_cycle')).execution_results;
    await two.ask('start_maintenance', { reason: 'both' });
    const results = await Promise.all(
      Array.from({ length: 100 }, (_none, i) =>
        (i % 2 === 0 ? one : two).call('approve_action', { id: waiting?.id }),
      ),
    );
    expect([runs, results.filter(({ success }) => success).length]).toEqual([1, 1]);
    for (const each of [one, two]) {
      expect(await each.ask('list_actions')).toMatchObject([{ id: waiting?.id, state: 'done' }]);
      expect(await each.ask('get_status')).toMatchObject({ maintenance: { reason: 'both' } });
    }
  });

  it('is not held up for ever by a store that fails while an action runs', async () => {
    const store = new MemoryStateStore();
    const put = store.put.bind(store);
    let fails = false;
    store.put = ((...given: Parameters<typeof put>) =>
      fails ? Promise.reject(new Error('no disk')) : put(...given)) as typeof store.put;
    const { ask, call } = await start({
      store,
      options: { rules: [always()], defaultRules: false },
      drivers: [
        driverThat(() => {
          fails = true;
          return Promise.resolve({ done: true, message: 'ok' });
        }),
      ],
    });
    expect(await call('run_cycle')).toMatchObject({ success: false });
    fails = false;
    expect(await ask('list_actions')).toMatchObject([{ state: 'done' }]);
  });

  it('takes the time that a clock set back tells for over', async () => {
    const { ask, clock } = await start({
      options: { rules: [always()], defaultRules: false },
      drivers: [driverThat(() => Promise.resolve({ done: true, message: 'ok' }))],
    });
    await ask('run_cycle');
    clock.setWallTime(clock.now() - 86_400_000);
    expect((await ask<OperationsCycle>('run_cycle')).learning_results).toMatchObject([
      { state: 'not_verified' },
    ]);
  });

  it('keeps no more open actions than it may, however much trouble there is', async () => {
    const many: OperationsRule = {
      name: 'many',
      decide: () =>
        Array.from({ length: 300 }, (_none, i) => ({ ...decisionOf('many'), signature: `s${i}` })),
    };
    const { ask } = await start({
      options: { rules: [many], defaultRules: false, automation: 'manual', maxHistory: 20 },
    });
    await ask('run_cycle');
    expect(await ask('list_actions')).toHaveLength(20);
  });

  it.each([
    null,
    'x',
    7,
    {},
    { formatVersion: 2 },
    { formatVersion: 1, actions: [null], learnt: {}, numbered: 0 },
  ])('says which record it cannot read, for %j', async (value) => {
    const store = new MemoryStateStore();
    await store.put(PLACE, value);
    await expect(new ActionBook(store, 10).load(0)).rejects.toMatchObject({
      code: 'OPERATIONS_RECORD_UNREADABLE',
    });
  });

  it.each([
    ['approve_action', { id: '__proto__' }],
    ['approve_action', { id: 'x'.repeat(101) }],
    ['approve_action', { id: ['action-1'] }],
    ['reject_action', {}],
    ['set_automation', { level: 'constructor' }],
    ['set_automation', { level: Number.NaN }],
    ['start_maintenance', { reason: '' }],
    ['start_maintenance', { reason: 'x'.repeat(501) }],
    ['end_maintenance', { __proto__: null }],
  ])('answers %s of %j without harm', async (operation, params) => {
    const { call } = await start();
    const { status, errorCategory } = (await call(operation, params)) as {
      status: string;
      errorCategory?: string;
    };
    expect(['failed validation', 'failed not_found', 'skipped undefined']).toContain(
      `${status} ${errorCategory}`,
    );
  });
});
