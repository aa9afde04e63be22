import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

import {
  BaseOrchestrator,
  currentContext,
  defineOrchestrator,
  type FailedResult,
  getOrchestrationFacade,
  operation,
  type OperationContext,
  OrchestrationContext,
  OrchestrationError,
  OrchestrationFacade,
  type OrchestrationEvent,
  OrchestrationLayer,
  OrchestrationType,
  orchestrator,
  resetOrchestrationFacade,
  StepResult,
} from '../index.js';
import { FakeClock } from '../testing/fake-clock.js';
import { LineLogger } from './fixtures/line-logger.js';

const aContext = (init = {}): OrchestrationContext =>
  OrchestrationContext.create({ tenantId: 'acme', ...init });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class PlanParams {
  @IsString()
  goal!: string;
  @IsInt()
  @Min(1)
  @Max(9)
  @IsOptional()
  depth = 3;
}

@orchestrator(OrchestrationLayer.DOMAIN, OrchestrationType.BUSINESS_LOGIC, { description: 'Plans.' })
class MissionOrchestrator extends BaseOrchestrator {
  static instances = 0;
  readonly hooks: string[] = [];
  constructor() {
    super();
    MissionOrchestrator.instances += 1;
  }
  override start(): void {
    this.hooks.push('start');
  }
  override cleanup(): void {
    this.hooks.push('cleanup');
  }
  @operation({ default: true, params: PlanParams, description: 'Makes a plan.' })
  plan(_context: OperationContext, params: PlanParams): PlanParams {
    return params;
  }
  @operation()
  emitted(_context: OperationContext, params: PlanParams): string {
    return `${params.constructor.name} ${params.depth}`;
  }
  @operation({ name: 'raw' })
  asItIs(_context: OperationContext, params: unknown): unknown {
    return params;
  }
}

/** The guide's form: an identity of its own, routing by hand. */
class GuideOrchestrator extends BaseOrchestrator {
  constructor() {
    super({ layer: 'application', name: 'guide', type: 'sequential' });
  }
  override async orchestrate(context: OrchestrationContext, params?: unknown): Promise<StepResult> {
    this.logOrchestrationStart(context, params);
    const { operation: name, ...rest } = (params ?? {}) as { operation?: string };
    const result =
      name === 'delegate'
        ? await this.delegate('mission', context, rest)
        : name === 'boom'
          ? await Promise.reject(new Error('boom'))
          : StepResult.ok({
              tenant: context.tenantId,
              name: name ?? 'none',
              ambient: currentContext()?.requestId,
            });
    this.logOrchestrationEnd(context, result);
    return result;
  }
}

describe('OrchestrationFacade', () => {
  afterEach(() => {
    resetOrchestrationFacade();
  });

  it('takes classes and instances, and lists them by name, layer and type', () => {
    const facade = new OrchestrationFacade();
    const guide = new GuideOrchestrator();
    facade.register(MissionOrchestrator);
    facade.register(guide);
    expect(facade.get('mission')).toBeInstanceOf(MissionOrchestrator);
    expect(facade.get('guide')).toBe(guide);
    expect(facade.get('nobody')).toBeUndefined();
    expect(facade.getByLayer('application')).toEqual([guide]);
    expect(facade.getByLayer('infrastructure')).toEqual([]);
    expect(facade.getByType(OrchestrationType.BUSINESS_LOGIC)).toEqual([facade.get('mission')]);
    expect(facade.get('mission')).toMatchObject({
      name: 'mission',
      layer: 'domain',
      orchestrationType: 'business_logic',
    });
    const list = facade.listOrchestrators();
    expect(Object.keys(list)).toEqual(['mission', 'guide']);
    expect(list['mission']).toMatchObject({
      layer: 'domain',
      type: 'business_logic',
      description: 'Plans.',
      required: true,
      state: 'registered',
      queues: [],
      dependencies: [],
      operations: [
        { name: 'plan', default: true, description: 'Makes a plan.', params: { type: 'object' } },
        { name: 'emitted', default: false, params: { type: 'object' } },
        { name: 'raw', default: false },
      ],
    });
    expect(list['mission']?.operations[2]).not.toHaveProperty('params');
  });

  it('throws for misuse of register, at once and with the code', () => {
    const facade = new OrchestrationFacade();
    facade.register(MissionOrchestrator);
    class Plain {}
    @orchestrator('domain', 'sequential')
    class NeedsMore extends BaseOrchestrator {
      constructor(readonly dependency: object) {
        super();
      }
    }
    class SubMission extends MissionOrchestrator {}
    const codeOf = (target: unknown): unknown => {
      try {
        facade.register(target as never);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(OrchestrationError);
        return (thrown as OrchestrationError).code;
      }
      return undefined;
    };
    expect(codeOf(MissionOrchestrator)).toBe('ORCHESTRATOR_ALREADY_REGISTERED');
    expect(codeOf(new MissionOrchestrator())).toBe('ORCHESTRATOR_ALREADY_REGISTERED');
    expect(() => facade.register(MissionOrchestrator)).toThrow(
      "Orchestrator 'mission' is already registered",
    );
    expect(codeOf(Plain)).toBe('ORCHESTRATOR_NOT_DECORATED');
    expect(codeOf(SubMission)).toBe('ORCHESTRATOR_NOT_DECORATED');
    expect(codeOf(NeedsMore)).toBe('ORCHESTRATOR_NOT_CONSTRUCTIBLE');
    expect(codeOf(new NeedsMore({}))).toBeUndefined();
    for (const nonsense of [null, undefined, 3, 'mission', Symbol('x'), {}, { name: 'x' }])
      expect(codeOf(nonsense)).toBe('ORCHESTRATOR_INVALID');
    expect(codeOf({ name: 'x', layer: 'attic', orchestrationType: 'sequential', orchestrate: () => 1 })).toBe(
      'ORCHESTRATOR_INVALID',
    );
    expect(
      codeOf({ name: '__proto__', layer: 'domain', orchestrationType: 'sequential', orchestrate: () => 1 }),
    ).toBe('ORCHESTRATOR_INVALID');
    for (const orchestrationType of ['', 7, {}])
      expect(codeOf({ name: 'x', layer: 'domain', orchestrationType, orchestrate: () => 1 })).toBe(
        'ORCHESTRATOR_INVALID',
      );
    expect(
      codeOf({ name: 'bare', layer: 'domain', orchestrationType: 'sequential', orchestrate: () => 1 }),
    ).toBeUndefined();
  });

  it('answers an unknown name or class with not_found and the nearest names', async () => {
    const facade = new OrchestrationFacade();
    facade.register(MissionOrchestrator);
    const result = (await facade.orchestrate('misson', aContext())) as FailedResult;
    expect(result).toMatchObject({
      status: 'failed',
      errorCategory: 'not_found',
      details: { nearest: ['mission'] },
    });
    expect(result.error).toBe(
      'No orchestrator is registered as "misson". Register it, or use one of: "mission".',
    );
    expect(await facade.orchestrate(GuideOrchestrator, aContext())).toMatchObject({
      errorCategory: 'not_found',
    });
    for (const name of ['__proto__', 'constructor', 'toString', '']) {
      expect(await facade.orchestrate(name, aContext())).toMatchObject({ errorCategory: 'not_found' });
    }
  });

  it('routes by params.operation, else to the default, and lists what there is for an unknown one', async () => {
    const facade = new OrchestrationFacade();
    facade.register(MissionOrchestrator);
    const call = (params?: unknown) => facade.orchestrate<unknown>('mission', aContext(), params);
    expect(await call({ goal: 'x' })).toMatchObject({ status: 'ok', data: { goal: 'x', depth: 3 } });
    expect(await call({ operation: 'raw', a: 1 })).toMatchObject({ data: { operation: 'raw', a: 1 } });
    expect(await call({ operation: 'emitted', goal: 'x', depth: 5 })).toMatchObject({ data: 'PlanParams 5' });
    for (const wrong of ['nope', '__proto__', 'asItIs', 'cleanup', null, 7, {}]) {
      const result = (await call({ operation: wrong })) as FailedResult;
      expect(result).toMatchObject({
        errorCategory: 'validation',
        details: { operations: ['plan', 'emitted', 'raw'] },
      });
      expect(result.error).toContain('It offers: plan, emitted, raw.');
    }
  });

  it('needs a name where none of several operations is the default', async () => {
    class Two extends BaseOrchestrator {
      a(): string {
        return 'a';
      }
      b(): string {
        return 'b';
      }
    }
    defineOrchestrator(Two, { layer: 'domain', type: 'sequential', operations: ['a', 'b'] });
    const facade = new OrchestrationFacade();
    facade.register(Two);
    expect(await facade.orchestrate('two', aContext(), {})).toMatchObject({
      errorCategory: 'validation',
      error: expect.stringContaining('has no default operation') as unknown,
      details: { operations: ['a', 'b'] },
    });
    expect(await facade.orchestrate('two', aContext(), { operation: 'b' })).toMatchObject({ data: 'b' });
  });

  it('checks params before the method runs, strips the unknown, and keeps the prototype clean', async () => {
    const facade = new OrchestrationFacade();
    facade.register(MissionOrchestrator);
    const bad = (await facade.orchestrate(MissionOrchestrator, aContext(), {
      goal: 5,
      depth: 99,
    } as never)) as FailedResult;
    expect(bad.errorCategory).toBe('validation');
    expect(bad.details).toMatchObject([
      { property: 'goal', constraint: 'isString' },
      { property: 'depth', constraint: 'max' },
    ]);
    expect(bad.error).toMatch(/^The params of mission\.plan are not valid: goal/);
    const params = JSON.parse(
      '{"goal":"x","extra":1,"operation":"plan","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    ) as unknown;
    const good = await facade.orchestrate<PlanParams>('mission', aContext(), params);
    expect(good.data).toBeInstanceOf(PlanParams);
    expect(Object.keys(good.data as object).sort()).toEqual(['depth', 'goal']);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('starts an orchestrator before its first call, once, and cleans it up at unregister, once', async () => {
    const facade = new OrchestrationFacade();
    const mission = new MissionOrchestrator();
    facade.register(mission);
    await Promise.all(
      Array.from({ length: 20 }, () => facade.orchestrate('mission', aContext(), { goal: 'x' })),
    );
    expect(mission.hooks).toEqual(['start']);
    await facade.unregister('mission');
    expect(mission.hooks).toEqual(['start', 'cleanup']);
    expect(await facade.orchestrate('mission', aContext())).toMatchObject({ errorCategory: 'not_found' });
    await expect(facade.unregister('mission')).rejects.toThrow("Orchestrator 'mission' is not registered");
    await expect(facade.unregister(7 as never)).rejects.toMatchObject({
      code: 'ORCHESTRATOR_NOT_REGISTERED',
    });
    facade.register(mission);
    expect(await facade.orchestrate('mission', aContext(), { goal: 'x' })).toMatchObject({ status: 'ok' });
    expect(mission.hooks).toEqual(['start', 'cleanup', 'start']);
  });

  it('lets calls in flight end before it cleans up, and ends them when they take too long', async () => {
    const clock = new FakeClock();
    const facade = new OrchestrationFacade({ clock });
    const order: string[] = [];
    const ends: (() => void)[] = [];
    class Busy extends BaseOrchestrator {
      run(context: OperationContext): Promise<string> {
        return new Promise((resolve, reject) => {
          ends.push(() => {
            order.push('ended');
            resolve('done');
          });
          context.signal.addEventListener('abort', () => {
            order.push('aborted');
            reject(context.signal.reason as Error);
          });
        });
      }
      override cleanup(): void {
        order.push('cleanup');
      }
    }
    defineOrchestrator(Busy, { layer: 'domain', type: 'sequential', operations: ['run'] });
    facade.register(Busy);
    const [first, second] = [facade.orchestrate('busy', aContext()), facade.orchestrate('busy', aContext())];
    await clock.advance(0);
    const gone = facade.unregister('busy');
    expect(await facade.orchestrate('busy', aContext())).toMatchObject({ errorCategory: 'not_found' });
    ends[0]?.();
    expect(await first).toMatchObject({ data: 'done' });
    expect(order).toEqual(['ended']);
    await clock.advance(10_000);
    expect(await second).toMatchObject({ errorCategory: 'cancelled' });
    await gone;
    expect(order).toEqual(['ended', 'aborted', 'cleanup']);
  });

  it('cleans up after every call where asked: on success, on error, and after a body that outlives its time', async () => {
    const clock = new FakeClock();
    const facade = new OrchestrationFacade({ clock });
    const told: string[] = [];
    let cleanUp = (): unknown => told.push('cleanup');
    let end = (): void => undefined;
    class PerCall extends BaseOrchestrator {
      override canOrchestrate(_context: OrchestrationContext, params?: unknown): boolean {
        return (params as { can?: boolean }).can ?? true;
      }
      async run(_context: OperationContext, params: { how?: string }): Promise<string> {
        if (params.how === 'throw') throw new Error('no');
        if (params.how === 'hang') await new Promise<void>((resolve) => (end = resolve));
        if (params.how === 'never') await new Promise(() => undefined);
        told.push('body');
        return 'done';
      }
      override cleanup(): unknown {
        return cleanUp();
      }
    }
    defineOrchestrator(PerCall, { layer: 'domain', type: 'sequential', operations: ['run'], timeoutMs: 50 });
    facade.register(PerCall, { cleanupAfterCall: true });
    const call = (params: object) => facade.orchestrate('per_call', aContext(), params);
    expect(await call({})).toMatchObject({ data: 'done' });
    expect(await call({ how: 'throw' })).toMatchObject({ error: 'no' });
    expect(told).toEqual(['body', 'cleanup', 'cleanup']);
    expect(await call({ can: false })).toMatchObject({ status: 'skipped' });
    expect(told).toHaveLength(3);
    const late = call({ how: 'hang' });
    await clock.advance(50);
    expect(await late).toMatchObject({ errorCategory: 'timeout' });
    expect(told).toHaveLength(3);
    end();
    await turn();
    expect(told.slice(3)).toEqual(['body', 'cleanup']);
    const never = call({ how: 'never' });
    await clock.advance(50);
    expect(await never).toMatchObject({ errorCategory: 'timeout' });
    await clock.advance(1_000);
    expect(told).toHaveLength(6);
    cleanUp = () => Promise.reject(new Error('cleanup failed'));
    expect(await call({})).toMatchObject({ data: 'done' });
    expect(facade.listOrchestrators()['per_call']?.state).toBe('running');
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
  });

  it('runs the guide form: an identity given to super, routing by hand, delegation, logging once', async () => {
    const logger = new LineLogger('info');
    const facade = new OrchestrationFacade({ logger });
    facade.register(new GuideOrchestrator());
    facade.register(MissionOrchestrator);
    const context = aContext({ requestId: 'r-7' });
    expect(await facade.orchestrate('guide', context, { operation: 'x' })).toMatchObject({
      data: { tenant: 'acme', name: 'x', ambient: 'r-7' },
    });
    expect(logger.named('orchestration_started')).toHaveLength(1);
    expect(logger.named('orchestration_completed')).toHaveLength(1);
    expect(await facade.orchestrate('guide', context, { operation: 'boom' })).toMatchObject({
      error: 'boom',
      errorCategory: 'execution',
    });
    expect(await facade.orchestrate('guide', context, { operation: 'delegate', goal: 'g' })).toMatchObject({
      data: { goal: 'g', depth: 3 },
    });
    expect(logger.lines.at(-2)?.fields).toMatchObject({
      orchestrator: 'mission',
      depth: 1,
      parentOrchestrator: 'guide',
    });
  });

  it('keeps the time limit of the operation that super.orchestrate routes to', async () => {
    const clock = new FakeClock();
    const facade = new OrchestrationFacade({ clock });
    const signals: AbortSignal[] = [];
    class Overriding extends BaseOrchestrator {
      override async orchestrate(context: OrchestrationContext, params?: unknown): Promise<StepResult> {
        return super.orchestrate(context, params);
      }
      slow({ signal }: OperationContext): Promise<never> {
        signals.push(signal);
        return new Promise(() => undefined);
      }
      quick(): string {
        return 'done';
      }
    }
    defineOrchestrator(Overriding, {
      layer: 'domain',
      type: 'sequential',
      name: 'overriding',
      operations: { slow: { timeoutMs: 20 }, quick: { timeoutMs: 20 } },
    });
    facade.register(Overriding);
    const quick = await facade.orchestrate('overriding', aContext(), { operation: 'quick' });
    expect(quick).toMatchObject({ status: 'ok', data: 'done' });
    const slow = facade.orchestrate('overriding', aContext(), { operation: 'slow' });
    await clock.advance(20);
    expect(await slow).toMatchObject({
      errorCategory: 'timeout',
      error: 'overriding.slow timed out after 20 ms. What it had begun may still run on.',
    });
    expect(signals[0]?.aborted).toBe(true);
  });

  it('lets an override fall back to the default with super.orchestrate, in the same call', async () => {
    const logger = new LineLogger('info');
    class Wrapped extends BaseOrchestrator {
      seen: unknown[] = [];
      override async orchestrate(context: OrchestrationContext, params?: unknown): Promise<StepResult> {
        this.seen.push((context as OperationContext).operation);
        return StepResult.map(await super.orchestrate(context, params), (data) => ({ wrapped: data }));
      }
      @operation({ default: true, params: PlanParams })
      plan(_context: OperationContext, params: PlanParams): number {
        return params.depth;
      }
      @operation()
      fail(): never {
        throw new Error('inside');
      }
    }
    defineOrchestrator(Wrapped, { layer: 'domain', type: 'sequential' });
    const facade = new OrchestrationFacade({ logger });
    const wrapped = new Wrapped();
    facade.register(wrapped);
    const call = (params: unknown) => facade.orchestrate('wrapped', aContext(), params);
    expect(await call({ goal: 'x' })).toMatchObject({ data: { wrapped: 3 } });
    expect(await call({ goal: 7 })).toMatchObject({ errorCategory: 'validation' });
    expect(await call({ operation: 'fail' })).toMatchObject({ error: 'inside', errorCategory: 'execution' });
    expect(await call({ operation: 'nope' })).toMatchObject({ errorCategory: 'validation' });
    expect(logger.named('orchestration_started')).toHaveLength(4);
    expect(wrapped.seen).toEqual(['orchestrate', 'orchestrate', 'orchestrate', 'orchestrate']);
  });

  it('runs an instance that no facade knows through one of its own', async () => {
    const mission = new MissionOrchestrator();
    expect(await mission.orchestrate(aContext(), { goal: 'alone' })).toMatchObject({
      status: 'ok',
      data: { goal: 'alone' },
    });
    expect(await mission.orchestrate(null as never, {})).toMatchObject({ errorCategory: 'validation' });
    expect(await mission.orchestrate(aContext(), { goal: 1 })).toMatchObject({ errorCategory: 'validation' });
    expect(await mission.orchestrate(aContext(), { goal: 'again' })).toMatchObject({
      data: { goal: 'again' },
    });
  });

  it('gives a client with a method per operation, which names no operation by accident', async () => {
    const facade = new OrchestrationFacade();
    const client = facade.client(MissionOrchestrator);
    expect(facade.client(MissionOrchestrator)).toBe(client);
    expect(await client.plan(aContext(), { goal: 'x', depth: 1 })).toMatchObject({
      errorCategory: 'not_found',
    });
    facade.register(MissionOrchestrator);
    expect(await client.plan(aContext(), { goal: 'x', depth: 1 })).toMatchObject({
      data: { goal: 'x', depth: 1 },
    });
    expect(await client.asItIs(aContext(), { operation: 'plan' })).toMatchObject({
      data: { operation: 'plan' },
    });
    expect(await client.plan(aContext(), {} as never)).toMatchObject({ errorCategory: 'validation' });
    expect(Object.keys(client)).toEqual(['plan', 'emitted', 'asItIs']);
  });

  it('is one per process for whoever has no host', () => {
    const facade = getOrchestrationFacade();
    expect(getOrchestrationFacade()).toBe(facade);
    resetOrchestrationFacade();
    expect(getOrchestrationFacade()).not.toBe(facade);
  });
});

describe('the log of a call', () => {
  const quiet = defineOrchestrator(
    class Quiet extends BaseOrchestrator {
      override canOrchestrate(_context: OrchestrationContext, params?: unknown): boolean {
        return (params as { can?: boolean } | undefined)?.can ?? true;
      }
      run(_context: OperationContext, params: { how?: string }): unknown {
        if (params.how === 'throw') throw new Error('line one\nline two password=hunter2');
        if (params.how === 'skip') return StepResult.skip('not today');
        return params.how === 'refuse' ? StepResult.fail('no', { errorCategory: 'rate_limit' }) : 'fine';
      }
    },
    { layer: 'domain', type: 'sequential', operations: ['run'], name: 'quiet' },
  );
  const setUp = (level: 'debug' | 'info' | 'warn' | 'error' = 'info') => {
    const logger = new LineLogger(level);
    const clock = new FakeClock();
    const facade = new OrchestrationFacade({ logger, clock });
    facade.register(quiet);
    return { logger, facade, clock };
  };

  it('has one line for the start and one for the end, with the ids of the call', async () => {
    const { logger, facade } = setUp();
    await facade.orchestrate('quiet', aContext({ requestId: 'r-1', traceId: 't-1' }), { a: 1 });
    expect(logger.lines).toMatchObject([
      {
        level: 'info',
        event: 'orchestration_started',
        fields: {
          orchestrator: 'quiet',
          layer: 'domain',
          operation: 'run',
          tenantId: 'acme',
          requestId: 'r-1',
          traceId: 't-1',
          depth: 0,
          params: { a: 1 },
        },
      },
      {
        level: 'info',
        event: 'orchestration_completed',
        fields: {
          orchestrator: 'quiet',
          tenantId: 'acme',
          requestId: 'r-1',
          traceId: 't-1',
          success: true,
          status: 'ok',
          durationMs: 0,
        },
      },
    ]);
  });

  it('is one start and one end however the call ends', async () => {
    const { logger, facade, clock } = setUp();
    const ends = async (context: OrchestrationContext, params: object, options = {}): Promise<unknown> => {
      logger.lines.length = 0;
      await facade.orchestrate('quiet', context, params, options);
      expect(logger.named('orchestration_started')).toHaveLength(1);
      expect(logger.lines).toHaveLength(2);
      return [logger.lines[1]?.event, logger.lines[1]?.level];
    };
    expect(await ends(aContext(), { how: 'throw' })).toEqual(['orchestration_failed', 'error']);
    expect(logger.lines[1]?.fields).toMatchObject({
      errorCategory: 'execution',
      retryable: false,
      success: false,
    });
    expect(await ends(aContext(), { how: 'refuse' })).toEqual(['orchestration_failed', 'warn']);
    expect(await ends(aContext(), { how: 'skip' })).toEqual(['orchestration_completed', 'info']);
    expect(await ends(aContext(), { can: false })).toEqual(['orchestrator_cannot_handle', 'info']);
    expect(await ends(aContext({ deadline: clock.now() - 1 }), {})).toEqual(['orchestration_failed', 'warn']);
    expect(await ends(aContext({ signal: AbortSignal.abort() }), {})).toEqual([
      'orchestration_failed',
      'warn',
    ]);
    expect(await ends(aContext(), {}, { timeoutMs: 0 })).toEqual(['orchestration_failed', 'warn']);
  });

  it('tells of a failure also where only warnings are written', async () => {
    for (const level of ['warn', 'error'] as const) {
      const { logger, facade } = setUp(level);
      await facade.orchestrate('quiet', aContext(), {});
      expect(logger.lines).toEqual([]);
      await facade.orchestrate('quiet', aContext(), { how: 'throw' });
      expect(logger.lines.map((line) => line.event)).toEqual(['orchestration_failed']);
    }
  });

  it('names a call that reached nobody', async () => {
    const { logger, facade } = setUp('warn');
    await facade.orchestrate('quite', aContext({ requestId: 'r-2', traceId: 't-2' }));
    await facade.orchestrate('quiet', 'no context' as never);
    expect(logger.lines).toMatchObject([
      {
        level: 'warn',
        event: 'orchestrator_not_found',
        fields: { orchestrator: 'quite', tenantId: 'acme', requestId: 'r-2', traceId: 't-2' },
      },
      {
        level: 'warn',
        event: 'orchestration_refused',
        fields: { orchestrator: 'quiet', errorCategory: 'validation' },
      },
    ]);
  });

  it('keeps parameters under params, redacted, on one line, cut, and nothing collides', async () => {
    const { logger, facade } = setUp();
    await facade.orchestrate('quiet', aContext({ requestId: 'mine' }), {
      tenantId: 'forged',
      requestId: 'forged',
      event: 'forged',
      level: 'forged',
      depth: 99,
      timestamp: 0,
      logger: 'forged',
      password: 'hunter2',
      nested: { apiKey: 'sk-live-1234567890abcdef', note: 'a\nb\r\u0000\u001b[31m' },
      long: 'x'.repeat(10_000_000),
    });
    const [line] = logger.named('orchestration_started');
    expect(line?.fields).toMatchObject({
      tenantId: 'acme',
      requestId: 'mine',
      depth: 0,
      params: { tenantId: 'forged', depth: 99 },
    });
    const text = JSON.stringify(line);
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain('sk-live');
    expect(text.length).toBeLessThan(20_000);
    const { note } = (line?.fields['params'] as { nested: { note: string } }).nested;

    expect(note).not.toMatch(/[\u0000-\u001f]/);
    await facade.orchestrate('quiet', aContext(), { how: 'throw' });
    const failed = JSON.stringify(logger.named('orchestration_failed')[0]?.fields['error']);
    expect(failed).not.toContain('hunter2');
    expect(failed).not.toContain('\n');
  });

  it('reads nothing of params where the level is off', async () => {
    const { facade, logger } = setUp('error');
    let reads = 0;
    const params = {
      get secret(): string {
        reads += 1;
        return 'x';
      },
      toJSON() {
        reads += 1;
        return {};
      },
    };
    for (let index = 0; index < 10; index += 1) await facade.orchestrate('quiet', aContext(), params);
    expect(reads).toBe(0);
    expect(logger.lines).toEqual([]);
  });

  it('does not let a logger that throws change a call', async () => {
    const broken = new Proxy(new LineLogger(), {
      get: (target, key) => {
        if (key === 'child') return () => broken;
        if (key === 'then') return undefined;
        return typeof Reflect.get(target, key) === 'function'
          ? () => {
              throw new Error('disk full');
            }
          : undefined;
      },
    });
    const facade = new OrchestrationFacade({ logger: broken });
    facade.register(quiet);
    expect(await facade.orchestrate('quiet', aContext(), {})).toMatchObject({ data: 'fine' });
    expect(await facade.orchestrate('nobody', aContext(), {})).toMatchObject({ errorCategory: 'not_found' });
  });
});

describe('the events of a facade', () => {
  const leaf = defineOrchestrator(
    class Leaf extends BaseOrchestrator {
      run(): string {
        return 'done';
      }
    },
    { layer: 'domain', type: 'sequential', operations: ['run'] },
  );

  it('tell of every call, frozen, and a listener that throws or rejects changes nothing', async () => {
    const facade = new OrchestrationFacade();
    facade.register(leaf);
    const seen: OrchestrationEvent[] = [];
    facade.events.on('*', () => {
      throw new Error('listener');
    });
    facade.events.on('call.ended', () => Promise.reject(new Error('listener')));
    facade.events.on('*', (event) => seen.push(event));
    expect(await facade.orchestrate('leaf', aContext({ requestId: 'r' }))).toMatchObject({ data: 'done' });
    await facade.orchestrate('nobody', aContext());
    await turn();
    expect(seen.filter((event) => event.type.startsWith('call.'))).toMatchObject([
      { type: 'call.started', orchestrator: 'leaf', operation: 'run', requestId: 'r' },
      { type: 'call.ended', orchestrator: 'leaf', result: { data: 'done' } },
      { type: 'call.refused', orchestrator: 'nobody', result: { errorCategory: 'not_found' } },
    ]);
    expect(seen.every(Object.isFrozen)).toBe(true);
    expect(facade.events.listenerFailures).toBeGreaterThan(2);
  });

  it('stop when they are told to, and cost nothing with nobody there', async () => {
    const facade = new OrchestrationFacade();
    facade.register(leaf);
    let count = 0;
    const listener = (): void => void (count += 1);
    const [first, second] = [
      facade.events.on('call.ended', listener),
      facade.events.on('call.ended', listener),
    ];
    await facade.orchestrate('leaf', aContext());
    expect(count).toBe(2);
    first();
    first();
    await facade.orchestrate('leaf', aContext());
    expect(count).toBe(3);
    second();
    expect(facade.events.active).toBe(false);
    expect(() => facade.events.on('call.ended', null as never)).toThrow(TypeError);
  });

  it('can be read as a stream that keeps the newest and ends when it is left', async () => {
    const facade = new OrchestrationFacade();
    facade.register(leaf);
    await facade.orchestrate('leaf', aContext());
    const stream = facade.events.stream({ capacity: 4 });
    for (let index = 0; index < 10; index += 1)
      await facade.orchestrate('leaf', aContext({ requestId: `r-${index}` }));
    const got: string[] = [];
    for await (const event of stream) {
      got.push(`${event.type} ${'requestId' in event ? event.requestId : ''}`);
      if (got.length === 4) break;
    }
    expect(got).toEqual(['call.started r-8', 'call.ended r-8', 'call.started r-9', 'call.ended r-9']);
    expect(facade.events.active).toBe(false);
    expect(await stream.next()).toEqual({ value: undefined, done: true });
    const early = facade.events.stream();
    const waiting = early.next();
    await early.return?.();
    expect(await waiting).toEqual({ value: undefined, done: true });
    expect(() => facade.events.stream({ capacity: 0 })).toThrow(RangeError);
  });
});

describe('names', () => {
  it.each([
    ['MyWorkflowOrchestrator', 'my_workflow'],
    ['Base1', 'base1'],
    ['HTTPServer', 'http_server'],
    ['HTTPServerOrchestrator', 'http_server'],
    ['Orchestrator', 'orchestrator'],
    ['OAuth2TokenOrchestrator', 'o_auth2_token'],
    ['mission', 'mission'],
    ['ABTest', 'ab_test'],
    ['Version10Beta', 'version10_beta'],
  ])('come from the class name: %s is %s', (className, name) => {
    const { [className]: target } = {
      [className]: class extends BaseOrchestrator {
        run(): void {}
      },
    } as Record<string, new () => BaseOrchestrator>;
    Object.defineProperty(target, 'name', { value: className });
    defineOrchestrator(target as never, { layer: 'domain', type: 'sequential', operations: ['run'] });
    const facade = new OrchestrationFacade();
    facade.register(target as never);
    expect(Object.keys(facade.listOrchestrators())).toEqual([name]);
  });
});
