import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  createOrchestrationHost,
  ERROR_CODES,
  OrchestrationError,
  OrchestrationFacade,
  OrchestrationType,
} from '@kapelle/core';
import { aContext, FakeClock, RecordingLogger } from '@kapelle/core/testing';

import { GracefulOrchestrator } from '../practices/graceful-shutdown.js';
import { MyOrchestrator } from '../quick-start/hand-written.js';
import { HangingOrchestrator } from './hanging-cleanup.js';
import { EagerTimerOrchestrator } from './legacy-constructor.js';
import { HaggleOrchestrator } from './own-type.js';

describe('what the troubleshooting chapter lists', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('"no running event loop": a constructor may start a timer here, but nobody knows of it until cleanup', async () => {
    jest.useFakeTimers();
    const orchestrator = new EagerTimerOrchestrator();
    jest.advanceTimersByTime(3_000);
    expect(orchestrator.ticks).toBe(3);

    const facade = new OrchestrationFacade();
    facade.register(orchestrator);
    expect(facade.listOrchestrators()['eager_timer']?.tasks).toEqual([]);
    await facade.orchestrate('eager_timer', aContext());
    await facade.unregister('eager_timer');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('"multiple values for keyword argument": no parameter name collides with a log field', async () => {
    const logger = new RecordingLogger();
    const facade = new OrchestrationFacade({ logger });
    facade.register(new MyOrchestrator());

    const params = { depth: 9, event: 'e', level: 'l', name: 'n', orchestrator: 'o', requestId: 'r' };
    const result = await facade.orchestrate('my_orchestrator', aContext(), params);

    expect(result.status).toBe('ok');
    expect(logger.events('orchestration_started')[0]?.fields).toMatchObject({
      orchestrator: 'my_orchestrator',
      requestId: 'test-request',
      depth: 0,
      params,
    });
  });

  it('"OrchestrationType has no attribute": all nine are there, and a type of your own is a string', async () => {
    expect(Object.keys(OrchestrationType)).toHaveLength(9);
    const facade = new OrchestrationFacade();
    facade.register(HaggleOrchestrator);
    expect(facade.getByType('negotiation').map((each) => each.name)).toEqual(['haggle']);
    expect((await facade.orchestrate(HaggleOrchestrator, aContext())).data).toEqual({ price: 7 });
  });

  it('"orchestrator not found": is a failed result with the nearest names, not an exception', async () => {
    const facade = new OrchestrationFacade();
    facade.register(new MyOrchestrator());
    const result = await facade.orchestrate('my_orchestrater', aContext());
    expect(result).toMatchObject({
      status: 'failed',
      errorCategory: 'not_found',
      error:
        'No orchestrator is registered as "my_orchestrater". Register it, or use one of: "my_orchestrator".',
    });
  });

  it('"tasks never complete": a loop with a shutdown event is over when unregister resolves', async () => {
    const clock = new FakeClock();
    const facade = new OrchestrationFacade({ clock });
    const orchestrator = new GracefulOrchestrator(clock, async () => {});
    facade.register(orchestrator);
    await facade.orchestrate('graceful', aContext());
    await facade.unregister('graceful');
    await clock.advance(3_600_000);
    expect(orchestrator.rounds).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('a clean-up that hangs is cut off at its limit and named', async () => {
    const clock = new FakeClock();
    const host = createOrchestrationHost({ orchestrators: [HangingOrchestrator], clock });
    await host.start();
    const stopping = host.stop();
    await clock.advance(5_000);

    expect(await stopping).toMatchObject({
      clean: false,
      failures: [
        {
          orchestrator: 'hanging',
          phase: 'cleanup',
          kind: 'timeout',
          error: { message: expect.stringContaining('The cleanup of hanging') },
        },
      ],
    });
    expect(host.state).toBe('stopped');
  });

  it('misuse throws at once, with a code of the table and the next step', () => {
    const facade = new OrchestrationFacade();
    facade.register(new MyOrchestrator());
    try {
      facade.register(new MyOrchestrator());
      throw new Error('not reached');
    } catch (thrown) {
      if (!OrchestrationError.is(thrown)) throw thrown;
      expect(thrown.code).toBe('ORCHESTRATOR_ALREADY_REGISTERED');
      expect(thrown.message).toContain("'my_orchestrator' is already registered");
      expect(thrown.message).toContain(ERROR_CODES.ORCHESTRATOR_ALREADY_REGISTERED.fix);
    }
  });
});
