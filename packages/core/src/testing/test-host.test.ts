import 'reflect-metadata';

import { describe, expect, it } from '@jest/globals';
import { ContainerModule, inject, injectable } from 'inversify';

import { ambientLogFields } from '../ambient.js';
import { LOGGER } from '../container/tokens.js';
import type { OrchestrationContext } from '../context.js';
import { OrchestrationError } from '../errors.js';
import type { OperationContext } from '../operation-context.js';
import { BaseOrchestrator } from '../orchestrator/base-orchestrator.js';
import { operation, orchestrator } from '../orchestrator/decorators.js';
import { type Lazy, lazy } from '../orchestrator/lazy.js';
import { StepResult } from '../step-result.js';
import { aContext, FakeClock, type Override, RecordingLogger, TestHost } from './index.js';

interface Store {
  read(): string;
}
const STORE = Symbol('Store');
const DRIVER = Symbol('Driver');
const AUDIT = Symbol('Audit');
const UNUSED = Symbol('Unused');

@injectable()
class RealStore implements Store {
  constructor(@inject(DRIVER) readonly driver: string) {}
  read(): string {
    return `real through ${this.driver}`;
  }
}

@injectable()
class FakeStore implements Store {
  read(): string {
    return 'fake';
  }
}

@orchestrator('domain', 'business_logic')
class ReaderOrchestrator extends BaseOrchestrator {
  constructor(
    @inject(STORE) readonly store: Store,
    @lazy(AUDIT) readonly audit: Lazy<string>,
  ) {
    super();
  }

  @operation({ default: true })
  read(_context: OperationContext) {
    this.logger.info('store_read', { from: this.store.read() });
    return { read: this.store.read(), audit: this.audit.value };
  }

  @operation()
  async wait(context: OperationContext) {
    await context.sleep(60_000);
    return 'late';
  }
}

const production = new ContainerModule(({ bind }) => {
  bind(STORE).to(RealStore).inSingletonScope();
  bind(DRIVER).toConstantValue('a socket');
  bind(AUDIT).toConstantValue('on');
  bind(UNUSED).toConstantValue(0);
});
const options = { orchestrators: [ReaderOrchestrator], modules: [production] };

const read = (test: TestHost): Promise<StepResult<{ read: string; audit: string }>> =>
  test.facade.orchestrate(ReaderOrchestrator, test.context(), { operation: 'read' });

describe('TestHost', () => {
  it('gives a started host that remembers its events and logs, and stops itself', async () => {
    let test: TestHost;
    {
      await using scoped = await TestHost.start(options);
      test = scoped;
      expect(test.host.state).toBe('running');
      expect(test.container.get(ReaderOrchestrator)).toBe(test.facade.get('reader'));
      expect(StepResult.unwrap(await read(test)).read).toBe('real through a socket');
    }
    expect(test.host.state).toBe('stopped');
    expect(test.eventsOf('host.state').map((event) => event.state)).toEqual([
      'starting',
      'running',
      'draining',
      'stopping',
      'stopped',
    ]);
    expect(test.eventsOf('call.ended')).toHaveLength(1);
    expect(test.logs.events('store_read')).toEqual([
      {
        level: 'info',
        event: 'store_read',
        fields: {
          tenantId: 'test-tenant',
          requestId: 'request-1',
          depth: 0,
          orchestrator: 'reader',
          layer: 'domain',
          from: 'real through a socket',
        },
      },
    ]);
  });

  it.each<[string, Override, string]>([
    ['a value', [STORE, { read: () => 'fake' }], 'fake'],
    ['a value by name', { provide: STORE, useValue: { read: () => 'fake' } }, 'fake'],
    ['a class', { provide: STORE, useClass: FakeStore }, 'fake'],
    ['something behind what is injected', [DRIVER, 'a file'], 'real through a file'],
  ])(
    'binds %s in the place of what the modules bind, also after a second start',
    async (_, override, want) => {
      await using test = await TestHost.start({ ...options, overrides: [override] });
      expect(await read(test)).toMatchObject({ status: 'ok', data: { read: want, audit: 'on' } });
      await test.stop();
      await test.host.start();
      expect(await read(test)).toMatchObject({ status: 'ok', data: { read: want } });
    },
  );

  it('binds what the modules do not bind, and what is only needed lazily or asked for by a factory', async () => {
    const modules = [
      new ContainerModule(({ bind }) => {
        bind(STORE).toDynamicValue((context) => ({ read: () => context.get<string>(DRIVER) }));
      }),
      new ContainerModule(({ bind }) => {
        bind('driver').toDynamicValue((context) => context.get<string>(DRIVER));
      }),
    ];
    @orchestrator('domain', 'business_logic')
    class DriverOrchestrator extends BaseOrchestrator {
      constructor(@inject('driver') readonly driver: string) {
        super();
      }
    }
    await using test = await TestHost.start({
      orchestrators: [ReaderOrchestrator, DriverOrchestrator],
      modules,
      overrides: [
        [DRIVER, 'a pipe'],
        [AUDIT, 'off'],
      ],
    });
    expect(StepResult.unwrap(await read(test))).toEqual({ read: 'a pipe', audit: 'off' });
  });

  it('refuses an override that nothing uses, and leaves nothing running', async () => {
    const start = TestHost.start({
      ...options,
      overrides: [
        [UNUSED, 1],
        [STORE, new FakeStore()],
        [Symbol('Stor'), 1],
      ],
    });
    await expect(start).rejects.toThrow(
      'Nothing uses what is overridden: Unused, Stor. Correct the token, drop the override, or say { optional: true }. [OPTION_INVALID]',
    );
    await using test = await TestHost.start({
      ...options,
      overrides: [{ provide: UNUSED, useValue: 1, optional: true }],
    });
    expect(test.container.get(UNUSED)).toBe(1);
  });

  it('refuses an override that cannot be', async () => {
    const refused = async (...overrides: unknown[]): Promise<unknown> =>
      TestHost.start({ ...options, overrides: overrides as Override[] }).catch((error: unknown) => error);
    for (const bad of [[STORE], [1, 2], {}, { provide: STORE }, null, 'x']) {
      expect(await refused(bad)).toBeInstanceOf(TypeError);
    }
    expect(await refused({ provide: STORE, useValue: 1, useClass: FakeStore })).toBeInstanceOf(TypeError);
    for (const [overrides, why] of [
      [
        [
          [STORE, 1],
          [STORE, 2],
        ],
        'Store is overridden twice.',
      ],
      [[[LOGGER, 1]], 'kapelle.Logger belongs to the framework.'],
      [[[ReaderOrchestrator, 1]], 'ReaderOrchestrator is an orchestrator of the host.'],
    ] as const) {
      const error = await refused(...overrides);
      expect(OrchestrationError.is(error) && error.message).toContain(why);
    }
  });

  it('rejects with what keeps the host from starting', async () => {
    await expect(TestHost.start({ orchestrators: [ReaderOrchestrator] })).rejects.toThrow('GRAPH_INVALID');
  });

  it('stops on a fake clock by itself, however long running calls would take', async () => {
    const clock = new FakeClock();
    let pending: Promise<StepResult>;
    {
      await using test = await TestHost.start({ ...options, clock });
      expect(test.clock).toBe(clock);
      pending = test.facade.orchestrate(ReaderOrchestrator, test.context(), { operation: 'wait' });
    }
    expect(await pending).toMatchObject({ status: 'failed', errorCategory: 'cancelled' });
  });

  it('makes a context of its own for each call', async () => {
    await using test = await TestHost.start({ orchestrators: [] });
    expect([test.context(), test.context({ tenantId: 'acme' })].map((each) => each.toJSON())).toEqual([
      { tenantId: 'test-tenant', requestId: 'request-1', metadata: {}, orchestrationDepth: 0 },
      { tenantId: 'acme', requestId: 'request-2', metadata: {}, orchestrationDepth: 0 },
    ]);
  });
});

describe('aContext', () => {
  it('has fixed ids, and stands as deep as it is told', () => {
    expect(aContext().toJSON()).toEqual({
      tenantId: 'test-tenant',
      requestId: 'test-request',
      metadata: {},
      orchestrationDepth: 0,
    });
    expect(aContext({ depth: 2 })).toMatchObject({ orchestrationDepth: 2, parentOrchestrator: 'caller_2' });
    expect(aContext({ parents: ['mission', 'planner'] }).toJSON()).toMatchObject({
      callPath: ['mission', 'planner'],
      orchestrationDepth: 2,
    });
    const { signal } = new AbortController();
    expect(aContext({ depth: 1, signal, metadata: { a: 1 } })).toMatchObject({ signal, metadata: { a: 1 } });
  });

  it('refuses what contradicts itself', () => {
    expect(() => aContext({ depth: 1, parents: ['a', 'b'] })).toThrow(
      new RangeError('depth (1) and parents (a, b) contradict each other. Give one of them.'),
    );
    expect(() => aContext({ depth: -1 })).toThrow(RangeError);
    expect(() => aContext({ tenantId: '' })).toThrow('CONTEXT_INVALID');
  });
});

describe('RecordingLogger', () => {
  it('keeps what it and its children write, from a level on', () => {
    const logs = new RecordingLogger({ level: 'info' });
    const child = logs.child({ part: 'a' }).child({ step: 1 });
    logs.debug('too_quiet');
    child.debug('too_quiet');
    child.info('done', { step: 2 });
    logs.warn('odd');
    logs.error('broken', { error: new Error('x') });
    expect(logs.records).toEqual([
      { level: 'info', event: 'done', fields: { part: 'a', step: 2 } },
      { level: 'warn', event: 'odd', fields: {} },
      { level: 'error', event: 'broken', fields: { error: new Error('x') } },
    ]);
    expect(logs.events('odd')).toHaveLength(1);
    expect([child.isLevelEnabled?.('debug'), child.isLevelEnabled?.('warn')]).toEqual([false, true]);
    logs.clear();
    expect(logs.records).toEqual([]);
    expect(() => new RecordingLogger({ level: 'loud' as never })).toThrow(RangeError);
  });

  it('keeps data as it was when it was written, and takes anything', () => {
    const logs = new RecordingLogger();
    const data = { list: [{ n: 1 }] };
    logs.info('first', { data });
    (data.list[0] as { n: number }).n = 2;
    expect(logs.records[0]?.fields).toEqual({ data: { list: [{ n: 1 }] } });

    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    const hostile = {
      get secret(): never {
        throw new Error('unreadable');
      },
    };
    logs.info('circle', circle);
    logs.info('hostile', { hostile });
    expect(logs.records).toHaveLength(3);
  });

  it('adds the ids of the call in which it is written to, without going through a facade', async () => {
    const logs = new RecordingLogger();
    @orchestrator('domain', 'business_logic')
    class LoggingOrchestrator extends BaseOrchestrator {
      @operation()
      write(context: OrchestrationContext) {
        logs.info('written', { own: true });
        expect(ambientLogFields()).toMatchObject({ requestId: context.requestId });
      }
    }
    await using test = await TestHost.start({ orchestrators: [LoggingOrchestrator] });
    await test.facade.orchestrate(LoggingOrchestrator, aContext({ requestId: 'r-7' }));
    expect(logs.records[0]?.fields).toEqual({
      own: true,
      tenantId: 'test-tenant',
      requestId: 'r-7',
      depth: 0,
    });
  });
});
