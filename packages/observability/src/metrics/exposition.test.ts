import { afterEach, describe, expect, it } from '@jest/globals';
import {
  BaseOrchestrator,
  createOrchestrationHost,
  operation,
  type OperationContext,
  orchestrator,
} from '@kapelle/core';
import { aContext, FakeClock } from '@kapelle/core/testing';

import { type ParsedFamily, parseExposition } from './fixtures/exposition-parser.js';
import { createMetrics } from './metrics.js';
import { METRIC_FAMILIES, PROCESS_FAMILIES } from './metric-families.js';

@orchestrator('domain', 'business_logic')
class StallOrchestrator extends BaseOrchestrator {
  @operation({ default: true })
  async sell(context: OperationContext, { ms = 0 }: { ms?: number }) {
    if (ms > 0) await context.sleep(ms);
    if (ms === 7) throw new Error('out of stock');
    return ms;
  }
}

const EVIL = [
  'plain',
  'with "quotes"',
  'back\\slash',
  'new\nline',
  '\\n',
  '{le="1"}',
  'a,b',
  'é\u2028\u202e😀',
  '# TYPE',
];

const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

async function scrapeAfterCalls(format: 'prometheus' | 'openmetrics'): Promise<ParsedFamily[]> {
  const clock = new FakeClock();
  const host = createOrchestrationHost({ orchestrators: [StallOrchestrator], clock });
  const metrics = createMetrics({
    host,
    clock,
    tenantLabel: true,
    processMetrics: true,
    breakers: () => EVIL.map((name) => ({ name, state: 'open' })),
  });
  ended.push(
    () => metrics.close(),
    () => host.stop(),
  );
  await host.start();
  const calls = EVIL.flatMap((tenantId) =>
    [0, 1, 7, 70, 700, 700_000].map((ms) => host.facade.orchestrate('stall', aContext({ tenantId }), { ms })),
  );
  calls.push(host.facade.orchestrate('nobody "there"\n', aContext(), {}));
  await clock.advance(800_000);
  await Promise.all(calls);
  return parseExposition((await metrics.scrape(format)).text, format);
}

describe.each(['prometheus', 'openmetrics'] as const)('the text of a scrape as %s', (format) => {
  it('is what a strict reader of the format takes, whatever labels contain', async () => {
    const families = await scrapeAfterCalls(format);
    const total = (name: string): string => (format === 'openmetrics' ? name.replace(/_total$/, '') : name);
    expect(families.map(({ name }) => name).sort()).toEqual(
      [
        ...Object.keys(METRIC_FAMILIES).map((name) => total(`kapelle_${name}`)),
        ...Object.keys(PROCESS_FAMILIES).map(total),
      ].sort(),
    );
    const found = (name: string): ParsedFamily => families.find((each) => each.name === name) as ParsedFamily;
    expect(new Set(found('kapelle_breaker_state').samples.map(({ labels }) => labels['breaker']))).toEqual(
      new Set(EVIL),
    );
    const calls = found(total('kapelle_calls_total')).samples;
    expect(new Set(calls.map(({ labels }) => labels['tenant']))).toEqual(new Set(EVIL));
    expect(calls.reduce((sum, { value }) => sum + value, 0)).toBe(EVIL.length * 6);
    const durations = found('kapelle_call_duration_seconds').samples;
    const [sum] = durations.filter(
      ({ name, labels }) => name.endsWith('_sum') && labels['tenant'] === 'plain',
    );
    expect(sum?.value).toBeCloseTo(700.778, 6);
    const [, , , , last] = durations.filter(
      ({ name, labels }) =>
        name.endsWith('_bucket') && labels['tenant'] === 'plain' && Number(labels['le']) >= 1,
    );
    expect(last?.value).toBe(5);
  });
});

describe('the strict reader', () => {
  const head = '# HELP a_total Of a.\n# TYPE a_total counter\n';
  it.each([
    [`${head}a_total 1`, 'line feed'],
    [`${head}a_total{x="1",x="2"} 1\n`, 'twice'],
    [`${head}a_total{x="1} 1\n`, 'not well quoted'],
    [`${head}a_total{x="\\t"} 1\n`, 'not well quoted'],
    [`${head}a_total one\n`, 'no value'],
    [`${head}a_total -1\n`, 'below 0'],
    [`${head}a_total 1\na_total 2\n`, 'twice'],
    [`${head}b_total 1\n`, 'stands under'],
    [`${head}${head}`, 'described twice'],
    ['a_total 1\n', 'before its type'],
    ['# HELP a Of a.\n# TYPE a counter\na 1\n', 'not named _total'],
    [
      '# HELP h Of h.\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
      'does not add up',
    ],
  ])('refuses %j', (text, problem) => {
    expect(() => parseExposition(text, 'prometheus')).toThrow(problem);
  });
});
