import { describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { FakeClock } from '@kapelle/core/testing';
import fc from 'fast-check';

import { type CircuitBreaker, circuitBreaker } from './circuit-breaker.js';
import { playCircuitHistory } from './fixtures/circuit-history.js';
import { CircuitModel as Model, type CircuitModelEnd } from './fixtures/circuit-model.js';

const OPTIONS = {
  failureRatio: 0.5,
  minimumCalls: 3,
  windowMs: 1_000,
  openMs: 50,
  maxOpenMs: 300,
  probes: 2,
  probeTimeoutMs: 120,
} as const;

type End = CircuitModelEnd;

interface RealCall {
  readonly controller: AbortController;
  readonly settle: (end: End) => void;
}

interface Real {
  readonly clock: FakeClock;
  readonly breaker: CircuitBreaker;
  readonly calls: Map<number, RealCall>;
  id: number;
}

type Command = fc.AsyncCommand<Model, Real>;

/** All that hangs on promises has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await Promise.resolve();
}

function agree(model: Model, real: Real): void {
  expect(real.breaker.state).toBe(model.state);
  if (model.state === 'open') expect(real.breaker.stats.retryAfterMs).toBe(model.until - model.now);
}

function command(name: string, run: (model: Model, real: Real) => void | Promise<void>): Command {
  return {
    check: () => true,
    run: async (model, real) => {
      await run(model, real);
      await settled();
      agree(model, real);
    },
    toString: () => name,
  };
}

/** The n-th of the running calls, in the order they began. */
const pick = (real: Real, n: number): number | undefined => {
  const ids = [...real.calls.keys()];
  return ids.length === 0 ? undefined : ids[n % ids.length];
};

const start = command('start', async (model, real) => {
  const id = (real.id += 1);
  const controller = new AbortController();
  let ran = false;
  let refused = false;
  real.breaker
    .execute(
      () => {
        ran = true;
        return new Promise((resolve, reject) => {
          real.calls.set(id, {
            controller,
            settle: (end) => {
              if (end === 'good') resolve(1);
              else if (end === 'bad') reject(new Error('down'));
              else resolve(StepResult.fail('no such thing', { errorCategory: 'not_found' }));
            },
          });
        });
      },
      { signal: controller.signal },
    )
    .catch((error: unknown) => {
      refused = (error as { code?: unknown }).code === 'CIRCUIT_OPEN';
    });
  await settled();
  const admitted = model.start(id);
  expect({ ran, refused }).toEqual({ ran: admitted, refused: !admitted });
});

const end = (n: number, how: End): Command =>
  command(`end #${n} ${how}`, (model, real) => {
    const id = pick(real, n);
    if (id === undefined) return;
    real.calls.get(id)?.settle(how);
    real.calls.delete(id);
    model.end(id, how);
  });

const cancel = (n: number): Command =>
  command(`cancel #${n}`, (model, real) => {
    const id = pick(real, n);
    if (id === undefined) return;
    real.calls.get(id)?.controller.abort();
    model.cancel(id);
  });

const pass = (ms: number): Command =>
  command(`pass ${ms} ms`, async (model, real) => {
    await real.clock.advance(ms);
    model.pass(ms);
  });

const stepWallClock = (to: number): Command =>
  command(`wall clock to ${to}`, (_, real) => real.clock.setWallTime(to));

const isolate = command('isolate', (model, real) => {
  real.breaker.isolate();
  model.isolate();
});

const reset = command('reset', (model, real) => {
  real.breaker.reset();
  model.reset();
});

const often = <T>(
  weight: number,
  arbitrary: fc.Arbitrary<T>,
): { weight: number; arbitrary: fc.Arbitrary<T> } => ({
  weight,
  arbitrary,
});
const index = fc.nat(6);
/** One weighted arbitrary, because a list of them would be drawn from evenly. */
const commands = fc.commands(
  [
    fc.oneof(
      often(30, fc.constant(start)),
      often(
        24,
        fc.tuple(index, fc.constantFrom<End>('good', 'bad', 'bad', 'ignored')).map(([n, how]) => end(n, how)),
      ),
      often(4, index.map(cancel)),
      often(
        14,
        fc
          .constantFrom(1, 7, 49, 50, 51, 99, 100, 119, 120, 121, 300, 899, 900, 1_000, 60_000, 86_400_000)
          .map(pass),
      ),
      often(2, fc.constantFrom(0, 4e12).map(stepWallClock)),
      often(1, fc.constant(isolate)),
      often(1, fc.constant(reset)),
    ),
  ],
  { maxCommands: 120, size: 'max' },
);

describe('the circuit breaker and its reference model', () => {
  it('agree on state, open time and who is let through, after every event of random histories', async () => {
    const reached = new Set<string>();
    await fc.assert(
      fc.asyncProperty(commands, async (history) => {
        const clock = new FakeClock();
        const breaker = circuitBreaker({ ...OPTIONS, clock, random: () => 0.5 });
        breaker.onStateChange(({ from, to, reason }) => reached.add(`${from} → ${to}: ${reason}`));
        await fc.asyncModelRun(
          () => ({
            model: new Model(OPTIONS),
            real: { clock, breaker, calls: new Map<number, RealCall>(), id: 0 },
          }),
          history,
        );
      }),
      { numRuns: 150 },
    );
    // The histories are worth something only if they get everywhere.
    expect([...reached].sort()).toEqual(
      expect.arrayContaining([
        'closed → open: failures',
        'open → half-open: elapsed',
        'half-open → closed: probes-succeeded',
        'half-open → open: probe-failed',
        'half-open → open: probe-hung',
      ]),
    );
  }, 60_000);

  /**
   * 100,000 short histories, the same ones each time. For others, and more: `KAPELLE_HISTORIES=1000000 KAPELLE_SEED=7 npm run
   * test:project -- resilience -- circuit-breaker.model`.
   */
  it('agree over 100,000 seeded histories with gaps of a millisecond to a day and four settings', async () => {
    const histories = Number(process.env['KAPELLE_HISTORIES'] ?? 100_000);
    const first = (Number(process.env['KAPELLE_SEED']) || 1) * 1_000_003;
    const reached = new Set<string>();
    let events = 0;
    // Nobody reads the stacks of the refusals, and they are half of the time.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    for (let history = 0; history < histories; history += 1) {
      events += await playCircuitHistory(first + history, ({ from, to, reason }) =>
        reached.add(`${from} → ${to}: ${reason}`),
      );
    }
    Error.stackTraceLimit = stackTraceLimit;
    expect(events).toBeGreaterThan(histories * 10);
    expect([...reached].sort()).toEqual([
      'closed → isolated: manual',
      'closed → open: failures',
      'closed → open: slow-calls',
      'half-open → closed: manual',
      'half-open → closed: probes-succeeded',
      'half-open → isolated: manual',
      'half-open → open: probe-failed',
      'half-open → open: probe-hung',
      'isolated → closed: manual',
      'open → closed: manual',
      'open → half-open: elapsed',
      'open → isolated: manual',
    ]);
  }, 3_600_000);
});
