import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@kapelle/core/testing';
import {
  AnalysisBudget,
  COST_CATEGORIES,
  DEPTH_BUDGETS,
  type AnalysisBudgetReport,
} from './analysis-budget.js';
import { autonomousSettings, depthInUse } from './autonomous-options.js';
import { AnalysisHouse, briefingOf, TALK } from './fixtures/analysis-house.js';
import { A_TALK } from './fixtures/memory-ports.js';
import { DEPTHS } from './model.js';
import { planRecovery, RecoveryCounters, type StageFailure } from './recovery-plan.js';

const FREE = {
  inputUsdPerMillion: 0,
  outputUsdPerMillion: 0,
  computeUsdPerHour: 0,
  usdPerModelCall: 0,
  transferUsdPerGigabyte: 0,
};
const MODEL_PRICES = { inputUsdPerMillion: 3, outputUsdPerMillion: 15 };
const NOTHING = { inputTokens: 0, outputTokens: 0, modelCalls: 0, bytes: 0, ms: 0 };

const reportOf = (metadata: Readonly<Record<string, unknown>>) => metadata['budget'] as AnalysisBudgetReport;

describe('the budget of an analysis', () => {
  it('is that of its depth, and divided as its depth divides it', () => {
    expect(DEPTHS.map((depth) => DEPTH_BUDGETS[depth].total)).toEqual([0.5, 1.5, 3, 5, 10]);
    for (const depth of DEPTHS) {
      const { total, ...shares } = DEPTH_BUDGETS[depth];
      const sum = COST_CATEGORIES.reduce((all, category) => all + shares[category], 0);
      expect(sum).toBeCloseTo(total, 10);
    }
    expect(DEPTH_BUDGETS.comprehensive).toEqual({
      ...{ total: 5, acquisition: 0.1, transcription: 0.75, analysis: 2, verification: 1, knowledge: 1.15 },
    });
  });

  it('charges tokens, calls, bytes and time at their prices, by category and by stage', () => {
    const prices = {
      inputUsdPerMillion: 2,
      outputUsdPerMillion: 8,
      computeUsdPerHour: 3.6,
      usdPerModelCall: 0.01,
      transferUsdPerGigabyte: 0.5,
    };
    const budget = new AnalysisBudget('deep', {}, prices);
    budget.charge('acquire', { ...NOTHING, bytes: 1e9, ms: 1_000 });
    budget.charge('narrative', { ...NOTHING, inputTokens: 1_000, outputTokens: 500, modelCalls: 1 });
    budget.charge('narrative', { ...NOTHING, modelCalls: 1 }, true);
    const report = budget.report();
    expect(report.byCategory.acquisition).toBeCloseTo(0.501, 10);
    expect(report.byCategory.knowledge).toBeCloseTo(0.002 + 0.004 + 0.02, 10);
    expect(report.byStage['narrative']).toMatchObject({ modelCalls: 2, inputTokens: 1_000 });
    expect(report.spent.usd).toBeCloseTo(0.527, 10);
    expect(report).toMatchObject({ isEstimated: true, limits: { usd: 3 } });
  });

  it.each([
    [{ usd: 0.01 }, MODEL_PRICES, 0.01, 'The budget of 0.0017 USD for knowledge does not allow it'],
    [{ tokens: 100 }, FREE, undefined, 'The budget of 100 tokens does not allow it: it may take 1700'],
    [{ ms: 0 }, FREE, undefined, 'The budget of 0 ms is used up: 0 ms were spent.'],
  ])('refuses with %j what it may not suffice for, before it is spent', (limits, prices, _usd, reason) => {
    const budget = new AnalysisBudget('deep', limits, { ...FREE, ...prices });
    const bound = { inputTokens: 1_000, outputTokens: 700 };
    expect(budget.refusal('narrative', bound)).toContain(reason);
    expect(budget.report()).toMatchObject({ left: ['narrative'], spent: { usd: 0 } });
  });

  it('never refuses for money what costs nothing', () => {
    const budget = new AnalysisBudget('quick', { usd: 0 }, { ...FREE, ...MODEL_PRICES });
    expect(budget.refusal('summary')).toBeUndefined();
    expect(budget.refusal('narrative', { inputTokens: 1, outputTokens: 0 })).toBeDefined();
  });

  it('leaves the narrative out where it may cost too much, and says so; with more it is made', async () => {
    await using house = await AnalysisHouse.open({ withModel: true, options: { prices: MODEL_PRICES } });
    const poor = await house.analyze({ depth: 'deep', budgetUsd: 0.001 });
    const briefing = briefingOf(poor);
    expect(house.ports.model?.prompts).toEqual([]);
    expect(briefing.narrative).toBeUndefined();
    expect(briefing.claims.length).toBeGreaterThan(0);
    const [note] = briefing.notes.filter(({ stage }) => stage === 'narrative');
    expect(note).toMatchObject({ outcome: 'skipped', reason: expect.stringMatching(/^The budget of /) });
    expect(poor.warnings).toEqual([`narrative skipped: ${note?.reason ?? ''}`]);
    expect(poor.metadata).toMatchObject({
      partial: true,
      budget: { left: ['narrative'], spent: { usd: 0 } },
    });

    // What lacks something for want of money is no answer to who has more of it.
    const rich = await house.analyze({ depth: 'deep' });
    expect(briefingOf(rich).narrative).toBeDefined();
    expect(rich.metadata['partial']).toBeUndefined();
    const report = reportOf(rich.metadata);
    expect(report.spent).toMatchObject({ modelCalls: 1, bytes: new TextEncoder().encode(A_TALK).length });
    // The server did not say what it took, so its bound is charged.
    expect(report.isEstimated).toBe(true);
    expect(report.spent.usd).toBeGreaterThan(0.0105);
    expect(report.spent.usd).toBeLessThanOrEqual(3);
  });

  it('charges what the server counted, and nothing that it could not have', async () => {
    await using house = await AnalysisHouse.open({ withModel: true, options: { prices: MODEL_PRICES } });
    const { model } = house.ports;
    if (model === undefined) throw new Error('There is a model.');
    model.usage = { inputTokens: 200, outputTokens: 100 };
    const counted = reportOf((await house.analyze({ depth: 'deep' })).metadata);
    expect(counted).toMatchObject({ isEstimated: false, spent: { inputTokens: 200, outputTokens: 100 } });
    expect(counted.spent.usd).toBeCloseTo(0.0006 + 0.0015, 10);
    model.usage = { inputTokens: Number.NaN, outputTokens: -5 };
    const rubbish = reportOf((await house.analyze({ depth: 'deep', force: true })).metadata);
    expect(rubbish.isEstimated).toBe(true);
    expect(rubbish.spent.outputTokens).toBe(700);
  });

  it('ends the call before anything is spent where not even the beginning can be paid', async () => {
    await using house = await AnalysisHouse.open({ options: { prices: { transferUsdPerGigabyte: 1 } } });
    const result = await house.analyze({ budgetUsd: 0 });
    expect(result).toMatchObject({
      status: 'failed',
      errorCategory: 'quota_exceeded',
      retryable: false,
      details: {
        code: 'AUTONOMOUS_BUDGET_EXHAUSTED',
        stage: 'acquire',
        done: [],
        budget: { spent: { usd: 0 } },
      },
    });
    expect(house.ports.source.calls).toBe(0);
    expect(result.status === 'failed' && result.error).toBe(
      'The stage "acquire" was not begun. The budget of 0.00 USD does not allow it: it may cost something, and 0.00 USD is left. Nothing was done. Give a larger budget: what is done is not done again.',
    );
  });

  it('says what was done before it was used up, and a larger one goes on from there', async () => {
    const clock = new FakeClock();
    await using house = await AnalysisHouse.open({ clock });
    const { source } = house.ports;
    const acquire = source.acquire.bind(source);
    source.acquire = (uri) =>
      new Promise((resolve, reject) => {
        clock.setTimeout(() => void acquire(uri).then(resolve, reject), 50);
      });
    const calling = house.analyze({ budgetMs: 50, analysisId: 'a' });
    await clock.advance(1_000);
    expect(await calling).toMatchObject({
      status: 'failed',
      errorCategory: 'quota_exceeded',
      details: { stage: 'parse', done: ['acquire'], budget: { spent: { ms: 50 } } },
    });
    const again = house.analyze({ budgetMs: 51, analysisId: 'a' });
    await clock.advance(1_000);
    expect(await again).toMatchObject({
      status: 'ok',
      metadata: { resumed: ['acquire'], resumedFrom: 'acquire' },
    });
    expect(source.calls).toBe(1);
  });

  it('warns where it limits nothing, because nothing has a price', async () => {
    await using house = await AnalysisHouse.open();
    const result = await house.analyze({ depth: 'quick', budgetUsd: 0 });
    expect(result.status).toBe('ok');
    expect(result.warnings[0]).toMatch(/^The budget in US dollars limits nothing/);
  });

  it.each([
    { budgetUsd: -1 },
    { budgetUsd: Number.NaN },
    { budgetUsd: '1' },
    { budgetTokens: 1.5 },
    { budgetMs: -1 },
    { analysisId: '' },
  ])('refuses %j', async (params) => {
    await using house = await AnalysisHouse.open();
    expect(await house.analyze(params)).toMatchObject({ status: 'failed', errorCategory: 'validation' });
  });
});

describe('the options', () => {
  it.each([
    [
      { prices: { inputUsdPerMillion: -1 } },
      'prices.inputUsdPerMillion is -1. Give a number from 0 to 1000000.',
    ],
    [
      { prices: { usdPerModelCall: Number.NaN } },
      'prices.usdPerModelCall is NaN. Give a number from 0 to 1000000.',
    ],
    [{ maxInterrupted: 0 }, 'maxInterrupted is 0. Give a number from 1 to 1000.'],
    [{ portTimeoutMs: 0 }, 'portTimeoutMs is 0. Give a number from 1 to 3600000.'],
    [{ experimentalDepth: 'yes' as never }, 'experimentalDepth is yes, it must be true or false.'],
  ])('are refused at construction: %j', async (options, message) => {
    expect(() => autonomousSettings(options)).toThrow(
      expect.objectContaining({ code: 'AUTONOMOUS_OPTION_INVALID', message }),
    );
    await expect(AnalysisHouse.open({ options })).rejects.toThrow(message);
  });

  it('allow the depth "experimental"; without them it is done as "comprehensive", and that is said', async () => {
    expect(depthInUse('experimental', { experimentalDepth: true })).toEqual({
      depth: 'experimental',
      warnings: [],
    });
    await using house = await AnalysisHouse.open();
    const result = await house.analyze({ depth: 'experimental', uri: TALK });
    expect(briefingOf(result)).toMatchObject({ depth: 'comprehensive' });
    expect(result.warnings[0]).toMatch(/^The depth "experimental" is not enabled/);
  });
});

describe('the plan of a recovery', () => {
  const failure = (more: Partial<StageFailure>): StageFailure => ({
    ...{ stage: 'keywords', errorCategory: 'execution', retryable: false, attempts: 1, isLater: false },
    ...more,
  });

  it.each([
    [{ errorCategory: 'memory_error' }, 'critical', 'abort', 'significant', []],
    [{ errorCategory: 'system' }, 'critical', 'abort', 'significant', []],
    [{ stage: 'acquire' }, 'high', 'retry_simplified', 'minimal', ['simplified', 'substitute']],
    [{ stage: 'read', attempts: 2 }, 'high', 'graceful_degradation', 'significant', ['substitute']],
    [{ attempts: 3 }, 'high', 'graceful_degradation', 'significant', ['substitute']],
    [{ stage: 'claims' }, 'medium', 'substitute', 'moderate', ['substitute', 'simplified']],
    [
      { stage: 'verification', attempts: 2 },
      'medium',
      'substitute',
      'moderate',
      ['substitute', 'simplified'],
    ],
    [
      { stage: 'claims', retryable: true, isLater: true },
      'medium',
      'substitute',
      'moderate',
      ['again', 'substitute', 'simplified'],
    ],
    [{ stage: 'revision' }, 'low', 'simplified_execution', 'minimal', ['simplified', 'substitute']],
    [{ stage: 'crosscheck' }, 'low', 'simplified_execution', 'minimal', ['simplified', 'substitute']],
  ] as const)('for %j is %s: %s', (more, severity, action, degradation, tries) => {
    expect(planRecovery(failure(more))).toEqual({
      ...{ severity, action, degradation, tries },
      needsReview: severity === 'high' || severity === 'critical',
    });
  });

  it('is counted by how it ended', () => {
    const counters = new RecoveryCounters();
    expect(counters.report()).toMatchObject({ successRate: 1 });
    counters.count('claims', 'successful');
    counters.count('claims', 'degraded');
    counters.count('store', 'failed');
    expect(counters.report()).toEqual({
      ...{ successful: 1, degraded: 1, failed: 1, successRate: 2 / 3 },
      byStage: {
        claims: { successful: 1, degraded: 1, failed: 0 },
        store: { successful: 0, degraded: 0, failed: 1 },
      },
    });
  });
});
