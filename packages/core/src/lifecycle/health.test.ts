import { describe, expect, it } from '@jest/globals';

import {
  BaseOrchestrator,
  createOrchestrationHost,
  defineOrchestrator,
  type OperationContext,
} from '../index.js';
import type { HealthAnswer } from '../orchestrator/base-orchestrator.js';
import { FakeClock } from '../testing/fake-clock.js';
import { aContext, Gate, ScriptedHost } from './fixtures/scripted-host.js';

/** A host of one orchestrator whose health hook a test writes. */
function asked(health: (signal: AbortSignal) => unknown, required = true) {
  const clock = new FakeClock();
  class Asked extends BaseOrchestrator {
    override health(signal: AbortSignal): HealthAnswer | Promise<HealthAnswer> {
      return health(signal) as HealthAnswer;
    }
    work(_context: OperationContext): void {
      throw new Error('broken');
    }
  }
  defineOrchestrator(Asked, { layer: 'domain', type: 'monitoring', required, operations: ['work'] });
  const host = createOrchestrationHost({ orchestrators: [Asked], clock });
  return { host, clock, of: () => host.health().orchestrators['asked'] };
}

describe('health', () => {
  it('says of a host whether it lives and whether it should get traffic', async () => {
    const scripted = new ScriptedHost([{ name: 'a' }, { name: 'later', more: { startup: 'lazy' } }]);
    const { host } = scripted;
    const down = { status: 'unhealthy', live: true, ready: false, score: 0 };
    expect(host.health()).toMatchObject(down);
    await host.start();
    expect(host.health()).toEqual({
      status: 'healthy',
      live: true,
      ready: true,
      score: 100,
      orchestrators: {
        a: { status: 'healthy', score: 100, state: 'running' },
        later: { status: 'healthy', score: 100, state: 'registered' },
      },
    });
    await host.stop();
    expect(host.health()).toMatchObject({
      ...down,
      orchestrators: { a: { status: 'unhealthy', state: 'stopped' } },
    });
  });

  it.each<[unknown, object]>([
    [true, { status: 'healthy', score: 100 }],
    [false, { status: 'unhealthy', score: 0 }],
    [undefined, { status: 'healthy', score: 100 }],
    [{ status: 'degraded' }, { status: 'degraded', score: 50 }],
    [
      { status: 'healthy', score: 12 },
      { status: 'degraded', score: 12 },
    ],
    [
      { status: 'healthy', score: NaN, message: 7 },
      { status: 'healthy', score: 100 },
    ],
    [
      { status: 'degraded', score: 900, message: 'slow', details: { lag: 3 } },
      { status: 'degraded', score: 100, message: 'slow', details: { lag: 3 } },
    ],
    ['fine', { status: 'healthy', score: 100 }],
  ])('understands the answer %j, given at once or later', async (answer, expected) => {
    for (const hook of [() => answer, () => Promise.resolve(answer)]) {
      const { host, clock, of } = asked(hook);
      await host.start();
      of();
      await clock.advance(0);
      expect(of()).toEqual({ state: 'running', ...expected });
      await host.stop();
      expect(clock.pending).toBe(0);
    }
  });

  it('takes a hook that throws, rejects or answers something unreadable for unhealthy', async () => {
    const unreadable = {
      get status(): never {
        throw new Error('broken');
      },
    };
    const hooks = [
      () => {
        throw new Error('broken');
      },
      () => Promise.reject(new Error('broken')),
      () => unreadable,
      () => Promise.resolve(unreadable),
    ];
    for (const hook of hooks) {
      const { host, clock, of } = asked(hook);
      await host.start();
      of();
      await clock.advance(0);
      expect(of()).toMatchObject({
        status: 'unhealthy',
        score: 0,
        message: 'The health hook failed: broken',
      });
      expect(host.health()).toMatchObject({ status: 'unhealthy', live: true, ready: false, score: 0 });
      await host.stop();
    }
  });

  it('asks a hook that hangs once, says so after its time, and only then asks it again', async () => {
    const gate = new Gate();
    const signals: AbortSignal[] = [];
    const { host, clock, of } = asked(async (signal) => {
      signals.push(signal);
      await gate.opened;
      return true;
    });
    await host.start();
    expect(of()).toMatchObject({ status: 'healthy' });
    expect(clock.keptAlive).toBe(0);
    await clock.advance(4_999);
    expect(of()).toMatchObject({ status: 'healthy' });
    expect(signals).toHaveLength(1);
    await clock.advance(1);
    for (let probe = 0; probe < 3; probe += 1) {
      expect(of()).toMatchObject({
        status: 'unhealthy',
        message: 'The health hook failed: It took longer than 5000 ms.',
      });
    }
    expect(signals.map((each) => each.aborted)).toEqual([true, false]);
    gate.open();
    await clock.advance(0);
    expect(of()).toMatchObject({ status: 'healthy' });
    expect(signals).toHaveLength(3);
    await clock.advance(0);
    await host.stop();
    expect(clock.pending).toBe(0);
  });

  it('is well again after a hook that has hung for good, whose late answer counts no more', async () => {
    const late = new Gate();
    let asks = 0;
    const { host, clock, of } = asked(async () => {
      asks += 1;
      if (asks > 1) return true;
      await late.opened;
      return false;
    });
    await host.start();
    of();
    await clock.advance(5_000);
    expect(of()).toMatchObject({ status: 'unhealthy' });
    await clock.advance(0);
    expect(of()).toMatchObject({ status: 'healthy', score: 100 });
    late.open();
    await clock.advance(0);
    expect(of()).toMatchObject({ status: 'healthy', score: 100 });
    await clock.advance(0);
    await host.stop();
  });

  it('is only degraded by what is not required, and by calls that fail', async () => {
    const optional = asked(() => false, false);
    await optional.host.start();
    expect(optional.host.health()).toMatchObject({ status: 'degraded', ready: true, score: 100 });
    await optional.host.stop();
    const failing = asked(() => true);
    await failing.host.start();
    const call = () => failing.host.facade.orchestrate<unknown>('asked', aContext());
    for (let calls = 0; calls < 9; calls += 1) await call();
    expect(failing.of()).toMatchObject({ status: 'healthy', score: 100 });
    await call();
    expect(failing.of()).toMatchObject({ status: 'degraded', score: 0 });
    expect(failing.host.health()).toMatchObject({ status: 'degraded', ready: true, score: 0 });
    await failing.host.stop();
  });
});
