import type { Clock, OperationContext, StepResult } from '@kapelle/core';
import type { AgentRun } from '../hierarchical/agent.js';
import { type CapabilityReport, checkCapabilities, type MissingCapability } from './capability-check.js';
import { ANALYST, DEFAULT_MISSION_AGENTS } from './default-agents.js';
import type { MissionAgents, MissionCapabilityProbe, MissionContent } from './mission-agent.js';
import { chooseDepth, MISSION_DEPTHS, type MissionDepth } from './mission-depth.js';
import { MissionError } from './mission-error.js';
import type { MissionSettings } from './mission-options.js';
import type { PlanMissionParams } from './mission-params.js';
import { type MissionPlan, missionPlanOf, type PlanInput } from './mission-plan.js';
import { MISSION_STAGES, stagesOf } from './mission-stages.js';
import type { StageHistory } from './stage-history.js';

export interface MissionPlannerDeps {
  readonly bound: MissionAgents;
  /** The built-in agents and those that are bound in their place. */
  readonly agents: MissionAgents;
  readonly probes: readonly MissionCapabilityProbe[];
  readonly history: StageHistory;
  readonly settings: MissionSettings;
  readonly clock: Clock;
}

const AGENTS = [...new Set(MISSION_STAGES.map(({ agent }) => agent))];

/** Plans missions from what is there now, and what was measured before. */
export class MissionPlanner {
  readonly #deps: MissionPlannerDeps;

  constructor(deps: MissionPlannerDeps) {
    this.#deps = deps;
  }

  /**
   * A plan that can be kept.
   *
   * @throws MissionError `MISSION_CONTENT_MISSING`, `MISSION_CAPABILITY_MISSING`, or `MISSION_BUDGET_TOO_SMALL` with the
   * plan that would fit in `details.offer`
   */
  async plan(context: OperationContext, params: PlanMissionParams): Promise<MissionPlan> {
    const content = contentOf(params);
    const { depth, notice } = chooseDepth(params.depth, this.#deps.settings.allowExperimental);
    const capabilities = await this.capabilities(
      (orchestrator, asked) => context.call(orchestrator, asked) as Promise<StepResult<never>>,
      content,
    );
    refuseWithout(capabilities, depth);
    const plan = await this.#at(depth, context, {
      content,
      capabilities,
      params,
      notices: [notice ?? []].flat(),
    });
    const short = shortfall(plan, params);
    if (short === undefined) return plan;
    const offer = await this.#offer(depth, context, { content, capabilities, params });
    const what =
      offer === undefined
        ? 'No plan is small enough. Raise the budget.'
        : `Raise the budget, or take the depth ${offer.depth}, which comes to ${offer.budget.plannedUsd} US dollars and ${offer.estimate.minutes.toFixed(1)} minutes.`;
    throw new MissionError('MISSION_BUDGET_TOO_SMALL', `A mission of the depth ${depth} ${short}. ${what}`, {
      plannedUsd: plan.budget.plannedUsd,
      estimatedMinutes: plan.estimate.minutes,
      ...(offer === undefined ? {} : { offer }),
    });
  }

  /** What is there for some content. `call` calls an orchestrator within the call that asks. */
  capabilities(call: AgentRun['call'], content: MissionContent): Promise<CapabilityReport> {
    const { agents, bound, clock, probes, settings } = this.#deps;
    const builtIn = Object.keys(DEFAULT_MISSION_AGENTS).filter((name) => !Object.hasOwn(bound, name));
    const analyst: MissionCapabilityProbe = {
      name: ANALYST,
      agents: builtIn,
      check: async () => {
        const answer = await call(ANALYST, { operation: 'list', limit: 1 });
        return answer.status === 'failed'
          ? {
              available: false,
              reason: answer.error,
              fix: 'Add AutonomousIntelligenceOrchestrator to the host, or bind agents under MISSION_AGENTS.',
            }
          : true;
      },
    };
    return checkCapabilities(AGENTS, content, {
      agents,
      probes: builtIn.length === 0 ? probes : [...probes, analyst],
      clock,
      timeoutMs: settings.probeTimeoutMs,
    });
  }

  /** The deepest plan below a depth that fits the limits. */
  async #offer(
    depth: MissionDepth,
    context: OperationContext,
    from: PlanSource,
  ): Promise<MissionPlan | undefined> {
    const lower = MISSION_DEPTHS.slice(0, MISSION_DEPTHS.indexOf(depth)).reverse();
    for (const each of lower) {
      const plan = await this.#at(each, context, from);
      if (shortfall(plan, from.params) === undefined) return plan;
    }
    return undefined;
  }

  async #at(depth: MissionDepth, { tenantId }: OperationContext, from: PlanSource): Promise<MissionPlan> {
    const { agents, history } = this.#deps;
    const input: PlanInput = {
      content: from.content,
      depth,
      capabilities: from.capabilities,
      agents,
      timings: await history.timings(tenantId, depth),
      budgetUsd: from.params.budgetUsd,
      notices: from.notices ?? [],
    };
    return missionPlanOf(input);
  }
}

interface PlanSource {
  readonly content: MissionContent;
  readonly capabilities: CapabilityReport;
  readonly params: PlanMissionParams;
  readonly notices?: readonly string[];
}

/** @throws MissionError `MISSION_CONTENT_MISSING` */
export function contentOf({ uri, description }: PlanMissionParams): MissionContent {
  if (uri === undefined && description === undefined) {
    throw new MissionError(
      'MISSION_CONTENT_MISSING',
      'A mission needs a uri or a description. Give it one of them.',
    );
  }
  return { ...(uri === undefined ? {} : { uri }), ...(description === undefined ? {} : { description }) };
}

/** @throws MissionError `MISSION_CAPABILITY_MISSING` with all that is missing in `details.missing` */
export function refuseWithout(capabilities: CapabilityReport, depth: MissionDepth): void {
  const missing = new Map<string, MissingCapability>(capabilities.critical.map((lack) => [lack.name, lack]));
  for (const { agent, priority } of stagesOf(depth)) {
    const lack = capabilities.missing[agent];
    if (priority === 'critical' && lack !== undefined) missing.set(lack.name, lack);
  }
  if (missing.size === 0) return;
  const lacks = [...missing.values()];
  throw new MissionError(
    'MISSION_CAPABILITY_MISSING',
    `The mission cannot do without: ${lacks.map(({ name, reason, fix }) => `${name} (${reason} ${fix})`).join('; ')}`,
    { missing: lacks },
  );
}

/** What a plan needs that it must not take, in words. */
function shortfall(plan: MissionPlan, { budgetUsd, maxMinutes }: PlanMissionParams): string | undefined {
  const found = [
    ...(budgetUsd !== undefined && plan.budget.plannedUsd > budgetUsd
      ? [`comes to ${plan.budget.plannedUsd} US dollars, and ${budgetUsd} are there`]
      : []),
    ...(maxMinutes !== undefined && plan.estimate.minutes > maxMinutes
      ? [`takes ${plan.estimate.minutes.toFixed(1)} minutes, and ${maxMinutes} are there`]
      : []),
  ];
  return found.length === 0 ? undefined : found.join(' and ');
}
