import { StepFailure } from '@kapelle/core';
import type {
  Completion,
  CompletionRequest,
  KnowledgeBase,
  KnowledgeSource,
  LanguageModel,
  ResilienceOrchestrator,
} from '@kapelle/orchestrators';

/** The services that the guards name towards `resilience`. */
export const KNOWLEDGE_SERVICE = 'knowledge';
export const MODEL_SERVICE = 'language_model';

/** Reads the knowledge behind a circuit breaker: while it mostly fails, nobody waits for it. */
export class GuardedKnowledge implements KnowledgeSource {
  readonly #source: KnowledgeSource;
  readonly #resilience: () => ResilienceOrchestrator;

  constructor(source: KnowledgeSource, resilience: () => ResilienceOrchestrator) {
    this.#source = source;
    this.#resilience = resilience;
  }

  load(options: { readonly signal: AbortSignal }): Promise<KnowledgeBase> {
    return guarded(this.#resilience(), KNOWLEDGE_SERVICE, options.signal, (signal) =>
      this.#source.load({ signal }),
    );
  }
}

/** Asks a language model behind a circuit breaker. */
export class GuardedModel implements LanguageModel {
  readonly #model: LanguageModel;
  readonly #resilience: () => ResilienceOrchestrator;
  readonly #service: string;

  /** @param service what `resilience` knows it under: each model has a breaker of its own */
  constructor(model: LanguageModel, resilience: () => ResilienceOrchestrator, service = MODEL_SERVICE) {
    this.#model = model;
    this.#resilience = resilience;
    this.#service = service;
  }

  get id(): string {
    return this.#model.id;
  }

  complete(request: CompletionRequest): Promise<Completion> {
    return guarded(this.#resilience(), this.#service, request.signal, (signal) =>
      this.#model.complete({ ...request, signal }),
    );
  }

  isAvailable(signal: AbortSignal): Promise<boolean> {
    return this.#model.isAvailable(signal);
  }
}

/** Rejects with what the work rejected with, or with what the breaker says. */
async function guarded<T>(
  resilience: ResilienceOrchestrator,
  service: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const thrown: unknown[] = [];
  const result = await resilience.protect(
    service,
    {
      strategy: 'circuit_breaker',
      // Each has a limit of its own, which knows better how long it may take.
      timeoutMs: Infinity,
      primary: async (attempt) => {
        try {
          return await work(attempt.signal);
        } catch (error) {
          thrown.push(error);
          throw error;
        }
      },
    },
    { signal },
  );
  if (result.status === 'ok' || result.status === 'uncertain') return result.data.data;
  throw thrown.length > 0 ? thrown[0] : new StepFailure(result);
}
