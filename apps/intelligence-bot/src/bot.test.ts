import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OrchestrationContext, type StepResult } from '@kapelle/core';
import {
  AutonomousIntelligenceOrchestrator,
  ContentIntakeOrchestrator,
  renderHtml,
  renderJson,
  renderMarkdown,
  renderTerminal,
  type Briefing,
  type SourceBriefed,
} from '@kapelle/orchestrators';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LocalServer } from './adapters/fixtures/local-server.js';
import { listContentFiles } from './adapters/file-content.js';
import { compose, portsOf, type Bot, type Ports } from './compose.js';
import { readSettings } from './settings.js';

const SAMPLES = fileURLToPath(new URL('../samples/', import.meta.url));
/** A larger set of texts that lies beside the repository where there is one. */
const MORE_TEXTS = fileURLToPath(new URL('../../../../shared/data/content/', import.meta.url));
const KENNEDY = join(SAMPLES, 'sotu-1961-kennedy.vtt');

let folder: string;
let bots: Bot[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kapelle-bot-'));
});

afterEach(async () => {
  await Promise.all(bots.map((bot) => bot.close('the test is over')));
  bots = [];
  await rm(folder, { recursive: true });
});

async function start(instead: Partial<Ports> = {}, environment: Record<string, string> = {}): Promise<Bot> {
  const settings = readSettings({ KAPELLE_DATA: join(folder, 'data'), ...environment }, folder);
  const bot = compose({ ...portsOf(settings), ...instead });
  bots.push(bot);
  await bot.host.start();
  return bot;
}

const context = (signal?: AbortSignal): OrchestrationContext =>
  OrchestrationContext.create({ tenantId: 'local', ...(signal === undefined ? {} : { signal }) });

async function analyze(
  bot: Bot,
  params: { uri: string; depth?: 'quick' | 'deep' },
): Promise<StepResult<Briefing>> {
  return bot.host.facade.client(AutonomousIntelligenceOrchestrator).analyze(context(), params);
}

function dataOf<T>(result: StepResult<T>): T {
  if (result.status !== 'ok') throw new Error(JSON.stringify(result));
  return result.data;
}

describe('the bot', () => {
  it('briefs every sample, in every form, without a word about a failure', async () => {
    const bot = await start();
    const more = existsSync(MORE_TEXTS) ? await listContentFiles(MORE_TEXTS) : [];
    const sources = [...(await listContentFiles(SAMPLES)), ...more];
    const report = dataOf(
      await bot.host.facade.client(ContentIntakeOrchestrator).takeIn(context(), { sources }),
    );
    expect(report.outcomes.filter(({ status }) => status === 'failed' || status === 'reduced')).toEqual([]);
    const briefed = report.outcomes as readonly SourceBriefed[];
    expect(briefed.length).toBeGreaterThanOrEqual(15);
    for (const { briefing } of briefed) {
      expect(briefing.notes.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
      for (const { verdict, evidence } of briefing.claims) {
        const stance = { supported: 'supports', contradicted: 'contradicts', not_enough_evidence: undefined }[
          verdict
        ];
        if (stance !== undefined) expect(evidence.some((each) => each.stance === stance)).toBe(true);
      }
      for (const width of [40, 80, 120]) {
        const lines = renderTerminal(briefing, { width, colors: false }).split('\n');
        expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(width);
      }
      expect(JSON.parse(renderJson(briefing))).toEqual(JSON.parse(JSON.stringify(briefing)));
      expect(renderMarkdown(briefing)).toContain('## Executive summary');
      expect(renderHtml(briefing)).toMatch(/^<!doctype html>/);
    }
  }, 120_000);

  it('knows content again after a restart, and finds it by its words', async () => {
    const bot = await start();
    const first = dataOf(await analyze(bot, { uri: KENNEDY, depth: 'quick' }));
    await bot.close('restart');
    await bot.host.start();
    const again = await analyze(bot, { uri: KENNEDY, depth: 'quick' });
    expect(again).toMatchObject({ status: 'ok', metadata: { cached: true }, data: first });
    const client = bot.host.facade.client(AutonomousIntelligenceOrchestrator);
    expect(dataOf(await client.search(context(), { query: 'recession farm income' }))).toMatchObject([
      { summary: { id: first.id } },
    ]);
    const other = await start();
    expect(
      dataOf(await other.host.facade.client(AutonomousIntelligenceOrchestrator).list(context(), {})),
    ).toHaveLength(1);
  });

  it('answers many calls at the same time, each with its own briefing', async () => {
    const bot = await start();
    const names = [
      'sotu-1941-roosevelt.txt',
      'sotu-1982-reagan.txt',
      'sotu-1992-bush.srt',
      'sotu-1947-truman.html',
    ];
    const calls = [...names, ...names].map((name) =>
      analyze(bot, { uri: join(SAMPLES, name), depth: 'quick' }),
    );
    const briefings = (await Promise.all(calls)).map(dataOf);
    expect(briefings.map(({ document }) => document.uri)).toEqual(
      [...names, ...names].map((name) => join(SAMPLES, name)),
    );
    expect(new Set(briefings.map(({ id }) => id)).size).toBe(4);
    const client = bot.host.facade.client(AutonomousIntelligenceOrchestrator);
    expect(dataOf(await client.list(context(), {}))).toHaveLength(4);
  }, 60_000);

  it('is ended by its signal between two stages, and works on afterwards', async () => {
    const bot = await start();
    const controller = new AbortController();
    bot.host.facade.events.on('run.progress', ({ message }) => {
      if (message === 'read') controller.abort();
    });
    const client = bot.host.facade.client(AutonomousIntelligenceOrchestrator);
    const result = await client.analyze(context(controller.signal), { uri: KENNEDY });
    expect(result).toMatchObject({ status: 'failed', errorCategory: 'cancelled' });
    expect(dataOf(await client.list(context(), {}))).toEqual([]);
    expect((await analyze(bot, { uri: KENNEDY, depth: 'quick' })).metadata).toEqual({});
  });

  it('shows the briefing when the database cannot be used, and leaves the file as it was', async () => {
    const file = join(folder, 'notes.txt');
    await writeFile(file, 'not a folder');
    const bot = await start({}, { KAPELLE_DATA: file });
    const result = await analyze(bot, { uri: KENNEDY });
    expect(result).toMatchObject({ metadata: { fallback: true, stored: false, failedStages: ['store'] } });
    expect(dataOf(result).notes[0]).toMatchObject({ stage: 'store', outcome: 'failed' });
    expect(await readFile(file, 'utf8')).toBe('not a folder');
  });

  it('does without knowledge that cannot be read, and names the file', async () => {
    const bot = await start({}, { KAPELLE_KNOWLEDGE: 'missing.yaml' });
    const briefing = dataOf(await analyze(bot, { uri: KENNEDY }));
    expect(briefing.producedBy).toBe('fallback_autonomous');
    expect(briefing.notes[0]?.reason).toContain(join(folder, 'missing.yaml'));
    expect(briefing.analysis.claims?.length).toBeGreaterThan(0);
  });

  it('does without a language model that nobody answers for', async () => {
    const bot = await start({}, { KAPELLE_LLM_BASE_URL: 'http://127.0.0.1:9/v1', KAPELLE_LLM_MODEL: 'none' });
    const briefing = dataOf(await analyze(bot, { uri: KENNEDY, depth: 'deep' }));
    expect(briefing.notes[0]).toMatchObject({ stage: 'narrative', outcome: 'failed' });
    expect(briefing.claims.length).toBeGreaterThan(0);
  });

  it('briefs a feed of a server that is allowed, with prose by a model that answers', async () => {
    const item =
      '<item><title>Bridges</title><description>The town built a good bridge in 1961.</description></item>';
    const server = await LocalServer.start((request, response) => {
      const isFeed = request.url === '/feed.xml';
      response.setHeader('content-type', isFeed ? 'application/rss+xml' : 'application/json');
      response.end(
        isFeed
          ? `<rss version="2.0"><channel><title>News</title>${item}</channel></rss>`
          : JSON.stringify({ model: 'tiny-1', choices: [{ message: { content: 'A town has a bridge.' } }] }),
      );
    });
    try {
      const bot = await start(
        {},
        {
          KAPELLE_ALLOW_ADDRESSES: '127.0.0.1',
          KAPELLE_LLM_BASE_URL: `${server.origin}/v1`,
          KAPELLE_LLM_MODEL: 'tiny',
        },
      );
      const briefing = dataOf(await analyze(bot, { uri: `${server.origin}/feed.xml`, depth: 'deep' }));
      expect(briefing.narrative).toEqual({ text: 'A town has a bridge.', model: 'tiny-1' });
      expect(briefing.document).toMatchObject({ format: 'feed', title: 'Bridges' });
      expect(server.requests).toEqual(['GET /feed.xml', 'POST /v1/chat/completions']);
    } finally {
      await server.close();
    }
  });

  it.each([
    ['a private address', 'http://127.0.0.1:1/x', 'policy_violation', 'SOURCE_BLOCKED_ADDRESS'],
    ['another scheme', 'ftp://example.org/x', 'validation', 'SOURCE_UNSUPPORTED_SCHEME'],
    ['a folder', SAMPLES, 'validation', 'SOURCE_IS_FOLDER'],
    ['a missing file', '/missing/file.txt', 'not_found', 'SOURCE_NOT_FOUND'],
  ])('says clearly why it cannot read %s', async (_title, uri, errorCategory, code) => {
    expect(await analyze(await start(), { uri })).toMatchObject({
      status: 'failed',
      errorCategory,
      details: { code },
    });
  });
});

describe('readSettings', () => {
  it('has defaults, and counts paths from where npm start was called', () => {
    expect(readSettings({}, '/here')).toEqual({
      baseFolder: '/here',
      dataFolder: '/here/.kapelle',
      allowAddresses: [],
    });
    const npm = {
      npm_lifecycle_event: 'start',
      npm_package_json: '/repo/package.json',
      INIT_CWD: '/repo/deep',
    };
    expect(readSettings({ ...npm, KAPELLE_DATA: 'data' }, '/repo')).toMatchObject({
      dataFolder: '/repo/deep/data',
    });
    expect(readSettings({ ...npm, npm_lifecycle_event: 'test' }, '/repo').baseFolder).toBe('/repo');
    expect(readSettings(npm, '/elsewhere').baseFolder).toBe('/elsewhere');
  });

  it('says which variable cannot be meant, and what to write', () => {
    expect(() => readSettings({ KAPELLE_LOG_LEVEL: 'loud' }, '/')).toThrow(
      'KAPELLE_LOG_LEVEL is "loud". Write one of debug, info, warn, error.',
    );
    expect(() => readSettings({ KAPELLE_LLM_BASE_URL: 'http://x/v1' }, '/')).toThrow(
      /KAPELLE_LLM_MODEL is not/,
    );
    const secret = { KAPELLE_LLM_BASE_URL: 'http://me:secret@x/v1', KAPELLE_LLM_MODEL: 'm' };
    expect(() => readSettings(secret, '/')).toThrow(/no http or https address without a password/);
    expect(() => readSettings(secret, '/')).not.toThrow(/secret/);
  });

  it('takes the prices of the language model, both or none', () => {
    const model = { KAPELLE_LLM_BASE_URL: 'http://x/v1', KAPELLE_LLM_MODEL: 'm' };
    const both = { ...model, KAPELLE_LLM_INPUT_PRICE: '0.15', KAPELLE_LLM_OUTPUT_PRICE: '0.6' };
    expect(readSettings(both, '/').languageModel?.prices).toEqual({
      inputUsdPerMillion: 0.15,
      outputUsdPerMillion: 0.6,
    });
    expect(readSettings(model, '/').languageModel).not.toHaveProperty('prices');
    expect(() => readSettings({ ...model, KAPELLE_LLM_INPUT_PRICE: '1' }, '/')).toThrow(/only one is set/);
    expect(() => readSettings({ ...both, KAPELLE_LLM_OUTPUT_PRICE: 'much' }, '/')).toThrow(
      'KAPELLE_LLM_OUTPUT_PRICE is "much". Write US dollars for a million tokens, for example 0.15.',
    );
  });
});
