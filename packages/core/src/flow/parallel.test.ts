import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { StepResult } from '../step-result.js';
import { FlowHost, gate, settle } from './fixtures/flow-host.js';
import { ReplayContext } from './fixtures/replay-context.js';
import { parallel } from './parallel.js';
import { type GrowingFlow } from './fixtures/flow-parts.js';

describe('parallel', () => {
  it('begins each step as soon as its own needs are over', async () => {
    const host = new FlowHost();
    const slow = gate();
    const began: string[] = [];
    const flow = parallel<string>()
      .step('slow', () => slow.opened.then(() => 's'))
      .step('fast', ({ input }) => `${input}f`)
      .step('after', ({ fast }) => began.push(`after ${fast}`), { needs: ['fast'] })
      .step('later', () => began.push('later'), { needs: ['after'] })
      .step('both', ({ slow: s, fast: f }) => s + f, { needs: ['slow', 'fast'] });

    const running = host.run(flow, '>');
    await settle();
    const before = [...began];
    slow.open();
    const result = await running;

    expect(before).toEqual(['after >f', 'later']);
    expect(result.data).toEqual({ slow: 's', fast: '>f', after: 1, later: 2, both: 's>f' });
    expect(host.progress.map(([ratio]) => ratio)).toEqual(
      [0.2, 0.4, 0.6, 0.8, 1].map((ratio) => expect.closeTo(ratio)),
    );
  });

  it('shows a step exactly the input and its needs', async () => {
    const host = new FlowHost();
    const flow = parallel<string>()
      .step('a', () => 1)
      .step('b', () => 2)
      .step('c', (values) => Object.keys(values), { needs: ['b', 'b'] });

    expect((await host.run(flow, 'x')).data).toMatchObject({ c: ['input', 'b'] });
    expect(flow.steps.map(({ needs }) => needs)).toEqual([[], [], ['b']]);
  });

  it('gives the first failure in fail-fast mode, aborts the steps that run and begins no other', async () => {
    const host = new FlowHost();
    const failing = gate();
    const began: string[] = [];
    let aborted = false;
    const flow = parallel<null>({ concurrency: 3 })
      .step('quick', () => 1, { compensate: () => began.push('undo quick') })
      .step('after', () => 1, { needs: ['quick'] })
      .step(
        'long',
        (_values, { signal }) =>
          new Promise<never>((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              aborted = true;
              reject(new Error('a later failure'));
            });
          }),
        { needs: ['after'] },
      )
      .step('bad', () => failing.opened.then(() => StepResult.fail('bad', { errorCategory: 'validation' })))
      .step('next', () => began.push('next'), { needs: ['bad'] })
      .step('waiting', () => began.push('waiting'), { needs: ['long'] });

    const running = host.run(flow, null);
    await settle();
    failing.open();
    const result = await running;
    await settle();

    expect(result).toMatchObject({ status: 'failed', error: 'bad', errorCategory: 'validation' });
    expect(result.metadata).toMatchObject({ failedStep: 'bad' });
    expect(aborted).toBe(true);
    expect(began).toEqual(['undo quick']);
  });

  it('begins nothing after a failure even where the running steps come to a good end', async () => {
    const finishing = gate();
    const began: string[] = [];
    const flow = parallel<null>()
      .step('good', () => finishing.opened)
      .step('bad', () => StepResult.fail('bad'))
      .step('next', () => began.push('next'), { needs: ['good'] });

    // These verbs abort nothing.
    const result = await flow.run(new ReplayContext(), null);
    finishing.open();
    await settle();

    expect(result).toMatchObject({ status: 'failed', error: 'bad', metadata: { failedStep: 'bad' } });
    expect(began).toEqual([]);
  });

  it('runs everything that can run in settle mode', async () => {
    const host = new FlowHost();
    const flow = parallel<null>({ mode: 'settle' })
      .step('good', () => 1)
      .step('unsure', () => StepResult.uncertain(5, { reason: 'old' }))
      .step('bad', (): number => {
        throw new Error('no luck');
      })
      .step('left', () => 1, { when: () => false })
      .step('lost', ({ bad }) => bad, { needs: ['good', 'bad'] })
      .step('lostToo', ({ lost }) => lost, { needs: ['lost'] })
      .step('fine', ({ good, left }) => [good, left], { needs: ['good', 'left'] });

    const result = await host.run(flow, null);

    const { good, unsure, bad, left, lost, lostToo, fine } = StepResult.unwrap(result);
    expect([good.data, unsure.data, fine.data]).toEqual([1, 5, [1, undefined]]);
    expect([good, unsure, bad, left, lost, lostToo, fine].map(({ status }) => status)).toEqual([
      'ok',
      'uncertain',
      'failed',
      'skipped',
      'skipped',
      'skipped',
      'ok',
    ]);
    expect([lost.reason, lostToo.reason]).toEqual([
      'It needs "bad", which failed.',
      'It needs "lost", which was skipped.',
    ]);
    expect(result.status).toBe('uncertain');
    expect(result.warnings).toEqual(['bad: failed: no luck', 'unsure: old']);
    expect(result.metadata['skipped']).toEqual([
      { step: 'left', reason: 'Its condition did not hold.' },
      { step: 'lost', reason: 'It needs "bad", which failed.' },
      { step: 'lostToo', reason: 'It needs "lost", which was skipped.' },
    ]);
    expect(host.progress.at(-1)?.[0]).toBe(1);
  });

  it('keeps to its needs and its bound for any graph, and runs every step once', async () => {
    const graphs = fc.integer({ min: 1, max: 12 }).chain((size) =>
      fc.record({
        needs: fc.tuple(
          ...Array.from({ length: size }, (_, index) =>
            index === 0 ? fc.constant<number[]>([]) : fc.uniqueArray(fc.nat(index - 1), { maxLength: 3 }),
          ),
        ),
        fails: fc.array(fc.boolean(), { minLength: size, maxLength: size }),
        concurrency: fc.integer({ min: 1, max: 4 }),
        settles: fc.boolean(),
        order: fc.array(fc.nat(), { minLength: size, maxLength: size }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(graphs, async ({ needs, fails, concurrency, settles, order }) => {
        const open = new Map<number, () => void>();
        const ended = new Set<number>();
        const began: number[] = [];
        let most = 0;
        const fn = (index: number) => async () => {
          began.push(index);
          expect((needs[index] ?? []).every((need) => ended.has(need))).toBe(true);
          await new Promise<void>((resolve) => open.set(index, resolve));
          if (fails[index] === true) throw new Error(`step ${index}`);
          ended.add(index);
        };
        let flow = parallel<null>({ concurrency, mode: settles ? 'settle' : 'fail-fast' } as {
          concurrency: number;
        }) as unknown as GrowingFlow;
        needs.forEach((each, index) => {
          flow = flow.step(`s${index}`, fn(index), { needs: each.map((need) => `s${need}`) });
        });
        const running = new FlowHost().run(flow as never, null);
        let result: StepResult | undefined;
        void running.then((value) => {
          result = value;
        });
        for (let turn = 0; result === undefined; turn += 1) {
          await settle();
          most = Math.max(most, open.size);
          const waiting = [...open.keys()];
          const next = waiting[(order[turn % order.length] ?? 0) % Math.max(1, waiting.length)];
          if (next === undefined) continue;
          open.get(next)?.();
          open.delete(next);
        }

        expect(most).toBeLessThanOrEqual(concurrency);
        expect(new Set(began).size).toBe(began.length);
        const lost = new Set<number>();
        needs.forEach((each, index) => {
          if (fails[index] === true || each.some((need) => lost.has(need))) lost.add(index);
        });
        if (settles) {
          const results = result.data as Record<string, StepResult>;
          needs.forEach((each, index) => {
            const blocked = each.some((need) => lost.has(need));
            const status = blocked ? 'skipped' : fails[index] === true ? 'failed' : 'ok';
            expect(results[`s${index}`]?.status).toBe(status);
            expect(began.includes(index)).toBe(!blocked);
          });
        } else {
          expect(result.status).toBe(lost.size === 0 ? 'ok' : 'failed');
          if (lost.size === 0) expect(began.length).toBe(needs.length);
        }
      }),
      { numRuns: 60 },
    );
  });
});
