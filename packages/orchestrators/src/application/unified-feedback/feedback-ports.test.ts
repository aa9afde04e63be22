import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { FakeClock } from '@kapelle/core/testing';
import { MemoryStateStore } from '../../state/memory-state-store.js';
import { StateError } from '../../state/state-error.js';
import type { PutOptions, StateKey, StateRecord } from '../../state/state-store.js';
import {
  type BanditAnswer,
  type BanditDesk,
  BanditModelRouter,
  type BanditQuestion,
} from './bandit-model-router.js';
import {
  type ConsolidationRequest,
  FEEDBACK_AGENT_ROUTER,
  FEEDBACK_FEATURE_ENGINEER,
  FEEDBACK_MODEL_ROUTER,
  FEEDBACK_PORTS,
  FEEDBACK_PROMPT_LIBRARY,
  FEEDBACK_RAG_CONSOLIDATOR,
  FEEDBACK_RAG_FEEDBACK,
  FEEDBACK_SHADOW_DEPLOYER,
  FEEDBACK_THRESHOLD_BANDIT,
  FEEDBACK_TOOL_ROUTER,
  type FeedbackLearnerPort,
  type LearnerRequest,
  PORT_OF_COMPONENT,
} from './feedback-ports.js';
import { FEEDBACK_COMPONENTS, type FeedbackSignal } from './feedback-signal.js';
import { FeedbackHost, type FeedbackHostInit } from './fixtures/feedback-host.js';
import { FEEDBACK_COLLECTION } from './tenant-shelf.js';

const HOUR = 3_600_000;
const started: FeedbackHost[] = [];

async function start(init: FeedbackHostInit = {}): Promise<FeedbackHost> {
  const host = await FeedbackHost.start(init);
  started.push(host);
  return host;
}

afterEach(async () => {
  for (const host of started.splice(0)) await host.stop();
});

const signal = (componentType: string, componentId: string, reward: number, extra: object = {}): object => ({
  componentType,
  componentId,
  reward,
  ...extra,
});

/** Remembers what it is told, and chooses what it is told to. */
class NotingLearner implements FeedbackLearnerPort {
  readonly told: { readonly tenantId: string; readonly ids: string[] }[] = [];
  readonly asked: LearnerRequest[] = [];
  choice: string | undefined;

  learn(signals: readonly FeedbackSignal[], tenantId: string): void {
    this.told.push({ tenantId, ids: signals.map(({ componentId }) => componentId) });
  }

  recommend(request: LearnerRequest): { componentId: string } | undefined {
    this.asked.push(request);
    return this.choice === undefined ? undefined : { componentId: this.choice };
  }
}

const LEARNER_KEYS = {
  model: FEEDBACK_MODEL_ROUTER,
  tool: FEEDBACK_TOOL_ROUTER,
  agent: FEEDBACK_AGENT_ROUTER,
  threshold: FEEDBACK_THRESHOLD_BANDIT,
  prompt: FEEDBACK_PROMPT_LIBRARY,
  memory: FEEDBACK_RAG_FEEDBACK,
} as const;

describe('unified_feedback and its ports', () => {
  it('makes each port when it is first needed, teaches it and asks it first', async () => {
    const learners = Object.fromEntries(FEEDBACK_COMPONENTS.map((type) => [type, new NotingLearner()]));
    const made: string[] = [];
    const host = await start({
      ports: Object.fromEntries(
        FEEDBACK_COMPONENTS.map((type) => [
          LEARNER_KEYS[type],
          () => {
            made.push(type);
            return learners[type] as NotingLearner;
          },
        ]),
      ),
    });
    expect(made).toEqual([]);
    expect((await host.metrics()).ports.model_router).toEqual({ state: 'waiting', failures: 0 });
    for (const type of FEEDBACK_COMPONENTS) {
      await host.teach(signal(type, 'a', 0.9), 3);
      await host.teach(signal(type, 'b', 0.5), 2, 'globex');
      const learner = learners[type] as NotingLearner;
      expect(made.filter((each) => each === type)).toHaveLength(1);
      expect(learner.told.filter(({ tenantId }) => tenantId === 'acme').flatMap(({ ids }) => ids)).toEqual([
        'a',
        'a',
        'a',
      ]);
      expect(learner.told.filter(({ tenantId }) => tenantId === 'globex').flatMap(({ ids }) => ids)).toEqual([
        'b',
        'b',
      ]);
      learner.choice = 'a';
      expect(await host.recommend({ componentType: type, context: { x: 1 } })).toMatchObject({
        componentId: 'a',
        learner: 'port',
      });
      expect(learner.asked).toMatchObject([
        { componentType: type, tenantId: 'acme', context: { x: 1 }, candidates: ['a'] },
      ]);
      expect((await host.metrics()).ports[PORT_OF_COMPONENT[type]]).toEqual({ state: 'ready', failures: 0 });
    }
  });

  it('has built-in parts for all nine, none of which has to be bound', async () => {
    const host = await start();
    const { ports } = await host.metrics();
    expect(ports).toEqual(
      Object.fromEntries(FEEDBACK_PORTS.map((name) => [name, { state: 'absent', failures: 0 }])),
    );
  });

  it('goes on with the built-in learner, which has learnt the same, where a port fails or hangs', async () => {
    const failing = {
      learn: () => Promise.reject(new Error('the router is down')),
      recommend: () => Promise.reject(new Error('the router is down')),
    };
    const hanging = { learn: () => new Promise<void>(() => undefined) };
    const host = await start({
      ports: { [FEEDBACK_MODEL_ROUTER]: () => failing, [FEEDBACK_TOOL_ROUTER]: () => hanging },
    });
    await host.teach(signal('model', 'm', 0.9));
    const chosen = await host.call('recommend', { componentType: 'model' });
    expect(chosen).toMatchObject({
      status: 'ok',
      data: { componentId: 'm', learner: 'built_in' },
      warnings: ['model_router did not answer; the built-in learner chose.'],
    });
    await host.teach(signal('model', 'm', 0.9));
    expect((await host.metrics()).ports.model_router).toEqual({ state: 'resting', failures: 3 });
    expect(host.test.host.health().orchestrators['unified_feedback']).toMatchObject({ status: 'degraded' });
    await host.teach(signal('model', 'm', 0.9));
    expect((await host.metrics()).ports.model_router.failures).toBe(3);
    await host.clock.advance(30_000);
    expect((await host.metrics()).ports.model_router.state).toBe('ready');

    await host.teach(signal('tool', 't', 0.9));
    expect((await host.metrics()).signalsProcessed).toBe(4);
    await host.clock.advance(5_000);
    expect((await host.metrics()).ports.tool_router.failures).toBe(1);
    await host.teach(signal('tool', 't', 0.9));
    expect((await host.metrics()).signalsProcessed).toBe(5);
    const failures = host.test.logs.records.filter(({ event }) => event === 'feedback_port_failed');
    expect(failures.map(({ fields }) => fields?.['port'])).toEqual(
      ['model_router', 'model_router', 'tool_router', 'tool_router'].slice(0, failures.length),
    );
    await host.clock.advance(5_000);
  });

  it('does not follow a port to a component at rest, or to one that was not to choose from', async () => {
    const learner = new NotingLearner();
    const host = await start({ ports: { [FEEDBACK_TOOL_ROUTER]: () => learner } });
    await host.teach(signal('tool', 'bad', 0), 11);
    await host.teach(signal('tool', 'good', 0.8), 3);
    for (const choice of ['bad', 'elsewhere']) {
      learner.choice = choice;
      const result = await host.call('recommend', { componentType: 'tool', candidates: ['good', 'bad'] });
      expect(result).toMatchObject({ data: { componentId: 'good', learner: 'built_in' } });
      expect(result.warnings).toHaveLength(1);
    }
    expect(learner.asked[0]?.candidates).toEqual(['good']);
  });

  it('leaves the choice of models to a bandit, and tells it what came of its decisions', async () => {
    class CountingBandit implements BanditDesk {
      readonly questions: BanditQuestion[] = [];
      readonly feedbacks: object[] = [];
      decide(question: BanditQuestion): BanditAnswer {
        this.questions.push(question);
        return {
          decisionId: `d${this.questions.length}`,
          action: 'large',
          expectedReward: 0.7,
          confidence: 0.8,
          explored: true,
        };
      }
      feedback(given: object): void {
        this.feedbacks.push(given);
      }
    }
    const bandit = new CountingBandit();
    const host = await start({ ports: { [FEEDBACK_MODEL_ROUTER]: () => new BanditModelRouter(bandit) } });
    const chosen = await host.recommend({
      componentType: 'model',
      context: { task: 'chat' },
      candidates: ['small', 'large'],
    });
    expect(chosen).toMatchObject({
      componentId: 'large',
      decisionId: 'd1',
      score: 0.7,
      confidence: 0.8,
      explored: true,
    });
    expect(bandit.questions).toEqual([
      { tenantId: 'acme', context: { task: 'chat' }, candidates: ['small', 'large'] },
    ]);
    await host.teach(signal('model', 'large', 0.9, { decisionId: 'd1' }));
    await host.teach(signal('model', 'large', 0.1));
    await host.call('submit_trajectory_feedback', {
      trajectory: { modelId: 'large', overallScore: 0.4, decisionId: 'd2' },
    });
    await host.clock.advance(0);
    expect(bandit.feedbacks).toEqual([
      { tenantId: 'acme', decisionId: 'd1', reward: 0.9 },
      { tenantId: 'acme', decisionId: 'd2', reward: 0.4 },
    ]);
  });

  it('tells a bandit of every decision even where it stumbles over one', async () => {
    const told: string[] = [];
    const router = new BanditModelRouter({
      decide: () => undefined,
      feedback: ({ decisionId }) => {
        told.push(decisionId);
        if (decisionId === 'd1') throw new Error('unknown decision');
      },
    });
    const signals = ['d1', 'd2'].map((decisionId) => ({
      decisionId,
      reward: 1,
    })) as unknown as FeedbackSignal[];
    await expect(router.learn(signals, 'acme')).rejects.toThrow('unknown decision');
    expect(told).toEqual(['d1', 'd2']);
  });

  it('has a consolidator tidy the memory up, and tries again in an hour where that fails', async () => {
    const requests: ConsolidationRequest[] = [];
    let works = false;
    const consolidator = {
      consolidate: (request: ConsolidationRequest) => {
        requests.push(request);
        if (!works) throw new Error('the index is locked');
        return { removed: ['bad'] };
      },
    };
    const host = await start({ ports: { [FEEDBACK_RAG_CONSOLIDATOR]: () => consolidator } });
    const chunks = [{ chunkId: 'bad', relevance: 0.1 }];
    for (let n = 0; n < 6; n += 1) {
      await host.call('submit_rag_feedback', {
        queryId: 'q',
        relevanceScore: 0.2,
        numResults: 1,
        memoryId: `m${n}`,
        chunks,
      });
    }
    await host.clock.advance(HOUR);
    expect(await host.metrics()).toMatchObject({ consolidationsTriggered: 0 });
    expect(requests[0]).toMatchObject({
      tenantId: 'acme',
      reasons: ['memory_reward_low'],
      advice: { prune: ['bad'] },
      meanReward: expect.closeTo(0.2, 9),
      signals: 6,
    });
    works = true;
    await host.clock.advance(HOUR + 1_000);
    expect(await host.metrics()).toMatchObject({ consolidationsTriggered: 1 });
    expect((await host.recommend({ componentType: 'memory' })).memory).toMatchObject({ prune: [] });
  });

  it('takes features from the engineer, and its own where those are none', async () => {
    let isWell = true;
    const engineer = {
      features: (context: Readonly<Record<string, unknown>>, dimensions: number) =>
        Array.from({ length: isWell ? dimensions : 1 }, (_, at) =>
          at === 0 ? 1 : Number(at === 1) * Number(context['latencyMs'] ?? 0),
        ),
    };
    const host = await start({ ports: { [FEEDBACK_FEATURE_ENGINEER]: () => engineer } });
    // The built-in features leave latencies out; these do not, and so can tell the two situations apart.
    for (let n = 0; n < 60; n += 1) {
      await host.teach(signal('model', 'm', 0.9, { context: { latencyMs: 1 } }));
      await host.teach(signal('model', 'm', 0.4, { context: { latencyMs: -1 } }));
    }
    const high = await host.recommend({ componentType: 'model', context: { latencyMs: 1 } });
    const low = await host.recommend({ componentType: 'model', context: { latencyMs: -1 } });
    expect(high.score - low.score).toBeGreaterThan(0.3);
    isWell = false;
    expect(await host.teach(signal('model', 'm', 0.9))).toMatchObject({ status: 'ok' });
    expect((await host.metrics()).ports.feature_engineer.failures).toBe(1);
    expect((await host.metrics()).signalsProcessed).toBe(121);
  });

  it('tells the shadow deployer what came of shadows, and nobody else', async () => {
    const outcomes: string[] = [];
    const learner = new NotingLearner();
    const host = await start({
      ports: {
        [FEEDBACK_MODEL_ROUTER]: () => learner,
        [FEEDBACK_SHADOW_DEPLOYER]: () => ({
          outcomes: (signals: readonly FeedbackSignal[]) =>
            outcomes.push(...signals.map(({ componentId }) => componentId)),
        }),
      },
    });
    await host.teach(signal('model', 'live', 0.5));
    await host.teach(signal('model', 'next', 0.5, { metadata: { shadow: true } }));
    expect(outcomes).toEqual(['next']);
    expect(learner.told).toEqual([{ tenantId: 'acme', ids: ['live'] }]);
  });

  it('does not start with something that is no Lazy, and says what to bind', async () => {
    const { createOrchestrationHost } = await import('@kapelle/core');
    const { ContainerModule } = await import('inversify');
    const { UnifiedFeedbackOrchestrator } = await import('./unified-feedback-orchestrator.js');
    const host = createOrchestrationHost({
      orchestrators: [UnifiedFeedbackOrchestrator],
      modules: [
        new ContainerModule(
          ({ bind }) => void bind(FEEDBACK_MODEL_ROUTER).toConstantValue(new NotingLearner()),
        ),
      ],
    });
    await expect(host.start()).rejects.toMatchObject({
      cause: expect.objectContaining({
        code: 'FEEDBACK_PORT_INVALID',
        message: 'What is bound as model_router is no Lazy. Bind lazyPort(() => …) with toDynamicValue.',
      }),
    });
    await host.stop();
    const wrong = await start({ ports: { [FEEDBACK_MODEL_ROUTER]: () => ({}) } });
    await wrong.teach(signal('model', 'm', 0.5));
    expect((await wrong.metrics()).ports.model_router.failures).toBe(1);
  });
});

/** Keeps records, but for as long as it is down. */
class ShakyStore extends MemoryStateStore {
  isDown = false;

  override list<T>(...args: Parameters<MemoryStateStore['list']>): Promise<readonly StateRecord<T>[]> {
    return this.isDown ? Promise.reject(new Error('connection refused')) : super.list<T>(...args);
  }

  override put<T>(at: StateKey, value: T, options?: PutOptions): Promise<StateRecord<T>> {
    return this.isDown ? Promise.reject(new Error('connection refused')) : super.put(at, value, options);
  }
}

describe('unified_feedback and the store of state', () => {
  it('fails a call rather than begin anew where the store cannot be read, and recovers', async () => {
    const clock = new FakeClock();
    const store = new ShakyStore(clock);
    const host = await start({ clock, store });
    store.isDown = true;
    expect(await host.teach(signal('model', 'm', 0.5))).toMatchObject({
      status: 'failed',
      errorCategory: 'service_unavailable',
      retryable: true,
      details: { code: 'FEEDBACK_STATE_UNAVAILABLE' },
    });
    store.isDown = false;
    expect(await host.teach(signal('model', 'm', 0.5))).toMatchObject({ status: 'ok' });
  });

  it('is degraded while it cannot store, keeps what it learnt, and stores it later', async () => {
    const clock = new FakeClock();
    const store = new ShakyStore(clock);
    const host = await start({ clock, store });
    await host.teach(signal('model', 'm', 0.5));
    store.isDown = true;
    await clock.advance(20_000);
    expect(host.test.host.health().orchestrators['unified_feedback']).toMatchObject({ status: 'degraded' });
    expect(host.test.logs.records.filter(({ event }) => event === 'feedback_save_failed')).toHaveLength(1);
    expect(await host.call('stop')).toMatchObject({ errorCategory: 'service_unavailable' });
    await host.call('start');
    store.isDown = false;
    await clock.advance(6_000);
    expect(host.test.host.health().orchestrators['unified_feedback']).toMatchObject({ status: 'healthy' });
    expect(await store.list({ tenantId: 'acme', collection: FEEDBACK_COLLECTION })).toHaveLength(2);
  });

  it('reports at stop that it could not store', async () => {
    const clock = new FakeClock();
    const store = new ShakyStore(clock);
    const host = await FeedbackHost.start({ clock, store });
    await host.teach(signal('model', 'm', 0.5));
    store.isDown = true;
    const report = await host.test.stop();
    expect(report).toMatchObject({
      clean: false,
      failures: [{ orchestrator: 'unified_feedback', phase: 'cleanup' }],
    });
  });

  it('learns what waits before it stops, and stores that too', async () => {
    const clock = new FakeClock();
    const store = new MemoryStateStore(clock);
    const first = await FeedbackHost.start({ clock, store });
    await first.metrics();
    const submitted = first.call('submit_batch', {
      signals: Array.from({ length: 1_000 }, () => ({ source: 'trajectory', ...signal('model', 'm', 0.5) })),
    });
    const [report] = await Promise.all([first.test.stop(), submitted]);
    expect(report).toMatchObject({ clean: true, undelivered: 0 });
    const second = await start({ clock, store });
    expect(await second.metrics()).toMatchObject({ signalsAccepted: 1_000, signalsProcessed: 1_000 });
  });

  it('writes over what another process has written meanwhile, and counts it', async () => {
    const clock = new FakeClock();
    const store = new MemoryStateStore(clock);
    const one = await start({ clock, store });
    const other = await start({ clock, store });
    await one.metrics();
    await other.metrics();
    await one.teach(signal('model', 'm', 0.9), 3);
    await clock.advance(6_000);
    await other.teach(signal('model', 'm', 0.1), 2);
    await clock.advance(6_000);
    expect((await other.metrics()).saveConflicts).toBe(2);
    const record = await store.get<{ components: { m: { samples: number } } }>({
      tenantId: 'acme',
      collection: FEEDBACK_COLLECTION,
      key: 'model',
    });
    expect(record?.value.components.m.samples).toBe(2);
    expect(new StateError('STATE_CONFLICT', 'x').retryable).toBe(true);
  });

  it('does not touch a record that it cannot read, and says where it is broken', async () => {
    const whole = new MemoryStateStore();
    const writer = await start({ store: whole });
    for (const type of FEEDBACK_COMPONENTS) {
      await writer.teach(
        signal(type, 'a', 0.5, {
          context: { value: 7, kind: 'analysis', chunks: [{ chunkId: 'c', relevance: 1 }] },
        }),
      );
    }
    await writer.clock.advance(6_000);
    const at = { tenantId: 'acme', collection: FEEDBACK_COLLECTION };
    const breaks: readonly (readonly [string, readonly string[], unknown, string])[] = [
      ['model', ['formatVersion'], 2, 'The stored record "model" has format 2'],
      ['model', ['components'], [], 'at "model.components"'],
      [
        'tool',
        ['learner', 'arms', 'a', 'model', 'weights'],
        [1],
        'list of 15 at "tool.learner.arms.a.model.weights"',
      ],
      [
        'threshold',
        ['learner', 'thresholds', 'a', 'levels'],
        {},
        'threshold.learner.thresholds.a.levels.normal',
      ],
      ['prompt', ['learner', 'variants', 'a', 'kinds'], 3, 'prompt.learner.variants.a.kinds'],
      ['memory', ['learner', 'history'], [2], 'memory.learner.history'],
      ['totals', ['totals', 'processed'], null, 'totals.totals.processed'],
      ['totals', ['shadows'], 'none', 'totals.shadows'],
      ['agent', ['components', 'a', 'state'], 'gone', 'agent.components.a.state'],
    ];
    for (const [key, path, broken, message] of breaks) {
      const store = new MemoryStateStore();
      for (const record of await whole.list(at)) await store.put({ ...at, key: record.key }, record.value);
      const value = structuredClone((await store.get<object>({ ...at, key }))?.value ?? {});
      const parent = path
        .slice(0, -1)
        .reduce<object>((object, name) => Reflect.get(object, name) as object, value);
      Reflect.set(parent, path.at(-1) ?? '', broken);
      await store.put({ ...at, key }, value);
      const host = await start({ store });
      const result = await host.teach(signal('model', 'm', 0.5));
      expect(result).toMatchObject({
        status: 'failed',
        errorCategory: 'corruption_error',
        details: { code: 'FEEDBACK_STATE_INVALID' },
        error: expect.stringContaining(message),
      });
      await host.clock.advance(6_000);
      expect((await store.get({ ...at, key }))?.value).toEqual(value);
      expect(await host.teach(signal('model', 'm', 0.5), 1, 'globex')).toMatchObject({ status: 'ok' });
    }
    expect(StepResult.isResult(await writer.call('get_metrics'))).toBe(true);
  });
});
