import { describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import type { ActionRecord } from './book-draft.js';
import { businessInsights } from './business-insights.js';
import type { KpiReading } from './business-metrics.js';
import { optimizationResults } from './optimization.js';
import { TenantTurns, troubledTenants } from './troubled-tenants.js';

const NOW = 1_700_000_000_000;
const HOUR_MS = 3_600_000;

function action(
  state: ActionRecord['state'],
  agoMs: number,
  name = 'restart',
  signature = 'alert:a',
): ActionRecord {
  const at = NOW - agoMs;
  return {
    id: `${name}-${agoMs}`,
    tenantId: '_shared',
    signature,
    rule: signature,
    priority: 'high',
    evidence: [],
    action: { name, risk: 'low', description: name },
    confidence: 0.5,
    state,
    proposedAt: at,
    ...(state === 'done' ? { doneAt: at } : { endedAt: at }),
  };
}

describe('what the actions of a day came to', () => {
  it('is nothing where nothing was done, and advice only where the numbers ask for it', () => {
    expect(optimizationResults([], {}, NOW)).toEqual({ actions: 0, advice: [] });
    const few = [action('failed', HOUR_MS * 2), action('verified', HOUR_MS * 3)];
    expect(optimizationResults(few, {}, NOW)).toEqual({ actions: 2, success_ratio: 0.5, advice: [] });
    const good = Array.from({ length: 8 }, (_none, i) => action('verified', HOUR_MS * (2 + i)));
    expect(optimizationResults([...good, ...few], {}, NOW)).toMatchObject({
      actions: 10,
      success_ratio: 0.9,
      advice: [],
    });
  });

  it('names the action that helps least, the trouble that comes back, and what is useless', () => {
    const bad = [
      ...Array.from({ length: 3 }, (_none, i) => action('not_verified', HOUR_MS * (2 + i), 'scale')),
      action('failed', HOUR_MS * 6, 'drain'),
      action('verified', HOUR_MS * 7, 'scale'),
      action('verified', HOUR_MS * 25, 'old'),
      action('rejected', HOUR_MS * 2, 'refused'),
    ];
    expect(optimizationResults(bad, {}, NOW)).toEqual({
      actions: 5,
      success_ratio: 0.2,
      advice: ['1 of 5 actions of the last day helped: see why the others did not, beginning with scale.'],
    });
    const many = Array.from({ length: 11 }, (_none, i) =>
      action('verified', 60_000 * i, 'scale', 'alert:load'),
    );
    expect(optimizationResults(many, {}, NOW).advice).toEqual([
      '11 actions were taken within an hour: look for what makes the trouble come back, such as alert:load.',
    ]);
    expect(optimizationResults([], { 'alert:a/restart': { tried: 6, helped: 1 } }, NOW).advice).toEqual([
      'restart rarely helps against alert:a (confidence 0.25 after 6 trials): it is only done when somebody agrees. Give the rule another action.',
    ]);
  });
});

describe('tenants with trouble', () => {
  it('have their turns, twenty at a time, whoever comes and goes meanwhile', () => {
    const turns = new TenantTurns();
    const many = Array.from({ length: 50 }, (_none, i) => `t${String(i).padStart(2, '0')}`);
    const seen = [turns.next(many), turns.next(many), turns.next(many)];
    expect(seen.map(({ length }) => length)).toEqual([20, 20, 20]);
    expect(new Set(seen.flat()).size).toBe(50);
    expect(turns.next(['t03', 't20', 't60'])).toEqual(['t20', 't60', 't03']);
    expect(turns.next([])).toEqual([]);
    expect(turns.next(['a'])).toEqual(['a']);
  });

  it('are those that security names and those with open actions, and nobody else', async () => {
    const answers: readonly (readonly [StepResult, readonly string[]])[] = [
      [StepResult.ok(['globex', '_shared', 'acme', 7, '']), ['globex', 'initech']],
      [StepResult.ok('rubbish'), ['initech']],
      [StepResult.fail('There is no security.', { errorCategory: 'not_found' }), ['initech']],
    ];
    const actions = [
      { ...action('done', 0), tenantId: 'initech' },
      { ...action('verified', 0), tenantId: 'umbrella' },
      action('proposed', 0),
    ];
    for (const [answer, expected] of answers) {
      expect(await troubledTenants(() => Promise.resolve(answer), actions, 'acme')).toEqual(expected);
    }
  });
});

describe('what the business says', () => {
  it('is each figure below its target, the worst first, and each of which nothing is known', () => {
    const kpis: readonly KpiReading[] = [
      { name: 'answers', target: 100, value: 130, reached: 1, trend: 'strong_positive' },
      { name: 'readers', target: 1_000, value: 700, reached: 0.7, trend: 'positive' },
      { name: 'cost', target: 3, value: 1, reached: 1 / 3, trend: 'needs_attention' },
      { name: 'mood', target: 1, trend: 'unknown', why: 'It cannot be told.' },
    ];
    expect(businessInsights({ kpis }).map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
      'needs_attention: cost is 1 of 3: 33 % of its target.',
      'below_target: readers is 700 of 1000: 70 % of its target.',
      'unknown: Nothing is known of mood: It cannot be told.',
    ]);
  });
});
