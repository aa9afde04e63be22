import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalServer } from '../adapters/fixtures/local-server.js';
import { runCommandLine } from '../command-line.js';
import { DiscordServer } from '../discord/fixtures/discord-server.js';
import { EXIT_CODE } from '../exit-code.js';
import { readSettings, SettingsError } from '../settings.js';

let folder: string;
let server: DiscordServer;
let stop: AbortController;
let out: string;
let err: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kapelle-discord-command-'));
  server = await DiscordServer.start();
  stop = new AbortController();
  out = err = '';
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

function run(environment: Record<string, string>, args: readonly string[] = ['discord']) {
  const settings = readSettings(
    { KAPELLE_DATA: folder, KAPELLE_DISCORD_API: server.api, ...environment },
    folder,
  );
  const stream = (take: (text: string) => void): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        take(chunk.toString());
        done();
      },
    });
  const io = {
    out: stream((text) => (out += text)),
    err: stream((text) => (err += text)),
    outColors: false,
    errColors: false,
  };
  return runCommandLine(args, { io, settings, signal: stop.signal, stdin: Readable.from([]) }, '');
}

describe('the command "discord"', () => {
  it('answers until it is interrupted', async () => {
    const ended = run({ KAPELLE_DISCORD_TOKEN: server.token, KAPELLE_DISCORD_USERS: '800000000000000009' });
    await server.until('the commands', () => server.commands.length > 0);
    const stranger = server.ask({ name: 'status' });
    await server.until('a refusal', () => stranger.callback?.type === 4);
    const friend = server.ask({ name: 'status', userId: '800000000000000009' });
    await server.until('an answer', () => friend.edits[0]);
    stop.abort();
    expect(await ended).toBe(EXIT_CODE.ok);
    expect(err).toBe('In Discord. Ctrl-C ends it.\n');
    expect(server.gateway.isConnected).toBe(false);
  }, 60_000);

  it('says which setting is missing or wrong', async () => {
    expect(await run({})).toBe(EXIT_CODE.usage);
    expect(err).toBe(
      'error KAPELLE_DISCORD_TOKEN is not set. Make a bot in the developer portal of Discord, and set its token. [CHAT_TOKEN_MISSING]\n',
    );
    err = '';
    expect(await run({ KAPELLE_DISCORD_TOKEN: 'another.token' })).toBe(EXIT_CODE.usage);
    expect(err).toContain('Discord does not know the token of the bot.');
    expect(err).toContain('[CHAT_TOKEN_INVALID]');
    expect(err).not.toContain('another.token');
  }, 60_000);

  it('ends, and says why, when Discord throws it out', async () => {
    const ended = run({ KAPELLE_DISCORD_TOKEN: server.token });
    await server.until('the commands', () => server.commands.length > 0);
    server.gateway.drop(4014);
    expect(await ended).toBe(EXIT_CODE.failed);
    expect(err).toContain('(4014, DisallowedIntents)');
  }, 60_000);

  it('is not needed for watching a channel: what people post there is analysed by "watch"', async () => {
    const web = await LocalServer.start((_request, response) => {
      response
        .writeHead(200, { 'content-type': 'text/plain' })
        .end('The council met on Monday. It spent ten million.');
    });
    try {
      server.post('100000000000000001', `Look: ${web.origin}/minutes.txt`);
      const environment = { KAPELLE_DISCORD_TOKEN: server.token, KAPELLE_ALLOW_ADDRESSES: '127.0.0.1' };
      const ended = run(environment, ['watch', 'discord:100000000000000001']);
      const limit = AbortSignal.timeout(50_000);
      while (!out.includes('analysed') && !limit.aborted) await sleep(50);
      stop.abort();
      expect(await ended).toBe(EXIT_CODE.ok);
      expect(out).toContain('analysed');
      expect(server.gateway.count(2)).toBe(0);
    } finally {
      await web.close();
    }
  }, 60_000);

  it('does not slow the other commands down: its library is loaded by it alone', async () => {
    const source = await readFile(new URL('../command-line.ts', import.meta.url), 'utf8');
    expect(source).toContain("await import('./commands/discord.js')");
    expect(source).not.toMatch(/^import (?!type ).*discord/m);
  });
});

describe('the settings of Discord', () => {
  const read = (environment: Record<string, string>) => readSettings(environment, '/').discord;

  it('are a token, and ids with commas', () => {
    expect(read({ KAPELLE_DISCORD_ROLES: '123456789012345678' })).toBeUndefined();
    expect(
      read({
        KAPELLE_DISCORD_TOKEN: ' t.o.k ',
        KAPELLE_DISCORD_ROLES: '123456789012345678, 123456789012345679,',
        KAPELLE_DISCORD_OPERATORS: '123456789012345670',
        KAPELLE_DISCORD_API: 'http://127.0.0.1:8080/api/',
      }),
    ).toEqual({
      token: 't.o.k',
      roleIds: ['123456789012345678', '123456789012345679'],
      userIds: [],
      operatorIds: ['123456789012345670'],
      api: 'http://127.0.0.1:8080/api',
    });
  });

  it('are refused with what to write where they cannot be meant, and the token is not told', () => {
    const refused = (environment: Record<string, string>, message: string): void => {
      expect(() => read({ KAPELLE_DISCORD_TOKEN: 't.o.k', ...environment })).toThrow(
        new SettingsError(message),
      );
    };
    refused(
      { KAPELLE_DISCORD_TOKEN: 'Bot t.o.k' },
      'KAPELLE_DISCORD_TOKEN has blanks in it. Write the token alone.',
    );
    refused(
      { KAPELLE_DISCORD_USERS: '@ada' },
      'KAPELLE_DISCORD_USERS names "@ada", which is no id. Write numbers of Discord\'s, with commas: its developer mode copies them.',
    );
    refused(
      { KAPELLE_DISCORD_API: 'https://me:secret@discord.com/api' },
      'KAPELLE_DISCORD_API is no http or https address without a password. Write for example https://discord.com/api.',
    );
  });
});
