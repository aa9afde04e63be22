import type { Clock, Logger } from '@kapelle/core';
import type { AgentLedger } from './agent-ledger.js';
import type { AgentRecord } from './agent-record.js';
import type { AgentTrainingSettings } from './agent-training-options.js';
import { withVersion } from './change-agent.js';
import { judgedInUse, type UseVerdict } from './judge-in-use.js';
import { gone } from './training-answers.js';

/** Judges how versions do in use, and takes back those that do worse. */
export class UseMonitor {
  readonly #ledger: AgentLedger;
  readonly #settings: AgentTrainingSettings;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(ledger: AgentLedger, settings: AgentTrainingSettings, clock: Pick<Clock, 'now'>) {
    this.#ledger = ledger;
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Verdicts by agent. */
  async judge(tenantId: string, logger: Logger): Promise<Readonly<Record<string, UseVerdict>>> {
    const verdicts = new Map<string, UseVerdict>();
    for (const record of await this.#ledger.all(tenantId)) {
      const verdict = judgedInUse(record, this.#settings.confidence);
      verdicts.set(record.name, verdict);
      if (verdict.verdict !== 'worse' || !this.#settings.revertDeclining) continue;
      const { version, against } = verdict;
      await this.revert(tenantId, record.name, against, `version ${version} did worse in use`, version);
      logger.warn('agent_reverted', { agent: record.name, from: version, to: against });
    }
    return Object.fromEntries(verdicts);
  }

  /** Puts an earlier definition into use. `only`: where this version is in use still. */
  revert(
    tenantId: string,
    agent: string,
    version: number,
    reason: string,
    only?: number,
  ): Promise<AgentRecord> {
    return this.#ledger.change(tenantId, agent, (found) => {
      if (found === undefined) throw gone(agent);
      const wanted = found.versions.find((each) => each.version === version);
      if (wanted === undefined || (only !== undefined && found.current !== only)) return found;
      const why = { kind: 'reverted', to: version, reason } as const;
      return withVersion(
        found,
        { definition: wanted.definition, at: this.#clock.now(), why },
        this.#settings.maxVersions,
      );
    });
  }
}
