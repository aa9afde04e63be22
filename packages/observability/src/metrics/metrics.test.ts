import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';
import {
  background,
  BaseOrchestrator,
  consumes,
  createOrchestrationHost,
  type HostOptions,
  operation,
  type OperationContext,
  OrchestrationFacade,
  orchestrator,
  StepResult,
} from '@kapelle/core';
import { aContext, FakeClock } from '@kapelle/core/testing';
import fc from 'fast-check';
import { type OpenMetricsContentType, Registry } from 'prom-client';

import { DEFAULT_BUCKETS, DurationScale } from './duration-scale.js';
import { METRIC_FAMILIES, PROCESS_FAMILIES } from './metric-families.js';
import { createMetrics, type Metrics } from './metrics.js';
import { MetricsOptionsError } from './metrics-error.js';
import type { MetricsOptions } from './metrics-options.js';

@orchestrator('domain', 'business_logic', { maxConcurrency: 1 })
class ShopOrchestrator extends BaseOrchestrator {
  @operation({ default: true })
  async sell(context: OperationContext, { ms = 0, as }: { ms?: number; as?: string } = {}) {
    if (ms > 0) await context.sleep(ms);
    if (as === 'failed') return StepResult.fail('out of stock', { errorCategory: 'not_found' });
    if (as === 'skipped') return StepResult.skip('closed');
    if (as === 'uncertain') return StepResult.uncertain(1);
    return 1;
  }
}

@orchestrator('domain', 'business_logic')
class FlakyOrchestrator extends BaseOrchestrator {
  @operation()
  async fetch(context: OperationContext, { fails }: { fails: number }) {
    let runs = 0;
    return context.step(
      `page of ${context.requestId}`,
      () => {
        runs += 1;
        if (runs <= fails) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
        return runs;
      },
      { retry: { maxAttempts: 3, baseMs: 1, capMs: 1 } },
    );
  }
}

let release: () => void = () => undefined;

@orchestrator('infrastructure', 'monitoring')
class InboxOrchestrator extends BaseOrchestrator {
  @operation()
  put() {
    return this.queue<number>('mail').offer(1);
  }

  @consumes({ queue: 'mail', capacity: 2, retry: { maxAttempts: 2, baseMs: 0 } })
  async read() {
    await new Promise<void>((resolve) => (release = resolve));
    throw new Error('no mail');
  }

  @background({
    everyMs: 1_000,
    jitterRatio: 0,
    restart: { maxRestarts: 1, withinMs: 100_000, baseMs: 10, capMs: 10 },
  })
  poll() {
    throw new Error('no network');
  }

  override cleanup() {
    throw new Error('no cleanup');
  }
}

const ended: (() => unknown)[] = [];
afterEach(async () => {
  release();
  for (const end of ended.splice(0).reverse()) await end();
});

async function start(
  options: Omit<MetricsOptions, 'host' | 'facade'> = {},
  hostOptions: Partial<HostOptions> = {},
) {
  const clock = new FakeClock();
  const host = createOrchestrationHost({
    orchestrators: [ShopOrchestrator, InboxOrchestrator],
    clock,
    ...hostOptions,
  });
  const metrics = createMetrics({ host, clock, ...options });
  ended.push(() => metrics.close());
  await host.start();
  ended.push(async () => {
    const stopped = host.stop();
    release();
    await clock.advance(60_000);
    await stopped;
  });
  return { clock, host, facade: host.facade, metrics };
}

/** The lines of a scrape that begin with `start`, in order. */
async function lines(metrics: Metrics, start: string): Promise<string[]> {
  const { text } = await metrics.scrape();
  return text.split('\n').filter((line) => line.startsWith(start));
}

describe('createMetrics', () => {
  it.each(['without a limit', 'with one'])('times calls on its own clock, calls %s', async (how) => {
    const clock = new FakeClock();
    const { clock: hostClock, facade, metrics } = await start({ clock, buckets: [1, 5] });
    await hostClock.advance(60_000);
    const options = how === 'with one' ? { timeoutMs: 10_000 } : undefined;
    const call = facade.orchestrate('shop', aContext(), { ms: 100 }, options);
    await clock.advance(3_000);
    await hostClock.advance(100);
    expect((await call).success).toBe(true);
    expect(await lines(metrics, 'kapelle_call_duration_seconds')).toContain(
      'kapelle_call_duration_seconds_sum{orchestrator="shop",layer="domain",operation="sell"} 3',
    );
  });

  it('counts calls by status and category, and times them', async () => {
    const { facade, metrics, clock } = await start({ buckets: [0.1, 1] });
    const sell = async (params: object) => {
      const answer = facade.orchestrate('shop', aContext(), params);
      await clock.advance(2_000);
      return answer;
    };
    await sell({});
    await sell({ ms: 100 });
    await sell({ ms: 101 });
    await sell({ as: 'failed', ms: 1_500 });
    await sell({ as: 'skipped' });
    await sell({ as: 'uncertain' });
    await facade.orchestrate('shop', aContext(), { operation: 'steal' });
    await facade.orchestrate('shops', aContext());

    const labels = 'orchestrator="shop",layer="domain",operation="sell"';
    expect(await lines(metrics, 'kapelle_calls_total')).toEqual([
      `kapelle_calls_total{${labels},status="ok",error_category=""} 3`,
      `kapelle_calls_total{${labels},status="skipped",error_category=""} 1`,
      `kapelle_calls_total{${labels},status="uncertain",error_category=""} 1`,
      `kapelle_calls_total{${labels},status="failed",error_category="not_found"} 1`,
    ]);
    expect(await lines(metrics, 'kapelle_call_duration_seconds')).toEqual([
      `kapelle_call_duration_seconds_bucket{${labels},le="0.1"} 4`,
      `kapelle_call_duration_seconds_bucket{${labels},le="1"} 5`,
      `kapelle_call_duration_seconds_bucket{${labels},le="+Inf"} 6`,
      `kapelle_call_duration_seconds_sum{${labels}} 1.701`,
      `kapelle_call_duration_seconds_count{${labels}} 6`,
    ]);
    expect(await lines(metrics, 'kapelle_calls_refused_total')).toEqual([
      'kapelle_calls_refused_total{orchestrator="shop",error_category="validation"} 1',
      'kapelle_calls_refused_total{orchestrator="other",error_category="not_found"} 1',
    ]);
  });

  it('shows what is in flight, what waits, and what was answered and runs on', async () => {
    const { facade, metrics, clock } = await start();
    const answers = [1, 2, 3].map((n) =>
      facade.orchestrate('shop', aContext(), { ms: 100 }, n === 1 ? { timeoutMs: 50 } : {}),
    );
    await clock.advance(0);
    expect(await lines(metrics, 'kapelle_calls_in_flight')).toEqual([
      'kapelle_calls_in_flight{orchestrator="shop",layer="domain",operation="sell"} 3',
    ]);
    expect(await lines(metrics, 'kapelle_calls_waiting{orchestrator="shop"')).toEqual([
      'kapelle_calls_waiting{orchestrator="shop",layer="domain"} 2',
    ]);
    await clock.advance(1_000);
    const [first] = await Promise.all(answers);
    expect(first).toMatchObject({ errorCategory: 'timeout' });
    expect(await lines(metrics, 'kapelle_calls_in_flight')).toEqual([
      'kapelle_calls_in_flight{orchestrator="shop",layer="domain",operation="sell"} 0',
    ]);
    expect(await lines(metrics, 'kapelle_calls_abandoned{orchestrator="shop"')).toEqual([
      'kapelle_calls_abandoned{orchestrator="shop",layer="domain"} 0',
    ]);
  });

  it('shows queues, background tasks and the lifecycle', async () => {
    const { facade, metrics, clock, host } = await start();
    for (let item = 0; item < 5; item += 1) {
      await facade.orchestrate('inbox', aContext());
      await clock.advance(0);
    }
    const of = 'orchestrator="inbox",layer="infrastructure"';
    expect(await lines(metrics, 'kapelle_queue_')).toEqual([
      `kapelle_queue_depth{${of},queue="mail"} 2`,
      `kapelle_queue_capacity{${of},queue="mail"} 2`,
      `kapelle_queue_refused_total{${of},queue="mail"} 2`,
      `kapelle_queue_dropped_total{${of},queue="mail"} 0`,
    ]);
    release();
    await clock.advance(0);
    expect(await lines(metrics, 'kapelle_queue_retries')).toEqual([
      `kapelle_queue_retries_total{${of},queue="mail"} 1`,
    ]);
    release();
    await clock.advance(0);
    expect(await lines(metrics, 'kapelle_queue_failed')).toEqual([
      `kapelle_queue_failed_items_total{${of},queue="mail"} 1`,
    ]);

    await clock.advance(5_000);
    expect(await lines(metrics, 'kapelle_background_')).toEqual([
      `kapelle_background_runs_total{${of},task="poll"} 2`,
      `kapelle_background_failures_total{${of},task="poll"} 2`,
      `kapelle_background_restarts_total{${of},task="poll"} 1`,
      `kapelle_background_given_up{${of},task="poll"} 1`,
    ]);
    expect(await lines(metrics, 'kapelle_orchestrator_state')).toEqual([
      'kapelle_orchestrator_state{orchestrator="shop",layer="domain",state="running"} 1',
      `kapelle_orchestrator_state{${of},state="degraded"} 1`,
    ]);
    expect(await lines(metrics, 'kapelle_host_state{state="running"}')).toEqual([
      'kapelle_host_state{state="running"} 1',
    ]);
    expect(await lines(metrics, 'kapelle_host_start_duration_seconds')).toEqual([
      'kapelle_host_start_duration_seconds 0',
    ]);
    expect(await lines(metrics, `kapelle_orchestrator_health_score{${of}}`)).toHaveLength(1);

    const stopped = host.stop();
    release();
    await clock.advance(60_000);
    release();
    await stopped;
    expect(await lines(metrics, 'kapelle_lifecycle_failures_total')).toContain(
      `kapelle_lifecycle_failures_total{${of},phase="cleanup",kind="error"} 1`,
    );
    expect(await lines(metrics, 'kapelle_host_state{state="stopped"}')).toEqual([
      'kapelle_host_state{state="stopped"} 1',
    ]);
    expect(await lines(metrics, 'kapelle_event_loop')).toEqual([]);
  });

  it('counts attempts of steps beyond the first, by operation and not by the name of the step', async () => {
    const { metrics, facade, clock } = await start({}, { orchestrators: [FlakyOrchestrator] });
    for (const fails of [0, 1, 2, 3]) {
      const call = facade.orchestrate('flaky', aContext(), { operation: 'fetch', fails });
      await clock.advance(1_000);
      await call;
    }
    expect(await lines(metrics, 'kapelle_step_retries_total')).toEqual([
      'kapelle_step_retries_total{orchestrator="flaky",layer="domain",operation="fetch"} 5',
    ]);
    expect(await lines(metrics, 'kapelle_calls_total')).toHaveLength(2);
  });

  it('watches the event loop while the host is up', async () => {
    const { metrics } = await start();
    const delays = await lines(metrics, 'kapelle_event_loop_delay_seconds');
    expect(delays.map((line) => line.replace(/ [^ ]+$/, ''))).toEqual(
      ['mean', 'p50', 'p99', 'max'].map((stat) => `kapelle_event_loop_delay_seconds{stat="${stat}"}`),
    );
    for (const line of delays) expect(Number(line.split(' ')[1])).toBeGreaterThanOrEqual(0);
    const [utilization] = await lines(metrics, 'kapelle_event_loop_utilization_ratio');
    expect(Number(utilization?.split(' ')[1])).toBeLessThanOrEqual(1);
  });

  it('asks for the states of breakers, each name once, and goes on where that fails', async () => {
    const breakers = [
      { name: 'llm', state: 'open' },
      { name: 'mail', state: 'closed' },
      { name: 'llm', state: 'closed' },
    ];
    let fails = false;
    const { metrics } = await start({
      breakers: () => {
        if (fails) throw new Error('no breakers');
        return breakers;
      },
    });
    expect(await lines(metrics, 'kapelle_breaker_state')).toEqual([
      'kapelle_breaker_state{breaker="llm",state="open"} 1',
      'kapelle_breaker_state{breaker="mail",state="closed"} 1',
    ]);
    fails = true;
    expect(await lines(metrics, 'kapelle_breaker_state')).toEqual([]);
    expect(await lines(metrics, 'kapelle_host_state')).toHaveLength(7);
  });

  it('has a tenant label only on request, and then bounded', async () => {
    const { metrics, facade } = await start({ tenantLabel: { max: 2 } });
    for (const tenantId of ['a', 'b', 'c"\n', 'd', 'a'])
      await facade.orchestrate('shop', aContext({ tenantId }));
    const labels = 'orchestrator="shop",layer="domain",operation="sell"';
    const rest = 'status="ok",error_category=""';
    expect(await lines(metrics, 'kapelle_calls_total')).toEqual([
      `kapelle_calls_total{${labels},tenant="a",${rest}} 2`,
      `kapelle_calls_total{${labels},tenant="b",${rest}} 1`,
      `kapelle_calls_total{${labels},tenant="other",${rest}} 2`,
    ]);
    expect(await lines(metrics, 'kapelle_series_overflow_total')).toEqual([
      'kapelle_series_overflow_total 2',
    ]);
  });

  it('counts operations beyond the bound as other', async () => {
    const { metrics, facade } = await start({ maxSeries: 1 });
    await facade.orchestrate('shop', aContext());
    await facade.orchestrate('inbox', aContext());
    await facade.orchestrate('inbox', aContext());
    expect(
      (await lines(metrics, 'kapelle_calls_total')).map((line) => line.replace(/,status.*} /, '} ')),
    ).toEqual([
      'kapelle_calls_total{orchestrator="shop",layer="domain",operation="sell"} 1',
      'kapelle_calls_total{orchestrator="other",layer="other",operation="other"} 2',
    ]);
  });

  it('goes on with the counts of an orchestrator that is replaced', async () => {
    @orchestrator('domain', 'business_logic', { name: 'shop' })
    class NewShop extends BaseOrchestrator {
      @operation()
      sell() {
        return 2;
      }
    }
    const { metrics, facade, host } = await start();
    await facade.orchestrate('shop', aContext());
    await host.replace('shop', NewShop);
    await facade.orchestrate('shop', aContext());
    expect(await lines(metrics, 'kapelle_calls_total')).toEqual([
      'kapelle_calls_total{orchestrator="shop",layer="domain",operation="sell",status="ok",error_category=""} 2',
    ]);
  });

  it('costs nothing once it is closed, and keeps what it has', async () => {
    const { metrics, facade } = await start();
    await facade.orchestrate('shop', aContext());
    metrics.close();
    await facade.orchestrate('shop', aContext());
    expect(await lines(metrics, 'kapelle_calls_total')).toEqual([
      'kapelle_calls_total{orchestrator="shop",layer="domain",operation="sell",status="ok",error_category=""} 1',
    ]);
    expect(facade.events.active).toBe(false);
  });

  it('lets calls be as cheap as without it: nobody listens to the events of calls', async () => {
    const { facade } = await start();
    expect(facade.events.active).toBe(false);
  });

  it('works at a facade without a host', async () => {
    const facade = new OrchestrationFacade();
    const metrics = createMetrics({ facade, prefix: 'app_' });
    ended.push(() => metrics.close());
    facade.register(ShopOrchestrator);
    await facade.orchestrate('shop', aContext());
    expect(await lines(metrics, 'app_calls_total')).toHaveLength(1);
    expect(await lines(metrics, 'app_host_state')).toEqual([]);
    expect(await lines(metrics, 'app_event_loop_delay')).toHaveLength(4);
    await facade.unregister('shop');
  });

  it('joins a registry of the user', async () => {
    const { metrics, facade } = await start({ processMetrics: true });
    await facade.orchestrate('shop', aContext());
    const registry = new Registry();
    registry.setDefaultLabels({ app: 'test' });
    metrics.registerIn(registry);
    const text = await registry.metrics();
    expect(text).toContain(
      'kapelle_calls_in_flight{orchestrator="shop",layer="domain",operation="sell",app="test"} 0',
    );
    expect(text).toMatch(/^process_resident_memory_bytes\{app="test"\} [1-9]\d+$/m);
    expect(text).toContain(
      'kapelle_orchestrator_health_score{orchestrator="shop",layer="domain",app="test"} 100',
    );
    expect(() => metrics.registerIn(registry)).toThrow('already been registered');
    registry.resetMetrics();
    expect(await registry.metrics()).toContain('status="ok",error_category="",app="test"} 1');
  });

  it('writes a scrape as prom-client writes the same families, whatever the labels contain', async () => {
    const { metrics, facade } = await start({
      tenantLabel: true,
      breakers: () => [{ name: 'a "quoted"\\\nname', state: 'open' }],
    });
    for (const tenantId of ['plain', 'with "quotes"', 'back\\slash', 'new\nline', 'both\\"\n']) {
      await facade.orchestrate('shop', aContext({ tenantId }));
    }
    await facade.orchestrate('shop', aContext(), { as: 'failed' });
    const registry = new Registry();
    metrics.registerIn(registry);
    // What is read of the machine changes between two scrapes.
    const withoutLoop = (text: string): string[] =>
      text.split('\n').filter((line) => !/^kapelle_event_loop_\w+(\{.*\})? /.test(line));
    const expected = withoutLoop(await registry.metrics());
    expect(withoutLoop((await metrics.scrape()).text)).toEqual(expected);
    expect(expected).toContain('kapelle_breaker_state{breaker="a \\"quoted\\"\\\\\\nname",state="open"} 1');

    const open = new Registry<OpenMetricsContentType>();
    open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    metrics.registerIn(open);
    expect(withoutLoop((await metrics.scrape('openmetrics')).text)).toEqual(
      withoutLoop(await open.metrics()),
    );
  });

  it('names every family in every scrape, under its type', async () => {
    const { metrics } = await start({ processMetrics: true, prefix: '' });
    const { text, contentType } = await metrics.scrape();
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    const types = Object.fromEntries(
      [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]),
    );
    const families = { ...METRIC_FAMILIES, ...PROCESS_FAMILIES };
    expect(types).toEqual(
      Object.fromEntries(Object.entries(families).map(([name, { type }]) => [name, type])),
    );
    expect(metrics.names).toEqual(Object.keys(families));
  });

  it('answers a scraper over HTTP in the format it accepts', async () => {
    const { metrics, facade } = await start();
    await facade.orchestrate('shop', aContext());
    const server = createServer(metrics.handler());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ended.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const ask = (method: string, accept?: string) =>
      new Promise<{ status: number; type: string | undefined; text: string }>((resolve, reject) => {
        const headers = accept === undefined ? {} : { accept };
        request({ port, host: '127.0.0.1', method, agent: false, headers }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'], text });
          });
        })
          .on('error', reject)
          .end();
      });
    const plain = await ask('GET');
    expect([plain.status, plain.type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(plain.text).toContain('kapelle_calls_total{');
    for (let round = 0; round < 2; round += 1) {
      const open = await ask('GET', 'application/openmetrics-text; version=1.0.0');
      expect(open.type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
      expect(open.text).toContain('# TYPE kapelle_calls counter');
      expect(open.text).toMatch(/^kapelle_calls_total\{.*\} 1$/m);
      expect(open.text.endsWith('# EOF\n')).toBe(true);
    }
    expect(await ask('HEAD')).toMatchObject({ status: 200, text: '' });
    expect(await ask('POST')).toMatchObject({ status: 405, text: 'Scrape with GET.\n' });
  });

  it.each([
    [{ prefix: '9a' }, 'prefix must be letters, digits and underscores, no digit first, got "9a".'],
    [
      { buckets: [1, 1] },
      'buckets must be 1 to 64 numbers of seconds above 0, each larger than the one before, got 1,1.',
    ],
    [{ buckets: [] }, 'buckets must be'],
    [{ buckets: [0, 1] }, 'buckets must be'],
    [{ maxSeries: 0 }, 'maxSeries must be a whole number from 1 to 1000000, got 0.'],
    [{ tenantLabel: { max: 0 } }, 'tenantLabel.max must be a whole number from 1 to 10000, got 0.'],
    [{ facade: undefined }, 'createMetrics needs a host, or a facade where there is no host.'],
  ])('refuses %j', (options, message) => {
    const facade = new OrchestrationFacade();
    const make = (): Metrics => createMetrics({ facade, ...options } as MetricsOptions);
    expect(make).toThrow(MetricsOptionsError);
    expect(make).toThrow(message);
    expect(facade.events.hears('call.refused')).toBe(false);
  });
});

describe('DurationScale', () => {
  it('finds the bucket that a look at each bound would find', () => {
    const bound = fc.double({ min: 1e-7, max: 1e5, noNaN: true });
    fc.assert(
      fc.property(
        fc.oneof(fc.constant([...DEFAULT_BUCKETS]), fc.uniqueArray(bound, { minLength: 1, maxLength: 64 })),
        fc.oneof(
          fc.double({ min: 0, max: 1e9, noNaN: true }),
          fc.constantFrom(0, 0.5, 1, 2.5, 120_000, 2 ** 31),
        ),
        (bounds, durationMs) => {
          const sorted = [...bounds].sort((a, b) => a - b);
          const scale = new DurationScale(sorted);
          const at = sorted.findIndex((each) => durationMs <= each * 1_000);
          expect(scale.bucketOf(durationMs)).toBe(at === -1 ? sorted.length : at);
          // A bound belongs to the bucket below it.
          sorted.forEach((each, index) => expect(scale.bucketOf(each * 1_000)).toBe(index));
        },
      ),
    );
  });
});
