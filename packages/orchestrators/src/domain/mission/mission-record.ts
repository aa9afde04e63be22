import { MissionError } from './mission-error.js';
import type { MissionContent } from './mission-agent.js';
import type { BudgetCategory, MissionDepth } from './mission-depth.js';
import type { MissionPlan } from './mission-plan.js';

/** Of a stored mission; another one is not read. */
const MISSION_FORMAT = 1;

/**
 * `planned`: not run yet; `running`: being run, or interrupted by the end of the process; `completed`: all planned stages
 * are done; `degraded`: the critical ones are, others are not; `failed`; `cancelled`.
 */
export const MISSION_STATUSES = [
  'planned',
  'running',
  'completed',
  'degraded',
  'failed',
  'cancelled',
] as const;
export type MissionStatus = (typeof MISSION_STATUSES)[number];

/** What became of a stage. */
export interface StageOutcome {
  readonly stage: string;
  readonly agent: string;
  readonly status: 'completed' | 'failed' | 'cancelled' | 'open';
  /** Whether the agent itself is not certain of it, or passed it over. */
  readonly outcome?: 'ok' | 'uncertain' | 'skipped';
  readonly attempts: number;
  readonly durationMs?: number;
  readonly plannedUsd: number;
  /** What the agent has charged. */
  readonly spentUsd: number;
  readonly category?: BudgetCategory;
  readonly error?: string;
  /** Why it is not certain, or was passed over. */
  readonly reason?: string;
}

/** What a mission has come to. */
export interface MissionOutcome {
  readonly stages: readonly StageOutcome[];
  readonly plannedUsd: number;
  readonly spentUsd: number;
  readonly byCategory: Readonly<
    Record<BudgetCategory, { readonly plannedUsd: number; readonly spentUsd: number }>
  >;
  readonly estimatedMinutes: number;
  /** Measured, in minutes of execution. */
  readonly minutes: number;
  /** Why it has failed or was cancelled. */
  readonly failure?: string;
}

/** A mission, as it is stored. */
export interface MissionRecord {
  readonly formatVersion: typeof MISSION_FORMAT;
  readonly missionId: string;
  readonly content: MissionContent;
  readonly plan: MissionPlan;
  readonly maxMinutes?: number;
  readonly createdAt: number;
  status: MissionStatus;
  startedAt?: number;
  finishedAt?: number;
  /** Of `hierarchical`, which executes it. */
  sessionId?: string;
  outcome?: MissionOutcome;
}

/** A mission as `get` and `run` give it. */
export interface Mission extends Readonly<MissionRecord> {
  /** What the stages have given, by stage. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** A mission as a list shows it. */
export interface MissionSummary {
  readonly missionId: string;
  readonly status: MissionStatus;
  readonly content: MissionContent;
  readonly depth: MissionDepth;
  readonly stages: number;
  readonly plannedUsd: number;
  readonly spentUsd?: number;
  readonly createdAt: number;
  readonly finishedAt?: number;
}

export function newMission(
  init: Pick<MissionRecord, 'missionId' | 'content' | 'plan' | 'createdAt'> & {
    readonly maxMinutes?: number | undefined;
  },
): MissionRecord {
  const { missionId, content, plan, createdAt, maxMinutes } = init;
  return {
    formatVersion: MISSION_FORMAT,
    missionId,
    content,
    plan,
    ...(maxMinutes === undefined ? {} : { maxMinutes }),
    createdAt,
    status: 'planned',
  };
}

/** Whether nothing more happens with it. */
export function isMissionOver(status: MissionStatus): boolean {
  return status !== 'planned' && status !== 'running';
}

export function missionSummaryOf(record: MissionRecord): MissionSummary {
  const { missionId, status, content, plan, createdAt, finishedAt, outcome } = record;
  return {
    missionId,
    status,
    content,
    depth: plan.depth,
    stages: plan.stages.length,
    plannedUsd: plan.budget.plannedUsd,
    ...(outcome === undefined ? {} : { spentUsd: outcome.spentUsd }),
    createdAt,
    ...(finishedAt === undefined ? {} : { finishedAt }),
  };
}

/** @throws MissionError `MISSION_UNREADABLE` */
export function readMission(missionId: string, value: unknown): MissionRecord {
  const record = value as Partial<MissionRecord> | null;
  if (record?.formatVersion !== MISSION_FORMAT || record.plan === undefined || record.content === undefined) {
    throw new MissionError(
      'MISSION_UNREADABLE',
      `The stored mission "${missionId}" has the format ${JSON.stringify(record?.formatVersion ?? null)}, this version reads ${MISSION_FORMAT}. ` +
        'Use the version that wrote it, or delete the record.',
    );
  }
  return record as MissionRecord;
}
