import {
  adaptive,
  BaseOrchestrator,
  hierarchical,
  operation,
  type OperationContext,
  orchestrator,
  parallel,
  sequential,
  StepResult,
  ucb1,
} from '@kapelle/core';

export const log: string[] = [];

// #region sequential
interface Order {
  readonly item: string;
  readonly price: number;
}

const buy = sequential<Order>()
  .step('reserve', ({ input }) => ({ reservation: `r-${input.item}` }), {
    compensate: ({ reservation }) => log.push(`released ${reservation}`),
  })
  .step('charge', ({ input, reserve }) => {
    if (input.price > 100) {
      return StepResult.fail('The card was declined.', { errorCategory: 'business_rule_violation' });
    }
    return StepResult.ok({ receipt: `${reserve.reservation}/${input.price}` });
  })
  .returns(({ charge }) => charge.receipt);

@orchestrator('domain', 'sequential', { flow: buy })
export class BuyOrchestrator extends BaseOrchestrator {}
// #endregion

// #region parallel
const lookUp = parallel<{ city: string }>({ concurrency: 2 })
  .step('weather', ({ input }) => `rain in ${input.city}`)
  .step('trains', ({ input }) => `${input.city} 12:04`)
  .step('advice', ({ weather, trains }) => `${weather}: take the ${trains}`, {
    needs: ['weather', 'trains'],
  });

@orchestrator('domain', 'parallel', { flow: lookUp })
export class TravelOrchestrator extends BaseOrchestrator {}
// #endregion

// #region hierarchical
@orchestrator('domain', 'business_logic')
export class CountWordsOrchestrator extends BaseOrchestrator {
  @operation()
  count(_context: OperationContext, { text }: { text: string }) {
    return { words: text.split(' ').length };
  }
}

const report = hierarchical<{ text: string }>()
  .delegate('counted', CountWordsOrchestrator, ({ input }) => ({ text: input.text }))
  .step('title', ({ input }) => input.text.slice(0, 5))
  .aggregate(({ counted, title }) => `${title}: ${counted.words} words`);

@orchestrator('application', 'hierarchical', { flow: report })
export class ReportOrchestrator extends BaseOrchestrator {}
// #endregion

// #region adaptive
const choose = adaptive<{ question: string }>({ fallback: true })
  .alternative('small_model', ({ input }) => ({ answer: `short: ${input.question}`, quality: 0.4 }))
  .alternative('large_model', ({ input }) => ({ answer: `long: ${input.question}`, quality: 0.9 }))
  .policy(ucb1())
  .reward((result) => (result.status === 'ok' ? result.data.quality : 0));

@orchestrator('application', 'adaptive', { flow: choose })
export class ChooseModelOrchestrator extends BaseOrchestrator {}
// #endregion

// #region by-hand
@orchestrator('domain', 'business_logic')
export class ByHandOrchestrator extends BaseOrchestrator {
  @operation()
  async buy(context: OperationContext, order: Order) {
    const { reservation } = await context.step('reserve', () => ({ reservation: `r-${order.item}` }), {
      compensate: (reserved) => log.push(`released ${reserved.reservation}`),
    });
    const receipt = await context.step('charge', ({ idempotencyKey }) => charge(order, idempotencyKey), {
      retry: { maxAttempts: 3 },
    });
    context.progress(1, 'charged');
    return { reservation, receipt };
  }
}
// #endregion

function charge(order: Order, idempotencyKey: string): string {
  if (order.price > 100) throw new Error('The card was declined.');
  return `${idempotencyKey}/${order.price}`;
}
