import { describe, expect, it } from '@jest/globals';

import {
  BaseOrchestrator,
  defineOrchestrator,
  operation,
  type OperationContext,
  OrchestrationContext,
  OrchestrationFacade,
  OrchestrationLayer,
  OrchestrationType,
  orchestrator,
  type OrchestratorProtocol,
  StepResult,
} from '../index.js';

/** Whether both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Does not compile unless the value has exactly that type. */
const exactly =
  <Expected>() =>
  <Actual>(_value: Actual, _proof: Same<Actual, Expected>): void =>
    undefined;

interface Order {
  readonly sku: string;
  readonly count: number;
}

@orchestrator(OrchestrationLayer.DOMAIN, OrchestrationType.BUSINESS_LOGIC, { name: 'typed_shop' })
class Shop extends BaseOrchestrator {
  @operation({ default: true })
  async buy(_context: OperationContext, params: Order): Promise<StepResult<{ receipt: string }>> {
    await null;
    return params.count > 0 ? StepResult.ok({ receipt: params.sku }) : StepResult.fail('nothing to buy');
  }
  @operation()
  stock(_context: OperationContext): number {
    return 3;
  }
  @operation()
  find(_context: OperationContext, params: { readonly text: string; readonly limit?: number }): string[] {
    return [params.text];
  }
  @operation()
  guide(_context: OrchestrationContext, _params?: { readonly deep: boolean }): StepResult<Date> {
    return StepResult.skip('closed');
  }
  @operation()
  mixed(_context: OperationContext, params: { readonly n: number }) {
    if (params.n === 0) return StepResult.ok('zero' as const);
    return params.n < 0 ? StepResult.fail('negative') : StepResult.uncertain('many' as const);
  }
  @operation({ name: 'count_all_items' })
  countAllItems(_context: OperationContext): bigint {
    return 7n;
  }
  helper(): string {
    return 'no operation';
  }
}

/** Every operation takes params of a type: only then is every wrong one seen. */
@orchestrator('domain', 'business_logic', { name: 'typed_strict' })
class Strict extends BaseOrchestrator {
  @operation()
  find(_context: OperationContext, params: { readonly text: string }): string[] {
    return [params.text];
  }
  @operation()
  count(_context: OperationContext, params: { readonly of: number }): number {
    return params.of;
  }
}

declare module './references.js' {
  interface OrchestratorMap {
    typed_strict: typeof Strict;
    typed_shop: typeof Shop;
    typed_by_instance: Shop;
  }
}

const context = OrchestrationContext.create({ tenantId: 'acme' });
const facade = new OrchestrationFacade();
facade.register(Shop);

describe('the types of a call', () => {
  it('of a client come from the methods of the class', async () => {
    const client = facade.client(Shop);
    const bought = await client.buy(context, { sku: 'tea', count: 1 });
    exactly<StepResult<{ receipt: string }>>()(bought, true);
    const stock = await client.stock(context);
    exactly<StepResult<number>>()(stock, true);
    const found = await client.find(context, { text: 'x' }, { timeoutMs: 50 });
    exactly<StepResult<string[]>>()(found, true);
    const guide = await client.guide(context);
    exactly<StepResult<Date>>()(guide, true);
    const mixed = await client.mixed(context, { n: 0 });
    exactly<StepResult<'zero' | 'many'>>()(mixed, true);
    expect([bought.data, stock.data, found.data, mixed.data]).toEqual([{ receipt: 'tea' }, 3, ['x'], 'zero']);

    const refused = (): void => {
      // @ts-expect-error -- count is missing
      void client.buy(context, { sku: 'tea' });
      // @ts-expect-error -- params are required
      void client.buy(context);
      // @ts-expect-error -- text is no number
      void client.find(context, { text: 1 });
      // @ts-expect-error -- it takes no Discord message for a context
      void client.stock({ tenantId: 'acme' });
      // @ts-expect-error -- hooks are no operations
      void client.cleanup;
      // @ts-expect-error -- neither is the router
      void client.orchestrate;
      // @ts-expect-error -- there is no such operation
      void client.sell;
    };
    expect(refused).toBeInstanceOf(Function);
  });

  it('of orchestrate by class follow the operation that the params name', async () => {
    const stock = await facade.orchestrate(Shop, context, { operation: 'stock' });
    exactly<StepResult<number>>()(stock, true);
    const found = await facade.orchestrate(Shop, context, { operation: 'find', text: 'tea' });
    exactly<StepResult<string[]>>()(found, true);
    expect([stock.data, found.data]).toEqual([3, ['tea']]);
    // Under the name that the decorator gave it, where that is the method's in snake case.
    const counted = await facade.orchestrate(Shop, context, { operation: 'count_all_items' });
    exactly<StepResult<bigint>>()(counted, true);
    expect(counted.data).toBe(7n);
    // Without a name: of those that take such params.
    const bought = await facade.orchestrate(Shop, context, { sku: 'tea', count: 1 });
    exactly<StepResult<{ receipt: string }>>()(bought, true);
    const anyOf = await facade.orchestrate(Strict, context, { operation: String('count'), of: 1 });
    exactly<StepResult<number | string[]>>()(anyOf, true);
    expect(bought.data).toEqual({ receipt: 'tea' });
    const refused = (): void => {
      // @ts-expect-error -- there is no such operation
      void facade.orchestrate(Strict, context, { operation: 'sell' });
      // @ts-expect-error -- find needs a text
      void facade.orchestrate(Strict, context, { operation: 'find', text: 7 });
      // @ts-expect-error -- a context is needed
      void facade.orchestrate(Shop);
      // @ts-expect-error -- a limit has a unit and is a number
      void facade.orchestrate(Shop, context, { operation: 'stock' }, { timeoutMs: '5s' });
    };
    expect(refused).toBeInstanceOf(Function);
  });

  it('of orchestrate by name are those of the OrchestratorMap, or what the caller says', async () => {
    const known = await facade.orchestrate('typed_shop', context, { operation: 'stock' });
    exactly<StepResult<number>>()(known, true);
    const byInstance = await facade.orchestrate('typed_by_instance', context, { operation: 'stock' });
    exactly<StepResult<number>>()(byInstance, true);
    const unknown = await facade.orchestrate('elsewhere', context, { anything: 1 });
    exactly<StepResult<unknown>>()(unknown, true);
    const said = await facade.orchestrate<{ plan: string }>('elsewhere', context, { anything: 1 });
    exactly<StepResult<{ plan: string }>>()(said, true);
    const dynamic = await facade.orchestrate<number>(String('typed_shop'), context, { operation: 'stock' });
    exactly<StepResult<number>>()(dynamic, true);
    expect([known.data, byInstance.errorCategory, dynamic.data]).toEqual([3, 'not_found', 3]);
    const refused = (): void => {
      // @ts-expect-error -- a mapped name has no such operation
      void facade.orchestrate('typed_strict', context, { operation: 'sell' });
    };
    expect(refused).toBeInstanceOf(Function);
  });

  it('of context.call and callOrThrow are the same', () => {
    const body = async (inside: OperationContext): Promise<void> => {
      const result = await inside.call(Shop, { operation: 'stock' });
      exactly<StepResult<number>>()(result, true);
      const value = await inside.callOrThrow(Shop, { operation: 'find', text: 'x' });
      exactly<string[]>()(value, true);
      const step = await inside.step('a', () => StepResult.ok(1));
      exactly<number>()(step, true);
      const promised = await inside.step('b', () => Promise.resolve('x'), {
        compensate: (done, { signal, idempotencyKey }) => {
          exactly<string>()(done, true);
          exactly<AbortSignal>()(signal, true);
          exactly<string>()(idempotencyKey, true);
        },
      });
      exactly<string>()(promised, true);
      const branches = await inside.parallel({ a: () => 1, b: () => Promise.resolve(StepResult.ok('x')) });
      exactly<{ readonly a: number; readonly b: string }>()(branches, true);
      const settled = await inside.parallel({ a: () => 1, b: () => 'x' }, { mode: 'settle' });
      exactly<{ readonly a: StepResult<number>; readonly b: StepResult<string> }>()(settled, true);
      const event = await inside.waitForEvent<{ ok: boolean }>('go');
      exactly<StepResult<{ ok: boolean }>>()(event, true);
      // @ts-expect-error -- a retry counts attempts, it does not list delays
      await inside.step('c', () => 1, { retry: { delays: [1] } });
      // @ts-expect-error -- the context of a running operation cannot be changed
      inside.tenantId = 'other';
      // @ts-expect-error -- and neither can its metadata
      inside.metadata['a'] = 1;
    };
    expect(body).toBeInstanceOf(Function);
  });
});

describe('the types of a result', () => {
  it('narrow on status and on success', () => {
    const read = (result: StepResult<number>): number | string => {
      if (!result.success) {
        const failed: 'failed' = result.status;
        expect(failed).toBe('failed');
        return result.errorCategory;
      }
      exactly<undefined>()(result.errorCategory, true);
      switch (result.status) {
        case 'ok':
        case 'uncertain':
          exactly<number>()(result.data, true);
          return result.data;
        case 'skipped':
          return result.reason;
      }
    };
    expect(
      [StepResult.ok(1), StepResult.uncertain(2), StepResult.skip('s'), StepResult.fail('f')].map(read),
    ).toEqual([1, 2, 's', 'execution']);
    const mapped = StepResult.map(StepResult.ok(1), (n) => n > 0);
    exactly<StepResult<boolean>>()(mapped, true);
    const refused = (): void => {
      // @ts-expect-error -- there is no such category
      StepResult.fail('x', { errorCategory: 'weather' });
      // @ts-expect-error -- a result is read, not written
      StepResult.ok(1).data = 2;
    };
    expect(refused).toBeInstanceOf(Function);
  });
});

describe('a reference that only the program knows', () => {
  it('may be a name or a class', () => {
    const calls = (ref: string | typeof Shop): void => {
      exactly<Promise<StepResult>>()(facade.orchestrate(ref, context, { a: 1 }), true);
      // @ts-expect-error -- a number is neither
      void facade.orchestrate(5, context);
    };
    expect(calls).toBeInstanceOf(Function);
  });
});

describe('declarations', () => {
  it('take known layers, known and own types, and classes of any kind', () => {
    class Plain {
      readonly calls: unknown[] = [];
      hello(_context: OperationContext, params: { readonly name: string }): string {
        this.calls.push(params);
        return `hello ${params.name}`;
      }
    }
    const Declared = defineOrchestrator(Plain, {
      layer: 'domain',
      type: 'my_own_type',
      operations: { hello: { default: true } },
      name: 'typed_plain',
    });
    exactly<typeof Plain>()(Declared, true);
    facade.register(Declared);
    const protocol: OrchestratorProtocol = {
      name: 'typed_bare',
      layer: 'domain',
      orchestrationType: 'sequential',
      orchestrate: () => Promise.resolve(StepResult.ok(1)),
    };
    facade.register(protocol);
    const refused = (): void => {
      // @ts-expect-error -- there are three layers
      orchestrator('attic', 'sequential');
      // @ts-expect-error -- a limit is a number
      orchestrator('domain', 'sequential', { maxConcurrency: 'many' });
    };
    expect(refused).toBeInstanceOf(Function);
    expect(Object.keys(facade.listOrchestrators())).toEqual(['typed_shop', 'typed_plain', 'typed_bare']);
    return expect(facade.orchestrate('typed_plain', context, { name: 'you' })).resolves.toMatchObject({
      data: 'hello you',
    });
  });
});
