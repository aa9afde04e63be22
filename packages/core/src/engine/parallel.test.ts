import { describe, expect, it } from '@jest/globals';

import { BaseOrchestrator, defineOrchestrator, type OperationContext, StepResult } from '../index.js';
import { turn, setUp } from './fixtures/verbs-host.js';

describe('context.parallel', () => {
  it('gives the payloads by key, in the order of the keys', async () => {
    const { run, clock } = setUp(async (context) => {
      const values = await context.parallel({
        slow: () => context.sleep(10).then(() => 1),
        result: () => StepResult.ok('r'),
        skipped: () => StepResult.skip('x'),
        plain: () => 2,
      });
      return Object.entries(values);
    });
    const answer = run();
    await clock.advance(10);
    expect(await answer).toMatchObject({
      data: [
        ['slow', 1],
        ['result', 'r'],
        ['skipped', undefined],
        ['plain', 2],
      ],
    });
    expect(await setUp((context) => context.parallel({})).run()).toMatchObject({ data: {} });
  });

  it('ends the others at the first failure: their steps, sleeps and calls, and none begins any more', async () => {
    const told: string[] = [];
    const { run, clock, facade } = setUp((context) =>
      context.parallel(
        {
          sleeper: () =>
            context.sleep(10_000).catch((thrown: unknown) => told.push(`sleep ${(thrown as Error).message}`)),
          stepper: () =>
            context.step(
              's',
              ({ signal }) =>
                new Promise((_resolve, reject) => {
                  signal.addEventListener('abort', () => {
                    told.push('step');
                    reject(signal.reason as Error);
                  });
                }),
            ),
          caller: async () => told.push(`call ${(await context.call('hang')).errorCategory ?? ''}`),
          failing: async () => {
            await context.sleep(5);
            return StepResult.fail('first', { errorCategory: 'quota_exceeded' });
          },
          never: () => told.push('begun'),
        },
        { concurrency: 4 },
      ),
    );
    class Hang extends BaseOrchestrator {
      run(): Promise<void> {
        return new Promise(() => undefined);
      }
    }
    facade.register(
      defineOrchestrator(Hang, { layer: 'application', type: 'sequential', operations: ['run'] }),
    );
    const answer = run();
    await clock.advance(5);
    expect(await answer).toMatchObject({ error: 'first', errorCategory: 'quota_exceeded' });
    await turn();
    expect(told.sort()).toEqual(['call cancelled', 'sleep The branch "failing" failed.', 'step']);
    expect(clock.pending).toBe(0);
  });

  it('settles all where asked, and leaves the call itself alive', async () => {
    const { run } = setUp(async (context) => {
      const results = await context.parallel(
        {
          good: () => 1,
          bad: () => {
            throw new Error('x');
          },
          failed: () => StepResult.fail('y'),
          skipped: () => StepResult.skip('z'),
        },
        { mode: 'settle' },
      );
      return [
        Object.entries(results).map(([key, result]) => `${key} ${result.status}`),
        context.signal.aborted,
      ];
    });
    expect(await run()).toMatchObject({
      data: [['good ok', 'bad failed', 'failed failed', 'skipped skipped'], false],
    });
  });

  it('runs no more side by side than it is told', async () => {
    let [now, most] = [0, 0];
    const branch = (context: OperationContext) => async (): Promise<void> => {
      now += 1;
      most = Math.max(most, now);
      await context.sleep(1);
      now -= 1;
    };
    const { run, clock } = setUp((context) =>
      context.parallel(
        Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`b${index}`, branch(context)])),
        { concurrency: 3 },
      ),
    );
    const answer = run();
    await clock.advance(10);
    expect((await answer).success).toBe(true);
    expect(most).toBe(3);
    expect(
      await setUp((context) => context.parallel({ a: () => 1 }, { concurrency: 0 })).run(),
    ).toMatchObject({ error: expect.stringContaining('concurrency must be an integer >= 1') as unknown });
  });

  it('refuses a mode it does not know: failures would go unseen', async () => {
    const failing = {
      a: () => {
        throw new Error('unseen');
      },
    };
    for (const mode of ['settled', 'all', null] as never[]) {
      const result = await setUp((context) => context.parallel(failing, { mode })).run();
      expect(result).toMatchObject({
        error: expect.stringContaining("must be 'fail-fast' or 'settle'") as unknown,
      });
    }
    expect(await setUp((context) => context.parallel(5 as never)).run()).toMatchObject({
      error: 'parallel needs an object of functions, got a number',
    });
  });

  it('takes any key for a branch', async () => {
    const keys = ['__proto__', 'constructor', 'toString'];
    const branches = Object.fromEntries(keys.map((key) => [key, () => key]));
    const { data } = await setUp(async (context) => Object.entries(await context.parallel(branches))).run();
    expect(data).toEqual(keys.map((key) => [key, key]));
  });

  it('does not end the branches of an outer one that did not fail', async () => {
    const { run, clock } = setUp((context) =>
      context.parallel({
        outer: () => context.sleep(10).then(() => 'outer'),
        inner: () =>
          context
            .parallel({
              bad: () => {
                throw new Error('inner');
              },
              other: () => context.sleep(100),
            })
            .catch(() => 'handled'),
      }),
    );
    const answer = run();
    await clock.advance(10);
    expect(await answer).toMatchObject({ data: { outer: 'outer', inner: 'handled' } });
  });
});
