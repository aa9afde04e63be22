import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@kapelle/core';
import { RecordingLogger } from '@kapelle/core/testing';
import type { NodeHttpClient } from '@kapelle/orchestrators';
import { setTimeout as sleep } from 'node:timers/promises';
import { discordHttp } from './discord-http.js';
import { DiscordSurface } from './discord-surface.js';
import { DiscordServer } from './fixtures/discord-server.js';
import { checkGateway } from './gateway-guard.js';

let server: DiscordServer;
let surface: DiscordSurface;
let http: NodeHttpClient;
let logger: RecordingLogger;
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

beforeEach(async () => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
  server = await DiscordServer.start();
  logger = new RecordingLogger();
  const { token, api } = server;
  http = discordHttp({ api, allowAddresses: [] });
  surface = new DiscordSurface({ token, api, http, commands: [], logger, clock: systemClock });
});

afterEach(async () => {
  await surface.stop();
  await server.close();
  http.close();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

const logged = (event: string) => logger.records.filter((record) => record.event === event);

describe('where the gateway may be', () => {
  it('is with Discord, or beside the REST interface that is set, and never with less than that has', () => {
    const taken: [string, string?][] = [
      ['wss://gateway.discord.gg'],
      ['wss://gateway-us-east1-b.discord.gg/?v=10'],
      ['wss://gateway.discord.gg', 'http://proxy.internal:8080/api'],
      ['ws://proxy.internal:9000/gateway', 'http://proxy.internal:8080/api'],
      ['wss://proxy.example.org', 'https://proxy.example.org/api'],
    ];
    for (const [address, api] of taken) expect(() => checkGateway(address, api)).not.toThrow();
    const refused: [string, string?][] = [
      ['ws://gateway.discord.gg'],
      ['https://gateway.discord.gg'],
      ['wss://gateway.discord.gg.example.org'],
      ['wss://notdiscord.gg'],
      ['wss://gateway.discord.gg@example.org'],
      ['wss://discord.com'],
      ['ws://127.0.0.1/gateway'],
      ['wss://127.0.0.1/gateway', 'http://127.0.0.2/api'],
      ['ws://proxy.example.org', 'https://proxy.example.org/api'],
      ['no address at all'],
      [''],
    ];
    for (const [address, api] of refused) {
      expect(() => checkGateway(address, api)).toThrow(
        expect.objectContaining({ code: 'CHAT_GATEWAY_FORBIDDEN' }),
      );
    }
    expect(() => checkGateway('ws://me:secret@example.org/x?y')).toThrow(
      'The gateway is said to be at ws://example.org, which is not where Discord has its own; nothing was sent there. Check KAPELLE_DISCORD_API.',
    );
  });

  it('keeps the bot out where the REST interface says otherwise, before anything is sent there', async () => {
    const other = await DiscordServer.start();
    server.gatewayUrl = other.api.replace('http://127.0.0.1', 'ws://localhost').replace('/api', '/gateway');
    await expect(surface.start(() => Promise.resolve())).rejects.toMatchObject({
      code: 'CHAT_GATEWAY_FORBIDDEN',
    });
    expect([other.gateway.received, server.gateway.received]).toEqual([[], []]);
    await other.close();
  }, 60_000);

  it('is the one that was checked where a session is to be resumed elsewhere', async () => {
    server.gateway.resumeUrl = 'ws://localhost:1/gateway';
    await surface.start(() => Promise.resolve());
    expect(logged('chat_gateway_refused').map(({ level, fields }) => [level, fields?.['shardId']])).toEqual([
      ['warn', 0],
    ]);
    server.gateway.drop();
    await server.until('a resume', () => server.gateway.count(6) === 1 && server.gateway.isConnected);
    expect(server.gateway.count(2)).toBe(1);
  }, 60_000);
});

describe('a gateway that does not let the bot in', () => {
  it('keeps nobody waiting, neither at the start nor at the end, and is not asked again after that', async () => {
    server.gateway.isLettingIn = false;
    const { token, api } = server;
    const parts = { token, api, http, commands: [], logger, clock: systemClock };
    const first = new DiscordSurface({ ...parts, startTimeoutMs: 500 });
    await expect(first.start(() => Promise.resolve())).rejects.toMatchObject({
      code: 'CHAT_UNREACHABLE',
      message: 'Discord did not let the bot in within 500 ms. Check the network and try again.',
    });
    server.gateway.isLettingIn = true;
    await surface.start(() => Promise.resolve());
    server.gateway.isLettingIn = false;
    server.gateway.drop();
    await server.until('an attempt to resume', () => server.gateway.count(6) === 1);
    await surface.stop();
    await surface.stop();
    const { connections } = server.gateway;
    // The library would come again after half a second.
    await sleep(1_000);
    expect(server.gateway.connections).toBe(connections);
  }, 60_000);
});

describe('a session that is forgotten in the breath in which it was resumed', () => {
  it('is begun anew, is logged, and ends nothing', async () => {
    const commands: string[] = [];
    await surface.start(({ name }) => {
      commands.push(name);
      return Promise.resolve();
    });
    server.gateway.isForgettingNext = true;
    server.gateway.drop();
    await server.until('a new session', () => server.gateway.count(2) === 2 && server.gateway.isConnected);
    expect(server.gateway.count(6)).toBe(1);
    expect(logged('chat_event_failed').map(({ level, fields }) => [level, fields?.['event']])).toEqual([
      ['warn', 'dispatch'],
    ]);
    server.ask({ name: 'status' });
    const limit = performance.now() + 10_000;
    while (commands.length === 0 && performance.now() < limit)
      await new Promise((done) => setImmediate(done));
    expect(commands).toEqual(['status']);
    expect(http.stats().sent).toBe(server.requests.length);
  }, 60_000);
});
