import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { aContext, FakeClock, TestHost } from '@kapelle/core/testing';
import fc from 'fast-check';
import { ContainerModule } from 'inversify';
import { MemoryStateStore, STATE_STORE, type StateStore } from '../../state/index.js';
import { AGENT_RUNNER, type AgentRunner } from './agent-runner.js';
import { AGENT_TRAINING_OPTIONS, type AgentTrainingOptions } from './agent-training-options.js';
import { AgentTrainingOrchestrator } from './agent-training-orchestrator.js';
import { EXAMPLE_GENERATOR, type ExampleGenerator } from './example-generation.js';
import { checkExamples } from './example-quality.js';

let test: TestHost | undefined;
afterEach(async () => {
  await test?.[Symbol.asyncDispose]();
  test = undefined;
});

interface World {
  readonly options?: AgentTrainingOptions;
  readonly store?: StateStore;
  readonly runner?: AgentRunner;
  readonly generator?: ExampleGenerator;
}

async function start({ options = {}, store = new MemoryStateStore(), runner, generator }: World = {}) {
  const clock = new FakeClock();
  test = await TestHost.start({
    orchestrators: [AgentTrainingOrchestrator],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(AGENT_TRAINING_OPTIONS).toConstantValue({ minHeldBack: 2, ...options });
        bind(STATE_STORE).toConstantValue(store);
        if (runner !== undefined) bind(AGENT_RUNNER).toConstantValue(runner);
        if (generator !== undefined) bind(EXAMPLE_GENERATOR).toConstantValue(generator);
      }),
    ],
    clock,
  });
  const { facade } = test;
  const call = <T>(operation: string, params = {}, tenantId = 'acme') =>
    facade.orchestrate<T>('agent_training', aContext({ tenantId }), { operation, ...params });
  const ask = async <T>(operation: string, params = {}, tenantId = 'acme'): Promise<T> =>
    StepResult.unwrap(await call<T>(operation, params, tenantId));
  const anAgent = async (tenantId = 'acme'): Promise<void> => {
    await ask('register_agent', { definition: { name: 'helper', role: 'r', goal: 'g' } }, tenantId);
    const words = [
      'red',
      'blue',
      'green',
      'high',
      'deep',
      'cold',
      'warm',
      'late',
      'soon',
      'grey',
      'wide',
      'thin',
    ];
    const examples = words.flatMap((one, i) =>
      words
        .slice(i + 1, i + 3)
        .map((two) => ({ input: `the ${one} bridge over ${two} water ${i}`, expected: `answer ${i}` })),
    );
    await ask('add_examples', { agent: 'helper', examples }, tenantId);
  };
  return { clock, call, ask, anAgent };
}

const change = { changes: [{ change: 'another goal', patch: { goal: 'other' } }] };

describe('agent_training under attack', () => {
  it('counts every interaction, however many come at the same time', async () => {
    const { ask, anAgent } = await start();
    await anAgent();
    await Promise.all(
      Array.from({ length: 100 }, () =>
        ask('record_interaction', { agent: 'helper', quality: 1, responseTimeMs: 1 }),
      ),
    );
    expect(await ask('get_performance', { agent: 'helper' })).toMatchObject({
      interactions: 100,
      measured: { quality: 1 },
    });
  });

  it('counts a run that never ends as failed, after its time, and ends the whole', async () => {
    const signals: AbortSignal[] = [];
    const { ask, anAgent, clock } = await start({
      options: { runTimeoutMs: 1_000, concurrency: 64 },
      runner: {
        run: (_definition, _input, { signal }) => {
          signals.push(signal);
          return new Promise(() => undefined);
        },
      },
    });
    await anAgent();
    const enhanced = ask('enhance_agent', { agent: 'helper', ...change });
    await clock.advance(10_000);
    expect(await enhanced).toMatchObject({
      from: 1,
      to: 1,
      experiments: [{ decision: 'rejected', comparison: { before: 0, after: 0 } }],
    });
    expect(signals.length).toBeGreaterThan(0);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });

  it.each([undefined, null, 'answer', { output: 7 }, { output: ['answer 1'] }])(
    'counts %j of a runner as a failure',
    async (answer) => {
      const { ask, anAgent } = await start({ runner: { run: () => Promise.resolve(answer as never) } });
      await anAgent();
      const { experiments } = await ask<{ experiments: { failures: { before: number; after: number } }[] }>(
        'enhance_agent',
        { agent: 'helper', ...change },
      );
      expect(experiments[0]?.failures.before).toBe(experiments[0]?.failures.after);
      expect(experiments[0]?.failures.before).toBeGreaterThan(0);
    },
  );

  it('learns nothing from a generator that never ends, or gives something else', async () => {
    const hanging = await start({
      options: { generateTimeoutMs: 5_000 },
      generator: { generate: () => new Promise(() => undefined) },
    });
    await hanging.anAgent();
    const enhanced = hanging.call('enhance_agent', { agent: 'helper' });
    await hanging.clock.advance(5_000);
    expect(await enhanced).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('within 5000 ms') as unknown,
    });
    for (const rubbish of [
      undefined,
      'x',
      [null],
      [{ input: 1, expected: 'x' }],
      [{ input: 'a b c', expected: 'x', steps: 'y' }],
    ]) {
      await test?.[Symbol.asyncDispose]();
      const { call, anAgent, ask } = await start({
        generator: { generate: () => Promise.resolve(rubbish as never) },
      });
      await anAgent();
      expect(await call('enhance_agent', { agent: 'helper' })).toMatchObject({ status: 'failed' });
      expect(await ask('get_agent', { agent: 'helper' })).toMatchObject({ version: 1 });
    }
  });

  it('goes on watching the agents of others where the records of one tenant cannot be read', async () => {
    const store = new MemoryStateStore();
    const { clock, ask, anAgent, call } = await start({ store });
    await anAgent('a');
    await anAgent('b');
    await store.put(
      { tenantId: 'a', collection: 'agent_training.agents', key: 'helper' },
      { formatVersion: 9 },
    );
    await clock.advance(300_000 * 1.2);
    expect(await call('list_agents', {}, 'a')).toMatchObject({ errorCategory: 'corruption_error' });
    expect(await ask('list_agents', {}, 'b')).toMatchObject([{ agent: 'helper' }]);
    expect(test?.host.health().orchestrators['agent_training']).toMatchObject({ status: 'healthy' });
  });

  it('keeps tenants apart', async () => {
    const { ask, anAgent, call } = await start();
    await anAgent('a');
    expect(await ask('list_agents', {}, 'b')).toEqual([]);
    for (const [operation, params] of [
      ['get_agent', {}],
      ['get_report', {}],
      ['get_performance', {}],
      ['record_interaction', { quality: 0, responseTimeMs: 0 }],
      ['revert_agent', { version: 1 }],
      ['add_examples', { examples: [{ input: 'a b c', expected: 'x' }] }],
      ['enhance_agent', {}],
    ] as const) {
      expect(await call(operation, { agent: 'helper', ...params }, 'b')).toMatchObject({
        errorCategory: 'not_found',
      });
    }
  });

  it('finds the same resemblances as the formula, and quickly also where all texts are long', () => {
    const word = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const text = fc.array(word, { minLength: 3, maxLength: 12 }).map((words) => words.join(' '));
    const pairs = (of: string): Set<string> => {
      const words = of.split(' ');
      return new Set(words.slice(1).map((each, i) => `${words[i] ?? ''} ${each}`));
    };
    fc.assert(
      fc.property(text, text, fc.constantFrom(0.2, 0.5, 0.8, 1), (one, other, similarity) => {
        const [a, b] = [pairs(one), pairs(other)];
        const common = [...a].filter((pair) => b.has(pair)).length;
        const isSame = common / (a.size + b.size - common) >= similarity;
        const { taken } = checkExamples([{ input: one, expected: 'x' }], {
          ...{ known: [], similarity, minQuality: 0 },
          heldBack: [{ input: other, expected: 'x' }],
        });
        expect(taken.length).toBe(isSame ? 0 : 1);
      }),
    );
    const long = Array.from({ length: 200 }, (_none, i) => ({
      input: Array.from({ length: 3_000 }, (_word, n) => `w${(n * (i + 7)) % 3_001}`).join(' '),
      expected: 'x',
    }));
    const begun = performance.now();
    checkExamples(long.slice(0, 50), {
      known: long.slice(50),
      heldBack: [],
      similarity: 0.8,
      minQuality: 0,
    });
    expect(performance.now() - begun).toBeLessThan(20_000);
  });
});
