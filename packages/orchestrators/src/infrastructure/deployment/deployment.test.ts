import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { FakeClock, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { MemoryStateStore, SHARED_TENANT, STATE_STORE, type StateStore } from '../../state/index.js';
import { DEPLOYMENT_DRIVERS, DEPLOYMENT_TRAFFIC, type TrafficSource } from './deployment-driver.js';
import { DEPLOYMENT_OPTIONS, type DeploymentOptions } from './deployment-options.js';
import { DeploymentOrchestrator } from './deployment-orchestrator.js';
import type { DeploymentRecord } from './deployment-record.js';
import type { DeploymentServiceStatus } from './service-status.js';
import { SimulatedPlatform, type SimulatedVersion } from './fixtures/simulated-platform.js';

let tests: TestHost[] = [];
afterEach(async () => {
  for (const test of tests) await test[Symbol.asyncDispose]();
  tests = [];
});

interface World {
  readonly options?: DeploymentOptions;
  readonly versions?: Readonly<Record<string, SimulatedVersion>>;
  readonly clock?: FakeClock;
  readonly platform?: SimulatedPlatform;
  readonly store?: StateStore;
  readonly traffic?: TrafficSource;
  readonly change?: (platform: SimulatedPlatform) => void;
}

async function start(world: World = {}) {
  const { clock = new FakeClock(), options = {}, versions = {}, traffic } = world;
  const { platform = new SimulatedPlatform(clock, versions), store = new MemoryStateStore(clock) } = world;
  world.change?.(platform);
  const test = await TestHost.start({
    orchestrators: [DeploymentOrchestrator],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(DEPLOYMENT_DRIVERS).toConstantValue([platform]);
        bind(DEPLOYMENT_OPTIONS).toConstantValue(options);
        bind(STATE_STORE).toConstantValue(store);
        if (traffic !== undefined) bind(DEPLOYMENT_TRAFFIC).toConstantValue(traffic);
      }),
    ],
    clock,
  });
  tests.push(test);
  /** Lets time pass until something is over. */
  const over = async <T>(promise: Promise<T>): Promise<T> => {
    let isOver = false;
    const done = promise.finally(() => {
      isOver = true;
    });
    done.catch(() => undefined);
    while (!isOver) await clock.advance(clock.nextTimerIn() ?? 0);
    return done;
  };
  const call = <T = DeploymentRecord>(params: object, init: object = {}): Promise<StepResult<T>> =>
    test.facade.orchestrate<T>('deployment', test.context({ tenantId: 'acme', ...init }), {
      service: 'shop',
      ...params,
    });
  const ask = <T = DeploymentRecord>(params: object, init: object = {}) => over(call<T>(params, init));
  /** The first version, live without having to be measured. */
  const live = async (version = 'v1') => StepResult.unwrap(await ask({ version, gates: [], soakMs: 0 }));
  const history = async () => StepResult.unwrap(await ask<DeploymentRecord[]>({ operation: 'history' }));
  const status = async (init: object = {}) =>
    StepResult.unwrap(
      await ask<DeploymentServiceStatus[]>({ operation: 'status', service: undefined }, init),
    );
  return { test, clock, platform, store, over, call, ask, live, history, status };
}

const liveOf = (platform: SimulatedPlatform): readonly string[] =>
  platform.status.filter(({ share }) => share > 0).map(({ version, share }) => `${version} ${share} %`);

describe('deployment', () => {
  it('brings a first version up in five phases before any traffic reaches it', async () => {
    const { ask, platform, test } = await start();
    const result = await ask({ version: 'v1' });
    const record = StepResult.unwrap(result);
    expect(record).toMatchObject({ status: 'completed', driver: 'simulated', order: { replicas: 3 } });
    expect(record.id).toBe(`shop-v1-${Date.UTC(2024, 0, 1) / 1_000}`);
    expect(record.phases.map(({ phase, status }) => [phase, status])).toEqual(
      ['infrastructure', 'service_mesh', 'application', 'quality_gates', 'traffic'].map((phase) => [
        phase,
        'completed',
      ]),
    );
    expect(platform.goals[0]?.releases).toEqual([{ version: 'v1', replicas: 3, share: 0 }]);
    expect(record.phases[4]?.steps[0]?.gates?.map(({ gate, verdict }) => [gate, verdict])).toEqual([
      ['latency', 'passed'],
      ['errors', 'passed'],
      ['availability', 'passed'],
      ['errors_beside_old', 'not_applicable'],
    ]);
    // Thirty seconds were watched, and something was measured in them.
    expect(record.phases[4]?.steps[0]).toMatchObject({
      durationMs: 30_000,
      traffic: { requests: 3_000, failures: 0 },
    });
    expect(test.eventsOf('run.progress').at(-1)).toMatchObject({ ratio: 1 });
    expect(test.eventsOf('step.ended').map(({ step }) => step)).toContain('quality_gates');
    expect(await ask({ version: 'v1' })).toMatchObject({ status: 'skipped' });
  });

  it.each([
    ['rolling', ['v1 100 %'], ['v1 50 %', 'v2 50 %'], ['v2 100 %']],
    ['blue_green', ['v1 100 %'], ['v2 100 %']],
    ['canary', ['v1 100 %'], ['v1 90 %', 'v2 10 %'], ['v1 50 %', 'v2 50 %'], ['v2 100 %']],
    ['recreate', [], ['v2 100 %']],
  ])('leads the traffic as %s says, and measures each step of it', async (strategy, ...expected) => {
    const { ask, live, platform } = await start();
    await live();
    platform.goals.length = 0;
    const record = StepResult.unwrap(await ask({ version: 'v2', strategy }));
    const seen = platform.goals.map((goal) =>
      goal.releases.filter(({ share }) => share > 0).map(({ version, share }) => `${version} ${share} %`),
    );
    expect(seen.filter((each, at) => each.join() !== seen[at - 1]?.join())).toEqual(expected);
    expect(record.previous).toMatchObject({ version: 'v1', replicas: 3 });
    expect(platform.status).toEqual([{ version: 'v2', replicas: 3, ready: 3, share: 100 }]);
    const watched = record.phases[4]?.steps.filter(({ gates }) => gates !== undefined) ?? [];
    expect(watched.length).toBeGreaterThan(0);
    for (const { traffic, gates } of watched) {
      expect(traffic?.requests).toBeGreaterThanOrEqual(50);
      expect(gates?.every(({ verdict }) => verdict === 'passed')).toBe(true);
    }
  });

  it('takes a bad canary back at its first share, and says which gate it broke', async () => {
    const { ask, live, platform, history } = await start({ versions: { v2: { failEvery: 4 } } });
    await live();
    const result = await ask({ version: 'v2', strategy: 'canary' });
    expect(result).toMatchObject({
      status: 'failed',
      errorCategory: 'business_rule_violation',
      details: { code: 'DEPLOYMENT_GATE_FAILED', status: 'rolled_back', rolledBack: true, phase: 'traffic' },
    });
    expect(result.status === 'failed' && result.error).toMatch(
      /v2 is not live: .*"traffic 10 %": errors: error_ratio is 0\.\d+, above 0\.01\./,
    );
    expect(
      Math.max(
        ...platform.goals.flatMap((goal) =>
          goal.releases.filter((each) => each.version === 'v2').map(({ share }) => share),
        ),
      ),
    ).toBe(10);
    expect(platform.status).toEqual([{ version: 'v1', replicas: 3, ready: 3, share: 100 }]);
    const [record] = await history();
    // It was let go long before the time of the step was over.
    expect(record?.phases[4]?.steps[0]?.durationMs).toBeLessThan(5_000);
    expect(record?.phases[4]?.steps[0]?.traffic?.requests).toBeLessThan(50);
    expect(record).toMatchObject({
      status: 'rolled_back',
      rollback: { performed: true },
      fault: { code: 'DEPLOYMENT_GATE_FAILED' },
    });
  });

  it('compares with the old version, and passes a measurement that equals its bound', async () => {
    const { ask, live, platform } = await start({
      versions: { v1: { latencyMs: 20 }, v2: { latencyMs: 90 }, v3: { failEvery: 100 } },
    });
    await live();
    const gates = [{ name: 'twice', metric: 'p95_ms', maxRatio: 2 }];
    const slow = await ask({ version: 'v2', strategy: 'blue_green', gates });
    expect(slow).toMatchObject({ details: { code: 'DEPLOYMENT_GATE_FAILED', rolledBack: true } });
    expect(liveOf(platform)).toEqual(['v1 100 %']);
    // One in a hundred is what the default gates allow.
    expect(await ask({ version: 'v3', strategy: 'blue_green' })).toMatchObject({ status: 'ok' });
  });

  it('never passes a gate that measured nothing, unless it was told to', async () => {
    const { ask, live, clock, platform } = await start({ change: (each) => (each.requestsPerSecond = 0) });
    await live();
    const before = clock.now();
    const result = await ask({
      version: 'v2',
      strategy: 'blue_green',
      gates: [{ name: 'e', metric: 'error_ratio', max: 0.5 }],
    });
    expect(result).toMatchObject({ details: { code: 'DEPLOYMENT_GATE_UNMEASURED', rolledBack: true } });
    // As long as the gate waits for requests by default.
    expect(clock.now() - before).toBe(300_000);
    const lenient = [
      { name: 'e', metric: 'error_ratio', max: 0.5, whenUnmeasured: 'pass', timeoutMs: 1_000 },
    ];
    expect(await ask({ version: 'v3', strategy: 'blue_green', gates: lenient })).toMatchObject({
      status: 'ok',
    });
    const comparing = await ask({
      version: 'v4',
      strategy: 'canary',
      gates: [{ name: 'c', metric: 'error_ratio', maxIncrease: 0 }],
    });
    expect(comparing).toMatchObject({
      details: { code: 'DEPLOYMENT_GATE_UNMEASURED', phase: 'quality_gates' },
    });
    expect(
      platform.goals.some((goal) =>
        goal.releases.some(({ version, share }) => version === 'v4' && share > 0),
      ),
    ).toBe(false);
  });

  it('says so where nobody measures, and reads a source that is bound', async () => {
    const clock = new FakeClock();
    const hidden = new SimulatedPlatform(clock);
    const source = hidden.traffic;
    Reflect.deleteProperty(hidden, 'traffic');
    const blind = await start({ clock, platform: hidden });
    expect(await blind.ask({ version: 'v1' })).toMatchObject({
      errorCategory: 'business_rule_violation',
      details: { code: 'DEPLOYMENT_GATE_UNMEASURED', phase: 'quality_gates' },
    });
    const seeing = await start({ clock, platform: hidden, traffic: source });
    expect(await seeing.ask({ version: 'v1' })).toMatchObject({ status: 'ok' });
  });

  it('goes on where a gate fails that is not required, and never calls a failed required one completed', async () => {
    const { ask, live, platform } = await start({ versions: { v2: { failEvery: 2 }, v3: { failEvery: 2 } } });
    await live();
    const gates = [{ name: 'e', metric: 'error_ratio', max: 0.1, required: false }];
    const record = StepResult.unwrap(await ask({ version: 'v2', strategy: 'blue_green', gates }));
    expect(record.phases[4]?.steps[0]?.gates).toMatchObject([
      { verdict: 'failed', required: false, mayPass: true },
    ]);
    const kept = await ask({ version: 'v3', strategy: 'canary', rollbackOnFailure: false });
    expect(kept).toMatchObject({
      details: { code: 'DEPLOYMENT_GATE_FAILED', status: 'failed', rolledBack: false },
    });
    expect(liveOf(platform)).toEqual(['v2 90 %', 'v3 10 %']);
  });

  it.each([
    ['prepare', 'infrastructure'],
    ['connect', 'service_mesh'],
    ['apply', 'application'],
  ] as const)('takes back what was done when the driver fails at %s', async (method, phase) => {
    const { ask, live, platform } = await start();
    await live();
    platform.failing.set(method, new Error('the disk is full'));
    platform.failsFor = (goal) => goal.releases.some(({ version }) => version === 'v2');
    const result = await ask({ version: 'v2', strategy: 'blue_green' });
    expect(result).toMatchObject({
      errorCategory: 'external_service_error',
      details: { code: 'DEPLOYMENT_DRIVER_FAILED', phase },
    });
    expect(result.status === 'failed' && result.error).toContain('the disk is full');
    expect(liveOf(platform)).toEqual(['v1 100 %']);
  });

  it.each([
    ['prepare', 'infrastructure', 'polite'],
    ['connect', 'service_mesh', 'deaf'],
    ['apply', 'application', 'deaf'],
    ['apply', 'application', 'polite'],
  ] as const)(
    'ends a driver that hangs at %s by the time of the phase %s (%s)',
    async (method, phase, how) => {
      const { ask, live, platform, clock, test } = await start();
      await live();
      platform.hanging.set(method, how);
      platform.failsFor = (goal) =>
        goal.releases.some(({ version, share }) => version === 'v2' && share === 0);
      const before = clock.now();
      const result = ask({ version: 'v2', strategy: 'canary', phaseTimeoutsMs: { [phase]: 7_000 } });
      expect(await result).toMatchObject({
        errorCategory: 'timeout',
        details: { code: 'DEPLOYMENT_TIMEOUT', phase, rolledBack: true },
      });
      // A driver that does not listen is given five seconds to do so.
      expect(clock.now() - before).toBe(how === 'deaf' ? 12_000 : 7_000);
      expect(liveOf(platform)).toEqual(['v1 100 %']);
      if (how === 'deaf') {
        platform.hanging.clear();
        platform.release();
        await clock.advance(10);
        expect(test.logs.events('deployment_driver_late')).toHaveLength(1);
        // Whatever that call did last, what is live is there again.
        expect(liveOf(platform)).toEqual(['v1 100 %']);
      }
    },
  );

  it('ends in the time there is for the whole, also while it is measuring', async () => {
    const { ask, live, platform, clock } = await start({ change: (each) => (each.requestsPerSecond = 1) });
    await live();
    const before = clock.now();
    const gates = [{ name: 'e', metric: 'error_ratio', max: 0.5, minRequests: 1_000_000 }];
    expect(await ask({ version: 'v2', strategy: 'canary', timeoutMs: 20_000, gates })).toMatchObject({
      details: { code: 'DEPLOYMENT_TIMEOUT', phase: 'traffic', rolledBack: true },
    });
    expect(clock.now() - before).toBe(20_000);
    expect(liveOf(platform)).toEqual(['v1 100 %']);
  });

  it('says so where the state before cannot be restored', async () => {
    const { ask, live, platform, history, test } = await start({ versions: { v2: { failEvery: 2 } } });
    await live();
    platform.failing.set('apply', new Error('gone away'));
    platform.failsFor = (goal) =>
      goal.releases.every(({ version, share }) => version !== 'v2' || share === 0) &&
      platform.goals.length > 4;
    const result = await ask({ version: 'v2', strategy: 'canary' });
    expect(result).toMatchObject({
      details: { code: 'DEPLOYMENT_ROLLBACK_FAILED', cause: 'DEPLOYMENT_GATE_FAILED', status: 'failed' },
    });
    expect((await history())[0]).toMatchObject({
      status: 'failed',
      rollback: { performed: false, error: expect.stringContaining('gone away') as unknown },
    });
    const health = (): unknown => test.host.health().orchestrators['deployment'];
    expect(health()).toMatchObject({ status: 'degraded' });
    platform.failing.clear();
    StepResult.unwrap(await ask({ version: 'v3', strategy: 'blue_green' }));
    expect(health()).toMatchObject({ status: 'healthy' });
  });

  it('lets one deployment of a service run at a time, and others beside it', async () => {
    const { call, live, over, platform } = await start();
    await live();
    const both = [call({ version: 'v2', strategy: 'canary' }), call({ version: 'v3', strategy: 'canary' })];
    const results = await over(Promise.all(both));
    expect(results.map(({ status }) => status)).toEqual(['ok', 'failed']);
    expect(results[1]).toMatchObject({ retryable: true, details: { code: 'DEPLOYMENT_IN_PROGRESS' } });
    expect(liveOf(platform)).toEqual(['v2 100 %']);
  });

  it('keeps what belongs to one tenant from another', async () => {
    const { ask, live, status, platform } = await start();
    await live();
    expect(await status()).toMatchObject([{ service: 'shop', live: { version: 'v1' }, driver: 'simulated' }]);
    expect(await status({ tenantId: 'other' })).toEqual([]);
    platform.hanging.set('inspect', 'deaf');
    expect(await status()).toMatchObject([
      {
        live: { version: 'v1' },
        problem: expect.stringContaining('did not answer within 5000 ms') as unknown,
      },
    ]);
    platform.hanging.clear();
    const other = { tenantId: 'other' };
    expect(StepResult.unwrap(await ask<DeploymentRecord[]>({ operation: 'history' }, other))).toEqual([]);
    expect(await ask({ operation: 'rollback' }, other)).toMatchObject({
      details: { code: 'DEPLOYMENT_NOTHING_TO_ROLL_BACK' },
    });
    expect(await ask({ operation: 'status' }, other)).toMatchObject({
      errorCategory: 'not_found',
      details: { code: 'DEPLOYMENT_SERVICE_UNKNOWN' },
    });
    expect(await ask({ operation: 'cancel' }, other)).toMatchObject({
      details: { code: 'DEPLOYMENT_NOT_RUNNING' },
    });
  });

  it('cancels what runs, by operation and by the signal of the call', async () => {
    const { call, live, over, platform, clock, ask, history } = await start();
    await live();
    const running = call({ version: 'v2', strategy: 'canary' });
    await clock.advance(5_000);
    expect(liveOf(platform)).toEqual(['v1 90 %', 'v2 10 %']);
    const cancelled = await ask({ operation: 'cancel', reason: 'not today' });
    expect(StepResult.unwrap(cancelled)).toMatchObject({
      status: 'rolled_back',
      fault: { code: 'DEPLOYMENT_CANCELLED', message: 'not today' },
    });
    expect(await over(running)).toMatchObject({
      errorCategory: 'cancelled',
      details: { code: 'DEPLOYMENT_CANCELLED' },
    });
    expect(liveOf(platform)).toEqual(['v1 100 %']);
    const controller = new AbortController();
    const aborted = call({ version: 'v3', strategy: 'canary' }, { signal: controller.signal });
    await clock.advance(5_000);
    controller.abort();
    expect(await over(aborted)).toMatchObject({ errorCategory: 'cancelled' });
    // The caller is answered at once; what was done is taken back all the same.
    await clock.advance(1_000);
    expect(liveOf(platform)).toEqual(['v1 100 %']);
    expect((await history())[0]).toMatchObject({ version: 'v3', status: 'rolled_back' });
  });

  it('returns to the version before on request, and marks what was taken back', async () => {
    const { ask, live, platform, history, clock } = await start();
    await live();
    await clock.advance(1_000);
    StepResult.unwrap(
      await ask({ version: 'v2', strategy: 'blue_green' }, { principal: { id: 'ada', scopes: [] } }),
    );
    const back = StepResult.unwrap(await ask({ operation: 'rollback' }));
    expect(back).toMatchObject({
      version: 'v1',
      status: 'completed',
      order: { strategy: 'blue_green', gates: [] },
    });
    expect(liveOf(platform)).toEqual(['v1 100 %']);
    const all = await history();
    expect(all.map(({ version, status }) => `${version} ${status}`)).toEqual([
      'v1 completed',
      'v2 rolled_back',
      'v1 completed',
    ]);
    expect(all[1]).toMatchObject({ by: 'ada', rolledBackBy: back.id });
    expect(back.rollbackOf).toBe(all[1]?.id);
    expect(await ask({ operation: 'rollback', version: 'v9' })).toMatchObject({
      details: { code: 'DEPLOYMENT_NOTHING_TO_ROLL_BACK' },
    });
    expect(StepResult.unwrap(await ask({ operation: 'rollback', version: 'v2' }))).toMatchObject({
      version: 'v2',
    });
  });

  it('remembers over a restart, and starts again what ended with the process', async () => {
    const { live, test, store, clock } = await start({ change: (each) => (each.isPersistent = false) });
    await live();
    const stopping = test.host.stop();
    while (
      (await Promise.race([stopping.then(() => true), clock.advance(clock.nextTimerIn() ?? 0)])) !== true
    );
    const second = await start({ clock, store, change: (each) => (each.isPersistent = false) });
    await clock.advance(1);
    expect(liveOf(second.platform)).toEqual(['v1 100 %']);
    expect(await second.history()).toMatchObject([{ version: 'v1', status: 'completed' }]);
  });

  it('takes back what runs when the host stops, and closes the driver', async () => {
    const { call, live, test, platform, clock, store, over } = await start();
    await live();
    const running = call({ version: 'v2', strategy: 'canary' });
    await clock.advance(5_000);
    const report = await over(test.host.stop());
    expect(report).toMatchObject({ clean: true });
    expect(await running).toMatchObject({ details: { code: 'DEPLOYMENT_INTERRUPTED', rolledBack: true } });
    expect(liveOf(platform)).toEqual(['v1 100 %']);
    expect(platform.closed).toBe(1);
    const second = await start({ clock, store, platform });
    expect((await second.history())[0]).toMatchObject({ version: 'v2', status: 'rolled_back' });
    expect(await second.ask({ version: 'v2' })).toMatchObject({ status: 'ok' });
  });

  it.each([
    ['traffic', 'rolled_back', ['v1 100 %']],
    ['finish', 'completed', ['v2 100 %']],
  ])('finds a deployment that a process left behind at %s, and ends it', async (where, status, expected) => {
    const clock = new FakeClock();
    const store = new MemoryStateStore(clock);
    const platform = new SimulatedPlatform(clock);
    const first = await start({ clock, store, platform });
    await first.live();
    // The store is copied as it was when the process was killed.
    const snapshot = new MemoryStateStore(clock);
    const running = first.call({ version: 'v2', strategy: 'canary', soakMs: 1_000 });
    if (where === 'finish') {
      platform.hanging.set('apply', 'deaf');
      platform.failsFor = (goal) => goal.releases.length === 1;
    }
    await clock.advance(where === 'finish' ? 60_000 : 1_500);
    for (const [tenantId, collection] of [
      ['acme', 'deployment.history'],
      [SHARED_TENANT, 'deployment.services'],
    ] as const) {
      for (const { key, value } of await store.list({ tenantId, collection }))
        await snapshot.put({ tenantId, collection, key }, value);
    }
    platform.hanging.clear();
    platform.release();
    const left = new SimulatedPlatform(clock);
    const signal = new AbortController().signal;
    await left.apply(
      { tenantId: 'acme', environment: 'production', service: 'shop' },
      platform.goals.at(-1) as never,
      { signal },
    );
    const second = await start({ clock, store: snapshot, platform: left });
    await clock.advance(10);
    expect(liveOf(left)).toEqual(expected);
    const [record] = await second.history();
    expect(record).toMatchObject({ version: 'v2', status });
    if (status === 'rolled_back') expect(record?.fault?.code).toBe('DEPLOYMENT_INTERRUPTED');
    expect(await second.ask({ version: 'v3', strategy: 'blue_green' })).toMatchObject({ status: 'ok' });
    await first.over(running);
  });

  it('lets a service be deployed again whose state could not be restored after a restart', async () => {
    const clock = new FakeClock();
    const store = new MemoryStateStore(clock);
    const first = await start({ clock, store, change: (each) => (each.isPersistent = false) });
    await first.live();
    const running = first.call({ version: 'v2', strategy: 'canary' });
    await clock.advance(5_000);
    const broken = new SimulatedPlatform(clock);
    broken.isPersistent = false;
    broken.failing.set('apply', new Error('no room'));
    const second = await start({ clock, store, platform: broken });
    await clock.advance(10);
    expect((await second.history())[0]).toMatchObject({
      version: 'v2',
      status: 'failed',
      fault: { code: 'DEPLOYMENT_INTERRUPTED' },
      rollback: { performed: false, error: expect.stringContaining('no room') as unknown },
    });
    expect(second.test.host.health().orchestrators['deployment']).toMatchObject({ status: 'degraded' });
    broken.failing.clear();
    expect(await second.ask({ version: 'v3', strategy: 'blue_green' })).toMatchObject({ status: 'ok' });
    await first.over(running);
  });

  it('refuses a stored record that it cannot read, and a store that fails', async () => {
    const clock = new FakeClock();
    const store = new MemoryStateStore(clock);
    await store.put(
      { tenantId: SHARED_TENANT, collection: 'deployment.services', key: 'acme/production/shop' },
      { formatVersion: 2 },
    );
    await expect(start({ clock, store })).rejects.toThrow(/format 2, this version reads format 1/);
    const failing = new MemoryStateStore(clock);
    const { ask, live } = await start({ clock, store: failing });
    await live();
    await failing.close();
    expect(await ask({ version: 'v2' })).toMatchObject({ status: 'failed' });
  });

  it('keeps as many deployments as it was told', async () => {
    const { live, ask, history, clock } = await start({ options: { maxHistory: 2 } });
    await live();
    for (const version of ['v2', 'v3', 'v4']) {
      await clock.advance(1_000);
      await ask({ version, gates: [], soakMs: 0 });
    }
    expect((await history()).map(({ version }) => version)).toEqual(['v4', 'v3']);
  });

  it.each([
    [{ version: '../etc' }, 'validation'],
    [{ version: 'v2', service: 'Shop!' }, 'validation'],
    [{ version: 'v2', replicas: 0 }, 'validation'],
    [{ version: 'v2', canaryShares: [50, 10, 100] }, 'DEPLOYMENT_REQUEST_INVALID'],
    [{ version: 'v2', canaryShares: [10, 50] }, 'DEPLOYMENT_REQUEST_INVALID'],
    [{ version: 'v2', maxSurge: 0, maxUnavailable: 0 }, 'DEPLOYMENT_REQUEST_INVALID'],
    [{ version: 'v2', gates: [{ name: 'x', metric: 'joy', max: 1 }] }, 'DEPLOYMENT_REQUEST_INVALID'],
    [{ version: 'v2', gates: [{ name: 'x', metric: 'error_ratio' }] }, 'DEPLOYMENT_REQUEST_INVALID'],
    [{ version: 'v2', gates: [{ name: 'x', metric: 'error_ratio', max: 5 }] }, 'DEPLOYMENT_REQUEST_INVALID'],
    [{ version: 'v2', mesh: { retrys: 1 } }, 'DEPLOYMENT_REQUEST_INVALID'],
    [{ version: 'v2', phaseTimeoutsMs: { trafic: 1 } }, 'DEPLOYMENT_REQUEST_INVALID'],
    [{ version: 'v2', driver: 'nobody' }, 'DEPLOYMENT_DRIVER_UNKNOWN'],
  ])('refuses %j and changes nothing', async (params, code) => {
    const { ask, platform, history } = await start();
    const result = await ask(params);
    expect(result).toMatchObject({ status: 'failed' });
    expect(
      result.status === 'failed' && [
        result.errorCategory,
        (result.details as { code?: unknown } | undefined)?.code,
      ],
    ).toContain(code);
    expect(platform.calls).toEqual([]);
    expect(await history()).toEqual([]);
  });

  it.each([
    [{ maxSurge: 0, maxUnavailable: 0 }, /maxSurge and maxUnavailable are both 0/],
    [{ replicas: 0 }, /replicas is 0/],
    [{ canaryShares: [] }, /canaryShares is \[\]/],
    [{ strategy: 'hope' as never }, /strategy is hope/],
    [
      {
        gates: [
          { name: 'a', metric: 'p95_ms' as const, max: 1 },
          { name: 'a', metric: 'p95_ms' as const, max: 2 },
        ],
      },
      /two gates have the name "a"/,
    ],
  ])('refuses the options %j when it is made', (options, message) => {
    expect(() => new DeploymentOrchestrator(options)).toThrow(message);
  });
});
