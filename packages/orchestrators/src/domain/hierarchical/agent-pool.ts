import type { Clock } from '@kapelle/core';
import { SHARED_TENANT } from '../../state/index.js';
import type { AgentRegistration, AgentRole } from './agent.js';
import { type AgentMetrics, newMetrics, recordAttempt, successRate } from './agent-metrics.js';
import { bestAgent, canDo, type RoutingNeed } from './agent-routing.js';
import { HierarchicalError } from './hierarchical-error.js';

/** An agent as reports show it. */
export interface AgentReport {
  readonly agentId: string;
  readonly role: AgentRole;
  readonly capabilities: readonly string[];
  /** Whether every tenant may use it. */
  readonly shared: boolean;
  readonly running: number;
  readonly capacity: number;
  /** Share of the capacity in use, 0 to 1. */
  readonly load: number;
  /** Mean load since it was registered in this process, 0 to 1. */
  readonly utilisation: number;
  readonly stale: boolean;
  readonly successes: number;
  readonly failures: number;
  /** 0 to 1; missing before the first attempt has ended. */
  readonly successRate?: number;
  readonly meanDurationMs?: number;
}

/** What asking for an agent gives; `busy` and `silent` may change, `none` only by registering another one. */
export type Assignment =
  | { readonly kind: 'assigned'; readonly agent: PooledAgent; readonly score: number }
  | { readonly kind: 'busy' | 'silent' | 'none' };

/** A registered agent with its load and what was measured of it. */
export class PooledAgent {
  readonly agentId: string;
  readonly tenantId: string;
  registration: AgentRegistration;
  capabilities: ReadonlySet<string>;
  metrics: AgentMetrics = newMetrics();
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #registeredAt: number;
  #running = 0;
  #loadMs = 0;
  #changedAt: number;
  #staleUntil = -Infinity;

  constructor(tenantId: string, registration: AgentRegistration, clock: Pick<Clock, 'monotonic'>) {
    this.tenantId = tenantId;
    this.agentId = registration.agentId;
    this.registration = registration;
    this.capabilities = new Set(registration.capabilities);
    this.#clock = clock;
    this.#registeredAt = this.#changedAt = clock.monotonic();
  }

  get role(): AgentRole {
    return this.registration.role ?? 'specialist_agent';
  }

  get canExecute(): boolean {
    return this.registration.execute !== undefined || this.registration.calls !== undefined;
  }

  get capacity(): number {
    return this.registration.capacity ?? 10;
  }

  get load(): number {
    return Math.min(1, this.#running / this.capacity);
  }

  get successes(): number {
    return this.metrics.successes;
  }

  get failures(): number {
    return this.metrics.failures;
  }

  get meanDurationMs(): number | undefined {
    return this.metrics.meanDurationMs;
  }

  /** Whether it has fallen silent and is left alone for now. */
  get isStale(): boolean {
    return this.#clock.monotonic() < this.#staleUntil;
  }

  /** It has fallen silent: it gets nothing for so long, unless it is heard of. */
  fellSilent(forMs: number): void {
    this.#staleUntil = this.#clock.monotonic() + forMs;
  }

  /** It lives. */
  heard(): void {
    this.#staleUntil = -Infinity;
  }

  /** Takes on one task more (1) or less (−1). */
  take(change: 1 | -1): void {
    const now = this.#clock.monotonic();
    this.#loadMs += this.load * (now - this.#changedAt);
    this.#changedAt = now;
    this.#running += change;
  }

  report(): AgentReport {
    const now = this.#clock.monotonic();
    const rate = successRate(this.metrics);
    const { meanDurationMs } = this.metrics;
    const sinceMs = now - this.#registeredAt;
    return {
      agentId: this.agentId,
      role: this.role,
      capabilities: [...this.capabilities],
      shared: this.tenantId === SHARED_TENANT,
      running: this.#running,
      capacity: this.capacity,
      load: this.load,
      utilisation: sinceMs === 0 ? this.load : (this.#loadMs + this.load * (now - this.#changedAt)) / sinceMs,
      stale: this.isStale,
      successes: this.successes,
      failures: this.failures,
      ...(rate === undefined ? {} : { successRate: rate }),
      ...(meanDurationMs === undefined ? {} : { meanDurationMs }),
    };
  }
}

/** The agents of all tenants. A tenant sees its own and the shared ones; all sessions share their load. */
export class AgentPool {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #maxAgents: number;
  readonly #agents = new Map<string, Map<string, PooledAgent>>();
  readonly #waiting = new Set<() => void>();

  constructor(clock: Pick<Clock, 'monotonic'>, maxAgents: number) {
    this.#clock = clock;
    this.#maxAgents = maxAgents;
  }

  /** @throws HierarchicalError `HIERARCHICAL_AGENT_INVALID`, `HIERARCHICAL_AGENTS_FULL` */
  register(
    tenantId: string,
    registration: AgentRegistration,
  ): { readonly agent: PooledAgent; isNew: boolean } {
    checkRegistration(registration);
    let agents = this.#agents.get(tenantId);
    if (agents === undefined) this.#agents.set(tenantId, (agents = new Map<string, PooledAgent>()));
    const known = agents.get(registration.agentId);
    if (known !== undefined) {
      known.registration = registration;
      known.capabilities = new Set(registration.capabilities);
      known.heard();
      this.wake();
      return { agent: known, isNew: false };
    }
    if (agents.size >= this.#maxAgents) {
      throw new HierarchicalError(
        'HIERARCHICAL_AGENTS_FULL',
        `The tenant has ${agents.size} agents, which is the most. Register known ones again under their ids, or raise maxAgents.`,
      );
    }
    const agent = new PooledAgent(tenantId, registration, this.#clock);
    agents.set(agent.agentId, agent);
    this.wake();
    return { agent, isNew: true };
  }

  /** The tenant's own under the id, else the shared one. */
  get(tenantId: string, agentId: string): PooledAgent | undefined {
    return this.#agents.get(tenantId)?.get(agentId) ?? this.#agents.get(SHARED_TENANT)?.get(agentId);
  }

  /** All that the tenant may use; its own stand for shared ones of the same id. */
  of(tenantId: string): readonly PooledAgent[] {
    const visible = new Map<string, PooledAgent>();
    for (const owner of [SHARED_TENANT, tenantId]) {
      for (const [id, agent] of this.#agents.get(owner) ?? []) visible.set(id, agent);
    }
    return [...visible.values()];
  }

  /** Which of the capabilities no agent of the tenant has. */
  missing(tenantId: string, capabilities: readonly string[]): readonly string[] {
    const workers = this.of(tenantId).filter(({ canExecute }) => canExecute);
    return capabilities.filter((each) => !workers.some((agent) => canDo(agent.capabilities, [each])));
  }

  /** The best agent for a task, which then has one task more. */
  assign(tenantId: string, need: RoutingNeed): Assignment {
    const able = this.of(tenantId).filter(
      (agent) => agent.canExecute && canDo(agent.capabilities, need.capabilities),
    );
    if (able.length === 0) return { kind: 'none' };
    const live = able.filter(({ isStale }) => !isStale);
    if (live.length === 0) return { kind: 'silent' };
    const best = bestAgent(live, need);
    if (best === undefined) return { kind: 'busy' };
    best.agent.take(1);
    return { kind: 'assigned', agent: best.agent, score: best.score };
  }

  /** The executor has ended, in time or not: the agent has room again. */
  release(agent: PooledAgent): void {
    agent.take(-1);
    this.wake();
  }

  /** Counts an attempt of it. */
  measured(agent: PooledAgent, succeeded: boolean, durationMs: number): void {
    recordAttempt(agent.metrics, succeeded, durationMs);
  }

  /** Calls back whenever an agent may have room that had none. Returns what ends it. */
  onRoom(callback: () => void): () => void {
    this.#waiting.add(callback);
    return () => {
      this.#waiting.delete(callback);
    };
  }

  wake(): void {
    for (const callback of [...this.#waiting]) callback();
  }
}

function checkRegistration({ agentId, execute, calls, decide, role }: AgentRegistration): void {
  const refuse = (what: string): never => {
    throw new HierarchicalError('HIERARCHICAL_AGENT_INVALID', `The agent "${agentId}" ${what}`);
  };
  if (execute !== undefined && calls !== undefined) {
    refuse('has both execute and calls. Leave one of them out.');
  }
  if (execute === undefined && calls === undefined && decide === undefined) {
    refuse('has nothing it could do. Give it execute, calls or decide.');
  }
  if (decide !== undefined && (role ?? 'specialist_agent') === 'specialist_agent') {
    refuse(
      'decides, which is for managers, supervisors and monitors. Give it such a role, or leave decide out.',
    );
  }
}
