import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OrchestrationContext, StepResult, systemClock } from '@kapelle/core';
import {
  type MonitoredItem,
  NodeHttpClient,
  type SourceCheckReport,
  type SourceStatus,
} from '@kapelle/orchestrators';
import fc from 'fast-check';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LocalServer } from '../adapters/fixtures/local-server.js';
import { portsOf } from '../compose.js';
import { composeService } from '../service.js';
import { readSettings } from '../settings.js';
import { DiscordChannel } from './discord-channel.js';
import { discordSources } from './discord-sources.js';
import { DiscordServer } from './fixtures/discord-server.js';
import { linksOf, MAX_LINKS } from './links.js';

const CHANNEL = '100000000000000001';

let server: DiscordServer;

beforeEach(async () => {
  server = await DiscordServer.start();
});

afterEach(async () => {
  await server.close();
});

function channel(token = server.token) {
  const http = new NodeHttpClient({ allowAddresses: ['127.0.0.1'] });
  const adapter = new DiscordChannel({ http, token, api: server.api });
  const look = (cursor?: unknown, target = CHANNEL) =>
    adapter.look({
      tenantId: 't',
      target,
      cursor,
      signal: new AbortController().signal,
      now: systemClock.now(),
    });
  return { adapter, look, http };
}

describe('a channel of Discord as a source', () => {
  it('gives links and readable attachments that people posted, the newest first, and then what came after', async () => {
    const { look, http } = channel();
    server.post(CHANNEL, 'Have a look: https://example.org/talk.html, and <https://example.org/b>.');
    server.post(CHANNEL, 'https://example.org/of-a-bot', { author: { id: '1', bot: true } });
    const files = [
      { id: '31', filename: 'talk.vtt', url: 'https://cdn.discordapp.com/a/talk.vtt?ex=1' },
      { id: '32', filename: 'cat.png', url: 'https://cdn.discordapp.com/a/cat.png' },
    ];
    const withFile = server.post(CHANNEL, 'the transcript', { attachments: files });
    const first = await look();
    expect(first.items).toEqual([
      {
        id: `${withFile.id}/file-31`,
        uris: ['https://cdn.discordapp.com/a/talk.vtt?ex=1'],
        title: 'talk.vtt',
        publishedAt: '2026-03-01T10:00:00.000Z',
      },
      expect.objectContaining({ uris: ['https://example.org/talk.html'] }),
      expect.objectContaining({ uris: ['https://example.org/b'] }),
    ]);
    expect(await look(first.cursor)).toEqual({ items: [], cursor: first.cursor, unchanged: true });
    for (let at = 0; at < 230; at += 1) server.post(CHANNEL, `https://example.org/${String(at)}`);
    const later = await look(first.cursor);
    expect(later.items.map(({ uris: [uri] }) => uri)).toEqual(
      Array.from({ length: 230 }, (_none, at) => `https://example.org/${String(229 - at)}`),
    );
    http.close();
  });

  it('begins with the first message of a channel that was empty', async () => {
    const { look, http } = channel();
    server.posts.set(CHANNEL, []);
    const empty = await look();
    expect(empty).toEqual({ items: [], cursor: '0', unchanged: true });
    server.post(CHANNEL, 'https://example.org/first');
    expect((await look(empty.cursor)).items).toHaveLength(1);
    http.close();
  });

  it('says what is wrong: no id, no access, no token, too many requests', async () => {
    const { adapter, look, http } = channel();
    expect(adapter.checkTarget(` ${CHANNEL} `)).toBe(CHANNEL);
    expect(() => adapter.checkTarget('#news')).toThrow(
      '"#news" is no id of a channel. Copy it in Discord\'s developer mode.',
    );
    await expect(look(undefined, '100000000000000002')).rejects.toMatchObject({
      code: 'MONITOR_SOURCE_STATUS',
      retryable: false,
      message:
        'Discord answered 403 for the channel 100000000000000002. Let the bot view the channel and read its history.',
    });
    const stranger = channel('another.token');
    const refused = await stranger.look().catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'MONITOR_SOURCE_STATUS', retryable: false });
    expect(String(refused)).not.toContain('another.token');
    server.rateNotices.push({ path: /^GET \/channels/, seconds: 20, times: 1, isRefused: true });
    await expect(look()).rejects.toMatchObject({ retryable: true, retryAfterMs: 20_000 });
    http.close();
    stranger.http.close();
  });

  it('is watched where a token is set: what is posted is analysed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kapelle-channel-'));
    const sample = fileURLToPath(new URL('../../samples/sotu-1962-kennedy.txt', import.meta.url));
    const speech = (await readFile(sample, 'utf8')).slice(0, 4_000);
    const web = await LocalServer.start((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).end(speech);
    });
    const settings = readSettings(
      {
        KAPELLE_DATA: folder,
        KAPELLE_ALLOW_ADDRESSES: '127.0.0.1',
        KAPELLE_DISCORD_TOKEN: server.token,
        KAPELLE_DISCORD_API: server.api,
      },
      folder,
    );
    const bot = composeService(portsOf(settings), settings, { modules: discordSources(settings) });
    try {
      await bot.host.start();
      const ask = async <T>(params: Record<string, unknown>): Promise<T> =>
        StepResult.unwrap(
          await bot.host.facade.orchestrate<T>(
            'real_time_monitoring',
            OrchestrationContext.create({ tenantId: 'newsroom' }),
            params,
          ),
        );
      server.post(CHANNEL, `New: ${web.origin}/speech.txt`);
      const { id } = await ask<SourceStatus>({ operation: 'add_source', kind: 'discord', target: CHANNEL });
      await ask({ operation: 'start_monitoring' });
      await ask<SourceCheckReport>({ operation: 'check_now', sourceId: id });
      let items: readonly MonitoredItem[] = [];
      while (items[0]?.status !== 'analysed') {
        await sleep(50);
        items = await ask<readonly MonitoredItem[]>({ operation: 'list_items' });
        expect(['waiting', 'analysed']).toContain(items[0]?.status ?? 'waiting');
      }
      expect(items).toMatchObject([{ status: 'analysed', uri: `${web.origin}/speech.txt` }]);
    } finally {
      await bot.close('the test is over');
      await web.close();
      await rm(folder, { recursive: true, force: true });
    }
  }, 60_000);

  it('is no source where no token is set', () => {
    expect(discordSources({})).toEqual([]);
  });
});

describe('links of a message', () => {
  it('end where the sentence goes on, and are given once', () => {
    expect(
      linksOf('(see https://example.org/a_(b)), or **https://example.org/c**! https://example.org/c'),
    ).toEqual(['https://example.org/a_(b)', 'https://example.org/c']);
    expect(linksOf('[text](https://example.org/x#part) https://me:pw@example.org/')).toEqual([
      'https://example.org/x',
    ]);
    expect(
      linksOf('https://discord.com/channels/1/2 https://discord.gg/x https://cdn.discordapp.com/a.txt'),
    ).toEqual(['https://cdn.discordapp.com/a.txt']);
  });

  it('are web addresses, and not endlessly many, whatever somebody writes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('https://', 'http://', 'a.b', ')', '(', '.', ' ', '/', '@', 'x', '😀')),
        (parts) => {
          const links = linksOf(parts.join(''));
          expect(links.length).toBeLessThanOrEqual(MAX_LINKS);
          for (const link of links) expect(new URL(link).protocol).toMatch(/^https?:$/);
        },
      ),
    );
    const many = Array.from({ length: 50 }, (_none, at) => `https://example.org/${String(at)}`).join(' ');
    expect(linksOf(many)).toHaveLength(MAX_LINKS);
    const from = performance.now();
    linksOf(`https://a.b/${')'.repeat(100_000)}`);
    expect(performance.now() - from).toBeLessThan(1_000);
  });
});
