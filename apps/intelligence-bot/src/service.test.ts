import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OrchestrationContext, StepResult } from '@kapelle/core';
import { FakeClock } from '@kapelle/core/testing';
import {
  type ActionRecord,
  type AlertSummary,
  type AnalysisBudgetReport,
  type BanditSummary,
  type Briefing,
  type HealthSummary,
  type KnowledgeSource,
  type MonitoredItem,
  type SearchHit,
} from '@kapelle/orchestrators';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LocalServer } from './adapters/fixtures/local-server.js';
import { type Bot, portsOf, type Ports } from './compose.js';
import { KNOWLEDGE_SERVICE } from './guarded-ports.js';
import { composeService, SERVICE_ORCHESTRATORS } from './service.js';
import { readSettings } from './settings.js';

const SAMPLES = fileURLToPath(new URL('../samples/', import.meta.url));
const TENANT = 'newsroom';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let folder: string;
let bot: Bot | undefined;
let server: LocalServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kapelle-service-'));
});

afterEach(async () => {
  await bot?.close('the test is over');
  await server?.close();
  bot = server = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function start(instead: Partial<Ports> = {}) {
  const settings = readSettings(
    { KAPELLE_DATA: join(folder, 'data'), KAPELLE_ALLOW_ADDRESSES: '127.0.0.1' },
    folder,
  );
  const clock = new FakeClock();
  bot = composeService({ ...portsOf(settings), ...instead }, settings, { clock });
  const { host } = bot;
  await host.start();
  const askAs = async <T>(tenantId: string, name: string, params: Record<string, unknown>): Promise<T> =>
    StepResult.unwrap(
      await host.facade.orchestrate<T>(name, OrchestrationContext.create({ tenantId }), params),
    );
  const ask = <T>(name: string, params: Record<string, unknown>): Promise<T> =>
    askAs<T>(TENANT, name, params);
  return { clock, host, ask, askAs };
}

/** Real paragraphs, some at a time, as texts of their own. */
async function realTexts(count: number): Promise<string[]> {
  const sentences = (await readFile(join(SAMPLES, 'sotu-1962-kennedy.txt'), 'utf8')).split(/(?<=[.!?])\s+/);
  const each = Math.floor(sentences.length / count);
  return Array.from({ length: count }, (_none, i) => sentences.slice(i * each, i * each + 12).join(' '));
}

describe('the service', () => {
  it('starts everything that it is made of, and stops it again', async () => {
    const { host } = await start();
    const known = Object.values(host.facade.listOrchestrators());
    expect(known).toHaveLength(SERVICE_ORCHESTRATORS.length);
    expect(known.filter(({ state, health }) => state !== 'running' || health.status !== 'healthy')).toEqual(
      [],
    );
    expect(new Set(known.map(({ layer }) => layer)).size).toBe(3);
    const report = await host.stop('enough');
    expect(report).toMatchObject({ clean: true, failures: [] });
  });

  it("asks the web with one client for everything, whose cache is each tenant's own", async () => {
    const [text = ''] = await realTexts(34);
    server = await LocalServer.start((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'max-age=600' });
      response.end(text);
    });
    const { askAs } = await start();
    const uri = `${server.origin}/speech.txt`;
    const analyze = (tenantId: string, depth: string) =>
      askAs<Briefing>(tenantId, 'autonomous_intelligence', { operation: 'analyze', uri, depth });
    await analyze('one', 'quick');
    await analyze('one', 'standard');
    expect(server.requests).toEqual(['GET /speech.txt']);
    await analyze('two', 'quick');
    expect(server.requests).toEqual(['GET /speech.txt', 'GET /speech.txt']);
  });

  it('does the work of a day: finds, analyses, falls back, reacts, recovers, learns, and finds everything again', async () => {
    const texts = await realTexts(34);
    let published = 0;
    const feed = (): string =>
      `<?xml version="1.0"?><rss version="2.0"><channel><title>Address</title><link>${server?.origin ?? ''}/</link>${texts
        .slice(0, published)
        .map(
          (_text, i) =>
            `<item><title>Part ${i}</title><link>${server?.origin ?? ''}/part-${i}.txt</link><guid>part-${i}</guid></item>`,
        )
        .join('')}</channel></rss>`;
    server = await LocalServer.start((request, response) => {
      const part = /^\/part-(\d+)\.txt$/.exec(request.url ?? '')?.[1];
      const body = part === undefined ? feed() : (texts[Number(part)] ?? '');
      response.writeHead(200, { 'content-type': part === undefined ? 'application/rss+xml' : 'text/plain' });
      response.end(body);
    });
    // What fails for some hours is what claims are checked with: it is read anew each time.
    let isBroken = false;
    let reads = 0;
    const real = portsOf(readSettings({}, folder)).knowledge;
    const knowledge: KnowledgeSource = {
      load: (options) => {
        reads += 1;
        return isBroken
          ? Promise.reject(
              Object.assign(new Error('the facts cannot be read'), { code: 'FACTS_DOWN', retryable: true }),
            )
          : real.load(options);
      },
    };
    // What is fetched has a price, so that there is something to keep to.
    const analysis = { prices: { transferUsdPerGigabyte: 100 } };
    const { clock, ask, askAs, host } = await start({ knowledge, analysis });
    const begun = clock.now();
    const depths: string[] = [];
    const happened = new Set<string>();
    const budgets: AnalysisBudgetReport[] = [];
    host.facade.events.on('call.ended', ({ orchestrator, operation, result }) => {
      happened.add(`${orchestrator}.${operation} ${result.status}`);
      const budget = result.metadata['budget'] as AnalysisBudgetReport | undefined;
      if (orchestrator === 'autonomous_intelligence' && budget !== undefined) budgets.push(budget);
      const desk = result.metadata['desk'] as { readonly depth: string } | undefined;
      if (orchestrator === 'analysis_desk' && desk !== undefined) depths.push(desk.depth);
    });

    const items = () =>
      ask<readonly MonitoredItem[]>('real_time_monitoring', { operation: 'list_items', limit: 100 });
    /** Publishes more, lets a look come, and waits, in real time, until all of it is analysed. */
    const publish = async (count: number): Promise<readonly MonitoredItem[]> => {
      const before = published;
      published += count;
      await clock.advance(16 * MINUTE_MS);
      for (let tries = 0; tries < 600; tries += 1) {
        const known = await items();
        if (known.length === published && known.every(({ status }) => status !== 'waiting')) {
          return known.filter(({ uri }) => Number(/part-(\d+)/.exec(uri)?.[1]) >= before);
        }
        await sleep(50);
        await clock.advance(10);
      }
      throw new Error(`Not everything was analysed: ${JSON.stringify(await items())}`);
    };
    /** What waits between two tries waits on the clock. */
    const analyse = async (part: number): Promise<Briefing> => {
      let isOver = false;
      const answer = ask<Briefing>('autonomous_intelligence', {
        operation: 'analyze',
        uri: `${server?.origin ?? ''}/part-${part}.txt`,
        depth: 'comprehensive',
      }).finally(() => {
        isOver = true;
      });
      for (let tries = 0; tries < 1_000 && !isOver; tries += 1) {
        await sleep(10);
        await clock.advance(50);
      }
      return answer;
    };
    const breaker = async (): Promise<string | undefined> =>
      (await ask<HealthSummary>('resilience', { operation: 'get_health_summary' })).circuitBreakers[
        KNOWLEDGE_SERVICE
      ]?.state;
    const actions = () =>
      ask<readonly ActionRecord[]>('production_operations', { operation: 'list_actions' });

    await ask('real_time_monitoring', {
      operation: 'add_source',
      kind: 'feed',
      target: `${server.origin}/feed.xml`,
      intervalMs: 15 * MINUTE_MS,
    });
    await ask('real_time_monitoring', { operation: 'start_monitoring' });

    // The morning: everything is as it should be.
    const well = await publish(8);
    expect(well.map(({ status, reduced }) => [status, reduced ?? false])).toEqual(
      well.map(() => ['analysed', false]),
    );
    expect(budgets).toHaveLength(8);
    for (const { spent, limits, left } of budgets) {
      expect(spent.usd).toBeGreaterThan(0);
      expect(spent.usd).toBeLessThanOrEqual(limits.usd);
      expect(left).toEqual([]);
    }
    await clock.advance(5 * HOUR_MS);
    expect(await breaker()).toBe('closed');
    expect(await actions()).toEqual([]);

    // Noon: the facts are down. The breaker opens, and the analyses that need them are made with less.
    isBroken = true;
    const badly = [...(await publish(10)), ...(await publish(10))];
    expect(badly.every(({ status }) => status === 'analysed')).toBe(true);
    const reduced = badly.filter((item) => item.reduced === true);
    expect(reduced.length).toBeGreaterThan(0);
    const briefing = await ask<Briefing>('autonomous_intelligence', {
      operation: 'get',
      id: reduced[0]?.briefingId,
    });
    expect(briefing.producedBy).toBe('fallback_autonomous');
    expect(briefing.notes.some(({ outcome, reason }) => outcome === 'failed' && (reason ?? '') !== '')).toBe(
      true,
    );
    // Somebody wants some of them in full all the same: the breaker opens, and nobody waits for the facts any more.
    let part = 0;
    while ((await breaker()) !== 'open' && part < 6) await analyse(part++);
    expect(await breaker()).toBe('open');
    const [readsBefore, actedBefore] = [reads, (await actions()).length];
    const refused = await analyse(part);
    expect(refused.producedBy).toBe('fallback_autonomous');
    // How long that took is up to the machine; operations may have closed the breaker meanwhile.
    expect(reads === readsBefore || (await actions()).length > actedBefore).toBe(true);

    // Operations sees that within a cycle, closes it, and sees what came of it.
    await clock.advance(2 * MINUTE_MS);
    const [acted] = await actions();
    expect(acted).toMatchObject({
      signature: `circuit_breaker_open:${KNOWLEDGE_SERVICE}`,
      action: { name: 'reset_breaker' },
    });
    expect(happened).toContain('resilience.reset ok');

    // The afternoon: the facts are back.
    await clock.advance(HOUR_MS);
    isBroken = false;
    const again = await publish(6);
    expect(again.every(({ status, reduced: isReduced }) => status === 'analysed' && isReduced !== true)).toBe(
      true,
    );
    // Somebody wants two of them in full, which needs the facts: the breaker sees that they are back.
    for (const part of [32, 33]) await analyse(part);
    await clock.advance(begun + 24 * HOUR_MS - clock.now());
    expect(await breaker()).toBe('closed');
    expect((await actions()).map(({ state }) => state)).not.toContain('running');
    expect((await actions()).filter(({ state }) => state === 'verified').length).toBeGreaterThan(0);

    // What failed was chosen less and less: the depth that needs no facts was taken more often in the end than in the morning.
    const share = (of: readonly string[]): number =>
      of.filter((depth) => depth === 'quick').length / of.length;
    expect(depths).toHaveLength(34);
    expect(share(depths.slice(18, 28))).toBeGreaterThan(share(depths.slice(0, 8)));
    const summary = await ask<BanditSummary>('advanced_bandits', { operation: 'get_performance_summary' });
    expect(JSON.stringify(summary)).toContain('analysis_depth');
    const feedback = await ask<{ readonly signalsProcessed?: number }>('unified_feedback', {
      operation: 'get_metrics',
    });
    expect(JSON.stringify(feedback)).toContain('tool');

    // Each step can be seen: in the events, in the metrics, in the audit trail.
    for (const event of [
      'analysis_desk.analyze ok',
      'autonomous_intelligence.analyze ok',
      'advanced_bandits.make_decision ok',
      'unified_feedback.submit_batch ok',
    ]) {
      expect(happened).toContain(event);
    }
    const alerts = await ask<AlertSummary>('telemetry', { operation: 'get_alert_summary' });
    const fired = alerts.resolved.find(({ rule }) => rule === 'reduced_analyses');
    expect(fired?.resolution).toBe('recovered');
    expect(fired?.firedAt).toBeGreaterThan(begun + 5 * HOUR_MS);
    const trail = await askAs<readonly { action: string; resource: string }[]>('_shared', 'security', {
      operation: 'read_audit',
    });
    expect(trail.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['reset_breaker:running', 'reset_breaker:done', 'reset_breaker:verified']),
    );
    expect(await askAs('_shared', 'security', { operation: 'verify_audit' })).toMatchObject({ intact: true });

    for (const item of [well[0], badly[0], again[0]]) {
      const stored = await ask<Briefing>('autonomous_intelligence', {
        operation: 'get',
        id: item?.briefingId,
      });
      const { summary = [], keywords = [] } = stored.analysis;
      // A sentence of the summary as it stands, else its most telling word.
      const words = /[A-Za-z]+(?: [A-Za-z]+){2,5}/.exec(summary[0]?.quote ?? '')?.[0] ?? keywords[0]?.term;
      const hits = await ask<readonly SearchHit[]>('autonomous_intelligence', {
        operation: 'search',
        query: `"${words ?? ''}"`,
      });
      expect(hits.map(({ summary: { id } }) => id)).toContain(item?.briefingId);
    }
  }, 180_000);
});
