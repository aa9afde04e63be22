import { riskOf, type PlanRisk } from '../hierarchical/strategic-plan.js';
import { criticalPathOf, phasesOf } from '../hierarchical/task-graph.js';
import type { CapabilityReport, MissingCapability } from './capability-check.js';
import type { MissionAgents, MissionContent } from './mission-agent.js';
import {
  BUDGET_CATEGORIES,
  type BudgetCategory,
  MISSION_DEPTH_TABLES,
  type MissionDepth,
  TABLE_TOLERANCE,
} from './mission-depth.js';
import {
  type MissionStage,
  needsWithin,
  STAGE_PRIORITIES,
  type StagePriority,
  stagesOf,
} from './mission-stages.js';
import type { StageTiming } from './stage-history.js';

/** A stage as it is planned. */
export interface PlannedStage {
  readonly id: string;
  readonly title: string;
  readonly agent: string;
  readonly priority: StagePriority;
  /** Planned stages that come first. */
  readonly needs: readonly string[];
  readonly category?: BudgetCategory;
  readonly budgetUsd: number;
  readonly estimatedMs: number;
  /** Where the estimate is from: measured before, or the table of the depth. */
  readonly estimateSource: 'measured' | 'table';
  /** What was measured before. */
  readonly timing?: StageTiming;
}

/** A stage of the depth that is left out, and what would bring it back. */
export interface LeftOutStage extends MissingCapability {
  readonly stage: string;
  readonly priority: StagePriority;
}

/** How long a mission takes along its critical path. */
export interface MissionEstimate {
  readonly minutes: number;
  readonly lowMinutes: number;
  readonly highMinutes: number;
  /** `measured` where all stages were, `table` where none was. */
  readonly source: 'measured' | 'mixed' | 'table';
}

/** How a mission is to be done. */
export interface MissionPlan {
  readonly depth: MissionDepth;
  readonly stages: readonly PlannedStage[];
  readonly leftOut: readonly LeftOutStage[];
  /** Agents that have a stage. */
  readonly agents: readonly string[];
  /** The agents at the core of the depth, whether they have a stage or not. */
  readonly crew: readonly string[];
  readonly budget: {
    /** What it may cost at most: as asked for, else what is planned. */
    readonly limitUsd: number;
    readonly plannedUsd: number;
    readonly byCategory: Readonly<Record<BudgetCategory, number>>;
  };
  readonly estimate: MissionEstimate;
  readonly criticalPath: readonly string[];
  readonly risk: PlanRisk;
  /** Whether stages are left out. */
  readonly degraded: boolean;
  readonly warnings: readonly string[];
}

/** What a plan is made of. */
export interface PlanInput {
  readonly content: MissionContent;
  readonly depth: MissionDepth;
  readonly capabilities: CapabilityReport;
  readonly agents: MissionAgents;
  readonly timings: ReadonlyMap<string, StageTiming>;
  readonly budgetUsd?: number | undefined;
  readonly notices?: readonly string[];
}

/** The plan of a mission at one depth, with the stages whose agents are there. */
export function missionPlanOf(input: PlanInput): MissionPlan {
  const { depth, capabilities } = input;
  const wanted = stagesOf(depth);
  const leftOut = wanted.flatMap((stage): LeftOutStage[] => {
    const lack = Object.hasOwn(capabilities.missing, stage.agent)
      ? capabilities.missing[stage.agent]
      : undefined;
    return lack === undefined ? [] : [{ ...lack, stage: stage.id, priority: stage.priority }];
  });
  const kept = wanted.filter(({ agent }) => capabilities.available.includes(agent));
  const stages = plannedStages(kept, wanted, input);
  const plannedUsd = rounded(stages.reduce((total, { budgetUsd }) => total + budgetUsd, 0));
  const { path, estimate } = estimateOf(stages);
  return {
    depth,
    stages,
    leftOut,
    agents: [...new Set(stages.map(({ agent }) => agent))],
    crew: MISSION_DEPTH_TABLES[depth].crew,
    budget: {
      limitUsd: input.budgetUsd ?? plannedUsd,
      plannedUsd,
      byCategory: byCategory(stages, ({ budgetUsd }) => budgetUsd),
    },
    estimate,
    criticalPath: path,
    risk: missionRisk(stages, leftOut, estimate),
    degraded: leftOut.length > 0,
    warnings: [
      ...(input.notices ?? []),
      ...capabilities.optional.map(({ name, reason, fix }) => `${name}: ${reason} ${fix}`),
      ...leftOut.map(
        ({ stage, name, reason }) => `The stage ${stage} is left out, because ${name} is missing: ${reason}`,
      ),
    ],
  };
}

/** Sums by category; every category is there. */
export function byCategory<S extends { readonly category?: BudgetCategory }>(
  stages: readonly S[],
  amountOf: (stage: S) => number,
): Readonly<Record<BudgetCategory, number>> {
  const sums = Object.fromEntries(BUDGET_CATEGORIES.map((category) => [category, 0])) as Record<
    BudgetCategory,
    number
  >;
  for (const stage of stages) if (stage.category !== undefined) sums[stage.category] += amountOf(stage);
  for (const category of BUDGET_CATEGORIES) sums[category] = rounded(sums[category]);
  return sums;
}

function plannedStages(
  kept: readonly MissionStage[],
  wanted: readonly MissionStage[],
  input: PlanInput,
): PlannedStage[] {
  const { depth, agents, timings } = input;
  const table = MISSION_DEPTH_TABLES[depth];
  const ids = new Set(kept.map(({ id }) => id));
  // Each stage gets the same share, so that the longest line of the whole depth takes the minutes of the table.
  const line = lineLength(wanted);
  const shareMs = (table.minutes * 60_000) / line;
  return kept.map((stage) => {
    const timing = timings.get(stage.id);
    const sharing = kept.filter(({ category }) => category === stage.category).length;
    const agent = agents[stage.agent];
    const given = agent === undefined || agent === false ? undefined : agent.costUsd;
    const share = stage.category === undefined ? 0 : table.budgetUsd[stage.category] / sharing;
    return {
      id: stage.id,
      title: stage.title,
      agent: stage.agent,
      priority: stage.priority,
      needs: needsWithin(stage.id, ids),
      ...(stage.category === undefined ? {} : { category: stage.category }),
      // Rounded down, so that shares never come to more than the whole.
      budgetUsd: Math.floor((given ?? share) * MICRO + 1e-6) / MICRO,
      estimatedMs: timing?.medianMs ?? shareMs,
      estimateSource: timing === undefined ? 'table' : 'measured',
      ...(timing === undefined ? {} : { timing }),
    };
  });
}

function lineLength(stages: readonly MissionStage[]): number {
  const ids = new Set(stages.map(({ id }) => id));
  const tasks = stages.map(({ id }) => ({
    id,
    dependencies: needsWithin(id, ids),
    estimatedMs: 1,
    priority: 1,
  }));
  return Math.max(1, criticalPathOf(phasesOf(tasks)).lengthMs);
}

function estimateOf(stages: readonly PlannedStage[]): {
  readonly path: readonly string[];
  readonly estimate: MissionEstimate;
} {
  const along = (lengthOf: (stage: PlannedStage) => number) =>
    criticalPathOf(
      phasesOf(
        stages.map((stage) => ({
          id: stage.id,
          dependencies: stage.needs,
          estimatedMs: lengthOf(stage),
          priority: STAGE_PRIORITIES[stage.priority],
        })),
      ),
    );
  const middle = along(({ estimatedMs }) => estimatedMs);
  const low = along(({ timing, estimatedMs }) => timing?.shortestMs ?? estimatedMs * (1 - TABLE_TOLERANCE));
  const high = along(({ timing, estimatedMs }) => timing?.longestMs ?? estimatedMs * (1 + TABLE_TOLERANCE));
  const measured = stages.filter(({ estimateSource }) => estimateSource === 'measured').length;
  return {
    path: middle.path,
    estimate: {
      minutes: middle.lengthMs / 60_000,
      lowMinutes: low.lengthMs / 60_000,
      highMinutes: high.lengthMs / 60_000,
      source: measured === 0 ? 'table' : measured === stages.length ? 'measured' : 'mixed',
    },
  };
}

/** As for any plan; one level more where stages of high priority are left out. */
function missionRisk(
  stages: readonly PlannedStage[],
  leftOut: readonly LeftOutStage[],
  estimate: MissionEstimate,
): PlanRisk {
  const base = riskOf(
    stages.map(({ priority, needs }) => ({ priority: STAGE_PRIORITIES[priority], dependencies: needs })),
  );
  const high = leftOut.filter(({ priority }) => priority === 'high');
  const raised = base.level === 'low' ? 'medium' : 'high';
  return {
    level: high.length > 0 ? raised : base.level,
    factors: [
      ...base.factors,
      ...(high.length > 0
        ? [`Stages of high priority are left out: ${high.map(({ stage }) => stage).join(', ')}`]
        : []),
      ...(estimate.source === 'measured' ? [] : ['Not every stage was measured before']),
    ],
  };
}

const MICRO = 1_000_000;

/** Rounded to millionths, so that sums of binary fractions are what they should be. */
function rounded(usd: number): number {
  return Math.round(usd * MICRO) / MICRO;
}
