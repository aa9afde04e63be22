import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@kapelle/core';
import { RecordingLogger } from '@kapelle/core/testing';
import type { NodeHttpClient } from '@kapelle/orchestrators';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LocalServer } from '../adapters/fixtures/local-server.js';
import { type Bot, portsOf } from '../compose.js';
import { composeService } from '../service.js';
import { readSettings } from '../settings.js';
import { ChatBot, type ChatBotOptions } from './chat-bot.js';
import { COMMANDS } from './command-list.js';
import { discordHttp } from './discord-http.js';
import { DiscordSurface } from './discord-surface.js';
import { type Arrived, type Asked, DiscordServer, type Question } from './fixtures/discord-server.js';
import { EDIT_INTERVAL_MS } from './progress-message.js';

const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));

let folder: string;
let server: DiscordServer;
let web: LocalServer;
let service: Bot | undefined;
let chat: ChatBot | undefined;
let surface: DiscordSurface | undefined;
let logger: RecordingLogger;
let http: NodeHttpClient;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kapelle-discord-'));
  server = await DiscordServer.start();
  logger = new RecordingLogger();
  web = await LocalServer.start((request, response) => {
    void sampleOf(request.url ?? '/').then(
      (bytes) => response.writeHead(200, { 'content-type': 'text/vtt' }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
});

afterEach(async () => {
  await chat?.stop(0);
  await surface?.stop();
  await service?.close('the test is over');
  http.close();
  await server.close();
  await web.close();
  chat = surface = service = undefined;
  await rm(folder, { recursive: true, force: true });
});

/** A sample; below /slow/ it takes its time, so that there is something to tell meanwhile. */
async function sampleOf(path: string): Promise<Buffer> {
  if (path.startsWith('/slow/')) await sleep(3_000);
  return readFile(join(SAMPLES, path.replace('/slow/', '/').slice(1)));
}

function make(token = server.token, instead: Partial<ChatBotOptions> = {}): ChatBot {
  const settings = readSettings({ KAPELLE_DATA: folder, KAPELLE_ALLOW_ADDRESSES: '127.0.0.1' }, folder);
  service = composeService(portsOf(settings), settings, { logger });
  http = discordHttp({ api: server.api, allowAddresses: [] });
  surface = new DiscordSurface({
    token,
    commands: COMMANDS,
    logger,
    clock: systemClock,
    http,
    api: server.api,
  });
  const access = { roleIds: [], userIds: [], operatorIds: [] };
  chat = new ChatBot({ surface, host: service.host, access, logger, ...instead });
  return chat;
}

async function start(): Promise<void> {
  const bot = make();
  await service?.host.start();
  await bot.start();
}

async function answered(question: Question): Promise<Arrived> {
  const asked = server.ask(question);
  return server.until(`an answer to /${question.name}`, () => asked.edits.at(-1));
}

/** The frame that is not the one of the progress. */
function finished({ edits }: Asked): Arrived | undefined {
  return edits.find(({ embeds = [] }) => embeds[0]?.title !== 'Analysing');
}

const told = (message: Arrived): string => JSON.stringify([message.content, message.embeds]);

describe('the bot in Discord', () => {
  it('analyses a speech, tells how far it is, shows the briefing, and finds it again, in its own server alone', async () => {
    await start();
    expect(server.commands.map(({ name }) => name)).toEqual(['analyze', 'results', 'status', 'health']);
    expect(server.commands[3]?.default_member_permissions).toBe('32');

    const asked = server.ask({
      name: 'analyze',
      options: { source: `${web.origin}/sotu-1961-kennedy.vtt`, depth: 'standard' },
    });
    const overview = await server.until('the briefing', () => finished(asked));
    await server.until('the claims', () => asked.followUps.length > 0);
    expect(asked.callback).toMatchObject({ type: 5 });
    expect(asked.edits[0]?.embeds?.[0]?.title).toBe('Analysing');
    expect(asked.edits[0]?.embeds?.[0]?.description).toContain(`<${web.origin}/sotu-1961-kennedy.vtt>`);
    const [embed] = overview.embeds ?? [];
    expect(embed?.description).toContain('•');
    expect(embed?.fields?.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['Claims', 'Length', 'Sentiment', 'Keywords', 'Names']),
    );
    expect(asked.followUps[0]?.content).toMatch(/^\*\*❔ not enough evidence\*\*\n- “/);
    const all = [...asked.edits, ...asked.followUps];
    expect(all.every(({ allowed_mentions: mentions }) => mentions?.parse?.length === 0)).toBe(true);
    // Nothing came to Discord past the HTTP client.
    expect([http.stats().sent, http.stats().requests]).toEqual(Array(2).fill(server.requests.length));

    const id = /^[0-9a-f-]+/.exec(embed?.footer?.text ?? '')?.[0] ?? '';
    const byWords = await answered({ name: 'results', options: { find: 'peace corps' } });
    expect(told(byWords)).toContain(id);
    expect(told(byWords)).toMatch(/\*\*peace\*\*|\*\*Peace\*\*/i);
    const byBeginning = await answered({ name: 'results', options: { find: id.slice(0, 6) } });
    expect(byBeginning.embeds?.[0]?.description).toBe(embed?.description);

    const elsewhere = { guildId: '700000000000000002' };
    const other = await answered({ name: 'results', options: { find: id }, ...elsewhere });
    expect(told(other)).toContain('BRIEFING_UNKNOWN');
    expect(told(await answered({ name: 'results', ...elsewhere }))).toContain(
      'Nothing was analysed here yet',
    );
    const alone = await answered({ name: 'results', guildId: null });
    expect(told(alone)).toContain('Nothing was analysed here yet');
  }, 120_000);

  it('edits the progress not more often than once in two seconds, and waits where Discord says so', async () => {
    await start();
    const path = /^PATCH \/webhooks/;
    server.rateNotices.push({ path, seconds: 0.7, times: 2, isRefused: true });
    server.rateNotices.push({ path, seconds: 3, times: 2, isRefused: false });
    const asked = server.ask({
      name: 'analyze',
      options: { source: `${web.origin}/slow/sotu-2000-clinton.txt`, depth: 'standard' },
    });
    await server.until('the briefing', () => finished(asked));
    const edits = server.requests.filter(({ method }) => method === 'PATCH').map(({ at }) => at);
    const gaps = edits.slice(1).map((at, i) => at - (edits[i] ?? 0));
    // The first two were turned away, and came again when they were told to; not one of them was given up.
    expect(gaps.slice(0, 2).every((gap) => gap >= 690)).toBe(true);
    const progress = asked.edits.filter(({ embeds = [] }) => embeds[0]?.title === 'Analysing');
    // The first was held up; each of the others begins two seconds after the one before at the earliest.
    const first = server.requests.find(({ path: to }) => to.endsWith('/callback'))?.at ?? 0;
    expect(progress.every(({ at }, i) => at - first >= i * EDIT_INTERVAL_MS - 50)).toBe(true);
    const limited = logger.records.filter(({ event }) => event === 'chat_rate_limited');
    expect(limited[0]?.fields).toMatchObject({ method: 'PATCH', scope: 'user' });
    expect(
      Math.max(...asked.edits.slice(1).map(({ at }, i) => at - (asked.edits[i]?.at ?? 0))),
    ).toBeGreaterThan(2_900);
    expect(JSON.stringify(limited)).not.toContain(asked.token);
    expect(JSON.stringify(logger.records)).not.toContain(server.token);
  }, 120_000);

  it('comes back after its connection broke, and answers what was asked meanwhile', async () => {
    await start();
    server.gateway.drop();
    const asked = server.ask({ name: 'status' });
    await server.until('an answer', () => asked.edits[0]);
    expect([server.gateway.count(2), server.gateway.count(6)]).toEqual([1, 1]);
    expect(logger.records.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['chat_connection_dropped', 'chat_connection_resumed']),
    );

    server.gateway.askToReconnect();
    await server.until('another resume', () => server.gateway.count(6) === 2 && server.gateway.isConnected);
    const between = server.ask({ name: 'status' });
    await server.until('an answer between', () => between.edits[0]);
    // Discord has forgotten the session while it was away: it begins a new one.
    server.gateway.invalidate();
    await server.until('a new session', () => server.gateway.count(2) === 2 && server.gateway.isConnected);
    const again = server.ask({ name: 'status' });
    await server.until('an answer in the new session', () => again.edits[0]);
  }, 120_000);

  it('notices that nobody hears its heartbeats, and comes again', async () => {
    server.gateway.heartbeatIntervalMs = 300;
    await start();
    await server.until('a heartbeat', () => server.gateway.count(1) > 0);
    server.gateway.isAnswering = false;
    await server.until('a resume', () => server.gateway.count(6) > 0);
    server.gateway.isAnswering = true;
    const asked = server.ask({ name: 'status' });
    await server.until('an answer', () => asked.edits[0]);
  }, 120_000);

  it('does not get in with a token that is not known, and says so', async () => {
    const stranger = make('another.token');
    await expect(stranger.start()).rejects.toMatchObject({
      code: 'CHAT_TOKEN_INVALID',
      message:
        'Discord does not know the token of the bot. Copy it anew from the developer portal, or reset it there.',
    });
    server.gateway.closeNextWith = 4004;
    await expect(make().start()).rejects.toMatchObject({
      code: 'CHAT_TOKEN_INVALID',
      message: expect.stringContaining('4004') as unknown,
    });
  }, 120_000);

  it('does not wait for ever to get in, and says where it was turned away', async () => {
    server.gateway.closeNextWith = 4013;
    await expect(make().start()).rejects.toMatchObject({
      code: 'CHAT_LOST',
      message: expect.stringContaining('4013, InvalidIntents') as unknown,
    });
    const slow = new DiscordSurface({
      token: server.token,
      commands: COMMANDS,
      logger,
      clock: systemClock,
      http,
      api: 'http://127.0.0.1:1/api',
      startTimeoutMs: 10_000,
    });
    await expect(slow.start(() => Promise.resolve())).rejects.toMatchObject({ code: 'CHAT_UNREACHABLE' });
    expect(
      () =>
        new DiscordSurface({
          token: 't',
          commands: [],
          logger,
          clock: systemClock,
          http,
          startTimeoutMs: 0,
        }),
    ).toThrow('startTimeoutMs must be a number of 1 or more, got 0. Correct it.');
  }, 120_000);

  it('is told when Discord throws it out for good', async () => {
    await start();
    server.gateway.drop(4004);
    await expect(surface?.lost).resolves.toMatchObject({ code: 'CHAT_TOKEN_INVALID' });
  }, 120_000);

  it('writes into the channel where the answer has expired, and gives files to whom a message is too short', async () => {
    await start();
    const asked = server.ask({
      name: 'analyze',
      options: { source: `${web.origin}/sotu-2014-obama.txt`, depth: 'comprehensive' },
    });
    await server.until('the beginning', () => asked.edits[0]);
    asked.isExpired = true;
    const written = await server.until('messages in the channel', () => {
      const messages = server.channels.get(asked.channelId) ?? [];
      return messages.some(({ files }) => files.length === 2) && messages;
    });
    expect(written[0]?.embeds?.[0]?.footer?.text).toMatch(/ · comprehensive/);
    const [text, data] = written.at(-1)?.files ?? [];
    expect([text?.name.slice(-3), data?.name.slice(-5)]).toEqual(['.md', '.json']);
    expect(http.stats().sent).toBe(server.requests.length);
    expect((JSON.parse(data?.text ?? '{}') as { claims?: unknown[] }).claims?.length).toBeGreaterThan(20);
  }, 120_000);

  it('refuses so that the person alone sees it', async () => {
    const bot = make(server.token, { access: { roleIds: ['1'], userIds: [], operatorIds: [] } });
    await service?.host.start();
    await bot.start();
    const asked = server.ask({ name: 'analyze', options: { source: web.origin }, roleIds: ['2'] });
    const callback = await server.until('a refusal', () => asked.callback);
    expect([callback.type, callback.data.flags, callback.data.embeds?.[0]?.footer?.text]).toEqual([
      4,
      64,
      'CHAT_NOT_ALLOWED',
    ]);
    const member = server.ask({ name: 'status', roleIds: ['1'] });
    await server.until('an answer', () => member.edits[0]);
    expect(member.callback).toMatchObject({ type: 5, data: { flags: 64 } });
  }, 120_000);
});
