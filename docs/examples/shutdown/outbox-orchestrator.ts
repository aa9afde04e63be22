// #region orchestrator
import { BaseOrchestrator, consumes, operation, type OperationContext, orchestrator } from '@kapelle/core';

@orchestrator('infrastructure', 'coordination', { stopTimeoutMs: 5_000 })
export class OutboxOrchestrator extends BaseOrchestrator {
  @operation()
  send(_context: OperationContext, params: { text: string }) {
    return this.queue<string>('outbox').offer(params.text);
  }

  @consumes({ queue: 'outbox', batchSize: 10 })
  async deliver(texts: string[], signal: AbortSignal) {
    for (const text of texts) {
      signal.throwIfAborted();
      console.log(`delivered ${text}`);
    }
  }

  override async cleanup() {
    console.log('outbox closed');
  }
}
// #endregion
