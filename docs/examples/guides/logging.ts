import {
  BaseOrchestrator,
  createOrchestrationHost,
  operation,
  type OperationContext,
  orchestrator,
} from '@kapelle/core';
import { createWinstonLogger, type LineStream } from '@kapelle/observability';

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
