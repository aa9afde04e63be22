import { getEventListeners } from 'node:events';

import { describe, expect, it } from '@jest/globals';

import {
  BaseOrchestrator,
  type CallOptions,
  defineOrchestrator,
  type OperationContext,
  OrchestrationContext,
  OrchestrationFacade,
  StepResult,
} from '../index.js';
import { FakeClock } from '../testing/fake-clock.js';

const aContext = (tenantId = 'acme', init = {}): OrchestrationContext =>
  OrchestrationContext.create({ tenantId, ...init });

function setUp() {
  const clock = new FakeClock();
  const facade = new OrchestrationFacade({ clock });
  let count = 0;
  class Job extends BaseOrchestrator {
    wait(context: OperationContext): Promise<StepResult<unknown>> {
      count += 1;
      return context.waitForEvent('go', { timeoutMs: 60_000 });
    }
    count(): number {
      count += 1;
      return count;
    }
    async steps(context: OperationContext): Promise<string> {
      context.progress(0.5, 'half');
      await context.sleep(10);
      context.progress(7);
      return context.runId;
    }
  }
  defineOrchestrator(Job, {
    layer: 'application',
    type: 'coordination',
    operations: ['wait', 'count', 'steps'],
    name: 'job',
  });
  facade.register(Job);
  const call = (operation: string, options?: CallOptions, context = aContext()) =>
    facade.orchestrate<unknown>('job', context, { operation }, options);
  return { clock, facade, call, begun: () => count };
}

describe('facade.runs', () => {
  it('hands out a handle at once, and its result when it is there', async () => {
    const { clock, facade } = setUp();
    const handle = facade.runs.submit<string>('job', aContext(), { operation: 'steps' });
    expect(handle.runId).toMatch(/^[0-9a-f-]{36}$/);
    expect(handle.info()).toMatchObject({
      runId: handle.runId,
      orchestrator: 'job',
      operation: 'steps',
      tenantId: 'acme',
      status: 'running',
      startedAt: clock.now(),
    });
    await clock.advance(0);
    expect(handle.info()?.progress).toEqual({ ratio: 0.5, message: 'half' });
    await clock.advance(10);
    expect(await handle.result()).toMatchObject({ status: 'ok', data: handle.runId });
    expect(handle.info()).toMatchObject({
      status: 'ok',
      endedAt: clock.now(),
      progress: { ratio: 1 },
      result: { data: handle.runId },
    });
    expect(await facade.runs.attach(handle.runId)?.result()).toBe(await handle.result());
    expect(facade.runs.attach('unknown')).toBeUndefined();
    expect(facade.runs.get('unknown')).toBeUndefined();
  });

  it('attaches the same run id to the same run, running or ended, and runs it once', async () => {
    const { facade, call, begun } = setUp();
    const [first, second] = [call('wait', { runId: 'r' }), call('wait', { runId: 'r' })];
    expect(await facade.runs.signal('r', 'go', { n: 1 })).toMatchObject({ status: 'ok' });
    expect(await first).toMatchObject({ data: { n: 1 } });
    expect(await second).toBe(await first);
    expect(await call('wait', { runId: 'r' })).toBe(await first);
    expect(begun()).toBe(1);
  });

  it('says of a run id in use by another tenant, orchestrator or operation only that it is taken', async () => {
    const { clock, facade, call, begun } = setUp();
    const first = call('wait', { runId: 'r' });
    await clock.advance(0);
    const other = await call('wait', { runId: 'r' }, aContext('rival'));
    expect(other).toMatchObject({
      status: 'failed',
      errorCategory: 'constraint_violation',
      error: 'The run id "r" is taken by another run. Choose another one.',
    });
    expect(JSON.stringify(other)).not.toContain('acme');
    expect(await call('count', { runId: 'r' })).toMatchObject({ errorCategory: 'constraint_violation' });
    expect(begun()).toBe(1);
    await facade.runs.cancel('r');
    await first;
  });

  it('keeps idempotency keys apart by tenant, orchestrator and operation', async () => {
    const { call, begun } = setUp();
    const key = { idempotencyKey: 'k' };
    const mine = await call('count', key);
    expect(await call('count', key)).toBe(mine);
    expect(await call('count', key, aContext('rival'))).toMatchObject({ data: 2 });
    expect(await call('steps', { idempotencyKey: 'k', timeoutMs: 0 })).toMatchObject({
      errorCategory: 'timeout',
    });
    expect(await call('count', { idempotencyKey: 'other' })).toMatchObject({ data: 3 });
    expect(await call('count', { ...key, runId: 'new' })).toBe(mine);
    expect(begun()).toBe(3);
  });

  it('lets an id or key be tried again where the call never came to run', async () => {
    const { facade, call, begun } = setUp();
    const busy = new OrchestrationFacade();
    const refuse = facade.use({ before: () => StepResult.fail('closed', { errorCategory: 'rate_limit' }) });
    for (const options of [{ runId: 'r' }, { idempotencyKey: 'k' }]) {
      expect(await call('count', options)).toMatchObject({ errorCategory: 'rate_limit' });
    }
    expect(facade.runs.get('r')).toMatchObject({ status: 'failed' });
    refuse();
    expect(await call('count', { runId: 'r' })).toMatchObject({ data: 1 });
    expect(await call('count', { idempotencyKey: 'k' })).toMatchObject({ data: 2 });
    expect(await call('count', { runId: 'r' })).toMatchObject({ data: 1 });
    expect(facade.runs.get('r')).toMatchObject({ status: 'ok' });
    expect(facade.runs.list()).toHaveLength(2);

    const gone = aContext('acme', { signal: AbortSignal.abort() });
    expect(await call('count', { idempotencyKey: 'gone' }, gone)).toMatchObject({
      errorCategory: 'cancelled',
    });
    expect(await call('count', { idempotencyKey: 'gone' })).toMatchObject({ data: 3 });
    expect(begun()).toBe(3);

    let free = (): void => undefined;
    class Narrow extends BaseOrchestrator {
      run(): Promise<string> {
        return new Promise((resolve) => {
          free = () => resolve('done');
        });
      }
    }
    const narrow = { layer: 'domain', type: 'sequential', operations: ['run'], name: 'narrow' } as const;
    busy.register(defineOrchestrator(Narrow, { ...narrow, maxConcurrency: 1, maxWaiting: 0 }));
    const first = busy.orchestrate('narrow', aContext());
    const keyed = () => busy.orchestrate('narrow', aContext(), {}, { idempotencyKey: 'k' });
    expect(await keyed()).toMatchObject({ errorCategory: 'service_overloaded', retryable: true });
    free();
    await first;
    const second = keyed();
    free();
    expect(await second).toMatchObject({ data: 'done' });
  });

  it('hands out the run that a key stands for: the same handle for the same key, in every process', async () => {
    const submitted = async (tenantId = 'acme') => {
      const { facade } = setUp();
      const options = { idempotencyKey: 'k' };
      const submit = () =>
        facade.runs.submit<number>('job', aContext(tenantId), { operation: 'count' }, options);
      const [first, second] = [submit(), submit()];
      expect(second.runId).toBe(first.runId);
      expect(await second.result()).toBe(await first.result());
      expect(second.info()).toMatchObject({ runId: first.runId, status: 'ok' });
      return first.runId;
    };
    expect(await submitted()).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(await submitted()).toBe(await submitted());
    expect(await submitted('rival')).not.toBe(await submitted());
  });

  it('ends the waiting of whoever attached at their own limit and signal, never the run', async () => {
    const { clock, facade, call } = setUp();
    const first = call('wait', { runId: 'r' });
    const controller = new AbortController();
    const impatient = call('wait', { runId: 'r', timeoutMs: 50 });
    const late = call('wait', { runId: 'r' }, aContext('acme', { deadline: clock.now() + 20 }));
    const leaving = call('wait', { runId: 'r' }, aContext('acme', { signal: controller.signal }));
    const gone = call('wait', { runId: 'r' }, aContext('acme', { signal: AbortSignal.abort() }));
    controller.abort();
    expect(await leaving).toMatchObject({ errorCategory: 'cancelled' });
    expect(await gone).toMatchObject({ errorCategory: 'cancelled' });
    await clock.advance(50);
    expect(await impatient).toMatchObject({ errorCategory: 'timeout' });
    expect(await late).toMatchObject({ errorCategory: 'timeout' });
    expect(facade.runs.get('r')).toMatchObject({ status: 'running' });
    await facade.runs.signal('r', 'go', 1);
    expect(await first).toMatchObject({ data: 1 });
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    await clock.advance(0);
    expect(clock.keptAlive).toBe(0);
  });

  it('cancels a running run with the reason, and says so of one that has ended or is not known', async () => {
    const { facade } = setUp();
    const handle = facade.runs.submit('job', aContext(), { operation: 'wait' });
    expect(await handle.cancel('not needed any more')).toMatchObject({ status: 'ok' });
    expect(await handle.result()).toMatchObject({
      errorCategory: 'cancelled',
      error: 'job.wait was cancelled: not needed any more.',
    });
    expect(await handle.cancel()).toMatchObject({ status: 'skipped' });
    expect(await handle.signal('go')).toMatchObject({ errorCategory: 'business_rule_violation' });
    expect(await facade.runs.cancel('unknown')).toMatchObject({ errorCategory: 'not_found' });
    expect(await facade.runs.signal('unknown', 'go')).toMatchObject({ errorCategory: 'not_found' });
  });

  it('leaves no limit behind of a run that is cancelled by who hears that it began', async () => {
    const { clock, facade, call, begun } = setUp();
    facade.events.on('call.started', ({ runId }) => void facade.runs.cancel(String(runId)));
    expect(await call('count', { runId: 'r', timeoutMs: 60_000 })).toMatchObject({
      errorCategory: 'cancelled',
    });
    expect([begun(), clock.keptAlive]).toEqual([0, 0]);
  });

  it('keeps an event until somebody waits for it, up to a bound, and times out without one', async () => {
    const { clock, facade } = setUp();
    const early = facade.runs.submit('job', aContext(), { operation: 'steps' });
    await facade.runs.signal(early.runId, 'other', 1);
    for (let index = 1; index < 101; index += 1) await facade.runs.signal(early.runId, 'go', index);
    expect(await facade.runs.signal(early.runId, 'go', 101)).toMatchObject({
      errorCategory: 'service_overloaded',
    });
    await clock.advance(10);
    const waiting = facade.runs.submit('job', aContext(), { operation: 'wait' });
    await clock.advance(60_000);
    expect(await waiting.result()).toMatchObject({
      errorCategory: 'timeout',
      error: expect.stringContaining('No event "go" came within 60000 ms') as unknown,
    });
    expect(clock.pending).toBe(0);
  });

  it('lists newest first, filtered, and forgets the oldest of a thousand', async () => {
    const { facade, call } = setUp();
    for (let index = 0; index < 1_005; index += 1) {
      await call('count', { runId: `r-${index}` }, aContext(index % 2 === 0 ? 'acme' : 'rival'));
    }
    const all = facade.runs.list();
    expect(all).toHaveLength(1_000);
    expect(all[0]?.runId).toBe('r-1004');
    expect(facade.runs.get('r-0')).toBeUndefined();
    expect(facade.runs.list({ tenantId: 'rival' }).every((run) => run.tenantId === 'rival')).toBe(true);
    expect(facade.runs.list({ orchestrator: 'nobody' })).toEqual([]);
    expect(facade.runs.list({ status: 'failed' })).toEqual([]);
    expect(facade.runs.list({ status: 'ok' })).toHaveLength(1_000);
  });

  it('answers a submit that cannot run like any call', async () => {
    const { facade } = setUp();
    expect(await facade.runs.submit('nobody', aContext()).result()).toMatchObject({
      errorCategory: 'not_found',
    });
    const refused = facade.runs.submit('job', aContext(), { operation: 'nope' });
    expect(await refused.result()).toMatchObject({ errorCategory: 'validation' });
    expect(refused.info()).toBeUndefined();
    for (const options of [
      { runId: '' },
      { runId: 7 },
      { idempotencyKey: 'x'.repeat(513) },
      { timeoutMs: -1 },
      { timeoutMs: NaN },
      null,
    ]) {
      expect(
        await facade.orchestrate('job', aContext(), { operation: 'count' }, options as never),
      ).toMatchObject({ errorCategory: 'validation' });
    }
  });

  it('notes no run for an id that is first read once the call is over', async () => {
    const { facade } = setUp();
    let kept: OperationContext | undefined;
    facade.use({ before: (call) => void (kept = call.context) });
    await facade.orchestrate('job', aContext(), { operation: 'count' });
    expect(kept?.runId).toMatch(/^[0-9a-f-]{36}$/);
    expect(facade.runs.list()).toEqual([]);
  });
});
