import 'reflect-metadata';

import { describe, expect, it } from '@jest/globals';

import {
  BaseOrchestrator,
  defineOrchestrator,
  type OperationContext,
  OrchestrationContext,
  OrchestrationFacade,
  type OrchestrationEvent,
  StepResult,
} from '../index.js';
import { FakeClock } from '../testing/fake-clock.js';
import { LineLogger } from './fixtures/line-logger.js';

const aContext = (init = {}): OrchestrationContext =>
  OrchestrationContext.create({ tenantId: 'acme', ...init });

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

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
