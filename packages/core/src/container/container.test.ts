import 'reflect-metadata';

import { describe, expect, it } from '@jest/globals';
import { Container, ContainerModule, inject, injectable, LazyServiceIdentifier } from 'inversify';

import {
  BaseOrchestrator,
  createOrchestrationHost,
  defineOrchestrator,
  type Lazy,
  lazy,
  LOGGER,
  operation,
  ORCHESTRATOR,
  OrchestrationFacade,
  orchestrationModule,
  orchestrator,
  type OrchestratorProtocol,
} from '../index.js';
import { aContext, Gate, rejection, scripted, ScriptedHost } from '../lifecycle/fixtures/scripted-host.js';
import { FakeClock } from '../testing/fake-clock.js';

type Instances = new () => OrchestratorProtocol;

describe('the container of a host', () => {
  it('gives the objects the facade has: by class, by layer and type, and all of a layer', async () => {
    const { host, classes } = new ScriptedHost([
      { name: 'a', layer: 'domain' },
      { name: 'b', layer: 'domain', more: { type: 'lifecycle' } },
      { name: 'c', layer: 'application', needs: [0] },
    ]);
    await host.start();
    const { container, facade } = host;
    expect(container.get(OrchestrationFacade)).toBe(facade);
    expect(classes.map((each) => container.get(each as Instances))).toEqual(
      ['a', 'b', 'c'].map((each) => facade.get(each)),
    );
    const tag = { key: 'layer', value: 'domain' };
    expect(container.get(ORCHESTRATOR, { name: 'lifecycle', tag })).toBe(facade.get('b'));
    expect(container.get(ORCHESTRATOR, { name: 'business_logic', tag })).toBe(facade.get('a'));
    expect(container.getAll(ORCHESTRATOR, { tag })).toEqual(facade.getByLayer('domain'));
    expect(container.getAll(ORCHESTRATOR)).toHaveLength(3);
    expect(container.getAll(ORCHESTRATOR, { name: 'business_logic' })).toEqual(
      facade.getByType('business_logic'),
    );
    expect(container.isBound(LOGGER)).toBe(true);
    await host.stop();
  });

  it('cleans up what is unbound by hand, once, after its calls, and refuses new ones', async () => {
    const gate = new Gate();
    const scriptedHost = new ScriptedHost([
      { name: 'db', work: () => gate.opened },
      { name: 'api', needs: [0] },
    ]);
    const { host, classes } = scriptedHost;
    await host.start();
    const running = scriptedHost.call('db');
    const unbound = host.container.unbindAsync(classes[0] as Instances);
    await scriptedHost.clock.advance(1);
    expect(await scriptedHost.call('db')).toMatchObject({ errorCategory: 'service_unavailable' });
    expect(scriptedHost.of('cleanup')).toEqual([]);
    gate.open();
    await unbound;
    expect(await running).toMatchObject({ status: 'ok' });
    expect(scriptedHost.of('cleanup')).toEqual(['db']);
    expect(await host.stop()).toMatchObject({ clean: true });
    await host.container.unbindAllAsync();
    expect(scriptedHost.of('cleanup')).toEqual(['db', 'api']);
    await host.start();
    expect(await scriptedHost.call('db')).toMatchObject({ status: 'ok' });
    await host.stop();
  });

  it('is emptied in the order of the graph, each once, by unbindAllAsync', async () => {
    const scriptedHost = new ScriptedHost([
      { name: 'db', cleanup: () => Promise.resolve() },
      { name: 'repo', needs: [0], cleanup: () => Promise.resolve() },
      { name: 'api', needs: [1], cleanup: () => Promise.reject(new Error('no')) },
    ]);
    await scriptedHost.host.start();
    await scriptedHost.host.container.unbindAllAsync();
    expect(scriptedHost.of('cleanup')).toEqual(['api', 'repo', 'db']);
    expect(await scriptedHost.host.stop()).toMatchObject({ clean: true });
    await scriptedHost.host.container.unbindAllAsync();
    expect(scriptedHost.of('cleanup')).toHaveLength(3);
  });

  it('takes modules, and loads them anew for a second start, also one with orchestrators of its own', async () => {
    const log: string[] = [];
    const PORT = Symbol('Port');
    let made = 0;
    const port = new ContainerModule(({ bind }) => {
      bind(PORT)
        .toDynamicValue(() => ({ number: (made += 1) }))
        .inSingletonScope();
    });
    const [InModule] = scripted([{ name: 'in_module' }], log) as [Instances];
    @orchestrator('domain', 'business_logic')
    class User extends BaseOrchestrator {
      constructor(@inject(PORT) readonly port: { number: number }) {
        super();
      }
    }
    const host = createOrchestrationHost({
      orchestrators: [User],
      modules: [port, orchestrationModule({ orchestrators: [InModule] })],
    });
    for (const number of [1, 2, 3]) {
      await host.start();
      expect((host.facade.get('user') as User).port).toEqual({ number });
      expect(host.container.get(OrchestrationFacade)).toBe(host.facade);
      expect(host.container.get(InModule)).toBe(host.facade.get('in_module'));
      expect(await host.stop()).toMatchObject({ clean: true });
    }
    expect(log.filter((each) => each === 'cleanup in_module')).toHaveLength(3);
  });

  it('builds chains of 600 and of 10,000, far deeper than the container itself could', async () => {
    for (const length of [600, 10_000]) {
      const classes: Instances[] = [];
      for (let index = 0; index < length; index += 1) {
        const Link = class extends BaseOrchestrator {
          constructor(readonly below?: unknown) {
            super();
          }
        };
        classes.push(
          defineOrchestrator(Link, {
            layer: 'domain',
            type: 'business_logic',
            name: `link${index}`,
            inject: index === 0 ? ['NOTHING'] : [classes[index - 1] as Instances],
          }),
        );
      }
      const container = new Container();
      container.bind('NOTHING').toConstantValue(undefined);
      const host = createOrchestrationHost({ container, orchestrators: [...classes].reverse() });
      expect(host.check()).toEqual([]);
      await host.start();
      const last = host.facade.get(`link${length - 1}`) as unknown as { below: object };
      expect(last.below).toBe(host.facade.get(`link${length - 2}`));
      expect(await host.stop()).toMatchObject({ clean: true });
    }
  }, 20_000);

  it('starts a chain of 3,000 that begins with a call', async () => {
    const scriptedHost = new ScriptedHost(
      Array.from({ length: 3_000 }, (_, index) => ({
        name: `n${index}`,
        needs: index === 0 ? [] : [index - 1],
        more: { startup: 'lazy' as const },
      })),
    );
    await scriptedHost.host.start();
    expect(scriptedHost.log).toEqual([]);
    expect(await scriptedHost.call('n2999')).toMatchObject({ data: 'n2999' });
    expect(scriptedHost.of('start')[0]).toBe('n0');
    expect(await scriptedHost.host.stop()).toMatchObject({ clean: true });
    expect(scriptedHost.of('cleanup')[0]).toBe('n2999');
  });

  it('names whose injection is ambiguous, before any hook runs', async () => {
    const PORT = Symbol('Port');
    const container = new Container();
    container.bind(PORT).toConstantValue(1);
    container.bind(PORT).toConstantValue(2);
    @orchestrator('domain', 'business_logic')
    class User extends BaseOrchestrator {
      constructor(@inject(PORT) readonly port: number) {
        super();
      }
    }
    const [Other] = scripted([{ name: 'other' }]) as [Instances];
    const error = await rejection(
      createOrchestrationHost({ container, orchestrators: [Other, User] }).start(),
    );
    expect(error).toMatchObject({ code: 'HOST_START_FAILED', path: ['user'] });
    expect(error.message).toMatch(
      /^user could not be built: Ambiguous bindings found for service: "Symbol\(Port\)"/,
    );
  });
});

describe('a container that the user owns', () => {
  it('needs no host: the first call starts an orchestrator after what it injects', async () => {
    const log: string[] = [];
    const classes = scripted(
      [{ name: 'db' }, { name: 'repo', needs: [0] }, { name: 'api', needs: [1] }, { name: 'idle' }],
      log,
    );
    const container = new Container();
    container.load(orchestrationModule({ orchestrators: classes }));
    const facade = container.get(OrchestrationFacade);
    expect(log).toEqual([]);
    const answers = await Promise.all([
      facade.orchestrate('api', aContext()),
      facade.orchestrate('api', aContext()),
    ]);
    expect(answers).toMatchObject([{ data: 'api' }, { data: 'api' }]);
    expect(log).toEqual(['start db', 'start repo', 'start api']);
    await container.unbindAllAsync();
    expect(log.slice(3)).toEqual(['cleanup api', 'cleanup repo', 'cleanup db']);
    expect(await facade.orchestrate('api', aContext())).toMatchObject({
      errorCategory: 'service_unavailable',
    });
  });

  it('is taken over by a host, rebound for a restart, and never cleared', async () => {
    const log: string[] = [];
    const classes = scripted([{ name: 'a' }, { name: 'b', needs: [0] }], log) as Instances[];
    const MINE = Symbol('Mine');
    const container = new Container();
    container
      .bind(MINE)
      .toDynamicValue(() => ({}))
      .inSingletonScope();
    container.load(orchestrationModule({ orchestrators: classes }));
    const mine = container.get(MINE);
    const facade = container.get(OrchestrationFacade);
    expect(await facade.orchestrate('a', aContext())).toMatchObject({ data: 'a' });
    const first = container.get(classes[0] as Instances);
    const [More] = scripted([{ name: 'more' }], log) as [Instances];
    const host = createOrchestrationHost({ container, orchestrators: [classes[0] as Instances, More] });
    expect(host.facade).toBe(facade);
    await host.start();
    expect(log).toEqual(['start a', 'start more', 'start b']);
    expect(container.get(classes[0] as Instances)).toBe(first);
    await host.stop();
    expect(log.slice(3)).toEqual(['cleanup b', 'cleanup more', 'cleanup a']);
    await host.start();
    expect(container.get(classes[0] as Instances)).not.toBe(first);
    expect(container.get(MINE)).toBe(mine);
    expect(container.getAll(ORCHESTRATOR)).toHaveLength(3);
    expect(container.get(OrchestrationFacade)).toBe(facade);
    await host.stop();
    await container.unbindAllAsync();
    expect(log).toHaveLength(12);
  });

  it('lets the host say how the facade works where nobody has it yet, else says that it is too late', async () => {
    const clock = new FakeClock();
    const [A] = scripted([{ name: 'a', start: () => new Promise(() => undefined) }]) as [Instances];
    const container = new Container();
    container.load(orchestrationModule({ orchestrators: [A], maxDepth: 3 }));
    const host = createOrchestrationHost({ container, clock });
    expect(container.get(OrchestrationFacade)).toBe(host.facade);
    const started = rejection(host.start());
    await clock.advance(15_000);
    expect(await started).toMatchObject({ code: 'HOST_START_TIMEOUT' });
    const logger = container.get(LOGGER);
    expect(() => createOrchestrationHost({ container, clock, logger: logger as never })).toThrow(
      'The facade of the container is in use already, so it cannot be given another logger. Give it to orchestrationModule, or make the host before anything is got from the container. [OPTION_INVALID]',
    );
  });

  it('may be asked in any way between stop and start, with the dependants listed first', async () => {
    const scriptedHost = new ScriptedHost(
      [
        { name: 'db', layer: 'domain' },
        { name: 'api', needs: [0], more: { type: 'sequential' } },
        { name: 'ui', needs: [1], more: { type: 'sequential' } },
      ],
      {},
      (classes) => [...classes].reverse(),
    );
    const { host } = scriptedHost;
    const { container } = host;
    const ask = (): void => {
      expect(container.getAll(ORCHESTRATOR)).toHaveLength(3);
      expect(container.get(ORCHESTRATOR, { name: 'business_logic' })).toBe(host.facade.get('db'));
      expect(container.getAll(ORCHESTRATOR, { tag: { key: 'layer', value: 'application' } })).toHaveLength(2);
    };
    await host.start();
    ask();
    await host.stop();
    ask();
    await host.start();
    ask();
    const [Other] = scripted([{ name: 'db', layer: 'domain' }]) as [Instances];
    await host.replace('db', Other);
    ask();
    await host.stop();
    await host.start();
    ask();
    expect(await host.stop()).toMatchObject({ clean: true });
  });

  it('takes several modules, which share one facade, with a host or without', async () => {
    const log: string[] = [];
    const [A, B] = scripted([{ name: 'a' }, { name: 'b', needs: [0] }], log) as [Instances, Instances];
    const container = new Container();
    container.load(orchestrationModule({ orchestrators: [A], maxDepth: 3 }));
    const second = orchestrationModule({ orchestrators: [B] });
    container.load(second);
    const facade = container.get(OrchestrationFacade);
    expect(await facade.orchestrate('b', aContext())).toMatchObject({ data: 'b' });
    expect(log).toEqual(['start a', 'start b']);
    expect(() => {
      container.load(orchestrationModule({ orchestrators: [B] }));
    }).toThrow('is listed twice');
    const [C] = scripted([{ name: 'c' }]) as [Instances];
    expect(() => {
      container.load(orchestrationModule({ orchestrators: [C], maxDepth: 4 }));
    }).toThrow('it cannot be given another maxDepth');
    await container.unloadAsync(second);
    expect(log).toEqual(['start a', 'start b', 'cleanup b']);

    const modules = [A, B].map((each) => orchestrationModule({ orchestrators: [each] }));
    const host = createOrchestrationHost({ modules });
    for (let life = 0; life < 2; life += 1) {
      await host.start();
      expect(host.container.get(OrchestrationFacade)).toBe(host.facade);
      expect(await host.facade.orchestrate('b', aContext())).toMatchObject({ data: 'b' });
      expect(await host.stop()).toMatchObject({ clean: true });
    }
  });

  it('belongs to one host at a time, and gives each new instances', async () => {
    const log: string[] = [];
    const [A, B] = scripted([{ name: 'a' }, { name: 'b' }], log) as [Instances, Instances];
    const container = new Container();
    const first = createOrchestrationHost({ container, orchestrators: [A] });
    await first.start();
    const built = container.get(A);
    expect(() => createOrchestrationHost({ container, orchestrators: [B] })).toThrow(
      'The orchestrators of the container belong to a host that runs. Stop that host first, or give each host a container of its own. [OPTION_INVALID]',
    );
    await first.stop();
    const other = createOrchestrationHost({ container, orchestrators: [A, B] });
    await other.start();
    expect(container.get(A)).not.toBe(built);
    expect(await rejection(first.start())).toMatchObject({
      code: 'HOST_STATE',
      message:
        'Another host has taken over the container of this one. Stop that host first, or give each host a container of its own. [HOST_STATE]',
    });
    await first.stop();
    expect(await other.facade.orchestrate('a', aContext())).toMatchObject({ data: 'a' });
    await other.stop();
    await first.start();
    expect(await first.facade.orchestrate('a', aContext())).toMatchObject({ data: 'a' });
    await first.stop();
    expect(log.filter((each) => each === 'start a')).toHaveLength(3);
    expect(log.filter((each) => each === 'cleanup a')).toHaveLength(3);
  });

  it('lets a host take over what a call has started, without a second start or ready hook', async () => {
    const log: string[] = [];
    const [A] = scripted([{ name: 'a', ready: () => undefined }], log) as [Instances];
    const container = new Container();
    container.load(orchestrationModule({ orchestrators: [A] }));
    await container.get(OrchestrationFacade).orchestrate('a', aContext());
    const host = createOrchestrationHost({ container });
    await host.start();
    expect(log).toEqual(['start a', 'ready a']);
    await host.stop();
    expect(log).toEqual(['start a', 'ready a', 'cleanup a']);
  });
});

describe('lazy dependencies', () => {
  const PORT = Symbol('Port');

  it('are built on first use, for each holder by itself, and wait for a start that is under way', async () => {
    const log: string[] = [];
    const gate = new Gate();
    const [Target] = scripted([
      { name: 'target', construct: () => log.push('built'), start: () => gate.opened },
    ]) as [Instances];
    @orchestrator('application', 'business_logic')
    class First extends BaseOrchestrator {
      constructor(@lazy(Target) readonly target: Lazy<object>) {
        super();
      }
      override async start(): Promise<void> {
        log.push('waits');
        await this.target.get();
        log.push('has it');
      }
    }
    @orchestrator('application', 'business_logic')
    class Second extends BaseOrchestrator {
      constructor(
        @lazy(Target) readonly target: Lazy<object>,
        @lazy(Target) readonly again: Lazy<object>,
      ) {
        super();
      }
    }
    const host = createOrchestrationHost({ orchestrators: [First, Second, Target] });
    expect(host.check().filter((each) => each.severity === 'error')).toEqual([]);
    const second = host.container.get(Second);
    expect(second.target.isLoaded).toBe(false);
    expect(log).toEqual([]);
    const started = host.start();
    await new FakeClock().advance(0);
    expect(log).toEqual(['built', 'waits']);
    gate.open();
    await started;
    expect(log).toEqual(['built', 'waits', 'has it']);
    expect(second.target.isLoaded).toBe(false);
    expect(second.target.value).toBe(host.facade.get('target'));
    expect(second.target.isLoaded).toBe(true);
    expect(second.again.isLoaded).toBe(false);
    await host.stop();
  });

  it('may form a cycle, also where the class is not there yet', async () => {
    @orchestrator('application', 'business_logic')
    class A extends BaseOrchestrator {
      constructor(@lazy.of(() => B) readonly b: Lazy<object>) {
        super();
      }
    }
    @orchestrator('application', 'business_logic')
    class B extends BaseOrchestrator {
      constructor(@lazy(A) readonly a: Lazy<A>) {
        super();
      }
    }
    const host = createOrchestrationHost({ orchestrators: [A, B] });
    expect(host.check()).toEqual([]);
    await host.start();
    const a = host.facade.get('a') as A;
    expect((a.b.value as B).a.value).toBe(a);
    expect(await a.b.get()).toBe(host.facade.get('b'));
    expect(host.facade.listOrchestrators()['a']).toMatchObject({ dependencies: [], lazyDependencies: ['B'] });
    expect(await host.stop()).toMatchObject({ clean: true });
  });

  it('say so where the target is made asynchronously, and give it to who waits', async () => {
    @injectable()
    class Service {
      constructor(@lazy(PORT) readonly port: Lazy<{ size: number }>) {}
    }
    @orchestrator('application', 'business_logic')
    class Holder extends BaseOrchestrator {
      constructor(
        @lazy(PORT) readonly port: Lazy<{ size: number }>,
        @inject(Service) readonly service: Service,
        @lazy('BAD') readonly bad: Lazy<unknown>,
      ) {
        super();
      }
    }
    const container = new Container();
    container.bind(Service).toSelf().inSingletonScope();
    container
      .bind(PORT)
      .toDynamicValue(() => Promise.resolve({ size: 7 }))
      .inSingletonScope();
    container.bind('BAD').toDynamicValue(() => {
      throw new Error('an asynchronous mishap of the author');
    });
    const host = createOrchestrationHost({ container, orchestrators: [Holder] });
    expect(host.check()).toEqual([]);
    await host.start();
    const { port, service, bad } = host.facade.get('holder') as Holder;
    expect(() => port.value).toThrow('Symbol(Port) is made asynchronously'.replace('Symbol(Port)', 'Port'));
    expect(port.isLoaded).toBe(false);
    expect(await port.get()).toEqual({ size: 7 });
    expect(port.value.size).toBe(7);
    expect(service.port.value.size).toBe(7);
    expect(() => bad.value).toThrow('an asynchronous mishap');
    await expect(bad.get()).rejects.toThrow('an asynchronous mishap');
    await host.stop();
  });

  it('are what the start names where a constructor injects something asynchronous itself', async () => {
    @orchestrator('application', 'business_logic')
    class Eager extends BaseOrchestrator {
      constructor(@inject(PORT) readonly port: unknown) {
        super();
      }
    }
    const container = new Container();
    container.bind(PORT).toDynamicValue(() => Promise.resolve({ size: 7 }));
    const host = createOrchestrationHost({ container, orchestrators: [Eager] });
    await expect(host.start()).rejects.toMatchObject({
      code: 'HOST_START_FAILED',
      path: ['eager'],
      fix: expect.stringMatching(/^Inject what is made asynchronously as Lazy<T> with @lazy/) as unknown,
    });
  });
});

describe('inheritance', () => {
  class Dependency {}
  const bound = (): Container => {
    const container = new Container();
    container.bind(Dependency).toSelf().inSingletonScope();
    container.bind('TEXT').toConstantValue('text');
    return container;
  };

  @orchestrator('domain', 'business_logic')
  class Base extends BaseOrchestrator {
    @inject('TEXT') text!: string;
    constructor(
      @inject(Dependency) readonly dependency: Dependency,
      @lazy('TEXT') readonly lazily: Lazy<string>,
    ) {
      super();
    }
  }
  class Between extends Base {}
  @orchestrator('domain', 'business_logic')
  class Heir extends Between {
    @inject('TEXT') more!: string;
  }
  @orchestrator('domain', 'business_logic')
  class Own extends Base {
    constructor() {
      super('mine', undefined as never);
    }
  }
  @injectable()
  class PlainBase extends BaseOrchestrator {
    constructor(readonly dependency: Dependency) {
      super();
    }
  }
  @orchestrator('domain', 'business_logic')
  class OfPlain extends PlainBase {}

  it('keeps the injections of a base: those of the constructor that runs, and every property', async () => {
    const host = createOrchestrationHost({ container: bound(), orchestrators: [Base, Heir, Own, OfPlain] });
    expect(host.check()).toEqual([]);
    await host.start();
    const heir = host.facade.get('heir') as Heir;
    expect(heir.dependency).toBeInstanceOf(Dependency);
    expect([heir.text, heir.more, heir.lazily.value]).toEqual(['text', 'text', 'text']);
    const own = host.facade.get('own') as Own;
    expect([own.dependency, own.text]).toEqual(['mine', 'text']);
    expect((host.facade.get('of_plain') as unknown as OfPlain).dependency).toBeInstanceOf(Dependency);
    await host.stop();
  });

  it('sees what a subclass inherits in the graph, and warns where nobody knows what it needs', () => {
    expect(
      createOrchestrationHost({ orchestrators: [Heir] })
        .check()
        .map((each) => each.code),
    ).toEqual([
      'GRAPH_MISSING_BINDING',
      'GRAPH_MISSING_BINDING',
      'GRAPH_MISSING_BINDING',
      'GRAPH_MISSING_BINDING',
    ]);
    class Undecorated extends BaseOrchestrator {
      constructor(readonly something: unknown) {
        super();
      }
    }
    @orchestrator('domain', 'business_logic')
    class Lost extends Undecorated {}
    expect(createOrchestrationHost({ orchestrators: [Lost] }).check()).toMatchObject([
      { code: 'GRAPH_METADATA_MISSING', severity: 'warning', orchestrators: ['lost'] },
    ]);
  });

  it('refuses @injectable beside @orchestrator, and @orchestrator twice', () => {
    expect(() => {
      @orchestrator('domain', 'business_logic')
      @injectable()
      class Both extends BaseOrchestrator {}
      return Both;
    }).toThrow(
      'Both has both @injectable() and @orchestrator. Drop @injectable(): @orchestrator does it. [DECORATOR_MISUSED]',
    );
    expect(() => {
      @orchestrator('domain', 'business_logic')
      @orchestrator('domain', 'business_logic')
      class Twice extends BaseOrchestrator {}
      return Twice;
    }).toThrow('declared as an orchestrator twice');
  });

  it('asks no base class: any decorated class is an orchestrator', async () => {
    const log: string[] = [];
    @orchestrator('domain', 'business_logic')
    class Plain {
      start(): void {
        log.push('start');
      }
      cleanup(): void {
        log.push('cleanup');
      }
      work(): string {
        return 'done';
      }
    }
    defineOperations(Plain);
    @orchestrator('domain', 'business_logic')
    class Later {
      constructor(@inject(new LazyServiceIdentifier(() => Plain)) readonly plain: Plain) {}
    }
    const host = createOrchestrationHost({ orchestrators: [Later, Plain] });
    expect(host.check()).toEqual([]);
    await host.start();
    expect(await host.facade.orchestrate('plain', aContext())).toMatchObject({ data: 'done' });
    expect((host.facade.get('later') as unknown as Later).plain).toBe(host.facade.get('plain'));
    expect(host.facade.listOrchestrators()['later']).toMatchObject({ dependencies: ['plain'] });
    await host.stop();
    expect(log).toEqual(['start', 'cleanup']);
  });
});

/** What `@operation` would do, on a class that is decorated already. */
function defineOperations(target: abstract new () => { work(): unknown }): void {
  const descriptor = Object.getOwnPropertyDescriptor(target.prototype, 'work') as PropertyDescriptor;
  operation({ default: true })(target.prototype as object, 'work', descriptor);
}
