import 'reflect-metadata';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OrchestrationContext, StepResult } from '@kapelle/core';
import { FakeClock } from '@kapelle/core/testing';
import {
  type BanditSummary,
  type Completion,
  type CompletionRequest,
  type FeedbackMetrics,
  type LanguageModel,
  type RecommendedComponent,
} from '@kapelle/orchestrators';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalServers } from '../adapters/fixtures/local-server.js';
import { type Bot, compose, portsOf } from '../compose.js';
import { composeService } from '../service.js';
import { readSettings, SettingsError } from '../settings.js';
import type { ChosenModel, ModelDesk, ModelOutcome, ModelQuestion } from './model-desk.js';
import { MODEL_DOMAIN } from './model-routing.js';
import { RoutedModel } from './routed-model.js';

const servers = new LocalServers();
const bots: Bot[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kapelle-models-'));
});
afterEach(async () => {
  await Promise.all(bots.splice(0).map((bot) => bot.close('the test is over')));
  await servers.close();
  await rm(folder, { recursive: true, force: true });
});

const signal = new AbortController().signal;
const request: CompletionRequest = {
  prompt: 'The town of Ulm built a bridge in 1961. It cost 12 million.',
  maxOutputTokens: 50,
  signal,
};
/** Nothing but what the prompt says, and what it does not say. */
const FOUNDED = 'The town built a bridge in 1961.';
const UNFOUNDED = 'In 1987 the mayor of Bern, Otto Kahn, paid 99 million. It was for Paris in 2005.';

/** A model that answers as it is told. */
class TestModel implements LanguageModel {
  readonly id: string;
  asked = 0;
  readonly #answer: () => Completion | Error;

  constructor(id: string, answer: () => Completion | Error) {
    this.id = id;
    this.#answer = answer;
  }

  complete(): Promise<Completion> {
    this.asked += 1;
    const answer = this.#answer();
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }

  isAvailable(): Promise<boolean> {
    return Promise.resolve(!(this.#answer() instanceof Error));
  }
}

class NotingDesk implements ModelDesk {
  readonly questions: ModelQuestion[] = [];
  readonly outcomes: ModelOutcome[] = [];
  chosen: ChosenModel | undefined;

  choose(question: ModelQuestion): Promise<ChosenModel | undefined> {
    this.questions.push(question);
    return Promise.resolve(this.chosen);
  }

  tell(outcome: ModelOutcome): Promise<void> {
    this.outcomes.push(outcome);
    return Promise.resolve();
  }
}

const down = (code: string): Error => Object.assign(new Error('it is down'), { code, retryable: true });
const says = (model: string, text: string): Completion => ({
  text,
  model,
  usage: { inputTokens: 1_000, outputTokens: 100 },
});

describe('several models as one', () => {
  const prices = { inputUsdPerMillion: 2, outputUsdPerMillion: 10 };

  it('asks the one that was chosen, and tells what came of it, as it was measured', async () => {
    const desk = new NotingDesk();
    const clock = new FakeClock();
    const small = new TestModel('small', () => says('small', FOUNDED));
    const large = new TestModel('large', () => says('large', UNFOUNDED));
    const models = [
      { name: 'small', model: small },
      { name: 'large', model: large, prices },
    ];
    const routed = new RoutedModel({ models, desk, clock });
    expect(routed.id).toBe('routed:small,large');

    desk.chosen = { model: 'large', decisionId: 'd1' };
    expect(await routed.complete(request)).toMatchObject({ model: 'large' });
    desk.chosen = undefined;
    expect(await routed.complete(request)).toMatchObject({ model: 'small' });
    // A decision for another model than there is teaches nobody.
    desk.chosen = { model: 'elsewhere', decisionId: 'd3' };
    expect(await routed.complete(request)).toMatchObject({ model: 'small' });
    expect(desk.questions[0]).toMatchObject({ candidates: ['small', 'large'], inputTokens: 15 });
    expect(desk.outcomes).toMatchObject([
      {
        model: 'large',
        decisionId: 'd1',
        success: true,
        costUsd: 0.003,
        accuracy: expect.closeTo(0, 9),
        reliability: 1,
      },
      { model: 'small', success: true, accuracy: 1 },
      { model: 'small', success: true },
    ]);
    expect(desk.outcomes[1]).not.toHaveProperty('costUsd');
    expect(desk.outcomes[2]).not.toHaveProperty('decisionId');
  });

  it('leaves one alone that has just failed, where there is another', async () => {
    const desk = new NotingDesk();
    const clock = new FakeClock();
    let isDown = true;
    const small = new TestModel('small', () => (isDown ? down('MODEL_UNAVAILABLE') : says('small', FOUNDED)));
    const large = new TestModel('large', () => says('large', FOUNDED));
    const routed = new RoutedModel({
      models: [
        { name: 'small', model: small },
        { name: 'large', model: large },
      ],
      desk,
      clock,
    });
    await expect(routed.complete(request)).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
    expect(desk.outcomes).toMatchObject([{ model: 'small', success: false, reliability: 0 }]);
    expect(await routed.complete(request)).toMatchObject({ model: 'large' });
    expect(desk.questions[1]?.candidates).toEqual(['large']);
    expect(await routed.isAvailable(signal)).toBe(true);
    isDown = false;
    await clock.advance(30_000);
    expect(await routed.complete(request)).toMatchObject({ model: 'small' });
    expect(desk.outcomes.at(-1)).toMatchObject({ success: true, reliability: 0.5 });
  });

  it('learns nothing from a question that nobody could answer, and from one that was taken back', async () => {
    const desk = new NotingDesk();
    const wrong = new TestModel('a', () => down('MODEL_INVALID_REQUEST'));
    const models = [
      { name: 'a', model: wrong },
      { name: 'b', model: wrong },
    ];
    const routed = new RoutedModel({ models, desk });
    await expect(routed.complete(request)).rejects.toMatchObject({ code: 'MODEL_INVALID_REQUEST' });
    const reason = new Error('enough');
    await expect(routed.complete({ ...request, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(desk.outcomes).toEqual([]);
    expect(() => new RoutedModel({ models: models.slice(0, 1), desk })).toThrow(/models has 1 entries/);
    expect(() => new RoutedModel({ models: [...models, ...models], desk })).toThrow(/names "a" twice/);
  });
});

describe('the bot with several models', () => {
  const environment = {
    KAPELLE_LLM_MODEL: 'careful, careless',
    KAPELLE_LLM_INPUT_PRICE: '1,2',
    KAPELLE_LLM_OUTPUT_PRICE: '4',
  };

  async function settings() {
    const server = await servers.start((incoming, response) => {
      let text = '';
      incoming.on('data', (chunk) => (text += String(chunk)));
      incoming.on('end', () => {
        const { model = '' } = text === '' ? {} : (JSON.parse(text) as { model?: string });
        const content = model === 'careful' ? 'It is said.' : 'In 1234 Otto Kahn of Bern paid 98765 francs.';
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify({
            model,
            choices: [{ message: { content } }],
            usage: { prompt_tokens: 900, completion_tokens: 20 },
          }),
        );
      });
    });
    return readSettings(
      { ...environment, KAPELLE_DATA: join(folder, 'data'), KAPELLE_LLM_BASE_URL: `${server.origin}/v1` },
      folder,
    );
  }

  const ask = async <T>({ host }: Bot, name: string, params: object): Promise<T> =>
    StepResult.unwrap(
      await host.facade.orchestrate<T>(name, OrchestrationContext.create({ tenantId: 'desk' }), params),
    );

  it('learns from what the models write which one to ask, and knows it after a restart', async () => {
    const known = await settings();
    const text = (at: number): object => ({
      operation: 'analyze',
      uri: `data:${String(at)}`,
      depth: 'deep',
    });
    const source = {
      acquire: (uri: string) =>
        Promise.resolve({
          uri,
          name: `${uri.replace(':', '-')}.txt`,
          bytes: Buffer.from(
            `The council of the town met on day ${uri}. It was said that the bridge is old. `.repeat(9),
          ),
        }),
    };
    const first = compose({ ...portsOf(known), source });
    bots.push(first);
    await first.host.start();
    const written: (string | undefined)[] = [];
    for (let at = 0; at < 40; at += 1) {
      const { narrative } = await ask<{ narrative?: { model: string } }>(
        first,
        'autonomous_intelligence',
        text(at),
      );
      written.push(narrative?.model);
    }
    expect(new Set(written)).toEqual(new Set(['careful', 'careless']));
    const late = written.slice(-20).filter((model) => model === 'careful').length;
    expect(late).toBeGreaterThanOrEqual(15);
    const metrics = await ask<FeedbackMetrics>(first, 'unified_feedback', { operation: 'get_metrics' });
    expect(metrics.signalsByComponent.model).toBe(40);
    expect(metrics.ports.model_router).toMatchObject({ state: 'ready', failures: 0 });
    const { careful = 0, careless = 1 } = metrics.averages.model;
    expect(careful).toBeGreaterThan(careless);
    const bandits = await ask<BanditSummary>(first, 'advanced_bandits', {
      operation: 'get_performance_summary',
      domain: MODEL_DOMAIN,
    });
    expect(bandits).toMatchObject({ rewards: 40, durable: true });
    await first.close('a restart');

    const second = composeService({ ...portsOf(known), source }, known);
    bots.push(second);
    await second.host.start();
    let careful2 = 0;
    for (let at = 0; at < 20; at += 1) {
      const chosen = await ask<RecommendedComponent>(second, 'unified_feedback', {
        operation: 'recommend',
        componentType: 'model',
        candidates: ['careful', 'careless'],
        context: { input_tokens: 500 },
      });
      expect(chosen.learner).toBe('port');
      if (chosen.componentId === 'careful') careful2 += 1;
    }
    expect(careful2).toBeGreaterThanOrEqual(15);
    const { narrative } = await ask<{ narrative?: { model: string } }>(
      second,
      'autonomous_intelligence',
      text(99),
    );
    expect(['careful', 'careless']).toContain(narrative?.model);
  }, 60_000);

  it('takes models and prices from the settings, one price for all or one for each', async () => {
    const { languageModel } = await settings();
    expect(languageModel).toMatchObject({
      model: 'careful',
      prices: { inputUsdPerMillion: 1, outputUsdPerMillion: 4 },
      others: [{ model: 'careless', prices: { inputUsdPerMillion: 2, outputUsdPerMillion: 4 } }],
    });
    const base = { ...environment, KAPELLE_LLM_BASE_URL: 'http://x/v1' };
    expect(portsOf(readSettings(base, folder)).analysis?.prices).toEqual({
      inputUsdPerMillion: 2,
      outputUsdPerMillion: 4,
    });
    for (const [wrong, message] of [
      [{ KAPELLE_LLM_MODEL: 'a,a' }, /names "a" twice/],
      [{ KAPELLE_LLM_MODEL: 'x'.repeat(65) }, /in 64 characters/],
      [{ KAPELLE_LLM_INPUT_PRICE: '1,2,3' }, /has 3 prices, and KAPELLE_LLM_MODEL names 2 models/],
    ] as const) {
      const read = (): unknown => readSettings({ ...base, ...wrong }, folder);
      expect(read).toThrow(SettingsError);
      expect(read).toThrow(message);
    }
  });
});
