import {
  background,
  BaseOrchestrator,
  type Clock,
  CLOCK,
  consumes,
  type HealthAnswer,
  type Lazy,
  operation,
  type OperationContext,
  orchestrator,
  StepResult,
  systemClock,
} from '@kapelle/core';
import { inject, optional } from 'inversify';
import { stateStoreFor } from '../../state/bounded-state-store.js';
import { STATE_STORE, type StateStore } from '../../state/state-store.js';
import { advise } from './advise.js';
import { boundedContext } from './bounded-context.js';
import { consolidateMemory } from './consolidate.js';
import { agentSignal, ragSignal, type RawSignal, toolSignal } from './derived-signals.js';
import { FeedbackDesk, type QueuedSignal } from './feedback-desk.js';
import { FeedbackError } from './feedback-error.js';
import {
  feedbackSettings,
  type FeedbackSettings,
  UNIFIED_FEEDBACK_OPTIONS,
  type UnifiedFeedbackOptions,
} from './feedback-options.js';
import {
  HealthParams,
  RecommendParams,
  SubmitAgentParams,
  SubmitBatchParams,
  SubmitFeedbackParams,
  SubmitRagParams,
  SubmitToolParams,
  SubmitTrajectoryParams,
} from './feedback-params.js';
import {
  FEEDBACK_AGENT_ROUTER,
  FEEDBACK_FEATURE_ENGINEER,
  FEEDBACK_MODEL_ROUTER,
  FEEDBACK_PROMPT_LIBRARY,
  FEEDBACK_RAG_CONSOLIDATOR,
  FEEDBACK_RAG_FEEDBACK,
  FEEDBACK_SHADOW_DEPLOYER,
  FEEDBACK_THRESHOLD_BANDIT,
  FEEDBACK_TOOL_ROUTER,
  type FeatureEngineerPort,
  type FeedbackLearnerPort,
  type RagConsolidatorPort,
  type ShadowDeployerPort,
} from './feedback-ports.js';
import {
  type FeedbackHealth,
  type FeedbackMetrics,
  healthOf,
  metricsOf,
  type RecommendedComponent,
  type SubmittedFeedback,
  type SubmittedFeedbacks,
} from './feedback-report.js';
import { FEEDBACK_COMPONENTS, type FeedbackSignal } from './feedback-signal.js';
import { FieldReader } from './field-reader.js';
import { readSignal } from './read-signal.js';
import { readTrajectory } from './read-trajectory.js';
import { SignalStamp } from './signal-stamp.js';
import type { TenantFeedback } from './tenant-feedback.js';

/** How often what has changed is stored. */
const SAVE_EVERY_MS = 5_000;
const HEALTH_EVERY_MS = 300_000;
const CONSOLIDATE_EVERY_MS = 3_600_000;

/** At once where the tenant's learning is in memory. */
type Answer<T> = StepResult<T> | Promise<StepResult<T>>;

/** Of each of the six queues. */
const QUEUE = { capacity: 10_000, overflow: 'drop-oldest', batchSize: 256 } as const;

/**
 * Takes reward signals from everywhere, learns from each what its kind of component is good for, and recommends by it;
 * watches the health of components, sends those that do badly to rest and lets them prove themselves again; has the
 * memory consolidated when it needs it. Every tenant's learning is its own, and survives restarts.
 */
@orchestrator('application', 'coordination', {
  name: 'unified_feedback',
  description:
    'Collects reward signals, learns from them and recommends models, tools, agents, prompts and thresholds.',
})
export class UnifiedFeedbackOrchestrator extends BaseOrchestrator {
  @inject(FEEDBACK_MODEL_ROUTER) @optional() protected readonly modelRouter?: Lazy<FeedbackLearnerPort>;
  @inject(FEEDBACK_TOOL_ROUTER) @optional() protected readonly toolRouter?: Lazy<FeedbackLearnerPort>;
  @inject(FEEDBACK_AGENT_ROUTER) @optional() protected readonly agentRouter?: Lazy<FeedbackLearnerPort>;
  @inject(FEEDBACK_RAG_FEEDBACK) @optional() protected readonly ragFeedback?: Lazy<FeedbackLearnerPort>;
  @inject(FEEDBACK_PROMPT_LIBRARY) @optional() protected readonly promptLibrary?: Lazy<FeedbackLearnerPort>;
  @inject(FEEDBACK_THRESHOLD_BANDIT)
  @optional()
  protected readonly thresholdBandit?: Lazy<FeedbackLearnerPort>;
  @inject(FEEDBACK_RAG_CONSOLIDATOR)
  @optional()
  protected readonly ragConsolidator?: Lazy<RagConsolidatorPort>;
  @inject(FEEDBACK_FEATURE_ENGINEER)
  @optional()
  protected readonly featureEngineer?: Lazy<FeatureEngineerPort>;
  @inject(FEEDBACK_SHADOW_DEPLOYER) @optional() protected readonly shadowDeployer?: Lazy<ShadowDeployerPort>;

  readonly #settings: FeedbackSettings;
  readonly #clock: Clock;
  readonly #store: StateStore;
  #made: FeedbackDesk | undefined;
  #startedAt: number | undefined;
  #stamp: SignalStamp | undefined;

  /** @throws FeedbackError `FEEDBACK_OPTIONS_INVALID` */
  constructor(
    @inject(UNIFIED_FEEDBACK_OPTIONS) @optional() options: UnifiedFeedbackOptions = {},
    @inject(CLOCK) @optional() clock: Clock = systemClock,
    @inject(STATE_STORE) @optional() store?: StateStore,
  ) {
    super();
    this.#settings = feedbackSettings(options);
    this.#clock = clock;
    this.#store = stateStoreFor(store, clock);
  }

  /** @throws FeedbackError `FEEDBACK_PORT_INVALID` */
  override start(): void {
    this.#startedAt = this.#clock.monotonic();
    this.logger.info('feedback_started', { ports: this.#desk.ports.bound });
  }

  /** Rejects where what was learnt could not be stored. */
  override async cleanup(signal: AbortSignal): Promise<void> {
    const { shelf } = this.#desk;
    await shelf.saveAll(signal);
    if (shelf.saveFailure !== undefined) throw shelf.saveFailure;
    this.logger.info('feedback_stopped', { tenants: shelf.tenants.length });
  }

  override health(): HealthAnswer {
    const { ports, shelf } = this.#desk;
    const { resting } = ports;
    const { saveFailure } = shelf;
    if (saveFailure === undefined && resting.length === 0) return true;
    return {
      status: 'degraded',
      score: 60,
      message: saveFailure?.message ?? `Ports fail and are left alone for a while: ${resting.join(', ')}.`,
      details: { resting },
    };
  }

  @operation({
    name: 'submit_feedback',
    default: true,
    params: SubmitFeedbackParams,
    description: 'Takes one signal.',
  })
  submitFeedback(context: OperationContext, { signal }: SubmitFeedbackParams): Answer<SubmittedFeedback> {
    return this.#with(context, (tenant) => {
      const reader = new FieldReader('signal');
      const read = readSignal(reader, signal, this.#stampIn(context));
      return read === undefined ? reader.toResult('submit_feedback') : this.#desk.submit(tenant, read);
    });
  }

  @operation({
    name: 'submit_batch',
    params: SubmitBatchParams,
    description: 'Takes up to 1,000 signals, or none.',
  })
  submitBatch(context: OperationContext, { signals }: SubmitBatchParams): Answer<SubmittedFeedbacks> {
    return this.#with(context, (tenant) => {
      const reader = new FieldReader('signals');
      const stamp = this.#stampIn(context);
      const read: FeedbackSignal[] = [];
      for (let index = 0; index < signals.length; index += 1) {
        reader.of = `signals[${index}]`;
        const signal = readSignal(reader, signals[index], stamp);
        if (signal !== undefined) read.push(signal);
      }
      return reader.hasFailed ? reader.toResult('submit_batch') : this.#desk.submitAll(tenant, read);
    });
  }

  @operation({
    name: 'submit_trajectory_feedback',
    params: SubmitTrajectoryParams,
    description: 'Takes a trajectory apart: a signal for its model, each tool, its agent and its prompt.',
  })
  submitTrajectory(
    context: OperationContext,
    { trajectory }: SubmitTrajectoryParams,
  ): Answer<SubmittedFeedbacks> {
    return this.#with(context, (tenant) => {
      const reader = new FieldReader('trajectory');
      const signals = readTrajectory(reader, { ...trajectory }, this.#stampIn(context));
      if (signals === undefined) return reader.toResult('submit_trajectory_feedback');
      if (signals.length > 0) return this.#desk.submitAll(tenant, signals);
      throw new FeedbackError(
        'FEEDBACK_TRAJECTORY_EMPTY',
        'The trajectory names no component. Give it a modelId, tools, an agentId or a promptId.',
      );
    });
  }

  @operation({
    name: 'submit_tool_feedback',
    params: SubmitToolParams,
    description: 'Takes what came of one tool call.',
  })
  submitTool(context: OperationContext, params: SubmitToolParams): Answer<SubmittedFeedback> {
    return this.#submitDerived(context, 'submit_tool_feedback', toolSignal(params));
  }

  @operation({
    name: 'submit_agent_feedback',
    params: SubmitAgentParams,
    description: "Takes what came of an agent's task.",
  })
  submitAgent(context: OperationContext, params: SubmitAgentParams): Answer<SubmittedFeedback> {
    return this.#submitDerived(context, 'submit_agent_feedback', agentSignal(params));
  }

  @operation({
    name: 'submit_rag_feedback',
    params: SubmitRagParams,
    description: 'Takes how good a retrieval was.',
  })
  submitRag(context: OperationContext, params: SubmitRagParams): Answer<SubmittedFeedback> {
    return this.#submitDerived(context, 'submit_rag_feedback', ragSignal(params));
  }

  @operation({
    params: RecommendParams,
    description: 'What was learnt: which component, or which threshold, is best.',
  })
  recommend(context: OperationContext, params: RecommendParams): Answer<RecommendedComponent> {
    const { componentType, candidates, target } = params;
    return this.#with(context, (tenant) => {
      const request = {
        componentType,
        context: boundedContext(params.context ?? {}, () => 'context'),
        ...(candidates === undefined ? {} : { candidates }),
        ...(target === undefined ? {} : { target }),
      };
      return advise(this.#desk, tenant, request, () => context.random());
    });
  }

  @operation({
    name: 'get_metrics',
    description: "What was counted of the tenant's signals, and how the queues are.",
  })
  getMetrics(context: OperationContext): Answer<FeedbackMetrics> {
    return this.#with(context, (tenant) => {
      const now = this.#clock.monotonic();
      return StepResult.ok(
        metricsOf(this.#desk, tenant, {
          uptimeMs: now - (this.#startedAt ?? now),
          now: this.#clock.now(),
          queueOf: (type) => this.queue(type),
        }),
      );
    });
  }

  @operation({
    name: 'get_health',
    params: HealthParams,
    description: "How the tenant's components are, the worst first.",
  })
  getHealth(context: OperationContext, { componentType, limit }: HealthParams): Answer<FeedbackHealth> {
    const types = componentType ? [componentType] : FEEDBACK_COMPONENTS;
    return this.#with(context, (tenant) =>
      StepResult.ok(healthOf(tenant, this.#clock.now(), types, limit ?? 1_000)),
    );
  }

  @operation({ name: 'start', description: "Takes the tenant's signals again, after a stop." })
  startLearning(context: OperationContext): StepResult<{ readonly status: 'started' }> {
    if (!this.#desk.setRunning(context.tenantId, true)) return StepResult.skip('already_running');
    return StepResult.ok({ status: 'started' });
  }

  @operation({
    name: 'stop',
    description: "Takes no more of the tenant's signals; what waits is learnt and stored first.",
  })
  async stopLearning(
    context: OperationContext,
  ): Promise<StepResult<{ readonly status: 'stopped'; readonly signalsProcessed: number }>> {
    if (!this.#desk.setRunning(context.tenantId, false)) return StepResult.skip('not_running');
    await this.#desk.progress.settled(FEEDBACK_COMPONENTS, context.signal);
    return this.#with(context, async (tenant) => {
      await this.#desk.shelf.save(tenant.tenantId);
      return StepResult.ok({ status: 'stopped' as const, signalsProcessed: tenant.totals.processed });
    });
  }

  @consumes({ queue: 'model', ...QUEUE })
  protected learnModels(items: readonly QueuedSignal[]): void | Promise<void> {
    return this.#desk.consume('model', items);
  }

  @consumes({ queue: 'tool', ...QUEUE })
  protected learnTools(items: readonly QueuedSignal[]): void | Promise<void> {
    return this.#desk.consume('tool', items);
  }

  @consumes({ queue: 'agent', ...QUEUE })
  protected learnAgents(items: readonly QueuedSignal[]): void | Promise<void> {
    return this.#desk.consume('agent', items);
  }

  @consumes({ queue: 'threshold', ...QUEUE })
  protected learnThresholds(items: readonly QueuedSignal[]): void | Promise<void> {
    return this.#desk.consume('threshold', items);
  }

  @consumes({ queue: 'prompt', ...QUEUE })
  protected learnPrompts(items: readonly QueuedSignal[]): void | Promise<void> {
    return this.#desk.consume('prompt', items);
  }

  @consumes({ queue: 'memory', ...QUEUE })
  protected learnMemory(items: readonly QueuedSignal[]): void | Promise<void> {
    return this.#desk.consume('memory', items);
  }

  /** Lets rests end, and tells how components are. */
  @background({ everyMs: HEALTH_EVERY_MS, initialDelayMs: HEALTH_EVERY_MS, jitterRatio: 0 })
  protected checkHealth(): void {
    const now = this.#clock.now();
    for (const tenant of this.#desk.shelf.tenants) {
      if (!this.#desk.isRunning(tenant.tenantId)) continue;
      tenant.totals.healthChecks += 1;
      tenant.changed.add('totals');
      const { overallHealth, disabled } = healthOf(tenant, now, FEEDBACK_COMPONENTS, 0);
      if (disabled.length === 0) continue;
      this.logger.warn('feedback_components_resting', { tenantId: tenant.tenantId, overallHealth, disabled });
    }
  }

  /** Has the memory of those tenants consolidated for which that is due. */
  @background({ everyMs: CONSOLIDATE_EVERY_MS, initialDelayMs: CONSOLIDATE_EVERY_MS, jitterRatio: 0 })
  protected async consolidate(signal: AbortSignal): Promise<void> {
    for (const tenant of this.#desk.shelf.tenants) {
      if (signal.aborted) return;
      if (!this.#desk.isRunning(tenant.tenantId)) continue;
      await consolidateMemory(this.#desk, tenant, this.#clock.now(), this.logger);
    }
  }

  /** Stores what has changed. A failure is kept for `health` and tried again the next time. */
  @background({ everyMs: SAVE_EVERY_MS, initialDelayMs: SAVE_EVERY_MS })
  protected async save(signal: AbortSignal): Promise<void> {
    const { shelf } = this.#desk;
    const before = shelf.saveFailure;
    await shelf.saveAll(signal);
    const { saveFailure } = shelf;
    if (saveFailure !== undefined && before === undefined) {
      this.logger.error('feedback_save_failed', { error: saveFailure.message });
    } else if (saveFailure === undefined && before !== undefined) {
      this.logger.info('feedback_save_recovered', {});
    }
  }

  get #desk(): FeedbackDesk {
    return (this.#made ??= new FeedbackDesk({
      settings: this.#settings,
      clock: this.#clock,
      store: this.#store,
      logger: () => this.logger,
      queueOf: (type) => this.queue(type),
      ports: {
        model_router: this.modelRouter,
        tool_router: this.toolRouter,
        agent_router: this.agentRouter,
        rag_feedback: this.ragFeedback,
        prompt_library: this.promptLibrary,
        threshold_bandit: this.thresholdBandit,
        rag_consolidator: this.ragConsolidator,
        feature_engineer: this.featureEngineer,
        shadow_deployer: this.shadowDeployer,
      },
    }));
  }

  /** At once where the tenant is in memory: that is what nearly every call finds. */
  #with<T>(context: OperationContext, use: (tenant: TenantFeedback) => Answer<T>): Answer<T> {
    const held = this.#desk.shelf.held(context.tenantId);
    try {
      const answer = held === undefined ? undefined : use(held);
      if (answer !== undefined) return answer instanceof Promise ? answer.catch(resultOf) : answer;
    } catch (thrown) {
      return resultOf(thrown);
    }
    return this.#desk.shelf.load(context.tenantId).then(use).catch(resultOf);
  }

  #submitDerived(context: OperationContext, name: string, signal: RawSignal): Answer<SubmittedFeedback> {
    return this.#with(context, (tenant) => {
      const reader = new FieldReader('params');
      const read = readSignal(reader, signal, this.#stampIn(context));
      return read === undefined ? reader.toResult(name) : this.#desk.submit(tenant, read);
    });
  }

  #stampIn(context: OperationContext): SignalStamp {
    return (this.#stamp ??= new SignalStamp(this.#clock, context.random()));
  }
}

function resultOf(thrown: unknown): StepResult<never> {
  if (thrown instanceof FeedbackError) return thrown.toResult();
  throw thrown;
}
