import { describe, expect, it } from '@jest/globals';

import {
  BaseOrchestrator,
  createOrchestrationHost,
  defineOrchestrator,
  type OperationContext,
  type OrchestratorDeclaration,
  OrchestrationFacade,
  type SignalQueue,
} from '../index.js';
import { StepResult } from '../step-result.js';
import { FakeClock } from '../testing/fake-clock.js';
import { aContext, Gate, never } from './fixtures/scripted-host.js';

interface Parts {
  readonly tick?: (signal: AbortSignal) => unknown;
  readonly take?: (items: readonly unknown[], signal: AbortSignal) => unknown;
  readonly cleanup?: () => unknown;
  readonly declaration?: Partial<OrchestratorDeclaration>;
  readonly random?: () => number;
}

/** A host of `worker`, with a task and a queue that a test writes. */
function working({ tick, take, cleanup, declaration, random = () => 0 }: Parts) {
  const clock = new FakeClock();
  const log: string[] = [];
  class Worker extends BaseOrchestrator {
    tick(signal: AbortSignal): unknown {
      return tick?.(signal);
    }
    take(items: readonly unknown[], signal: AbortSignal): unknown {
      return take?.(items, signal);
    }
    offer(_context: OperationContext, params: { readonly items: readonly unknown[] }): unknown {
      return params.items.map((item) => this.queue('inbox').offer(item).status);
    }
    inbox(name = 'inbox'): SignalQueue<unknown> {
      return this.queue(name);
    }
    override cleanup(): unknown {
      log.push('cleanup');
      return cleanup?.();
    }
  }
  defineOrchestrator(Worker, {
    layer: 'infrastructure',
    type: 'monitoring',
    operations: { offer: { default: true } },
    ...(tick === undefined ? {} : { background: { tick: { everyMs: 100, jitterRatio: 0 } } }),
    ...(take === undefined ? {} : { consumes: { take: { queue: 'inbox', capacity: 4 } } }),
    ...declaration,
  });
  const host = createOrchestrationHost({
    orchestrators: [Worker],
    clock,
    random,
    shutdown: { drainTimeoutMs: 5_000 },
  });
  const offer = (...items: unknown[]) => host.facade.orchestrate<unknown>('worker', aContext(), { items });
  return {
    host,
    clock,
    log,
    offer,
    info: () => host.facade.listOrchestrators()['worker'],
    worker: () => host.facade.get('worker') as unknown as Worker,
  };
}

describe('background tasks of a host', () => {
  it('run from the start to the stop, never two at a time, and leave no timer', async () => {
    const runs: number[] = [];
    let running = 0;
    const { host, clock, info } = working({
      tick: async (signal) => {
        running += 1;
        expect(running).toBe(1);
        expect(signal.aborted).toBe(false);
        runs.push(clock.monotonic());
        await new Promise<void>((resolve) => {
          clock.setTimeout(resolve, 250);
        });
        running -= 1;
      },
    });
    expect(clock.pending).toBe(0);
    await host.start();
    await clock.advance(1_000);
    // Each pause counts from the end of the run before.
    expect(runs).toEqual([0, 350, 700]);
    expect(info()?.tasks).toEqual([{ name: 'tick', everyMs: 100, state: 'waiting', runs: 3, restarts: 0 }]);
    expect(await host.stop()).toMatchObject({ clean: true });
    expect(clock.pending).toBe(0);
    await clock.advance(10_000);
    expect(runs).toHaveLength(3);
    await host.start();
    await clock.advance(10);
    expect(runs).toHaveLength(4);
    const stopped = host.stop();
    await clock.advance(250);
    expect(await stopped).toMatchObject({ clean: true });
  });

  it('are restarted with back-off; past the intensity health is degraded and the host goes on', async () => {
    const failed: unknown[] = [];
    const { host, clock, info, offer } = working({ tick: () => Promise.reject(new Error('broken')) });
    host.facade.events.on('task.failed', ({ restarts, delayMs, error }) =>
      failed.push([restarts, delayMs, error]),
    );
    host.facade.events.on('task.gave_up', ({ task, then }) => failed.push([task, then]));
    await host.start();
    await clock.advance(30_000);
    expect(failed).toEqual([
      [1, 100, 'broken'],
      [2, 200, 'broken'],
      [3, 400, 'broken'],
      [4, 800, 'broken'],
      [5, 1_600, 'broken'],
      ['tick', 'degrade'],
    ]);
    expect(host.state).toBe('running');
    expect(host.health()).toMatchObject({ status: 'degraded', live: true, ready: true });
    expect(info()).toMatchObject({
      state: 'degraded',
      health: { status: 'degraded', score: 50 },
      tasks: [{ state: 'failed', runs: 6 }],
    });
    expect(await offer()).toMatchObject({ status: 'ok' });
    expect(await host.stop()).toMatchObject({ clean: true });
  });

  it('stop the host where they are told to', async () => {
    const { host, clock, log } = working({
      tick: () => {
        throw new Error('broken');
      },
      declaration: { background: { tick: { everyMs: 100, restart: { maxRestarts: 0, then: 'stop-host' } } } },
    });
    const states: string[] = [];
    host.facade.events.on('host.state', ({ state, reason }) => states.push(`${state}: ${reason ?? ''}`));
    await host.start();
    await clock.advance(10);
    const why = 'background task worker.tick gave up';
    expect(states).toEqual([
      'starting: ',
      'running: ',
      `draining: ${why}`,
      `stopping: ${why}`,
      `stopped: ${why}`,
    ]);
    expect(log).toEqual(['cleanup']);
    expect(await host.stop()).toMatchObject({ clean: true });
  });

  it('that do not end when told to are named, and what comes after runs all the same', async () => {
    const { host, clock, log } = working({ tick: never });
    await host.start();
    await clock.advance(1);
    const stopped = host.stop();
    await clock.advance(10_000);
    expect(await stopped).toMatchObject({
      clean: false,
      failures: [{ orchestrator: 'worker', phase: 'tasks', kind: 'timeout' }],
    });
    expect(log).toEqual(['cleanup']);
  });
});

describe('queues of a host', () => {
  it('count and show each refusal and drop', async () => {
    const lost: unknown[] = [];
    for (const overflow of ['reject', 'drop-oldest'] as const) {
      const gate = new Gate();
      const { host, clock, offer, info } = working({
        take: () => gate.opened,
        declaration: { consumes: { take: { queue: 'inbox', capacity: 4, overflow } } },
      });
      host.facade.events.on('queue.refused', ({ queue, depth, tenantId }) =>
        lost.push(['refused', queue, depth, tenantId]),
      );
      host.facade.events.on('queue.dropped', ({ queue, depth, tenantId }) =>
        lost.push(['dropped', queue, depth, tenantId]),
      );
      await host.start();
      await offer(0);
      // The consumer takes the first item in a turn of its own, however busy the machine is.
      for (let turn = 0; turn < 100 && info()?.queues[0]?.depth !== 0; turn += 1) await clock.advance(0);
      const full = overflow === 'reject' ? 'failed' : 'ok';
      expect(await offer(1, 2, 3, 4, 5, 6)).toMatchObject({ data: ['ok', 'ok', 'ok', 'ok', full, full] });
      const counts = overflow === 'reject' ? { refused: 2, dropped: 0 } : { refused: 0, dropped: 2 };
      expect(info()?.queues).toEqual([
        { name: 'inbox', depth: 4, capacity: 4, processed: 0, failed: 0, ...counts },
      ]);
      expect(host.health().orchestrators['worker']).toMatchObject({ status: 'degraded', score: 0 });
      gate.open();
      expect(await host.stop()).toMatchObject({ clean: true, undelivered: 0 });
    }
    expect(lost).toEqual([
      ['refused', 'inbox', 4, 'acme'],
      ['refused', 'inbox', 4, 'acme'],
      ['dropped', 'inbox', 4, 'acme'],
      ['dropped', 'inbox', 4, 'acme'],
    ]);
  });

  it('are worked off at a stop, and what is left is reported by number', async () => {
    const taken: unknown[] = [];
    const { host, clock, offer, log } = working({
      take: async (items) => {
        await new Promise<void>((resolve) => {
          clock.setTimeout(resolve, 2_000);
        });
        taken.push(...items);
        log.push('took');
      },
    });
    await host.start();
    expect(await offer(1, 2, 3, 4)).toMatchObject({ data: ['ok', 'ok', 'ok', 'ok'] });
    const stopped = host.stop();
    await clock.advance(7_000);
    // Two were taken within the five seconds of grace; the third was in work and ended when it was told to, or a little after.
    expect(await stopped).toMatchObject({ clean: false, undelivered: 1, failures: [] });
    expect(taken).toEqual([1, 2, 3]);
    expect(log).toEqual(['took', 'took', 'took', 'cleanup']);
    expect(clock.pending).toBe(0);
  });

  it('are worked off with what that takes: calls, and queues of others that stay open until all are idle', async () => {
    for (const lowerFirst of [true, false]) {
      const clock = new FakeClock();
      const pause = (): Promise<void> =>
        new Promise((resolve) => {
          clock.setTimeout(resolve, 10);
        });
      const done: unknown[] = [];
      const refused: unknown[] = [];
      class Lower extends BaseOrchestrator {
        async take(items: readonly unknown[]): Promise<void> {
          await pause();
          done.push(...items);
        }
        async check(_context: OperationContext, { item }: { readonly item: unknown }): Promise<unknown> {
          await pause();
          return item;
        }
        add(item: unknown): void {
          const { status } = this.queue('lower').offer(item);
          if (status !== 'ok') refused.push(item);
        }
      }
      defineOrchestrator(Lower, {
        layer: 'domain',
        type: 'feedback',
        name: 'lower',
        operations: { check: {} },
        consumes: { take: { queue: 'lower', capacity: 2 } },
      });
      class Upper extends BaseOrchestrator {
        constructor(
          readonly lower: Lower,
          readonly facade: OrchestrationFacade,
        ) {
          super();
        }
        async take(items: readonly unknown[]): Promise<void> {
          for (const item of items) {
            const answer = await this.facade.orchestrate('lower', aContext(), { item });
            if (answer.status === 'ok') this.lower.add(answer.data);
            else refused.push(answer);
          }
        }
        offer(_context: OperationContext, { items }: { readonly items: readonly unknown[] }): void {
          this.put(items);
        }
        put(items: readonly unknown[]): void {
          for (const item of items) this.queue('upper').offer(item);
        }
        override async drain(): Promise<void> {
          const answer = await this.facade.orchestrate('lower', aContext(), { item: 'drained' });
          done.push(answer.data);
        }
      }
      defineOrchestrator(Upper, {
        layer: 'domain',
        type: 'feedback',
        name: 'upper',
        operations: { offer: {} },
        consumes: { take: { queue: 'upper' } },
        inject: [Lower, OrchestrationFacade],
      });
      const host = createOrchestrationHost({
        orchestrators: lowerFirst ? [Lower, Upper] : [Upper, Lower],
        clock,
      });
      await host.start();
      // Some within a call, and some outside of any, which have no context.
      await host.facade.orchestrate('upper', aContext(), { items: [1, 2, 3] });
      (host.facade.get('upper') as unknown as Upper).put([4, 5, 6]);
      const stopped = host.stop();
      const outsider = host.facade.orchestrate('lower', aContext(), { item: 'new' });
      expect(await outsider).toMatchObject({ errorCategory: 'service_unavailable' });
      await clock.advance(1_000);
      expect(await stopped).toMatchObject({ clean: true, undelivered: 0, aborted: 0 });
      expect(refused).toEqual([]);
      expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 'drained']);
      expect(clock.pending).toBe(0);
    }
  });

  it('that feed each other for ever end with their time', async () => {
    const { host, clock, offer, worker } = working({
      take: async (items) => {
        await new Promise<void>((resolve) => {
          clock.setTimeout(resolve, 100);
        });
        for (const item of items) worker().inbox().offer(item);
      },
    });
    await host.start();
    await offer(1);
    const stopped = host.stop();
    await clock.advance(7_000);
    expect(await stopped).toMatchObject({ clean: false, undelivered: 1 });
    expect(clock.pending).toBe(0);
  });

  it('name a consumer that does not end, and clean up all the same', async () => {
    let signal: AbortSignal | undefined;
    const { host, clock, offer, log } = working({
      take: (_items, given) => {
        signal = given;
        return never();
      },
    });
    await host.start();
    await offer(1, 2);
    const stopped = host.stop();
    await clock.advance(5_000);
    expect(signal?.aborted).toBe(true);
    await clock.advance(1_000);
    const report = await stopped;
    expect(report).toMatchObject({
      undelivered: 1,
      failures: [{ orchestrator: 'worker', phase: 'queues', kind: 'timeout' }],
    });
    expect((report.failures[0]?.error as Error).message).toBe(
      'The consumer of queue "inbox" of worker did not end when it was told to.',
    );
    expect(log).toEqual(['cleanup']);
    expect(clock.pending).toBe(0);
  });

  it('outlive a consumer that fails, and tell', async () => {
    const failed: unknown[] = [];
    const taken: unknown[] = [];
    const { host, clock, offer, worker } = working({
      take: ([item]) => {
        if (item === 2) throw new Error('indigestible');
        taken.push(item);
      },
    });
    host.facade.events.on('queue.failed', ({ queue, items, error, tenantId }) =>
      failed.push([queue, items, error, tenantId]),
    );
    await host.start();
    await offer(1, 2, 3);
    await clock.advance(0);
    expect(taken).toEqual([1, 3]);
    expect(failed).toEqual([['inbox', 1, 'indigestible', 'acme']]);
    const [inbox] = host.facade.listOrchestrators()['worker']?.queues ?? [];
    expect(inbox).toMatchObject({ name: 'inbox', depth: 0, processed: 2, failed: 1 });
    expect(() => worker().inbox('outbox')).toThrow(
      'worker has no queue "outbox". Use one of "inbox", or declare it with @consumes. [OPTION_INVALID]',
    );
    expect(await host.stop()).toMatchObject({ clean: true });
    // A queue of a stopped orchestrator takes nothing more.
    expect(() => worker().inbox()).toThrow('not registered');
  });

  it('hand a failed batch over again where they are told to, also while the host stops', async () => {
    const told: unknown[] = [];
    const taken: unknown[] = [];
    let fails = 2;
    const { host, clock, offer, info } = working({
      take: ([item]) => {
        taken.push(item);
        if (item === 'final') return StepResult.fail('no', { errorCategory: 'validation' });
        if (fails-- > 0) throw new Error('busy');
        return undefined;
      },
      declaration: {
        consumes: { take: { queue: 'inbox', retry: { maxAttempts: 3, baseMs: 100, capMs: 1_000 } } },
      },
    });
    host.facade.events.on('queue.retrying', (event) => told.push(event));
    host.facade.events.on('queue.failed', ({ error }) => told.push(error));
    await host.start();
    await offer('a', 'b');
    await clock.advance(1_000);
    expect(taken).toEqual(['a', 'a', 'a', 'b']);
    expect(told).toMatchObject([
      { orchestrator: 'worker', queue: 'inbox', items: 1, attempt: 1, error: 'busy', tenantId: 'acme' },
      { attempt: 2 },
    ]);
    expect(info()?.queues[0]).toMatchObject({ processed: 2, failed: 0 });

    // What says that it is final is; what is not, three times.
    fails = 3;
    await offer('final', 'c');
    await clock.advance(1_000);
    expect(taken.slice(4)).toEqual(['final', 'c', 'c', 'c']);
    expect(told.slice(2)).toMatchObject(['no', { attempt: 1 }, { attempt: 2 }, 'busy']);
    expect(info()?.queues[0]).toMatchObject({ processed: 2, failed: 2 });

    fails = 1;
    await offer('d');
    await clock.advance(0);
    const stopped = host.stop();
    await clock.advance(2_000);
    expect(await stopped).toMatchObject({ clean: true, undelivered: 0 });
    expect(taken.slice(8)).toEqual(['d', 'd']);
    expect(clock.pending).toBe(0);
  });

  it('count what waits for another attempt when the time of a stop is over as not delivered', async () => {
    const { host, clock, offer } = working({
      take: () => {
        throw new Error('busy');
      },
      declaration: {
        consumes: {
          take: { queue: 'inbox', batchSize: 2, retry: { maxAttempts: 99, baseMs: 60_000, capMs: 60_000 } },
        },
      },
      random: () => 0.5,
    });
    const failed: unknown[] = [];
    host.facade.events.on('queue.failed', ({ items, error }) => failed.push([items, error]));
    await host.start();
    await offer(1, 2, 3);
    await clock.advance(0);
    const stopped = host.stop();
    await clock.advance(10_000);
    expect(await stopped).toMatchObject({ undelivered: 3, abandoned: 0, failures: [] });
    expect(failed).toEqual([[2, 'busy']]);
    expect(clock.pending).toBe(0);
  });

  it('make an orchestrator unwell whose consumer keeps failing, until it does not', async () => {
    let isDown = true;
    const { host, clock, offer } = working({
      take: () => {
        if (isDown) throw new Error('down');
      },
    });
    await host.start();
    const health = () => host.health().orchestrators['worker'];
    for (let n = 0; n < 4; n += 1) {
      await offer(1, 2, 3, 4);
      await clock.advance(0);
    }
    // Four calls that went well, sixteen batches that did not.
    expect(health()).toMatchObject({ status: 'degraded', score: 20 });
    isDown = false;
    for (let n = 0; n < 64; n += 1) {
      await offer(n);
      await clock.advance(0);
    }
    expect(health()).toMatchObject({ status: 'healthy', score: 100 });
    await host.stop();
  });

  it('and tasks end with an orchestrator that is unregistered, without any host', async () => {
    const clock = new FakeClock();
    const taken: unknown[] = [];
    class Alone extends BaseOrchestrator {
      tick(): void {
        this.queue('inbox').offer('tick');
      }
      take(items: readonly unknown[]): void {
        taken.push(...items);
      }
      work(): unknown {
        return this.queue('inbox').depth;
      }
    }
    defineOrchestrator(Alone, {
      layer: 'domain',
      type: 'feedback',
      operations: ['work'],
      background: { tick: { everyMs: 10, jitterRatio: 0 } },
      consumes: { take: { queue: 'inbox' } },
    });
    const facade = new OrchestrationFacade({ clock });
    facade.register(Alone);
    await clock.advance(100);
    expect([taken.length, clock.pending]).toEqual([0, 0]);
    expect(await facade.orchestrate('alone', aContext())).toMatchObject({ data: 0 });
    await clock.advance(25);
    expect(taken).toEqual(['tick', 'tick', 'tick']);
    await facade.unregister('alone');
    expect(clock.pending).toBe(0);
    await clock.advance(100);
    expect(taken).toHaveLength(3);
  });
});
