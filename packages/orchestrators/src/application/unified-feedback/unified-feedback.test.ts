import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { createOrchestrationHost, type OrchestratorInfo, type StepResult } from '@kapelle/core';
import { aContext, FakeClock, verifyOrchestrator } from '@kapelle/core/testing';
import { MemoryStateStore } from '../../state/memory-state-store.js';
import { FeedbackError } from './feedback-error.js';
import { FEEDBACK_COMPONENTS, FEEDBACK_SOURCES } from './feedback-signal.js';
import { FeedbackHost, type FeedbackHostInit } from './fixtures/feedback-host.js';
import { FEEDBACK_COLLECTION } from './tenant-shelf.js';
import { UnifiedFeedbackOrchestrator } from './unified-feedback-orchestrator.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const started: FeedbackHost[] = [];

async function start(init: FeedbackHostInit = {}): Promise<FeedbackHost> {
  const host = await FeedbackHost.start(init);
  started.push(host);
  return host;
}

afterEach(async () => {
  for (const host of started.splice(0)) await host.stop();
});

const model = (componentId: string, reward: number, extra: object = {}): object => ({
  componentType: 'model',
  componentId,
  reward,
  ...extra,
});

describe('unified_feedback: submitting', () => {
  it('takes a signal of each source and each component type, and learns every one of them', async () => {
    const host = await start();
    for (const source of FEEDBACK_SOURCES) {
      for (const componentType of FEEDBACK_COMPONENTS) {
        const result = await host.call('submit_feedback', {
          signal: { source, componentType, componentId: `${componentType}-1`, reward: 0.8 },
        });
        expect(result).toMatchObject({
          status: 'ok',
          data: { componentType, componentId: `${componentType}-1`, reward: 0.8, probe: false },
        });
        expect((result.data as { signalId: string }).signalId).toMatch(/^[0-9a-f]{16}$/);
      }
    }
    await host.clock.advance(0);
    const metrics = await host.metrics();
    expect(metrics).toMatchObject({
      running: true,
      signalsAccepted: 42,
      signalsProcessed: 42,
      signalsSkipped: 0,
    });
    expect(metrics.signalsBySource).toEqual(Object.fromEntries(FEEDBACK_SOURCES.map((each) => [each, 6])));
    expect(metrics.signalsByComponent).toEqual(
      Object.fromEntries(FEEDBACK_COMPONENTS.map((each) => [each, 7])),
    );
    for (const type of FEEDBACK_COMPONENTS) {
      expect(metrics.averages[type]).toEqual({ [`${type}-1`]: expect.closeTo(0.8, 10) });
      expect(metrics.queues[type]).toEqual({ depth: 0, capacity: 10_000, dropped: 0, refused: 0 });
    }
  });

  it('is the default operation, and gives a signal that says little 0.5 and a confidence of 0.8', async () => {
    const host = await start();
    const context = host.test.context({ tenantId: 'acme' });
    const result = await host.test.facade.orchestrate('unified_feedback', context, {
      signal: { source: 'governance', componentType: 'tool', componentId: 'search' },
    });
    expect(result).toMatchObject({ status: 'ok', data: { reward: 0.5 } });
  });

  it('refuses what is no signal, with each violation', async () => {
    const host = await start();
    const good = { source: 'trajectory', componentType: 'model', componentId: 'a', reward: 0.5 };
    const cases: readonly (readonly [object, string, string])[] = [
      [{ ...good, source: 'rumour' }, 'signal.source', 'isIn'],
      [{ ...good, componentType: 'planet' }, 'signal.componentType', 'isIn'],
      [{ ...good, componentId: '' }, 'signal.componentId', 'isLength'],
      [{ ...good, componentId: 'x'.repeat(201) }, 'signal.componentId', 'isLength'],
      [{ ...good, reward: 1.01 }, 'signal.reward', 'max'],
      [{ ...good, reward: -0.01 }, 'signal.reward', 'min'],
      [{ ...good, reward: Number.NaN }, 'signal.reward', 'isNumber'],
      [{ ...good, reward: '0.5' }, 'signal.reward', 'isNumber'],
      [{ ...good, confidence: 2 }, 'signal.confidence', 'max'],
      [{ ...good, timestamp: Number.POSITIVE_INFINITY }, 'signal.timestamp', 'isNumber'],
      [{ ...good, context: [] }, 'signal.context', 'isObject'],
      [
        { ...good, componentType: 'memory', context: { chunks: [{ chunkId: 'c', relevance: 7 }] } },
        'signal.context.chunks[0].relevance',
        'max',
      ],
    ];
    for (const [signal, property, constraint] of cases) {
      const result = await host.call('submit_feedback', { signal });
      expect(result).toMatchObject({
        status: 'failed',
        errorCategory: 'validation',
        retryable: false,
        details: [{ property, constraint }],
      });
    }
    expect(await host.call('submit_feedback', {})).toMatchObject({ errorCategory: 'validation' });
    expect(await host.call('submit_feedback', { signal: 7 })).toMatchObject({ errorCategory: 'validation' });
    expect(await host.call('no_such_operation')).toMatchObject({ errorCategory: 'validation' });
    const several = await host.call('submit_feedback', { signal: {} });
    expect(several).toMatchObject({
      error:
        'The params of unified_feedback.submit_feedback are not valid: signal.source must be one of the following values: ' +
        'trajectory, rag_retrieval, tool_execution, agent_task, governance, cost_budget, user_explicit; ' +
        'signal.componentType must be one of the following values: model, tool, agent, threshold, prompt, memory; ' +
        'signal.componentId must be a string. Correct them and call again.',
    });
    expect((await host.metrics()).signalsAccepted).toBe(0);
  });

  it('refuses a context that is too large, too deep, or not JSON-like', async () => {
    const host = await start();
    const deep = { a: { b: { c: { d: { e: 1 } } } } };
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const throwing = Object.defineProperty({}, 'x', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    const contexts: readonly object[] = [
      { text: 'x'.repeat(20_000) },
      Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`k${n}`, n])),
      { list: Array.from({ length: 600 }, () => 1) },
      { list: new Array(1_000_000_000) },
      deep,
      circular,
      { value: Number.NaN },
      { call: () => 1 },
      { big: 1n },
      { when: new Date(0) },
    ];
    for (const field of ['context', 'metadata']) {
      for (const value of contexts) {
        const result = await host.call('submit_feedback', {
          signal: { source: 'trajectory', componentType: 'model', componentId: 'a', [field]: value },
        });
        expect(result).toMatchObject({
          status: 'failed',
          errorCategory: 'validation',
          details: { code: 'FEEDBACK_CONTEXT_INVALID', property: `signal.${field}` },
        });
      }
      const signal = { source: 'trajectory', componentType: 'model', componentId: 'a', [field]: throwing };
      expect(await host.call('submit_feedback', { signal })).toMatchObject({ errorCategory: 'validation' });
    }
  });

  it('takes up to 1,000 signals at once, all of them or none', async () => {
    const host = await start();
    const signals = Array.from({ length: 1_000 }, (_, n) => ({
      source: 'trajectory',
      ...model(`m${n % 3}`, (n % 10) / 10),
    }));
    expect(await host.call('submit_batch', { signals })).toMatchObject({
      status: 'ok',
      data: { accepted: 1_000, skipped: 0, disabledComponents: [] },
    });
    await host.clock.advance(0);
    expect((await host.metrics()).signalsProcessed).toBe(1_000);
    const spoilt = signals.with(17, { source: 'trajectory', ...model('m', 2) });
    expect(await host.call('submit_batch', { signals: spoilt })).toMatchObject({
      errorCategory: 'validation',
      details: [{ property: 'signals[17].reward', constraint: 'max' }],
    });
    expect(await host.call('submit_batch', { signals: [...signals, signals[0]] })).toMatchObject({
      errorCategory: 'validation',
    });
    expect(await host.call('submit_batch', { signals: [] })).toMatchObject({ errorCategory: 'validation' });
    expect((await host.metrics()).signalsAccepted).toBe(1_000);
  });

  it('drops the oldest of a full queue, counted and told', async () => {
    const host = await start();
    // All in one turn: the consumer has its turn only afterwards.
    await Promise.all(
      Array.from({ length: 13 }, () =>
        host.call('submit_batch', {
          signals: Array.from({ length: 1_000 }, () => ({ source: 'trajectory', ...model('m', 0.5) })),
        }),
      ),
    );
    await host.clock.advance(0);
    const metrics = await host.metrics();
    const { dropped } = metrics.queues.model;
    expect(metrics.signalsAccepted).toBe(13_000);
    expect(metrics.signalsProcessed + dropped).toBe(13_000);
    expect(host.test.eventsOf('queue.dropped')).toHaveLength(dropped);
  });

  it('makes rewards of trajectories, tool calls, tasks and retrievals by the rules', async () => {
    const host = await start();
    const trajectory = {
      trajectoryId: 't1',
      modelId: 'large',
      latencyMs: 2_000,
      costUsd: 0.001,
      tools: [
        { toolId: 'search', calls: 4, successes: 3 },
        { toolId: 'fetch' },
        { toolId: 'rank', relevance: 0.9 },
        { toolId: 'broken', success: false, relevance: 0.9 },
      ],
      agentId: 'planner',
      promptId: 'v2',
      promptKind: 'analysis',
      quality: 0.7,
    };
    expect(await host.call('submit_trajectory_feedback', { trajectory })).toMatchObject({
      status: 'ok',
      data: { accepted: 7, skipped: 0 },
    });
    await host.call('submit_trajectory_feedback', {
      trajectory: { modelId: 'failed', success: false, agentId: 'lost' },
    });
    await host.call('submit_trajectory_feedback', {
      trajectory: { modelId: 'slow', latencyMs: 60_000, costUsd: 3 },
    });
    await host.call('submit_trajectory_feedback', { trajectory: { modelId: 'scored', overallScore: 0.4 } });
    await host.call('submit_trajectory_feedback', {
      trajectory: { modelId: 'judged', overallScore: 0.5, accuracy: 1, efficiency: 0.5, errorHandling: 0 },
    });
    await host.call('submit_tool_feedback', {
      toolId: 'clock',
      success: true,
      latencyMs: 2_500,
      qualityScore: 0.8,
    });
    await host.call('submit_tool_feedback', { toolId: 'late', success: false, latencyMs: 90_000 });
    await host.call('submit_agent_feedback', { agentId: 'writer', success: true, durationS: 12 });
    await host.call('submit_agent_feedback', { agentId: 'half', success: true, qualityScore: 0.5 });
    await host.call('submit_rag_feedback', {
      queryId: 'q1',
      relevanceScore: 0.65,
      numResults: 3,
      retrievalLatencyMs: 20,
    });
    await host.call('submit_rag_feedback', {
      queryId: 'q2',
      relevanceScore: 0.9,
      numResults: 0,
      memoryId: 'empty',
    });
    await host.clock.advance(0);
    const { averages, signalsBySource } = await host.metrics();
    const near = (rewards: Record<string, number>): object =>
      Object.fromEntries(Object.entries(rewards).map(([id, reward]) => [id, expect.closeTo(reward, 9)]));
    expect(averages).toEqual({
      model: near({
        large: 1 - 0.2 - 0.1,
        failed: 0,
        slow: 0.5,
        scored: 0.4,
        judged: 0.6 * 0.5 + 0.4 * 0.65,
      }),
      tool: near({
        search: 0.75,
        fetch: 0.5,
        rank: 0.9,
        broken: 0,
        clock: 0.6 + 0.32 - 0.05,
        late: 0.2 - 0.1,
      }),
      agent: near({ planner: 1, lost: 0, writer: 1, half: 0.8 }),
      prompt: near({ v2: 0.7 - 0.2 }),
      memory: near({ rag: 0.65, empty: 0 }),
      threshold: {},
    });
    expect(signalsBySource).toMatchObject({
      trajectory: 12,
      tool_execution: 2,
      agent_task: 2,
      rag_retrieval: 2,
    });
  });

  it('refuses trajectories, tool calls, tasks and retrievals that are none', async () => {
    const host = await start();
    expect(await host.call('submit_trajectory_feedback', { trajectory: {} })).toMatchObject({
      errorCategory: 'validation',
      details: { code: 'FEEDBACK_TRAJECTORY_EMPTY' },
    });
    expect(
      await host.call('submit_trajectory_feedback', {
        trajectory: { modelId: 'm', latencyMs: -1, tools: [{ toolId: 't', calls: 2, successes: 3 }, 'tool'] },
      }),
    ).toMatchObject({
      errorCategory: 'validation',
      details: [
        { property: 'trajectory.latencyMs', constraint: 'min' },
        { property: 'trajectory.tools[0].successes', constraint: 'max' },
        { property: 'trajectory.tools[1]', constraint: 'isObject' },
      ],
    });
    for (const [operation, params] of [
      ['submit_tool_feedback', { toolId: 't' }],
      ['submit_tool_feedback', { toolId: 't', success: true, qualityScore: Number.NaN }],
      ['submit_agent_feedback', { success: true }],
      ['submit_rag_feedback', { queryId: 'q', relevanceScore: 1.5, numResults: 1 }],
      ['submit_rag_feedback', { queryId: 'q', relevanceScore: 0.5, numResults: 1, chunks: [{}] }],
      ['recommend', { componentType: 'planet' }],
      ['get_health', { limit: 0 }],
    ] as const) {
      expect(await host.call(operation, params)).toMatchObject({
        status: 'failed',
        errorCategory: 'validation',
      });
    }
  });

  it('can be stopped and started; what waits is learnt before the stop is over', async () => {
    const host = await start();
    expect(await host.call('start')).toMatchObject({ status: 'skipped', reason: 'already_running' });
    await host.metrics();
    const [, stopped] = await Promise.all([
      host.call('submit_batch', {
        signals: Array.from({ length: 600 }, () => ({ source: 'trajectory', ...model('m', 0.5) })),
      }),
      host.call('stop'),
    ]);
    expect(stopped).toMatchObject({ status: 'ok', data: { status: 'stopped', signalsProcessed: 600 } });
    expect(await host.call('stop')).toMatchObject({ status: 'skipped', reason: 'not_running' });
    expect(await host.teach(model('m', 0.5))).toMatchObject({
      status: 'skipped',
      reason: 'feedback_stopped',
    });
    expect((await host.metrics()).running).toBe(false);
    // Another tenant's feedback goes on.
    expect(await host.teach(model('m', 0.5), 1, 'globex')).toMatchObject({ status: 'ok' });
    expect(await host.call('start')).toMatchObject({ status: 'ok', data: { status: 'started' } });
    expect(await host.teach(model('m', 0.5))).toMatchObject({ status: 'ok' });
  });
});

describe('unified_feedback: the health of components', () => {
  it('disables one that does badly, lets it prove itself after a rest, and takes it back', async () => {
    const host = await start({ options: { probeAfterMs: 10 * MINUTE } });
    const bad = { componentType: 'tool', componentId: 'search', reward: 0.1 };
    await host.teach(bad, 10);
    expect(await host.metrics()).toMatchObject({ disabledComponents: [] });
    await host.teach(bad);
    expect(await host.metrics()).toMatchObject({ disabledComponents: ['tool:search'] });
    expect(
      host.test.logs.records.filter(({ event }) => event === 'feedback_component_disabled'),
    ).toHaveLength(1);
    expect(await host.teach(bad)).toMatchObject({
      status: 'skipped',
      reason: 'component_disabled',
      metadata: { componentType: 'tool', componentId: 'search' },
    });
    expect(await host.metrics()).toMatchObject({ signalsSkipped: 1, signalsProcessed: 11 });

    await host.clock.advance(10 * MINUTE);
    const good = { ...bad, reward: 0.9 };
    expect(await host.teach(good)).toMatchObject({ status: 'ok', data: { probe: true } });
    expect((await host.health({ componentType: 'tool' })).components).toMatchObject([{ state: 'probation' }]);
    await host.teach(good, 9);
    expect(await host.metrics()).toMatchObject({ disabledComponents: ['tool:search'] });
    await host.teach(good);
    expect(await host.metrics()).toMatchObject({ disabledComponents: [] });
    const { components, overallHealth, disabled } = await host.health();
    expect(components).toMatchObject([{ state: 'enabled', samples: 11, lowShare: 0 }]);
    expect(components[0]?.health).toBeCloseTo(0.9, 6);
    expect(overallHealth).toBeCloseTo(0.9, 6);
    expect(disabled).toEqual([]);
    expect(host.test.logs.records.filter(({ event }) => event === 'feedback_component_enabled')).toHaveLength(
      1,
    );
  });

  it('rests twice as long after each probation that failed; between 0.3 and 0.5 nothing changes', async () => {
    const host = await start({ options: { probeAfterMs: 10 * MINUTE, maxProbeAfterMs: 30 * MINUTE } });
    const give = (reward: number, times: number): Promise<StepResult> =>
      host.teach({ componentType: 'agent', componentId: 'planner', reward }, times);
    await give(0, 11);
    for (const rest of [10, 20, 30, 30]) {
      await host.clock.advance(rest * MINUTE - 1);
      expect(await give(0.4, 1)).toMatchObject({ status: 'skipped', reason: 'component_disabled' });
      await host.clock.advance(1);
      expect(await give(0.4, 11)).toMatchObject({ status: 'ok' });
      expect((await host.health()).components).toMatchObject([{ state: 'disabled' }]);
    }
    // Health of 0.4 disables nobody who is enabled.
    await host.teach({ componentType: 'agent', componentId: 'writer', reward: 0.4 }, 50);
    expect((await host.metrics()).disabledComponents).toEqual(['agent:planner']);
  });

  it('looks after components every 5 minutes, and tells of those at rest', async () => {
    const host = await start({ options: { probeAfterMs: HOUR } });
    await host.teach({ componentType: 'tool', componentId: 'search', reward: 0 }, 11);
    await host.clock.advance(5 * MINUTE);
    expect(await host.metrics()).toMatchObject({ healthChecksPerformed: 1, uptimeMs: 5 * MINUTE });
    expect(
      host.test.logs.records.find(({ event }) => event === 'feedback_components_resting')?.fields,
    ).toMatchObject({
      disabled: ['tool:search'],
      overallHealth: 0,
    });
    await host.clock.advance(5 * MINUTE + 1_000);
    expect((await host.metrics()).healthChecksPerformed).toBe(2);
  });

  it('forgets the component without a signal for longest, but not one at rest', async () => {
    const host = await start({ options: { maxComponents: 3 } });
    await host.teach(model('resting', 0), 11);
    for (const id of ['a', 'b', 'c', 'd']) await host.teach(model(id, 0.5));
    const { averages, disabledComponents } = await host.metrics();
    expect(Object.keys(averages.model).sort()).toEqual(['c', 'd', 'resting']);
    expect(disabledComponents).toEqual(['model:resting']);
  });

  it('keeps the outcomes of shadow deployments apart from what is live', async () => {
    const host = await start();
    await host.teach(model('m', 0.9), 5);
    await host.teach(model('m', 0, { metadata: { shadow: true } }), 20);
    const metrics = await host.metrics();
    expect(metrics.averages.model).toEqual({ m: expect.closeTo(0.9, 9) });
    expect(metrics.shadows).toEqual([{ componentType: 'model', componentId: 'm', samples: 20, average: 0 }]);
    expect(metrics.signalsProcessed).toBe(25);
  });
});

describe('unified_feedback: consolidation', () => {
  it('consolidates within the hour where memory rewards are low, and begins to count anew', async () => {
    const host = await start();
    await host.call('submit_rag_feedback', { queryId: 'q', relevanceScore: 0.6, numResults: 2 });
    await host.clock.advance(HOUR - 1);
    expect(await host.metrics()).toMatchObject({ consolidationsTriggered: 0, lastConsolidation: null });
    await host.clock.advance(1);
    expect(await host.metrics()).toMatchObject({
      consolidationsTriggered: 1,
      lastConsolidation: host.clock.now(),
    });
    expect(
      host.test.logs.records.find(({ event }) => event === 'feedback_memory_consolidated')?.fields,
    ).toMatchObject({
      reasons: ['memory_reward_low'],
      signals: 1,
    });
    await host.clock.advance(HOUR + MINUTE);
    expect((await host.metrics()).consolidationsTriggered).toBe(1);
  });

  it('consolidates after more than 1,000 signals, whatever they are about', async () => {
    const host = await start();
    await host.teach(model('m', 0.9), 1_000);
    await host.clock.advance(HOUR);
    expect((await host.metrics()).consolidationsTriggered).toBe(0);
    await host.teach(model('m', 0.9));
    await host.clock.advance(HOUR + MINUTE);
    expect((await host.metrics()).consolidationsTriggered).toBe(1);
  });

  it('says which chunks are bad, and forgets them with the consolidation', async () => {
    const host = await start();
    const chunks = [
      { chunkId: 'good', relevance: 0.9 },
      { chunkId: 'bad', relevance: 0.1 },
    ];
    for (let n = 0; n < 20; n += 1) {
      await host.call('submit_rag_feedback', {
        queryId: `q${n}`,
        relevanceScore: 0.5,
        numResults: 2,
        chunks,
      });
    }
    await host.clock.advance(0);
    const before = await host.recommend({ componentType: 'memory' });
    expect(before).toMatchObject({ componentId: 'good', learner: 'built_in' });
    expect(before.memory).toMatchObject({
      consolidate: true,
      reasons: ['recent_retrievals_poor'],
      prune: ['bad'],
    });
    expect(before.ranking.map(({ componentId }) => componentId)).toEqual(['good', 'bad']);
    await host.clock.advance(HOUR);
    const after = await host.recommend({ componentType: 'memory' });
    expect(after.memory).toMatchObject({ prune: [] });
    expect(after.ranking.map(({ componentId }) => componentId)).toEqual(['good']);
  });
});

describe('unified_feedback: what was learnt', () => {
  it('changes which model is chosen, by context', async () => {
    const host = await start();
    expect(await host.call('recommend', { componentType: 'model' })).toMatchObject({
      status: 'skipped',
      reason: 'nothing_learnt',
    });
    for (let n = 0; n < 30; n += 1) {
      await host.teach(model('small', 0.9, { context: { task: 'chat' } }));
      await host.teach(model('small', 0.4, { context: { task: 'proof' } }));
      await host.teach(model('large', 0.6, { context: { task: 'chat' } }));
      await host.teach(model('large', 0.8, { context: { task: 'proof' } }));
    }
    const chat = await host.recommend({ componentType: 'model', context: { task: 'chat' } });
    const proof = await host.recommend({ componentType: 'model', context: { task: 'proof' } });
    expect(chat).toMatchObject({ componentId: 'small', explored: false, probe: false, learner: 'built_in' });
    expect(proof).toMatchObject({ componentId: 'large' });
    expect(chat.confidence).toBeGreaterThan(0.5);
    expect(chat.ranking.map(({ componentId, samples }) => [componentId, samples])).toEqual([
      ['small', 60],
      ['large', 60],
    ]);
    expect(await host.recommend({ componentType: 'model', candidates: ['large'] })).toMatchObject({
      componentId: 'large',
    });
  });

  it('leaves out what is disabled, and tries what is on probation', async () => {
    let random = 0.5;
    const host = await start({ random: () => random, options: { probeAfterMs: MINUTE } });
    await host.teach({ componentType: 'tool', componentId: 'good', reward: 0.6 }, 5);
    await host.teach({ componentType: 'tool', componentId: 'bad', reward: 0 }, 11);
    random = 0;
    expect(await host.recommend({ componentType: 'tool' })).toMatchObject({ componentId: 'good' });
    expect(await host.call('recommend', { componentType: 'tool', candidates: ['bad'] })).toMatchObject({
      status: 'skipped',
      reason: 'all_components_disabled',
    });
    await host.clock.advance(MINUTE);
    expect(await host.recommend({ componentType: 'tool' })).toMatchObject({
      componentId: 'bad',
      probe: true,
    });
    random = 0.5;
    expect(await host.recommend({ componentType: 'tool' })).toMatchObject({
      componentId: 'good',
      probe: false,
    });
    expect(await host.recommend({ componentType: 'tool', candidates: ['bad'] })).toMatchObject({
      probe: true,
    });
  });

  it('tunes thresholds from their starts, by budget pressure', async () => {
    const host = await start();
    const value = async (id: string, context: object = {}): Promise<number | undefined> =>
      (await host.recommend({ componentType: 'threshold', candidates: [id], context })).value;
    expect(await value('min_words')).toBe(500);
    expect(await value('min_sentences')).toBe(10);
    expect(await value('min_coherence')).toBe(0.6);
    expect(await value('min_overall')).toBe(0.65);
    expect(await value('min_words', { budgetPressure: 0.6 })).toBe(550);
    expect(await value('min_words', { budgetPressure: 0.9 })).toBe(625);
    await host.teach(
      { componentType: 'threshold', componentId: 'min_words', reward: 0.4, context: { value: 500 } },
      5,
    );
    await host.teach(
      { componentType: 'threshold', componentId: 'min_words', reward: 0.9, context: { value: 450 } },
      5,
    );
    expect(await value('min_words')).toBe(450);
    expect(await value('min_words', { budgetPressure: 0.9 })).toBe(625);
    expect(
      await host.call('recommend', { componentType: 'threshold', candidates: ['never_seen'] }),
    ).toMatchObject({
      status: 'skipped',
    });
  });

  it('compares prompts by kind and by what matters most', async () => {
    const host = await start();
    const prompt = (componentId: string, kind: string, context: object): object => ({
      componentType: 'prompt',
      componentId,
      reward: 0.5,
      context: { kind, ...context },
    });
    await host.teach(prompt('long', 'analysis', { quality: 0.9, latencyMs: 9_000, costUsd: 0.009 }), 10);
    await host.teach(prompt('short', 'analysis', { quality: 0.7, latencyMs: 500, costUsd: 0.001 }), 10);
    await host.teach(prompt('short', 'synthesis', { quality: 0.95, latencyMs: 500, costUsd: 0.001 }), 10);
    const best = async (kind: string, target?: string): Promise<string> =>
      (
        await host.recommend({
          componentType: 'prompt',
          context: { kind },
          ...(target === undefined ? {} : { target }),
        })
      ).componentId;
    expect(await best('analysis', 'quality')).toBe('long');
    expect(await best('analysis', 'speed')).toBe('short');
    expect(await best('analysis', 'cost')).toBe('short');
    expect(await best('analysis')).toBe('short');
    expect(await best('synthesis', 'quality')).toBe('short');
  });

  it('is each tenant’s own', async () => {
    const host = await start();
    await host.teach(model('a', 0.9), 20, 'acme');
    await host.teach(model('a', 0.1), 11, 'globex');
    await host.teach(model('b', 0.5), 20, 'globex');
    expect(await host.recommend({ componentType: 'model' }, 'acme')).toMatchObject({ componentId: 'a' });
    expect(await host.recommend({ componentType: 'model' }, 'globex')).toMatchObject({ componentId: 'b' });
    expect(await host.metrics('acme')).toMatchObject({ signalsProcessed: 20, disabledComponents: [] });
    expect(await host.metrics('globex')).toMatchObject({
      signalsProcessed: 31,
      disabledComponents: ['model:a'],
    });
  });

  it('survives a restart: totals, averages, learners, windows, and who is at rest', async () => {
    const clock = new FakeClock();
    const store = new MemoryStateStore(clock);
    const first = await start({ clock, store, options: { probeAfterMs: 10 * MINUTE } });
    for (const type of FEEDBACK_COMPONENTS) {
      await first.teach(
        { componentType: type, componentId: 'good', reward: 0.8, context: { value: 9, kind: 'analysis' } },
        12,
      );
    }
    await first.teach({ componentType: 'tool', componentId: 'bad', reward: 0 }, 11);
    await first.call('submit_rag_feedback', {
      queryId: 'q',
      relevanceScore: 0.9,
      numResults: 1,
      chunks: [{ chunkId: 'c', relevance: 0.9 }],
    });
    await first.teach(model('shadowed', 0.3, { metadata: { shadow: true } }));
    const before = { metrics: await first.metrics(), health: await first.health() };
    // A chunk ages between the two, so of the memory only the advice is compared.
    const choices = async (host: FeedbackHost): Promise<unknown> =>
      Promise.all(
        FEEDBACK_COMPONENTS.map(async (componentType) => {
          const chosen = await host.recommend({ componentType });
          return chosen.memory ?? chosen;
        }),
      );
    const chosen = await choices(first);
    await first.stop();

    const second = await start({ clock, store, options: { probeAfterMs: 10 * MINUTE } });
    const { uptimeMs: _, ports: __, ...counted } = before.metrics;
    expect(await second.metrics()).toMatchObject(counted);
    expect(await second.health()).toEqual(before.health);
    expect(await choices(second)).toEqual(chosen);
    expect(await second.teach({ componentType: 'tool', componentId: 'bad', reward: 1 })).toMatchObject({
      reason: 'component_disabled',
    });
    await clock.advance(10 * MINUTE);
    expect(await second.teach({ componentType: 'tool', componentId: 'bad', reward: 1 })).toMatchObject({
      data: { probe: true },
    });
  });

  it('is stored a few seconds after it changed, without a stop', async () => {
    const host = await start();
    await host.teach(model('m', 0.5));
    const at = { tenantId: 'acme', collection: FEEDBACK_COLLECTION };
    expect(await host.store.list(at)).toEqual([]);
    await host.clock.advance(6_000);
    const records = await host.store.list(at);
    expect(records.map(({ key }) => key)).toEqual(['model', 'totals']);
    expect(records.every(({ value }) => (value as { formatVersion: number }).formatVersion === 1)).toBe(true);
    await host.clock.advance(60_000);
    expect((await host.store.list(at)).map(({ version }) => version)).toEqual([1, 1]);
  });

  it('is read again where its tenant was let go for others', async () => {
    const host = await start({ options: { maxTenants: 2 } });
    for (const tenant of ['t1', 't2', 't3', 't4']) await host.teach(model('m', 0.7), 3, tenant);
    await host.clock.advance(10);
    for (const tenant of ['t1', 't2', 't3', 't4']) {
      expect(await host.metrics(tenant)).toMatchObject({ signalsProcessed: 3 });
      await host.clock.advance(10);
    }
  });

  it('takes many calls at the same time for a tenant that has to be read first', async () => {
    const host = await start();
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        host.call('submit_feedback', { signal: { source: 'trajectory', ...model(`m${n % 4}`, 0.5) } }, 'new'),
      ),
    );
    expect(results.every(({ status }) => status === 'ok')).toBe(true);
    expect(new Set(results.map(({ data }) => (data as { signalId: string }).signalId)).size).toBe(200);
    await host.clock.advance(0);
    expect((await host.metrics('new')).signalsProcessed).toBe(200);
  });
});

async function describeSelf(): Promise<OrchestratorInfo> {
  const host = await start();
  return host.test.facade.listOrchestrators()['unified_feedback'] as OrchestratorInfo;
}

function codeOf(act: () => unknown): unknown {
  try {
    return act();
  } catch (thrown) {
    return thrown instanceof FeedbackError ? thrown.code : thrown;
  }
}

describe('UnifiedFeedbackOrchestrator', () => {
  it('is an orchestrator in good order, without anything bound', async () => {
    const report = await verifyOrchestrator(UnifiedFeedbackOrchestrator, {
      params: { signal: { source: 'trajectory', ...model('m', 0.5) } },
    });
    expect(report.steps.map(({ outcome }) => outcome)).toEqual(Array(5).fill('passed'));
    const { operations } = await describeSelf();
    expect(operations.map(({ name }) => name).sort()).toEqual([
      'get_health',
      'get_metrics',
      'recommend',
      'start',
      'stop',
      'submit_agent_feedback',
      'submit_batch',
      'submit_feedback',
      'submit_rag_feedback',
      'submit_tool_feedback',
      'submit_trajectory_feedback',
    ]);
    expect(operations.find((each) => each.default)?.name).toBe('submit_feedback');
  });

  it('keeps tenants apart in a host that carries no context along', async () => {
    const host = createOrchestrationHost({
      orchestrators: [UnifiedFeedbackOrchestrator],
      ambientContext: false,
    });
    await host.start();
    for (const [tenantId, count] of [
      ['acme', 2],
      ['globex', 3],
    ] as const) {
      const context = aContext({ tenantId });
      const signals = Array.from({ length: count }, () => ({ source: 'trajectory', ...model('m', 0.5) }));
      await host.facade.orchestrate('unified_feedback', context, { operation: 'submit_batch', signals });
      expect(await host.facade.orchestrate('unified_feedback', context, { operation: 'stop' })).toMatchObject(
        {
          data: { signalsProcessed: count },
        },
      );
    }
    expect((await host.stop()).clean).toBe(true);
  });

  it('refuses options out of their bounds when it is made', () => {
    const make = (options: object) => () => new UnifiedFeedbackOrchestrator(options);
    expect(make({ maxTenants: 0 })).toThrow(
      'maxTenants must be a whole number from 1 to 10000, got 0. Pass one, or leave it out.',
    );
    expect(make({ explorationRatio: Number.NaN })).toThrow(
      /explorationRatio must be a number from 0 to 1, got NaN/,
    );
    expect(make({ probeAfterMs: 100, maxProbeAfterMs: 10 })).toThrow(
      'maxProbeAfterMs (10) is below probeAfterMs (100). Raise the one or lower the other.',
    );
    expect(make({ thresholds: { min_words: 0 } })).toThrow(/thresholds\.min_words must be a number/);
    for (const options of [{ maxTenants: 0 }, { probeAfterMs: 100, maxProbeAfterMs: 10 }]) {
      expect(make(options)).toThrow(FeedbackError);
      expect(codeOf(make(options))).toBe('FEEDBACK_OPTIONS_INVALID');
    }
  });
});
