import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { getOrchestrationFacade, OrchestrationFacade, resetOrchestrationFacade } from '@kapelle/core';
import { aContext, FakeClock } from '@kapelle/core/testing';

import * as before from './before.js';
import { callBefore, callFacade, callOldApi } from './callers.js';
import { getOrchestrator, MyCoordinationOrchestrator, setOrchestrator } from './hand-written.js';
import { createCoordination } from './host.js';
import { built, getManager, getRouterA, getRouterB, resetParts, RouterA } from './parts.js';

beforeEach(resetParts);

afterEach(async () => {
  await getOrchestrator()?.cleanup();
  setOrchestrator(undefined);
  resetOrchestrationFacade();
});

describe('the application pattern, before', () => {
  it('builds every part at once and hides in a global', async () => {
    jest.useFakeTimers();
    expect(before.getOrchestrator()).toBeUndefined();
    const made = new before.MyCoordinationOrchestrator();
    expect(built).toEqual({ routerA: 1, routerB: 1, manager: 1 });
    expect(before.getOrchestrator()).toBe(made);

    expect(callBefore()).toEqual({ signals: 1 });
    await jest.advanceTimersByTimeAsync(1_000);
    expect(getRouterA().received).toEqual([{ value: 42 }]);
    jest.useRealTimers();
  });
});

describe('the application pattern, by hand', () => {
  it('builds a part when a signal needs it, and works its queues off', async () => {
    const clock = new FakeClock();
    const facade = new OrchestrationFacade({ clock });
    facade.register(new MyCoordinationOrchestrator({ clock }));
    expect(built).toEqual({ routerA: 0, routerB: 0, manager: 0 });

    const params = { operation: 'submit_signal', component: 'a', data: { value: 1 } };
    expect((await facade.orchestrate('my_coordination', aContext(), params)).data).toEqual({ queued: true });
    const waiting = await facade.orchestrate('my_coordination', aContext(), { operation: 'get_metrics' });
    expect(waiting.data).toEqual({ signals: 1, queueA: 1, queueB: 0 });
    await clock.advance(1_000);

    expect(getRouterA().received).toEqual([{ value: 1 }]);
    expect(getManager().handled).toBe(1);
    expect(built).toEqual({ routerA: 1, routerB: 0, manager: 1 });
    const after = await facade.orchestrate('my_coordination', aContext(), { operation: 'get_metrics' });
    expect(after.data).toEqual({ signals: 0, queueA: 0, queueB: 0 });

    await facade.unregister('my_coordination');
    expect(clock.pending).toBe(0);
  });

  it('routes stop, and refuses what it does not know', async () => {
    const clock = new FakeClock();
    const facade = new OrchestrationFacade({ clock });
    const orchestrator = new MyCoordinationOrchestrator({ clock });
    facade.register(orchestrator);
    const call = (params: unknown) => facade.orchestrate('my_coordination', aContext(), params);

    expect((await call({ operation: 'start' })).data).toEqual({ status: 'started' });
    expect((await call({ operation: 'stop' })).data).toEqual({ status: 'stopped' });
    orchestrator.submitSignal('b', { value: 2 });
    await clock.advance(10_000);
    expect(built.routerB).toBe(0);
    expect(await call({ operation: 'dance' })).toMatchObject({ errorCategory: 'validation' });
    expect(await call({ operation: 'submit_signal' })).toMatchObject({ errorCategory: 'validation' });
  });

  it('keeps the old API and the accessor, which makes one only when asked to', async () => {
    expect(getOrchestrator()).toBeUndefined();
    expect(callOldApi()).toEqual({ signals: 1, queueA: 1, queueB: 0 });
    expect(getOrchestrator()).toBe(getOrchestrator(true));
  });

  it('is the same object for old callers and for the facade', async () => {
    const clock = new FakeClock();
    const shared = new MyCoordinationOrchestrator({ clock });
    setOrchestrator(shared);
    getOrchestrationFacade().register(shared);

    const metrics = await callFacade();

    expect(metrics).toEqual(getOrchestrator(true).getMetrics());
    await clock.advance(1_000);
    expect(getRouterA().received).toEqual([{ value: 42 }]);
  });
});

describe('the application pattern, declared', () => {
  it('builds parts on first use, works its queues off and loses nothing at stop', async () => {
    const host = createCoordination();
    await host.start();
    expect(built).toEqual({ routerA: 0, routerB: 0, manager: 0 });
    const call = (params: unknown) => host.facade.orchestrate('my_coordination', aContext(), params);

    for (const value of [1, 2, 3]) {
      expect((await call({ component: 'a', data: { value } })).status).toBe('ok');
    }
    const report = await host.stop();

    expect(report).toMatchObject({ clean: true, undelivered: 0 });
    expect(built).toEqual({ routerA: 1, routerB: 0, manager: 1 });
    expect(host.container.get(RouterA).received.map((signal) => signal.value)).toEqual([1, 2, 3]);
    expect(getRouterB().received).toEqual([]);
  });

  it('checks what it is sent', async () => {
    const host = createCoordination();
    await host.start();
    const wrong = { operation: 'submit_signal', component: 'c', data: { value: 'x' } };
    const result = await host.facade.orchestrate('my_coordination', aContext(), wrong);
    expect(result).toMatchObject({ status: 'failed', errorCategory: 'validation' });
    const metrics = await host.facade.orchestrate('my_coordination', aContext(), {
      operation: 'get_metrics',
    });
    expect(metrics.data).toEqual({ signals: 0, queueA: 0, queueB: 0 });
    await host.stop();
  });
});
