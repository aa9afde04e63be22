import {
  type Clock,
  type Logger,
  type OperationContext,
  OrchestrationContext,
  StepResult,
} from '@kapelle/core';
import type { SessionOutcome } from '../hierarchical/session-reports.js';
import type { MissionAgents, MissionBrief } from './mission-agent.js';
import type { MissionDepth } from './mission-depth.js';
import { MissionError } from './mission-error.js';
import { measuredStages, missionOutcomeOf, missionStatusOf, outputsOf } from './mission-outcome.js';
import { type MissionPlanner, refuseWithout } from './mission-planner.js';
import type { Mission, MissionRecord } from './mission-record.js';
import { objectivesOf, registrationsOf, type StageHooks } from './mission-session.js';
import type { MissionStore } from './mission-store.js';
import type { StageHistory } from './stage-history.js';

/** The orchestrator that executes missions. */
const EXECUTOR = 'hierarchical';

export interface MissionSupervisorDeps {
  readonly agents: MissionAgents;
  readonly planner: MissionPlanner;
  readonly history: StageHistory;
  readonly store: MissionStore;
  readonly clock: Clock;
  readonly logger: () => Logger;
  /** Calls an orchestrator in a context of its own, after that of the call has ended. */
  readonly delegate: (context: OrchestrationContext, params: unknown) => Promise<StepResult>;
}

/** A mission that runs in this process. */
interface RunningMission {
  sessionId?: string;
  /** Why it is to end. */
  cancelled?: string;
  /** Stages that are over, those of earlier runs included. */
  readonly over: Set<string>;
  readonly onStage: (stage: string) => void;
  readonly done: Promise<unknown>;
}

/** Has missions executed, and says what came of them. */
export class MissionSupervisor {
  readonly #deps: MissionSupervisorDeps;
  /** By tenant and mission. */
  readonly #running = new Map<string, RunningMission>();
  readonly #hooks: StageHooks;
  #isStopping = false;

  constructor(deps: MissionSupervisorDeps) {
    this.#deps = deps;
    this.#hooks = {
      // Whether what the plan counts on is still there.
      confirm: async (task, run) => {
        const brief = task.missionContext as MissionBrief;
        const capabilities = await deps.planner.capabilities(run.call, brief.content);
        try {
          refuseWithout(capabilities, brief.depth as MissionDepth);
        } catch (thrown) {
          if (thrown instanceof MissionError) return thrown.toResult();
          throw thrown;
        }
        return { depth: brief.depth, stages: brief.stages, agents: capabilities.available };
      },
      onEnd: (tenantId, sessionId, stage) => {
        for (const [key, running] of this.#running) {
          if (running.sessionId === sessionId && key.startsWith(`${tenantId}\n`)) running.onStage(stage);
        }
      },
    };
  }

  /** From now on what is ended from outside is interrupted, not cancelled. */
  stopping(): void {
    this.#isStopping = true;
  }

  async idle(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  /** @throws MissionError `MISSION_RUNNING` */
  refuseRunning(tenantId: string, missionId: string): void {
    if (!this.#running.has(keyOf(tenantId, missionId))) return;
    throw new MissionError(
      'MISSION_RUNNING',
      `The mission "${missionId}" is running already. Get or cancel it.`,
    );
  }

  /** Runs a mission, or goes on with it. */
  run(context: OperationContext, record: MissionRecord): Promise<StepResult<Mission>> {
    const { missionId, plan } = record;
    this.refuseRunning(context.tenantId, missionId);
    const key = keyOf(context.tenantId, missionId);
    const over = new Set<string>();
    let end: () => void = () => undefined;
    const running: RunningMission = {
      over,
      onStage: (stage) => {
        over.add(stage);
        if (!context.signal.aborted) context.progress(over.size / plan.stages.length, stage);
      },
      done: new Promise<void>((resolve) => {
        end = resolve;
      }),
    };
    this.#running.set(key, running);
    return this.#supervise(context, record, running).finally(() => {
      this.#running.delete(key);
      end();
    });
  }

  /** Ends a mission where it runs, and its session. */
  async cancel(
    context: OperationContext,
    target: Pick<MissionRecord, 'missionId' | 'sessionId'>,
    reason: string,
  ): Promise<void> {
    const running = this.#running.get(keyOf(context.tenantId, target.missionId));
    if (running !== undefined) running.cancelled = reason;
    const sessionId = running?.sessionId ?? target.sessionId;
    if (sessionId !== undefined) await cancelSession(context, sessionId, reason);
    await running?.done;
  }

  async #supervise(
    context: OperationContext,
    record: MissionRecord,
    running: RunningMission,
  ): Promise<StepResult<Mission>> {
    const { agents, clock, store } = this.#deps;
    const { tenantId } = context;
    for (const registration of registrationsOf(record.plan, agents, this.#hooks)) {
      await context.callOrThrow(EXECUTOR, { operation: 'register_agent', ...registration });
    }
    const isNew = record.sessionId === undefined;
    const sessionId = record.sessionId ?? (await createSession(context, record));
    record.sessionId = sessionId;
    record.status = 'running';
    record.startedAt ??= clock.now();
    try {
      await store.claim(tenantId, record);
    } catch (thrown) {
      // Another process has a session of its own for it: this one must not be executed beside it.
      if (isNew) await cancelSession(context, sessionId, 'The mission is run by another process.');
      throw thrown;
    }
    running.sessionId = sessionId;
    if (!isNew) {
      const before = outcomeIn(await context.call(EXECUTOR, { operation: 'get_session_outcome', sessionId }));
      for (const [stage, { status }] of Object.entries(before?.executionResults ?? {})) {
        if (status === 'completed') running.over.add(stage);
      }
    }
    if (running.cancelled !== undefined) await cancelSession(context, sessionId, running.cancelled);
    const params = { operation: 'execute_orchestration_session', sessionId };
    // A mission that was cancelled before it began has nothing to execute.
    const result =
      running.cancelled === undefined
        ? await context.call<SessionOutcome>(EXECUTOR, params)
        : StepResult.fail(running.cancelled, { errorCategory: 'cancelled' });
    const cancelled =
      running.cancelled ?? (context.signal.aborted ? 'The caller has ended the call.' : undefined);
    if (cancelled === undefined) {
      const outcome = outcomeIn(result);
      // A refusal says nothing about how the mission goes.
      if (outcome === undefined) return result as StepResult<never>;
      return this.#conclude(tenantId, record, { outcome });
    }
    // At the end of the host it is only interrupted.
    if (this.#isStopping) return result as StepResult<never>;
    const outcome = outcomeIn(result) ?? (await this.#outcomeAfter(context, sessionId, cancelled));
    return this.#conclude(tenantId, record, { outcome, cancelled });
  }

  /** The session ends a moment after the call of its execution does; then it says what was done, and spent. */
  async #outcomeAfter(
    { tenantId, requestId }: OperationContext,
    sessionId: string,
    reason: string,
  ): Promise<SessionOutcome | undefined> {
    const context = OrchestrationContext.create({ tenantId, requestId });
    const { delegate } = this.#deps;
    await delegate(context, { operation: 'cancel_orchestration_session', sessionId, reason });
    return outcomeIn(await delegate(context, { operation: 'get_session_outcome', sessionId }));
  }

  async #conclude(
    tenantId: string,
    record: MissionRecord,
    ended: { readonly outcome: SessionOutcome | undefined; readonly cancelled?: string },
  ): Promise<StepResult<Mission>> {
    const { clock, history, store, logger } = this.#deps;
    const { missionId, plan } = record;
    const { outcome: session, cancelled } = ended;
    record.status = missionStatusOf(session, plan, cancelled !== undefined);
    record.finishedAt = clock.now();
    if (session !== undefined) record.outcome = missionOutcomeOf(plan, session, cancelled);
    const outputs = session === undefined ? {} : outputsOf(session);
    await store.putOutputs(tenantId, missionId, outputs);
    await store.put(tenantId, record);
    try {
      if (session !== undefined) await history.add(tenantId, plan.depth, measuredStages(session));
    } catch (thrown) {
      // The mission is over and stored; only a measurement is missing.
      logger().warn('mission_timings_not_stored', { missionId, error: String(thrown) });
    }
    const { status, outcome } = record;
    logger().info('mission_ended', {
      missionId,
      status,
      plannedUsd: plan.budget.plannedUsd,
      ...(outcome === undefined ? {} : { spentUsd: outcome.spentUsd, minutes: outcome.minutes }),
    });
    return resultOf({ ...record, outputs }, cancelled);
  }
}

/** What a mission that is over means for its caller. */
function resultOf(mission: Mission, cancelled: string | undefined): StepResult<Mission> {
  const { missionId, outcome, plan, status } = mission;
  const undone = outcome?.stages.filter((stage) => stage.status !== 'completed') ?? [];
  const warnings = [
    ...plan.warnings,
    ...undone.map(({ stage, error }) => `The stage ${stage} was not done: ${error ?? 'it was not begun'}`),
  ];
  switch (status) {
    case 'completed':
      return StepResult.ok(mission, { warnings });
    case 'degraded':
      return StepResult.uncertain(mission, { reason: 'Not every stage of the depth was done.', warnings });
    case 'cancelled':
      return new MissionError(
        'MISSION_CANCELLED',
        `The mission "${missionId}" was cancelled: ${cancelled ?? outcome?.failure ?? 'no reason is known.'}`,
        { mission },
      ).toResult();
    default:
      return new MissionError(
        'MISSION_FAILED',
        `The mission "${missionId}" has failed: ${outcome?.failure ?? 'its session was lost.'} Mend that, and run another one.`,
        { mission },
      ).toResult();
  }
}

async function createSession(context: OperationContext, record: MissionRecord): Promise<string> {
  const { missionId, plan, content, maxMinutes } = record;
  const brief: MissionBrief = {
    missionId,
    content,
    depth: plan.depth,
    stages: plan.stages.map(({ id }) => id),
  };
  const created = await context.callOrThrow<{ readonly sessionId: string }>(EXECUTOR, {
    operation: 'create_orchestration_session',
    name: `Mission ${missionId}`,
    objectives: objectivesOf(plan),
    missionContext: brief,
    budget: {
      cost: plan.budget.limitUsd,
      ...(maxMinutes === undefined ? {} : { timeMs: maxMinutes * 60_000 }),
    },
  });
  return created.sessionId;
}

async function cancelSession(context: OperationContext, sessionId: string, reason: string): Promise<void> {
  await context.callOrThrow(EXECUTOR, { operation: 'cancel_orchestration_session', sessionId, reason });
}

/** How a session went, where its result says so. */
export function outcomeIn(result: StepResult): SessionOutcome | undefined {
  if (result.status === 'ok' || result.status === 'uncertain') return result.data as SessionOutcome;
  if (result.status !== 'failed' || typeof result.details !== 'object' || result.details === null) {
    return undefined;
  }
  return Reflect.get(result.details, 'outcome') as SessionOutcome | undefined;
}

function keyOf(tenantId: string, missionId: string): string {
  return `${tenantId}\n${missionId}`;
}
