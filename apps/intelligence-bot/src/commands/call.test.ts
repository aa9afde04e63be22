import 'reflect-metadata';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FeedbackHealth, RecommendedComponent } from '@kapelle/orchestrators';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { LocalServers } from '../adapters/fixtures/local-server.js';
import { runCommandLine } from '../command-line.js';
import { consoleIo } from '../console-io.js';
import { readSettings } from '../settings.js';

const servers = new LocalServers();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kapelle-call-'));
});
afterEach(async () => {
  await servers.close();
  await rm(folder, { recursive: true, force: true });
});

class Written extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

/** Each call is a process of its own as far as the bot can see: what it knows later was stored. */
async function call(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const [out, err] = [new Written(), new Written()];
  const code = await runCommandLine(
    ['call', ...args],
    {
      io: consoleIo(out as never, err as never, { NO_COLOR: '1' }),
      settings: readSettings({ KAPELLE_DATA: 'data', ...environment }, folder),
      signal: new AbortController().signal,
      stdin: process.stdin,
    },
    'none',
  );
  return { code, out: out.text, err: err.text };
}

const json = (value: unknown): string => JSON.stringify(value);

describe('call', () => {
  it('teaches, and shows what was learnt, from one process to the next', async () => {
    const signals = ['careful', 'careless'].flatMap((componentId) =>
      Array.from({ length: 12 }, () => ({
        source: 'user_explicit',
        componentType: 'prompt',
        componentId,
        reward: componentId === 'careful' ? 0.9 : 0.1,
        context: { kind: 'analysis' },
      })),
    );
    const taught = await call(['unified_feedback', 'submit_batch', json({ signals })]);
    expect(taught).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(taught.out)).toMatchObject({ accepted: 24 });

    const health = JSON.parse((await call(['unified_feedback', 'get_health'])).out) as FeedbackHealth;
    expect(health.disabled).toEqual(['prompt:careless']);
    const asked = await call(['unified_feedback', 'recommend', json({ componentType: 'prompt' })]);
    expect((JSON.parse(asked.out) as RecommendedComponent).componentId).toBe('careful');
    const skipped = await call(['unified_feedback', 'submit_feedback', json({ signal: signals.at(-1) })]);
    expect(skipped).toEqual({ code: 0, out: '', err: 'note Nothing was done: component_disabled\n' });
  }, 60_000);

  it('trains an agent that the language model runs, and keeps only what measured better', async () => {
    const server = await servers.start((incoming, response) => {
      let text = '';
      incoming.on('data', (chunk) => (text += String(chunk)));
      incoming.on('end', () => {
        const { messages = [] } = JSON.parse(text === '' ? '{}' : text) as {
          messages?: { role: string; content: string }[];
        };
        const [system, question] = messages.map(({ content }) => content);
        // It knows the capitals, and gives them alone where it is told to.
        const capital = /of (\w+)/.exec(question ?? '')?.[1] ?? '';
        const isTerse = (system ?? '').includes('- Name the city alone.');
        const content = isTerse ? `${capital} City` : `I would think that it is ${capital} City, but ask.`;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ model: 'm', choices: [{ message: { content } }] }));
      });
    });
    const model = { KAPELLE_LLM_BASE_URL: `${server.origin}/v1`, KAPELLE_LLM_MODEL: 'm' };
    const definition = { name: 'geographer', role: 'a geographer', goal: 'Name capitals.' };
    const countries =
      'Avaria Borduna Caltor Drenia Eskar Fondor Galmia Hestra Iloria Jastra Kelvia Lomar Mendra Norvia Ostria Palmar Questia Rondal Sandor Tremia Ulvar Vastria Wendor Xantia Yorvia Zentar Alboria Bregia Corvia Delmar Estria Falmor Gondia Halvar Ingria Jorvia Kastor Lendria Malvia Nestor'.split(
        ' ',
      );
    const examples = countries.map((country) => ({
      input: `Which city is the capital of ${country}, as of ${country.toLowerCase()} day?`,
      expected: `${country} City`,
    }));
    expect((await call(['agent_training', 'register_agent', json({ definition })], model)).code).toBe(0);
    const added = await call(
      ['agent_training', 'add_examples', json({ agent: 'geographer', examples })],
      model,
    );
    expect(added.code).toBe(0);
    const changes = [{ change: 'terse', patch: { instructions: ['Name the city alone.'] } }];
    const enhanced = await call(
      ['agent_training', 'enhance_agent', json({ agent: 'geographer', changes })],
      model,
    );
    expect(enhanced.code).toBe(0);
    expect(server.requests.length).toBeGreaterThan(10);
    const agent = JSON.parse(
      (await call(['agent_training', 'get_agent', json({ agent: 'geographer' })])).out,
    ) as { version: number; definition: { instructions: string[] } };
    expect(agent.version).toBe(2);
    expect(agent.definition.instructions).toEqual(['Name the city alone.']);
  }, 60_000);

  it('writes JSON alone to stdout with --json, and the whole result where it fails', async () => {
    const fine = await call(['unified_feedback', 'get_health', '--json']);
    expect([fine.code, fine.err]).toEqual([0, '']);
    expect(JSON.parse(fine.out)).toMatchObject({ components: [] });
    const unknown = await call(['mission', 'get', json({ missionId: 'mission_none' }), '--json']);
    expect(JSON.parse(unknown.out)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('mission_none'),
      errorCategory: 'not_found',
      code: 'MISSION_UNKNOWN',
      details: { code: 'MISSION_UNKNOWN' },
    });
    expect([unknown.code, unknown.err.match(/\n/g)?.length]).toEqual([4, 1]);
    expect(unknown.err).toContain('[MISSION_UNKNOWN]');
  }, 60_000);

  it('says what is wrong with a call', async () => {
    expect(await call(['unified_feedbac', 'get_health'])).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('unified_feedback'),
    });
    expect(await call(['unified_feedback', 'nonsense'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('get_health'),
    });
    expect(await call(['unified_feedback', 'recommend', json({ componentType: 'shoe' })])).toMatchObject({
      code: 1,
      err: expect.stringContaining('componentType'),
    });
    expect((await call(['unified_feedbac'])).err).toMatch(
      /^error There is no orchestrator "unified_feedbac"\. Near to it: "unified_feedback".*; "orchestrators" lists all of them\. \[ORCHESTRATOR_UNKNOWN\]\n/,
    );
    for (const text of ['{', '[]', '7', 'null']) {
      expect(await call(['unified_feedback', 'recommend', text])).toMatchObject({ code: 2 });
    }
  }, 60_000);
});
