import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { OrchestrationError } from '../errors.js';
import { type FailedResult, StepResult } from '../step-result.js';
import { FlowHost, gate, HostOrchestrator, settle } from './fixtures/flow-host.js';
import { ReplayContext } from './fixtures/replay-context.js';
import { hierarchical } from './hierarchical.js';
import { parallel } from './parallel.js';
import { sequential } from './sequential.js';

/** What `build` throws while a flow is built. */
function invalid(build: () => unknown): string {
  try {
    build();
  } catch (thrown) {
    if (OrchestrationError.is(thrown)) return thrown.message;
    throw thrown;
  }
  throw new Error('Nothing was thrown.');
}

/** A parallel flow whose names are data, which its types cannot follow. */
interface GrowingFlow {
  step(name: string, fn: () => unknown, options: { readonly needs: readonly string[] }): GrowingFlow;
}

describe('sequential', () => {
  it('hands each step the input, the orchestrator and the payloads before it, and reports progress', async () => {
    const host = new FlowHost();
    const flow = sequential<{ word: string }, HostOrchestrator>()
      .step('greet', ({ input }, { self }) => `${self.greeting()} ${input.word}`)
      .step('measure', ({ greet }) => StepResult.ok({ length: greet.length }))
      .step('tell', ({ measure }, { context, attempt, idempotencyKey, signal }) => ({
        tenant: context.tenantId,
        attempt,
        keyEnds: idempotencyKey.endsWith('/tell'),
        aborted: signal.aborted,
        length: measure.length,
      }));

    const result = await host.run(flow, { word: 'world' });

    expect(result.toJSON()).toEqual({
      status: 'ok',
      data: {
        greet: 'hello world',
        measure: { length: 11 },
        tell: { tenant: 'acme', attempt: 1, keyEnds: true, aborted: false, length: 11 },
      },
    });
    expect(host.progress).toEqual([
      [1 / 3, 'greet'],
      [2 / 3, 'measure'],
      [1, 'tell'],
    ]);
  });

  it('stops at the first failure, returns it as it was, and undoes what is finished in reverse', async () => {
    const host = new FlowHost();
    const undone: unknown[] = [];
    const later: string[] = [];
    const flow = sequential<string>()
      .step('reserve', () => StepResult.ok({ seat: 7 }), { compensate: ({ seat }) => undone.push(seat) })
      .step('none', () => StepResult.skip('nothing to do'), { compensate: () => undone.push('none') })
      .step('charge', ({ input }) => input.length, { compensate: (amount) => undone.push(amount) })
      .step('ship', () =>
        StepResult.fail('No lorry.', {
          errorCategory: 'service_unavailable',
          retryAfterMs: 50,
          metadata: { lorries: 0 },
        }),
      )
      .step('thank', () => later.push('thank'));

    const result = (await host.run(flow, 'four')) as FailedResult;

    expect(result).toMatchObject({
      error: 'No lorry.',
      errorCategory: 'service_unavailable',
      retryable: true,
      retryAfterMs: 50,
    });
    expect(result.metadata).toMatchObject({
      lorries: 0,
      failedStep: 'ship',
      skipped: [{ step: 'none', reason: 'nothing to do' }],
    });
    expect(result.warnings).toEqual([]);
    expect(undone).toEqual([4, 7]);
    expect(host.compensated).toEqual(['charge', 'none', 'reserve']);
    expect(later).toEqual([]);
  });

  it('passes retry and timeout on to the step', async () => {
    const host = new FlowHost();
    let attempts = 0;
    const flow = sequential<null>()
      .step(
        'flaky',
        () => {
          attempts += 1;
          if (attempts < 3) throw new Error('not yet');
          return attempts;
        },
        { retry: { maxAttempts: 3, baseMs: 10 } },
      )
      .step('slow', () => new Promise<never>(() => undefined), { timeoutMs: 500 });

    const running = host.run(flow, null);
    await host.clock.advance(1_000);
    const result = await running;

    expect(host.retried).toEqual(['flaky', 'flaky']);
    expect(attempts).toBe(3);
    expect(result).toMatchObject({
      status: 'failed',
      errorCategory: 'timeout',
      metadata: { failedStep: 'slow' },
    });
  });

  it('goes on past skipped and uncertain steps and says so', async () => {
    const host = new FlowHost();
    const flow = sequential<number>()
      .step('guess', () => StepResult.uncertain(40, { reason: 'low confidence' }))
      .step('cache', () => (Math.sign(1) === 1 ? StepResult.skip('cold') : StepResult.ok(1)))
      .step('never', () => 1, { when: ({ guess }) => guess > 100 })
      .step('always', () => StepResult.ok(1, { warnings: ['slow disk'] }), { when: ({ guess }) => guess > 1 })
      .returns(({ input, guess, cache, never, always }) => [input, guess, cache, never, always]);

    const result = await host.run(flow, 2);

    expect(result.toJSON()).toEqual({
      status: 'uncertain',
      reason: 'guess: low confidence',
      data: [2, 40, undefined, undefined, 1],
      metadata: {
        skipped: [
          { step: 'cache', reason: 'cold' },
          { step: 'never', reason: 'Its condition did not hold.' },
        ],
      },
      warnings: ['always: slow disk', 'guess: low confidence'],
    });
    expect(host.progress.map(([, step]) => step)).toEqual(['guess', 'cache', undefined, 'always']);
  });

  it('fails a step that needs the payload of a skipped result', async () => {
    const host = new FlowHost();
    const flow = sequential<null>().step('look', (): number =>
      StepResult.unwrap<number>(StepResult.skip('not there')),
    );

    const result = await host.run(flow, null);

    expect(result).toMatchObject({
      status: 'failed',
      error: 'A payload was needed where there was none: not there',
      errorCategory: 'dependency',
    });
  });

  it('turns whatever its functions throw into a failed result', async () => {
    const host = new FlowHost();
    const boom = (): never => {
      throw new TypeError('boom');
    };
    const first = sequential<null>().step('a', () => 1);

    for (const flow of [
      first.step('b', boom),
      first.step('b', () => 1, { when: boom }),
      first.returns(boom),
    ]) {
      const result = await host.run(flow, null);
      expect(result).toMatchObject({
        status: 'failed',
        error: 'boom',
        errorCategory: 'execution',
        retryable: false,
      });
      expect((result as FailedResult).cause).toBeInstanceOf(TypeError);
    }
  });

  it('lets the result that `returns` gives stand for the flow', async () => {
    const host = new FlowHost();
    const flow = sequential<string>().step('a', () => StepResult.uncertain(1));
    const by = (result: () => StepResult<number>) => host.run(flow.returns(result), '');

    expect((await by(() => StepResult.ok(2, { metadata: { m: 1 } }))).toJSON()).toEqual({
      status: 'uncertain',
      reason: 'a: uncertain',
      data: 2,
      metadata: { m: 1 },
      warnings: ['a: uncertain'],
    });
    expect(await by(() => StepResult.uncertain(2, { reason: 'old' }))).toMatchObject({
      reason: 'old; a: uncertain',
    });
    expect(await by(() => StepResult.fail('too little', { errorCategory: 'validation' }))).toMatchObject({
      error: 'too little',
      errorCategory: 'validation',
    });
    expect(await by(() => StepResult.skip('later'))).toMatchObject({ status: 'skipped', reason: 'later' });
  });

  it('ends with its call, without beginning another step', async () => {
    const host = new FlowHost();
    const controller = new AbortController();
    const began: string[] = [];
    const flow = sequential<null>()
      .step('wait', (_values, { signal }) => {
        began.push('wait');
        return new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            resolve();
          });
        });
      })
      .step('next', () => began.push('next'));

    const running = host.run(flow, null, { signal: controller.signal });
    await settle();
    controller.abort();
    const result = await running;
    await settle();

    expect(result).toMatchObject({ status: 'failed', errorCategory: 'cancelled' });
    expect(began).toEqual(['wait']);
  });

  it('replays from a journal without running a finished step again, whatever became of the step', async () => {
    const flow = sequential<number>()
      .step('one', ({ input }) => StepResult.uncertain(input + 1, { reason: 'rounded' }))
      .step('two', () => StepResult.skip('not today'))
      .step('three', ({ one, two }) => ({ one, two }));
    const crashed = new ReplayContext(new Map(), 2);
    await expect(flow.run(crashed, 1)).rejects.toThrow('crashed');

    const resumed = new ReplayContext(crashed.journal);
    const result = await flow.run(resumed, 1);
    const again = new ReplayContext(crashed.journal);

    expect(crashed.ran).toEqual(['one', 'two']);
    expect(resumed.ran).toEqual(['three']);
    expect(result.toJSON()).toEqual({
      status: 'uncertain',
      reason: 'one: rounded',
      data: { one: 2, two: undefined, three: { one: 2 } },
      metadata: { skipped: [{ step: 'two', reason: 'not today' }] },
      warnings: ['one: rounded'],
    });
    expect(await flow.run(again, 1)).toEqual(result);
    expect(again.ran).toEqual([]);
  });
});

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

describe('hierarchical', () => {
  it('delegates to children with what came before and aggregates their payloads', async () => {
    const host = new FlowHost();
    const Planner = host.child('planner', (params) => ({ steps: Object.values(params as object) }));
    host.child('worker', (params, context) => ({ did: params, depth: context.orchestrationDepth }));
    const flow = hierarchical<{ goal: string }, HostOrchestrator>()
      .delegate('plan', Planner, ({ input }) => ({ goal: input.goal }))
      .delegate('work', 'worker', ({ plan, input }) => ({ plan, goal: input.goal }))
      .step('sign', (_values, { self }) => self.greeting(), { needs: [] })
      .aggregate(({ plan, work, sign }) => ({ plan, work, sign }));

    const result = await host.run(flow, { goal: 'tea' });

    expect(result.toJSON()).toEqual({
      status: 'ok',
      data: {
        plan: { steps: ['tea'] },
        work: { did: { plan: { steps: ['tea'] }, goal: 'tea' }, depth: 1 },
        sign: 'hello',
      },
      metadata: {
        children: [
          { name: 'plan', orchestrator: 'planner', status: 'ok', depth: 1 },
          { name: 'work', orchestrator: 'worker', status: 'ok', depth: 1 },
        ],
      },
    });
    expect(host.progress.map(([, message]) => message)).toEqual(['plan', 'work', 'sign']);
  });

  it('goes on without an optional child, and not without a required one', async () => {
    const host = new FlowHost();
    const reached: string[] = [];
    host.child('broken', () => StepResult.fail('out of order', { errorCategory: 'model_error' }));
    host.child('lazy', () => StepResult.skip('nothing new'));
    host.child('unsure', () => StepResult.uncertain(3, { reason: 'two sources differ' }));
    const tolerant = hierarchical<null>()
      .delegate('a', 'broken', () => undefined, { optional: true })
      .delegate('b', 'lazy', () => undefined, { optional: true })
      .delegate('c', 'unsure', () => undefined)
      .delegate('d', 'nowhere', () => undefined, { when: ({ a }) => a !== undefined })
      .aggregate(({ a, b, c, d }) => [a, b, c, d]);
    const strict = (ref: string) =>
      hierarchical<null>()
        .delegate('x', ref, () => undefined)
        .step('next', () => reached.push('next'))
        .aggregate(() => 1);

    expect((await host.run(tolerant, null)).toJSON()).toEqual({
      status: 'uncertain',
      reason: 'c: two sources differ',
      data: [undefined, undefined, 3, undefined],
      metadata: {
        children: [
          { name: 'a', orchestrator: 'broken', status: 'failed', depth: 1 },
          { name: 'b', orchestrator: 'lazy', status: 'skipped', depth: 1 },
          { name: 'c', orchestrator: 'unsure', status: 'uncertain', depth: 1 },
          { name: 'd', orchestrator: 'nowhere', status: 'skipped', depth: 1 },
        ],
        skipped: [
          { step: 'b', reason: 'nothing new' },
          { step: 'd', reason: 'Its condition did not hold.' },
        ],
      },
      warnings: ['a: failed: out of order', 'c: two sources differ'],
    });
    expect(await host.run(strict('broken'), null)).toMatchObject({
      error: 'out of order',
      errorCategory: 'model_error',
      metadata: {
        failedStep: 'x',
        children: [{ name: 'x', orchestrator: 'broken', status: 'failed', depth: 1 }],
      },
    });
    expect(await host.run(strict('lazy'), null)).toMatchObject({
      error: 'Child "x" (lazy) skipped: nothing new Make it optional if the flow can go on without it.',
      errorCategory: 'dependency',
    });
    expect(await host.run(strict('nowhere'), null)).toMatchObject({
      status: 'failed',
      errorCategory: 'not_found',
    });
    expect(reached).toEqual([]);
  });

  it('calls children side by side with concurrency, and hands on a time limit', async () => {
    const host = new FlowHost();
    const gates = { a: gate<string>(), b: gate<string>() };
    const called: string[] = [];
    host.child('child', (params) => {
      const { of } = params as { of: 'a' | 'b' };
      called.push(of);
      return gates[of].opened;
    });
    host.child('sleepy', () => new Promise(() => undefined));
    const flow = hierarchical<null>({ concurrency: 2 })
      .delegate('a', 'child', () => ({ of: 'a' }))
      .delegate('b', 'child', () => ({ of: 'b' }))
      .delegate('late', 'sleepy', () => undefined, { timeoutMs: 250, optional: true, needs: ['a'] })
      .aggregate(({ a, b, late }) => [a, b, late]);

    const running = host.run(flow, null);
    await settle();
    const together = [...called];
    gates.b.open('B');
    gates.a.open('A');
    await host.clock.advance(250);
    const result = await running;

    expect(together).toEqual(['a', 'b']);
    expect(result.data).toEqual(['A', 'B', undefined]);
    expect(result.warnings[0]).toContain('late: failed: sleepy.work timed out after 250 ms');
  });

  it('ends with the error of what makes the params, even of an optional child', async () => {
    const host = new FlowHost();
    const flow = hierarchical<null>()
      .delegate(
        'a',
        'nowhere',
        (): never => {
          throw new TypeError('no goal');
        },
        { optional: true },
      )
      .aggregate(() => 1);

    expect(await host.run(flow, null)).toMatchObject({
      status: 'failed',
      error: 'no goal',
      metadata: { failedStep: 'a' },
    });
  });
});

describe('building a flow', () => {
  it('leaves every builder as it was and freezes the flow', async () => {
    const host = new FlowHost();
    const base = sequential<number>().step('a', ({ input }) => input);
    const left = base.step('b', ({ a }) => a + 1);
    const right = base.step('c', ({ a }) => a * 10);
    const flow = left.returns(({ b }) => b);

    expect([base, left, right].map((each) => each.steps.map(({ name }) => name))).toEqual([
      ['a'],
      ['a', 'b'],
      ['a', 'c'],
    ]);
    expect([(await host.run(right, 2)).data, (await host.run(flow, 2)).data]).toEqual([{ a: 2, c: 20 }, 3]);
    for (const each of [base, flow, flow.steps, flow.steps[0]]) expect(Object.isFrozen(each)).toBe(true);
  });

  it('tells of each step what a console shows', () => {
    const Child = new FlowHost().child('known', () => 1);
    const flow = hierarchical<null>()
      .step('a', () => 1, { retry: { maxAttempts: 2, when: () => true }, compensate: () => 1 })
      .delegate('b', Child, () => undefined, { optional: true, timeoutMs: 10, when: () => true })
      .aggregate(() => 1);

    expect(flow.steps).toEqual([
      {
        name: 'a',
        needs: [],
        hasCompensation: true,
        retry: { maxAttempts: 2 },
        conditional: false,
        optional: false,
      },
      {
        name: 'b',
        needs: ['a'],
        hasCompensation: false,
        timeoutMs: 10,
        conditional: true,
        optional: true,
        delegatesTo: Child,
      },
    ]);
  });

  it('refuses what cannot run, at once and with what to do', () => {
    const flow = sequential<null>().step('fetch', () => 1);
    const graph = parallel<null>().step('fetch', () => 1);
    const wrong = (value: unknown): never => value as never;

    expect(invalid(() => flow.step(wrong('fetch'), () => 1))).toBe(
      'The sequential flow has a step "fetch" already. Give one of them another name. [FLOW_INVALID]',
    );
    expect(invalid(() => flow.step('', () => 1))).toBe(
      'A step of a sequential flow cannot be named so: a name must not be empty. Give it another name. [FLOW_INVALID]',
    );
    expect(invalid(() => flow.step(wrong('input'), () => 1))).toBe(
      'A step of a sequential flow is named "input", which is what the flow was called with. Give it another name. [FLOW_INVALID]',
    );
    expect(invalid(() => flow.step('b', wrong(3)))).toBe(
      'The function of step "b" must be a function, got a number. Pass a function. [FLOW_INVALID]',
    );
    expect(invalid(() => flow.step('b', () => 1, { retry: { maxAttempts: 0 } }))).toBe(
      'Step "b": retry.maxAttempts must be an integer >= 1, got 0. Correct the option. [FLOW_INVALID]',
    );
    expect(invalid(() => flow.step('b', () => 1, { timeoutMs: NaN }))).toContain(
      'timeoutMs must be a number of milliseconds',
    );
    expect(invalid(() => flow.step('b', () => 1, { when: wrong(true) }))).toContain(
      'when of step "b" must be a function',
    );
    expect(invalid(() => flow.step('b', () => 1, { compensate: wrong(1) }))).toContain(
      'compensate of step "b" must be a function',
    );
    expect(invalid(() => flow.returns(wrong(undefined)))).toContain(
      'given to returns must be a function, got undefined',
    );
    expect(invalid(() => graph.step('b', () => 1, { needs: wrong(['fetsch']) }))).toBe(
      'Step "b" needs "fetsch", which no step before it is named. Declare the needed step first, or did you mean "fetch"? [FLOW_INVALID]',
    );
    expect(invalid(() => graph.step('b', () => 1, { needs: wrong('fetch') }))).toContain(
      'must be an array of names, got a string',
    );
    expect(invalid(() => parallel({ concurrency: 0 }))).toContain(
      'A parallel flow: concurrency must be an integer >= 1, got 0.',
    );
    expect(invalid(() => parallel({ mode: wrong('race') }))).toContain(
      "must be 'fail-fast' or 'settle', got race",
    );
    expect(invalid(() => hierarchical({ concurrency: 1.5 }))).toContain(
      'concurrency must be an integer >= 1, got 1.5',
    );
    expect(invalid(() => hierarchical().delegate('a', '', () => 1))).toContain(
      'or its name, got an empty string',
    );
    expect(invalid(() => hierarchical().delegate('a', wrong({}), () => 1))).toContain(
      'or its name, got an object',
    );
  });

  it('refuses to run a flow without steps', async () => {
    const empty = sequential<null>() as never;

    await expect(new FlowHost().run(empty, null)).resolves.toMatchObject({
      status: 'failed',
      error: 'A sequential flow without steps was run. Give it a step. [FLOW_INVALID]',
      errorCategory: 'configuration',
    });
  });
});
