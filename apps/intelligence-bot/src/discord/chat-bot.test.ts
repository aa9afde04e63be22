import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock, RecordingLogger } from '@kapelle/core/testing';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LocalServer } from '../adapters/fixtures/local-server.js';
import { type Bot, portsOf } from '../compose.js';
import { composeService } from '../service.js';
import { readSettings } from '../settings.js';
import type { KnowledgeSource } from '@kapelle/orchestrators';
import type { AccessPolicy } from './access.js';
import { ChatBot, type ChatBotOptions } from './chat-bot.js';
import { ChatError, type ChatMessage } from './chat-surface.js';
import { LocalChat, SeenAnswer } from './fixtures/local-chat.js';
import { KeptResults, MAX_KEPT } from './kept-results.js';
import { EDIT_INTERVAL_MS, ProgressMessage } from './progress-message.js';
import { RunningAnalyses } from './running-analyses.js';
import { aBriefing } from '../adapters/fixtures/a-briefing.js';

const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));
const OPEN: AccessPolicy = { roleIds: [], userIds: [], operatorIds: ['operator'] };

let folder: string;
let web: LocalServer;
let service: Bot;
let bot: ChatBot;
let chat: LocalChat;
let logger: RecordingLogger;
let speech: string;
/** Answers of the web that are held back. */
let held: (() => void)[];

async function open(access: AccessPolicy = OPEN, rest: Partial<ChatBotOptions> = {}): Promise<void> {
  chat = new LocalChat();
  bot = new ChatBot({ surface: chat, host: service.host, access, logger, ...rest });
  await bot.start();
}

const speechAt = (): string => `${web.origin}/speech.txt`;
const heldAt = (): string => `${web.origin}/held.txt`;

async function isHeld(count: number): Promise<void> {
  while (held.length < count) await turn();
}

const frame = (messages: readonly ChatMessage[]) => messages.at(-1)?.embeds?.[0];

async function asked(name: string, options?: Record<string, string>, who?: object): Promise<SeenAnswer> {
  const { answer, done } = chat.ask(name, options, who);
  await done;
  return answer;
}

describe('the bot in a chat', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kapelle-chat-'));
    speech = (await readFile(join(SAMPLES, 'sotu-1962-kennedy.txt'), 'utf8')).slice(0, 4_000);
    held = [];
    web = await LocalServer.start((request, response) => {
      const answer = (): void => {
        response.writeHead(200, { 'content-type': 'text/plain' }).end(speech);
      };
      if (request.url === '/held.txt') held.push(answer);
      else if (request.url === '/speech.txt') answer();
      else response.writeHead(404).end();
    });
    const settings = readSettings({ KAPELLE_DATA: folder, KAPELLE_ALLOW_ADDRESSES: '127.0.0.1' }, folder);
    logger = new RecordingLogger();
    service = composeService(portsOf(settings), settings, { logger });
    await service.host.start();
  });

  afterEach(async () => {
    await bot.stop(0);
    await service.close('the test is over');
    await web.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('refuses privately, before anything is begun, whoever may not, and what is for those who run it', async () => {
    await open({ roleIds: ['reporter'], userIds: [], operatorIds: ['operator'] });
    const stranger = await asked('analyze', { source: speechAt() });
    expect([stranger.isDeferred, stranger.isPrivate, frame(stranger.refusals)?.footer]).toEqual([
      false,
      true,
      'CHAT_NOT_ALLOWED',
    ]);
    const reporter = await asked('health', {}, { roleIds: ['reporter'] });
    expect(frame(reporter.refusals)?.description).toBe(
      'That is for those who manage the server or run the bot.',
    );
    expect(web.requests).toEqual([]);
    const manager = await asked('health', {}, { permissions: 1n << 5n });
    expect([manager.isPrivate, frame(manager.edits)?.title]).toEqual([true, 'Everything works']);
    expect(frame(manager.edits)?.description).toMatch(/^All \d\d parts are healthy\.$/);
    const { answer, done } = chat.ask('health', {}, { userId: 'operator' });
    await done;
    expect(answer.edits).toHaveLength(1);
    expect(frame((await asked('gone')).refusals)?.footer).toBe('CHAT_NOT_ALLOWED');
  });

  it('takes addresses of the web alone: no files, no passwords', async () => {
    await open();
    for (const [source, code] of [
      ['/etc/passwd', 'SOURCE_UNSUPPORTED_SCHEME'],
      ['file:///etc/passwd', 'SOURCE_UNSUPPORTED_SCHEME'],
      ['-', 'SOURCE_UNSUPPORTED_SCHEME'],
      ['', 'SOURCE_UNSUPPORTED_SCHEME'],
      ['https://me:secret@example.org/', 'SOURCE_NOT_READABLE'],
    ] as const) {
      const answer = await asked('analyze', { source });
      expect([frame(answer.edits)?.title, frame(answer.edits)?.footer]).toEqual([
        'That cannot be analysed',
        code,
      ]);
      expect(JSON.stringify(answer.edits)).not.toContain('secret');
    }
  });

  it('says what is wrong with a source, and with what is not found', async () => {
    await open();
    const missing = await asked('analyze', { source: `${web.origin}/nothing.txt` });
    expect(frame(missing.edits)).toMatchObject({
      title: 'The analysis failed',
      footer: 'SOURCE_HTTP_STATUS',
    });
    const unknown = await asked('results', { find: 'deadbeef' });
    expect(frame(unknown.edits)).toMatchObject({ title: 'That is not found', footer: 'BRIEFING_UNKNOWN' });
  });

  it('takes the beginning of an id for the newest briefing of one content', async () => {
    await open();
    const source = speechAt();
    await asked('analyze', { source, depth: 'quick' });
    await asked('analyze', { source, depth: 'standard' });
    const listed = (await asked('results')).edits[0]?.embeds?.[0]?.description ?? '';
    const beginning = /[\da-f]{12}(?=-standard)/.exec(listed)?.[0] ?? 'none';
    const shown = await asked('results', { find: beginning });
    expect(shown.edits[0]?.embeds?.[0]?.footer).toContain(`${beginning}-standard`);
  });

  it('shows a briefing that lacks something, and says why', async () => {
    await service.close('another one takes over');
    const settings = readSettings(
      { KAPELLE_DATA: join(folder, 'other'), KAPELLE_ALLOW_ADDRESSES: '127.0.0.1' },
      folder,
    );
    const knowledge: KnowledgeSource = { load: () => Promise.reject(new Error('the facts are down')) };
    service = composeService({ ...portsOf(settings), knowledge }, settings, { logger });
    await service.host.start();
    await open();
    const answer = await asked('analyze', { source: speechAt(), depth: 'standard' });
    const [overview] = answer.edits.at(-1)?.embeds ?? [];
    expect(overview?.footer).toMatch(/ · standard · reduced$/);
    expect(overview?.fields?.find(({ name }) => name === 'Missing')?.value).toContain('the facts are down');
  });

  it('shows who waits for what, and takes no more than it can do, also where all ask at once', async () => {
    await open(OPEN, { limits: { perTenant: 2, total: 3 } });
    const three = [1, 2, 3].map(() => chat.ask('analyze', { source: heldAt() }));
    await isHeld(2);
    await Promise.race(three.map(({ done }) => done));
    const refused = three.filter(({ answer }) =>
      [frame(answer.edits)?.footer, frame(answer.refusals)?.footer].includes('CHAT_BUSY'),
    );
    expect(refused).toHaveLength(1);
    const late = await asked('analyze', { source: speechAt() });
    expect(frame(late.refusals)).toMatchObject({
      footer: 'CHAT_BUSY',
      description: '2 analyses are running here already.',
    });
    const status = await asked('status');
    expect(frame(status.edits)?.title).toBe('Being analysed here');
    expect(frame(status.edits)?.description?.split('\n\n')).toHaveLength(2);
    expect(frame(status.edits)?.description).toContain('<@ada>');
    const elsewhere = frame((await asked('status', {}, { guildId: 'other' })).edits);
    expect([elsewhere?.title, elsewhere?.fields?.[0]?.value]).toEqual([
      'Nothing is being analysed here',
      '2 running',
    ]);
    for (const answer of held) answer();
    await Promise.all(three.map(({ done }) => done));
    const after = frame((await asked('status')).edits);
    expect(after?.title).toBe('Nothing is being analysed here');
  });

  it('answers a question that is delivered twice once', async () => {
    await open();
    const first = chat.ask('results', {}, { id: 'same' });
    const again = chat.ask('results', {}, { id: 'same' });
    await Promise.all([first.done, again.done]);
    expect([first.answer.edits.length, again.answer.edits.length]).toEqual([1, 0]);
  });

  it('ends what runs when it is stopped, and says so to whoever waits', async () => {
    await open();
    const { answer, done } = chat.ask('analyze', { source: heldAt() });
    await isHeld(1);
    const stopping = bot.stop(0);
    const late = await asked('analyze', { source: speechAt() });
    expect(frame(late.refusals)?.footer).toBe('CHAT_STOPPING');
    await Promise.all([stopping, done]);
    expect(frame(answer.edits)).toMatchObject({
      title: 'The analysis failed',
      description: 'It was ended before it was done.',
      fields: [{ value: 'Ask again when the bot is back. What was finished is found by `/results`.' }],
    });
    expect(chat.isOpen).toBe(false);
  });

  it('writes into the channel where the answer is too old, and keeps a briefing that nobody can be given', async () => {
    await open();
    const expired = new ChatError('CHAT_EXPIRED', 'too late');
    const old = new SeenAnswer();
    old.failing = { edit: expired, followUp: expired };
    await chat.ask('analyze', { source: speechAt(), depth: 'quick' }, {}, old).done;
    expect(frame(old.inChannel.slice(0, 1))?.footer).toMatch(/ · quick$/);

    const shut = new SeenAnswer();
    shut.failing = { edit: expired, toChannel: new ChatError('CHAT_FORBIDDEN', 'no') };
    await chat.ask('analyze', { source: speechAt(), depth: 'quick' }, {}, shut).done;
    const waits = (answer: SeenAnswer) =>
      frame(answer.edits)
        ?.fields?.map(({ name }) => name)
        .includes('Not delivered');
    expect(waits(await asked('status'))).toBe(true);
    expect(waits(await asked('status', {}, { guildId: 'other' }))).toBe(false);
    const id = /^\S+/.exec(frame(old.inChannel.slice(0, 1))?.footer ?? '')?.[0] ?? '';
    const shown = await asked('results', { find: id });
    expect(shown.edits[0]?.embeds?.[0]?.footer).toContain(id);
    expect(waits(await asked('status'))).toBe(false);
  });

  it('never writes into the channel what one person alone was to see, and nothing to whom it cannot answer', async () => {
    await open();
    const shut = new SeenAnswer();
    shut.failing = { edit: new ChatError('CHAT_EXPIRED', 'too late') };
    await chat.ask('results', {}, {}, shut).done;
    expect(shut.inChannel).toEqual([]);
    const gone = new SeenAnswer();
    gone.failing = { defer: new ChatError('CHAT_EXPIRED', 'too late') };
    await chat.ask('analyze', { source: speechAt() }, {}, gone).done;
    expect([gone.edits, gone.inChannel, web.requests]).toEqual([[], [], []]);
    expect(logger.records.map(({ event }) => event)).toContain('chat_command_unanswered');
  });

  it('tells of a fault inside without its details, and under which number the log has them', async () => {
    await open(OPEN, {
      host: {
        facade: service.host.facade,
        health: () => {
          throw new Error('the folder /srv/secret is gone');
        },
      },
    });
    const answer = await asked('health', {}, { userId: 'operator' });
    expect(frame(answer.edits)).toMatchObject({
      description: 'Something went wrong inside the bot.',
      footer: 'question-1',
    });
    expect(logger.records.find(({ event }) => event === 'chat_command_failed')?.fields).toMatchObject({
      reason: 'the folder /srv/secret is gone',
    });
  });
});

describe('ProgressMessage', () => {
  it('shows the newest at most once in two seconds, and nothing after its end', async () => {
    const clock = new FakeClock();
    const shown: [number, string | undefined][] = [];
    const from = clock.monotonic();
    const progress = new ProgressMessage(clock, ({ text }) => {
      shown.push([clock.monotonic() - from, text]);
      return Promise.resolve();
    });
    for (let at = 0; at < 50; at += 1) {
      progress.show({ text: String(at) });
      await clock.advance(100);
    }
    expect(shown).toEqual([
      [0, '0'],
      [EDIT_INTERVAL_MS, '19'],
      [2 * EDIT_INTERVAL_MS, '39'],
    ]);
    progress.show({ text: 'last' });
    await progress.end();
    progress.show({ text: 'too late' });
    await clock.advance(10_000);
    expect(shown).toHaveLength(3);
  });

  it('gives up where the chat takes no edit any more, and waits for one that is under way', async () => {
    const clock = new FakeClock();
    let edits = 0;
    const refused = new ProgressMessage(clock, () => {
      edits += 1;
      return Promise.reject(new ChatError('CHAT_EXPIRED', 'too late'));
    });
    refused.show({ text: 'a' });
    await clock.advance(1);
    refused.show({ text: 'b' });
    await clock.advance(10_000);
    expect(edits).toBe(1);

    let finish = (): void => undefined;
    const slow = new ProgressMessage(clock, () => new Promise((resolve) => (finish = resolve)));
    slow.show({ text: 'a' });
    let isEnded = false;
    const ended = slow.end().then(() => (isEnded = true));
    await clock.advance(1);
    expect(isEnded).toBe(false);
    finish();
    await ended;
    expect(isEnded).toBe(true);
  });
});

describe('what a chat remembers', () => {
  it('is bounded: kept briefings of all tenants together, the oldest make room', () => {
    const kept = new KeptResults();
    for (let at = 0; at <= MAX_KEPT; at += 1)
      kept.keep(at === 0 ? 'a' : 'b', aBriefing({ id: `b${String(at)}` }));
    expect([kept.of('a').length, kept.of('b').length]).toEqual([0, MAX_KEPT]);
    expect(kept.of('b')[0]?.id).toBe(`b${String(MAX_KEPT)}`);
    kept.keep('b', aBriefing({ id: 'b5' }));
    expect(kept.of('b').filter(({ id }) => id === 'b5')).toHaveLength(1);
  });

  it('refuses limits that let nothing run', () => {
    expect(() => new RunningAnalyses({ perTenant: 0, total: 1 })).toThrow(
      'limits.perTenant must be a whole number of 1 or more, got 0. Correct it.',
    );
  });
});
