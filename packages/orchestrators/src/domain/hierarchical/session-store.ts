import type { StateStore } from '../../state/index.js';
import { type AgentMetrics, readMetrics } from './agent-metrics.js';
import type { PooledAgent } from './agent-pool.js';
import { HierarchicalError } from './hierarchical-error.js';
import type { HierarchicalSettings } from './hierarchical-options.js';
import { isOver, readSession, type SessionRecord } from './session-record.js';

const SESSIONS = 'hierarchical.sessions';
const OUTPUTS = 'hierarchical.outputs';
const AGENTS = 'hierarchical.agents';
const PAGE = 500;

/** A session and the version of its record, which the next change must name. */
export interface StoredSession {
  readonly session: SessionRecord;
  readonly version: number;
}

/** Sessions and the outputs of their tasks, in the store of state. */
export class SessionStore {
  readonly #state: StateStore;
  readonly #settings: Pick<HierarchicalSettings, 'maxSessions' | 'retentionMs'>;

  constructor(state: StateStore, settings: Pick<HierarchicalSettings, 'maxSessions' | 'retentionMs'>) {
    this.#state = state;
    this.#settings = settings;
  }

  /** @throws HierarchicalError `HIERARCHICAL_SESSION_UNKNOWN`, `HIERARCHICAL_SESSION_UNREADABLE` */
  async get(tenantId: string, sessionId: string): Promise<StoredSession> {
    const record = await this.#state.get({ tenantId, collection: SESSIONS, key: sessionId });
    if (record === undefined) {
      throw new HierarchicalError(
        'HIERARCHICAL_SESSION_UNKNOWN',
        `There is no session "${sessionId}". Ask get_orchestration_status for the sessions that there are.`,
      );
    }
    return { session: readSession(sessionId, record.value), version: record.version };
  }

  /** Stores it over the given version, 0 for a new one. Gives the new version. */
  async put(tenantId: string, session: SessionRecord, ifVersion: number): Promise<number> {
    const at = { tenantId, collection: SESSIONS, key: session.sessionId };
    return (await this.#state.put(at, session, { ifVersion })).version;
  }

  /** Every readable session of the tenant, the oldest first, and the keys of those that cannot be read. */
  async list(
    tenantId: string,
  ): Promise<{ readonly sessions: SessionRecord[]; readonly unreadable: string[] }> {
    const sessions: SessionRecord[] = [];
    const unreadable: string[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await this.#state.list(
        { tenantId, collection: SESSIONS },
        after === undefined ? { limit: PAGE } : { limit: PAGE, after },
      );
      for (const { key, value } of page) {
        try {
          sessions.push(readSession(key, value));
        } catch {
          unreadable.push(key);
        }
      }
      after = page.at(-1)?.key;
      if (page.length < PAGE) break;
    }
    sessions.sort((a, b) => a.createdAt - b.createdAt || (a.sessionId < b.sessionId ? -1 : 1));
    return { sessions, unreadable };
  }

  /**
   * Makes room for one more: forgets what ended too long ago, and then the oldest that are over. Gives the ids forgotten.
   *
   * @throws HierarchicalError `HIERARCHICAL_SESSIONS_FULL` where none that could be forgotten is over
   */
  async makeRoom(tenantId: string, now: number): Promise<readonly string[]> {
    const { maxSessions, retentionMs } = this.#settings;
    const { sessions } = await this.list(tenantId);
    const over = sessions.filter(({ status }) => isOver(status));
    const expired = over.filter((session) => now - (session.finishedAt ?? session.createdAt) > retentionMs);
    const excess = sessions.length - expired.length + 1 - maxSessions;
    const others = over.filter((session) => !expired.includes(session));
    if (excess > others.length) {
      throw new HierarchicalError(
        'HIERARCHICAL_SESSIONS_FULL',
        `${maxSessions} sessions are kept per tenant, and so many are not over yet. Execute or cancel some of them, or raise maxSessions.`,
      );
    }
    const forgotten = [...expired, ...others.slice(0, Math.max(0, excess))];
    for (const session of forgotten) await this.delete(tenantId, session.sessionId);
    return forgotten.map(({ sessionId }) => sessionId);
  }

  async delete(tenantId: string, sessionId: string): Promise<void> {
    await this.dropOutputs(tenantId, sessionId);
    await this.#state.delete({ tenantId, collection: SESSIONS, key: sessionId });
  }

  async putOutput(tenantId: string, sessionId: string, taskId: string, value: unknown): Promise<void> {
    await this.#state.put({ tenantId, collection: OUTPUTS, key: `${sessionId}/${taskId}` }, { value });
  }

  /** Outputs by task id. */
  async outputs(tenantId: string, sessionId: string): Promise<Map<string, unknown>> {
    const outputs = new Map<string, unknown>();
    const prefix = `${sessionId}/`;
    const records = await this.#state.list<{ readonly value?: unknown }>(
      { tenantId, collection: OUTPUTS },
      { prefix, limit: PAGE },
    );
    for (const { key, value } of records) outputs.set(key.slice(prefix.length), value.value);
    return outputs;
  }

  async dropOutputs(tenantId: string, sessionId: string): Promise<void> {
    for (const taskId of (await this.outputs(tenantId, sessionId)).keys()) {
      await this.#state.delete({ tenantId, collection: OUTPUTS, key: `${sessionId}/${taskId}` });
    }
  }

  /** What was measured of an agent before. */
  async metricsOf(tenantId: string, agentId: string): Promise<AgentMetrics> {
    const record = await this.#state.get({ tenantId, collection: AGENTS, key: agentId });
    return readMetrics(record?.value);
  }

  async putMetrics({ tenantId, agentId, metrics }: PooledAgent): Promise<void> {
    await this.#state.put({ tenantId, collection: AGENTS, key: agentId }, metrics);
  }
}
