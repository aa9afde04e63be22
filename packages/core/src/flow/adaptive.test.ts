import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { JsonValue } from '../json-data.js';
import { type FailedResult, StepResult } from '../step-result.js';
import { adaptive } from './adaptive.js';
import type { AdaptivePolicy, AdaptivePolicyFactory } from './adaptive-policy.js';
import { epsilonGreedy, thompson, ucb1 } from './bandit-policies.js';
import { FlowHost, type HostOrchestrator, settle } from './fixtures/flow-host.js';
import { ReplayContext } from './fixtures/replay-context.js';
import { seededRandom } from './seeded-random.js';

/** A policy that prefers arms in the order given and writes down what it is taught. */
function scripted(preference: readonly number[], learned: [number, number][] = []): AdaptivePolicyFactory {
  return () => ({
    choose: (arms) => preference.find((arm) => arms.includes(arm)) ?? -1,
    learn: (arm, reward) => {
      learned.push([arm, reward]);
    },
    snapshot: () => null,
    restore: () => undefined,
  });
}

const wrong = (value: unknown): never => value as never;

describe('adaptive', () => {
  it('runs what the policy chooses, learns its reward and tells both', async () => {
    const host = new FlowHost();
    const learned: [number, number][] = [];
    const asked: unknown[] = [];
    const flow = adaptive<string, HostOrchestrator>()
      .alternative('plain', ({ input }) => input.length)
      .alternative('kind', ({ input }, { self }) =>
        StepResult.ok(`${self.greeting()} ${input}`, { metadata: { tone: 'warm' } }),
      )
      .policy(scripted([1], learned))
      .reward((result, info) => {
        asked.push([result.data, info]);
        return 0.75;
      });

    const result = await host.run(flow, 'you');

    expect(result.toJSON()).toEqual({
      status: 'ok',
      data: 'hello you',
      metadata: { tone: 'warm', chosen: 'kind', tried: ['kind'], reward: 0.75 },
    });
    expect(asked).toEqual([['hello you', { durationMs: 0, alternative: 'kind' }]]);
    expect(learned).toEqual([[1, 0.75]]);
    expect(host.progress).toEqual([[1, 'kind']]);
    expect(flow.steps.map(({ name, conditional, optional }) => [name, conditional, optional])).toEqual([
      ['plain', true, false],
      ['kind', true, false],
    ]);
  });

  it('keeps the status of what it ran', async () => {
    const host = new FlowHost();
    const of = (fn: () => StepResult) =>
      adaptive<null>()
        .alternative('a', fn)
        .policy(ucb1())
        .reward(() => 1);

    expect(
      await host.run(
        of(() => StepResult.skip('off')),
        null,
      ),
    ).toMatchObject({
      status: 'skipped',
      reason: 'off',
      metadata: { reward: 1 },
    });
    const unsure = await host.run(
      of(() => StepResult.uncertain(1)),
      null,
    );
    expect(unsure).toMatchObject({ status: 'uncertain', data: 1, warnings: [] });
    expect(unsure.reason).toBeUndefined();
  });

  it('takes a failure for a reward of 0 and returns it', async () => {
    const host = new FlowHost();
    const learned: [number, number][] = [];
    const flow = adaptive<null>()
      .alternative('a', () => StepResult.fail('overheated', { errorCategory: 'resource_exhausted' }))
      .alternative('b', () => 1)
      .policy(scripted([0, 1], learned))
      .reward(() => 1);

    const result = await host.run(flow, null);

    expect(result).toMatchObject({
      status: 'failed',
      error: 'overheated',
      errorCategory: 'resource_exhausted',
      metadata: { chosen: 'a', tried: ['a'], reward: 0 },
    });
    expect(learned).toEqual([[0, 0]]);
  });

  it('returns the failure of the alternative where the policy cannot learn from it', async () => {
    const host = new FlowHost();
    const policy: AdaptivePolicyFactory = (names) => ({
      ...scripted([0])(names),
      learn: () => {
        throw new Error('no room');
      },
    });
    const of = (fn: () => StepResult) =>
      adaptive<null>()
        .alternative('a', fn)
        .policy(policy)
        .reward(() => 1);

    expect(
      await host.run(
        of(() => StepResult.fail('overheated')),
        null,
      ),
    ).toMatchObject({ error: 'overheated' });
    expect(
      await host.run(
        of(() => StepResult.ok(1)),
        null,
      ),
    ).toMatchObject({ status: 'failed', error: 'no room' });
  });

  it('falls back to the next best alternative, each once', async () => {
    const host = new FlowHost();
    const learned: [number, number][] = [];
    const undone: string[] = [];
    const bad = (what: string) => (): string => {
      throw new Error(what);
    };
    const start = adaptive<null>({ fallback: true })
      .alternative('a', bad('no a'))
      .alternative('b', bad('no b'));
    const saved = start
      .alternative('c', () => 'c', { compensate: (value) => undone.push(value) })
      .policy(scripted([1, 0, 2], learned))
      .reward(() => 0.5);
    const lost = start.policy(scripted([1, 0], learned)).reward(() => 1);

    expect((await host.run(saved, null)).toJSON()).toEqual({
      status: 'ok',
      data: 'c',
      metadata: { chosen: 'b', tried: ['b', 'a', 'c'], reward: 0.5 },
      warnings: ['b: failed: no b', 'a: failed: no a'],
    });
    expect(await host.run(lost, null)).toMatchObject({
      error: 'no a',
      warnings: ['b: failed: no b'],
      metadata: { chosen: 'b', tried: ['b', 'a'], reward: 0 },
    });
    expect(learned).toEqual([
      [1, 0],
      [0, 0],
      [2, 0.5],
      [1, 0],
      [0, 0],
    ]);
    expect(host.progress.map(([ratio]) => ratio)).toEqual([1 / 3, 2 / 3, 1, 0.5, 1]);
    expect(undone).toEqual([]);
  });

  it('learns nothing from a run that is cancelled, and tries nothing else', async () => {
    const host = new FlowHost();
    const learned: [number, number][] = [];
    const tried: string[] = [];
    const controller = new AbortController();
    const flow = adaptive<null>({ fallback: true })
      .alternative('a', () => {
        tried.push('a');
        return new Promise<never>(() => undefined);
      })
      .alternative('b', () => tried.push('b'))
      .policy(scripted([0, 1], learned))
      .reward(() => 1);

    const running = host.run(flow, null, { signal: controller.signal });
    await settle();
    controller.abort();

    expect(await running).toMatchObject({ status: 'failed', errorCategory: 'cancelled' });
    await settle();
    const itself = adaptive<null>({ fallback: true })
      .alternative('a', () => StepResult.fail('stopped', { errorCategory: 'cancelled' }))
      .alternative('b', () => tried.push('b'))
      .policy(scripted([0, 1], learned))
      .reward(() => 1);
    expect(await host.run(itself, null)).toMatchObject({
      error: 'stopped',
      metadata: { chosen: 'a', tried: ['a'] },
    });
    expect([tried, learned]).toEqual([['a'], []]);
  });

  it('replays the recorded choice and does not learn twice', async () => {
    const learned: [number, number][] = [];
    let preferred = 0;
    const policy: AdaptivePolicyFactory = (names) => ({
      ...scripted([], learned)(names),
      choose: (arms, random) => {
        // However much is drawn here, the context is asked once.
        for (let draw = 0; draw < 5; draw += 1) random();
        return arms[preferred] as number;
      },
    });
    const flow = adaptive<number>()
      .alternative('a', ({ input }) => input)
      .alternative('b', ({ input }) => -input)
      .policy(policy)
      .reward((_result, { durationMs }) => durationMs / 10);
    const crashed = new ReplayContext(new Map(), 1);
    await expect(flow.run(crashed, 3)).rejects.toThrow('crashed');
    preferred = 1;

    const resumed = new ReplayContext(crashed.journal);
    const result = await flow.run(resumed, 3);
    const again = new ReplayContext(crashed.journal);

    expect(crashed.ran).toEqual(['adaptive:choose']);
    expect(resumed.ran).toEqual(['a', 'adaptive:learn']);
    expect(result.metadata).toEqual({ chosen: 'a', tried: ['a'], reward: 0.5 });
    expect(await flow.run(again, 3)).toEqual(result);
    expect([again.ran, again.drawn.length, learned]).toEqual([[], 1, [[0, 0.5]]]);
    again.journal.set('adaptive:choose', '{"status":"ok","data":["gone"]}');
    expect(await flow.run(again, 3)).toMatchObject({
      error: 'The run chose gone, which the flow does not have.',
      errorCategory: 'configuration',
    });
  });

  it('fails where the policy or the reward gives what makes no sense, and learns nothing', async () => {
    const host = new FlowHost();
    const learned: [number, number][] = [];
    const alternatives = adaptive<null>().alternative('a', () => 1);
    const rewarded = (reward: unknown) =>
      alternatives.policy(scripted([0], learned)).reward(() => wrong(reward));

    for (const reward of [1.01, -0.1, NaN, '1', undefined]) {
      const result = (await host.run(rewarded(reward), null)) as FailedResult;
      expect(result.error).toBe(`The reward of "a" must be a number from 0 to 1, got ${String(reward)}`);
    }
    expect(
      await host.run(
        alternatives.policy(scripted([7])).reward(() => 1),
        null,
      ),
    ).toMatchObject({
      status: 'failed',
      error: 'The policy must choose one of 0, got -1',
    });
    expect(learned).toEqual([]);
  });

  it('refuses what cannot run, at once and with what to do', () => {
    const flow = adaptive<null>().alternative('a', () => 1);
    const empty = adaptive<null>() as typeof flow;

    expect(() => flow.alternative(wrong('a'), () => 1)).toThrow('The adaptive flow has a step "a" already.');
    expect(() => flow.alternative('adaptive:choose', () => 1)).toThrow(
      'The alternative "adaptive:choose" has the name of a step of the flow itself. Give it a name that does not start with "adaptive:". [FLOW_INVALID]',
    );
    expect(() => flow.alternative('b', wrong(1))).toThrow(
      'The function of alternative "b" must be a function, got a number.',
    );
    expect(() => flow.alternative('b', () => 1, { timeoutMs: 0 })).toThrow('Step "b": timeoutMs must be');
    expect(() => empty.policy(ucb1())).toThrow('An adaptive flow has no alternative to choose.');
    expect(() => flow.policy(wrong('ucb1'))).toThrow(
      'must be a function that makes one, got a string. Pass epsilonGreedy()',
    );
    expect(() => flow.policy(ucb1()).reward(wrong(1))).toThrow(
      'The reward must be a function, got a number.',
    );
    expect(() => epsilonGreedy({ epsilon: 1.1 })).toThrow(
      'epsilonGreedy: epsilon must be from 0 to 1, got 1.1.',
    );
    expect(() => epsilonGreedy({ decay: 0 })).toThrow(
      'epsilonGreedy: decay must be above 0 and up to 1, got 0.',
    );
  });

  it('keeps what it learned to itself, and hands it on as a snapshot', async () => {
    const host = new FlowHost();
    const alternatives = adaptive<null>().alternative('a', () => 1);
    const two = alternatives.alternative('b', () => 2).policy(ucb1());
    const taught = two.reward(({ data }) => (data === 2 ? 1 : 0.25));
    for (let run = 0; run < 5; run += 1) await host.run(taught, null);
    const fresh = two.reward(() => 0);
    const grown = alternatives
      .alternative('new', () => 3)
      .policy(ucb1())
      .reward(() => 0);

    const snapshot = JSON.parse(JSON.stringify(taught.snapshot())) as JsonValue;
    expect(snapshot).toEqual({ arms: { a: { plays: 1, rewardSum: 0.25 }, b: { plays: 4, rewardSum: 4 } } });
    expect(fresh.snapshot()).toEqual({
      arms: { a: { plays: 0, rewardSum: 0 }, b: { plays: 0, rewardSum: 0 } },
    });
    fresh.restore(snapshot);
    grown.restore(snapshot);
    expect(fresh.snapshot()).toEqual(snapshot);
    expect(grown.snapshot()).toEqual({
      arms: { a: { plays: 1, rewardSum: 0.25 }, new: { plays: 0, rewardSum: 0 } },
    });
    for (const bad of [
      null,
      3,
      {},
      { arms: { a: {} } },
      { arms: { a: { plays: 1, rewardSum: 2 } } },
      { arms: { a: { plays: 0.5, rewardSum: 0 } } },
    ]) {
      expect(() => {
        fresh.restore(bad);
      }).toThrow('This is no snapshot of an adaptive flow');
    }
    expect(fresh.snapshot()).toEqual(snapshot);
    expect(Object.isFrozen(fresh)).toBe(true);
  });
});

describe('a policy', () => {
  const policies: readonly (readonly [string, AdaptivePolicyFactory, number])[] = [
    ['epsilonGreedy', epsilonGreedy({ epsilon: 0.1 }), 0.8],
    ['epsilonGreedy with decay', epsilonGreedy({ epsilon: 1, decay: 0.99 }), 0.8],
    ['ucb1', ucb1(), 0.6],
    ['thompson', thompson(), 0.8],
  ];
  /** Plays `rounds` of Bernoulli arms; gives the share of the best one. */
  const shareOfBest = (
    policy: AdaptivePolicy,
    chances: readonly number[],
    rounds: number,
    random: () => number,
  ): number => {
    const arms = chances.map((_, arm) => arm);
    const bestArm = chances.indexOf(Math.max(...chances));
    let hits = 0;
    for (let round = 0; round < rounds; round += 1) {
      const arm = policy.choose(arms, random);
      if (arm === bestArm) hits += 1;
      policy.learn(arm, random() < (chances[arm] as number) ? 1 : 0);
    }
    return hits / rounds;
  };

  it.each(policies)('%s finds the best of four alternatives', (_name, make, share) => {
    const chances = [0.2, 0.5, 0.8, 0.4];
    const shares = [0.1, 0.3, 0.5, 0.7, 0.9].map((seed) =>
      shareOfBest(make(['a', 'b', 'c', 'd']), chances, 1_000, seededRandom(seed)),
    );

    expect(Math.min(...shares)).toBeGreaterThan(share);
  });

  it.each(policies)('%s chooses an arm it was offered, the same again from a snapshot', (_name, make) => {
    const names = ['a', 'b', 'c'];
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2), fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 40 }),
        fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 3 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (lessons, arms, seed) => {
          const policy = make(names);
          for (const [arm, reward] of lessons) policy.learn(arm, reward);
          const copy = make(names);
          copy.restore(JSON.parse(JSON.stringify(policy.snapshot())));
          const chosen = policy.choose(arms, seededRandom(seed));

          expect(arms).toContain(chosen);
          expect(copy.choose(arms, seededRandom(seed))).toBe(chosen);
        },
      ),
    );
  });

  it('epsilonGreedy and ucb1 try everything once before they trust a mean', () => {
    for (const make of [epsilonGreedy({ epsilon: 0 }), ucb1()]) {
      const policy = make(['a', 'b', 'c']);
      const order = [0, 1, 2].map(() => {
        const arm = policy.choose([0, 1, 2], seededRandom(0.5));
        policy.learn(arm, 1 - arm / 10);
        return arm;
      });

      expect([...order, policy.choose([0, 1, 2], seededRandom(0.5))]).toEqual([0, 1, 2, 0]);
    }
  });

  it('ucb1 goes back to a neglected alternative when its bound is the highest', () => {
    const policy = ucb1()(['a', 'b']);
    policy.restore({ arms: { a: { plays: 90, rewardSum: 54 }, b: { plays: 10, rewardSum: 1 } } });
    // a: 0.6 + sqrt(2 ln 100 / 90) = 0.920; b: 0.1 + sqrt(2 ln 100 / 10) = 1.060
    expect(policy.choose([0, 1], seededRandom(0))).toBe(1);
    policy.restore({ arms: { a: { plays: 90, rewardSum: 72 }, b: { plays: 10, rewardSum: 1 } } });
    // a: 0.8 + 0.320 = 1.120
    expect(policy.choose([0, 1], seededRandom(0))).toBe(0);
  });

  it('thompson draws from the Beta distribution of what it learned', () => {
    const draws = 20_000;
    const random = seededRandom(0.123);
    for (const [plays, rewardSum] of [
      [2, 2],
      [29, 0],
      [3, 1.5],
    ] as const) {
      const policy = thompson()(['a', 'b']);
      policy.restore({ arms: { a: { plays, rewardSum } } });
      let first = 0;
      for (let draw = 0; draw < draws; draw += 1) if (policy.choose([0, 1], random) === 0) first += 1;

      // Against Beta(1, 1), which is uniform, it wins as often as its mean says. Five standard deviations.
      const mean = (1 + rewardSum) / (2 + plays);
      expect(Math.abs(first / draws - mean)).toBeLessThan(5 * Math.sqrt((mean * (1 - mean)) / draws));
    }
  });
});
