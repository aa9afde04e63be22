import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { aContext, FakeClock, TestHost } from '@kapelle/core/testing';
import fc from 'fast-check';
import { ContainerModule } from 'inversify';
import { MemoryStateStore, STATE_STORE, type StateStore } from '../../state/index.js';
import { type AgentDefinition, applyPatch, definitionHash } from './agent-definition.js';
import { AGENT_RUNNER, type AgentRunner } from './agent-runner.js';
import type { Enhancement } from './agent-trainer.js';
import { AgentTrainingOrchestrator } from './agent-training-orchestrator.js';
import type { CompleteEnhancement } from './training-results.js';
import { AGENT_TRAINING_OPTIONS, type AgentTrainingOptions } from './agent-training-options.js';
import { compareSamples, compareScores } from './compare-scores.js';
import { COMPLEXITY_SHARES, recombineExamples } from './example-generation.js';
import { checkExamples, complexityMix, exampleQuality } from './example-quality.js';
import { splitExamples } from './held-back.js';
import { DEFAULT_TARGETS, performanceOf } from './interactions.js';
import { NearestExampleRunner } from './nearest-example-runner.js';
import { scoreAnswer } from './score-answer.js';
import { seededRandom } from './seeded-random.js';
import { complexityOf, exampleId, type TrainingExample } from './training-example.js';

let test: TestHost | undefined;
afterEach(async () => {
  await test?.[Symbol.asyncDispose]();
  test = undefined;
});

interface World {
  readonly options?: AgentTrainingOptions;
  readonly store?: StateStore;
  readonly runner?: AgentRunner;
}

async function start({ options, store, runner }: World = {}) {
  const clock = new FakeClock();
  test = await TestHost.start({
    orchestrators: [AgentTrainingOrchestrator],
    modules: [
      new ContainerModule(({ bind }) => {
        if (options !== undefined) bind(AGENT_TRAINING_OPTIONS).toConstantValue(options);
        if (store !== undefined) bind(STATE_STORE).toConstantValue(store);
        if (runner !== undefined) bind(AGENT_RUNNER).toConstantValue(runner);
      }),
    ],
    clock,
  });
  const { facade } = test.host;
  const ask = <T = Record<string, unknown>>(
    operation: string,
    params = {},
    tenantId = 'acme',
    signal?: AbortSignal,
  ) =>
    facade.orchestrate<T>(
      'agent_training',
      aContext(signal === undefined ? { tenantId } : { tenantId, signal }),
      { operation, ...params },
    );
  return { clock, ask, facade };
}

const SUBJECTS = [
  'The senate',
  'A committee',
  'The treasury',
  'Our office',
  'The agency',
  'The court',
  'A delegation',
];
const PLACES = [
  'in the capital',
  'near the border',
  'on the coast',
  'at the harbour',
  'in the valley',
  'by the river',
];
const FACTS = [
  'approved a budget',
  'opened two schools',
  'signed the treaty',
  'closed the bridge',
  'counted the votes',
];
const VIEWS = [
  'should feel ashamed',
  'deserves our thanks',
  'must do better',
  'is a disgrace',
  'ought to resign',
];

/** Sentences whose verb phrase says what they are; the rest says nothing. */
function labelled(): TrainingExample[] {
  return SUBJECTS.flatMap((subject) =>
    PLACES.flatMap((place) => [
      ...FACTS.map((phrase) => ({ input: `${subject} ${phrase} ${place}.`, expected: 'fact' })),
      ...VIEWS.map((phrase) => ({ input: `${subject} ${place} ${phrase}.`, expected: 'opinion' })),
    ]),
  );
}

const DEFINITION = {
  name: 'claim_sorter',
  role: 'Sorter of statements',
  goal: 'Tell facts from opinions.',
};

/** Answers what the parameter `answers` says, so that a test decides how good a definition is. */
const obedient: AgentRunner = {
  run: (definition, input) =>
    Promise.resolve({
      output:
        definition.parameters['answers'] === 'right'
          ? (labelled().find((each) => each.input === input)?.expected ?? '')
          : String(definition.parameters['answers'] ?? ''),
    }),
};

const setAnswers = (answers: string) => ({ change: `answer ${answers}`, patch: { parameters: { answers } } });

describe('agent_training', () => {
  it('keeps a change only where it measured better on examples that nothing learnt from', async () => {
    const { ask } = await start();
    expect(await ask('register_agent', { definition: DEFINITION })).toMatchObject({
      status: 'ok',
      data: { agent: 'claim_sorter', version: 1, outcome: 'created' },
    });
    const added = StepResult.unwrap(
      await ask<{ training: number; heldBack: number; refused: unknown[] }>('add_examples', {
        agent: 'claim_sorter',
        examples: labelled(),
      }),
    );
    expect(added.training + added.heldBack + added.refused.length).toBe(420);
    expect(added.heldBack).toBeGreaterThan(20);

    const enhancement = StepResult.unwrap(await ask<Enhancement>('enhance_agent', { agent: 'claim_sorter' }));
    const [first, second] = enhancement.experiments;
    // Nothing is known without an example; with them the words of the phrases decide.
    expect(first).toMatchObject({
      decision: 'kept',
      base: 1,
      version: 2,
      comparison: { before: 0, verdict: 'better' },
    });
    expect(first?.comparison?.after).toBeGreaterThan(0.9);
    expect(first?.comparison?.n).toBe(added.heldBack);
    expect(second?.change).toMatch(/^learn from \d+ generated examples$/);
    expect(enhancement.generated?.made).toBeGreaterThan(10);

    const { data: version } = (await ask('get_agent', { agent: 'claim_sorter' })) as {
      data: { definition: AgentDefinition };
    };
    const held = new Set(splitExamples(labelled(), 0.3).heldBack.map(exampleId));
    expect(version.definition.examples.some((example) => held.has(exampleId(example)))).toBe(false);

    const again = StepResult.unwrap(await ask<Enhancement>('enhance_agent', { agent: 'claim_sorter' }));
    expect(again.experiments[0]).toMatchObject({ decision: 'unchanged' });
    expect(again.to).toBe(again.from);
  });

  it('rejects what measured worse and what is not proven, and goes on from what is in use', async () => {
    const { ask } = await start({ runner: obedient });
    await ask('register_agent', { definition: { ...DEFINITION, parameters: { answers: 'fact' } } });
    await ask('add_examples', { agent: 'claim_sorter', examples: labelled() });
    const tried = StepResult.unwrap(
      await ask<Enhancement>('enhance_agent', {
        agent: 'claim_sorter',
        changes: [setAnswers('nonsense'), setAnswers('opinion'), setAnswers('right'), setAnswers('fact')],
      }),
    );
    expect(tried.experiments.map(({ decision, base }) => [decision, base])).toEqual([
      ['rejected', 1],
      ['rejected', 1],
      ['kept', 1],
      ['rejected', 2],
    ]);
    expect(tried.experiments[0]?.comparison).toMatchObject({ verdict: 'worse', confidence: 1 - 0.05 / 4 });
    expect(await ask('get_agent', { agent: 'claim_sorter' })).toMatchObject({
      data: { version: 2, why: { kind: 'enhanced' }, definition: { parameters: { answers: 'right' } } },
    });
  });

  it('counts an example on which the agent failed as not answered, and says how many', async () => {
    const failing: AgentRunner = {
      run: (definition) =>
        definition.goal === 'fail'
          ? Promise.reject(new Error('the model is down'))
          : Promise.resolve({ output: 'fact' }),
    };
    const { ask } = await start({ runner: failing });
    await ask('register_agent', { definition: DEFINITION });
    await ask('add_examples', { agent: 'claim_sorter', examples: labelled() });
    const { experiments } = StepResult.unwrap(
      await ask<Enhancement>('enhance_agent', {
        agent: 'claim_sorter',
        changes: [{ change: 'fail', patch: { goal: 'fail' } }],
      }),
    );
    expect(experiments[0]).toMatchObject({ decision: 'rejected', failures: { before: 0 } });
    expect(experiments[0]?.failures?.after).toBe(experiments[0]?.comparison?.n);
  });

  it('keeps every version and puts an earlier one into use again, also after a restart', async () => {
    const store = new MemoryStateStore();
    const first = await start({ store, runner: obedient });
    await first.ask('register_agent', { definition: DEFINITION });
    expect(await first.ask('register_agent', { definition: DEFINITION })).toMatchObject({
      data: { version: 1, outcome: 'unchanged' },
    });
    await first.ask('register_agent', { definition: { ...DEFINITION, goal: 'Something else.' } });
    await test?.[Symbol.asyncDispose]();

    const { ask } = await start({ store, runner: obedient });
    expect(await ask('revert_agent', { agent: 'claim_sorter', version: 1 })).toMatchObject({
      data: { version: 3, outcome: 'changed' },
    });
    expect(await ask('revert_agent', { agent: 'claim_sorter', version: 1 })).toMatchObject({
      data: { version: 3, outcome: 'unchanged' },
    });
    expect(await ask('get_agent', { agent: 'claim_sorter' })).toMatchObject({
      data: { definition: { goal: DEFINITION.goal }, why: { kind: 'reverted', to: 1, reason: 'asked for' } },
    });
    expect(await ask('get_agent', { agent: 'claim_sorter', version: 2 })).toMatchObject({
      data: { definition: { goal: 'Something else.' } },
    });
    expect(await ask('get_agent', { agent: 'claim_sorter', version: 9 })).toMatchObject({
      errorCategory: 'not_found',
      details: { code: 'AGENT_VERSION_UNKNOWN' },
    });
  });

  it('keeps tenants apart', async () => {
    const { ask } = await start();
    await ask('register_agent', { definition: DEFINITION }, 'acme');
    expect(await ask('get_agent', { agent: 'claim_sorter' }, 'other')).toMatchObject({
      errorCategory: 'not_found',
      details: { code: 'AGENT_UNKNOWN' },
    });
    expect(await ask('list_agents', {}, 'other')).toMatchObject({ data: [] });
    expect(await ask('list_agents', {}, 'acme')).toMatchObject({
      data: [{ agent: 'claim_sorter', version: 1 }],
    });
  });

  it('loses nothing where calls come at the same time', async () => {
    const { ask } = await start({ runner: obedient });
    await ask('register_agent', { definition: DEFINITION });
    await Promise.all(
      Array.from({ length: 15 }, (_none, i) =>
        ask('record_interaction', { agent: 'claim_sorter', quality: i / 15, responseTimeMs: 10 }),
      ),
    );
    expect(await ask('get_performance', { agent: 'claim_sorter' })).toMatchObject({
      data: { interactions: 15 },
    });
    await ask('add_examples', { agent: 'claim_sorter', examples: labelled() });
    const results = await Promise.all(
      ['right', 'right'].map((answers) =>
        ask<Enhancement>('enhance_agent', { agent: 'claim_sorter', changes: [setAnswers(answers)] }),
      ),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['failed', 'ok']);
    expect(results.find(({ status }) => status === 'failed')).toMatchObject({
      errorCategory: 'transient',
      retryable: true,
      details: { code: 'TRAINING_BASE_CHANGED' },
    });
  });

  it('takes back a version that does worse in use than the one it came from', async () => {
    const { ask, clock } = await start({ runner: obedient });
    await ask('register_agent', { definition: DEFINITION });
    await ask('add_examples', { agent: 'claim_sorter', examples: labelled() });
    const use = async (quality: number): Promise<void> => {
      for (let i = 0; i < 25; i += 1) {
        await ask('record_interaction', {
          agent: 'claim_sorter',
          quality: quality + (i % 5) / 50,
          responseTimeMs: 1_000,
        });
      }
    };
    await use(0.8);
    await ask('enhance_agent', { agent: 'claim_sorter', changes: [setAnswers('right')] });
    expect(await ask('start_performance_monitoring')).toMatchObject({
      data: {
        claim_sorter: { verdict: 'insufficient_data', why: '25 and 0 interactions, 20 of each are needed.' },
      },
    });
    await use(0.4);
    await clock.advance(700_000);
    expect(await ask('get_agent', { agent: 'claim_sorter' })).toMatchObject({
      data: { version: 3, why: { kind: 'reverted', to: 1, reason: 'version 2 did worse in use' } },
    });
    expect(await ask('get_performance', { agent: 'claim_sorter' })).toMatchObject({
      data: { trend: 'declining', byVersion: [{ version: 1 }, { version: 2, interactions: 25 }] },
    });
  });

  it('enhances, judges and reports on every agent in one go', async () => {
    const { ask } = await start();
    await ask('register_agent', { definition: DEFINITION });
    await ask('register_agent', { definition: { ...DEFINITION, name: 'idle', goal: 'a | b' } });
    await ask('add_examples', { agent: 'claim_sorter', examples: labelled() });
    await ask('record_interaction', {
      agent: 'claim_sorter',
      quality: 0.9,
      responseTimeMs: 20,
      toolsUsed: 1,
    });
    const all = StepResult.unwrap(await ask<CompleteEnhancement>('run_complete_enhancement'));
    expect(all.enhancements).toMatchObject({
      claim_sorter: { from: 1 },
      idle: { error: expect.stringContaining('0 examples kept back, 10 are needed') as unknown },
    });
    expect(all.performance['claim_sorter']).toMatchObject({ interactions: 1, trend: 'insufficient_data' });
    const report = all.reports['claim_sorter'] ?? '';
    expect(report).toContain('| Quality | 0.900 | ≥ 0.9 |');
    expect(report).toMatch(
      /learn from the \d+ examples given \| 0\.000 \| (1\.000|0\.9\d+) \| \+(1\.000|0\.9\d+) /,
    );
  });

  it('says what is wrong with what it is given, and stores nothing of it', async () => {
    const { ask } = await start();
    const bad: readonly [unknown, string][] = [
      [{ ...DEFINITION, name: 'Two Words' }, 'definition.name is "Two Words"'],
      [{ ...DEFINITION, role: 7 }, 'definition.role is 7'],
      [{ ...DEFINITION, parameters: { depth: Number.NaN } }, 'definition.parameters.depth is NaN'],
      [{ ...DEFINITION, examples: [{ input: 'a' }] }, 'definition.examples[0].expected is undefined'],
      [{ ...DEFINITION, tools: 'all' }, 'definition.tools is "all"'],
    ];
    for (const [definition, message] of bad) {
      expect(await ask('register_agent', { definition })).toMatchObject({
        status: 'failed',
        errorCategory: 'validation',
        error: expect.stringContaining(message) as unknown,
      });
    }
    expect(await ask('list_agents')).toMatchObject({ data: [] });
    await ask('register_agent', { definition: DEFINITION });
    await ask('add_examples', { agent: 'claim_sorter', examples: labelled() });
    const { heldBack } = splitExamples(labelled(), 0.3);
    expect(
      await ask('enhance_agent', {
        agent: 'claim_sorter',
        changes: [{ change: 'cheat', patch: { examples: heldBack.slice(0, 2) } }],
      }),
    ).toMatchObject({ errorCategory: 'validation', details: { code: 'TRAINING_INPUT_INVALID' } });
    for (const params of [{ quality: 2 }, { quality: Number.NaN }, { responseTimeMs: -1 }, { version: 99 }]) {
      const result = await ask('record_interaction', {
        agent: 'claim_sorter',
        quality: 0.5,
        responseTimeMs: 1,
        ...params,
      });
      expect(result.status).toBe('failed');
    }
    expect(
      await ask('enhance_agent', { agent: 'claim_sorter', changes: [{ change: 'x', patch: { name: 'y' } }] }),
    ).toMatchObject({
      error: expect.stringContaining('changes[0].patch.name') as unknown,
    });
  });

  it('ends when its caller cancels, and changes nothing', async () => {
    const caller = new AbortController();
    let runs = 0;
    const slow: AgentRunner = {
      run: (_definition, _input, { signal }) => {
        runs += 1;
        if (runs === 5) caller.abort();
        return signal.aborted ? Promise.reject(signal.reason as Error) : Promise.resolve({ output: 'fact' });
      },
    };
    const { ask } = await start({ runner: slow });
    await ask('register_agent', { definition: DEFINITION });
    await ask('add_examples', { agent: 'claim_sorter', examples: labelled() });
    expect(
      await ask(
        'enhance_agent',
        { agent: 'claim_sorter', changes: [setAnswers('right')] },
        'acme',
        caller.signal,
      ),
    ).toMatchObject({ errorCategory: 'cancelled' });
    expect(runs).toBeLessThan(20);
    expect(await ask('get_agent', { agent: 'claim_sorter' })).toMatchObject({ data: { version: 1 } });
  });

  it('refuses a record of another format, and options out of their range', async () => {
    const store = new MemoryStateStore();
    await store.put(
      { tenantId: 'acme', collection: 'agent_training.agents', key: 'old' },
      { formatVersion: 9 },
    );
    const { ask } = await start({ store });
    expect(await ask('get_agent', { agent: 'old' })).toMatchObject({
      errorCategory: 'corruption_error',
      details: { code: 'TRAINING_RECORD_UNREADABLE' },
    });
    const wrong: readonly AgentTrainingOptions[] = [
      { heldBackShare: 0 },
      { confidence: 1 },
      { similarity: Number.NaN },
      { minHeldBack: 1.5 },
      { concurrency: 0 },
      { generated: -1 },
      { score: 'best' as never },
      { targets: { quality: 0 } },
    ];
    for (const options of wrong) {
      expect(() => new AgentTrainingOrchestrator(options)).toThrow(Object.keys(options)[0]);
    }
  });
});

describe('a change of a definition', () => {
  const text = fc.string({ maxLength: 12 });
  const example = fc.record({ input: text, expected: text });
  const patch = fc.record(
    {
      goal: text,
      instructions: fc.array(text, { maxLength: 4 }),
      parameters: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.integer(), { maxKeys: 4 }),
      examples: fc.array(example, { maxLength: 5 }),
    },
    { requiredKeys: [] },
  );
  const base: AgentDefinition = {
    ...DEFINITION,
    backstory: '',
    instructions: [],
    tools: [],
    parameters: {},
    examples: [],
  };

  it('made twice is made once', () => {
    fc.assert(
      fc.property(patch, (change) => {
        const once = applyPatch(base, change);
        expect(definitionHash(applyPatch(once, change))).toBe(definitionHash(once));
      }),
    );
  });
});

describe('the measures of agent_training', () => {
  it('keep an example on one side, whatever comes before or after it', () => {
    const all = labelled();
    const { training, heldBack } = splitExamples(all, 0.3);
    expect(training.length + heldBack.length).toBe(all.length);
    expect(heldBack.length / all.length).toBeGreaterThan(0.22);
    expect(heldBack.length / all.length).toBeLessThan(0.38);
    const reversed = splitExamples([...all].reverse(), 0.3);
    expect(new Set(reversed.heldBack.map(exampleId))).toEqual(new Set(heldBack.map(exampleId)));
  });

  it('find an interval that holds the true difference about as often as they say', () => {
    let held = 0;
    const rounds = 60;
    for (let round = 0; round < rounds; round += 1) {
      const random = seededRandom(`coverage ${round}`);
      const before = Array.from({ length: 30 }, random);
      const after = before.map((score) => score + 0.1 + (random() - 0.5) * 0.4);
      const { interval } = compareScores(before, after, 0.95);
      if (interval[0] <= 0.1 && interval[1] >= 0.1) held += 1;
    }
    expect(held / rounds).toBeGreaterThan(0.85);
    expect(held / rounds).toBeLessThan(1);
    expect(compareScores([0.5, 0.5], [0.5, 0.5])).toMatchObject({ verdict: 'unproven', difference: 0 });
    expect(compareScores([], [])).toMatchObject({ n: 0, verdict: 'unproven' });
    expect(compareSamples([1, 1, 0.9, 1], [0.1, 0, 0.2])).toMatchObject({ verdict: 'worse' });
  });

  it('score answers as they say', () => {
    expect(scoreAnswer('exact', 'The Senate', 'senate!')).toBe(1);
    expect(scoreAnswer('exact', 'senate', 'the senate house')).toBe(0);
    expect(scoreAnswer('contains', 'two schools', 'It opened two schools.')).toBe(1);
    expect(scoreAnswer('contains', 'two schools', 'Schools: two')).toBe(0);
    expect(scoreAnswer('token_f1', 'two new schools', 'two schools')).toBeCloseTo(0.8);
    expect(scoreAnswer('token_f1', '', '')).toBe(1);
    fc.assert(
      fc.property(fc.string(), fc.string(), (expected, answer) => {
        const score = scoreAnswer('token_f1', expected, answer);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1);
        expect(scoreAnswer('token_f1', expected, expected)).toBe(1);
      }),
    );
  });

  it('give an example its quality by what it has to teach', () => {
    const plain = { input: 'The court closed the bridge.', expected: 'fact' };
    expect(exampleQuality(plain)).toBe(0.7);
    expect(exampleQuality({ ...plain, steps: ['a', 'b', 'c'], reasoning: ['why'] })).toBe(0.9);
    const long = { ...plain, input: `${'word '.repeat(60)}end.`, steps: ['a', 'b', 'c'] };
    expect(complexityOf(long)).toBe('expert');
    expect(exampleQuality({ ...long, reasoning: ['1', '2', '3', '4', '5'] })).toBe(1);
  });

  it('refuse examples that teach nothing, contradict, or give away what is kept back', () => {
    const known = [{ input: 'The court closed the old bridge near town today.', expected: 'fact' }];
    const heldBack = [{ input: 'The agency signed the long treaty with them.', expected: 'fact' }];
    const { taken, refused } = checkExamples(
      [
        { input: 'Too short', expected: 'fact' },
        { input: 'The court closed the old bridge near town today!', expected: 'fact' },
        { input: 'The court closed the old bridge near town today.', expected: 'opinion' },
        { input: 'The agency signed the long treaty with them.', expected: 'fact' },
        { input: 'Nobody has counted the votes in the valley.', expected: 'fact' },
      ],
      { known, heldBack, similarity: 0.8, minQuality: 0.7 },
    );
    expect(refused.map(({ flaw }) => flaw)).toEqual([
      'too_short',
      'near_duplicate',
      'contradicts',
      'leaks_held_back',
    ]);
    expect(taken).toHaveLength(1);
  });

  it('make the same examples for the same seed, of every complexity that can be made', () => {
    const from = labelled().slice(0, 60);
    const made = recombineExamples({ from, count: 50, seed: 'one' });
    expect(recombineExamples({ from, count: 50, seed: 'one' })).toEqual(made);
    expect(recombineExamples({ from, count: 50, seed: 'two' })).not.toEqual(made);
    const mix = complexityMix(made);
    expect(mix.intermediate).toBeLessThanOrEqual(50 * COMPLEXITY_SHARES.intermediate);
    expect(new Set(made.map(exampleId)).size).toBe(made.length);
    const answers = new Map(from.map((example) => [exampleId(example), example.expected]));
    for (const example of made) expect(answers.get(example.madeFrom ?? '')).toBe(example.expected);
    expect(recombineExamples({ from: [], count: 50, seed: 'one' })).toEqual([]);
  });

  it('sum up interactions against the targets, time the other way round', () => {
    const at = (quality: number, responseTimeMs: number) => ({
      at: 0,
      version: 1,
      quality,
      responseTimeMs,
      toolsUsed: 2,
      failed: false,
    });
    const interactions = [
      ...Array.from({ length: 5 }, () => at(0.5, 60_000)),
      ...Array.from({ length: 5 }, () => at(0.9, 60_000)),
    ];
    const performance = performanceOf(interactions, DEFAULT_TARGETS);
    expect(performance).toMatchObject({ trend: 'improving', interactions: 10 });
    expect(performance.measured?.quality).toBeCloseTo(0.7);
    expect(performance.measured?.success).toBe(0.5);
    const shares = [0.7 / 0.9, 0.35 / 0.85, 0.5 / 0.8, 1, 0.5];
    expect(performance.overall).toBeCloseTo(shares.reduce((sum, each) => sum + each, 0) / 5);
  });

  it('run an agent by its nearest examples, and stop at the signal', async () => {
    const runner = new NearestExampleRunner();
    const definition: AgentDefinition = {
      ...DEFINITION,
      backstory: '',
      instructions: [],
      tools: [],
      parameters: { neighbours: 1 },
      examples: [
        { input: 'it rained all day', expected: 'rain' },
        { input: 'the sun was out', expected: 'sun' },
      ],
    };
    const { signal } = new AbortController();
    expect((await runner.run(definition, 'It rained again', { signal })).output).toBe('rain');
    expect((await runner.run(definition, 'zzz', { signal })).output).toBe('');
    await expect(
      runner.run(definition, 'x', { signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough');
  });
});
