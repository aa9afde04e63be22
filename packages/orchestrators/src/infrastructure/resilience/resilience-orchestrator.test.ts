import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { OrchestrationFacade, resetOrchestrationFacade, StepFailure, StepResult } from '@kapelle/core';
import { aContext, FakeClock, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { type Executed, type HealthSummary, ResilienceOrchestrator } from './resilience-orchestrator.js';
import { RESILIENCE_OPTIONS, type ResilienceOptions } from './resilience-options.js';
import { getResilienceOrchestrator, resilient } from './resilient.js';

let test: TestHost | undefined;
afterEach(async () => {
  await test?.[Symbol.asyncDispose]();
  test = undefined;
  await resetOrchestrationFacade();
});

async function start(options: ResilienceOptions = {}, random: () => number = () => 0.5) {
  const clock = new FakeClock();
  test = await TestHost.start({
    orchestrators: [ResilienceOrchestrator],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(RESILIENCE_OPTIONS).toConstantValue(options);
      }),
    ],
    clock,
    random,
  });
  const { facade } = test.host;
  const execute = (params: Record<string, unknown>, signal?: AbortSignal): Promise<StepResult<Executed>> =>
    facade.orchestrate<Executed>('resilience', aContext(signal === undefined ? {} : { signal }), {
      operation: 'execute',
      serviceName: 'payments',
      ...params,
    });
  const summary = async (): Promise<HealthSummary> =>
    StepResult.unwrap(
      await facade.orchestrate<HealthSummary>('resilience', aContext(), { operation: 'get_health_summary' }),
    );
  return { clock, execute, summary, facade, test };
}

const unavailable = (): StepResult => StepResult.fail('down', { errorCategory: 'service_unavailable' });

describe('resilience.execute', () => {
  it('calls once and fails fast by default, with the category of the failure', async () => {
    const { execute } = await start();
    let calls = 0;
    const failing = () => {
      calls += 1;
      return unavailable();
    };
    expect(await execute({ primaryFunc: failing })).toMatchObject({
      status: 'failed',
      error: 'down',
      errorCategory: 'service_unavailable',
      metadata: { service: 'payments', strategy: 'fail_fast', attempts: 1 },
    });
    expect(calls).toBe(1);
    expect(await execute({ primaryFunc: async () => 'paid' })).toMatchObject({
      status: 'ok',
      data: { service: 'payments', strategy: 'fail_fast', data: 'paid', attempts: 1, usedFallback: false },
    });
  });

  it('retries with pauses what another attempt may help, under both names of the strategy', async () => {
    for (const strategy of ['retry', 'retry_with_backoff']) {
      const { clock, execute } = await start();
      let calls = 0;
      const answer = execute({
        strategy,
        primaryFunc: () => ((calls += 1) < 3 ? unavailable() : StepResult.ok('third time')),
      });
      await clock.advance(10);
      expect(calls).toBe(1);
      await clock.advance(10_000);
      expect(await answer).toMatchObject({
        status: 'ok',
        data: { strategy: 'retry', data: 'third time', attempts: 3 },
      });
      await test?.[Symbol.asyncDispose]();
    }
  });

  it('retries neither a mistake of the caller nor a bug', async () => {
    const { execute } = await start();
    let calls = 0;
    const bug = () => {
      calls += 1;
      throw new TypeError('x is not a function');
    };
    expect(await execute({ strategy: 'retry', primaryFunc: bug })).toMatchObject({
      errorCategory: 'execution',
    });
    expect(calls).toBe(1);
  });

  it('stops a pause at once when the caller cancels', async () => {
    const { clock, execute } = await start();
    const caller = new AbortController();
    let calls = 0;
    const answer = execute(
      {
        strategy: 'retry',
        primaryFunc: () => {
          calls += 1;
          return unavailable();
        },
        fallbackFunc: () => 'never for a cancelled call',
      },
      caller.signal,
    );
    await clock.advance(1);
    caller.abort();
    expect(await answer).toMatchObject({ status: 'failed', errorCategory: 'cancelled' });
    await clock.advance(60_000);
    expect(calls).toBe(1);
  });

  it('does not call a service while its circuit is open, lets probes through later, and closes again', async () => {
    const { clock, execute, summary } = await start({ breaker: { jitterRatio: 0 } });
    let up = false;
    let calls = 0;
    const call = (serviceName = 'payments') =>
      execute({
        serviceName,
        strategy: 'circuit_breaker',
        primaryFunc: () => {
          calls += 1;
          return up || serviceName !== 'payments' ? 'fine' : unavailable();
        },
      });
    for (let i = 0; i < 5; i += 1) await call();
    expect(await call()).toMatchObject({ errorCategory: 'circuit_breaker_open', retryAfterMs: 60_000 });
    expect(calls).toBe(5);
    expect(await call('mail')).toMatchObject({ status: 'ok' });
    expect((await summary()).circuitBreakers).toMatchObject({
      payments: { state: 'open' },
      mail: { state: 'closed' },
    });
    up = true;
    await clock.advance(60_000);
    expect(await call()).toMatchObject({ status: 'ok' });
    expect(await call()).toMatchObject({ status: 'ok' });
    expect((await summary()).circuitBreakers).toMatchObject({ payments: { state: 'closed' } });
  });

  it('takes the fallback after whatever strategy failed, and says so', async () => {
    const { clock, execute } = await start();
    const seen: string[] = [];
    const fallbackFunc = (failure: { category: string }) => {
      seen.push(failure.category);
      return 'from the cache';
    };
    for (const strategy of ['fail_fast', 'retry', 'circuit_breaker', 'adaptive_routing']) {
      const answer = execute({ serviceName: strategy, strategy, primaryFunc: unavailable, fallbackFunc });
      await clock.advance(30_000);
      expect(await answer).toMatchObject({
        status: 'uncertain',
        data: { data: 'from the cache', usedFallback: true, strategy },
        metadata: { fallback: true, fallback_for: 'service_unavailable' },
      });
    }
    expect(
      await execute({ strategy: 'graceful_degrade', primaryFunc: unavailable, fallbackFunc }),
    ).toMatchObject({
      status: 'ok',
      data: { usedFallback: true },
    });
    expect(seen).toHaveLength(5);
    expect(
      await execute({
        primaryFunc: unavailable,
        fallbackFunc: () => {
          throw new Error('the cache is gone too');
        },
      }),
    ).toMatchObject({ status: 'failed', error: 'down' });
  });

  it('routes by how targets have done, goes on to another where one fails, leaves bad ones out and takes them back', async () => {
    let seed = 7;
    const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    const { clock, execute, summary, test: host } = await start({}, random);
    const calls = { a: 0, b: 0, c: 0 };
    let broken = true;
    const target = (name: keyof typeof calls) => () => {
      calls[name] += 1;
      return name === 'a' && broken ? unavailable() : name;
    };
    const call = () =>
      execute({
        strategy: 'adaptive_routing',
        primaryFunc: () => 'not asked',
        targets: { a: target('a'), b: target('b'), c: target('c') },
      });
    for (let i = 0; i < 60; i += 1) expect(await call()).toMatchObject({ status: 'ok' });
    const { a } = (await summary()).routing['payments'] ?? {};
    expect(a).toMatchObject({ ejections: 1, failures: 5 });
    expect(a?.weight).toBeCloseTo(0.9 ** 5);
    expect(calls.a).toBe(5);
    expect(calls.b + calls.c).toBe(60);
    expect(host.logs.events('target_ejected')).toHaveLength(1);
    broken = false;
    await clock.advance(31_000);
    for (let i = 0; i < 60; i += 1) await call();
    expect(calls.a).toBeGreaterThan(8);
    expect((await summary()).routing['payments']?.['a']?.weight).toBeGreaterThan(0.8);
  });

  it('may be called by what it calls: one service that needs another', async () => {
    const { execute } = await start();
    const inner = () => execute({ serviceName: 'bank', primaryFunc: () => 'paid' });
    const outer = await execute({ primaryFunc: async () => StepResult.unwrap(await inner()) });
    expect(outer).toMatchObject({
      status: 'ok',
      data: { service: 'payments', data: { service: 'bank', data: 'paid' } },
    });
  });

  it('checks its params', async () => {
    const { execute } = await start();
    for (const wrong of [
      {},
      { primaryFunc: 'call me' },
      { primaryFunc: unavailable, strategy: 'hope' },
      { primaryFunc: unavailable, serviceName: '' },
      { primaryFunc: unavailable, strategy: 'adaptive_routing', targets: { a: 5 } },
    ]) {
      expect(await execute(wrong)).toMatchObject({ errorCategory: 'validation' });
    }
  });
});

describe('the health of services', () => {
  it('is evaluated every 30 s, told on changes only, and lets an old incident fade', async () => {
    const { clock, execute, test: host, summary } = await start();
    for (let i = 0; i < 6; i += 1) await execute({ primaryFunc: unavailable });
    await clock.advance(30_000);
    await clock.advance(30_000);
    const told = () => host.logs.events('service_health_changed').map(({ fields }) => fields?.['healthy']);
    expect(told()).toEqual([false]);
    expect((await summary()).serviceHealth['payments']).toMatchObject({
      isHealthy: false,
      errorCount: 6,
      successRate: 0,
    });
    await clock.advance(300_000);
    expect(told()).toEqual([false, true]);
    expect((await summary()).serviceHealth['payments']).toMatchObject({ isHealthy: true, totalRequests: 0 });
    expect(host.logs.events('health_monitor_started')).toHaveLength(1);
    await host.host.stop();
    expect(host.logs.events('health_monitor_stopped')).toHaveLength(1);
  });

  it('goes on after calls, and after a stop and a start', async () => {
    const { clock, execute, test: host } = await start();
    await execute({ primaryFunc: () => 1 });
    await host.host.stop();
    await host.host.start();
    for (let i = 0; i < 6; i += 1) await execute({ primaryFunc: unavailable });
    await clock.advance(30_000);
    expect(host.logs.events('service_health_changed')).toHaveLength(1);
  });

  it('switches features off after two bad evaluations and on after three good ones', async () => {
    const {
      clock,
      execute,
      summary,
      test: host,
      facade,
    } = await start({
      degradation: { criticalServices: ['payments'] },
    });
    const { degradation } = facade.get('resilience') as ResilienceOrchestrator;
    degradation.declare('recommendations', { until: 'normal' });
    degradation.declare('invoices', { until: 'critical', services: ['payments'] });
    degradation.declare('search', { until: 'critical' });
    for (let i = 0; i < 6; i += 1) await execute({ primaryFunc: unavailable });
    await clock.advance(30_000);
    expect((await summary()).degradationMode).toBe('normal');
    await clock.advance(30_000);
    expect(await summary()).toMatchObject({
      degradationMode: 'critical',
      featuresOff: ['recommendations', 'invoices'],
    });
    expect(host.host.health().orchestrators['resilience']).toMatchObject({ status: 'degraded' });
    await clock.advance(300_000);
    await clock.advance(60_000);
    expect(await summary()).toMatchObject({ degradationMode: 'normal', featuresOff: [] });
    expect(host.logs.events('degradation_mode_changed')).toHaveLength(2);
  });

  it('is not hurt by what callers do wrong', async () => {
    const { execute, summary } = await start();
    const notFound = () => StepResult.fail('no such order', { errorCategory: 'not_found' });
    for (let i = 0; i < 10; i += 1) await execute({ strategy: 'circuit_breaker', primaryFunc: notFound });
    expect(await summary()).toMatchObject({
      serviceHealth: { payments: { isHealthy: true, totalRequests: 0 } },
      circuitBreakers: { payments: { state: 'closed' } },
    });
  });

  it('is kept for a bounded number of services, open circuits longest', async () => {
    const { execute, summary } = await start({ maxServices: 3 });
    for (let i = 0; i < 5; i += 1) {
      await execute({ serviceName: 'broken', strategy: 'circuit_breaker', primaryFunc: unavailable });
    }
    for (let i = 0; i < 50; i += 1) await execute({ serviceName: `s${String(i)}`, primaryFunc: () => 1 });
    expect(Object.keys((await summary()).serviceHealth)).toEqual(['broken', 's48', 's49']);
  });

  it('can be overruled by hand', async () => {
    const { execute, facade } = await start();
    const call = () => execute({ strategy: 'circuit_breaker', primaryFunc: () => 'fine' });
    const by = (operation: string, serviceName: string) =>
      facade.orchestrate('resilience', aContext(), { operation, serviceName });
    expect(await by('isolate', 'payments')).toMatchObject({ data: { state: 'isolated' } });
    expect(await call()).toMatchObject({ errorCategory: 'circuit_breaker_open' });
    expect(await by('reset', 'payments')).toMatchObject({ data: { state: 'closed' } });
    expect(await call()).toMatchObject({ status: 'ok' });
    expect(await by('reset', 'unheard_of')).toMatchObject({ errorCategory: 'not_found' });
  });
});

describe('@resilient', () => {
  it('gives what the method returned, not a result of it, and remembers how it went', async () => {
    class Prices {
      calls = 0;
      @resilient('prices', { strategy: 'fail_fast' })
      async of(sku: string): Promise<string> {
        this.calls += 1;
        return Promise.resolve(`${sku} costs 3`);
      }
      @resilient('prices', { strategy: 'fail_fast', fallback: () => 'about 5' })
      async guess(): Promise<string> {
        return Promise.reject(new Error('no idea'));
      }
      @resilient('prices', { strategy: 'circuit_break' })
      async broken(): Promise<string> {
        return Promise.reject(new Error('no idea'));
      }
    }
    const prices = new Prices();
    expect(await prices.of('KP-1')).toBe('KP-1 costs 3');
    expect(await prices.guess()).toBe('about 5');
    await expect(prices.broken()).rejects.toThrow(StepFailure);
    expect(prices.calls).toBe(1);
    const orchestrator = getResilienceOrchestrator();
    expect(getResilienceOrchestrator()).toBe(orchestrator);
    expect(orchestrator.getHealthSummary(undefined as never).serviceHealth['prices']?.totalRequests).toBe(3);
  });

  it('uses the orchestrator it is given', async () => {
    const own = new ResilienceOrchestrator();
    new OrchestrationFacade().register(own);
    class Mail {
      @resilient('mail', { orchestrator: () => own })
      async send(): Promise<number> {
        return Promise.resolve(1);
      }
    }
    expect(await new Mail().send()).toBe(1);
    expect(own.getHealthSummary(undefined as never).serviceHealth).toHaveProperty('mail');
  });
});
