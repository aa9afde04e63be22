// #region orchestrator
import { BaseOrchestrator, operation, type OperationContext, orchestrator, StepResult } from '@kapelle/core';
import { IsInt, Min } from 'class-validator';
import { inject } from 'inversify';

export abstract class Payments {
  abstract charge(cents: number): Promise<string>;
}

export class PlaceOrder {
  @IsInt()
  @Min(1)
  cents!: number;
}

@orchestrator('domain', 'business_logic')
export class OrdersOrchestrator extends BaseOrchestrator {
  constructor(@inject(Payments) private readonly payments: Payments) {
    super();
  }

  @operation({ default: true })
  async place(context: OperationContext, params: PlaceOrder) {
    const receipt = await context.step('charge', () => this.payments.charge(params.cents), {
      retry: { maxAttempts: 3 },
    });
    this.logger.info('order_placed', { cents: params.cents });
    return { receipt };
  }

  @operation()
  refund() {
    return StepResult.skip('nothing was paid');
  }
}
// #endregion
