import { AsyncLocalStorage } from 'node:async_hooks';

import { describe, expect, it } from '@jest/globals';

import {
  background,
  BaseOrchestrator,
  consumes,
  createOrchestrationHost,
  currentContext,
  operation,
  type OperationContext,
  OrchestrationContext,
  orchestrator,
  StepResult,
} from './index.js';
import { LineLogger } from './facade/fixtures/line-logger.js';
import { FakeClock } from './testing/fake-clock.js';

const TENANTS = 100;
const CALLS = 8;

interface Note {
  readonly canary: string;
}

/** What code that was not handed a context believes it belongs to. */
const here = (): string => currentContext()?.tenantId ?? 'nobody';

const sightings: { readonly where: string; readonly expected: string; readonly seen: string }[] = [];
const sight = (where: string, expected: string): void => {
  sightings.push({ where, expected, seen: here() });
};

@orchestrator('domain', 'business_logic', { maxConcurrency: 40, maxWaiting: 10_000 })
class Worker extends BaseOrchestrator {
  override canOrchestrate(context: OrchestrationContext): boolean {
    sight('canOrchestrate', context.tenantId);
    this.logger.info('asked', { canary: context.tenantId });
    return true;
  }

  @operation()
  async work(context: OperationContext, params: { canary: string }): Promise<string> {
    const { canary } = params;
    sight('first line', canary);
    await context.sleep(3);
    sight('after a sleep', canary);
    await context.step(
      'flaky',
      async ({ attempt }) => {
        sight('a step', canary);
        await null;
        this.logger.info('attempted', { canary });
        if (attempt === 1) throw new Error(`try again ${canary}`);
        return canary;
      },
      {
        retry: { baseMs: 5, maxAttempts: 2 },
        timeoutMs: 1_000,
        compensate: () => {
          sight('a compensation', canary);
        },
      },
    );
    sight('after a retry', canary);
    await context.parallel({
      a: () => {
        sight('a branch', canary);
      },
      b: async () => {
        await context.sleep(1);
        sight('a branch after a sleep', canary);
      },
    });
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        sight('a callback', canary);
        resolve();
      });
    });
    context.signal.addEventListener('abort', () => {
      sight('an abort listener', canary);
      this.logger.info('aborted', { canary });
    });
    if (context.metadata['end'] === 'timeout') {
      await new Promise((resolve) => {
        context.signal.addEventListener('abort', resolve);
      });
    }
    if (context.metadata['end'] === 'fail') throw new Error(`failed ${canary}`);
    return canary;
  }
}

@orchestrator('application', 'coordination', { dependsOn: [Worker] })
class Desk extends BaseOrchestrator {
  @operation({ default: true })
  async handle(context: OperationContext, params: { canary: string }): Promise<unknown> {
    const { canary } = params;
    this.logger.info('handling', { canary });
    this.queue<Note>('notes').offer({ canary });
    const result = await context.call(
      Worker,
      { operation: 'work', canary },
      context.metadata['end'] === 'timeout' ? { timeoutMs: 60 } : {},
    );
    sight('after a call', canary);
    return result;
  }

  @consumes({ queue: 'notes', capacity: 10_000, batchSize: 7, concurrency: 2 })
  async file(notes: readonly Note[]): Promise<void> {
    await null;
    for (const { canary } of notes) sight('a queue', canary);
    this.logger.info('filed', { canary: notes[0]?.canary });
  }

  @background({ everyMs: 20 })
  tick(): void {
    sight('a background task', 'nobody');
    this.logger.info('ticked');
  }

  override start(): void {
    sight('a start hook', 'nobody');
  }
  override cleanup(): void {
    sight('a cleanup hook', 'nobody');
  }
}

async function runEverything(ambientContext: boolean) {
  sightings.length = 0;
  const clock = new FakeClock();
  const logger = new LineLogger('debug');
  const host = createOrchestrationHost({
    orchestrators: [Worker, Desk],
    clock,
    logger,
    ambientContext,
    random: () => 0.5,
  });
  await host.start();
  const events: { readonly canary: string; readonly tenantId: string }[] = [];
  host.facade.events.on('call.ended', (event) => {
    if (event.orchestrator === 'desk')
      events.push({
        canary: JSON.stringify(event.result.data ?? event.result.error),
        tenantId: event.tenantId,
      });
    sight('an event listener', ambientContext ? here() : 'nobody');
  });
  const answers: Promise<void>[] = [];
  for (let round = 0; round < CALLS; round += 1) {
    for (let tenant = 0; tenant < TENANTS; tenant += 1) {
      const canary = `tenant-${tenant}-end`;
      const end = ['ok', 'ok', 'fail', 'timeout'][(round + tenant) % 4];
      const context = OrchestrationContext.create({
        tenantId: canary,
        requestId: `request ${canary} ${round}`,
        // Every other request is traced: a trace that shows up in the others was somebody else's.
        ...(tenant % 2 === 0 ? { traceId: `trace ${canary}` } : {}),
        metadata: { canary, end },
      });
      answers.push(
        host.facade.orchestrate(Desk, context, { canary }).then((result) => {
          if (end === 'ok') expect(StepResult.unwrap(result)).toBe(canary);
          else if (end === 'fail') expect(result.error).toBe(`failed ${canary}`);
          else expect(['timeout', 'service_overloaded']).toContain(result.errorCategory);
        }),
      );
    }
    await clock.advance(2);
  }
  let open = true;
  void Promise.all(answers).finally(() => {
    open = false;
  });
  while (open) await clock.advance(50);
  await Promise.all(answers);
  await clock.advance(2_000);
  await host.stop();
  return { lines: logger.lines, events };
}

/** The tenants that a text speaks of. */
const named = (text: string): string[] => [...new Set(text.match(/tenant-\d+-end/g) ?? [])];

describe('a hundred tenants at once', () => {
  it('never see each other: in await, queue, background, retry, timer, compensation, event and log', async () => {
    const { lines, events } = await runEverything(true);
    expect(sightings.length).toBeGreaterThan(TENANTS * CALLS * 8);
    const places = new Set(sightings.map((each) => each.where));
    for (const place of [
      'a compensation',
      'an abort listener',
      'a queue',
      'a background task',
      'a branch after a sleep',
      'canOrchestrate',
      'a cleanup hook',
    ]) {
      expect(places).toContain(place);
    }
    expect(sightings.filter((each) => each.expected !== each.seen)).toEqual([]);
    expect(lines.length).toBeGreaterThan(TENANTS * CALLS * 4);
    // Whatever a line says of tenants, requests and traces, it says of one tenant.
    expect(lines.filter((line) => named(JSON.stringify(line)).length > 1)).toEqual([]);
    for (const event of ['asked', 'attempted', 'aborted', 'handling', 'filed']) {
      const own = lines.filter((line) => line.event === event);
      expect(own.length).toBeGreaterThan(0);
      expect(own.filter((line) => line.fields['tenantId'] !== line.fields['canary'])).toEqual([]);
    }
    expect(lines.filter((line) => line.event === 'ticked' && line.fields['tenantId'] !== undefined)).toEqual(
      [],
    );
    const foreignTrace = lines.filter((line) => {
      const tenant = Number(/tenant-(\d+)/.exec(String(line.fields['tenantId']))?.[1] ?? 0);
      return tenant % 2 === 1 && line.fields['traceId'] !== undefined;
    });
    expect(foreignTrace).toEqual([]);
    expect(events).toHaveLength(TENANTS * CALLS);
    expect(
      events.filter(
        (event) => event.canary.startsWith('"tenant') && event.canary !== JSON.stringify(event.tenantId),
      ),
    ).toEqual([]);
  }, 60_000);

  it('are carried explicitly only, where the host keeps no ambient context', async () => {
    const { lines } = await runEverything(false);
    // A queue remembers whose item it is by itself; nothing else knows a tenant it was not told of.
    expect(new Set(sightings.filter((each) => each.where !== 'a queue').map((each) => each.seen))).toEqual(
      new Set(['nobody']),
    );
    expect(lines.filter((line) => named(JSON.stringify(line)).length > 1)).toEqual([]);
    for (const line of lines.filter((each) => ['asked', 'attempted', 'handling'].includes(each.event)))
      expect(line.fields).not.toHaveProperty('tenantId');
    const told = lines.filter((line) => line.event === 'orchestration_started');
    expect(told.length).toBeGreaterThan(TENANTS * CALLS);
    expect(told.every((line) => line.fields['tenantId'] !== undefined)).toBe(true);
  }, 60_000);

  it('keep what other libraries hold in their own storage, also when they waited for a slot', async () => {
    const span = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    @orchestrator('domain', 'sequential', { maxConcurrency: 1 })
    class Traced extends BaseOrchestrator {
      @operation()
      async run(context: OperationContext): Promise<void> {
        await null;
        seen.push(`${context.tenantId} ${span.getStore() ?? ''}`);
      }
    }
    const host = createOrchestrationHost({ orchestrators: [Traced] });
    await host.start();
    host.facade.use({ around: (call, next) => span.run(`span of ${call.context.tenantId}`, next) });
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        host.facade.orchestrate(Traced, OrchestrationContext.create({ tenantId: `t${index}` })),
      ),
    );
    await host.stop();
    expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => `t${index} span of t${index}`));
  });

  it('lend nothing to a call that one of them makes for another, nor to one whose time is up', async () => {
    const span = new AsyncLocalStorage<string>();
    const clock = new FakeClock();
    const logger = new LineLogger('info');
    @orchestrator('application', 'sequential')
    class Agent extends BaseOrchestrator {
      @operation({ default: true })
      delegateTo(_context: OperationContext, params: { to: string }): Promise<StepResult> {
        return host.facade.orchestrate(Hanging, OrchestrationContext.create({ tenantId: params.to }), {});
      }
    }
    @orchestrator('application', 'sequential', { timeoutMs: 50 })
    class Hanging extends BaseOrchestrator {
      @operation()
      run(): Promise<void> {
        return new Promise(() => undefined);
      }
    }
    const host = createOrchestrationHost({ orchestrators: [Agent, Hanging], clock, logger });
    await host.start();
    const ends: unknown[] = [];
    host.facade.events.on('call.ended', (event) => {
      if (event.orchestrator === 'hanging') ends.push([event.tenantId, span.getStore()]);
    });
    const answers = ['t1', 't2', 't3'].map((tenantId) =>
      span.run(`span of ${tenantId}`, () =>
        host.facade.orchestrate(
          Agent,
          OrchestrationContext.create({ tenantId, traceId: `trace ${tenantId}` }),
          {
            to: `guest of ${tenantId}`,
          },
        ),
      ),
    );
    await clock.advance(50);
    for (const result of await Promise.all(answers))
      expect(result).toMatchObject({ errorCategory: 'timeout' });
    // The timer of all deadlines was armed by the first call; it is part of none.
    expect(ends).toEqual(['t1', 't2', 't3'].map((tenantId) => [`guest of ${tenantId}`, undefined]));
    const ofGuests = logger.lines.filter((line) => String(line.fields['tenantId']).startsWith('guest'));
    expect(ofGuests.map((line) => line.event).sort()).toEqual([
      ...Array.from({ length: 3 }, () => 'orchestration_failed'),
      ...Array.from({ length: 3 }, () => 'orchestration_started'),
    ]);
    for (const line of ofGuests) {
      expect(line.fields).not.toHaveProperty('traceId');
      expect(line.fields).not.toHaveProperty('parentOrchestrator');
    }
    const stopped = host.stop();
    await clock.advance(60_000);
    await stopped;
  });

  it('do not become the owner of what their first call starts', async () => {
    const seen: unknown[] = [];
    @orchestrator('domain', 'lifecycle', { startup: 'lazy' })
    class OnDemand extends BaseOrchestrator {
      override start(): void {
        seen.push(currentContext()?.tenantId);
      }
      @operation()
      run(): void {}
    }
    @orchestrator('domain', 'sequential')
    class First extends BaseOrchestrator {
      @operation()
      run(context: OperationContext): Promise<StepResult> {
        return context.call(OnDemand);
      }
    }
    const host = createOrchestrationHost({ orchestrators: [OnDemand, First] });
    await host.start();
    expect(
      await host.facade.orchestrate(First, OrchestrationContext.create({ tenantId: 'first' })),
    ).toMatchObject({ status: 'ok' });
    await host.stop();
    expect(seen).toEqual([undefined]);
  });
});
