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
