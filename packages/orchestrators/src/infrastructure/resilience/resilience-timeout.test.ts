import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { StepFailure, StepResult } from '@kapelle/core';
import { aContext, FakeClock, TestHost } from '@kapelle/core/testing';
import { createMetrics } from '@kapelle/observability';
import { ContainerModule } from 'inversify';
import { type Executed, ResilienceOrchestrator } from './resilience-orchestrator.js';
import { RESILIENCE_OPTIONS, type ResilienceOptions } from './resilience-options.js';
import { resilient } from './resilient.js';
import type { GuardedRequest, ServiceCall } from './service-guard.js';
import { STRATEGIES } from './strategy.js';

let test: TestHost | undefined;
afterEach(async () => {
  await test?.[Symbol.asyncDispose]();
  test = undefined;
});

const hangs: ServiceCall = () => new Promise(() => undefined);

async function start(options: ResilienceOptions = {}) {
  const clock = new FakeClock();
  test = await TestHost.start({
    orchestrators: [ResilienceOrchestrator],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(RESILIENCE_OPTIONS).toConstantValue(options);
      }),
    ],
    clock,
    random: () => 0.5,
  });
  const { host } = test;
  const orchestrator = host.container.get(ResilienceOrchestrator);
  const protect = (request: Partial<GuardedRequest>) =>
    orchestrator.protect('mail', { strategy: 'circuit_breaker', primary: hangs, ...request });
  const execute = (params: Record<string, unknown>, timeoutMs: number): Promise<StepResult<Executed>> =>
    host.facade.orchestrate<Executed>(
      'resilience',
      aContext(),
      { operation: 'execute', serviceName: 'mail', strategy: 'circuit_breaker', ...params },
      { timeoutMs },
    );
  return { clock, orchestrator, protect, execute, host };
}

describe('a service that hangs', () => {
  it.each(STRATEGIES)('is not waited for longer than 30 s, and counts as failed, by %s', async (strategy) => {
    const { clock, orchestrator, protect } = await start({ retry: { attempts: 1 } });
    let aborted = 0;
    const primary: ServiceCall = ({ signal }) =>
      new Promise(() => signal.addEventListener('abort', () => (aborted += 1)));
    const answers = Array.from({ length: 5 }, () => protect({ strategy, primary }));
    await clock.advance(29_999);
    expect(aborted).toBe(0);
    await clock.advance(1);
    for (const answer of answers) {
      expect(await answer).toMatchObject({ status: 'failed', errorCategory: 'timeout' });
    }
    expect(aborted).toBe(5);
    expect(orchestrator.breakers()).toEqual([
      { name: 'mail', state: strategy === 'circuit_breaker' ? 'open' : 'closed' },
    ]);
    const unhealthy = await test?.host.facade.orchestrate('resilience', aContext(), {
      operation: 'get_health_summary',
    });
    expect(unhealthy).toMatchObject({
      data: { serviceHealth: { mail: { isHealthy: false, errorCount: 5 } } },
    });
  });

  it('opens its breaker by callers that had given it enough time, not by those in a hurry', async () => {
    const { clock, orchestrator, execute } = await start();
    const hasty = Array.from({ length: 8 }, () => execute({ primaryFunc: hangs }, 1_000));
    await clock.advance(1_000);
    for (const each of hasty) expect(await each).toMatchObject({ errorCategory: 'timeout' });
    expect(orchestrator.breakers()).toEqual([{ name: 'mail', state: 'closed' }]);
    const patient = Array.from({ length: 5 }, () => execute({ primaryFunc: hangs }, 10_000));
    await clock.advance(10_000);
    for (const each of patient) expect(await each).toMatchObject({ errorCategory: 'timeout' });
    expect(orchestrator.breakers()).toEqual([{ name: 'mail', state: 'open' }]);
  });

  it('has its fallback when the time is up', async () => {
    const { clock, protect } = await start();
    const answer = protect({ fallback: (failure) => failure.category });
    await clock.advance(30_000);
    expect(await answer).toMatchObject({ status: 'uncertain', data: { data: 'timeout' } });
  });
});

describe('the time of a call', () => {
  it('is set for all, for one call, for a method, or not at all', async () => {
    const { clock, orchestrator, protect, execute } = await start({ callTimeoutMs: 100 });
    const { signal } = new AbortController();
    const seen: (number | boolean)[] = [];
    const watched: ServiceCall = (attempt) => {
      seen.push(attempt.attempt, attempt.signal.aborted, attempt.signal === signal);
      return hangs(attempt);
    };
    class Mailer {
      @resilient('mail', { strategy: 'fail_fast', timeoutMs: 20, orchestrator: () => orchestrator })
      send(): Promise<string> {
        return new Promise(() => undefined);
      }
    }
    const calls: readonly [number, Promise<unknown>][] = [
      [20, new Mailer().send()],
      [100, protect({ strategy: 'fail_fast', primary: watched })],
      [250, protect({ strategy: 'fail_fast', timeoutMs: 250 })],
      [400, execute({ strategy: 'fail_fast', primaryFunc: hangs, timeoutMs: 400 }, 60_000)],
    ];
    const settled: number[] = [];
    for (const [at, call] of calls) void call.catch(() => undefined).then(() => settled.push(at));
    const endless = protect({ strategy: 'fail_fast', timeoutMs: Infinity }).then(() =>
      settled.push(Infinity),
    );
    for (const [at, call] of calls) {
      await clock.advance(at - clock.monotonic());
      const outcome = await call.then(
        (result) => (result as StepResult).status,
        (error: unknown) => error instanceof StepFailure,
      );
      expect(outcome).toBe(at === 20 ? true : 'failed');
    }
    await clock.advance(86_400_000);
    expect(settled).toEqual([20, 100, 250, 400]);
    expect(seen).toEqual([1, false, false]);
    void endless;
  });

  it('is refused where it is none', async () => {
    const { protect, execute } = await start();
    for (const timeoutMs of [0, -1, NaN, 2 ** 31, null as never]) {
      expect(await protect({ timeoutMs })).toMatchObject({ status: 'failed', errorCategory: 'validation' });
    }
    expect(await execute({ primaryFunc: hangs, timeoutMs: 0 }, 10)).toMatchObject({
      errorCategory: 'validation',
    });
    expect(() => resilient('mail', { timeoutMs: NaN })).toThrow('timeoutMs of @resilient("mail")');
    expect(() => new ResilienceOrchestrator({ breaker: { probeTimeoutMs: 5_000 } })).not.toThrow();
    expect(() => new ResilienceOrchestrator({ callTimeoutMs: Infinity })).not.toThrow();
  });
});

describe('the breakers', () => {
  it('are in a scrape of the metrics, by service and state', async () => {
    const { host, orchestrator, protect } = await start();
    const metrics = createMetrics({ host, breakers: () => orchestrator.breakers() });
    for (let i = 0; i < 5; i += 1) {
      await protect({ primary: () => StepResult.fail('down', { errorCategory: 'service_unavailable' }) });
    }
    const { text } = await metrics.scrape();
    expect(text).toContain('kapelle_breaker_state{breaker="mail",state="open"} 1');
    metrics.close();
  });
});
