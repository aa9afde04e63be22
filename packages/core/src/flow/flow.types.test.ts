import { describe, expect, it } from '@jest/globals';

import type { OperationContext } from '../operation-context.js';
import { operation, orchestrator } from '../orchestrator/decorators.js';
import type { OrchestratorOptions } from '../orchestrator/options.js';
import { type FailedResult, type OkResult, type SkippedResult, StepResult } from '../step-result.js';
import { adaptive } from './adaptive.js';
import { ucb1 } from './bandit-policies.js';
import type { Flow } from './flow.js';
import { hierarchical } from './hierarchical.js';
import { parallel } from './parallel.js';
import { sequential } from './sequential.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only where both types are the same. */
function same<A, B>(equal: Equal<A, B>): void {
  expect(equal).toBe(true);
}

type OutputOf<F> = F extends Flow<never, infer Output, never> ? Output : never;

interface Page {
  readonly html: string;
}

class Store {
  readonly prefix: string = 'page';
  fetch(url: string): Promise<Page> {
    return Promise.resolve({ html: url });
  }
}

@orchestrator('domain', 'business_logic', { name: 'types_planner' })
class PlannerOrchestrator {
  @operation()
  plan(_context: OperationContext, params: { goal: string }): StepResult<{ steps: number }> {
    return StepResult.ok({ steps: params.goal.length });
  }

  @operation()
  rate(_context: OperationContext, params: { score: number }): StepResult<boolean> {
    return StepResult.ok(params.score > 0);
  }

  @operation()
  tag(
    _context: OperationContext,
    params: { tags: string[]; deep: { list: { id: number }[] } },
  ): StepResult<string[]> {
    return StepResult.ok(params.tags);
  }
}

const maybe = (): OkResult<number> | SkippedResult => StepResult.ok(1);
const risky = (): OkResult<number> | FailedResult => StepResult.ok(1);
const whole = (): Promise<StepResult<number>> => Promise.resolve(StepResult.ok(1));

describe('the types of a sequential flow', () => {
  it('show each step the input, the orchestrator and the payloads of the steps before it', () => {
    const flow = sequential<{ url: string }, Store>()
      .step('fetch', ({ input }, { self }) => self.fetch(input.url), { retry: { maxAttempts: 2 } })
      .step('words', ({ fetch }) => fetch.html.split(' '), { compensate: (words) => words.join('') })
      .step('count', (values) => {
        same<
          typeof values,
          { readonly input: { url: string } } & { readonly fetch: Page; readonly words: string[] }
        >(true);
        return values.words.length;
      });
    const named = flow.returns(({ count, input }) => ({ count, url: input.url }));

    same<OutputOf<typeof flow>, { readonly fetch: Page; readonly words: string[]; readonly count: number }>(
      true,
    );
    same<OutputOf<typeof named>, { count: number; url: string }>(true);
  });

  it('unwrap results, with undefined where a step may be skipped', () => {
    const flow = sequential<number>()
      .step('risky', risky)
      .step('maybe', maybe)
      .step('whole', whole)
      .step('unwrapped', async () => StepResult.unwrap(await whole()))
      .step('conditional', () => 'x', { when: ({ maybe: value }) => value === 1 })
      .returns(() => whole());

    same<OutputOf<typeof flow>, number>(true);
    const record = sequential<number>()
      .step('risky', risky)
      .step('maybe', maybe)
      .step('whole', whole)
      .step('unwrapped', async () => StepResult.unwrap(await whole()))
      .step('conditional', () => 'x', { when: ({ maybe: value }) => value === 1, timeoutMs: 5 });
    same<
      OutputOf<typeof record>,
      {
        readonly risky: number;
        readonly maybe: number | undefined;
        readonly whole: number | undefined;
        readonly unwrapped: number;
        readonly conditional: string | undefined;
      }
    >(true);
  });

  it('refuse what cannot work', () => {
    const flow = sequential<{ url: string }, Store>().step('fetch', ({ input }) => input.url);

    // @ts-expect-error -- there is no step "store" before this one
    flow.step('parse', ({ store }) => String(store));
    // @ts-expect-error -- the input has no "path"
    flow.step('parse', ({ input }) => String(input.path));
    // @ts-expect-error -- the value of "fetch" is a string
    flow.step('parse', ({ fetch }) => fetch * 2);
    // @ts-expect-error -- the compensation gets the step's own value, a number
    flow.step('parse', () => 1, { compensate: (value: string) => value });
    // @ts-expect-error -- the orchestrator has no method "save"
    flow.step('parse', (_values, { self }) => String(self.save()));
    // @ts-expect-error -- the context of a step has no verbs
    flow.step('parse', (_values, { context }) => String(context.now()));
    // @ts-expect-error -- a condition answers with a boolean, not with a promise of one
    flow.step('parse', () => 1, { when: () => Promise.resolve(true) });
    // @ts-expect-error -- a flow without steps cannot be run
    expect(() => sequential<number>().run).not.toThrow();
    // @ts-expect-error -- the name is taken
    expect(() => flow.step('fetch', () => 1)).toThrow('FLOW_INVALID');
    // @ts-expect-error -- "input" is what the flow was called with
    expect(() => flow.step('input', () => 1)).toThrow('FLOW_INVALID');
    // @ts-expect-error -- a finished flow takes no more steps
    expect(() => flow.returns(() => 1).step('late', () => 1)).toThrow(TypeError);
  });
});

describe('the types of a parallel flow', () => {
  it('show a step the input and exactly the steps it needs', () => {
    const flow = parallel<{ id: number }, Store>()
      .step('a', ({ input }) => input.id)
      .step('b', (_values, { self }) => self.prefix)
      .step(
        'c',
        (values) => {
          same<
            typeof values,
            { readonly input: { id: number } } & Pick<{ readonly a: number; readonly b: string }, 'a'>
          >(true);
          return [values.a];
        },
        { needs: ['a'], compensate: (list) => list.length },
      )
      .step('d', ({ a, b }) => `${b}${a}`, { needs: ['a', 'b'], when: ({ a }) => a > 1 });

    same<
      OutputOf<typeof flow>,
      { readonly a: number; readonly b: string; readonly c: number[]; readonly d: string | undefined }
    >(true);
    // @ts-expect-error -- "b" is not among the needs
    flow.step('e', ({ b }) => b, { needs: ['a'] });
    // @ts-expect-error -- without needs a step sees the input alone
    flow.step('e', ({ a }) => a);
    // @ts-expect-error -- no step is named "z"
    expect(() => flow.step('e', () => 1, { needs: ['z'] })).toThrow('FLOW_INVALID');
    // @ts-expect-error -- the name is taken
    expect(() => flow.step('a', () => 1)).toThrow('FLOW_INVALID');
  });

  it('give results in settle mode', () => {
    const flow = parallel<number>({ mode: 'settle', concurrency: 2 })
      .step('a', () => 1)
      .step('b', ({ a }) => String(a), { needs: ['a'] });
    const summed = flow.returns(({ a, b, input }) => (a.success && b.success ? input : 'none'));

    same<OutputOf<typeof flow>, { readonly a: StepResult<number>; readonly b: StepResult<string> }>(true);
    same<OutputOf<typeof summed>, number | 'none'>(true);
  });
});

describe('the types of a hierarchical flow', () => {
  it('know the params and the payload of a child that is given by its class', () => {
    const flow = hierarchical<{ goal: string }, Store>()
      .delegate('plan', PlannerOrchestrator, ({ input }) => ({ operation: 'plan', goal: input.goal }))
      .delegate('rate', PlannerOrchestrator, ({ plan }) => ({ operation: 'rate', score: plan.steps }), {
        optional: true,
      })
      .delegate('other', 'by_name', ({ rate }) => ({ anything: rate }), {
        when: ({ plan }) => plan.steps > 1,
      })
      .step('own', ({ plan, rate }) => (rate === true ? plan.steps : 0), { needs: ['plan', 'rate'] })
      .delegate('tag', PlannerOrchestrator, () => ({
        operation: 'tag',
        tags: ['x'],
        deep: { list: [{ id: 1 }] },
      }))
      .aggregate((values) => {
        same<typeof values.tag, string[]>(true);
        same<typeof values.plan, { steps: number }>(true);
        same<typeof values.rate, boolean | undefined>(true);
        same<typeof values.other, unknown>(true);
        return { goal: values.input.goal, own: values.own };
      });

    same<OutputOf<typeof flow>, { goal: string; own: number }>(true);
  });

  it('refuse wrong params and what a child does not see', () => {
    const flow = hierarchical<{ goal: string }>();

    // @ts-expect-error -- "plan" takes a goal that is a string
    flow.delegate('plan', PlannerOrchestrator, () => ({ operation: 'plan', goal: 1 }));
    // @ts-expect-error -- there is no operation "destroy"
    flow.delegate('plan', PlannerOrchestrator, () => ({ operation: 'destroy' }));
    // @ts-expect-error -- nothing is declared before
    flow.delegate('plan', 'by_name', ({ plan }) => ({ plan }));
    // @ts-expect-error -- a hierarchical flow is no flow before its aggregate
    flow.step('a', () => 1).run;

    const byNeeds = hierarchical<number>({ concurrency: 2 }).step('a', () => 1);
    // @ts-expect-error -- with concurrency a child sees what it needs, and it says that it needs nothing
    byNeeds.delegate('b', 'by_name', ({ a }) => ({ a }));
    byNeeds.delegate('b', 'by_name', ({ a }) => ({ a: a + 1 }), { needs: ['a'] });
  });
});

describe('the types of an adaptive flow', () => {
  it('give the payload of any alternative', () => {
    const flow = adaptive<{ text: string }, Store>()
      .alternative('short', ({ input }) => input.text.length)
      .alternative('long', (_values, { self }) => self.fetch('x'))
      .alternative('risky', whole)
      .policy(ucb1())
      .reward((result, { durationMs, alternative }) => {
        same<typeof alternative, 'short' | 'long' | 'risky'>(true);
        return result.status === 'ok' && durationMs < 10 ? 1 : 0;
      });

    same<OutputOf<typeof flow>, number | Page>(true);

    const alternatives = adaptive<number>().alternative('a', () => 1);
    const chosen = alternatives.policy(ucb1());
    // @ts-expect-error -- a flow without a policy cannot be run
    expect(alternatives.run).toBeUndefined();
    // @ts-expect-error -- a flow without a reward cannot be run
    expect(chosen.run).toBeUndefined();
    // @ts-expect-error -- a reward is a number
    chosen.reward(() => 'good');
    // @ts-expect-error -- the name is taken
    expect(() => alternatives.alternative('a', () => 1)).toThrow('FLOW_INVALID');
  });
});

describe('any flow', () => {
  it('can be declared on an orchestrator', () => {
    const flows: readonly NonNullable<OrchestratorOptions['flow']>[] = [
      sequential<{ url: string }, Store>().step('a', () => 1),
      sequential<{ url: string }, Store>()
        .step('a', () => 1)
        .returns(() => 'x'),
      parallel<number>({ mode: 'settle' }).step('a', () => 1),
      hierarchical<string>()
        .step('a', () => 1)
        .aggregate(() => 1),
      adaptive<string>()
        .alternative('a', () => 1)
        .policy(ucb1())
        .reward(() => 1),
    ];
    // @ts-expect-error -- a hierarchical flow needs its aggregate
    const unfinished: OrchestratorOptions['flow'] = hierarchical<string>().step('a', () => 1);

    expect(flows.map((flow) => flow.kind)).toEqual([
      'sequential',
      'sequential',
      'parallel',
      'hierarchical',
      'adaptive',
    ]);
    expect(unfinished).toBeDefined();
  });

  it('takes its own input and orchestrator only', () => {
    const flow = sequential<{ url: string }, Store>().step('a', () => 1);
    const use = (context: OperationContext): unknown => [
      flow.run(context, { url: 'x' }, new Store()),
      // @ts-expect-error -- the input is an object with a url
      flow.run(context, { path: 'x' }, new Store()),
      // @ts-expect-error -- the steps are written for a Store
      flow.run(context, { url: 'x' }, new Date()),
    ];
    // @ts-expect-error -- not every input has a url
    const widened: Flow<unknown, unknown, never> = flow;

    expect(typeof use).toBe('function');
    expect(widened).toBe(flow);
  });
});
