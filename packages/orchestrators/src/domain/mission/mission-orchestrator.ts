import {
  BaseOrchestrator,
  type Clock,
  CLOCK,
  operation,
  type OperationContext,
  orchestrator,
  StepResult,
  systemClock,
} from '@kapelle/core';
import { inject, optional } from 'inversify';
import { stateStoreFor, STATE_STORE, type StateStore } from '../../state/index.js';
import { HierarchicalOrchestrator } from '../hierarchical/hierarchical-orchestrator.js';
import { DEFAULT_MISSION_AGENTS } from './default-agents.js';
import {
  MISSION_AGENTS,
  MISSION_PROBES,
  type MissionAgents,
  type MissionCapabilityProbe,
} from './mission-agent.js';
import { MissionError, missionFailure } from './mission-error.js';
import { MISSION_OPTIONS, type MissionOptions, missionSettings } from './mission-options.js';
import { missionOutcomeOf, outputsOf } from './mission-outcome.js';
import {
  CancelMissionParams,
  GetMissionParams,
  ListMissionsParams,
  PlanMissionParams,
  RunMissionParams,
} from './mission-params.js';
import { contentOf, MissionPlanner } from './mission-planner.js';
import {
  isMissionOver,
  type Mission,
  type MissionRecord,
  type MissionSummary,
  missionSummaryOf,
  newMission,
} from './mission-record.js';
import { CONFIRMED } from './mission-session.js';
import { MissionStore } from './mission-store.js';
import { MissionSupervisor, outcomeIn } from './mission-supervisor.js';
import { StageHistory } from './stage-history.js';

/**
 * Turns content into a staged plan that can be kept, has `hierarchical` execute it, and stores what came of it.
 *
 * Failures have their code in `details.code`; those of `hierarchical` and of the store are passed on.
 */
@orchestrator('domain', 'hierarchical', {
  name: 'mission',
  description: 'Plans a mission by depth, budget and what is available, and supervises it.',
  dependsOn: [HierarchicalOrchestrator],
})
export class MissionOrchestrator extends BaseOrchestrator {
  readonly #planner: MissionPlanner;
  readonly #store: MissionStore;
  readonly #supervisor: MissionSupervisor;
  readonly #clock: Clock;
  #made = 0;

  constructor(
    @inject(MISSION_OPTIONS) @optional() options: MissionOptions = {},
    @inject(MISSION_AGENTS) @optional() bound: MissionAgents = {},
    @inject(MISSION_PROBES) @optional() probes: readonly MissionCapabilityProbe[] = [],
    @inject(CLOCK) @optional() clock: Clock = systemClock,
    @inject(STATE_STORE) @optional() state?: StateStore,
  ) {
    super();
    const settings = missionSettings(options);
    const store = stateStoreFor(state, clock);
    const history = new StageHistory(store);
    const agents: MissionAgents = {
      mission_orchestrator: { execute: CONFIRMED },
      ...DEFAULT_MISSION_AGENTS,
      ...bound,
    };
    this.#clock = clock;
    this.#store = new MissionStore(store, settings);
    this.#planner = new MissionPlanner({ bound, agents, probes, history, settings, clock });
    this.#supervisor = new MissionSupervisor({
      agents,
      planner: this.#planner,
      history,
      store: this.#store,
      clock,
      logger: () => this.logger,
      delegate: (context, params) => this.delegate<unknown>('hierarchical', context, params),
    });
  }

  override drain(): void {
    this.#supervisor.stopping();
  }

  override async cleanup(): Promise<void> {
    await this.#supervisor.idle();
  }

  /** Makes and stores a plan. `MISSION_CAPABILITY_MISSING` and `MISSION_BUDGET_TOO_SMALL` say what to do. */
  @operation({ params: PlanMissionParams, description: 'Plans a mission and stores the plan.' })
  plan(context: OperationContext, params: PlanMissionParams): Promise<StepResult<Mission>> {
    return answered(async () => {
      const record = await this.#plan(context, params);
      return StepResult.ok({ ...record, outputs: {} }, { warnings: record.plan.warnings });
    });
  }

  /** Runs a mission that is planned, goes on with one that was interrupted, or plans one and runs it. */
  @operation({
    default: true,
    params: RunMissionParams,
    description: 'Runs a mission and gives what came of it.',
  })
  run(context: OperationContext, params: RunMissionParams): Promise<StepResult<Mission>> {
    return answered(async () => {
      const { missionId } = params;
      const { tenantId } = context;
      if (missionId === undefined) return this.#supervisor.run(context, await this.#plan(context, params));
      this.#supervisor.refuseRunning(tenantId, missionId);
      const record = await this.#store.get(tenantId, missionId);
      if (record.status === 'cancelled') {
        throw new MissionError('MISSION_OVER', `The mission "${missionId}" was cancelled. Plan another one.`);
      }
      if (!isMissionOver(record.status)) return this.#supervisor.run(context, record);
      const mission = { ...record, outputs: await this.#store.outputs(tenantId, missionId) };
      return StepResult.ok(mission, { metadata: { cached: true } });
    });
  }

  /** A stored mission, with what its stages have given so far. */
  @operation({ params: GetMissionParams, description: 'Gives a mission, also while it runs.' })
  get(context: OperationContext, { missionId }: GetMissionParams): Promise<StepResult<Mission>> {
    return answered(async () => {
      const record = await this.#store.get(context.tenantId, missionId);
      const { plan, sessionId, status } = record;
      if (status === 'running' && sessionId !== undefined) {
        const session = outcomeIn(
          await context.call('hierarchical', { operation: 'get_session_outcome', sessionId }),
        );
        if (session !== undefined) {
          const outcome = missionOutcomeOf(plan, session);
          return StepResult.ok<Mission>({ ...record, outcome, outputs: outputsOf(session) });
        }
      }
      const outputs = await this.#store.outputs(context.tenantId, missionId);
      return StepResult.ok<Mission>({ ...record, outputs });
    });
  }

  /** Stored missions, the newest first. */
  @operation({ params: ListMissionsParams, description: 'Lists stored missions, the newest first.' })
  list(
    context: OperationContext,
    params: ListMissionsParams,
  ): Promise<StepResult<readonly MissionSummary[]>> {
    return answered(async () => {
      const missions = await this.#store.list(context.tenantId);
      const { status } = params;
      const wanted = status ? missions.filter((each) => each.status === status) : missions;
      const offset = params.offset ?? 0;
      return StepResult.ok(wanted.slice(offset, offset + (params.limit ?? 50)).map(missionSummaryOf));
    });
  }

  /** Ends a mission for good. One that is over stays as it is. */
  @operation({ params: CancelMissionParams, description: 'Ends a mission for good.' })
  cancel(context: OperationContext, params: CancelMissionParams): Promise<StepResult<MissionSummary>> {
    return answered(async () => {
      const { missionId } = params;
      const reason = params.reason ?? 'It was cancelled.';
      const found = await this.#store.get(context.tenantId, missionId);
      if (!isMissionOver(found.status)) await this.#supervisor.cancel(context, found, reason);
      const record = await this.#store.get(context.tenantId, missionId);
      if (!isMissionOver(record.status)) {
        record.status = 'cancelled';
        record.finishedAt = this.#clock.now();
        await this.#store.put(context.tenantId, record);
      }
      return StepResult.ok(missionSummaryOf(record));
    });
  }

  async #plan(context: OperationContext, params: PlanMissionParams): Promise<MissionRecord> {
    const plan = await this.#planner.plan(context, params);
    const createdAt = this.#clock.now();
    this.#made += 1;
    const noise = Math.floor(context.random() * 2 ** 32).toString(36);
    const missionId = `mission_${createdAt.toString(36)}_${this.#made.toString(36)}_${noise}`;
    const { maxMinutes } = params;
    const record = newMission({ missionId, content: contentOf(params), plan, createdAt, maxMinutes });
    await this.#store.makeRoom(context.tenantId);
    await this.#store.put(context.tenantId, record);
    this.logger.info('mission_planned', {
      missionId,
      depth: plan.depth,
      stages: plan.stages.length,
      leftOut: plan.leftOut.length,
      plannedUsd: plan.budget.plannedUsd,
    });
    return record;
  }
}

/** What the work gives; what it throws as the failed result that it means. */
async function answered<T>(work: () => Promise<StepResult<T>>): Promise<StepResult<T>> {
  try {
    return await work();
  } catch (thrown) {
    return missionFailure(thrown);
  }
}
