import type { AgentExecutor } from '../hierarchical/agent.js';

/** What a mission is about: a place to fetch it from, or words. */
export interface MissionContent {
  readonly uri?: string;
  readonly description?: string;
}

/** Binding key of the agents that do the stages of missions: {@link MissionAgents}. */
export const MISSION_AGENTS = Symbol.for('kapelle.MissionAgents');

/** Does the stages of one agent. */
export interface MissionAgent {
  /**
   * Gets the stage as a task: `taskId` is the stage, `missionContext` a `MissionBrief`, `results` what the stages before it
   * gave. `run.spend(usd)` charges the budget of the mission.
   */
  readonly execute: AgentExecutor;
  /** What it can work on. @default both */
  readonly accepts?: readonly (keyof MissionContent)[];
  /** What a stage of it costs, in US dollars. @default its share of the table of the depth */
  readonly costUsd?: number;
  /** Stages of it at the same time, over all missions. @default 10 */
  readonly capacity?: number;
}

/**
 * Agents by name, such as `analysis_cartographer`. They stand for the built-in ones of the same name; `false` takes one of
 * these away.
 */
export type MissionAgents = Readonly<Record<string, MissionAgent | false>>;

/** Binding key of the probes of a mission: `readonly MissionCapabilityProbe[]`. */
export const MISSION_PROBES = Symbol.for('kapelle.MissionProbes');

/** What a probe found. */
export interface ProbeAnswer {
  readonly available: boolean;
  /** Why not. */
  readonly reason?: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** Finds out whether something that missions need is there. */
export interface MissionCapabilityProbe {
  /** Unique, for example `downloader`. */
  readonly name: string;
  /** Agents that are of no use without it. Without any it is needed by the mission as a whole. */
  readonly agents?: readonly string[];
  /** Whether there is no mission without it, whatever its agents do. @default false */
  readonly critical?: boolean;
  /** Rejecting, and not answering within the time of the options, count as not available. */
  check(signal: AbortSignal): boolean | ProbeAnswer | Promise<boolean | ProbeAnswer>;
}

/** What each stage of a mission is told; JSON. */
export interface MissionBrief {
  readonly missionId: string;
  readonly content: MissionContent;
  readonly depth: string;
  /** Ids of the stages that are planned. */
  readonly stages: readonly string[];
}
