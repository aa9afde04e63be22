import { describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { FakeClock } from '@kapelle/core/testing';
import fc from 'fast-check';

import { type CircuitBreaker, circuitBreaker } from './circuit-breaker.js';

const OPTIONS = {
  failureRatio: 0.5,
  minimumCalls: 3,
  windowMs: 1_000,
  openMs: 50,
  maxOpenMs: 300,
  probes: 2,
  probeTimeoutMs: 120,
} as const;

type End = 'good' | 'bad' | 'ignored';

interface ModelCall {
  readonly startedAt: number;
  readonly period: number;
  cancelled: boolean;
}

/** The circuit as its documentation says it, written without regard to speed: a log, filtered anew for each question. */
class Model {
  now = 0;
  state: 'closed' | 'open' | 'half-open' | 'isolated' = 'closed';
  until = 0;
  openedInARow = 0;
  period = 0;
  good = 0;
  log: { readonly bucket: number; readonly bad: boolean; readonly period: number }[] = [];
  readonly calls = new Map<number, ModelCall>();

  become(state: Model['state']): void {
    this.state = state;
    this.period += 1;
    this.good = 0;
  }

  open(): void {
    this.until = this.now + Math.min(OPTIONS.maxOpenMs, OPTIONS.openMs * 2 ** this.openedInARow);
    this.openedInARow += 1;
    this.become('open');
  }

  close(): void {
    this.openedInARow = 0;
    this.become('closed');
  }

  probes(): ModelCall[] {
    return [...this.calls.values()].filter((call) => call.period === this.period && !call.cancelled);
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const hungAt = Math.min(...this.probes().map((call) => call.startedAt + OPTIONS.probeTimeoutMs));
      const next = this.state === 'open' ? this.until : this.state === 'half-open' ? hungAt : Infinity;
      if (next > end) break;
      this.now = Math.max(this.now, next);
      if (this.state === 'open') this.become('half-open');
      else this.open();
    }
    this.now = end;
  }

  start(id: number): boolean {
    const admitted =
      this.state === 'closed' ||
      (this.state === 'half-open' && this.probes().length + this.good < OPTIONS.probes);
    if (admitted) this.calls.set(id, { startedAt: this.now, period: this.period, cancelled: false });
    return admitted;
  }

  end(id: number, end: End): void {
    const call = this.calls.get(id);
    this.calls.delete(id);
    if (call === undefined || call.period !== this.period || end === 'ignored') return;
    if (this.state === 'half-open') {
      if (call.cancelled) return;
      if (end === 'bad') this.open();
      else if ((this.good += 1) === OPTIONS.probes) this.close();
    } else if (this.state === 'closed') {
      if (call.cancelled && end === 'bad') return;
      const bucketMs = OPTIONS.windowMs / 10;
      this.log.push({ bucket: Math.floor(this.now / bucketMs), bad: end === 'bad', period: this.period });
      const counted = this.log.filter(
        (entry) => entry.period === this.period && entry.bucket > Math.floor(this.now / bucketMs) - 10,
      );
      const bad = counted.filter((entry) => entry.bad).length;
      if (counted.length >= OPTIONS.minimumCalls && bad / counted.length >= OPTIONS.failureRatio) this.open();
    }
  }
}

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
    const call = model.calls.get(id);
    if (call !== undefined) call.cancelled = true;
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
  if (model.state !== 'isolated') model.become('isolated');
});

const reset = command('reset', (model, real) => {
  real.breaker.reset();
  model.close();
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
          () => ({ model: new Model(), real: { clock, breaker, calls: new Map<number, RealCall>(), id: 0 } }),
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
});
