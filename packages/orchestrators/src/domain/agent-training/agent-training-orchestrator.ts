import {
  background,
  BaseOrchestrator,
  type Clock,
  CLOCK,
  type HealthAnswer,
  operation,
  type OperationContext,
  orchestrator,
  StepResult,
  systemClock,
} from '@kapelle/core';
import { inject, optional } from 'inversify';
import { stateStoreFor, STATE_STORE, type StateStore } from '../../state/index.js';
import type { AgentDefinition } from './agent-definition.js';
import { AgentLedger } from './agent-ledger.js';
import type { AgentRecord, AgentVersion } from './agent-record.js';
import { AGENT_RUNNER, type AgentRunner } from './agent-runner.js';
import { AgentTrainer, type Enhancement, leaksOf } from './agent-trainer.js';
import {
  AGENT_TRAINING_OPTIONS,
  type AgentTrainingOptions,
  trainingSettings,
} from './agent-training-options.js';
import {
  AddExamplesParams,
  AgentParams,
  EnhanceAgentParams,
  EnhanceAllParams,
  GetAgentParams,
  RecordInteractionParams,
  RegisterAgentDefinitionParams,
  RevertAgentParams,
} from './agent-training-params.js';
import { currentVersion, newRecord, withVersion } from './change-agent.js';
import { EXAMPLE_GENERATOR, type ExampleGenerator } from './example-generation.js';
import { checkExamples } from './example-quality.js';
import { splitExamples } from './held-back.js';
import { type AgentPerformance, performanceOf } from './interactions.js';
import { NearestExampleRunner } from './nearest-example-runner.js';
import type { UseVerdict } from './judge-in-use.js';
import { readChanges, readDefinition, readExamples } from './read-input.js';
import { AgentTrainingError } from './training-error.js';
import { answered, gone, noVersion, tooFew } from './training-answers.js';
import { trainingReport } from './training-report.js';
import type {
  AgentRegistered,
  AgentSummary,
  CompleteEnhancement,
  EnhancedAgents,
  ExamplesAdded,
} from './training-results.js';
import { UseMonitor } from './use-monitor.js';

const MONITOR_EVERY_MS = 300_000;

/**
 * Changes the definitions of agents, and keeps a change only where it measured better on examples that nothing learnt from.
 * Every version is kept and can be put into use again; the same change made twice changes nothing the second time. Watches
 * how versions do in use and takes back one that does worse.
 */
@orchestrator('domain', 'feedback', {
  name: 'agent_training',
  description: 'Improves agent definitions by changes that measured better on examples kept back.',
})
export class AgentTrainingOrchestrator extends BaseOrchestrator {
  readonly #settings: ReturnType<typeof trainingSettings>;
  readonly #ledger: AgentLedger;
  readonly #trainer: AgentTrainer;
  readonly #monitor: UseMonitor;

  constructor(
    @inject(AGENT_TRAINING_OPTIONS) @optional() options: AgentTrainingOptions = {},
    @inject(CLOCK) @optional() clock: Clock = systemClock,
    @inject(STATE_STORE) @optional() store?: StateStore,
    @inject(AGENT_RUNNER) @optional() runner: AgentRunner = new NearestExampleRunner(),
    @inject(EXAMPLE_GENERATOR) @optional() generator?: ExampleGenerator,
  ) {
    super();
    this.#settings = trainingSettings(options);
    this.#ledger = new AgentLedger(stateStoreFor(store, clock));
    this.#trainer = new AgentTrainer(this.#ledger, runner, generator, this.#settings, clock);
    this.#monitor = new UseMonitor(this.#ledger, this.#settings, clock);
  }

  override health(): HealthAnswer {
    return { status: 'healthy', details: { durable: this.#ledger.isDurable } };
  }

  /** Puts a definition into use: a new agent, or a new version of one. */
  @operation({ params: RegisterAgentDefinitionParams, description: 'Puts a definition into use.' })
  register_agent(
    context: OperationContext,
    params: RegisterAgentDefinitionParams,
  ): Promise<StepResult<AgentRegistered>> {
    return answered(async () => {
      const definition = readDefinition(params.definition);
      let outcome: AgentRegistered['outcome'] = 'created';
      const record = await this.#ledger.change(context.tenantId, definition.name, (found) => {
        if (found === undefined) {
          outcome = 'created';
          return newRecord(definition, context.now());
        }
        this.#refuseLeaks(definition, found);
        const next = withVersion(
          found,
          { definition, at: context.now(), why: { kind: 'registered' } },
          this.#settings.maxVersions,
        );
        outcome = next === found ? 'unchanged' : 'changed';
        return next;
      });
      await this.#ledger.noteTenant(context.tenantId);
      return StepResult.ok({ agent: record.name, version: record.current, outcome });
    });
  }

  /** A version of an agent's definition. */
  @operation({ params: GetAgentParams, description: 'Gives a version of an agent.' })
  get_agent(context: OperationContext, params: GetAgentParams): Promise<StepResult<AgentVersion>> {
    return this.#withAgent(context, params.agent, (record) => {
      const wanted = params.version ?? record.current;
      const found = record.versions.find(({ version }) => version === wanted);
      return found === undefined ? noVersion(record, wanted) : StepResult.ok(found);
    });
  }

  /** The agents of the tenant, by name. */
  @operation({ default: true, description: 'Lists agents.' })
  list_agents(context: OperationContext): Promise<StepResult<readonly AgentSummary[]>> {
    return answered(async () => {
      const records = await this.#ledger.all(context.tenantId);
      return StepResult.ok(records.map((record) => this.#summary(record)));
    });
  }

  /** Gives an agent examples. A part of them is kept back to measure with. */
  @operation({ params: AddExamplesParams, description: 'Gives an agent examples.' })
  add_examples(context: OperationContext, params: AddExamplesParams): Promise<StepResult<ExamplesAdded>> {
    return this.#withAgent(context, params.agent, async () => {
      const given = readExamples('examples', params.examples);
      let refused: ExamplesAdded['refused'] = [];
      const record = await this.#ledger.change(context.tenantId, params.agent, (found) => {
        if (found === undefined) throw gone(params.agent);
        // Whatever resembles another one could come to stand on the other side of the division.
        const checked = checkExamples(given, {
          known: [...found.examples, ...currentVersion(found).definition.examples],
          heldBack: [],
          similarity: this.#settings.similarity,
          minQuality: 0,
        });
        refused = checked.refused.map(({ example: { input }, flaw }) => ({ input, flaw }));
        return checked.taken.length === 0
          ? found
          : { ...found, examples: [...found.examples, ...checked.taken].slice(-MAX_EXAMPLES) };
      });
      const { training, heldBack } = this.#summary(record);
      return StepResult.ok({ agent: record.name, training, heldBack, refused });
    });
  }

  /** Tries changes, and keeps those that measured better on what is kept back. */
  @operation({ params: EnhanceAgentParams, description: 'Tries changes and keeps what measured better.' })
  enhance_agent(context: OperationContext, params: EnhanceAgentParams): Promise<StepResult<Enhancement>> {
    return this.#withAgent(context, params.agent, async (record) => {
      const changes = params.changes === undefined ? undefined : readChanges(params.changes);
      for (const { patch } of changes ?? []) {
        this.#refuseLeaks({ name: record.name, examples: patch.examples ?? [] }, record);
      }
      const { heldBack } = this.#summary(record);
      if (heldBack < this.#settings.minHeldBack)
        return tooFew(record.name, heldBack, this.#settings.minHeldBack);
      const enhancement = await this.#trainer.enhance(context, record, changes, params.seed ?? DEFAULT_SEED);
      if (enhancement.to !== enhancement.from) {
        this.logger.info('agent_enhanced', {
          agent: record.name,
          from: enhancement.from,
          to: enhancement.to,
        });
      }
      return StepResult.ok(enhancement);
    });
  }

  /** Enhances each agent by the examples it was given and by generated ones. */
  @operation({ params: EnhanceAllParams, description: 'Enhances every agent of the tenant.' })
  enhance_all_agents(
    context: OperationContext,
    params: EnhanceAllParams,
  ): Promise<StepResult<EnhancedAgents>> {
    return answered(async () => StepResult.ok(await this.#enhanceAll(context, params)));
  }

  /** Puts the definition of an earlier version into use again, as a new version. */
  @operation({ params: RevertAgentParams, description: 'Puts an earlier definition into use again.' })
  revert_agent(context: OperationContext, params: RevertAgentParams): Promise<StepResult<AgentRegistered>> {
    return this.#withAgent(context, params.agent, async (known) => {
      if (!known.versions.some(({ version }) => version === params.version)) {
        return noVersion(known, params.version);
      }
      const before = known.current;
      const record = await this.#monitor.revert(
        context.tenantId,
        params.agent,
        params.version,
        params.reason ?? 'asked for',
      );
      const outcome = record.current === before ? 'unchanged' : 'changed';
      return StepResult.ok({ agent: record.name, version: record.current, outcome });
    });
  }

  /** Notes how an agent did. */
  @operation({ params: RecordInteractionParams, description: 'Notes how an agent did.' })
  record_interaction(
    context: OperationContext,
    params: RecordInteractionParams,
  ): Promise<StepResult<{ readonly agent: string; readonly interactions: number }>> {
    return this.#withAgent(context, params.agent, async (known) => {
      const { version } = params;
      if (version !== undefined && version > (known.versions.at(-1)?.version ?? 0)) {
        return noVersion(known, version);
      }
      const record = await this.#ledger.change(context.tenantId, params.agent, (found) => {
        if (found === undefined) throw gone(params.agent);
        const interaction = {
          at: context.now(),
          version: version ?? found.current,
          quality: params.quality,
          responseTimeMs: params.responseTimeMs,
          toolsUsed: params.toolsUsed ?? 0,
          failed: params.failed ?? false,
        };
        const interactions = [...found.interactions, interaction].slice(-this.#settings.maxInteractions);
        return { ...found, interactions };
      });
      return StepResult.ok({ agent: record.name, interactions: record.interactions.length });
    });
  }

  /** How an agent does in use. */
  @operation({ params: AgentParams, description: 'Tells how an agent does in use.' })
  get_performance(context: OperationContext, params: AgentParams): Promise<StepResult<AgentPerformance>> {
    return this.#withAgent(context, params.agent, (record) =>
      StepResult.ok(performanceOf(record.interactions, this.#settings.targets)),
    );
  }

  /** Judges how the versions in use do now, as the monitor does every five minutes. */
  @operation({ description: 'Judges now how versions do in use.' })
  start_performance_monitoring(
    context: OperationContext,
  ): Promise<StepResult<Readonly<Record<string, UseVerdict>>>> {
    return answered(async () => StepResult.ok(await this.#monitor.judge(context.tenantId, this.logger)));
  }

  /** Versions, changes and performance of an agent as Markdown. */
  @operation({ params: AgentParams, description: 'Reports on an agent, as Markdown.' })
  get_report(
    context: OperationContext,
    params: AgentParams,
  ): Promise<StepResult<{ readonly markdown: string }>> {
    return this.#withAgent(context, params.agent, (record) =>
      StepResult.ok({ markdown: this.#report(record) }),
    );
  }

  /** Enhances every agent, judges how they do in use, and reports. */
  @operation({ params: EnhanceAllParams, description: 'Enhances, judges and reports on every agent.' })
  run_complete_enhancement(
    context: OperationContext,
    params: EnhanceAllParams,
  ): Promise<StepResult<CompleteEnhancement>> {
    return answered(async () => {
      const enhancements = await this.#enhanceAll(context, params);
      await this.#monitor.judge(context.tenantId, this.logger);
      const records = await this.#ledger.all(context.tenantId);
      const { targets } = this.#settings;
      return StepResult.ok({
        enhancements,
        performance: Object.fromEntries(
          records.map((record) => [record.name, performanceOf(record.interactions, targets)]),
        ),
        reports: Object.fromEntries(records.map((record) => [record.name, this.#report(record)])),
      });
    });
  }

  @background({ everyMs: MONITOR_EVERY_MS, initialDelayMs: MONITOR_EVERY_MS })
  async monitor(signal: AbortSignal): Promise<void> {
    for (const tenantId of await this.#ledger.tenants()) {
      if (signal.aborted) return;
      try {
        await this.#monitor.judge(tenantId, this.logger);
      } catch (thrown) {
        // What cannot be read of one tenant must not keep the others from being looked at.
        this.logger.error('agent_monitoring_failed', { tenantId, error: String(thrown) });
      }
    }
  }

  async #enhanceAll(context: OperationContext, { seed }: EnhanceAllParams): Promise<EnhancedAgents> {
    const all: Record<string, Enhancement | { readonly error: string }> = {};
    for (const record of await this.#ledger.all(context.tenantId)) {
      const result = await this.enhance_agent(context, {
        agent: record.name,
        ...(seed === undefined ? {} : { seed }),
      });
      context.signal.throwIfAborted();
      all[record.name] =
        result.status === 'ok' ? result.data : { error: result.error ?? result.reason ?? 'It was not done.' };
    }
    return all;
  }

  #summary(record: AgentRecord): AgentSummary {
    const { training, heldBack } = splitExamples(record.examples, this.#settings.heldBackShare);
    return {
      agent: record.name,
      version: record.current,
      training: training.length,
      heldBack: heldBack.length,
      interactions: record.interactions.length,
    };
  }

  #report(record: AgentRecord): string {
    return trainingReport(record, this.#settings.targets, this.#settings.heldBackShare);
  }

  #refuseLeaks({ name, examples }: Pick<AgentDefinition, 'name' | 'examples'>, record: AgentRecord): void {
    const leaks = leaksOf(examples, record, this.#settings);
    if (leaks.length === 0) return;
    throw new AgentTrainingError(
      'TRAINING_INPUT_INVALID',
      `${leaks.length} of the examples for ${name} are among those kept back, so nothing could be measured with them any more. ` +
        `Leave out ${leaks.slice(0, 5).join(', ')}${leaks.length > 5 ? ', …' : ''}.`,
    );
  }

  #withAgent<T>(
    context: OperationContext,
    agent: string,
    work: (record: AgentRecord) => StepResult<T> | Promise<StepResult<T>>,
  ): Promise<StepResult<T>> {
    return answered(async () => {
      const record = await this.#ledger.find(context.tenantId, agent);
      if (record !== undefined) return work(record);
      return StepResult.fail(
        `There is no agent "${agent}". Register it first; list_agents shows those there are.`,
        {
          errorCategory: 'not_found',
          details: { code: 'AGENT_UNKNOWN' },
        },
      );
    });
  }
}

/** Examples kept per agent; the oldest go first. */
const MAX_EXAMPLES = 2_000;
const DEFAULT_SEED = 'kapelle';
