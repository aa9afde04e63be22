import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { aContext, FakeClock, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { MemoryStateStore } from '../../state/memory-state-store.js';
import { STATE_STORE } from '../../state/state-store.js';
import { ADVANCED_BANDITS_OPTIONS } from './bandit-options.js';
import { AdvancedBanditsOrchestrator } from './advanced-bandits-orchestrator.js';
import type { BanditEvaluation, BanditSummary } from './bandit-answers.js';
import type { BanditDecision, BanditDomainReport } from './book/domain-book.js';

const hosts: TestHost[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host[Symbol.asyncDispose]();
});

const DOMAIN = {
  features: [{ name: 'heat', kind: 'number' as const, min: 0, max: 1 }],
  actions: ['ice', 'tea'],
};

async function start(store = new MemoryStateStore()) {
  const clock = new FakeClock();
  const host = await TestHost.start({
    orchestrators: [AdvancedBanditsOrchestrator],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(ADVANCED_BANDITS_OPTIONS).toConstantValue({ defaultDomains: false, domains: { shop: DOMAIN } });
        bind(STATE_STORE).toConstantValue(store);
      }),
    ],
    clock,
  });
  hosts.push(host);
  const call = <T>(operation: string, params: object = {}, tenantId = 'a') =>
    host.facade.orchestrate<T>('advanced_bandits', aContext({ tenantId }), { operation, ...params });
  const give = async <T>(operation: string, params: object = {}, tenantId = 'a'): Promise<T> =>
    StepResult.unwrap(await call<T>(operation, params, tenantId));
  return { clock, call, give, host };
}

describe('advanced_bandits under attack', () => {
  it('takes one of a hundred feedbacks to a decision that come together, and of another tenant none', async () => {
    const { give, call } = await start();
    const { decisionId } = await give<BanditDecision>('make_decision', {
      domain: 'shop',
      features: { heat: 0.5 },
    });
    expect(await call('provide_feedback', { decisionId, reward: 1 }, 'b')).toMatchObject({
      errorCategory: 'not_found',
    });
    const results = await Promise.all(
      Array.from({ length: 100 }, () => call('provide_feedback', { decisionId, reward: 1 })),
    );
    expect(results.filter(({ success }) => success)).toHaveLength(1);
    const report = await give<BanditDomainReport>('get_domain_comparison', { domain: 'shop' });
    const rewards = Object.values(report.algorithms).reduce((sum, each) => sum + each.rewards, 0);
    expect(rewards).toBe(1);
    expect(await give<BanditSummary>('get_performance_summary', { domain: null }, 'b')).toMatchObject({
      decisions: 0,
    });
  });

  it('saves on where a store was so slow that it was given up, and had stored it all the same', async () => {
    const store = new MemoryStateStore();
    const put = store.put.bind(store);
    let isSlow = true;
    store.put = (async (...given: Parameters<typeof put>) => {
      const stored = await put(...given);
      return isSlow ? new Promise(() => undefined) : stored;
    }) as typeof store.put;
    const { give, clock, host } = await start(store);
    await give('make_decision', { domain: 'shop', features: { heat: 0.5 } });
    await clock.advance(60_000);
    expect(host.host.health().orchestrators['advanced_bandits']).toMatchObject({ status: 'degraded' });
    isSlow = false;
    await clock.advance(60_000);
    expect(host.host.health().orchestrators['advanced_bandits']).toMatchObject({ status: 'healthy' });
    const { decisionId } = await give<BanditDecision>('make_decision', {
      domain: 'shop',
      features: { heat: 0.1 },
    });
    await clock.advance(10_000);
    await hosts.pop()?.[Symbol.asyncDispose]();
    const again = await start(store);
    expect(await again.give('provide_feedback', { decisionId, reward: 1 })).toMatchObject({ decisionId });
  });

  it('still gives up where somebody else writes', async () => {
    const store = new MemoryStateStore();
    const [one, two] = [await start(store), await start(store)];
    const question = { domain: 'shop', features: { heat: 0.5 } };
    for (const each of [one, two]) await each.give('make_decision', question);
    for (const each of [one, two]) await each.clock.advance(10_000);
    expect(two.host.host.health().orchestrators['advanced_bandits']).toMatchObject({
      status: 'degraded',
      message: expect.stringContaining('Another process') as unknown,
    });
  });

  it('estimates what an independent reckoning does, and takes no probability that outweighs any log', async () => {
    const { give, call } = await start();
    const log = Array.from({ length: 40 }, (_none, i) => ({
      features: { heat: (i % 10) / 10 },
      action: i % 4 === 0 ? 'ice' : 'tea',
      probability: i % 4 === 0 ? 0.25 : 0.75,
      reward: ((i * 7) % 5) / 5,
    }));
    const found = await give<BanditEvaluation>('evaluate_policy', { domain: 'shop', log, action: 'ice' });
    const weights = log.map(({ action, probability }) => (action === 'ice' ? 1 / probability : 0));
    const weighted = log.map(({ reward }, i) => (weights[i] ?? 0) * reward);
    const sum = (values: number[]): number => values.reduce((total, each) => total + each, 0);
    const mean = sum(weighted) / 40;
    const error = Math.sqrt(sum(weighted.map((each) => (each - mean) ** 2)) / 39 / 40);
    expect(found.ips.value).toBeCloseTo(mean, 10);
    expect(found.ips.standardError).toBeCloseTo(error, 10);
    expect(found.ips.high - found.ips.low).toBeCloseTo(2 * 1.959964 * error, 4);
    expect(found.snips.value).toBeCloseTo(sum(weighted) / sum(weights), 10);
    expect(found.effectiveRows).toBeCloseTo(sum(weights) ** 2 / sum(weights.map((each) => each ** 2)), 8);
    for (const probability of [0, -0, 5e-324, 1e-300, 1.0001, Number.NaN, '1', null]) {
      const rows = log.map((row) => ({ ...row, probability }));
      expect(await call('evaluate_policy', { domain: 'shop', log: rows, action: 'ice' })).toMatchObject({
        status: 'failed',
      });
    }
  });

  it.each([
    ['make_decision', { domain: '__proto__' }],
    ['make_decision', { domain: 'shop', features: { heat: Number.NaN } }],
    ['provide_feedback', { decisionId: 'constructor.x', reward: 1 }],
    ['provide_feedback', { decisionId: 'shop.1', reward: Number.POSITIVE_INFINITY }],
    ['import_model', { domain: 'shop', model: JSON.parse('{"__proto__":{"x":1}}') as object }],
    ['import_model', { domain: 'shop', model: { formatVersion: 99 } }],
    ['switch_default_algorithm', { algorithm: 'toString' }],
  ])('refuses %s of %j', async (operation, params) => {
    const { call } = await start();
    const result = await call(operation, params);
    expect(result.status).toBe('failed');
    expect(result.errorCategory).not.toBe('execution');
  });
});
