import { type Clock, currentContext, systemClock } from '@kapelle/core';
import {
  type Completion,
  type CompletionRequest,
  groundedIn,
  type LanguageModel,
  SHARED_TENANT,
} from '@kapelle/orchestrators';
import type { ModelPrices } from '../settings.js';
import type { ModelDesk } from './model-desk.js';

/** A model that can be chosen. */
export interface ModelChoice {
  /** Unique, as the server knows it. */
  readonly name: string;
  readonly model: LanguageModel;
  /** Where they are known. */
  readonly prices?: ModelPrices;
}

/** What several models are chosen among with. */
export interface RoutedModelOptions {
  /** Two at least, the one first that is taken where nobody knows better. */
  readonly models: readonly ModelChoice[];
  readonly desk: ModelDesk;
  /** @default the machine's own */
  readonly clock?: Clock;
}

/** How long a model that has just failed is left alone, where another one can be asked. */
const REST_MS = 30_000;
/** Answers that the reliability of a model is measured over. */
const REMEMBERED = 20;
/** Characters that make a token, about. */
const CHARACTERS_PER_TOKEN = 4;
/** Failures that say nothing of a model: whoever is asked would say the same. */
const OF_THE_QUESTION: readonly unknown[] = ['MODEL_INVALID_REQUEST'];

/** Several models as one: each question goes to the one that has turned out best, and what comes of it is learnt. */
export class RoutedModel implements LanguageModel {
  readonly id: string;
  readonly #models: readonly ModelChoice[];
  readonly #desk: ModelDesk;
  readonly #clock: Clock;
  readonly #restUntil = new Map<string, number>();
  readonly #answered = new Map<string, boolean[]>();

  /** @throws RangeError for fewer than two models, TypeError for two of one name */
  constructor({ models, desk, clock = systemClock }: RoutedModelOptions) {
    const names = models.map(({ name }) => name);
    if (models.length < 2) {
      throw new RangeError(
        `models has ${String(models.length)} entries. Give two at least, or use the one by itself.`,
      );
    }
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (twice !== undefined)
      throw new TypeError(`models names "${twice}" twice. Give each a name of its own.`);
    this.id = `routed:${names.join(',')}`;
    this.#models = models;
    this.#desk = desk;
    this.#clock = clock;
  }

  /** One attempt, at one model. */
  async complete(request: CompletionRequest): Promise<Completion> {
    request.signal.throwIfAborted();
    const tenantId = currentContext()?.tenantId ?? SHARED_TENANT;
    const inputTokens = Math.ceil(
      (request.prompt.length + (request.system?.length ?? 0)) / CHARACTERS_PER_TOKEN,
    );
    const open = this.#open();
    const chosen = await this.#desk.choose({
      tenantId,
      candidates: open.map(({ name }) => name),
      inputTokens,
      signal: request.signal,
    });
    const known = open.find(({ name }) => name === chosen?.model);
    // Where the desk does not know, nor could it learn from another model than it has chosen.
    const decisionId = known === undefined ? undefined : chosen?.decisionId;
    const choice = known ?? open[0];
    if (choice === undefined) throw new RangeError('There is no model to ask.');
    request.signal.throwIfAborted();
    const about = {
      tenantId,
      model: choice.name,
      inputTokens,
      ...(decisionId === undefined ? {} : { decisionId }),
    };
    const from = this.#clock.monotonic();
    let completion: Completion;
    try {
      completion = await choice.model.complete(request);
    } catch (thrown) {
      const code: unknown = thrown instanceof Error ? Reflect.get(thrown, 'code') : undefined;
      // Whoever has ended the question says nothing of who was asked.
      if (request.signal.aborted || OF_THE_QUESTION.includes(code)) throw thrown;
      this.#restUntil.set(choice.name, this.#clock.monotonic() + REST_MS);
      const reliability = this.#reliability(choice.name, false);
      await this.#desk.tell({
        ...about,
        reliability,
        success: false,
        latencyMs: this.#clock.monotonic() - from,
      });
      throw thrown;
    }
    const latencyMs = this.#clock.monotonic() - from;
    this.#restUntil.delete(choice.name);
    await this.#desk.tell({
      ...about,
      reliability: this.#reliability(choice.name, true),
      success: true,
      latencyMs,
      ...costOf(completion, choice.prices),
      ...accuracyOf(completion.text, request.prompt),
    });
    return completion;
  }

  /** Whether one of them is. */
  async isAvailable(signal: AbortSignal): Promise<boolean> {
    const answers = await Promise.all(this.#models.map(({ model }) => model.isAvailable(signal)));
    return answers.includes(true);
  }

  /** Those that have not just failed; all of them where each has. */
  #open(): readonly ModelChoice[] {
    const now = this.#clock.monotonic();
    const open = this.#models.filter(({ name }) => (this.#restUntil.get(name) ?? -Infinity) <= now);
    return open.length === 0 ? this.#models : open;
  }

  #reliability(name: string, came: boolean): number {
    const last = [...(this.#answered.get(name) ?? []), came].slice(-REMEMBERED);
    this.#answered.set(name, last);
    return last.filter(Boolean).length / last.length;
  }
}

function costOf({ usage }: Completion, prices: ModelPrices | undefined): { readonly costUsd?: number } {
  if (usage === undefined || prices === undefined) return {};
  const { inputUsdPerMillion, outputUsdPerMillion } = prices;
  return {
    costUsd: (usage.inputTokens * inputUsdPerMillion + usage.outputTokens * outputUsdPerMillion) / 1e6,
  };
}

function accuracyOf(text: string, prompt: string): { readonly accuracy?: number } {
  const { sentences, unfounded } = groundedIn(text, prompt);
  return sentences === 0 ? {} : { accuracy: 1 - unfounded.length / sentences };
}
