import { StepResult } from '@kapelle/core';
import { ANALYSIS_PARTS } from '../autonomous-intelligence/depth-plan.js';
import type { Briefing, Depth, StageNote } from '../autonomous-intelligence/model.js';
import type { AutonomyPath } from './autonomy-path.js';
import type { LackKind } from './autonomy-probe.js';

/** A capability that is not there, and who wants it. */
export interface MissingNeed {
  readonly capability: string;
  readonly kind: LackKind;
  readonly reason: string;
  readonly fix: string;
  /** Paths that cannot run without it. */
  readonly requiredBy: readonly AutonomyPath[];
  /** Paths that make a lesser briefing without it. */
  readonly usedBy: readonly AutonomyPath[];
}

/** A path that was tried, and what came of it. */
export interface PathAttempt {
  readonly path: AutonomyPath;
  readonly depth: Depth;
  /** `degraded` is a briefing that says what is missing in it. */
  readonly outcome: 'complete' | 'degraded' | 'failed' | 'timed_out';
  readonly ms: number;
  /** How long it was allowed to take. */
  readonly timeoutMs: number;
  /** Why there is no briefing. */
  readonly error?: string;
  /** The stable code of that. */
  readonly code?: string;
  /** Stages that failed in a degraded one. */
  readonly failedStages?: readonly string[];
}

/** What became of a stage, in the order of how good it is. */
export const STAGE_MARKS = ['done', 'reduced', 'failed', 'skipped'] as const;
/** One of {@link STAGE_MARKS}. */
export type StageMark = (typeof STAGE_MARKS)[number];

/** How a briefing was come by: `metadata.autonomy` of a result of `enhanced_autonomous`. JSON. */
export interface AutonomyReport {
  /** The depth that was asked for. */
  readonly askedDepth: Depth;
  /** The path that made the briefing, and at which depth; nothing where none did. */
  readonly path?: AutonomyPath;
  readonly depth?: Depth;
  /** The path that was chosen first; nothing where neither could run. */
  readonly chosen?: AutonomyPath;
  readonly chosenDepth?: Depth;
  /** Why that one. */
  readonly why: string;
  readonly missing: readonly MissingNeed[];
  readonly tried: readonly PathAttempt[];
  /** Of a briefing, in the order of the work. */
  readonly stages: readonly { readonly stage: string; readonly mark: StageMark }[];
  readonly ms: number;
}

/** The report of a result, if it has one. */
export function autonomyReportOf(result: StepResult): AutonomyReport | undefined {
  const { autonomy } = result.metadata;
  return typeof autonomy === 'object' && autonomy !== null ? (autonomy as AutonomyReport) : undefined;
}

/** What became of each part of the work, as the briefing and what is said of its storing tell. */
export function stageMarksOf(
  briefing: Pick<Briefing, 'notes'>,
  { stored }: { readonly stored: boolean },
): AutonomyReport['stages'] {
  const mark = (stage: string, names: readonly string[]): { stage: string; mark: StageMark } => ({
    stage,
    mark: markOf(
      briefing.notes.filter((note) => names.includes(note.stage)),
      names.length,
    ),
  });
  return [
    mark('acquisition', ['acquire']),
    mark('reading', ['parse', 'read']),
    mark('analysis', ANALYSIS_PARTS),
    mark('verification', ['verification']),
    mark('narrative', ['narrative']),
    { stage: 'storing', mark: stored ? 'done' : 'failed' },
  ];
}

function markOf(notes: readonly StageNote[], parts: number): StageMark {
  if (notes.length === 0) return 'done';
  const all = (outcome: StageNote['outcome']): boolean =>
    new Set(notes.filter((note) => note.outcome === outcome).map(({ stage }) => stage)).size === parts;
  if (all('skipped')) return 'skipped';
  if (all('failed')) return 'failed';
  // Parts that a depth leaves out are no loss.
  return notes.every(({ outcome }) => outcome === 'skipped') ? 'done' : 'reduced';
}

const SIGNS: Readonly<Record<StageMark, string>> = {
  done: '[x]',
  reduced: '[~]',
  failed: '[!]',
  skipped: '[-]',
};

/** The report as lines of plain text. */
export function renderAutonomyReport(report: AutonomyReport): string {
  const { path, depth, askedDepth, why, missing, tried, stages, ms } = report;
  const at =
    depth === undefined || depth === askedDepth ? '' : ` at the depth ${depth} instead of ${askedDepth}`;
  return [
    path === undefined
      ? `No briefing after ${Math.round(ms)} ms.`
      : `Made by ${path}${at} in ${Math.round(ms)} ms.`,
    why,
    ...stages.map(({ stage, mark }) => `${SIGNS[mark]} ${stage}${mark === 'done' ? '' : ` (${mark})`}`),
    ...tried.flatMap(({ path: each, depth: its, outcome, error }) =>
      error === undefined ? [] : [`${each} (${its}) ${outcome}: ${error}`],
    ),
    ...missing.map(({ capability, reason, fix }) => `${capability}: ${reason} ${fix}`),
  ].join('\n');
}

/** As many reasons as a reader takes in. */
export const MAX_REASONS = 5;

/** Why there is no briefing: what was tried and what is missing, the first five, each with what to do. */
export function reasonsOf(tried: readonly PathAttempt[], missing: readonly MissingNeed[]): readonly string[] {
  return [
    ...tried.flatMap(({ path, depth, error }) =>
      error === undefined ? [] : [`${path} (${depth}): ${error}`],
    ),
    ...missing
      .filter(({ requiredBy }) => requiredBy.length > 0)
      .map(({ capability, reason, fix }) => `${capability}: ${reason} ${fix}`),
  ].slice(0, MAX_REASONS);
}
