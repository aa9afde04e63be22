import { describe, expect, it } from '@jest/globals';

import { BaseOrchestrator, defineOrchestrator } from '../index.js';
import { aContext, one, setUp, gate, turn } from './fixtures/call-parts.js';

describe('maxConcurrency', () => {
  it('lets further calls wait in order, takes an aborted one out, and refuses beyond maxWaiting', async () => {
    const { facade, clock } = setUp();
    const started: number[] = [];
    const gates = new Map<number, ReturnType<typeof gate>>();
    facade.register(
      one(
        'narrow',
        (_context, params: { n: number }) => {
          started.push(params.n);
          const mine = gate();
          gates.set(params.n, mine);
          return mine.opened;
        },
        { maxConcurrency: 2, maxWaiting: 3 },
      ),
    );
    const controller = new AbortController();
    const call = (n: number, init = {}, options = {}) =>
      facade.orchestrate('narrow', aContext(init), { n }, options);
    const [first, second] = [call(1), call(2)];
    const third = call(3, { signal: controller.signal });
    const fourth = call(4, {}, { timeoutMs: 50 });
    const fifth = call(5);
    await turn();
    expect(started).toEqual([1, 2]);
    expect(facade.listOrchestrators()['narrow']).toMatchObject({ running: 2, waiting: 3 });
    expect(await call(6)).toMatchObject({ errorCategory: 'service_overloaded', retryable: true });
    controller.abort();
    await clock.advance(50);
    expect(await third).toMatchObject({ errorCategory: 'cancelled' });
    expect(await fourth).toMatchObject({ errorCategory: 'timeout' });
    expect(facade.listOrchestrators()['narrow']).toMatchObject({ waiting: 1 });
    gates.get(1)?.open();
    await Promise.all([first, turn()]);
    expect(started).toEqual([1, 2, 5]);
    for (const n of [2, 5]) gates.get(n)?.open();
    expect((await Promise.all([second, fifth])).every((each) => each.success)).toBe(true);
    expect(facade.listOrchestrators()['narrow']).toMatchObject({ running: 0, waiting: 0, abandoned: 0 });
  });

  it('keeps the slot of an abandoned body until that body ends', async () => {
    const { facade, clock } = setUp();
    const { open, opened } = gate();
    let runs = 0;
    facade.register(
      one(
        'single',
        () => {
          runs += 1;
          return opened;
        },
        { maxConcurrency: 1 },
      ),
    );
    const first = facade.orchestrate('single', aContext(), {}, { timeoutMs: 10 });
    const second = facade.orchestrate('single', aContext());
    await clock.advance(10);
    expect(await first).toMatchObject({ errorCategory: 'timeout' });
    expect(runs).toBe(1);
    open();
    expect(await second).toMatchObject({ status: 'ok' });
    expect(runs).toBe(2);
  });

  it('hands places on in a loop, however many wait for calls that end at once', async () => {
    const { facade } = setUp();
    const { open, opened } = gate();
    let first = true;
    facade.register(
      one(
        'queue',
        () => {
          if (!first) return 1;
          first = false;
          return opened;
        },
        { maxConcurrency: 1, maxWaiting: 50_000 },
      ),
    );
    const answers = Array.from({ length: 20_000 }, () => facade.orchestrate('queue', aContext()));
    open();
    expect((await Promise.all(answers)).every((each) => each.status === 'ok')).toBe(true);
    expect(facade.listOrchestrators()['queue']).toMatchObject({ running: 0, waiting: 0 });
  });
});

describe('canOrchestrate', () => {
  class Choosy extends BaseOrchestrator {
    answer: () => unknown = () => true;
    runs = 0;
    override canOrchestrate(): boolean | Promise<boolean> {
      return this.answer() as boolean;
    }
    run(): string {
      this.runs += 1;
      return 'ran';
    }
  }
  defineOrchestrator(Choosy, {
    layer: 'domain',
    type: 'adaptive',
    operations: ['run'],
    timeoutMs: 100,
    name: 'choosy',
  });

  it('skips on no, fails where it throws or rejects, and ends with the deadline where it hangs', async () => {
    const { clock, facade, runtime } = setUp();
    const choosy = new Choosy();
    facade.register(choosy);
    const call = (answer: () => unknown) => {
      choosy.answer = answer;
      return facade.orchestrate('choosy', aContext());
    };
    for (const no of [() => false, () => Promise.resolve(false), () => undefined]) {
      const result = await call(no);
      expect(result).toMatchObject({ status: 'skipped', success: true });
      expect(result.reason).toContain('choosy');
    }
    for (const bad of [
      (): never => {
        throw new Error('cannot say');
      },
      () => Promise.reject(new Error('cannot say')),
      () =>
        Object.defineProperty(Promise.resolve(true), 'constructor', {
          get: () => {
            throw new Error('cannot say');
          },
        }),
    ]) {
      expect(await call(bad)).toMatchObject({
        status: 'failed',
        errorCategory: 'execution',
        error: 'canOrchestrate of choosy failed: cannot say',
      });
    }
    expect(choosy.runs).toBe(0);
    const hanging = call(() => new Promise(() => undefined));
    await clock.advance(100);
    expect(await hanging).toMatchObject({ errorCategory: 'timeout' });
    expect(await call(() => true)).toMatchObject({ data: 'ran' });
    expect([choosy.runs, runtime.live]).toEqual([1, 0]);
  });
});
