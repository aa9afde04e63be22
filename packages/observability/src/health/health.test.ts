import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import {
  BaseOrchestrator,
  createOrchestrationHost,
  defineOrchestrator,
  type HealthStatus,
  type OperationContext,
} from '@kapelle/core';
import { aContext, FakeClock } from '@kapelle/core/testing';
import fc from 'fast-check';
import {
  type BreakerState,
  type DelayHistogram,
  EventLoopSampler,
  healthHandler,
  HealthMonitor,
  type HealthMonitorOptions,
  HealthOptionError,
  type HealthReport,
  healthScore,
  shedWhenLate,
} from '../index.js';
import { breakerFactor, latencyFactor, saturationFactor } from './health-score.js';
import { Hysteresis } from './hysteresis.js';
import { RecentCalls } from './recent-calls.js';

describe('healthScore', () => {
  it('is the product of its factors, from 0 to 100, whatever they are', () => {
    expect(healthScore({})).toBe(100);
    expect(healthScore({ success: 0.9, latency: 0.5, breaker: 0.5 })).toBe(23);
    expect(healthScore({ success: 1, restarts: 0 })).toBe(0);
    const factor = fc.oneof(fc.double(), fc.constantFrom(0, 1, NaN, -1));
    fc.assert(
      fc.property(
        fc.record({
          success: factor,
          latency: factor,
          breaker: factor,
          saturation: factor,
          restarts: factor,
        }),
        (factors) => {
          const score = healthScore(factors);
          expect(score >= 0 && score <= 100).toBe(true);
        },
      ),
    );
  });

  it('has the factors it says it has', () => {
    expect([0, 0.7, 0.85, 1, 2].map(saturationFactor)).toEqual([
      1,
      1,
      expect.closeTo(0.5, 9),
      expect.closeTo(0, 9),
      0,
    ]);
    expect([
      latencyFactor(100, 50),
      latencyFactor(100, 400),
      latencyFactor(undefined, 400),
      latencyFactor(100, undefined),
    ]).toEqual([1, 0.25, 1, 1]);
    for (const none of [NaN, 0, -5]) expect(latencyFactor(none, 400)).toBe(1);
    expect(breakerFactor('ajar' as BreakerState)).toBe(1);
    expect(breakerFactor('toString' as BreakerState)).toBe(1);
    const states: (BreakerState | undefined)[] = ['closed', 'half-open', 'open', 'isolated', undefined];
    expect(states.map(breakerFactor)).toEqual([1, 0.5, 0, 0, 1]);
  });
});

describe('Hysteresis', () => {
  it('goes down after two bad samples and comes up after three good ones', () => {
    const seen = (samples: string): string => {
      const names: Readonly<Record<string, HealthStatus>> = { h: 'healthy', d: 'degraded', u: 'unhealthy' };
      const hysteresis = new Hysteresis(2, 3);
      return [...samples].map((each) => hysteresis.next(names[each] as HealthStatus).charAt(0)).join('');
    };
    expect(seen('hdhdhh')).toBe('hhhhhh');
    expect(seen('huuhhuhhhd')).toBe('hhuuuuuuhh');
    expect(seen('duddd')).toBe('hdddd');
    expect(seen('uuhdhuu')).toBe('huuuddu');
  });
});

describe('RecentCalls', () => {
  it('says nothing before ten calls, forgets with time, and never counts totals', () => {
    const calls = new RecentCalls(60_000);
    for (let index = 0; index < 9; index += 1) calls.note(false, 10, 0);
    expect(calls.successRatio(0)).toBe(1);
    calls.note(false, 10, 0);
    expect(calls.successRatio(0)).toBe(0);
    for (let index = 0; index < 100; index += 1) calls.note(true, 200, 60_000);
    expect(calls.successRatio(60_000)).toBeCloseTo(100 / (100 + 10 * Math.exp(-1)), 10);
    expect(calls.p95Ms(60_000)).toBeCloseTo(200, -1);
    expect(calls.successRatio(600_000)).toBe(1);
    expect(calls.p95Ms(600_000)).toBeUndefined();
  });
});

/** A host of one worker whose calls and tasks a test decides, with a monitor. */
async function monitored(options: HealthMonitorOptions = {}) {
  const clock = new FakeClock();
  let crash = false;
  class Worker extends BaseOrchestrator {
    async work(context: OperationContext, { fail, takesMs = 0 }: { fail?: boolean; takesMs?: number }) {
      if (takesMs > 0) await context.sleep(takesMs);
      if (fail === true) throw new Error('broken');
    }
    async loop() {
      if (crash) throw new Error('crashed');
    }
  }
  defineOrchestrator(Worker, {
    layer: 'domain',
    type: 'monitoring',
    operations: ['work'],
    background: { loop: { everyMs: 1_000, jitterRatio: 0 } },
  });
  class Helper extends BaseOrchestrator {
    help() {
      return 1;
    }
  }
  defineOrchestrator(Helper, { layer: 'domain', type: 'business_logic', operations: ['help'] });
  const host = createOrchestrationHost({ orchestrators: [Worker, Helper], clock });
  await host.start();
  const monitor = new HealthMonitor(host, { clock, ...options });
  monitor.start();
  const call = async (count: number, params: { fail?: boolean; takesMs?: number } = {}): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      const ended = host.facade.orchestrate('worker', aContext(), params);
      await clock.advance(params.takesMs ?? 0);
      await ended;
    }
  };
  const end = async (): Promise<void> => {
    monitor.stop();
    await host.stop();
    expect(clock.pending).toBe(0);
  };
  return { host, monitor, clock, call, end, crash: (on: boolean) => (crash = on) };
}

describe('HealthMonitor', () => {
  it('turns by samples, not by moments, and recovers when the last minute is good', async () => {
    const { monitor, clock, call, end } = await monitored();
    await call(20);
    expect(monitor.report()).toMatchObject({ status: 'healthy', live: true, ready: true, score: 100 });
    await call(60, { fail: true });
    expect(monitor.report()).toMatchObject({
      status: 'healthy',
      ready: true,
      score: 25,
      orchestrators: { worker: { factors: { success: 0.25 } } },
    });
    await clock.advance(5_000);
    expect(monitor.report().status).toBe('healthy');
    await clock.advance(5_000);
    expect(monitor.report()).toMatchObject({
      status: 'unhealthy',
      live: true,
      ready: false,
      orchestrators: { worker: { status: 'unhealthy', required: true } },
    });
    await clock.advance(120_000);
    await call(40);
    await clock.advance(10_000);
    expect(monitor.report()).toMatchObject({ ready: true });
    await clock.advance(5_000);
    expect(monitor.report()).toMatchObject({
      status: 'healthy',
      orchestrators: { worker: { status: 'healthy' } },
    });
    await end();
  });

  it('goes on sampling where the functions it asks throw', async () => {
    const fail = (): never => {
      throw new Error('no');
    };
    const { monitor, clock, call, end } = await monitored({ latencyTargetMs: fail, breakerState: fail });
    await call(20, { fail: true });
    await clock.advance(10_000);
    expect(monitor.report()).toMatchObject({
      status: 'unhealthy',
      orchestrators: { worker: { factors: { latency: 1, breaker: 1 } } },
    });
    await end();
  });

  it('counts latency against its target, the breaker, and restarts within the window', async () => {
    let breaker: BreakerState = 'closed';
    const { monitor, clock, call, end, crash } = await monitored({
      latencyTargetMs: (name) => (name === 'worker' ? 50 : undefined),
      breakerState: (name) => (name === 'worker' ? breaker : undefined),
    });
    await call(5, { takesMs: 100 });
    expect(monitor.report().orchestrators['worker']?.factors.latency).toBeCloseTo(0.5, 1);
    breaker = 'half-open';
    expect(monitor.report().score).toBeGreaterThan(20);
    expect(monitor.report().score).toBeLessThan(30);
    breaker = 'closed';
    crash(true);
    await clock.advance(2_500);
    const { restarts } = monitor.report().orchestrators['worker']?.factors ?? { restarts: 1 };
    expect(restarts).toBeLessThan(1);
    crash(false);
    await clock.advance(120_000);
    expect(monitor.report()).toMatchObject({
      score: 100,
      orchestrators: { worker: { factors: { restarts: 1, latency: 1 } } },
    });
    await end();
  });

  it('lets optional orchestrators degrade the host, not make it unready', async () => {
    const { monitor, clock, call, end } = await monitored({ optional: ['worker'] });
    await call(30, { fail: true });
    await clock.advance(10_000);
    expect(monitor.report()).toMatchObject({ status: 'degraded', ready: true, score: 100, optionalScore: 0 });
    await end();
  });

  it('takes an orchestrator that is declared with required: false for an optional one', async () => {
    const clock = new FakeClock();
    class Extra extends BaseOrchestrator {
      override health() {
        return { status: 'unhealthy' as const, score: 0, message: 'gone' };
      }
      work() {
        return 1;
      }
    }
    defineOrchestrator(Extra, {
      layer: 'domain',
      type: 'business_logic',
      operations: ['work'],
      required: false,
    });
    const host = createOrchestrationHost({ orchestrators: [Extra], clock });
    const monitor = new HealthMonitor(host, { clock });
    await host.start();
    monitor.start();
    await clock.advance(20_000);
    expect(monitor.report()).toMatchObject({
      status: 'degraded',
      ready: true,
      score: 100,
      optionalScore: 0,
      orchestrators: { extra: { status: 'unhealthy', required: false } },
    });
    monitor.stop();
    await host.stop();
  });

  it('is not ready while the host is not, and says why an orchestrator is bad', async () => {
    const clock = new FakeClock();
    class Sick extends BaseOrchestrator {
      override health() {
        return { status: 'degraded' as const, score: 40, message: 'cache is cold' };
      }
      work() {
        return 1;
      }
    }
    defineOrchestrator(Sick, { layer: 'domain', type: 'business_logic', operations: ['work'] });
    const host = createOrchestrationHost({ orchestrators: [Sick], clock });
    const monitor = new HealthMonitor(host, { clock });
    expect(monitor.report()).toMatchObject({ status: 'unhealthy', ready: false, live: true, score: 0 });
    await host.start();
    monitor.start();
    monitor.start();
    expect(monitor.report()).toMatchObject({
      ready: true,
      score: 40,
      orchestrators: { sick: { message: 'cache is cold' } },
    });
    await clock.advance(10_000);
    expect(monitor.report()).toMatchObject({ status: 'degraded', ready: true });
    await host.stop();
    expect(monitor.report()).toMatchObject({ ready: false });
    monitor.stop();
  });

  it('refuses options it cannot use', async () => {
    const { host, end } = await monitored();
    const wrong: HealthMonitorOptions[] = [
      { sampleEveryMs: 0 },
      { windowMs: NaN },
      { degradedBelow: 101 },
      { degradedBelow: 10, unhealthyBelow: 20 },
    ];
    for (const options of wrong) expect(() => new HealthMonitor(host, options)).toThrow(HealthOptionError);
    expect(() => new EventLoopSampler({ everyMs: 0 })).toThrow(
      'everyMs is 0. Give a number from 1 to 2147483647. [OBSERVABILITY_HEALTH_OPTION]',
    );
    await end();
  });
});

/** A histogram that measures what a test says. */
class FakeDelays implements DelayHistogram {
  p99Ms = 0;
  max = 20e6;
  isOn = false;
  percentile(): number {
    return (this.p99Ms + 20) * 1e6;
  }
  reset(): void {}
  enable(): boolean {
    return (this.isOn = true);
  }
  disable(): boolean {
    this.isOn = false;
    return true;
  }
}

describe('EventLoopSampler', () => {
  it('sheds after two late samples, is not ready after three very late ones, and is well again after three', async () => {
    const clock = new FakeClock();
    const delays = new FakeDelays();
    const sampler = new EventLoopSampler({ clock, histogram: () => delays });
    sampler.start();
    sampler.start();
    const after = async (p99Ms: number): Promise<string> => {
      delays.p99Ms = p99Ms;
      await clock.advance(1_000);
      const { isShedding, isReady } = sampler.state;
      return `${isShedding ? 'shed' : 'take'} ${isReady ? 'ready' : 'unready'}`;
    };
    const seen: string[] = [];
    for (const ms of [50, 150, 50, 150, 150, 600, 600, 600, 10, 10, 10]) seen.push(await after(ms));
    expect(seen).toEqual([
      'take ready', 'take ready', 'take ready', 'take ready', 'shed ready', 'shed ready', 'shed ready', 'shed unready',
      'shed unready', 'shed unready', 'take ready',
    ]); // prettier-ignore
    expect(sampler.state).toMatchObject({ p99Ms: 10, maxMs: 0, isLive: true });
    delays.max = 5_100e6;
    await clock.advance(1_000);
    expect(sampler.state.isLive).toBe(false);
    delays.max = 30e6;
    await clock.advance(1_000);
    expect(sampler.state.isLive).toBe(true);
    expect(clock.keptAlive).toBe(0);
    sampler.stop();
    expect([delays.isOn, clock.pending]).toEqual([false, 0]);
  });

  it('measures a real loop that stood still', async () => {
    const sampler = new EventLoopSampler({ clock: new FakeClock(), resolutionMs: 1 });
    sampler.start();
    const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
    await turn();
    const until = performance.now() + 60;
    while (performance.now() < until);
    await turn();
    expect(sampler.sample().maxMs).toBeGreaterThan(30);
    sampler.stop();
  });

  it('refuses calls from outside while it sheds, and makes a host unready', async () => {
    const delays = new FakeDelays();
    const eventLoopClock = new FakeClock();
    const eventLoop = new EventLoopSampler({ clock: eventLoopClock, histogram: () => delays });
    const { host, monitor, end } = await monitored({ eventLoop });
    host.facade.use(shedWhenLate(eventLoop));
    expect((await host.facade.orchestrate('helper', aContext())).status).toBe('ok');
    delays.p99Ms = 800;
    await eventLoopClock.advance(3_000);
    expect(await host.facade.orchestrate('helper', aContext())).toMatchObject({
      status: 'failed',
      errorCategory: 'service_overloaded',
      retryable: true,
      retryAfterMs: 1_000,
    });
    expect(monitor.report()).toMatchObject({
      live: true,
      ready: false,
      status: 'unhealthy',
      eventLoop: { p99Ms: 800, isReady: false },
    });
    await end();
    expect(delays.isOn).toBe(false);
  });
});

describe('healthHandler', () => {
  const well: HealthReport = { status: 'healthy', live: true, ready: true, score: 100, orchestrators: {} };

  it('answers probes with the right status codes, as JSON, over real HTTP', async () => {
    let report: HealthReport | undefined = well;
    const server = createServer(
      healthHandler({
        report: () => {
          if (report === undefined) throw new Error('secret');
          return report;
        },
      }),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const ask = (path: string, method = 'GET'): Promise<string> =>
      new Promise((resolve, reject) => {
        request({ port, path, method, host: '127.0.0.1' }, (response) => {
          let text = '';
          response.on('data', (chunk) => (text += String(chunk)));
          response.on('end', () =>
            resolve(
              `${String(response.statusCode)} ${String(response.headers['allow'] ?? response.headers['cache-control'])} ${text}`,
            ),
          );
        })
          .on('error', reject)
          .end();
      });
    expect(await ask('/live')).toBe('200 no-store {"live":true}');
    expect(await ask('/ready?x=1')).toBe('200 no-store {"ready":true,"status":"healthy"}');
    expect(await ask('/health')).toBe(`200 no-store ${JSON.stringify(well)}`);
    expect(await ask('/health', 'HEAD')).toBe('200 no-store ');
    expect(await ask('/ready', 'POST')).toBe('405 GET, HEAD {"error":"Use GET or HEAD."}');
    for (const path of ['/', '/nothing', '/constructor', '/__proto__'])
      expect(await ask(path)).toMatch(/^404 /);
    report = { ...well, status: 'unhealthy', ready: false };
    expect(await ask('/ready')).toBe('503 no-store {"ready":false,"status":"unhealthy"}');
    expect(await ask('/live')).toMatch(/^200 /);
    expect(await ask('/health')).toMatch(/^503 /);
    report = { ...well, live: false };
    expect(await ask('/live')).toBe('503 no-store {"live":false}');
    report = undefined;
    expect(await ask('/health')).toBe('503 no-store {"error":"The report cannot be made."}');
    await new Promise((resolve) => server.close(resolve));
  });
});
