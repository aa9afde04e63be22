import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { resolveRunHostOptions, type RunHostOptions } from './runner-options.js';

const DEFAULT_TOTAL = { ms: 25_000, isGiven: false };
const given = (ms: number) => ({ ms, isGiven: true });

const shared = (options: RunHostOptions, total = DEFAULT_TOTAL, inCluster = false) => {
  const { readinessDelayMs, stopTimeoutMs, hardDeadlineMs } = resolveRunHostOptions(
    options,
    total,
    inCluster,
  );
  return { readinessDelayMs, stopTimeoutMs, hardDeadlineMs };
};

describe('resolveRunHostOptions', () => {
  it('has defaults that fit, with a readiness delay only inside of a cluster', () => {
    expect(shared({})).toEqual({ readinessDelayMs: 0, stopTimeoutMs: 25_000, hardDeadlineMs: 28_000 });
    expect(shared({}, DEFAULT_TOTAL, true)).toEqual({
      readinessDelayMs: 5_000,
      stopTimeoutMs: 22_000,
      hardDeadlineMs: 28_000,
    });
    expect(resolveRunHostOptions({}, DEFAULT_TOTAL, false)).toMatchObject({
      signals: ['SIGTERM', 'SIGINT'],
      hasWatchdog: true,
    });
  });

  it('lets a default give way to what is set, and never what is set to a default of the cluster', () => {
    expect(shared({ hardDeadlineMs: 2_000 })).toMatchObject({ readinessDelayMs: 0, stopTimeoutMs: 1_800 });
    expect(shared({ readinessDelayMs: 10_000 })).toMatchObject({ stopTimeoutMs: 17_000 });
    expect(shared({}, given(28_000))).toMatchObject({ stopTimeoutMs: 28_000 });
    expect(shared({}, given(28_000), true)).toMatchObject({ readinessDelayMs: 5_000, stopTimeoutMs: 22_000 });
    expect(shared({}, given(20_000), true)).toMatchObject({ readinessDelayMs: 5_000, stopTimeoutMs: 20_000 });
    expect(shared({ readinessDelayMs: 3_000 }, given(25_000), true)).toMatchObject({ stopTimeoutMs: 25_000 });
  });

  it('refuses lengths of time that were set and do not fit, naming each', () => {
    expect(() => shared({ readinessDelayMs: 5_000 }, given(25_000))).toThrow(
      new RangeError(
        'readinessDelayMs (5000) and shutdown.totalTimeoutMs (25000) must fit into hardDeadlineMs (28000), or the process is killed before its stop is over. Lower one of the two, or raise hardDeadlineMs where the platform waits longer.',
      ),
    );
    expect(() => shared({}, given(40_000))).toThrow(RangeError);
    expect(() => shared({}, given(40_000), true)).toThrow(RangeError);
    expect(() => shared({ readinessDelayMs: 28_000 })).toThrow(
      new RangeError(
        'readinessDelayMs (28000) must be less than hardDeadlineMs (28000), or nothing is left for the stop. Lower the delay.',
      ),
    );
  });

  it('never plans beyond the hard deadline, and plans inside of a cluster what it plans outside', () => {
    const lengths = fc.record(
      {
        readinessDelayMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 60_000 })),
        hardDeadlineMs: fc.integer({ min: 100, max: 60_000 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 60_000 }), fc.boolean(), (options, ms, isGiven) => {
        const attempt = (inCluster: boolean) => {
          try {
            return shared(options, { ms, isGiven }, inCluster);
          } catch {
            return undefined;
          }
        };
        const outside = attempt(false);
        const inside = attempt(true);
        expect(inside === undefined).toBe(outside === undefined);
        for (const plan of [outside, inside]) {
          if (plan === undefined) continue;
          expect(plan.stopTimeoutMs).toBeGreaterThan(0);
          expect(plan.stopTimeoutMs).toBeLessThanOrEqual(ms);
          expect(plan.readinessDelayMs + plan.stopTimeoutMs).toBeLessThanOrEqual(plan.hardDeadlineMs);
        }
      }),
    );
  });

  it.each<[unknown, string]>([
    [
      { hardDeadlineMs: 99 },
      'hardDeadlineMs must be a number of milliseconds from 100 to 2147483647, got 99',
    ],
    [
      { hardDeadlineMs: NaN },
      'hardDeadlineMs must be a number of milliseconds from 100 to 2147483647, got NaN',
    ],
    [
      { readinessDelayMs: -1 },
      'readinessDelayMs must be a number of milliseconds from 0 to 2147483647, got -1',
    ],
    [
      { readinessDelayMs: '5' },
      'readinessDelayMs must be a number of milliseconds from 0 to 2147483647, got 5',
    ],
    [{ signals: 'SIGTERM' }, 'signals must be an array of signal names, got string'],
    [{ signals: ['TERM'] }, 'signals must hold names like "SIGTERM", got TERM'],
    [{ signals: ['SIGKILL'] }, 'signals must not hold SIGKILL: a process cannot end in order after it'],
    [{ watchdog: 1 }, 'watchdog must be true or false, got 1'],
    [{ exit: 0 }, 'exit must be a function, got number'],
  ])('refuses %p', (options, message) => {
    expect(() => shared(options as RunHostOptions)).toThrow(message);
  });
});
