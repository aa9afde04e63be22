import { describe, expect, it } from '@jest/globals';

import { FlowHost } from './fixtures/flow-host.js';
import { hierarchical } from './hierarchical.js';
import { parallel } from './parallel.js';
import { sequential } from './sequential.js';
import { invalid } from './fixtures/flow-parts.js';

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
