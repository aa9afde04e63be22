import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@kapelle/core/testing';
import fc from 'fast-check';
import { binomialTail } from './binomial-tail.js';
import { boundedWork, pause } from './bounded-work.js';
import { DEFAULT_GATES, type DeploymentGateInit, evaluateGate, gateOf } from './deployment-gate.js';
import { deploymentSettings } from './deployment-options.js';
import {
  DEPLOYMENT_STRATEGIES,
  type DeploymentStrategy,
  planDeployment,
  type PlanRequest,
  planRollback,
  rollingCounts,
} from './deployment-plan.js';
import { emptyBuckets, LATENCY_BOUNDS_MS, latencyBucket, latencyQuantile } from './latency-histogram.js';
import { TrafficCounter, type TrafficCounters, trafficSince } from './traffic.js';

const request = (more: Partial<PlanRequest> = {}): PlanRequest => ({
  strategy: 'rolling',
  next: { version: 'new', replicas: 3 },
  previous: { version: 'old', replicas: 3 },
  canaryShares: [10, 50, 100],
  maxSurge: 1,
  maxUnavailable: 1,
  exchange: 'stepwise',
  shares: 'weighted',
  ...more,
});

const anyRequest = fc
  .record({
    strategy: fc.constantFrom<DeploymentStrategy>(...DEPLOYMENT_STRATEGIES),
    from: fc.integer({ min: 1, max: 20 }),
    to: fc.integer({ min: 1, max: 20 }),
    maxSurge: fc.nat(5),
    maxUnavailable: fc.nat(5),
    shares: fc.constantFrom('weighted' as const, 'replicas' as const),
    canary: fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 5 }),
  })
  .filter(({ maxSurge, maxUnavailable }) => maxSurge + maxUnavailable > 0)
  .map(({ from, to, canary, ...rest }) =>
    request({
      ...rest,
      next: { version: 'new', replicas: to },
      previous: { version: 'old', replicas: from },
      canaryShares: [...canary.sort((a, b) => a - b), 100],
    }),
  );

const counters = (requests: number, failures: number, ms = 20, unanswered = 0): TrafficCounters => {
  const counter = new TrafficCounter();
  for (let n = 0; n < requests; n += 1) {
    counter.count({ isFailure: n < failures, isUnanswered: n < unanswered, durationMs: ms });
  }
  return counter.read();
};

describe('planDeployment', () => {
  it('never has more replicas than it may, or fewer, on the way of a rolling deployment', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(10),
        fc.nat(10),
        (from, to, maxSurge, maxUnavailable) => {
          fc.pre(maxSurge + maxUnavailable > 0);
          let before: readonly [number, number] = [from, 0];
          for (const state of rollingCounts({ from, to, maxSurge, maxUnavailable })) {
            // What is added comes up before what goes is taken down.
            expect(Math.max(state[0], before[0]) + Math.max(state[1], before[1])).toBeLessThanOrEqual(
              Math.max(from, to) + maxSurge,
            );
            expect(Math.min(state[0], before[0]) + Math.min(state[1], before[1])).toBeGreaterThanOrEqual(
              Math.min(from, to) - maxUnavailable,
            );
            expect(state).not.toEqual(before);
            before = state;
          }
          expect(before).toEqual([0, to]);
        },
      ),
    );
  });

  it('gives no traffic before the traffic phase, only more of it after that, and ends with the new version alone', () => {
    fc.assert(
      fc.property(anyRequest, (given) => {
        const { application, traffic, finish } = planDeployment(given);
        const shareOf = (step: (typeof traffic)[number]): number =>
          step.goal.releases.find(({ version }) => version === 'new')?.share ?? 0;
        expect(application.every((step) => shareOf(step) === 0)).toBe(true);
        const shares = traffic.map(shareOf);
        expect(shares).toEqual([...shares].sort((a, b) => a - b));
        expect(shares.at(-1)).toBe(100);
        // Wherever it gets more than before, the gates are asked.
        for (const [at, step] of traffic.entries()) {
          if ((shares[at] as number) > (shares[at - 1] ?? 0)) expect(step.isGated).toBe(true);
        }
        for (const { goal } of [...application, ...traffic, finish]) {
          const sum = goal.releases.reduce((all, { share }) => all + share, 0);
          expect([0, 100]).toContain(sum);
          expect(goal.releases.every(({ replicas, share }) => replicas >= 1 && Number.isInteger(share))).toBe(
            true,
          );
        }
        expect(finish.goal.releases).toEqual([{ version: 'new', replicas: given.next.replicas, share: 100 }]);
      }),
    );
  });

  it('gives the traffic back first, and takes the new version away last', () => {
    const asked = {
      next: { version: 'new', replicas: 3 },
      previous: { version: 'old', replicas: 3 },
      maxSurge: 1,
      maxUnavailable: 0,
      isInPlace: false,
    };
    const steps = planRollback(asked, [
      { version: 'old', replicas: 1 },
      { version: 'new', replicas: 2 },
    ]);
    expect(
      steps.map(({ goal }) =>
        goal.releases.map(({ version, replicas, share }) => `${version} ${replicas} ${share}`),
      ),
    ).toEqual([['old 1 100', 'new 2 0'], ['old 3 100', 'new 2 0'], ['old 3 100']]);
    const { previous: _previous, ...first } = asked;
    expect(planRollback(first, [{ version: 'new', replicas: 2 }]).map(({ goal }) => goal.releases)).toEqual([
      [],
    ]);
  });

  it('gives a canary as many replicas as its share needs, by weight or by number', () => {
    const countsOf = (shares: PlanRequest['shares']): number[] =>
      planDeployment(
        request({
          strategy: 'canary',
          shares,
          next: { version: 'new', replicas: 10 },
          previous: { version: 'old', replicas: 10 },
        }),
      ).traffic.map(({ goal }) => goal.releases.find(({ version }) => version === 'new')?.replicas ?? 0);
    expect(countsOf('weighted')).toEqual([1, 5, 10]);
    // One beside ten is 9 %, ten beside ten half.
    expect(countsOf('replicas')).toEqual([1, 10, 10]);
  });
});

describe('deploymentSettings', () => {
  it('has the defaults that the page names', () => {
    expect(deploymentSettings({})).toMatchObject({
      replicas: 3,
      maxSurge: 1,
      maxUnavailable: 1,
      canaryShares: [10, 50, 100],
      soakMs: 30_000,
      timeoutMs: 1_800_000,
      rollbackOnFailure: true,
      phaseTimeoutsMs: {
        infrastructure: 60_000,
        service_mesh: 60_000,
        application: 600_000,
        traffic: 1_800_000,
      },
      mesh: {
        timeoutMs: 30_000,
        retries: 3,
        maxConnections: 100,
        maxPending: 64,
        ejectAfter: 5,
        ejectMs: 30_000,
      },
    });
    expect(DEFAULT_GATES.map(({ timeoutMs, required }) => [timeoutMs, required])).toEqual(
      Array(4).fill([300_000, true]),
    );
    // No phase has longer than the whole.
    expect(deploymentSettings({ timeoutMs: 5_000 }).phaseTimeoutsMs.application).toBe(5_000);
  });
});

describe('evaluateGate', () => {
  const verdict = (
    init: Omit<DeploymentGateInit, 'name'>,
    candidate: TrafficCounters,
    baseline?: TrafficCounters,
    isFinal = true,
  ) =>
    evaluateGate(gateOf({ name: 'gate', ...init }), {
      candidate,
      baseline,
      hasPrevious: baseline !== undefined,
      isFinal,
    }).verdict;

  it('takes every bound as inclusive, as each default gate does', () => {
    expect(verdict({ metric: 'error_ratio', max: 0.01 }, counters(100, 1))).toBe('passed');
    expect(verdict({ metric: 'error_ratio', max: 0.01 }, counters(100, 2))).toBe('failed');
    expect(verdict({ metric: 'availability', min: 0.999 }, counters(1_000, 0, 20, 1))).toBe('passed');
    expect(verdict({ metric: 'availability', min: 0.999 }, counters(1_000, 0, 20, 2))).toBe('failed');
    const bound = LATENCY_BOUNDS_MS[40] as number;
    const shown = Math.round(bound * 100) / 100;
    expect(verdict({ metric: 'p95_ms', max: shown }, counters(100, 0, bound))).toBe('passed');
    expect(verdict({ metric: 'p95_ms', max: shown - 0.01 }, counters(100, 0, bound))).toBe('failed');
    expect(verdict({ metric: 'error_ratio', maxIncrease: 0.01 }, counters(100, 2), counters(100, 1))).toBe(
      'passed',
    );
    expect(verdict({ metric: 'error_ratio', maxIncrease: 0.01 }, counters(100, 3), counters(100, 1))).toBe(
      'failed',
    );
    const measurement = {
      candidate: counters(1_000, 10, 150),
      baseline: counters(1_000, 0),
      hasPrevious: true,
      isFinal: true,
    };
    expect(DEFAULT_GATES.map((gate) => evaluateGate(gate, measurement).verdict)).toEqual(
      Array(4).fill('passed'),
    );
  });

  it('passes nothing on fewer requests than it needs, whatever they were', () => {
    fc.assert(
      fc.property(fc.constantFrom(...DEFAULT_GATES), fc.nat(49), fc.nat(49), (gate, requests, failures) => {
        const candidate = counters(requests, Math.min(requests, failures));
        const evidence = { candidate, baseline: counters(100, 0), hasPrevious: true, isFinal: true };
        expect(evaluateGate(gate, evidence).verdict).not.toBe('passed');
      }),
    );
  });

  it('is sure of a bad version after a few requests, and never of one failure alone before the time is over', () => {
    const gate = { metric: 'error_ratio', max: 0.01 } as const;
    expect(verdict(gate, counters(1, 1), undefined, false)).toBe('unmeasured');
    expect(verdict(gate, counters(4, 2), undefined, false)).toBe('failed');
    expect(verdict(gate, counters(60, 1), undefined, false)).toBe('unmeasured');
    expect(verdict(gate, counters(60, 1), undefined, true)).toBe('failed');
    expect(verdict({ metric: 'p95_ms', max: 100 }, counters(5, 0, 500), undefined, false)).toBe('failed');
  });

  it('does not pass a comparison without enough of the old version', () => {
    const gate = { metric: 'p95_ms', maxRatio: 1.5 } as const;
    expect(verdict(gate, counters(100, 0), counters(10, 0))).toBe('unmeasured');
    expect(verdict(gate, counters(100, 0))).toBe('not_applicable');
    expect(verdict({ ...gate, max: 1_000 }, counters(100, 0))).toBe('passed');
  });
});

describe('binomialTail', () => {
  it('is the sum of the terms that it stands for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.nat(60),
        fc.double({ min: 0.001, max: 0.9, noNaN: true }),
        (trials, hits, p) => {
          fc.pre(hits <= trials && hits > trials * p);
          let exact = 0;
          for (let k = hits; k <= trials; k += 1) {
            let term = 1;
            for (let i = 0; i < k; i += 1) term *= ((trials - i) / (i + 1)) * p;
            exact += term * (1 - p) ** (trials - k);
          }
          expect(Math.abs(binomialTail(trials, hits, p) - exact)).toBeLessThanOrEqual(exact * 1e-5 + 1e-12);
        },
      ),
    );
    expect([binomialTail(10, 0, 0.5), binomialTail(10, 5, 0.5), binomialTail(10, 1, 0)]).toEqual([1, 1, 0]);
  });
});

describe('traffic', () => {
  it('gives quantiles that are never too low, and at most a tenth too high', () => {
    const durations = fc.array(fc.double({ min: 0.5, max: 80_000, noNaN: true }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.95, 1), (all, quantile) => {
        const buckets = emptyBuckets();
        for (const ms of all) buckets[latencyBucket(ms)] = (buckets[latencyBucket(ms)] as number) + 1;
        const exact = [...all].sort((a, b) => a - b)[Math.ceil(all.length * quantile) - 1] as number;
        const found = latencyQuantile(buckets, quantile) as number;
        expect(found).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
        expect(found).toBeLessThanOrEqual(exact * 1.1 * (1 + 1e-9));
      }),
    );
    expect(latencyBucket(Number.NaN)).toBe(LATENCY_BOUNDS_MS.length);
    expect(latencyQuantile(emptyBuckets(), 0.5)).toBeUndefined();
  });

  it('begins anew where the counters of a source do', () => {
    expect(trafficSince(counters(10, 1), counters(30, 2))).toMatchObject({ requests: 20, failures: 1 });
    expect(trafficSince(counters(30, 2), counters(10, 1))).toMatchObject({ requests: 10, failures: 1 });
    expect(trafficSince(undefined, counters(3, 0))).toMatchObject({ requests: 3 });
  });
});

describe('boundedWork', () => {
  const bounds = (clock: FakeClock, signal: AbortSignal, onLate: () => void = () => undefined) => ({
    clock,
    signal,
    timeoutMs: 1_000,
    timeout: () => new Error('too late'),
    graceMs: 100,
    onLate,
  });

  it('gives what the work gives, and leaves no timer', async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    expect(await boundedWork(async () => 7, bounds(clock, signal))).toBe(7);
    await expect(
      boundedWork(async () => Promise.reject(new Error('no')), bounds(clock, signal)),
    ).rejects.toThrow('no');
    expect(clock.pending).toBe(0);
  });

  it('waits a little for work that was told to stop, and tells of that which ends later', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    let late = 0;
    let release: (value: number) => void = () => undefined;
    const work = boundedWork(
      () => new Promise<number>((resolve) => (release = resolve)),
      bounds(clock, controller.signal, () => (late += 1)),
    );
    const failed = expect(work).rejects.toThrow('enough');
    controller.abort(new Error('enough'));
    await clock.advance(100);
    await failed;
    expect(late).toBe(0);
    release(1);
    await clock.advance(0);
    expect(late).toBe(1);
    const pausing = pause(clock, 1_000, controller.signal);
    await expect(pausing).rejects.toThrow('enough');
    expect(clock.pending).toBe(0);
  });
});
