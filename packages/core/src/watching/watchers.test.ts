import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { OrchestrationContext } from '../context.js';
import { OrchestrationFacade } from '../facade/orchestration-facade.js';
import { createOrchestrationHost } from '../container/create-host.js';
import { BaseOrchestrator } from '../orchestrator/base-orchestrator.js';
import { background, consumes, operation, orchestrator } from '../orchestrator/decorators.js';
import type { OperationContext } from '../operation-context.js';
import { StepResult } from '../step-result.js';
import { aContext } from '../testing/a-context.js';
import { FakeClock } from '../testing/fake-clock.js';
import type { Watcher, WorkScope } from './watcher.js';
import { runInside, runWatched, workScopeOf } from './watchers.js';

@orchestrator('domain', 'business_logic')
class LeafOrchestrator extends BaseOrchestrator {
  @operation()
  read() {
    return 'leaf';
  }
}

@orchestrator('application', 'feedback')
class RootOrchestrator extends BaseOrchestrator {
  @operation({ default: true })
  async call(context: OperationContext) {
    return context.call('leaf');
  }

  @operation()
  async steps(context: OperationContext) {
    let tries = 0;
    return context.step(
      'try',
      () => ((tries += 1) === 1 ? StepResult.fail('no', { retryable: true }) : tries),
      {
        retry: { baseMs: 0 },
      },
    );
  }

  @operation()
  async broken() {
    throw new Error('broken');
  }

  @operation()
  put() {
    return this.queue<number>('box').offer(1);
  }

  @consumes({ queue: 'box' })
  async take() {
    throw new Error('no box');
  }

  @background({ everyMs: 1_000, jitterRatio: 0 })
  tick() {
    return StepResult.skip('no tick');
  }
}

/** Writes down what begins and ends. */
function recorder(
  log: string[],
  only: readonly (keyof Watcher)[] = ['call', 'step', 'batch', 'task'],
): Watcher {
  const scope = (what: string): WorkScope => {
    log.push(`${what} begins`);
    return { end: ({ status }) => log.push(`${what} ${status}`) };
  };
  const all: Watcher = {
    call: ({ identity }) => scope(`${identity.orchestrator}.${identity.operation}`),
    step: ({ step, attempt }) => scope(`${step} ${attempt}`),
    batch: ({ queue, items }) => scope(`${queue} ${items}`),
    task: ({ task }) => scope(task),
  };
  return Object.fromEntries(only.map((each) => [each, all[each]]));
}

async function start(...watchers: Watcher[]) {
  const clock = new FakeClock();
  const host = createOrchestrationHost({
    orchestrators: [RootOrchestrator, LeafOrchestrator],
    clock,
    interceptors: watchers.map((watch) => ({ watch })),
  });
  await host.start();
  return { clock, host, facade: host.facade };
}

describe('a watcher', () => {
  it('sees calls, attempts of steps, batches and runs of tasks, each from its begin to its end', async () => {
    const log: string[] = [];
    const { host, facade, clock } = await start(recorder(log));
    const during = async (work: () => Promise<unknown>): Promise<string[]> => {
      log.length = 0;
      const done = work();
      await clock.advance(1);
      await done;
      return [...log];
    };
    await clock.advance(0);
    const call = (name: string) => () => facade.orchestrate('root', aContext(), { operation: name });
    expect(await during(call('call'))).toEqual([
      'root.call begins',
      'leaf.read begins',
      'leaf.read ok',
      'root.call ok',
    ]);
    expect(await during(call('steps'))).toEqual([
      'root.steps begins',
      'try 1 begins',
      'try 1 failed',
      'try 2 begins',
      'try 2 ok',
      'root.steps ok',
    ]);
    expect(await during(call('broken'))).toEqual(['root.broken begins', 'root.broken failed']);
    expect(await during(call('put'))).toEqual([
      'root.put begins',
      'root.put ok',
      'box 1 begins',
      'box 1 failed',
    ]);
    expect(await during(() => clock.advance(1_000))).toEqual(['tick begins', 'tick skipped']);
    await host.stop();
  });

  it('is not asked for what it does not name, and not for refused calls', async () => {
    const log: string[] = [];
    const { host, facade, clock } = await start(recorder(log, ['call']));
    await facade.orchestrate('nobody', aContext());
    await facade.orchestrate('root', aContext(), { operation: 'none' });
    const answer = facade.orchestrate('root', aContext(), { operation: 'steps' });
    await clock.advance(1);
    await answer;
    expect(log).toEqual(['root.steps begins', 'root.steps ok']);
    await host.stop();
  });

  it('may stand beside others: they end in reverse, and each finds its own scope by the context', async () => {
    const log: string[] = [];
    const scopes: WorkScope[] = [];
    const keeper: Watcher = {
      call: ({ context, identity, caller }) => {
        const scope: WorkScope = {
          run: (fn) => {
            log.push(`into ${identity.operation}`);
            return fn();
          },
          end: () => {
            const found = workScopeOf(context);
            log.push(`${identity.operation} finds itself: ${found?.parts?.includes(scope) === true}`);
            if (caller !== undefined)
              log.push(`and its caller: ${workScopeOf(caller)?.parts?.includes(scopes[0] as WorkScope)}`);
          },
        };
        scopes.push(scope);
        return scope;
      },
    };
    const { host, facade } = await start(recorder(log, ['call']), keeper);
    await facade.orchestrate('root', aContext(), { operation: 'call' });
    expect(log).toEqual([
      'root.call begins',
      'into call',
      'leaf.read begins',
      'into read',
      'read finds itself: true',
      'and its caller: true',
      'leaf.read ok',
      'call finds itself: true',
      'root.call ok',
    ]);
    expect(workScopeOf(aContext())).toBeUndefined();
    await host.stop();
  });

  it('cannot reach into what it watches', async () => {
    const boom = (): never => {
      throw new Error('boom');
    };
    const throwing: Watcher = { call: boom, step: boom, batch: boom, task: boom };
    const badScope: WorkScope = { run: boom, end: boom };
    const scoped: Watcher = {
      call: () => badScope,
      step: () => badScope,
      batch: () => badScope,
      task: () => badScope,
    };
    for (const watchers of [[throwing], [scoped], [throwing, scoped], [scoped, scoped]]) {
      const { host, facade, clock } = await start(...watchers);
      expect((await facade.orchestrate('root', aContext(), { operation: 'call' })).data).toBe('leaf');
      const steps = facade.orchestrate('root', aContext(), { operation: 'steps' });
      await clock.advance(1);
      expect((await steps).status).toBe('ok');
      expect(await facade.orchestrate('root', aContext(), { operation: 'broken' })).toMatchObject({
        error: 'broken',
      });
      await facade.orchestrate('root', aContext(), { operation: 'put' });
      await clock.advance(1_000);
      const stopped = host.stop();
      await clock.advance(60_000);
      expect((await stopped).clean).toBe(true);
    }
  });

  it('leaves with what took it in', async () => {
    const log: string[] = [];
    const facade = new OrchestrationFacade();
    facade.register(LeafOrchestrator);
    const remove = facade.use({ watch: recorder(log) });
    await facade.orchestrate('leaf', aContext());
    remove();
    await facade.orchestrate('leaf', aContext());
    expect(log).toEqual(['leaf.read begins', 'leaf.read ok']);
    await facade.unregister('leaf');
  });
});

describe('runInside and runWatched', () => {
  it('run the work once, whatever the scope does, and hand on what it gives', async () => {
    const scopes: WorkScope[] = [
      { end: () => undefined },
      { run: (fn) => fn(), end: () => undefined },
      { run: () => undefined as never, end: () => undefined },
      {
        run: (fn) => {
          fn();
          throw new Error('late');
        },
        end: () => undefined,
      },
    ];
    for (const scope of scopes) {
      let runs = 0;
      expect(runInside(scope, () => (runs += 1))).toBe(1);
      expect(() =>
        runInside(scope, () => {
          runs += 1;
          throw new RangeError('own');
        }),
      ).toThrow(RangeError);
      expect(runs).toBe(2);
      await expect(runWatched(scope, async () => 7)).resolves.toBe(7);
      await expect(runWatched(scope, () => Promise.reject(new RangeError('own')))).rejects.toThrow(
        RangeError,
      );
    }
    expect(runWatched(undefined, () => 7)).toBe(7);
  });
});

describe('what watching must not cost', () => {
  it('listening to rare events leaves calls alone', () => {
    const { events } = new OrchestrationFacade();
    const off = events.on('queue.dropped', () => undefined);
    expect([events.active, events.hears('queue.dropped'), events.hears('task.failed')]).toEqual([
      false,
      true,
      false,
    ]);
    const offCalls = events.on('call.ended', () => undefined);
    expect(events.active).toBe(true);
    offCalls();
    expect(events.active).toBe(false);
    const offAll = events.on('*', () => undefined);
    expect([events.active, events.hears('task.failed')]).toEqual([true, true]);
    offAll();
    off();
    expect([events.active, events.hears('queue.dropped')]).toEqual([false, false]);
  });
});

describe('the trace parent of a context', () => {
  const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
  const traceParent = `00-${TRACE}-00f067aa0ba902b7-01`;

  it('gives the trace id, goes to children and through JSON', () => {
    const context = OrchestrationContext.create({ tenantId: 'acme', traceParent, traceState: 'a=1' });
    for (const each of [
      context,
      context.createChildContext('root'),
      OrchestrationContext.fromJSON(context.toJSON()),
    ]) {
      expect([each.traceId, each.traceParent, each.traceState]).toEqual([TRACE, traceParent, 'a=1']);
    }
  });

  it('does not follow a child into another trace', () => {
    const context = OrchestrationContext.create({ tenantId: 'acme', traceParent, traceState: 'a=1' });
    const other = context.createChildContext('root', { traceId: 'other' });
    expect([other.traceId, other.traceParent, other.traceState]).toEqual(['other', undefined, undefined]);
    const same = context.createChildContext('root', { metadata: { a: 1 } });
    expect(same.traceParent).toBe(traceParent);
    const moved = traceParent.replace(/^00-4/, '00-5');
    expect(context.createChildContext('root', { traceParent: moved })).toMatchObject({
      traceId: `5${TRACE.slice(1)}`,
      traceParent: moved,
      traceState: undefined,
    });
  });

  it('is refused where it is none, or of another trace', () => {
    const make = (init: object) => () => OrchestrationContext.create({ tenantId: 'acme', ...init });
    expect(make({ traceParent: 'x' })).toThrow(
      `The context's traceParent must be a W3C traceparent, got "x".`,
    );
    expect(make({ traceParent: 7 })).toThrow('must be a W3C traceparent, got 7.');
    expect(make({ traceParent, traceId: 'other' })).toThrow(
      `must be a span of its trace "other", got "${traceParent}".`,
    );
    expect(make({ traceParent, traceState: 7 })).toThrow(`traceState must be a string, got 7.`);
    expect(make({ traceParent, traceId: TRACE })().traceParent).toBe(traceParent);
    fc.assert(
      fc.property(fc.anything(), (value) => {
        try {
          expect(typeof make({ traceParent: value })().traceParent).toBe(
            value === undefined ? 'undefined' : 'string',
          );
        } catch (error) {
          expect(error).toMatchObject({ code: 'CONTEXT_INVALID' });
        }
      }),
    );
  });
});
