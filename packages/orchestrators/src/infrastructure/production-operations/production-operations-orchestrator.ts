import {
  background,
  BaseOrchestrator,
  type Clock,
  CLOCK,
  type HealthAnswer,
  operation,
  type OperationContext,
  OrchestrationContext,
  OrchestrationFacade,
  orchestrator,
  StepResult,
  systemClock,
  type Unsubscribe,
} from '@kapelle/core';
import { inject, optional } from 'inversify';
import { requireScopes } from '../../required-scopes.js';
import { SHARED_TENANT, stateStoreFor, STATE_STORE, type StateStore } from '../../state/index.js';
import { ActionBook } from './action-book.js';
import { confidenceOf } from './action-learning.js';
import type { AuditNote } from './audit-note.js';
import type { AutomationLevel } from './approval.js';
import { KPI_SOURCES, type KpiSource } from './business-metrics.js';
import { type ActionRecord, isShownTo } from './book-draft.js';
import { assessHealth, type OperationalState, type OperationsAssessment } from './health-assessment.js';
import { gatherIntelligence } from './intelligence.js';
import { CycleRunner, type CycleWorld, type OperationsCycle } from './operations-cycle.js';
import { OPERATIONS_DRIVERS, type OperationsDriver } from './operations-driver.js';
import { OperationsError } from './operations-error.js';
import {
  OPERATIONS_OPTIONS,
  type OperationsOptions,
  type OperationsSettings,
  operationsSettings,
} from './operations-options.js';
import { ActionParams, AutomationParams, MaintenanceParams } from './operations-params.js';
import { TenantTurns, troubledTenants } from './troubled-tenants.js';

/** What `get_status` gives. */
export interface OperationsStatus {
  readonly state: OperationalState;
  readonly automation: AutomationLevel;
  readonly maintenance?: { readonly by: string; readonly reason: string };
  readonly assessment: OperationsAssessment;
  /** Actions that wait for somebody. */
  readonly waiting: readonly ActionRecord[];
}

/** What was learnt of an action against a kind of trouble. */
export interface OperationsLearning {
  readonly tried: number;
  readonly helped: number;
  readonly confidence: number;
}

const CYCLE_EVERY_MS = 60_000;

/**
 * Watches what telemetry, resilience and security know, decides by rules what to do about trouble, does it where the level
 * of automation allows and asks otherwise, looks whether it helped, and learns from that which action to take.
 */
@orchestrator('infrastructure', 'feedback', {
  name: 'production_operations',
  description: 'Watches the system, decides what to do about trouble, does it, and learns what helps.',
})
export class ProductionOperationsOrchestrator extends BaseOrchestrator {
  readonly #settings: OperationsSettings;
  readonly #clock: Clock;
  readonly #store: StateStore;
  readonly #facade: OrchestrationFacade | undefined;
  readonly #drivers: readonly OperationsDriver[];
  readonly #kpis: readonly KpiSource[];
  #book: ActionBook;
  readonly #turns = new TenantTurns();
  #runner: CycleRunner | undefined;
  #scopes: Unsubscribe | undefined;
  #running: { readonly tenantId: string; readonly cycle: Promise<OperationsCycle> } | undefined;

  constructor(
    @inject(OPERATIONS_OPTIONS) @optional() options: OperationsOptions = {},
    @inject(CLOCK) @optional() clock: Clock = systemClock,
    @inject(STATE_STORE) @optional() store?: StateStore,
    @inject(OrchestrationFacade) @optional() facade?: OrchestrationFacade,
    @inject(OPERATIONS_DRIVERS) @optional() drivers: readonly OperationsDriver[] = [],
    @inject(KPI_SOURCES) @optional() kpis: readonly KpiSource[] = [],
  ) {
    super();
    this.#settings = operationsSettings(options);
    this.#clock = clock;
    this.#store = stateStoreFor(store, clock);
    this.#facade = facade;
    this.#drivers = drivers;
    this.#kpis = kpis;
    this.#book = new ActionBook(this.#store, this.#settings.maxHistory);
  }

  override async start(): Promise<void> {
    this.#book = new ActionBook(this.#store, this.#settings.maxHistory);
    await this.#book.load(this.#clock.now());
    this.#runner = undefined;
    this.#scopes = requireScopes(this.name, this.#settings.requiredScopes, this.#facade, (problem) => {
      throw new OperationsError('OPERATIONS_OPTION_INVALID', `OPERATIONS_OPTIONS: ${problem}`);
    });
  }

  override cleanup(): void {
    this.#scopes?.();
  }

  override health(): HealthAnswer {
    return {
      status: 'healthy',
      details: {
        durable: this.#store.durable,
        automation: this.#run.automation,
        waiting: this.#book.actions.filter(({ state }) => state === 'proposed').length,
      },
    };
  }

  /**
   * One cycle of six phases. One of the same tenant that runs already answers this call too; one of another tenant, or one
   * that is cut off, is waited for.
   */
  @operation({ default: true, description: 'Gathers, assesses, decides, executes and learns.' })
  async run_cycle(context: OperationContext): Promise<OperationsCycle> {
    for (let running = this.#running; running !== undefined; running = this.#running) {
      const { tenantId, cycle } = running;
      const ended = await cycle.catch(() => undefined);
      if (ended !== undefined && tenantId === context.tenantId) return ended;
      context.signal.throwIfAborted();
    }
    return this.#once({
      ...this.#worldOf(context),
      phase: (name, run) => context.step(name, () => run()) as ReturnType<typeof run>,
    });
  }

  /** How the system does now, and what waits. Nothing is done. */
  @operation({ description: 'Tells how the system does, and what waits for somebody.' })
  async get_status(context: OperationContext): Promise<OperationsStatus> {
    await this.#book.refresh();
    const assessment = assessHealth(await gatherIntelligence(this.#worldOf(context).call, context.now()));
    const { maintenance } = this.#book;
    return {
      state: this.#run.stateOf(assessment),
      automation: this.#run.automation,
      ...(maintenance === undefined ? {} : { maintenance }),
      assessment,
      waiting: this.#shownTo(context).filter(({ state }) => state === 'proposed'),
    };
  }

  /** Agrees to an action that waits, and does it. */
  @operation({ params: ActionParams, description: 'Agrees to an action that waits, and does it.' })
  async approve_action(context: OperationContext, { id }: ActionParams): Promise<StepResult<ActionRecord>> {
    const by = context.principal?.id ?? 'unknown';
    const record = await this.#run.desk.approve(id, by, this.#worldOf(context));
    if (record === undefined) return notWaiting(id, this.#shown(context, id));
    this.logger.info('operations_action_approved', { id, by });
    return StepResult.ok(record);
  }

  @operation({ params: ActionParams, description: 'Refuses an action that waits.' })
  async reject_action(context: OperationContext, { id }: ActionParams): Promise<StepResult<ActionRecord>> {
    const by = context.principal?.id ?? 'unknown';
    const record = await this.#run.desk.reject(id, by, this.#worldOf(context));
    return record === undefined ? notWaiting(id, this.#shown(context, id)) : StepResult.ok(record);
  }

  /** Actions, the newest first. */
  @operation({ description: 'Lists actions, the newest first.' })
  async list_actions(context: OperationContext): Promise<readonly ActionRecord[]> {
    await this.#book.refresh();
    return [...this.#shownTo(context)].reverse();
  }

  @operation({ description: 'Tells which action helped against what.' })
  get_learning(): Readonly<Record<string, OperationsLearning>> {
    return Object.fromEntries(
      Object.entries(this.#book.learnt).map(([key, each]) => [
        key,
        { ...each, confidence: confidenceOf(each) },
      ]),
    );
  }

  /** Until the process ends; the option says how it begins. */
  @operation({ params: AutomationParams, description: 'Sets how much is done without asking.' })
  async set_automation(
    context: OperationContext,
    { level }: AutomationParams,
  ): Promise<{ readonly automation: AutomationLevel }> {
    const by = context.principal?.id ?? 'unknown';
    this.logger.warn('operations_automation_set', { level, by });
    const reason = `From ${this.#run.automation} to ${level}.`;
    this.#run.automation = level;
    await this.#tell(context, { actor: by, action: 'set_automation', reason });
    return { automation: level };
  }

  /** From now on nothing is done; cycles go on watching. Survives a restart. */
  @operation({ params: MaintenanceParams, description: 'Begins maintenance: nothing is done.' })
  async start_maintenance(
    context: OperationContext,
    { reason = 'asked for' }: MaintenanceParams,
  ): Promise<{ readonly state: 'maintenance' }> {
    const by = context.principal?.id ?? 'unknown';
    await this.#book.change((draft) => {
      draft.maintenance = { by, reason };
    });
    this.logger.warn('operations_maintenance_started', { by, reason });
    await this.#tell(context, { actor: by, action: 'start_maintenance', reason });
    return { state: 'maintenance' };
  }

  @operation({ description: 'Ends maintenance.' })
  async end_maintenance(context: OperationContext): Promise<StepResult<{ readonly ended: boolean }>> {
    const ended = await this.#book.change((draft) => {
      const wasThere = draft.maintenance !== undefined;
      draft.maintenance = undefined;
      return wasThere;
    });
    if (!ended) return StepResult.skip('There is no maintenance.');
    const by = context.principal?.id ?? 'unknown';
    this.logger.info('operations_maintenance_ended', { by });
    await this.#tell(context, { actor: by, action: 'end_maintenance', reason: 'asked for' });
    return StepResult.ok({ ended });
  }

  /** A cycle of the system, then one for each tenant that has something of its own to be looked at. */
  @background({ everyMs: CYCLE_EVERY_MS, initialDelayMs: CYCLE_EVERY_MS, timeoutMs: 10 * CYCLE_EVERY_MS })
  async watch(signal: AbortSignal): Promise<void> {
    const facade = this.#facade;
    if (!this.#settings.background || facade === undefined || this.#running !== undefined) return;
    const worldOf = (tenantId: string): Omit<CycleWorld, 'business'> => {
      const context = OrchestrationContext.create({ tenantId, signal });
      return {
        tenantId,
        call: (name, params, timeoutMs = this.#settings.actionTimeoutMs) =>
          facade.orchestrate(name, context.createChildContext(this.name), params, { timeoutMs }),
        signal,
        now: () => this.#clock.now(),
        phase: (_name, run) => run(),
      };
    };
    const { tenantId } = this.#settings;
    const { business_metrics: business } = await this.#once(worldOf(tenantId));
    const troubled = await troubledTenants(worldOf(SHARED_TENANT).call, this.#book.actions, tenantId);
    for (const each of this.#turns.next(troubled)) {
      // Somebody asks for a cycle meanwhile: the rest have their turn with the next.
      if (this.#running !== undefined) return;
      signal.throwIfAborted();
      await this.#once({ ...worldOf(each), business });
    }
  }

  async #once(world: CycleWorld): Promise<OperationsCycle> {
    const cycle = this.#run.run(world);
    this.#running = { tenantId: world.tenantId, cycle };
    try {
      return await cycle;
    } finally {
      this.#running = undefined;
    }
  }

  #worldOf(context: OperationContext): Omit<CycleWorld, 'phase'> {
    return {
      tenantId: context.tenantId,
      call: (name, params, timeoutMs = this.#settings.actionTimeoutMs) =>
        context.call(name, params, { timeoutMs }),
      signal: context.signal,
      now: () => context.now(),
    };
  }

  /** Tells the audit trail what somebody has set. */
  #tell(context: OperationContext, note: Pick<AuditNote, 'actor' | 'action' | 'reason'>): Promise<void> {
    const { actor, action, reason } = note;
    return this.#run.desk.tell(this.#worldOf(context), {
      actor: actor.slice(0, 200),
      action,
      resource: this.name,
      decision: 'allow',
      reason,
    });
  }

  get #run(): CycleRunner {
    this.#runner ??= new CycleRunner(
      this.#book,
      this.#settings,
      this.#drivers,
      this.#kpis,
      this.#clock,
      this.logger,
    );
    return this.#runner;
  }

  /** Of the tenant, and of the system. */
  #shownTo({ tenantId }: OperationContext): readonly ActionRecord[] {
    return this.#book.actions.filter((each) => isShownTo(each, tenantId));
  }

  #shown(context: OperationContext, id: string): ActionRecord | undefined {
    return this.#shownTo(context).find((each) => each.id === id);
  }
}

function notWaiting(id: string, record: ActionRecord | undefined): StepResult<never> {
  return StepResult.fail(
    record === undefined
      ? `There is no action "${id}". list_actions shows those there are.`
      : `The action "${id}" waits for nobody: it is ${record.state}.`,
    {
      errorCategory: record === undefined ? 'not_found' : 'business_rule_violation',
      details: { code: record === undefined ? 'OPERATIONS_ACTION_UNKNOWN' : 'OPERATIONS_ACTION_NOT_WAITING' },
    },
  );
}
