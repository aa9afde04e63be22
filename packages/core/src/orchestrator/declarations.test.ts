import { describe, expect, it } from '@jest/globals';
import { IsString } from 'class-validator';
import fc from 'fast-check';

import {
  BaseOrchestrator,
  createOrchestrationHost,
  DEFAULT_LAYER_RULE,
  defineOrchestrator,
  ERROR_CATEGORIES,
  type FailedResult,
  type Logger,
  operation,
  OrchestrationContext,
  OrchestrationError,
  OrchestrationFacade,
  OrchestrationLayer,
  OrchestrationType,
  orchestrator,
  sequential,
} from '../index.js';
import { defaultOrchestratorName } from '../naming.js';

const context = OrchestrationContext.create({ tenantId: 'acme' });

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (thrown) {
    return thrown;
  }
  return undefined;
}

describe('the default name', () => {
  it.each([
    ['MyWorkflowOrchestrator', 'my_workflow'],
    ['Base1', 'base1'],
    ['HTTPServer', 'http_server'],
    ['HTTP2ServerOrchestrator', 'http2_server'],
    ['ServerHTTPOrchestrator', 'server_http'],
    ['ABTest', 'ab_test'],
    ['S3Bucket', 's3_bucket'],
    ['Orchestrator', 'orchestrator'],
    ['MyÜberblickOrchestrator', 'my_überblick'],
    ['ÉtatHTTPÉcole', 'état_http_école'],
  ])('of %s is %s', (className, name) => {
    expect(defaultOrchestratorName(className)).toBe(name);
  });

  it('joins the words of a class name, each with its digits', () => {
    const word = fc.stringMatching(/^[A-Z][a-z]{1,6}[0-9]{0,3}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
        const name = words.map((each) => each.toLowerCase()).join('_');
        expect(defaultOrchestratorName(`${words.join('')}Orchestrator`)).toBe(name);
      }),
    );
  });
});

describe('the constants', () => {
  it('are the same for everybody: nobody can change them for the others', () => {
    for (const shared of [
      OrchestrationLayer,
      OrchestrationType,
      ERROR_CATEGORIES,
      ERROR_CATEGORIES.network,
      DEFAULT_LAYER_RULE,
      DEFAULT_LAYER_RULE.domain,
    ]) {
      expect(Object.isFrozen(shared)).toBe(true);
    }
  });
});

describe('a declaration', () => {
  it('with options that are none is refused by name', () => {
    const declare = (declaration: unknown) => (): void => {
      class Work extends BaseOrchestrator {
        run(): void {}
      }
      defineOrchestrator(Work, declaration as never);
    };
    const base = { layer: 'domain', type: 'sequential' };
    const wrong: [() => void, string][] = [
      [declare(null), 'defineOrchestrator(Work)'],
      [declare({ ...base, operations: { run: null } }), '@operation run'],
      [declare({ ...base, consumes: { run: { queue: 'q', retry: { maxAttempts: 0 } } } }), '@consumes run'],
      [declare({ ...base, consumes: { run: { queue: 'q', retry: 3 } } }), '@consumes run'],
      [declare({ ...base, params: class {} }), '@orchestrator of Work'],
      [declare({ ...base, params: 'Dto', flow: sequential().step('a', () => 1) }), '@orchestrator of Work'],
      [
        () => {
          orchestrator('domain', 'sequential', null as never)(class Work extends BaseOrchestrator {});
        },
        '@orchestrator of Work',
      ],
    ];
    for (const [run, where] of wrong) {
      const thrown = thrownBy(run);
      expect(thrown).toMatchObject({ code: 'OPTION_INVALID' });
      expect((thrown as Error).message).toContain(where);
    }
  });

  it('of a class that would pass for a promise is refused: a container would wait for it for ever', async () => {
    class Chained extends BaseOrchestrator {
      then(): string {
        return 'next';
      }
    }
    const declare = (): unknown => defineOrchestrator(Chained, { layer: 'domain', type: 'sequential' });
    expect(thrownBy(declare)).toMatchObject({ code: 'DECORATOR_MISUSED' });
    class Renamed extends BaseOrchestrator {
      next(): string {
        return 'next';
      }
    }
    defineOrchestrator(Renamed, {
      layer: 'domain',
      type: 'sequential',
      operations: { next: { name: 'then' } },
    });
    const facade = new OrchestrationFacade();
    facade.register(Renamed);
    const client = await Promise.resolve(facade.client(Renamed));
    expect(await client.next(context)).toMatchObject({ data: 'next' });
  });

  it('that contradicts itself is refused: two of one name, two consumers of a queue, an operation that is a hook', async () => {
    class Many extends BaseOrchestrator {
      one(): string {
        return 'one';
      }
      two(): string {
        return 'two';
      }
      override start(_signal: AbortSignal): void {
        return undefined;
      }
      override health(): boolean {
        return true;
      }
    }
    const declared = (options: Partial<Parameters<typeof defineOrchestrator>[1]>) => {
      class Case extends Many {}
      return defineOrchestrator(Case, { layer: 'domain', type: 'feedback', name: 'many', ...options });
    };
    const refused: readonly [Parameters<typeof declared>[0], string][] = [
      [{ operations: { one: { name: 'same' }, two: { name: 'same' } } }, 'has two operations named "same"'],
      [{ operations: { one: { default: true }, two: { default: true } } }, 'has two default operations'],
      [
        { consumes: { one: { queue: 'q' }, two: { queue: 'q' } } },
        'has two consumers of queue "q": one and two',
      ],
      [{ operations: ['start'] }, 'the hook "start": a host calls it with a signal, not with a context'],
    ];
    for (const [options, message] of refused) {
      const target = declared(options);
      expect(createOrchestrationHost({ orchestrators: [target] }).check()).toMatchObject([
        { code: 'OPTION_INVALID', severity: 'error', message: expect.stringContaining(message) as unknown },
      ]);
      expect(thrownBy(() => new OrchestrationFacade().register(target))).toMatchObject({
        code: 'OPTION_INVALID',
      });
    }
    const facade = new OrchestrationFacade();
    facade.register(declared({ operations: { one: { name: 'start' }, health: true } }));
    for (const [named, data] of [
      ['start', 'one'],
      ['health', true],
    ]) {
      expect(await facade.orchestrate('many', context, { operation: named })).toMatchObject({ data });
    }
  });

  it('by standard decorators says which setting is missing', () => {
    const standard = operation() as unknown as (method: unknown, context: unknown) => void;
    const thrown = thrownBy(() => {
      standard(() => 1, { kind: 'method', name: 'run' });
    });
    expect(thrown).toMatchObject({
      code: 'DECORATOR_MISUSED',
      message: expect.stringContaining('experimentalDecorators') as unknown,
    });
  });

  it('of a flow may name the DTO that the flow is called with', async () => {
    class Page {
      @IsString()
      url!: string;
    }
    const flow = sequential<Page>().step('seen', ({ input }) => [input instanceof Page, Object.keys(input)]);
    @orchestrator('domain', 'sequential', { flow, params: Page })
    class Reader extends BaseOrchestrator {}
    const facade = new OrchestrationFacade();
    facade.register(Reader);
    const call = (params: unknown) => facade.orchestrate<unknown>('reader' as string, context, params);
    expect(await call({ url: 'https://a.example', extra: 1 })).toMatchObject({
      data: { seen: [true, ['url']] },
    });
    expect(await call({ url: 5 })).toMatchObject({
      errorCategory: 'validation',
      details: [{ property: 'url', constraint: 'isString' }],
    });
    expect(facade.listOrchestrators()['reader']?.operations[0]?.params?.properties).toHaveProperty('url');
  });
});

describe('registering', () => {
  it('an object that throws when it is looked at is misuse like any other', () => {
    const trap = (): never => {
      throw new Error('hands off');
    };
    const handler = { get: trap, has: trap, getPrototypeOf: trap };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const hostile of [new Proxy({}, handler), new Proxy(class {}, handler), proxy]) {
      const thrown = thrownBy(() => {
        new OrchestrationFacade().register(hostile);
      });
      expect(thrown).toBeInstanceOf(OrchestrationError);
      expect(thrown).toMatchObject({ code: 'ORCHESTRATOR_INVALID' });
    }
  });
});

describe('this.logger', () => {
  class Chatty extends BaseOrchestrator {
    run(): string {
      this.logger.info('said', { word: 'hello' });
      return 'done';
    }
  }
  defineOrchestrator(Chatty, { layer: 'domain', type: 'business_logic', operations: ['run'] });

  it.each([
    ['has no children', undefined],
    [
      'throws where a child is asked for',
      () => {
        throw new Error('no child');
      },
    ],
    ['gives nothing for a child', () => undefined],
  ])('names the orchestrator and the call also over a logger that %s', async (_what, child) => {
    const lines: [string, unknown][] = [];
    const write = (event: string, fields?: unknown): void => {
      lines.push([event, fields]);
    };
    const logger = { debug: write, info: write, warn: write, error: write, child };
    const facade = new OrchestrationFacade({ logger: logger as unknown as Logger });
    facade.register(Chatty);
    const result = await facade.orchestrate('chatty' as string, context);
    expect((result as FailedResult).error).toBeUndefined();
    expect(lines.find(([event]) => event === 'said')?.[1]).toMatchObject({
      orchestrator: 'chatty',
      tenantId: 'acme',
      requestId: context.requestId,
      word: 'hello',
    });
  });
});

describe('the operations of an orchestrator', () => {
  it.each([1, 3, 11, 12, 40])(
    'are found by name and listed in their order, also %i of them',
    async (count) => {
      const names = Array.from({ length: count }, (_, at) => `op_${String(at)}`);
      class Many extends BaseOrchestrator {}
      for (const name of names) {
        Object.defineProperty(Many.prototype, name, { value: () => name, configurable: true });
      }
      defineOrchestrator(Many, { layer: 'domain', type: 'business_logic', operations: names });
      const facade = new OrchestrationFacade();
      facade.register(Many);
      expect(facade.listOrchestrators()['many']?.operations.map(({ name }) => name)).toEqual(names);
      for (const operation of names) {
        expect(await facade.orchestrate('many' as string, context, { operation })).toMatchObject({
          data: operation,
        });
      }
      const unknown = await facade.orchestrate('many' as string, context, { operation: 'op_x' });
      expect((unknown as FailedResult).details).toEqual({ operations: names });
      // With one operation, that is the default; with more there is none.
      expect((await facade.orchestrate('many' as string, context)).status).toBe(
        count === 1 ? 'ok' : 'failed',
      );
    },
  );
});
