import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { boundedContext } from '../bounded-context.js';
import { ComponentTrack, PROBATION_SAMPLES } from '../component-track.js';
import type { FeedbackSignal } from '../feedback-signal.js';
import { RewardWindow } from '../reward-window.js';
import {
  agentReward,
  modelReward,
  promptReward,
  toolCallReward,
  toolReward,
  trajectoryReward,
} from '../rewards.js';
import {
  AGENT_ROUTER,
  ComponentRouter,
  MODEL_ROUTER,
  type RouterKind,
  TOOL_ROUTER,
} from './component-router.js';
import { encodeContext } from './context-features.js';
import type { ComponentView } from './learner.js';
import { LinearModel } from './linear-model.js';
import { PromptTester } from './prompt-tester.js';
import { chunkQuality, RagQuality } from './rag-quality.js';
import { ShadowComparison } from './shadow-comparison.js';
import { normalsOf, textHash } from './text-hash.js';
import { ThresholdTuner } from './threshold-tuner.js';

const DAY = 86_400_000;
const share = fc.double({ min: 0, max: 1, noNaN: true });

const signal = (init: Partial<FeedbackSignal>): FeedbackSignal => ({
  signalId: '1',
  source: 'trajectory',
  componentType: 'model',
  componentId: 'a',
  reward: 0.5,
  confidence: 1,
  context: {},
  metadata: {},
  timestamp: 0,
  ...init,
});

/** Everything is enabled, and of a health. */
const view = (ids: readonly string[], health: Readonly<Record<string, number>> = {}): ComponentView => ({
  stateOf: () => 'enabled',
  healthOf: (id) => health[id] ?? 1,
  ids: () => ids,
});

/** Numbers of a linear congruential generator; the same each time. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

describe('the health of a component', () => {
  it('is average · (1 − share below 0.3) · (1 − min(deviation, 0.5)) of the last 100 rewards', () => {
    fc.assert(
      fc.property(fc.array(share, { minLength: 1, maxLength: 250 }), (rewards) => {
        const window = new RewardWindow(rewards);
        const last = rewards.slice(-100);
        const average = last.reduce((sum, each) => sum + each, 0) / last.length;
        const deviation = Math.sqrt(last.reduce((sum, each) => sum + (each - average) ** 2, 0) / last.length);
        const lowShare = last.filter((each) => each < 0.3).length / last.length;
        const { health, samples } = window.summary();
        expect(samples).toBe(last.length);
        expect(health).toBeCloseTo(average * (1 - lowShare) * (1 - Math.min(deviation, 0.5)), 9);
        expect(window.toJSON()).toEqual(last);
      }),
    );
    expect(new RewardWindow().summary()).toMatchObject({ samples: 0, health: 0.5 });
  });

  it('never disables with 10 rewards or fewer, and enables again only by a probation above 0.5', () => {
    const rest = { probeAfterMs: 1_000, maxProbeAfterMs: 4_000 };
    const steps = fc.array(fc.record({ reward: share, passMs: fc.integer({ min: 0, max: 1_500 }) }), {
      maxLength: 120,
    });
    fc.assert(
      fc.property(steps, (list) => {
        let track = new ComponentTrack();
        let now = 0;
        let learnt = 0;
        let probes: number[] = [];
        for (const { reward, passMs } of list) {
          now += passMs;
          const before = track.stateAt(now);
          const change = track.learn(reward, now, rest);
          if (before === 'probation') probes.push(reward);
          if (before === 'enabled') learnt += 1;
          if (change?.to === 'disabled' && before === 'enabled') {
            expect(learnt).toBeGreaterThan(10);
            expect(change.health).toBeLessThan(0.3);
          }
          if (change?.to === 'enabled') {
            expect(before).toBe('probation');
            expect(probes).toHaveLength(PROBATION_SAMPLES);
            expect(new RewardWindow(probes).summary().health).toBeGreaterThan(0.5);
            learnt = probes.length;
          }
          if (change !== undefined) probes = [];
          // As good as before after a restart, at any moment.
          track = new ComponentTrack(structuredClone(track.toRecord()));
        }
      }),
    );
  });
});

describe('the rules of rewards', () => {
  it('stay within 0 and 1 whatever comes in', () => {
    const amount = fc.double({ min: 0, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(
        fc.boolean(),
        share,
        share,
        amount,
        amount,
        (success, quality, other, latencyMs, costUsd) => {
          for (const reward of [
            modelReward({ success, latencyMs, costUsd }),
            trajectoryReward(quality, { accuracy: other, efficiency: quality, errorHandling: other }),
            toolReward(success, quality),
            toolCallReward(success, quality, latencyMs),
            agentReward(success, quality),
            promptReward(quality, latencyMs),
          ]) {
            expect(reward).toBeGreaterThanOrEqual(0);
            expect(reward).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
    expect(modelReward({ success: true })).toBe(1);
    expect(trajectoryReward(0.5, { accuracy: 1, efficiency: 1 })).toBe(0.5);
  });
});

describe('contexts', () => {
  it('are copied whole where they are small, and are nobody else’s afterwards', () => {
    const leaf = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    );
    const key = fc.string({ maxLength: 10 }).filter((each) => each !== '__proto__');
    const nested = fc.oneof(
      leaf,
      fc.array(leaf, { maxLength: 5 }),
      fc.dictionary(key, leaf, { maxKeys: 5, noNullPrototype: true }),
    );
    fc.assert(
      fc.property(fc.dictionary(key, nested, { maxKeys: 10, noNullPrototype: true }), (given) => {
        const before = structuredClone(given);
        const copy = boundedContext(given, () => 'context');
        for (const each of Object.keys(given)) given[each] = 'changed';
        expect(copy).toEqual(before);
      }),
    );
    const hostile = JSON.parse('{"__proto__": {"polluted": true}, "a": 1}') as object;
    expect(boundedContext(hostile, () => 'context')).toEqual({ a: 1 });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('become as many finite numbers as are asked for, of what was known before only', () => {
    const value = fc.oneof(
      fc.string(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), value),
        fc.integer({ min: 2, max: 20 }),
        (context, dimensions) => {
          const features = Array.from(encodeContext(context, dimensions));
          expect(features).toHaveLength(dimensions);
          expect(features[0]).toBe(1);
          expect(features.every(Number.isFinite)).toBe(true);
          expect(Array.from(encodeContext(context, dimensions))).toEqual(features);
        },
      ),
    );
    const outcome = {
      latencyMs: 5,
      success: true,
      quality: 0.4,
      accuracy: 1,
      costUsd: 2,
      decisionId: 'd',
      chunks: [],
    };
    expect(encodeContext(outcome, 10)).toEqual(encodeContext({}, 10));
    expect(encodeContext({ task: 'chat' }, 10)).not.toEqual(encodeContext({ task: 'proof' }, 10));
    expect(textHash('value', textHash('key'))).toBe(textHash('value', textHash('key')));
  });
});

describe('LinearModel', () => {
  const start = { dimensions: 6, deviation: 0.1, expected: 0.5 };

  it('keeps its predictions bounded however it is taught', () => {
    const features = fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(fc.tuple(features, share, share), { maxLength: 300 }), (lessons) => {
        const model = new LinearModel('m', start);
        for (const [rest, reward, rate] of lessons) {
          const x = [1, ...rest];
          const before = Math.abs(reward - model.predict(x));
          model.learn(x, reward, rate);
          // A step of any rate brings the prediction for what was just seen no further away.
          expect(Math.abs(reward - model.predict(x))).toBeLessThanOrEqual(before + 1e-6);
        }
        expect(model.updates).toBe(lessons.length);
        expect(model.toRecord().weights.every(Number.isFinite)).toBe(true);
      }),
    );
  });

  it('begins at what is expected, spread by a tenth, the same for the same name', () => {
    const starts = Array.from({ length: 2_000 }, (_, n) =>
      new LinearModel(`m${n}`, start).predict([1, 0, 0, 0, 0, 0]),
    );
    const mean = starts.reduce((sum, each) => sum + each, 0) / starts.length;
    const deviation = Math.sqrt(starts.reduce((sum, each) => sum + (each - mean) ** 2, 0) / starts.length);
    expect(mean).toBeCloseTo(0.5, 1);
    expect(deviation).toBeCloseTo(0.1, 1);
    expect(normalsOf('m', 4, 0.1)).toEqual(normalsOf('m', 4, 0.1));
    expect(normalsOf('m', 4, 0.1)).not.toEqual(normalsOf('n', 4, 0.1));
  });
});

describe('ComponentRouter', () => {
  const setup = { encode: encodeContext, explorationRatio: 0.1 };

  it('chooses the best and explores a tenth of the time', () => {
    const router = new ComponentRouter(MODEL_ROUTER, setup);
    for (let n = 0; n < 50; n += 1) {
      for (const [componentId, reward] of [
        ['a', 0.9],
        ['b', 0.5],
        ['c', 0.4],
      ] as const) {
        router.learn(signal({ componentId, reward }));
      }
    }
    const random = seeded(7);
    const request = { componentType: 'model' as const, context: {} };
    const choices = Array.from({ length: 5_000 }, () =>
      router.recommend(request, view(['a', 'b', 'c']), random),
    );
    const explored = choices.filter((each) => each?.explored === true);
    expect(explored.length / choices.length).toBeGreaterThan(0.05);
    expect(explored.length / choices.length).toBeLessThan(0.085);
    expect(explored.every((each) => each?.componentId !== 'a')).toBe(true);
    expect(choices.every((each) => each?.explored === true || each?.componentId === 'a')).toBe(true);
    expect(choices.find((each) => each?.explored === false)?.confidence).toBeCloseTo(
      0.5 + (0.9 - 0.5) / 2,
      1,
    );
  });

  it('follows a world that has changed', () => {
    const router = new ComponentRouter(MODEL_ROUTER, setup);
    for (let n = 0; n < 2_000; n += 1) router.learn(signal({ componentId: 'a', reward: 0.9 }));
    for (let n = 0; n < 300; n += 1) router.learn(signal({ componentId: 'a', reward: 0.2 }));
    for (let n = 0; n < 20; n += 1) router.learn(signal({ componentId: 'b', reward: 0.6 }));
    const chosen = router.recommend({ componentType: 'model', context: {} }, view(['a', 'b']), () => 0.5);
    expect(chosen?.componentId).toBe('b');
  });

  it('makes shorter steps for what is less sure', () => {
    const scores = [1, 0.2].map((confidence) => {
      const router = new ComponentRouter(TOOL_ROUTER, setup);
      for (let n = 0; n < 3; n += 1) router.learn(signal({ reward: 1, confidence }));
      return router.recommend({ componentType: 'tool', context: {} }, view(['a']), () => 0.5)?.score ?? 0;
    });
    expect(scores[0]).toBeGreaterThan(scores[1] as number);
  });

  it('weighs a tool and an agent by health and success rate too, an agent by its last 30 tasks', () => {
    const judge = (kind: RouterKind, health: number): number => {
      const router = new ComponentRouter(kind, setup);
      for (let n = 0; n < 40; n += 1) router.learn(signal({ reward: 0.8, context: { success: n >= 10 } }));
      return (
        router.recommend({ componentType: 'tool', context: {} }, view(['a'], { a: health }), () => 0.5)
          ?.score ?? 0
      );
    };
    expect(judge(TOOL_ROUTER, 0.5)).toBeCloseTo(judge(TOOL_ROUTER, 1) / 2, 9);
    // The first ten failures of an agent are out of its last 30 tasks; of a tool's average they are not quite.
    expect(judge(AGENT_ROUTER, 1)).toBeCloseTo(0.8, 2);
    expect(judge(TOOL_ROUTER, 1)).toBeLessThan(judge(AGENT_ROUTER, 1));
    expect([MODEL_ROUTER, TOOL_ROUTER, AGENT_ROUTER].map(({ dimensions }) => dimensions)).toEqual([
      10, 15, 12,
    ]);
    expect([0, 1, 3].map(MODEL_ROUTER.rate)).toEqual([1, 1 / 2, 1 / 4]);
    expect([0, 1, 4].map(TOOL_ROUTER.rate)).toEqual([1, 1 / 2, 1 / 3]);
  });

  it('goes on after it was stored as if nothing had happened', () => {
    const lesson = fc.record({
      componentId: fc.constantFrom('a', 'b', '__proto__', '7'),
      reward: share,
      context: fc.dictionary(fc.constantFrom('task', 'tokens'), fc.constantFrom('x', 'y', 3)),
    });
    fc.assert(
      fc.property(
        fc.array(lesson, { maxLength: 40 }),
        fc.array(lesson, { maxLength: 10 }),
        (before, after) => {
          const one = new ComponentRouter(AGENT_ROUTER, setup);
          for (const each of before) one.learn(signal(each));
          const two = new ComponentRouter(
            AGENT_ROUTER,
            setup,
            JSON.parse(JSON.stringify(one.toRecord())) as ReturnType<typeof one.toRecord>,
          );
          for (const each of after) for (const router of [one, two]) router.learn(signal(each));
          const ask = (router: ComponentRouter): unknown =>
            router.recommend(
              { componentType: 'agent', context: { task: 'x' } },
              view(['a', 'b', '__proto__', '7']),
              () => 0.5,
            );
          expect(ask(two)).toEqual(ask(one));
        },
      ),
    );
  });
});

describe('ThresholdTuner', () => {
  it('explores one step up or down, keeps shares below 1 and whole numbers whole', () => {
    const tuner = new ThresholdTuner({ words: 500, share: 0.9 }, { explorationRatio: 1 });
    const random = seeded(3);
    const seen = new Set<number | undefined>();
    for (let n = 0; n < 200; n += 1) {
      const chosen = tuner.recommend(
        { componentType: 'threshold', context: {}, candidates: ['words'] },
        view([]),
        random,
      );
      expect(chosen?.explored).toBe(true);
      seen.add(chosen?.value);
    }
    expect([...seen].sort()).toEqual([450, 550]);
    const high = {
      componentType: 'threshold' as const,
      context: { budgetPressure: 0.95 },
      candidates: ['share'],
    };
    expect(
      new ThresholdTuner({ share: 0.9 }, { explorationRatio: 0 }).recommend(high, view([]), random)?.value,
    ).toBe(1);
  });

  it('learns a threshold that nobody declared from the first value it is seen with', () => {
    const tuner = new ThresholdTuner({}, { explorationRatio: 0 });
    tuner.learn(signal({ componentId: 'depth', reward: 0.5 }));
    const ask = (): number | undefined =>
      tuner.recommend({ componentType: 'threshold', context: {}, candidates: ['depth'] }, view([]), () => 0.5)
        ?.value;
    expect(ask()).toBeUndefined();
    tuner.learn(signal({ componentId: 'depth', reward: 0.5, context: { value: 40 } }));
    expect(ask()).toBe(40);
    // 0.8 of the old and 0.2 of the new: one bad day does not turn it over, three do.
    tuner.learn(signal({ componentId: 'depth', reward: 0.45, context: { value: 44 } }));
    for (const expected of [40, 44]) {
      expect(ask()).toBe(expected);
      tuner.learn(signal({ componentId: 'depth', reward: 0.1, context: { value: 40 } }));
    }
    tuner.forget('depth');
    expect(ask()).toBeUndefined();
  });
});

describe('PromptTester', () => {
  it('falls back to what is known of all kinds, and learns what the context adds', () => {
    const tester = new PromptTester({ encode: encodeContext, explorationRatio: 0 });
    const ask = (kind: string, context: object = {}): string | undefined =>
      tester.recommend(
        { componentType: 'prompt', context: { kind, ...context }, target: 'quality' },
        view(['a', 'b']),
        () => 0.5,
      )?.componentId;
    for (let n = 0; n < 30; n += 1) {
      tester.learn(
        signal({ componentType: 'prompt', componentId: 'a', reward: 0.8, context: { kind: 'analysis' } }),
      );
      tester.learn(
        signal({ componentType: 'prompt', componentId: 'b', reward: 0.6, context: { kind: 'analysis' } }),
      );
    }
    expect(ask('synthesis')).toBe('a');
    expect(ask('a kind that is none')).toBe('a');
    tester.forget('a');
    expect(ask('synthesis')).toBe('b');
  });
});

describe('RagQuality', () => {
  it('rates chunks by relevance, use, age and position', () => {
    const chunk = { uses: 0, relevance: 1, position: 1, lastUsedAt: 0 };
    expect(chunkQuality(chunk, 0)).toBeCloseTo(0.4 + 0 + 0.2 + 0.2, 9);
    expect(chunkQuality({ ...chunk, uses: 4 }, 30 * DAY)).toBeCloseTo(
      0.4 + (0.2 * Math.log(5)) / 5 + 0.2 / Math.E + 0.2,
      9,
    );
    expect(chunkQuality({ ...chunk, uses: 1e9 }, 0)).toBeCloseTo(1, 9);
  });

  it('calls a chunk bad below 0.3 after 5 retrievals, and prunes 100 at once', () => {
    const rag = new RagQuality(() => 0);
    const give = (count: number, relevance: number, times: number): void => {
      for (let n = 0; n < count; n += 1) {
        for (let time = 0; time < times; time += 1) {
          rag.learn(
            signal({ reward: 0.9, context: { chunks: [{ chunkId: `${relevance}-${n}`, relevance }] } }),
          );
        }
      }
    };
    give(1, 0.3, 9);
    give(1, 0.1, 4);
    expect(rag.advice()).toMatchObject({ consolidate: false, prune: [] });
    give(100, 0.2, 5);
    expect(rag.advice()).toMatchObject({ consolidate: false });
    give(1, 0.05, 5);
    expect(rag.advice()).toMatchObject({ consolidate: true, reasons: ['too_many_bad_chunks'] });
    expect(rag.advice().prune).toHaveLength(100);
    expect(rag.advice().prune[0]).toBe('0.05-0');
    expect(rag.removeChunks(rag.advice().prune)).toBe(100);
    expect(rag.advice()).toMatchObject({ consolidate: false });
  });

  it('asks for consolidation where the last 20 are poor, and sees where it is heading', () => {
    const rag = new RagQuality(() => 0);
    for (let n = 0; n < 100; n += 1) rag.learn(signal({ reward: 0.9 }));
    for (let n = 0; n < 100; n += 1) rag.learn(signal({ reward: 0.7 }));
    expect(rag.advice().trend).toBeCloseTo(-0.2, 9);
    for (let n = 0; n < 10; n += 1) rag.learn(signal({ reward: 0.59 }));
    expect(rag.advice().reasons).toEqual([]);
    for (let n = 0; n < 10; n += 1) rag.learn(signal({ reward: 0.59 }));
    expect(rag.advice()).toMatchObject({ reasons: ['recent_retrievals_poor'] });
    expect(rag.advice().recentMean).toBeCloseTo(0.59, 9);
  });

  it('remembers 5,000 retrievals and 5,000 chunks', () => {
    const rag = new RagQuality(() => 0);
    for (let n = 0; n < 6_000; n += 1)
      rag.learn(
        signal({ reward: n < 5_500 ? 0 : 1, context: { chunks: [{ chunkId: `c${n}`, relevance: 1 }] } }),
      );
    const { history, chunks } = rag.toRecord();
    expect(history).toHaveLength(5_000);
    expect(history.slice(-500).every((each) => each === 1)).toBe(true);
    expect(chunks).toHaveLength(5_000);
    expect(chunks[0]?.id).toBe('c1000');
  });
});

describe('ShadowComparison', () => {
  it('keeps 200, without those that have had no news for longest', () => {
    const shadows = new ShadowComparison();
    for (let n = 0; n < 250; n += 1) shadows.note(signal({ componentId: `s${n}` }));
    expect(shadows.toJSON()).toHaveLength(200);
    expect(shadows.toJSON()[0]?.componentId).toBe('s50');
  });
});
