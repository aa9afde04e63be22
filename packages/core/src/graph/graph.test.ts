import 'reflect-metadata';

import { describe, expect, it } from '@jest/globals';
import { Container, inject, injectable, multiInject, named, optional } from 'inversify';

import {
  BaseOrchestrator,
  createOrchestrationHost,
  defineOrchestrator,
  type HostOptions,
  lazy,
  type Lazy,
  type OperationContext,
  type OrchestratorDeclaration,
  orchestrator,
  type Problem,
  type StepResult,
} from '../index.js';
import { RecordingLogger } from '../testing/index.js';
import { aContext, rejection } from '../lifecycle/fixtures/scripted-host.js';

type Class = new (...args: never[]) => BaseOrchestrator;

/** An orchestrator that only stands somewhere in the graph. */
function node(name: string, declaration: Partial<OrchestratorDeclaration> = {}): Class {
  const Node = class extends BaseOrchestrator {};
  Object.defineProperty(Node, 'name', { value: name });
  return defineOrchestrator(Node, { layer: 'application', type: 'business_logic', name, ...declaration });
}

const check = (...orchestrators: unknown[]): Problem[] =>
  createOrchestrationHost({ orchestrators } as HostOptions).check();

describe('the graph check', () => {
  it('finds nothing wrong with a sound graph, builds nothing and starts nothing', () => {
    let built = 0;
    class Counts extends BaseOrchestrator {
      constructor() {
        super();
        built += 1;
      }
    }
    defineOrchestrator(Counts, { layer: 'domain', type: 'feedback' });
    const host = createOrchestrationHost({ orchestrators: [node('a', { dependsOn: [Counts] }), Counts] });
    expect(host.check()).toEqual([]);
    expect(host.check()).toEqual([]);
    expect(host.graph().edges).toEqual([{ from: 'a', to: 'counts', kind: 'dependsOn', through: [] }]);
    expect([built, host.state]).toEqual([0, 'created']);
  });

  it('shows a missing binding with the way to it, through services, parameters and properties', () => {
    @injectable()
    class Store {
      constructor(@inject('POOL') readonly pool: unknown) {}
    }
    @injectable()
    class Service {
      @inject('CLOCKWORK') clockwork!: unknown;
      constructor(@inject(Store) readonly store: Store) {}
    }
    @orchestrator('domain', 'business_logic')
    class User extends BaseOrchestrator {
      constructor(
        @inject(Service) readonly service: Service,
        @inject('MAYBE') @optional() readonly maybe: unknown,
        @multiInject('MANY') readonly many: unknown[],
        @lazy('LATER') readonly later: Lazy<unknown>,
      ) {
        super();
      }
    }
    const container = new Container();
    container.bind(Service).toSelf();
    container.bind('ALIAS').toService(Store);
    container.bind(Store).toSelf();
    const problems = createOrchestrationHost({ container, orchestrators: [User] }).check();
    expect(
      problems.map(({ code, message, path, orchestrators }) => ({ code, message, path, orchestrators })),
    ).toEqual([
      {
        code: 'GRAPH_MISSING_BINDING',
        message: 'Nothing is bound to POOL, wanted as parameter 1 of Store: user → Service → Store → POOL.',
        path: ['user', 'Service', 'Store', 'POOL'],
        orchestrators: ['user'],
      },
      {
        code: 'GRAPH_MISSING_BINDING',
        message:
          'Nothing is bound to CLOCKWORK, wanted as property clockwork of Service: user → Service → CLOCKWORK.',
        path: ['user', 'Service', 'CLOCKWORK'],
        orchestrators: ['user'],
      },
      {
        code: 'GRAPH_MISSING_BINDING',
        message: 'Nothing is bound to LATER, wanted as lazily injected into user: user → LATER.',
        path: ['user', 'LATER'],
        orchestrators: ['user'],
      },
    ]);
    expect(problems[0]).toMatchObject({
      severity: 'error',
      fix: 'Bind the token in a module, or add the class to the host.',
    });
  });

  it('shows each cycle as a → b → a: direct, of one, through services, and of services alone', () => {
    const a = node('a', { dependsOn: ['b'] });
    const b = node('b', { dependsOn: ['a'] });
    const self = node('self', { dependsOn: ['self'] });
    const messages = check(
      a,
      b,
      self,
      node('x', { dependsOn: ['y'] }),
      node('y', { dependsOn: ['z'] }),
      node('z', { dependsOn: ['x', 'a'] }),
    ).map((each) => each.message);
    expect([...messages].sort()).toEqual([
      'a, b wait for each other: a → b → a.',
      'self needs itself: self → self.',
      'x, y, z wait for each other: x → y → z → x.',
    ]);

    @injectable()
    class Between {
      constructor(@inject('BACK') readonly back: unknown) {}
    }
    @orchestrator('application', 'business_logic')
    class Round extends BaseOrchestrator {
      constructor(
        @inject(Between) readonly between: unknown,
        @inject('ONE') readonly one: unknown,
      ) {
        super();
      }
    }
    const container = new Container();
    container.bind(Between).toSelf();
    container.bind('BACK').toService(Round);
    container.bind('ONE').toResolvedValue((two: unknown) => two, ['TWO']);
    container.bind('TWO').toResolvedValue((one: unknown) => one, ['ONE']);
    const problems = createOrchestrationHost({
      container,
      orchestrators: [Round, node('other', { inject: ['ONE'] })],
    }).check();
    expect(problems.map((each) => each.message).sort()).toEqual([
      'ONE, TWO wait for each other: ONE → TWO → ONE.',
      'round needs itself: round → Between → BACK → round.',
    ]);
  });

  it('names both ends of a layer breach, and knows a rule of the user', () => {
    const low = node('low', { layer: 'infrastructure' });
    const mid = node('mid', { layer: 'domain', dependsOn: [low] });
    const [problem] = check(mid, low);
    expect(problem).toMatchObject({
      code: 'GRAPH_LAYER_BREACH',
      message: 'mid (domain) may not depend on low (infrastructure): mid → low.',
      path: ['mid', 'low'],
      orchestrators: ['mid', 'low'],
    });
    const layerRule = { application: [], domain: ['infrastructure'], infrastructure: [] } as const;
    expect(createOrchestrationHost({ orchestrators: [mid, low], layerRule }).check()).toEqual([]);
    expect(check(node('lazily', { layer: 'domain', inject: [{ lazy: low }] }), low)[0]).toMatchObject({
      code: 'GRAPH_LAYER_BREACH',
    });
  });

  it('lets a domain class inject a port that an infrastructure class of the user implements', () => {
    @injectable()
    class Postgres {}
    const container = new Container();
    container.bind('UserStore').to(Postgres).inSingletonScope();
    const host = createOrchestrationHost({
      container,
      orchestrators: [node('a', { layer: 'domain', inject: ['UserStore'] })],
    });
    expect(host.check()).toEqual([]);
  });

  it('finds what is of request scope behind a singleton, also behind a transient, and only where it is meant', () => {
    @injectable()
    class Session {}
    @injectable()
    class Helper {
      constructor(@inject(Session) readonly session: Session) {}
    }
    const container = new Container();
    container.bind(Session).toSelf().inRequestScope();
    container.bind(Helper).toSelf().inTransientScope();
    container.bind('CHOICE').to(Session).inRequestScope().whenNamed('bad');
    container.bind('CHOICE').toConstantValue(1).whenNamed('good');
    @orchestrator('domain', 'business_logic')
    class Chooses extends BaseOrchestrator {
      constructor(@inject('CHOICE') @named('good') readonly choice: unknown) {
        super();
      }
    }
    const problems = createOrchestrationHost({
      container,
      orchestrators: [node('a', { inject: [Helper] }), node('b', { inject: [Session] }), Chooses],
    }).check();
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      [
        'GRAPH_CAPTIVE_DEPENDENCY',
        'a lives as long as the host, but holds Session, which is made anew per request: a → Helper → Session.',
      ],
      [
        'GRAPH_CAPTIVE_DEPENDENCY',
        'b lives as long as the host, but holds Session, which is made anew per request: b → Session.',
      ],
    ]);
  });

  it('finds duplicates, unknown names, flows of another type and what nothing says how to inject', () => {
    class Unknowable extends BaseOrchestrator {
      constructor(
        readonly first: unknown,
        readonly second: unknown,
      ) {
        super();
      }
    }
    defineOrchestrator(Unknowable, { layer: 'domain', type: 'lifecycle', inject: ['TOKEN'] });
    @orchestrator('domain', 'lifecycle')
    class Emitted extends BaseOrchestrator {
      constructor(readonly text: string) {
        super();
      }
    }
    const twice = node('twice');
    const container = new Container();
    container.bind('TOKEN').toConstantValue(1);
    const problems = createOrchestrationHost({
      container,
      orchestrators: [
        twice,
        twice,
        node('same'),
        node('same'),
        node('needy', { dependsOn: ['sane', Unknowable, class Stranger {}] }),
        node('flows', { type: 'sequential', flow: { kind: 'parallel' } as never }),
        node('own_type', { type: 'choreography', flow: { kind: 'parallel' } as never }),
        Unknowable,
        Emitted,
      ],
    }).check();
    expect(problems.map(({ code, message }) => `${code}: ${message}`).sort()).toEqual([
      'GRAPH_DUPLICATE_NAME: Two orchestrators are named "same": same and same.',
      'GRAPH_DUPLICATE_NAME: twice is listed twice.',
      'GRAPH_FLOW_TYPE: flows is sequential, but its flow is built with parallel().',
      'GRAPH_METADATA_MISSING: Nothing says what to inject as parameter 1 of Emitted.',
      'GRAPH_METADATA_MISSING: Nothing says what to inject as parameter 2 of Unknowable.',
      'GRAPH_UNKNOWN_DEPENDENCY: needy depends on "Stranger", which the host does not have.',
      'GRAPH_UNKNOWN_DEPENDENCY: needy depends on "sane", which the host does not have. Near: same.',
    ]);
  });

  it('warns of params that nothing checks, and makes it an error where asked to; a warning does not stop a start', async () => {
    @orchestrator('domain', 'business_logic')
    class Loose extends BaseOrchestrator {
      work(_context: OperationContext, params: unknown): unknown {
        return params;
      }
      plain(_context: OperationContext): number {
        return 1;
      }
    }
    const Declared = class extends Loose {};
    defineOrchestrator(Declared, {
      layer: 'domain',
      type: 'business_logic',
      name: 'loose',
      operations: ['work', 'plain'],
    });
    const host = createOrchestrationHost({ orchestrators: [Declared] });
    expect(host.check()).toMatchObject([
      { code: 'PARAMS_UNCHECKED', severity: 'warning', path: ['loose', 'work'], orchestrators: ['loose'] },
    ]);
    await host.start();
    expect(host.check()).toHaveLength(1);
    await host.stop();
    const strict = createOrchestrationHost({ orchestrators: [Declared], strictParams: true });
    expect(strict.check()).toMatchObject([{ code: 'PARAMS_UNCHECKED', severity: 'error' }]);
    expect(await rejection(strict.start())).toMatchObject({ code: 'GRAPH_INVALID' });
  });

  it('warns of a policy that nothing applies, and of an option that there is not, also in the log', async () => {
    const Guarded = class extends BaseOrchestrator {
      work(): number {
        return 1;
      }
    };
    defineOrchestrator(Guarded, {
      layer: 'domain',
      type: 'business_logic',
      name: 'guarded',
      operations: { work: { policy: 'ghost' } },
    });
    const logger = new RecordingLogger();
    const options = { orchestrators: [Guarded], logger, orchestrator: [] };
    const host = createOrchestrationHost(options);
    const warnings = [
      { code: 'OPTION_INVALID', severity: 'warning', fix: 'Did you mean "orchestrators"?' },
      { code: 'POLICY_UNAPPLIED', severity: 'warning', path: ['guarded', 'work'] },
    ];
    expect(host.check()).toMatchObject(warnings);
    await host.start();
    const told = logger.records.filter(({ event }) => event === 'host_problem');
    expect(told.map(({ fields }) => fields?.['code'])).toEqual(warnings.map(({ code }) => code));
    await host.stop();

    const around = { name: 'policies', around: (_call: unknown, next: () => Promise<StepResult>) => next() };
    const applied = (appliesTo?: () => boolean) =>
      createOrchestrationHost({
        orchestrators: [Guarded],
        interceptors: [{ ...around, ...(appliesTo === undefined ? {} : { appliesTo }) }],
      });
    expect(applied().check()).toEqual([]);
    expect(applied(() => true).check()).toEqual([]);
    expect(applied(() => false).check()).toMatchObject([{ code: 'POLICY_UNAPPLIED' }]);
  });

  it('warns of options of an orchestrator that there are not, its own and those of a parent', () => {
    class Base extends BaseOrchestrator {
      work(): number {
        return 1;
      }
      take(): void {}
      tick(): void {}
    }
    // As JavaScript may say it.
    const operations = { work: { timeoutMS: 10 } };
    const consumes = { take: { queue: 'inbox', batchsize: 4 } };
    const background = { tick: { everyMs: 1_000, xyzzy: 1 } };
    defineOrchestrator(Base, {
      ...{ layer: 'domain', type: 'business_logic', maxConcurency: 3, operation: [] },
      ...{ operations, consumes, background },
    } as never);
    class Child extends Base {}
    defineOrchestrator(Child, { layer: 'domain', type: 'business_logic', name: 'child' });
    const problems = createOrchestrationHost({ orchestrators: [Base, Child] }).check();
    const said = [
      '@operation work has no option "timeoutMS". Did you mean "timeoutMs"?',
      '@background tick has no option "xyzzy". Leave it out.',
      '@consumes take has no option "batchsize". Did you mean "batchSize"?',
      '@orchestrator of Base has no option "maxConcurency". Did you mean "maxConcurrency"?',
      '@orchestrator of Base has no option "operation". Did you mean "operations"?',
    ];
    expect(problems.map(({ message, fix }) => `${message} ${fix}`)).toEqual([...said, ...said]);
    expect(problems).toEqual(
      problems.map(() => expect.objectContaining({ code: 'OPTION_INVALID', severity: 'warning' })),
    );
  });

  it('rejects a start with all problems at once: each message in its message, each error in its errors', async () => {
    let started = 0;
    const Starts = class extends BaseOrchestrator {
      override start(): void {
        started += 1;
      }
    };
    defineOrchestrator(Starts, { layer: 'domain', type: 'lifecycle', name: 'starts' });
    const host = createOrchestrationHost({
      orchestrators: [
        Starts,
        node('a', { dependsOn: ['b'] }),
        node('b', { dependsOn: ['a'] }),
        node('c', { inject: ['NOWHERE'] }),
        node('d', { layer: 'domain', dependsOn: ['c'] }),
        node('c'),
        undefined as never,
      ],
    });
    const problems = host.check().filter((each) => each.severity === 'error');
    const error = await rejection(host.start());
    expect(problems).toHaveLength(5);
    expect(error).toMatchObject({ code: 'GRAPH_INVALID', name: 'OrchestrationError' });
    expect(error.errors?.map((each) => (each as { code?: string }).code)).toEqual(
      problems.map((each) => each.code),
    );
    for (const { message, fix } of problems) {
      expect(error.message).toContain(message);
      expect(error.message).toContain(fix);
    }
    expect([started, host.state]).toEqual([0, 'failed']);
    expect(await host.stop()).toMatchObject({ clean: true });
    expect(await host.facade.orchestrate('starts', aContext())).toMatchObject({
      errorCategory: 'service_unavailable',
    });
  });

  it('refuses by name what the engine cannot do, and starts no engine then', async () => {
    let engineStarts = 0;
    const engine = {
      name: 'sieve',
      capabilities: [],
      start: () => {
        engineStarts += 1;
      },
      run: () => Promise.reject(new Error('never')),
      stop: () => undefined,
    };
    class Keeps extends BaseOrchestrator {
      work(_context: OperationContext): number {
        return 1;
      }
    }
    defineOrchestrator(Keeps, {
      layer: 'domain',
      type: 'business_logic',
      operations: ['work'],
      durable: true,
    });
    const host = createOrchestrationHost({ orchestrators: [Keeps], engine });
    expect(host.check()).toMatchObject([
      {
        code: 'ENGINE_UNSUITABLE',
        message: 'keeps is durable, but the engine "sieve" does not offer durable-steps.',
      },
    ]);
    expect(await rejection(host.start())).toMatchObject({ code: 'GRAPH_INVALID' });
    expect(engineStarts).toBe(0);
  });

  it('never throws, whatever is listed', () => {
    const hostile = new Proxy(class Trap {}, {
      get: () => {
        throw new Error('trap');
      },
      getPrototypeOf: () => {
        throw new Error('trap');
      },
    });
    const unshowable = Object.create(null) as object;
    const garbage: unknown[] = [
      undefined,
      null,
      '',
      'text',
      7,
      NaN,
      Symbol('s'),
      {},
      [],
      unshowable,
      () => 1,
      class {},
      class Plain {},
      hostile,
      new Date(),
      10n,
    ];
    const problems = check(...garbage, ...garbage, node('good'));
    expect(problems).toHaveLength(garbage.length * 2);
    for (const problem of problems) {
      expect(problem).toMatchObject({
        severity: 'error',
        code: expect.stringMatching(/^[A-Z_]+$/) as unknown,
      });
      expect(problem.message.length).toBeGreaterThan(0);
      expect(problem.fix.length).toBeGreaterThan(0);
    }
    expect(problems.map((each) => each.message)).toContain('Class Plain is not an orchestrator.');
    expect(check(node('first'), undefined)).toMatchObject([
      {
        message: 'orchestrators[1] is undefined, not a class.',
        fix: expect.stringContaining('break the circle') as unknown,
      },
    ]);
    for (const orchestrators of [null, 'abc', 7, {}, new Set()]) {
      expect(createOrchestrationHost({ orchestrators } as never).check()).toMatchObject([
        { code: 'OPTION_INVALID' },
      ]);
    }
    for (const dependsOn of [[undefined], [null, 7, {}], 7, 'text', [unshowable]]) {
      expect(check(node('odd', { dependsOn: dependsOn as never })).length).toBeGreaterThan(0);
    }
    const early = node('early', {
      inject: [
        {
          lazy: () => {
            throw new ReferenceError('not yet');
          },
        },
      ],
    });
    expect(check(early)).toMatchObject([{ code: 'OPTION_INVALID', orchestrators: ['early'] }]);
    const nothing = node('nothing', { inject: [{ lazy: (() => undefined) as never }] });
    expect(check(nothing)[0]).toMatchObject({ severity: 'error', orchestrators: ['nothing'] });
    expect(
      createOrchestrationHost({ orchestrators: [early] }).facade.listOrchestrators()['early'],
    ).toMatchObject({
      lazyDependencies: ['(not loaded)'],
    });
  });

  it('takes services that fan out and in again for what they are, however many ways there are', () => {
    const container = new Container();
    for (let level = 0; level < 60; level += 1) {
      for (const side of ['l', 'r']) {
        const below = level === 0 ? [] : [`l${level - 1}`, `r${level - 1}`];
        container.bind(`${side}${level}`).toResolvedValue((...all: unknown[]) => all, below as never);
      }
    }
    for (let deep = 0; deep < 5_000; deep += 1) {
      container
        .bind(`d${deep}`)
        .toResolvedValue((below: unknown) => below, [deep === 0 ? 'l59' : `d${deep - 1}`]);
    }
    const host = createOrchestrationHost({ container, orchestrators: [node('top', { inject: ['d4999'] })] });
    expect(host.check()).toEqual([]);
  });

  it('is shown as data, as Mermaid and as DOT', async () => {
    const db = node('db', { layer: 'infrastructure', type: 'lifecycle' });
    const host = createOrchestrationHost({
      orchestrators: [node('api', { inject: [db, { lazy: () => db }] }), db],
    });
    expect(JSON.parse(JSON.stringify(host.graph()))).toEqual({
      nodes: [
        { name: 'api', layer: 'application', type: 'business_logic', state: 'registered' },
        { name: 'db', layer: 'infrastructure', type: 'lifecycle', state: 'registered' },
      ],
      edges: [
        { from: 'api', to: 'db', kind: 'inject', through: [] },
        { from: 'api', to: 'db', kind: 'lazy', through: [] },
      ],
    });
    expect(host.graph().toMermaid()).toBe(
      `flowchart TD
  subgraph application
    n0["api<br/>business_logic"]
  end
  subgraph infrastructure
    n1["db<br/>lifecycle"]
  end
  n0 --> n1
  n0 -.-> n1
`,
    );
    expect(host.graph().toDot()).toContain('"api" -> "db" [style=dashed];');
    await host.start();
    expect(host.graph().nodes.map((each) => each.state)).toEqual(['running', 'running']);
    await host.stop();
  });
});
