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
import { stateStoreFor, SHARED_TENANT, STATE_STORE, type StateStore } from '../../state/index.js';
import { type AgentRegistration, HIERARCHICAL_AGENTS } from './agent.js';
import { AgentPool } from './agent-pool.js';
import { HierarchicalError } from './hierarchical-error.js';
import {
  HIERARCHICAL_OPTIONS,
  type HierarchicalOptions,
  hierarchicalSettings,
} from './hierarchical-options.js';
import {
  CancelSessionParams,
  CreateSessionParams,
  HeartbeatParams,
  RecoverSessionParams,
  RegisterAgentParams,
  SessionParams,
} from './hierarchical-params.js';
import {
  answered,
  type CreatedSession,
  type RecoveredSession,
  type RegisteredAgent,
  resultOf,
} from './session-answers.js';
import { type SessionStatus, tasksOf } from './session-record.js';
import { SessionManager } from './session-manager.js';
import type { SessionMonitor, SessionOutcome } from './session-reports.js';
import { SessionStore } from './session-store.js';
import { type HierarchicalStatus, statusOf } from './system-status.js';

/** How often agents and tasks are looked at, in ms. */
const SUPERVISE_EVERY_MS = 5_000;

/**
 * Plans objectives, and has them done by agents: workers run the tasks, managers and supervisors decide about what has
 * failed. Sessions are stored; one that was interrupted goes on where it was.
 */
@orchestrator('domain', 'hierarchical', {
  name: 'hierarchical',
  description: 'Plans objectives by their dependencies and has agents execute them, supervised.',
})
export class HierarchicalOrchestrator extends BaseOrchestrator {
  readonly #pool: AgentPool;
  readonly #store: SessionStore;
  readonly #sessions: SessionManager;
  readonly #shared: readonly AgentRegistration[];
  /** What the last write was rejected with. */
  #unsaved: string | undefined;

  constructor(
    @inject(HIERARCHICAL_OPTIONS) @optional() options: HierarchicalOptions = {},
    @inject(HIERARCHICAL_AGENTS) @optional() agents: readonly AgentRegistration[] = [],
    @inject(CLOCK) @optional() clock: Clock = systemClock,
    @inject(STATE_STORE) @optional() state?: StateStore,
  ) {
    super();
    const settings = hierarchicalSettings(options);
    this.#pool = new AgentPool(clock, settings.maxAgents);
    this.#store = new SessionStore(stateStoreFor(state, clock), settings);
    this.#shared = agents;
    for (const agent of agents) this.#pool.register(SHARED_TENANT, agent);
    this.#sessions = new SessionManager({
      pool: this.#pool,
      store: this.#store,
      settings,
      clock,
      // Asked for at each use: the logger is there once the orchestrator is registered.
      logger: () => this.logger,
      onSave: (thrown) => this.#saved(thrown),
    });
  }

  override async start(): Promise<void> {
    for (const { agentId } of this.#shared) await this.#loadMetrics(SHARED_TENANT, agentId);
  }

  override drain(): void {
    this.#sessions.stopping();
  }

  override async cleanup(): Promise<void> {
    this.#sessions.stopping();
    for (const run of this.#sessions.runs) run.cancel('The host stops.');
    await this.#sessions.idle();
  }

  @operation({
    name: 'create_orchestration_session',
    params: CreateSessionParams,
    description: 'Plans objectives: phases, critical path, risk. Nothing is executed yet.',
  })
  async createOrchestrationSession(
    context: OperationContext,
    params: CreateSessionParams,
  ): Promise<StepResult<CreatedSession>> {
    return answered(async () => {
      const session = await this.#sessions.create(context, params);
      const needed = new Set(tasksOf(session).flatMap(({ objective }) => objective.capabilities));
      const missing = this.#pool.missing(context.tenantId, [...needed]);
      return StepResult.ok(
        {
          sessionId: session.sessionId,
          name: session.name,
          status: session.status,
          tasksCreated: tasksOf(session).length,
          strategicPlan: session.plan,
          missingCapabilities: missing,
        },
        { warnings: missing.map((each) => `No agent can do "${each}" now.`) },
      );
    });
  }

  @operation({
    name: 'execute_orchestration_session',
    params: SessionParams,
    description: 'Has the tasks of a session done, or goes on with one that was interrupted.',
  })
  async executeOrchestrationSession(
    context: OperationContext,
    { sessionId }: SessionParams,
  ): Promise<StepResult<SessionOutcome>> {
    return answered(async () => {
      return resultOf(await this.#sessions.execute(context, sessionId));
    });
  }

  @operation({
    name: 'monitor_orchestration_session',
    params: SessionParams,
    description: 'How a session stands: tasks, agents, bottlenecks, advice.',
  })
  async monitorOrchestrationSession(
    context: OperationContext,
    { sessionId }: SessionParams,
  ): Promise<StepResult<SessionMonitor>> {
    return answered(async () => {
      return StepResult.ok(await this.#sessions.monitor(context.tenantId, sessionId));
    });
  }

  @operation({
    name: 'get_session_outcome',
    params: SessionParams,
    description: 'What the tasks of a stored session have given.',
  })
  async getSessionOutcome(
    context: OperationContext,
    { sessionId }: SessionParams,
  ): Promise<StepResult<SessionOutcome>> {
    return answered(async () => {
      return StepResult.ok(await this.#sessions.outcome(context.tenantId, sessionId));
    });
  }

  @operation({
    name: 'handle_failure_recovery',
    params: RecoverSessionParams,
    description: 'Puts a failed or cancelled session in order, by what failed, and goes on with it.',
  })
  async handleFailureRecovery(
    context: OperationContext,
    params: RecoverSessionParams,
  ): Promise<StepResult<RecoveredSession>> {
    return answered(async () => {
      const { choice, chosenBy, ...prepared } = await this.#sessions.recover(context.tenantId, params);
      const recovered = { sessionId: params.sessionId, ...prepared, strategy: { ...choice, chosenBy } };
      if (params.execute === false) return StepResult.ok(recovered);
      const result = resultOf(await this.#sessions.execute(context, params.sessionId));
      return StepResult.map(result, (results) => ({ ...recovered, status: results.status, results }));
    });
  }

  @operation({
    name: 'cancel_orchestration_session',
    params: CancelSessionParams,
    description: 'Ends the tasks of a session and cancels those that have not begun.',
  })
  async cancelOrchestrationSession(
    context: OperationContext,
    { sessionId, reason }: CancelSessionParams,
  ): Promise<StepResult<{ readonly sessionId: string; readonly status: SessionStatus }>> {
    return answered(async () => {
      const why = reason ?? 'It was cancelled.';
      const status = await this.#sessions.cancel(context.tenantId, sessionId, why);
      return StepResult.ok({ sessionId, status });
    });
  }

  @operation({
    name: 'register_agent',
    params: RegisterAgentParams,
    description: 'Adds an agent of the tenant, or replaces what it can do.',
  })
  async registerAgent(
    context: OperationContext,
    params: RegisterAgentParams,
  ): Promise<StepResult<RegisteredAgent>> {
    const { tenantId } = context;
    return answered(async () => {
      const { agent, isNew } = this.#pool.register(tenantId, params);
      if (isNew) await this.#loadMetrics(tenantId, agent.agentId);
      const { agentId, role } = agent;
      const total = this.#pool.of(tenantId).length;
      this.logger.info('hierarchical_agent_registered', { agentId, role, replaced: !isNew });
      return StepResult.ok({ agentId, role, total, replaced: !isNew });
    });
  }

  @operation({
    name: 'record_heartbeat',
    params: HeartbeatParams,
    description: 'Says for an agent that works elsewhere that it lives.',
  })
  recordHeartbeat(
    context: OperationContext,
    { agentId }: HeartbeatParams,
  ): StepResult<{ readonly agentId: string }> {
    const agent = this.#pool.get(context.tenantId, agentId);
    if (agent === undefined) {
      return new HierarchicalError(
        'HIERARCHICAL_AGENT_UNKNOWN',
        `There is no agent "${agentId}". Register it first.`,
      ).toResult();
    }
    agent.heard();
    for (const run of this.#sessions.runs) if (run.tenantId === context.tenantId) run.heard(agentId);
    this.#pool.wake();
    return StepResult.ok({ agentId });
  }

  @operation({
    name: 'get_orchestration_status',
    default: true,
    description: 'The sessions and agents of the tenant, and how they are.',
  })
  async getOrchestrationStatus(context: OperationContext): Promise<StepResult<HierarchicalStatus>> {
    return answered(async () => {
      const { sessions, unreadable } = await this.#store.list(context.tenantId);
      const live = new Map(
        this.#sessions.runs
          .filter(({ tenantId }) => tenantId === context.tenantId)
          .map(({ record }) => [record.sessionId, record]),
      );
      const agents = this.#pool.of(context.tenantId);
      return StepResult.ok(
        statusOf(
          sessions.map((session) => live.get(session.sessionId) ?? session),
          agents.map((agent) => agent.report()),
          { unreadable, executors: agents.filter(({ canExecute }) => canExecute).length },
        ),
      );
    });
  }

  /** Hands on the tasks of agents that have fallen silent, and reports those that take too long. */
  @background({ everyMs: SUPERVISE_EVERY_MS, initialDelayMs: SUPERVISE_EVERY_MS, jitterRatio: 0 })
  supervise(_signal: AbortSignal): void {
    for (const run of this.#sessions.runs) run.supervise();
  }

  override health(): HealthAnswer {
    if (this.#unsaved === undefined) return true;
    return {
      status: 'degraded',
      score: 50,
      message: `Sessions are not being stored: ${this.#unsaved}`,
    };
  }

  async #loadMetrics(tenantId: string, agentId: string): Promise<void> {
    const agent = this.#pool.get(tenantId, agentId);
    try {
      if (agent !== undefined) agent.metrics = await this.#store.metricsOf(tenantId, agentId);
    } catch (thrown) {
      this.#saved(thrown);
    }
  }

  #saved(thrown: unknown): void {
    if (thrown !== undefined && this.#unsaved === undefined) {
      this.logger.error('hierarchical_session_not_saved', { error: thrown });
    }
    this.#unsaved =
      thrown === undefined
        ? undefined
        : thrown instanceof Error
          ? thrown.message
          : 'the store said no without saying why';
  }
}
