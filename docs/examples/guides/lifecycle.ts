import { BaseOrchestrator, createOrchestrationHost, operation, orchestrator } from '@kapelle/core';
import { inject } from 'inversify';

export const log: string[] = [];

// #region hooks
@orchestrator('infrastructure', 'lifecycle', { stopTimeoutMs: 5_000 })
export class DatabaseOrchestrator extends BaseOrchestrator {
  #isOpen = false;

  override async start() {
    log.push('database: open');
    this.#isOpen = true;
  }

  override health() {
    return this.#isOpen ? true : { status: 'unhealthy' as const, message: 'the database is closed' };
  }

  override async cleanup() {
    this.#isOpen = false;
    log.push('database: closed');
  }

  @operation()
  ping() {
    return { isOpen: this.#isOpen };
  }
}

@orchestrator('infrastructure', 'lifecycle')
export class CacheOrchestrator extends BaseOrchestrator {
  constructor(@inject(DatabaseOrchestrator) _database: DatabaseOrchestrator) {
    super();
  }

  override start() {
    log.push('cache: warm');
  }

  override ready() {
    log.push('cache: the whole host is up');
  }

  override drain() {
    log.push('cache: no new calls come');
  }

  override cleanup() {
    log.push('cache: gone');
  }

  @operation()
  size() {
    return { entries: 0 };
  }
}
// #endregion

// #region host
export async function run() {
  const host = createOrchestrationHost({
    orchestrators: [CacheOrchestrator, DatabaseOrchestrator],
    shutdown: { drainTimeoutMs: 15_000, hookTimeoutMs: 10_000, totalTimeoutMs: 25_000 },
  });
  await host.start();
  const health = host.health();
  const report = await host.stop('the work is done');
  return { health, report };
}
// #endregion
