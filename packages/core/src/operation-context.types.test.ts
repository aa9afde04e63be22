import { describe, expect, it } from '@jest/globals';

import {
  adaptive,
  type AdaptiveAlternatives,
  type AdaptiveUnrewarded,
  background,
  BaseOrchestrator,
  epsilonGreedy,
  operation,
  type OperationContext,
  type OrchestrationContext,
  type OrchestrationFacade,
  orchestrator,
  type OrchestratorRef,
  type ParallelResults,
  type ParallelValues,
  StepResult,
  type StepValue,
} from './index.js';

/** Whether both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Does not compile unless the value has exactly that type. */
const exactly =
  <Expected>() =>
  <Actual>(_value: Actual, _proof: Same<Actual, Expected>): void =>
    undefined;

interface Page {
  readonly url: string;
  readonly tags?: string[];
}

/** One operation, beside methods that are none. */
@orchestrator('domain', 'business_logic', { name: 'types_reader' })
class Reader extends BaseOrchestrator {
  @operation()
  read(_context: OperationContext, params: Page): StepResult<{ text: string }> {
    return StepResult.ok({ text: params.url });
  }
  @background({ everyMs: 1_000 })
  async refresh(): Promise<void> {
    await Promise.resolve();
  }
  size(): string {
    return 'none';
  }
}

/** Operations with params, with a context alone, and with nothing. */
@orchestrator('domain', 'business_logic', { name: 'types_desk' })
class Desk extends BaseOrchestrator {
  @operation()
  sort(_context: OperationContext, params: { readonly items: string[] }): number {
    return params.items.length;
  }
  @operation()
  count(_context: OperationContext): boolean {
    return true;
  }
  @operation()
  ping(): Date {
    return new Date(0);
  }
}

/** Nothing says what it takes. */
@orchestrator('domain', 'business_logic', { name: 'types_bell' })
class Bell extends BaseOrchestrator {
  @operation()
  ring(_context: OperationContext): 'rung' {
    return 'rung';
  }
}

abstract class Caller extends BaseOrchestrator {
  async types(
    inside: OperationContext,
    facade: OrchestrationFacade,
    context: OrchestrationContext,
  ): Promise<void> {
    const list: string[] = ['a'];

    exactly<StepResult<{ text: string }>>()(await facade.orchestrate(Reader, context, { url: 'x' }), true);
    exactly<StepResult<{ text: string }>>()(await inside.call(Reader, { url: 'x', tags: ['a'] }), true);
    exactly<{ text: string }>()(await inside.callOrThrow(Reader, { url: 'x', tags: list }), true);
    exactly<StepResult<{ text: string }>>()(await this.delegate(Reader, inside, { url: 'x' }), true);

    exactly<StepResult<number>>()(await inside.call(Desk, { operation: 'sort', items: ['a'] }), true);
    exactly<number>()(await inside.callOrThrow(Desk, { operation: 'sort', items: list }), true);
    exactly<StepResult<number>>()(await this.delegate(Desk, inside, { operation: 'sort', items: [] }), true);
    exactly<StepResult<boolean>>()(await inside.call(Desk, { operation: 'count', note: 1 }), true);
    exactly<StepResult<Date>>()(await facade.orchestrate(Desk, context, { operation: 'ping' }), true);

    exactly<StepResult<'rung'>>()(await facade.orchestrate(Bell, context, {}), true);
    exactly<StepResult<'rung'>>()(await facade.orchestrate(Bell, context, { anything: 1 }), true);
    exactly<StepResult<'rung'>>()(await inside.call(Bell), true);

    exactly<StepResult<{ plan: string }>>()(await inside.call<{ plan: string }>('elsewhere', { a: 1 }), true);
    exactly<{ plan: string }>()(await inside.callOrThrow<{ plan: string }>('elsewhere'), true);
    exactly<StepResult<Date>>()(await this.delegate<Date>('elsewhere', inside, { a: 1 }), true);
    exactly<StepResult<Date>>()(await inside.call<Date>(Desk, { operation: 'of another version' }), true);
    exactly<StepResult>()(await inside.call('elsewhere', { a: 1 }), true);
    const either: OrchestratorRef = list.length > 0 ? Desk : 'elsewhere';
    exactly<StepResult>()(await inside.call(either, { a: 1 }), true);

    // @ts-expect-error -- url is missing
    await facade.orchestrate(Reader, context, {});
    // @ts-expect-error -- url is no number
    await inside.call(Reader, { url: 1 });
    // @ts-expect-error -- items are texts
    await facade.orchestrate(Desk, context, { operation: 'sort', items: [1] });
    // @ts-expect-error -- items are missing
    await inside.callOrThrow(Desk, { operation: 'sort' });
    // @ts-expect-error -- there is no such operation
    await this.delegate(Desk, inside, { operation: 'burn' });
  }
}

/** What is inferred here must have a public name: else nobody who emits declarations could export it. */
const named = {
  values: (inside: OperationContext): Promise<ParallelValues<{ a: () => number }>> =>
    inside.parallel({ a: () => 1 }),
  results: (inside: OperationContext): Promise<ParallelResults<{ a: () => number }>> =>
    inside.parallel({ a: () => 1 }, { mode: 'settle' }),
  step: (inside: OperationContext): Promise<StepValue<StepResult<Date>>> =>
    inside.step('a', (): StepResult<Date> => StepResult.ok(new Date(0))),
  alternatives: (): Pick<AdaptiveAlternatives<Page, unknown, never, never>, 'alternative'> =>
    adaptive<Page>(),
  unrewarded: (): AdaptiveUnrewarded<Page, unknown, 'a', number> =>
    adaptive<Page>()
      .alternative('a', () => 1)
      .policy(epsilonGreedy()),
};

describe('the types of calls from inside an operation', () => {
  it('are those of the operation that is meant, and of no other method of the class', () => {
    expect(Caller.prototype.types).toBeInstanceOf(Function);
  });

  it('have public names where somebody may export them', () => {
    expect(named.alternatives()).toHaveProperty('alternative');
    expect(named.unrewarded()).toHaveProperty('reward');
  });
});
