import type { Clock, Logger } from '@kapelle/core';
import { DECISIONS, type Escalation, type SupervisorDecision } from './agent.js';
import type { AgentPool, PooledAgent } from './agent-pool.js';
import type { HierarchicalSettings } from './hierarchical-options.js';
import {
  type EscalationRecord,
  rememberEscalation,
  type SessionRecord,
  type TaskRecord,
} from './session-record.js';

const HOUR_MS = 60 * 60_000;

/** How soon somebody should answer, by severity, in ms. */
export const RESPOND_WITHIN_MS = {
  critical: HOUR_MS / 4,
  high: HOUR_MS,
  medium: 4 * HOUR_MS,
  low: 24 * HOUR_MS,
} as const satisfies Record<Escalation['severity'], number>;

/** Critical from priority 9 on, high from 7, medium from 4. */
export function severityOf(priority: number): Escalation['severity'] {
  if (priority >= 9) return 'critical';
  if (priority >= 7) return 'high';
  return priority >= 4 ? 'medium' : 'low';
}

/** What happened to a task that somebody should know. */
export interface EscalationCase {
  readonly reason: string;
  readonly errorCategory: string;
}

export interface EscalationDeskDeps {
  readonly pool: AgentPool;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: Pick<HierarchicalSettings, 'decisionTimeoutMs'>;
}

/** Takes what went wrong upwards: from the worker's manager to the supervisor; and tells the monitors. */
export class EscalationDesk {
  readonly #deps: EscalationDeskDeps;

  constructor(deps: EscalationDeskDeps) {
    this.#deps = deps;
  }

  /** Records and tells it, without asking for a decision. */
  tell(tenantId: string, record: SessionRecord, task: TaskRecord, what: EscalationCase): EscalationRecord {
    const severity = severityOf(task.objective.priority);
    const escalation: EscalationRecord = {
      sessionId: record.sessionId,
      taskId: task.objective.id,
      severity,
      reason: what.reason,
      errorCategory: what.errorCategory,
      attempts: task.attempts,
      respondWithinMs: RESPOND_WITHIN_MS[severity],
      at: this.#deps.clock.now(),
    };
    rememberEscalation(record, escalation);
    const level = severity === 'critical' || severity === 'high' ? 'error' : 'warn';
    this.#deps.logger[level]('hierarchical_escalation', { ...escalation });
    for (const monitor of this.#deps.pool.of(tenantId)) {
      if (monitor.role === 'monitoring_agent')
        void this.#ask(monitor, escalation, new AbortController().signal);
    }
    return escalation;
  }

  /** As {@link tell}, and asks upwards until somebody decides. `fail` where nobody does. Never rejects. */
  async decide(
    tenantId: string,
    record: SessionRecord,
    task: TaskRecord,
    what: EscalationCase & { readonly signal: AbortSignal },
  ): Promise<SupervisorDecision> {
    const escalation = this.tell(tenantId, record, task, what);
    for (const superior of this.#superiors(tenantId, task.agentId)) {
      if (what.signal.aborted) break;
      const decision = await this.#ask(superior, escalation, what.signal);
      if (decision === undefined) continue;
      escalation.decidedBy = superior.agentId;
      escalation.decision = decision;
      this.#deps.logger.info('hierarchical_escalation_decided', {
        sessionId: record.sessionId,
        taskId: task.objective.id,
        agentId: superior.agentId,
        decision,
      });
      return decision;
    }
    return 'fail';
  }

  /** The line above the worker; where that has nobody, every manager; the supervisors at the end. Each once. */
  #superiors(tenantId: string, agentId: string | undefined): PooledAgent[] {
    const { pool } = this.#deps;
    const line = new Set<PooledAgent>();
    let above = agentId === undefined ? undefined : pool.get(tenantId, agentId)?.registration.reportsTo;
    while (above !== undefined) {
      const superior = pool.get(tenantId, above);
      if (superior === undefined || line.has(superior)) break;
      line.add(superior);
      above = superior.registration.reportsTo;
    }
    const others = [...pool.of(tenantId)].sort((a, b) => (a.agentId < b.agentId ? -1 : 1));
    if (line.size === 0) for (const each of others) if (each.role === 'workflow_manager') line.add(each);
    for (const each of others) if (each.role === 'executive_supervisor') line.add(each);
    return [...line].filter(({ registration }) => registration.decide !== undefined);
  }

  async #ask(
    agent: PooledAgent,
    escalation: Escalation,
    signal: AbortSignal,
  ): Promise<SupervisorDecision | undefined> {
    const { decide } = agent.registration;
    if (decide === undefined) return undefined;
    const { clock, logger, settings } = this.#deps;
    const controller = new AbortController();
    let unlisten = (): void => undefined;
    let timer: unknown;
    const silence = new Promise<undefined>((resolve) => {
      const end = (): void => {
        controller.abort();
        resolve(undefined);
      };
      timer = clock.setTimeout(end, settings.decisionTimeoutMs);
      signal.addEventListener('abort', end, { once: true });
      unlisten = () => {
        signal.removeEventListener('abort', end);
      };
    });
    try {
      const answer = (async () => decide(escalation, controller.signal))();
      const decision = await Promise.race([answer, silence]);
      return DECISIONS.find((known) => known === decision);
    } catch (error) {
      logger.warn('hierarchical_decision_failed', { agentId: agent.agentId, error });
      return undefined;
    } finally {
      clock.clearTimeout(timer);
      unlisten();
    }
  }
}
