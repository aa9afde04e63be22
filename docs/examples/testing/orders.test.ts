// #region imports
import { describe, expect, it } from '@jest/globals';
import { aContext, FakeClock, resultMatchers, TestHost, verifyOrchestrator } from '@kapelle/core/testing';

import { OrdersOrchestrator, Payments } from './orders-orchestrator.js';
import { payments } from './production.js';

expect.extend(resultMatchers);
// #endregion

// #region stand-in
class FakePayments extends Payments {
  readonly charged: number[] = [];
  failures = 0;

  override async charge(cents: number): Promise<string> {
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('the network is down');
    }
    this.charged.push(cents);
    return `receipt-${this.charged.length}`;
  }
}
// #endregion

describe('orders', () => {
  // #region test-host
  it('charges what was ordered', async () => {
    const fake = new FakePayments();
    await using test = await TestHost.start({
      orchestrators: [OrdersOrchestrator],
      modules: [payments],
      overrides: [[Payments, fake]],
    });

    const result = await test.facade.orchestrate('orders', test.context(), { cents: 950 });

    expect(result).toBeOk({ receipt: 'receipt-1' });
    expect(fake.charged).toEqual([950]);
    expect(test.logs.events('order_placed')[0]?.fields).toMatchObject({ cents: 950, requestId: 'request-1' });
    expect(test.eventsOf('call.ended')).toHaveLength(1);
  });
  // #endregion

  // #region fake-clock
  it('tries again when the network is down', async () => {
    const clock = new FakeClock();
    const fake = new FakePayments();
    fake.failures = 2;
    await using test = await TestHost.start({
      orchestrators: [OrdersOrchestrator],
      modules: [payments],
      overrides: [[Payments, fake]],
      clock,
    });

    const placed = test.facade.orchestrate(OrdersOrchestrator, test.context(), { cents: 950 });
    await clock.advance(10_000);

    expect(await placed).toBeOk({ receipt: 'receipt-1' });
    expect(test.eventsOf('step.retrying')).toHaveLength(2);
  });
  // #endregion

  // #region matchers
  it('refuses an order of nothing', async () => {
    await using test = await TestHost.start({
      orchestrators: [OrdersOrchestrator],
      modules: [payments],
      overrides: [{ provide: Payments, useClass: FakePayments }],
    });

    const place = (cents: number) => test.facade.orchestrate('orders', test.context(), { cents });
    expect(await place(0)).toBeFailed('validation', 'cents');
    expect(await place(1)).toBeOk({ receipt: expect.any(String) });
    expect(await test.facade.orchestrate('orders', test.context(), { operation: 'refund' })).toBeSkipped();
  });
  // #endregion

  // #region verify
  it('lives through import, instantiate, register, execute and clean up', async () => {
    const report = await verifyOrchestrator(OrdersOrchestrator, {
      params: { cents: 950 },
      context: aContext({ tenantId: 'acme', depth: 2 }),
      overrides: [[Payments, new FakePayments()]],
    });
    expect(report.result).toBeOk({ receipt: 'receipt-1' });
  });
  // #endregion
});
