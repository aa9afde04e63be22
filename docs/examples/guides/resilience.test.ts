import { describe, expect, it } from '@jest/globals';
import { BaseOrchestrator, defineOrchestrator, type StepResult } from '@kapelle/core';
import { FakeClock, TestHost } from '@kapelle/core/testing';
import { resilienceInterceptor } from '@kapelle/resilience';
import { ContainerModule } from 'inversify';

import {
  frontDoor,
  priceLookup,
  sharedCircuit,
  StockOrchestrator,
  Warehouse,
  warehouseInterceptor,
  warehousePolicies,
  withFallback,
} from './resilience.js';
import { host, policies } from '../readme/resilience.js';

class FlakyWarehouse extends Warehouse {
  calls = 0;

  override reserve(sku: string): Promise<string> {
    this.calls += 1;
    const problem = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    return this.calls === 1 ? Promise.reject(problem) : Promise.resolve(`${sku}-1`);
  }
}

describe('the guide on resilience', () => {
  it('runs an operation under its policy, and has one to look at for every operation', async () => {
    const clock = new FakeClock();
    const policies = warehousePolicies(clock);
    const interceptor = warehouseInterceptor(policies, clock);
    const warehouse = new FlakyWarehouse();
    const outside = new ContainerModule(({ bind }) => {
      bind(Warehouse).toConstantValue(warehouse);
    });
    await using test = await TestHost.start({
      orchestrators: [StockOrchestrator],
      modules: [outside],
      clock,
      interceptors: [interceptor],
    });
    expect(interceptor.check(test.facade.listOrchestrators())).toEqual([]);
    const answer = test.facade.orchestrate('stock', test.context(), { sku: 'a' });
    await clock.advance(1_000);
    expect(await answer).toMatchObject({ status: 'ok', data: { reservation: 'a-1' } });
    expect(policies.snapshot()).toMatchObject([
      {
        policy: 'warehouse',
        key: 'stock.reserve',
        stats: { retry: { recovered: 1 }, breaker: { state: 'closed' } },
      },
    ]);
  });

  it('puts a layer under a policy by default', async () => {
    const clock = new FakeClock();
    const policies = warehousePolicies(clock);
    class Door extends BaseOrchestrator {
      open() {
        return 'open';
      }
    }
    const door = defineOrchestrator(Door, {
      layer: 'application',
      type: 'coordination',
      name: 'door',
      operations: ['open'],
    });
    const interceptors = [warehouseInterceptor(policies, clock)];
    await using test = await TestHost.start({ orchestrators: [door], clock, interceptors });
    const call = (tenantId: string) => test.facade.orchestrate('door', test.context({ tenantId }));
    const results = await Promise.all(Array.from({ length: 15 }, () => call('acme')));
    expect(results.every(({ success }) => success)).toBe(true);
    for (let i = 0; i < 85; i += 1) await call('acme');
    expect(await call('acme')).toMatchObject({ errorCategory: 'rate_limit', retryAfterMs: 10 });
    expect(await call('other')).toMatchObject({ status: 'ok' });
  });

  it('works without a host', async () => {
    const clock = new FakeClock();
    let isDown = false;
    const lookUp = priceLookup(() => (isDown ? new Promise(() => undefined) : Promise.resolve(5)), clock);
    expect(await lookUp('a')).toBe(5);
    isDown = true;
    const answers = [lookUp('a'), lookUp('b')];
    await clock.advance(10_000);
    expect(await Promise.all(answers)).toEqual([5, undefined]);
  });

  it('shares a circuit', async () => {
    const { read, write } = sharedCircuit(new FakeClock());
    expect(read.parts.breaker).toBe(write.parts.breaker);
    expect(await write.execute(() => 1)).toBe(1);
  });

  it('answers from a fallback, and says so', async () => {
    const clock = new FakeClock();
    const answer = withFallback(clock).executeToResult(() => new Promise<StepResult>(() => undefined));
    await clock.advance(100);
    expect(await answer).toMatchObject({ status: 'uncertain', metadata: { fallback_for: 'timeout' } });
  });

  it('watches the event loop', async () => {
    const { shedder, close } = frontDoor();
    expect(await shedder.execute(() => 1)).toBe(1);
    expect(shedder.isReady).toBe(true);
    close();
  });
});

describe('the program of the README', () => {
  it('starts, and its operation names a policy that there is', async () => {
    await host.start();
    expect(resilienceInterceptor({ policies }).check(host.facade.listOrchestrators())).toEqual([]);
    expect(policies.for('bank').options).toMatchObject({ name: 'bank', timeout: { ms: 2_000 } });
    await host.stop();
  });
});
