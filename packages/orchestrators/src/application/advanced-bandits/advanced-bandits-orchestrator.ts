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
import { stateStoreFor } from '../../state/bounded-state-store.js';
import { STATE_STORE, type StateStore } from '../../state/state-store.js';
import { BANDIT_ALGORITHMS } from './algorithms/bandit-model.js';
import type { AlgorithmSwitched, BanditEvaluation, BanditSummary, ModelImported } from './bandit-answers.js';
import { BanditError } from './bandit-error.js';
import {
  ADVANCED_BANDITS_OPTIONS,
  type AdvancedBanditsOptions,
  banditSettings,
  type BanditSettings,
} from './bandit-options.js';
import {
  BanditDomainParams,
  EvaluatePolicyParams,
  ImportModelParams,
  MakeDecisionParams,
  PerformanceSummaryParams,
  ProvideFeedbackParams,
  SwitchAlgorithmParams,
} from './bandit-params.js';
import { BanditLibrary } from './book/bandit-library.js';
import type { BanditDecision, BanditDomainReport, BanditFeedback } from './book/domain-book.js';
import { evaluatePolicy } from './evaluation/off-policy.js';
import { algorithmOf, policyNameOf, policyOf, targetRows } from './evaluation/target-policy.js';
import { BanditRandom } from './learning/bandit-random.js';

/** How often what was learnt is saved, in ms. */
const SAVE_EVERY_MS = 5_000;

/**
 * Chooses among named actions by what earlier choices earned, in as many domains as are declared, for each tenant by
 * itself; says how likely each choice was, so that other policies can be evaluated on what happened.
 */
@orchestrator('application', 'adaptive', {
  name: 'advanced_bandits',
  description: 'Chooses among actions by what earlier choices earned: contextual bandits with named domains.',
})
export class AdvancedBanditsOrchestrator extends BaseOrchestrator {
  readonly #settings: BanditSettings;
  readonly #clock: Clock;
  readonly #store: StateStore;
  #library: BanditLibrary;
  #failuresTold = 0;

  /** @throws BanditError `BANDIT_OPTIONS_INVALID` */
  constructor(
    @inject(ADVANCED_BANDITS_OPTIONS) @optional() options: AdvancedBanditsOptions = {},
    @inject(STATE_STORE) @optional() store?: StateStore,
    @inject(CLOCK) @optional() clock: Clock = systemClock,
  ) {
    super();
    this.#settings = banditSettings(options);
    this.#clock = clock;
    this.#store = stateStoreFor(store, clock);
    this.#library = new BanditLibrary(this.#settings, this.#store, clock);
  }

  override async cleanup(): Promise<void> {
    const failures = await this.#library.save();
    if (failures.length === 0) return;
    const named = failures.map(({ tenantId, domain }) => `${domain} of ${tenantId}`).slice(0, 10);
    throw new BanditError(
      'BANDIT_STATE_UNAVAILABLE',
      `What was learnt since the last save is lost in ${failures.length} domains (${named.join(', ')}). Look at the store of state.`,
      { cause: failures[0]?.error, details: { failures: failures.length } },
    );
  }

  @operation({
    name: 'make_decision',
    default: true,
    params: MakeDecisionParams,
    description: 'Chooses an action of a domain, and says how likely that choice was.',
  })
  makeDecision(context: OperationContext, params: MakeDecisionParams): Promise<StepResult<BanditDecision>> {
    const tag = Math.floor(context.random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
    return this.#answer(async () => {
      const algorithm = params.algorithm ? algorithmOf(params.algorithm) : undefined;
      const decision = await this.#library.use(context.tenantId, params.domain, (book) => ({
        result: book.decide(params.features ?? {}, algorithm, this.#clock.now(), tag),
        changed: true,
      }));
      const warnings = decision.clipped.map((name) => `The feature "${name}" lay outside of its range.`);
      return StepResult.ok(decision, { warnings });
    });
  }

  @operation({
    name: 'provide_feedback',
    params: ProvideFeedbackParams,
    description: 'Says how good a decision turned out, once; it is learnt at once.',
  })
  provideFeedback(
    context: OperationContext,
    { decisionId, reward }: ProvideFeedbackParams,
  ): Promise<StepResult<BanditFeedback>> {
    return this.#answer(async () => {
      const domain = decisionId.slice(0, Math.max(0, decisionId.indexOf('.')));
      if (!this.#settings.domains.has(domain)) {
        throw new BanditError(
          'BANDIT_DECISION_UNKNOWN',
          `"${decisionId.slice(0, 100)}" is no id of a decision. Give the decisionId that make_decision gave.`,
          { details: { decisionId: decisionId.slice(0, 100) } },
        );
      }
      const feedback = await this.#library.use(context.tenantId, domain, (book) => ({
        result: book.feedback(decisionId, reward, this.#clock.now()),
        changed: true,
      }));
      return StepResult.ok(feedback);
    });
  }

  @operation({
    name: 'get_performance_summary',
    params: PerformanceSummaryParams,
    description: 'How the algorithms of one or all domains do.',
  })
  getPerformanceSummary(
    context: OperationContext,
    { domain }: PerformanceSummaryParams,
  ): Promise<StepResult<BanditSummary>> {
    return this.#answer(async () => {
      const names = domain ? [domain] : [...this.#settings.domains.keys()];
      const reports = await Promise.all(names.map((name) => this.#report(context, name)));
      const counted = reports.flatMap(({ algorithms }) => Object.values(algorithms));
      return StepResult.ok({
        domains: Object.fromEntries(reports.map((report) => [report.domain, report])),
        decisions: counted.reduce((sum, { decisions }) => sum + decisions, 0),
        rewards: counted.reduce((sum, { rewards }) => sum + rewards, 0),
        pending: reports.reduce((sum, { pending }) => sum + pending, 0),
        durable: this.#store.durable,
      });
    });
  }

  @operation({
    name: 'get_domain_comparison',
    params: BanditDomainParams,
    description: 'The algorithms of a domain side by side.',
  })
  getDomainComparison(
    context: OperationContext,
    { domain }: BanditDomainParams,
  ): Promise<StepResult<BanditDomainReport>> {
    return this.#answer(async () => StepResult.ok(await this.#report(context, domain)));
  }

  @operation({
    name: 'switch_default_algorithm',
    params: SwitchAlgorithmParams,
    description: 'Chooses which algorithm decides where none is asked for.',
  })
  switchDefaultAlgorithm(
    context: OperationContext,
    params: SwitchAlgorithmParams,
  ): Promise<StepResult<AlgorithmSwitched>> {
    return this.#answer(async () => {
      const algorithm = algorithmOf(params.algorithm);
      const names = params.domain ? [params.domain] : [...this.#settings.domains.keys()];
      const before = await Promise.all(
        names.map((name) =>
          this.#library.use(context.tenantId, name, (book) => {
            const result = [name, book.defaultAlgorithm] as const;
            book.defaultAlgorithm = algorithm;
            return { result, changed: true };
          }),
        ),
      );
      this.logger.info('bandit_algorithm_switched', { algorithm, domains: names });
      return StepResult.ok({ algorithm, before: Object.fromEntries(before) });
    });
  }

  @operation({
    name: 'evaluate_policy',
    params: EvaluatePolicyParams,
    description:
      'What a policy would have earned, from a log of other decisions: IPS, SNIPS and doubly robust.',
  })
  evaluatePolicy(
    context: OperationContext,
    params: EvaluatePolicyParams,
  ): Promise<StepResult<BanditEvaluation>> {
    return this.#answer(async () => {
      const { domain, log } = params;
      const policy = policyOf(params);
      const evaluation = await this.#library.use(context.tenantId, domain, (book) => ({
        result: evaluatePolicy(targetRows(book, policy, log), {
          confidence: params.confidence ?? 0.95,
          interval: params.interval ?? 'normal',
          resamples: params.resamples ?? 1_000,
          random: BanditRandom.seeded('bootstrap'),
          actions: book.domain.actions.length,
        }),
        changed: false,
      }));
      const warnings = [];
      if (log === undefined && policy.kind === 'algorithm') {
        warnings.push(
          'The algorithm has learnt from the decisions it is evaluated on, so the estimates are on the high side.',
        );
      }
      if (evaluation.effectiveRows < 30) {
        warnings.push(
          `The log is worth ${evaluation.effectiveRows.toFixed(1)} rows of this policy: the intervals hold less than they say.`,
        );
      }
      return StepResult.ok({ domain, policy: policyNameOf(policy), ...evaluation }, { warnings });
    });
  }

  @operation({
    name: 'export_model',
    params: BanditDomainParams,
    description: 'What all algorithms have learnt of a domain, as data for import_model.',
  })
  exportModel(
    context: OperationContext,
    { domain }: BanditDomainParams,
  ): Promise<StepResult<Readonly<Record<string, unknown>>>> {
    return this.#answer(async () =>
      StepResult.ok(
        await this.#library.use(context.tenantId, domain, (book) => ({
          result: book.snapshot('models'),
          changed: false,
        })),
      ),
    );
  }

  @operation({
    name: 'import_model',
    params: ImportModelParams,
    description: 'Replaces what all algorithms have learnt of a domain; decisions and figures stay.',
  })
  importModel(
    context: OperationContext,
    { domain, model }: ImportModelParams,
  ): Promise<StepResult<ModelImported>> {
    return this.#answer(async () => {
      await this.#library.replace(context.tenantId, domain, (old) => {
        const book = this.#library.blank(context.tenantId, old.domain);
        book.restore(old.snapshot());
        book.restore(model, 'models');
        return book;
      });
      this.logger.info('bandit_model_imported', { domain });
      return StepResult.ok({ domain, algorithms: BANDIT_ALGORITHMS });
    });
  }

  /** Saves what has changed, so that a crash loses 5 s of learning at most. */
  @background({ everyMs: SAVE_EVERY_MS, initialDelayMs: SAVE_EVERY_MS })
  async save(_signal: AbortSignal): Promise<void> {
    const failures = await this.#library.save();
    if (failures.length === this.#failuresTold) return;
    this.#failuresTold = failures.length;
    if (failures.length === 0) this.logger.info('bandit_state_saved_again');
    for (const { tenantId, domain, conflict, error } of failures.slice(0, 10)) {
      this.logger.warn('bandit_state_not_saved', {
        tenantId,
        domain,
        conflict,
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  override health(): HealthAnswer {
    const { failures } = this.#library;
    if (failures.length === 0) return true;
    const conflicts = failures.filter(({ conflict }) => conflict).length;
    return {
      status: 'degraded',
      score: 50,
      message:
        conflicts > 0
          ? `Another process writes the state of ${conflicts} domains. Run one for each tenant and domain.`
          : `What was learnt in ${failures.length} domains cannot be saved now; it is tried every ${SAVE_EVERY_MS} ms.`,
      details: { notSaved: failures.length, conflicts },
    };
  }

  #report({ tenantId }: OperationContext, name: string): Promise<BanditDomainReport> {
    return this.#library.use(tenantId, name, (book) => ({
      changed: book.expire(this.#clock.now()),
      result: book.report(),
    }));
  }

  async #answer<T>(work: () => Promise<StepResult<T>>): Promise<StepResult<T>> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof BanditError)) throw error;
      return StepResult.fail(error.message, {
        errorCategory: error.category,
        details: error.details,
        cause: error,
      });
    }
  }
}
