import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createOrchestrationHost, type Logger, OrchestrationFacade, silentLogger } from '@kapelle/core';
import { aContext, FakeClock, RecordingLogger } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';

import * as before from './before.js';
import * as declared from './declared.js';
import * as handWritten from './hand-written.js';

const MINUTE = 60_000;

function handWrittenForm(probe: (signal: AbortSignal) => Promise<number>, cleanupAfterCall = false) {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const facade = new OrchestrationFacade({ clock, logger });
  const orchestrator = new handWritten.MyMonitoringOrchestrator(probe, clock);
  facade.register(orchestrator, { cleanupAfterCall });
  return { clock, logger, facade, orchestrator };
}

describe('the infrastructure pattern, before', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('has a timer from its constructor on that nothing ends', async () => {
    jest.useFakeTimers();
    let checks = 0;
    const orchestrator = new before.MyMonitoringOrchestrator(async () => (checks += 1));
    await jest.advanceTimersByTimeAsync(3 * MINUTE);

    expect(checks).toBe(3);
    expect(await orchestrator.executeWithMonitoring(async () => 'done')).toBe('done');
    expect(jest.getTimerCount()).toBe(1);
    jest.clearAllTimers();
  });
});

describe('the infrastructure pattern, by hand', () => {
  it('starts its loop with the first call, not before, and only once', async () => {
    let checks = 0;
    const { clock, facade, orchestrator } = handWrittenForm(async () => (checks += 1));
    await clock.advance(5 * MINUTE);
    expect(checks).toBe(0);
    expect(orchestrator.isMonitoring).toBe(false);

    const task = async (): Promise<number> => 42;
    const first = await facade.orchestrate('my_monitoring', aContext(), { task });
    await facade.orchestrate('my_monitoring', aContext(), { operation: 'execute', task });
    await clock.advance(2 * MINUTE);

    expect(first.data).toEqual({ value: 42 });
    expect(checks).toBe(3);
    const health = await facade.orchestrate('my_monitoring', aContext(), { operation: 'get_health' });
    expect(health.data).toEqual({ latencyMs: 3 });
  });

  it('refuses an unknown operation', async () => {
    const { facade } = handWrittenForm(async () => 1);
    const result = await facade.orchestrate('my_monitoring', aContext(), { operation: 'dance' });
    expect(result).toMatchObject({
      status: 'failed',
      error: 'Unknown operation: dance',
      errorCategory: 'validation',
    });
    await facade.unregister('my_monitoring');
  });

  it('goes on after a failed check, and says so', async () => {
    let checks = 0;
    const { clock, logger, facade } = handWrittenForm(async () => {
      checks += 1;
      if (checks === 1) throw new Error('no answer');
      return checks;
    });
    await facade.orchestrate('my_monitoring', aContext(), { operation: 'get_health' });
    await clock.advance(MINUTE);

    expect(checks).toBe(2);
    expect(logger.events('monitoring_error')).toHaveLength(1);
    await facade.unregister('my_monitoring');
  });

  it('logs from its loop under the ids of the call that started it, however long ago', async () => {
    let checks = 0;
    const { clock, logger, facade } = handWrittenForm(async () => {
      checks += 1;
      if (checks === 3) throw new Error('no answer');
      return checks;
    });
    await facade.orchestrate('my_monitoring', aContext({ requestId: 'first' }), { operation: 'get_health' });
    await facade.orchestrate('my_monitoring', aContext({ requestId: 'second' }), { operation: 'get_health' });
    await clock.advance(2 * MINUTE);

    expect(logger.events('monitoring_error')[0]?.fields).toMatchObject({ requestId: 'first' });
    await facade.unregister('my_monitoring');
  });

  it('ends its loop when it is unregistered', async () => {
    let checks = 0;
    const { clock, facade, orchestrator } = handWrittenForm(async () => (checks += 1));
    await facade.orchestrate('my_monitoring', aContext(), { operation: 'get_health' });

    await facade.unregister('my_monitoring');
    await clock.advance(10 * MINUTE);

    expect(checks).toBe(1);
    expect(orchestrator.isMonitoring).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('cancels a check that does not end within five seconds', async () => {
    const reasons: string[] = [];
    const { clock, facade, orchestrator } = handWrittenForm(
      (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push((signal.reason as Error).message);
            reject(signal.reason as Error);
          });
        }),
    );
    await facade.orchestrate('my_monitoring', aContext(), { operation: 'get_health' });

    const stopped = facade.unregister('my_monitoring');
    await clock.advance(4_999);
    expect(reasons).toEqual([]);
    await clock.advance(1);
    await stopped;

    expect(reasons).toEqual(['The monitoring did not end within 5 seconds.']);
    expect(orchestrator.isMonitoring).toBe(false);
  });

  it('loses its loop with the first call where cleanup is asked for after every call', async () => {
    let checks = 0;
    const { clock, facade, orchestrator } = handWrittenForm(async () => (checks += 1), true);

    await facade.orchestrate('my_monitoring', aContext(), { operation: 'get_health' });
    await clock.advance(10 * MINUTE);

    expect(checks).toBe(1);
    expect(orchestrator.isMonitoring).toBe(false);
  });
});

describe('the infrastructure pattern, declared', () => {
  function declaredForm(measure: (signal: AbortSignal) => Promise<number>, logger: Logger = silentLogger) {
    const clock = new FakeClock();
    const host = createOrchestrationHost({
      orchestrators: [declared.MyMonitoringOrchestrator],
      modules: [
        new ContainerModule(({ bind }) => {
          bind(declared.LatencyProbe).toConstantValue({ measure });
        }),
      ],
      clock,
      logger,
      // The middle of the jitter, so that each pause is exactly as declared.
      random: () => 0.5,
    });
    return { clock, host };
  }

  it('runs its task while the host runs, and never after', async () => {
    let checks = 0;
    const { clock, host } = declaredForm(async () => (checks += 1));
    await clock.advance(5 * MINUTE);
    expect(checks).toBe(0);

    await host.start();
    await clock.advance(2 * MINUTE);
    expect(checks).toBe(3);

    const report = await host.stop();
    await clock.advance(10 * MINUTE);
    expect(report).toMatchObject({ clean: true, failures: [] });
    expect(checks).toBe(3);
    expect(clock.pending).toBe(0);
  });

  it('offers the same operations, listed', async () => {
    const { clock, host } = declaredForm(async () => 12);
    await host.start();
    await clock.advance(0);

    const value = await host.facade.orchestrate('my_monitoring', aContext(), { task: async () => 42 });
    const health = await host.facade.orchestrate('my_monitoring', aContext(), { operation: 'get_health' });
    const refused = await host.facade.orchestrate('my_monitoring', aContext(), { operation: 'dance' });

    expect(value.data).toEqual({ value: 42 });
    expect(health.data).toEqual({ latencyMs: 12 });
    expect(refused).toMatchObject({
      errorCategory: 'validation',
      details: { operations: ['execute', 'get_health'] },
    });
    expect(host.facade.listOrchestrators()['my_monitoring']?.tasks).toEqual([
      expect.objectContaining({ name: 'checkHealth', everyMs: MINUTE, runs: 1 }),
    ]);
    await host.stop();
  });

  it('logs a failed run under no call at all', async () => {
    const logger = new RecordingLogger();
    const { clock, host } = declaredForm(() => Promise.reject(new Error('no answer')), logger);
    await host.start();
    await host.facade.orchestrate('my_monitoring', aContext(), { operation: 'get_health' });
    await clock.advance(MINUTE);

    const [failed] = logger.events('background_task_failed');
    expect(failed?.fields).toMatchObject({ task: 'checkHealth', error: 'no answer' });
    expect(failed?.fields).not.toHaveProperty('requestId');
    await host.stop();
  });

  it('starts a task that throws anew, and degrades when that does not help', async () => {
    const { clock, host } = declaredForm(() => Promise.reject(new Error('no answer')));
    await host.start();
    await clock.advance(MINUTE);

    expect(host.health().status).toBe('degraded');
    expect(host.health().orchestrators['my_monitoring']?.state).toBe('degraded');
    await host.stop();
  });
});
