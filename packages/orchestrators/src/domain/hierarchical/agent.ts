import type { StepResult } from '@kapelle/core';

/** Where an agent stands. Workers run tasks; managers and supervisors decide about what has failed; monitors are told. */
export const AGENT_ROLES = [
  'executive_supervisor',
  'workflow_manager',
  'specialist_agent',
  'monitoring_agent',
] as const;
export type AgentRole = (typeof AGENT_ROLES)[number];

/** The capability of an agent that takes any task. */
export const GENERAL_CAPABILITY = 'general';

/** What an executor is asked to do. */
export interface AgentTask {
  readonly sessionId: string;
  readonly taskId: string;
  readonly title: string;
  readonly description?: string;
  /** 1 (low) to 10. */
  readonly priority: number;
  readonly capabilities: readonly string[];
  /** What the objective was given, JSON-like. */
  readonly input: unknown;
  /** What the tasks it depends on have given, by task id; one that was given up is missing. */
  readonly results: Readonly<Record<string, unknown>>;
  /** What the session is about, JSON-like. */
  readonly missionContext: unknown;
  readonly workspace?: string;
}

/** One attempt, and what an executor may do meanwhile. */
export interface AgentRun {
  readonly tenantId: string;
  readonly requestId: string;
  /** Counted from 1, over all runs of the session. */
  readonly attempt: number;
  /** The same for each attempt of the task; hand it to whatever has an effect. */
  readonly idempotencyKey: string;
  /** Fires when the attempt should end: cancelled, timed out, handed to another agent, out of budget. */
  readonly signal: AbortSignal;
  /** Says that it is still at work. Once it was called in an attempt, 60 s of silence hand the task to another agent. */
  heartbeat(): void;
  /** Charges the session's budget with what was really spent, at once; above the limit the attempt ends. */
  spend(amount: number): void;
  /** Calls another orchestrator within the call of the session; ends with the attempt. Throws nothing. */
  call<T = unknown>(orchestrator: string, params?: unknown): Promise<StepResult<T>>;
  /** Epoch milliseconds. */
  now(): number;
  /** From 0 to 1, 1 excluded. */
  random(): number;
}

/**
 * Does a task. What it returns is the output: JSON-like data or a result. A failed result or a thrown error is a failed
 * attempt; retried where the failure says that another attempt may help.
 */
export type AgentExecutor = (task: AgentTask, run: AgentRun) => unknown;

/** What a manager or supervisor is asked about. */
export interface Escalation {
  readonly sessionId: string;
  readonly taskId: string;
  readonly severity: 'low' | 'medium' | 'high' | 'critical';
  readonly reason: string;
  readonly errorCategory: string;
  readonly attempts: number;
  /** How soon somebody should answer: 15 minutes, 1, 4 or 24 hours, by severity. */
  readonly respondWithinMs: number;
}

/** `retry`: one more attempt; `give_up`: go on without the task; `fail`: the failure stands. */
export const DECISIONS = ['retry', 'give_up', 'fail'] as const;
export type SupervisorDecision = (typeof DECISIONS)[number];

/** Decides about a task that has failed for good. `undefined`, an error or silence passes the question upwards. */
export type SupervisorFunction = (
  escalation: Escalation,
  signal: AbortSignal,
) => SupervisorDecision | undefined | Promise<SupervisorDecision | undefined>;

/** Another orchestrator's operation as an executor. */
export interface AgentCall {
  readonly orchestrator: string;
  readonly operation?: string;
}

/** An agent as it is registered. */
export interface AgentRegistration {
  /** 1 to 100 characters. Registering it again replaces what it can do and keeps what was measured of it. */
  readonly agentId: string;
  /** @default 'specialist_agent' */
  readonly role?: AgentRole;
  /** What it can do; `general` stands for anything. @default [] */
  readonly capabilities?: readonly string[];
  /** Tasks at the same time; each is a load of 1 / capacity. @default 10 @minimum 1 @maximum 1,000 */
  readonly capacity?: number;
  /** The manager or supervisor above it. */
  readonly reportsTo?: string;
  /**
   * Whether its executor is expected to call `heartbeat` from the beginning of each attempt. Otherwise it is expected
   * to go on with it once it has begun. @default false
   */
  readonly heartbeats?: boolean;
  /** Does its tasks. Not together with `calls`. */
  readonly execute?: AgentExecutor;
  /** Does its tasks: gets the task's `input` as params, and `results` beside it. Not together with `execute`. */
  readonly calls?: AgentCall;
  /** Of a manager, supervisor or monitor; what a monitor answers is not asked for. */
  readonly decide?: SupervisorFunction;
}

/**
 * Binding key of agents that every tenant may use: `readonly AgentRegistration[]`. Those registered through the
 * operation belong to the tenant of the call.
 */
export const HIERARCHICAL_AGENTS = Symbol.for('kapelle.HierarchicalAgents');
