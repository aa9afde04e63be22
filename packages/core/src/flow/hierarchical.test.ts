import { describe, expect, it } from '@jest/globals';

import { StepResult } from '../step-result.js';
import { FlowHost, gate, HostOrchestrator, settle } from './fixtures/flow-host.js';
import { hierarchical } from './hierarchical.js';

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
