import {
  BaseOrchestrator,
  createOrchestrationHost,
  operation,
  type OperationContext,
  orchestrator,
} from '@kapelle/core';
// #region imports
import { createWinstonLogger, type LineStream, type WinstonLogger } from '@kapelle/observability';
// #endregion

// #region own-lines
@orchestrator('domain', 'business_logic')
export class InvoiceOrchestrator extends BaseOrchestrator {
  @operation()
  write(_context: OperationContext, { amount }: { amount: number; apiKey: string }) {
    this.logger.info('invoice_written', { amount });
    return { amount };
  }
}
// #endregion

// #region winston
export function createLoggedHost(stream: LineStream) {
  const logger = createWinstonLogger({ level: 'info', format: 'json', stream });
  return { logger, host: createOrchestrationHost({ orchestrators: [InvoiceOrchestrator], logger }) };
}
// #endregion

// #region levels
/** Everything of one orchestrator, while somebody looks for a fault; the rest stays as it was. */
export function lookInto(logger: WinstonLogger, orchestrator: string): () => void {
  logger.setLevel({ orchestrator }, 'debug');
  return () => logger.setLevel({ orchestrator }, undefined);
}
// #endregion

// #region sampling
export function createSampledLogger(filename: string) {
  return createWinstonLogger({
    levels: [{ layer: 'infrastructure', level: 'warn' }],
    sampling: { first: 100, thenEvery: 100, intervalMs: 1_000 },
    files: [{ filename, maxSizeBytes: 50_000_000, maxFiles: 5 }],
  });
}
// #endregion
