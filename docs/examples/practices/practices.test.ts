import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OrchestrationFacade, OrchestrationLayer, resetOrchestrationFacade, StepResult } from '@kapelle/core';
import { aContext, FakeClock, RecordingLogger, verifyOrchestrator } from '@kapelle/core/testing';

import { built, getRouterA, resetParts, RouterA } from '../application/parts.js';
import { MyOrchestrator } from '../quick-start/hand-written.js';
import { DeclaredLoopOrchestrator } from './declared-loop.js';
import * as declaredRouting from './declared-routing.js';
import * as declaredWrapper from './declared-wrapper.js';
import { GracefulOrchestrator } from './graceful-shutdown.js';
import { LazyDependenciesOrchestrator } from './lazy-dependencies.js';
import { LazyStartOrchestrator } from './lazy-start.js';
import { RoutingOrchestrator } from './operation-routing.js';
import { getOrchestrator } from './singleton-accessor.js';
import { LoggingOrchestrator } from './structured-logging.js';
import { WorkflowOrchestrator } from './wrapper-methods.js';

beforeEach(resetParts);
afterEach(() => {
  resetOrchestrationFacade();
});

describe('1. lazy start of background work', () => {
  it('runs nothing before the first call', async () => {
    const clock = new FakeClock();
    const facade = new OrchestrationFacade({ clock });
    const orchestrator = new LazyStartOrchestrator(
      () => new Promise((resolve) => clock.setTimeout(resolve, 1_000)),
    );
    facade.register(orchestrator);
    await clock.advance(5_000);
    expect(orchestrator.rounds).toBe(0);

    await facade.orchestrate('lazy_start', aContext());
    await clock.advance(2_000);
    expect(orchestrator.rounds).toBe(3);

    const gone = facade.unregister('lazy_start');
    await clock.advance(1_000);
    await gone;
    expect(clock.pending).toBe(0);
  });
});

describe('2. and 3. shutdown event, and a clean-up that cannot hang', () => {
  it('ends in the pause between two rounds at once', async () => {
    const clock = new FakeClock();
    const facade = new OrchestrationFacade({ clock });
    const orchestrator = new GracefulOrchestrator(clock, async () => {});
    facade.register(orchestrator);
    await facade.orchestrate('graceful', aContext());
    await clock.advance(20_000);
    expect(orchestrator.rounds).toBe(3);

    await facade.unregister('graceful');
    await clock.advance(60_000);
    expect(orchestrator.rounds).toBe(3);
  });

  it('cancels a round that takes longer than five seconds to end', async () => {
    const clock = new FakeClock();
    const facade = new OrchestrationFacade({ clock });
    let cancelled = false;
    const hangs = (signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          cancelled = true;
          resolve();
        });
      });
    facade.register(new GracefulOrchestrator(clock, hangs));
    await facade.orchestrate('graceful', aContext());

    const gone = facade.unregister('graceful');
    await clock.advance(4_999);
    expect(cancelled).toBe(false);
    await clock.advance(1);
    await gone;
    expect(cancelled).toBe(true);
  });

  it('is one decorator in the declared form', async () => {
    const clock = new FakeClock();
    const facade = new OrchestrationFacade({ clock, random: () => 0.5 });
    facade.register(DeclaredLoopOrchestrator);
    const orchestrator = facade.get('declared_loop') as DeclaredLoopOrchestrator;
    await clock.advance(60_000);
    expect(orchestrator.rounds).toBe(0);

    // Without a host the first call starts it, whatever becomes of the call.
    await facade.orchestrate('declared_loop', aContext(), { operation: 'none' });
    await clock.advance(20_000);
    const { rounds } = orchestrator;
    await facade.unregister('declared_loop');
    await clock.advance(60_000);

    expect(orchestrator.rounds).toBe(rounds);
    expect(clock.pending).toBe(0);
  });
});

describe('4. compatibility', () => {
  it('strategy A: the old method goes the new way', async () => {
    const byHand = new WorkflowOrchestrator();
    const result = await byHand.executeWorkflow('https://example.org', 'deep');
    expect(result.toJSON()).toEqual({ status: 'ok', data: { url: 'https://example.org', depth: 'deep' } });
  });

  it('strategy A, declared: the old method is checked and logged like every call', async () => {
    const logger = new RecordingLogger();
    const facade = new OrchestrationFacade({ logger });
    facade.register(declaredWrapper.WorkflowOrchestrator);
    const orchestrator = facade.get('workflow') as declaredWrapper.WorkflowOrchestrator;

    const result = await orchestrator.executeWorkflow('https://example.org');
    const refused = await orchestrator.executeWorkflow('no address');

    expect(result.data).toEqual({ url: 'https://example.org' });
    expect(refused).toMatchObject({ status: 'failed', errorCategory: 'validation' });
    expect(logger.events('orchestration_completed')).toHaveLength(1);
    expect(logger.events('orchestration_completed')[0]?.fields).toMatchObject({ tenantId: 'legacy' });
  });

  it('strategy B: the accessor gives what the facade calls, made only when asked to', () => {
    expect(getOrchestrator()).toBeUndefined();
    const made = getOrchestrator(true);
    expect(made?.name).toBe('greeter');
    expect(getOrchestrator()).toBe(made);
  });
});

describe('5. operation routing', () => {
  it.each([
    ['by hand', new RoutingOrchestrator()],
    ['declared', declaredRouting.RoutingOrchestrator],
  ])('%s: one door, several operations', async (_form, orchestrator) => {
    const facade = new OrchestrationFacade();
    facade.register(orchestrator);
    const call = async (params?: unknown) => (await facade.orchestrate('routing', aContext(), params)).data;

    expect(await call({ operation: 'execute' })).toEqual({ executed: true });
    expect(await call()).toEqual({ isRunning: false });
    expect(await call({ operation: 'start' })).toEqual({ status: 'started' });
    expect(await call({ operation: 'get_status' })).toEqual({ isRunning: true });
    expect(await facade.orchestrate('routing', aContext(), { operation: 'dance' })).toMatchObject({
      status: 'failed',
      errorCategory: 'validation',
      error: expect.stringContaining('Unknown operation: dance'),
    });
  });
});

describe('6. lazy dependencies', () => {
  it('loads what a call needs, and takes what it is given', async () => {
    const facade = new OrchestrationFacade();
    facade.register(new LazyDependenciesOrchestrator());
    expect(built).toEqual({ routerA: 0, routerB: 0, manager: 0 });
    await facade.orchestrate('lazy_dependencies', aContext(), { value: 1 });
    expect(built).toEqual({ routerA: 1, routerB: 0, manager: 0 });

    const own = new RouterA();
    await new LazyDependenciesOrchestrator(own).orchestrate(aContext(), { value: 2 });
    expect(own.received).toEqual([{ value: 2 }]);
    expect(getRouterA().received).toEqual([{ value: 1 }]);
  });
});

describe('7. structured logging', () => {
  it('writes each event once, with every parameter under one field', async () => {
    const logger = new RecordingLogger();
    const facade = new OrchestrationFacade({ logger });
    facade.register(new LoggingOrchestrator());

    // The names that break structlog, and a secret.
    const params = {
      depth: 'deep',
      event: 'x',
      level: 'y',
      tenantId: 'other',
      apiKey: 'sk-0123456789abcdef',
    };
    await facade.orchestrate('logging', aContext(), params);

    const [started] = logger.events('orchestration_started');
    expect(logger.events('orchestration_started')).toHaveLength(1);
    expect(logger.events('orchestration_completed')).toHaveLength(1);
    expect(started?.fields).toMatchObject({
      tenantId: 'test-tenant',
      requestId: 'test-request',
      depth: 0,
      params: { depth: 'deep', event: 'x', level: 'y', tenantId: 'other' },
    });
    expect(JSON.stringify(logger.records)).not.toContain('0123456789abcdef');
    expect(logger.events('work_done')[0]?.fields).toMatchObject({
      orchestrator: 'logging',
      layer: 'domain',
      requestId: 'test-request',
      items: 3,
    });
  });
});

describe('8. testing', () => {
  it('imports, instantiates, registers, executes, cleans up', async () => {
    // #region template
    // 1. Import: at the head of the file.
    // 2. Instantiate.
    const orchestrator = new MyOrchestrator();
    expect(orchestrator.name).toBe('my_orchestrator');
    expect(orchestrator.layer).toBe(OrchestrationLayer.DOMAIN);

    // 3. Register, with a facade of the test's own.
    const facade = new OrchestrationFacade();
    facade.register(orchestrator);

    // 4. Execute.
    const result = await facade.orchestrate('my_orchestrator', aContext());
    expect(StepResult.unwrap(result)).toEqual({ status: 'success', message: 'Hello, World!' });

    // 5. Clean up.
    await facade.unregister('my_orchestrator');
    expect(facade.listOrchestrators()).toEqual({});
    // #endregion
  });

  it('goes through the same steps in one call', async () => {
    // #region verify
    const report = await verifyOrchestrator(MyOrchestrator);

    expect(report.steps.map((each) => each.step)).toEqual([
      'import',
      'instantiate',
      'register',
      'execute',
      'clean up',
    ]);
    // #endregion
  });

  it('allows the hand-written clean-up of the guide, too', async () => {
    const orchestrator = new MyOrchestrator();
    await expect(orchestrator.cleanup()).resolves.toBeUndefined();
  });
});
