import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { aContext, FakeClock, TestHost } from '@kapelle/core/testing';
import { ResilienceError } from '@kapelle/resilience';
import { ContainerModule } from 'inversify';
import { RESILIENCE_OPTIONS, type ResilienceOptions } from './resilience-options.js';
import { type Executed, ResilienceOrchestrator } from './resilience-orchestrator.js';
import { resilient } from './resilient.js';
import type { GuardedRequest, ServiceCall } from './service-guard.js';
import { STRATEGIES } from './strategy.js';

let test: TestHost | undefined;
afterEach(async () => {
  await test?.[Symbol.asyncDispose]();
  test = undefined;
});

const unavailable = (): StepResult => StepResult.fail('down', { errorCategory: 'service_unavailable' });
const made = (options: ResilienceOptions = {}, clock = new FakeClock()): ResilienceOrchestrator =>
  new ResilienceOrchestrator(options, clock);

const NO_NUMBER: readonly unknown[] = [NaN, null, '5', {}, true, undefined];
const RATIO = [...NO_NUMBER, -0.1, 1.1, Infinity];
const MS = [...NO_NUMBER, -1, Infinity, 2 ** 31];
const MS_1 = [...MS, 0];
const WHOLE = [...NO_NUMBER, 0, -1, 1.5, Infinity, 2 ** 53];
const NO_GROUP = [null, 5, 'x', []];

const TABLE: Readonly<Record<string, readonly unknown[]>> = {
  retry: NO_GROUP,
  breaker: NO_GROUP,
  health: NO_GROUP,
  routing: NO_GROUP,
  degradation: NO_GROUP,
  maxServices: WHOLE.filter((value) => value !== undefined),
  callTimeoutMs: [...NO_NUMBER.filter((value) => value !== undefined), 0, -1, -Infinity, 2 ** 31],
  'retry.attempts': WHOLE.filter((value) => value !== undefined),
  'retry.baseMs': MS.filter((value) => value !== undefined),
  'breaker.failureRatio': [...RATIO.filter((value) => value !== undefined), 0],
  'breaker.probes': WHOLE.filter((value) => value !== undefined),
  'health.successRate': RATIO,
  'health.latencyMs': MS,
  'health.minimumCalls': [...WHOLE, 101],
  'health.windowMs': MS_1,
  'routing.minWeight': [...NO_NUMBER, 0, -1, Infinity],
  'routing.maxWeight': [...NO_NUMBER, 0, -1, Infinity],
  'routing.latencyMs': MS,
  'routing.ejectAfter': WHOLE,
  'routing.ejectMs': MS_1,
  'routing.maxEjectMs': MS_1,
  'routing.maxEjectedShare': RATIO,
  'degradation.criticalServices': [null, 'payments', [5], [''], {}, undefined],
  'degradation.criticalShare': [...RATIO, 0],
  'degradation.worseAfter': WHOLE,
  'degradation.betterAfter': WHOLE,
};

describe('bad options of resilience', () => {
  it.each(Object.entries(TABLE))('refuses every bad %s when it is made, by its name', (option, values) => {
    const [group, field] = option.split('.') as [string, string | undefined];
    for (const value of values) {
      const options = { [group]: field === undefined ? value : { [field]: value } } as ResilienceOptions;
      const making = (): unknown => made(options);
      expect(making).toThrow(ResilienceError);
      expect(making).toThrow(field ?? group);
    }
  });

  it.each<[ResilienceOptions, readonly string[]]>([
    [{ retry: { baseMs: 10, capMs: 5 } }, ['baseMs (10)', 'capMs (5)']],
    [{ breaker: { openMs: 10, maxOpenMs: 5 } }, ['openMs (10)', 'maxOpenMs (5)']],
    [
      { callTimeoutMs: 5_000, breaker: { probeTimeoutMs: 4_000 } },
      ['callTimeoutMs (5000)', 'breaker.probeTimeoutMs (4000)'],
    ],
    [{ routing: { minWeight: 3 } }, ['routing.minWeight (3)', 'routing.maxWeight (2)']],
    [{ routing: { ejectMs: 10, maxEjectMs: 5 } }, ['routing.ejectMs (10)', 'routing.maxEjectMs (5)']],
  ])('refuses %j, with both names', (options, names) => {
    for (const name of names) expect(() => made(options)).toThrow(name);
  });

  it('refuses them when the host starts, not at the first call', async () => {
    const starting = TestHost.start({
      orchestrators: [ResilienceOrchestrator],
      modules: [
        new ContainerModule(({ bind }) => {
          bind(RESILIENCE_OPTIONS).toConstantValue({ breaker: { probes: 0 } });
        }),
      ],
    });
    await expect(starting).rejects.toThrow('probes must be an integer >= 1, got 0');
    expect(RESILIENCE_OPTIONS).toBe(Symbol.for('kapelle.ResilienceOptions'));
  });

  it('lets a low cap of the pauses hold for throttled calls too', () => {
    expect(() => made({ retry: { baseMs: 1, capMs: 4 } })).not.toThrow();
  });

  it('refuses features and decorators that cannot work when they are declared', () => {
    const { degradation } = made();
    for (const bad of [{ until: 'never' }, { services: 'mail' }, { services: [5] }, null, 5]) {
      expect(() => degradation.declare('search', bad as never)).toThrow(ResilienceError);
    }
    expect(() => degradation.declare('')).toThrow(ResilienceError);
    expect(degradation.off).toEqual([]);
    expect(() => resilient('mail', { strategy: 'hope' })).toThrow(
      'resilience: there is no strategy "hope". Use one of: fail_fast, retry, circuit_breaker, graceful_degrade, adaptive_routing, retry_with_backoff, circuit_break.',
    );
    expect(() => resilient('mail', { strategy: null as never })).toThrow(ResilienceError);
    expect(() => resilient('')).toThrow('@resilient needs the name of a service.');
    expect(() => resilient('mail', { fallback: 5 as never })).toThrow('fallback of @resilient("mail")');
    expect(() => resilient('mail', { orchestrator: 'x' as never })).toThrow(
      'orchestrator of @resilient("mail")',
    );
    expect(() => resilient('mail')({}, 'size', { value: 5 } as never)).toThrow('which is no method');
  });
});

describe('hostile calls of resilience', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['cause'] = cyclic;
  const thrown: readonly unknown[] = [
    undefined,
    null,
    0,
    '',
    Symbol('x'),
    {},
    cyclic,
    Object.freeze(new Error('x')),
  ];

  it('fail with a result whatever the service throws, by every strategy, with and without a fallback that throws too', async () => {
    for (const strategy of STRATEGIES) {
      for (const value of thrown) {
        const clock = new FakeClock();
        const orchestrator = made({}, clock);
        const fails = (): never => {
          throw value;
        };
        for (const fallback of [undefined, fails]) {
          const answer = orchestrator.protect('mail', { strategy, primary: fails, fallback });
          await clock.advance(120_000);
          expect(await answer).toMatchObject({ status: 'failed', metadata: { service: 'mail', strategy } });
        }
      }
    }
  });

  it('give what the service answered, whatever it is, thenables and results of every kind included', async () => {
    for (const strategy of STRATEGIES) {
      const protect = (primary: ServiceCall): Promise<StepResult<Executed>> =>
        made().protect('mail', { strategy, primary });
      for (const value of [undefined, null, 0, '', [], { status: 'failed' }]) {
        expect(await protect(() => value)).toMatchObject({ status: 'ok', data: { data: value } });
      }
      expect(await protect(() => ({ then: (ok: (value: number) => void) => ok(8) }))).toMatchObject({
        status: 'ok',
        data: { data: 8 },
      });
      expect(await protect(() => StepResult.skip('nothing to send'))).toMatchObject({
        status: 'skipped',
        reason: 'nothing to send',
      });
      expect(
        await protect(() => StepResult.uncertain(5, { reason: 'a guess', warnings: ['old'] })),
      ).toMatchObject({
        status: 'uncertain',
        reason: 'a guess',
        data: { data: 5 },
        warnings: ['old'],
      });
    }
  });

  it('that make no sense fail as the mistake they are, and know nothing of a service afterwards', async () => {
    const orchestrator = made();
    const ok = (): number => 1;
    for (const [service, request] of [
      ['', { strategy: 'retry', primary: ok }],
      [5, { strategy: 'retry', primary: ok }],
      ['mail', null],
      ['mail', {}],
      ['mail', { strategy: 'hope', primary: ok }],
      ['mail', { strategy: 'retry', primary: 'call' }],
      ['mail', { strategy: 'retry', primary: ok, fallback: 5 }],
      ['mail', { strategy: 'adaptive_routing', primary: ok, targets: { a: 5 } }],
      ['mail', { strategy: 'adaptive_routing', primary: ok, targets: 'a' }],
      ['mail', { strategy: 'adaptive_routing', primary: ok, targets: null }],
      ['mail', { strategy: 'retry', primary: ok, timeoutMs: '5' }],
      [Symbol('mail'), { strategy: 'retry', primary: ok }],
    ] as unknown as [string, GuardedRequest][]) {
      expect(await orchestrator.protect(service, request)).toMatchObject({
        status: 'failed',
        errorCategory: 'validation',
      });
    }
    expect(orchestrator.getHealthSummary(undefined as never).serviceHealth).toEqual({});
    const trapped = new Proxy({}, { get: () => { throw new Error('no'); } }); // prettier-ignore
    expect(await orchestrator.protect('mail', trapped as GuardedRequest)).toMatchObject({ status: 'failed' });
    const request: GuardedRequest = { strategy: 'fail_fast', primary: ok };
    expect(await orchestrator.protect('mail', request, null)).toMatchObject({ status: 'ok' });
    expect(await orchestrator.protect('mail', request, { signal: 5 as never })).toMatchObject({
      status: 'failed',
      errorCategory: 'configuration',
    });
  });

  it('are not begun for a caller that has cancelled, and end for one that does, by every strategy', async () => {
    for (const strategy of STRATEGIES) {
      const clock = new FakeClock();
      const orchestrator = made({}, clock);
      let calls = 0;
      const fallback = (): string => 'never';
      const caller = new AbortController();
      const primary: ServiceCall = ({ signal }) => {
        calls += 1;
        return new Promise((_, reject) => {
          // Not an AbortError: what it says after the cancel says nothing of the service.
          signal.addEventListener('abort', () => reject(new Error('socket closed')), { once: true });
        });
      };
      const running = orchestrator.protect(
        'mail',
        { strategy, primary, fallback },
        { signal: caller.signal },
      );
      await clock.advance(1);
      caller.abort();
      expect(await running).toMatchObject({ status: 'failed' });
      expect(calls).toBe(1);
      const after = await orchestrator.protect(
        'mail',
        { strategy, primary, fallback },
        { signal: caller.signal },
      );
      expect(after).toMatchObject({ status: 'failed', errorCategory: 'cancelled' });
      await clock.advance(120_000);
      expect(calls).toBe(1);
      const { serviceHealth } = orchestrator.getHealthSummary(undefined as never);
      expect(serviceHealth['mail']).toMatchObject({ totalRequests: 0, isHealthy: true });
    }
  });

  it('may come with different targets for one service at the same time', async () => {
    const orchestrator = made();
    const release: (() => void)[] = [];
    const slow =
      (name: string): ServiceCall =>
      () =>
        new Promise((resolve, reject) =>
          release.push(() => (name === 'b' ? resolve(name) : reject(new Error(`${name} is down`)))),
        );
    const request = (...names: string[]): GuardedRequest => ({
      strategy: 'adaptive_routing',
      primary: () => 'not asked',
      targets: Object.fromEntries(names.map((name) => [name, slow(name)])),
    });
    const one = orchestrator.protect('mail', request('a', 'b'), {}, () => 0);
    const other = orchestrator.protect('mail', request('c', 'd'), {}, () => 0);
    for (let turn = 0; turn < 4; turn += 1) {
      for (const each of release.splice(0)) each();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await one).toMatchObject({ status: 'ok', data: { target: 'b', attempts: 2 } });
    expect(await other).toMatchObject({ status: 'failed', error: 'd is down' });
  });

  it('try no other target once the time of the caller is up', async () => {
    const clock = new FakeClock();
    const orchestrator = made({}, clock);
    let calls = 0;
    const slow: ServiceCall = () =>
      new Promise((_, reject) => {
        calls += 1;
        clock.setTimeout(() => reject(new Error('down')), 60);
      });
    const answer = orchestrator.protect(
      'mail',
      { strategy: 'adaptive_routing', primary: slow, targets: { a: slow, b: slow, c: slow } },
      { expiresAt: 100 },
    );
    await clock.advance(1_000);
    expect(await answer).toMatchObject({ status: 'failed' });
    expect(calls).toBe(2);
  });

  it('let exactly two of a thousand callers through a half-open circuit, and refuse the others at once', async () => {
    const clock = new FakeClock();
    const orchestrator = made({ breaker: { jitterRatio: 0 } }, clock);
    const call = (primary: ServiceCall): Promise<StepResult<Executed>> =>
      orchestrator.protect('mail', { strategy: 'circuit_breaker', primary });
    for (let i = 0; i < 5; i += 1) await call(unavailable);
    await clock.advance(60_000);
    let bodies = 0;
    const release: (() => void)[] = [];
    const calls = Array.from({ length: 1_000 }, () =>
      call(() => {
        bodies += 1;
        return new Promise((resolve) => release.push(() => resolve('up')));
      }),
    );
    await clock.advance(0);
    expect(bodies).toBe(2);
    for (const each of release) each();
    const statuses = (await Promise.all(calls)).map((result) =>
      result.status === 'failed' ? result.errorCategory : result.status,
    );
    expect(statuses.filter((status) => status === 'ok')).toHaveLength(2);
    expect(statuses.filter((status) => status === 'circuit_breaker_open')).toHaveLength(998);
  });

  it('keep nothing of the call that first named a service', async () => {
    test = await TestHost.start({ orchestrators: [ResilienceOrchestrator] });
    const { facade } = test.host;
    const params = {
      operation: 'execute',
      serviceName: 'mail',
      strategy: 'adaptive_routing',
      primaryFunc: () => 1,
      targets: { a: () => 1, b: () => 2 },
    };
    const heap = async (): Promise<number> => {
      for (let round = 0; round < 3; round += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        globalThis.gc?.();
      }
      return process.memoryUsage().heapUsed;
    };
    const flood = async (tenant: string): Promise<void> => {
      for (let i = 0; i < 300; i += 1) {
        const metadata = { blob: 'x'.repeat(20_000) + String(i) };
        await facade.orchestrate('resilience', aContext({ tenantId: tenant, metadata }), {
          ...params,
          serviceName: `${tenant}-${i}`,
        });
      }
    };
    await flood('a');
    const before = await heap();
    await flood('b');
    // 300 contexts of 20 KB would be 6 MB.
    expect((await heap()) - before).toBeLessThan(4_000_000);
  });
});
