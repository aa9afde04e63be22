import { describe, expect, it } from '@jest/globals';
import {
  BaseOrchestrator,
  currentContext,
  defineOrchestrator,
  type OperationContext,
  type OrchestratorDeclaration,
  StepResult,
} from '@kapelle/core';
import { FakeClock, TestHost } from '@kapelle/core/testing';

import type { PipelineOptions } from '../pipeline/pipeline-options.js';
import { PolicyRegistry } from '../registry/policy-registry.js';
import { ResilienceError } from '../resilience-error.js';
import type { PolicyDefaults } from './policy-choice.js';
import { resilienceInterceptor, type ResilienceInterceptorOptions } from './resilience-interceptor.js';

type Body = (context: OperationContext, params: unknown) => unknown;

function one(name: string, run: Body, policy?: string, options: Partial<OrchestratorDeclaration> = {}) {
  class One extends BaseOrchestrator {
    run(context: OperationContext, params: unknown): unknown {
      return run(context, params);
    }
  }
  return defineOrchestrator(One, {
    layer: 'domain',
    type: 'business_logic',
    name,
    operations: { run: policy === undefined ? {} : { policy } },
    ...options,
  });
}

interface Setting extends Partial<Omit<ResilienceInterceptorOptions, 'policies' | 'clock'>> {
  readonly policies?: Readonly<Record<string, PipelineOptions>>;
  readonly defaults?: PolicyDefaults;
}

async function started(
  orchestrators: readonly ReturnType<typeof one>[],
  { policies = {}, ...others }: Setting = {},
) {
  const clock = new FakeClock();
  const registry = new PolicyRegistry<string>({ clock, random: () => 0.5 });
  for (const [name, options] of Object.entries(policies)) registry.define(name, options);
  const interceptor = resilienceInterceptor({ policies: registry, clock, ...others });
  const test = await TestHost.start({ orchestrators, clock, interceptors: [interceptor] });
  const call = (
    name: string,
    options?: { readonly policy?: string; readonly timeoutMs?: number },
    params?: unknown,
  ) => test.facade.orchestrate(name, test.context(), params, options);
  return {
    clock,
    registry,
    interceptor,
    test,
    call,
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
}

const broken = () => StepResult.fail('down', { errorCategory: 'network' });

describe('resilienceInterceptor', () => {
  it('runs an operation under the policy that it names, and lets results through as they are', async () => {
    let runs = 0;
    const flaky = one('flaky', () => ((runs += 1) < 3 ? broken() : { runs }), 'patient');
    await using host = await started([flaky], { policies: { patient: { retry: {}, timeout: { ms: 100 } } } });
    const answer = host.call('flaky');
    await host.clock.advance(1_000);
    expect(await answer).toMatchObject({ status: 'ok', data: { runs: 3 } });
    expect(host.registry.for('patient', 'flaky.run').stats.retry).toMatchObject({ retries: 2, recovered: 1 });
  });

  it('opens the circuit of a failing operation, says when to come back, and lets it recover', async () => {
    let isDown = true;
    let runs = 0;
    const body = () => {
      runs += 1;
      return isDown ? broken() : 'up';
    };
    await using host = await started([one('a', body, 'guarded'), one('b', () => 'other', 'guarded')], {
      policies: { guarded: { breaker: { minimumCalls: 5, openMs: 1_000, jitterRatio: 0, probes: 1 } } },
    });
    for (let i = 0; i < 5; i += 1) expect(await host.call('a')).toMatchObject({ errorCategory: 'network' });
    await host.clock.advance(400);
    expect(await host.call('a')).toMatchObject({
      status: 'failed',
      errorCategory: 'circuit_breaker_open',
      retryAfterMs: 600,
      details: { code: 'CIRCUIT_OPEN', policy: 'guarded.breaker' },
    });
    expect(runs).toBe(5);
    expect(await host.call('b')).toMatchObject({ data: 'other' });
    isDown = false;
    await host.clock.advance(600);
    expect(await host.call('a')).toMatchObject({ data: 'up' });
    expect(host.registry.for('guarded', 'a.run').stats.breaker).toMatchObject({ state: 'closed' });
  });

  it('ends an attempt that takes too long, and leaves its slot taken until its body ends', async () => {
    const open: ((value: unknown) => void)[] = [];
    const signals: AbortSignal[] = [];
    const deaf = one(
      'deaf',
      ({ signal }) => {
        signals.push(signal);
        return new Promise((resolve) => open.push(resolve));
      },
      'tight',
    );
    await using host = await started([deaf], {
      policies: { tight: { timeout: { ms: 50 }, bulkhead: { maxConcurrent: 1, maxQueued: 0 } } },
    });
    const first = host.call('deaf');
    await host.clock.advance(50);
    expect(await first).toMatchObject({ errorCategory: 'timeout', details: { policy: 'tight.timeout' } });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    const slots = host.registry.for('tight', 'deaf.run');
    expect(slots.stats.bulkhead).toMatchObject({ running: 1, abandoned: 1 });
    expect(await host.call('deaf')).toMatchObject({ errorCategory: 'service_overloaded' });
    open[0]?.('late');
    await host.clock.advance(0);
    expect(slots.stats.bulkhead).toMatchObject({ running: 0, abandoned: 0 });
    const second = host.call('deaf');
    await host.clock.advance(0);
    open[1]?.('in time');
    expect(await second).toMatchObject({ data: 'in time' });
    expect(host.test.eventsOf('call.late')).toHaveLength(1);
  });

  it('holds the slot of a call that its own time limit or its caller has ended, until its body ends', async () => {
    const open: ((value: unknown) => void)[] = [];
    const deaf = one('deaf', () => new Promise((resolve) => open.push(resolve)), 'slots');
    await using host = await started([deaf], {
      policies: { slots: { bulkhead: { maxConcurrent: 2 }, shed: {} } },
    });
    const caller = new AbortController();
    const late = host.call('deaf', { timeoutMs: 20 });
    const cancelled = host.test.facade.orchestrate('deaf', host.test.context({ signal: caller.signal }));
    await host.clock.advance(20);
    caller.abort();
    expect([await late, await cancelled]).toMatchObject([
      { errorCategory: 'timeout' },
      { errorCategory: 'cancelled' },
    ]);
    await host.clock.advance(0);
    const { stats } = host.registry.for('slots', 'deaf.run');
    expect(stats).toMatchObject({ bulkhead: { running: 2, abandoned: 2 }, shed: { running: 2 } });
    for (const each of open) each('at last');
    await host.clock.advance(0);
    expect(host.registry.for('slots', 'deaf.run').stats).toMatchObject({
      bulkhead: { running: 0, abandoned: 0 },
      shed: { running: 0 },
    });
  });

  it.each([
    ['', {}],
    [' under a deadline', { deadline: { ms: 50_000 } }],
    [' under hedging', { hedge: { afterMs: 40_000 } }],
  ])('takes a call out of the queue, and out of its back-off, when the call ends%s', async (_name, more) => {
    let runs = 0;
    const slow = one('slow', () => new Promise(() => (runs += 1)), 'slots');
    const failing = one('failing', () => ((runs += 1), broken()), 'patient');
    await using host = await started([slow, failing], {
      policies: {
        slots: { bulkhead: { maxConcurrent: 1, maxWaitMs: 60_000 }, ...more },
        patient: { retry: { attempts: 9, baseMs: 10_000, capMs: 10_000 }, ...more },
      },
    });
    const caller = new AbortController();
    const context = () => host.test.context({ signal: caller.signal });
    void host.call('slow', { timeoutMs: 5_000 });
    const queued = host.test.facade.orchestrate('slow', context());
    const sleeping = host.test.facade.orchestrate('failing', context());
    await host.clock.advance(100);
    expect(host.registry.for('slots', 'slow.run').stats.bulkhead).toMatchObject({ running: 1, queued: 1 });
    caller.abort();
    expect([await queued, await sleeping]).toMatchObject([
      { errorCategory: 'cancelled' },
      { errorCategory: 'cancelled' },
    ]);
    await host.clock.advance(0);
    expect(host.registry.for('slots', 'slow.run').stats.bulkhead).toMatchObject({ queued: 0, cancelled: 1 });
    const { deadline, hedge } = host.registry.for('patient', 'failing.run').stats;
    expect(deadline?.pending ?? 0).toBe(0);
    expect(hedge?.hedges ?? 0).toBe(0);
    await host.clock.advance(60_000);
    expect(runs).toBe(2);
  });

  it('does not sleep past the deadline of the call', async () => {
    let runs = 0;
    const failing = one('failing', () => ((runs += 1), broken()), 'patient');
    await using host = await started([failing], {
      policies: { patient: { retry: { attempts: 9, baseMs: 1_000 } } },
    });
    expect(await host.call('failing', { timeoutMs: 300 })).toMatchObject({ errorCategory: 'network' });
    expect([runs, host.clock.monotonic()]).toEqual([1, 0]);
  });

  it('applies to nested calls too, and an outer retry leaves alone what an inner one has given up', async () => {
    let runs = 0;
    const leaf = one('leaf', () => ((runs += 1), broken()), 'patient');
    const top = one('top', (context) => context.call('leaf'), 'patient');
    await using host = await started([leaf, top], { policies: { patient: { retry: { attempts: 3 } } } });
    const answer = host.call('top');
    await host.clock.advance(60_000);
    expect(await answer).toMatchObject({ errorCategory: 'network', metadata: { attempts: 3 } });
    expect(runs).toBe(3);
  });

  it('takes the policy of the call before that of the operation, and that before the defaults', async () => {
    const plain = () => 'done';
    const seen = async (setting: Setting, name: string, options?: { readonly policy?: string }) => {
      const policies = Object.fromEntries(
        ['call', 'operation', 'by-operation', 'by-orchestrator', 'by-layer', 'other'].map((each) => [
          each,
          { fallback: { fallback: () => each }, rateLimit: { permits: 1, perMs: 60_000 } },
        ]),
      );
      await using host = await started([one('named', plain, 'operation'), one('plain', plain)], {
        policies,
        ...setting,
      });
      await host.call(name, options);
      return (await host.call(name, options)).data;
    };
    const all: PolicyDefaults = {
      operations: { 'plain.run': 'by-operation' },
      orchestrators: { plain: 'by-orchestrator' },
      layers: { domain: 'by-layer' },
      others: 'other',
    };
    const { operations, ...fewer } = all;
    expect(operations).toBeDefined();
    expect(await seen({ defaults: all }, 'named', { policy: 'call' })).toBe('call');
    expect(await seen({ defaults: all }, 'named')).toBe('operation');
    expect(await seen({ defaults: all }, 'plain')).toBe('by-operation');
    expect(await seen({ defaults: fewer }, 'plain')).toBe('by-orchestrator');
    expect(await seen({ defaults: { layers: { domain: 'by-layer' }, others: 'other' } }, 'plain')).toBe(
      'by-layer',
    );
    expect(await seen({ defaults: { others: 'other' } }, 'plain')).toBe('other');
    expect(await seen({ defaults: all }, 'named', { policy: 'none' })).toBe('done');
    expect(await seen({ defaults: { orchestrators: { plain: 'none' }, others: 'other' } }, 'plain')).toBe(
      'done',
    );
    expect(await seen({}, 'plain')).toBe('done');
  });

  it('answers an unknown name with a failed result that lists the known ones, and finds it before the first call', async () => {
    let runs = 0;
    const mistaken = one('mistaken', () => (runs += 1), 'patient');
    await using host = await started([mistaken, one('fine', () => 1, 'tight')], { policies: { tight: {} } });
    const message = 'There is no policy "patient". Define it in the policy registry, or use one of: "tight".';
    expect(await host.call('mistaken')).toMatchObject({ errorCategory: 'configuration', error: message });
    expect(await host.call('fine', { policy: 'x'.repeat(10_000) })).toMatchObject({
      errorCategory: 'configuration',
    });
    expect(await host.call('fine', { policy: { toString: () => 'tight' } as never })).toMatchObject({
      status: 'failed',
    });
    expect(runs).toBe(0);
    expect(host.interceptor.check(host.test.facade.listOrchestrators())).toEqual([
      { orchestrator: 'mistaken', operation: 'run', policy: 'patient', message },
    ]);
    expect(() =>
      resilienceInterceptor({ policies: host.registry, defaults: { layers: { domain: 'tigth' } } }),
    ).toThrow(
      `defaults.layers['domain']: There is no policy "tigth". Define it in the policy registry, or use one of: "tight".`,
    );
    expect(() => resilienceInterceptor({ policies: host.registry, defaults: { others: 'no' } })).toThrow(
      ResilienceError,
    );
  });

  it('stands around no operation without a policy', async () => {
    const policies = new PolicyRegistry().define('tight', {});
    const interceptor = resilienceInterceptor({
      policies,
      defaults: { orchestrators: { b: 'tight', c: 'none' } },
    });
    const applies = (orchestrator: string, policy?: string) =>
      interceptor.appliesTo({
        orchestrator,
        layer: 'domain',
        type: 'parallel',
        operation: 'constructor',
        ...(policy === undefined ? {} : { policy }),
      });
    expect([applies('a'), applies('b'), applies('c'), applies('__proto__')]).toEqual([
      false,
      true,
      false,
      false,
    ]);
    expect([applies('a', 'tight'), applies('a', 'none'), applies('b', 'none')]).toEqual([true, false, false]);
  });

  it('never runs an operation again whose policy has no retry', async () => {
    let runs = 0;
    const once = one('once', () => ((runs += 1), broken()), 'tight');
    await using host = await started([once], {
      policies: { tight: { timeout: { ms: 100 }, breaker: {}, bulkhead: {}, deadline: { ms: 1_000 } } },
    });
    expect(await host.call('once')).toMatchObject({ errorCategory: 'network' });
    await host.clock.advance(60_000);
    expect(runs).toBe(1);
  });

  it('hedges: the slower attempt is ended, and the call is answered once', async () => {
    const signals: AbortSignal[] = [];
    const body: Body = async ({ signal }) => {
      signals.push(signal);
      const mine = signals.length;
      if (mine === 1) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return mine;
    };
    await using host = await started([one('slow', body, 'fast')], {
      policies: { fast: { hedge: { afterMs: 20 }, bulkhead: {} } },
    });
    const answer = host.call('slow');
    await host.clock.advance(20);
    expect(await answer).toMatchObject({ data: 2 });
    await host.clock.advance(0);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(host.registry.for('fast', 'slow.run').isIdle).toBe(true);
  });

  it('counts by tenant, and shares what its users want shared', async () => {
    const plain = (name: string) => one(name, () => 'done', 'shared');
    await using host = await started([plain('a'), plain('b')], {
      policies: { shared: { rateLimit: { permits: 1, perMs: 60_000 }, shed: { limit: { initial: 2 } } } },
      keyOf: () => 'one',
      priorityOf: ({ context }) => Number(context.metadata['priority'] ?? 5),
    });
    const call = (name: string, tenantId: string) =>
      host.test.facade.orchestrate(name, host.test.context({ tenantId }));
    expect(await call('a', 'acme')).toMatchObject({ status: 'ok' });
    expect(await call('b', 'acme')).toMatchObject({ errorCategory: 'rate_limit', retryAfterMs: 60_000 });
    expect(await call('b', 'other')).toMatchObject({ status: 'ok' });
    expect(host.registry.snapshot().map(({ key }) => key)).toEqual(['one']);
  });

  it('runs queued calls in the context of their own tenant', async () => {
    let foreign = 0;
    const look = ({ tenantId }: OperationContext): void => {
      if (currentContext()?.tenantId !== tenantId) foreign += 1;
    };
    const body: Body = async (context) => {
      look(context);
      await context.sleep(1);
      look(context);
      return context.tenantId;
    };
    const leaf = one('leaf', body, 'queue');
    await using host = await started([leaf], {
      policies: {
        queue: { bulkhead: { maxConcurrent: 3, maxQueued: 1_000, fairness: {} }, timeout: { ms: 1_000 } },
      },
    });
    const calls = Array.from({ length: 300 }, async (_, index) => {
      const tenantId = `tenant-${index % 30}`;
      const result = await host.test.facade.orchestrate('leaf', host.test.context({ tenantId }));
      return result.data === tenantId;
    });
    await host.clock.advance(1_000);
    expect((await Promise.all(calls)).every(Boolean)).toBe(true);
    expect(foreign).toBe(0);
  });

  it('answers with a result whatever the functions of its options throw', async () => {
    await using host = await started([one('a', () => 1, 'any')], {
      policies: { any: {} },
      keyOf: () => {
        throw new Error('no key');
      },
    });
    expect(await host.call('a')).toMatchObject({ status: 'failed', error: 'no key' });
  });
});
