import { describe, expect, it } from '@jest/globals';

import { createOrchestrationHost } from '../container/create-host.js';
import { OrchestrationFacade } from '../facade/orchestration-facade.js';
import { lazy } from '../orchestrator/lazy.js';
import type { AnyClass } from '../orchestrator/metadata.js';
import {
  aContext,
  Gate,
  never,
  rejection,
  type Script,
  scripted as classesOf,
  ScriptedHost,
} from './fixtures/scripted-host.js';

const throws = (): never => {
  throw new Error('no');
};

describe('stopping', () => {
  it('lets running calls and their children end, refuses new ones, then cleans up in reverse', async () => {
    const gate = new Gate();
    const scripted = new ScriptedHost([
      { name: 'db', layer: 'infrastructure' },
      {
        name: 'api',
        needs: [0],
        work: async (context) => {
          await gate.opened;
          return context.callOrThrow('db');
        },
      },
    ]);
    const { host, clock } = scripted;
    await host.start();
    const running = scripted.call('api');
    const stopped = host.stop('deploy');
    expect(host.state).toBe('draining');
    expect(host.health()).toMatchObject({ live: true, ready: false });
    expect(await scripted.call('db')).toMatchObject({
      errorCategory: 'service_unavailable',
      retryable: true,
      error: 'db takes no calls: the host is stopping (deploy). Try again later, or elsewhere.',
    });
    await clock.advance(14_000);
    gate.open();
    expect(await running).toMatchObject({ status: 'ok', data: 'db' });
    expect(await stopped).toEqual({ clean: true, failures: [], undelivered: 0, abandoned: 0, aborted: 0 });
    expect(scripted.of('cleanup')).toEqual(['api', 'db']);
    expect(await scripted.call('db')).toMatchObject({
      errorCategory: 'service_unavailable',
      retryable: true,
    });
    expect(clock.pending).toBe(0);
    expect(host.state).toBe('stopped');
  });

  it('answers 1,000 running calls: the short ones end, the others are cancelled and counted', async () => {
    const scripted: ScriptedHost = new ScriptedHost([
      {
        name: 'api',
        work: (context, params) =>
          (params as { stubborn?: boolean }).stubborn === true
            ? never()
            : context.sleep((params as { ms: number }).ms),
      },
    ]);
    await scripted.host.start();
    const calls = Array.from({ length: 1_000 }, (_, index) =>
      scripted.call('api', { ms: index < 900 ? 10 + index : 60_000, stubborn: index >= 990 }),
    );
    const stopped = scripted.host.stop();
    await scripted.clock.advance(25_000);
    const answers = await Promise.all(calls);
    expect(answers.filter((each) => each.status === 'ok')).toHaveLength(900);
    const cancelled = answers.filter(
      (each) => each.status === 'failed' && each.errorCategory === 'cancelled',
    );
    expect(cancelled).toHaveLength(100);
    expect(cancelled[0]).toMatchObject({
      error: 'api.work was cancelled because the host stops (stop was called).',
      details: { reason: 'shutdown' },
    });
    expect(await stopped).toMatchObject({ clean: false, failures: [], aborted: 100, abandoned: 10 });
  });

  it('goes on past every subset of hooks that fail, each in its own way, and names each with phase and kind', async () => {
    const ways: Partial<Script>[] = [
      { cleanup: throws },
      { cleanup: () => Promise.reject(new Error('no')) },
      { cleanup: never },
      { drain: throws },
      { drain: never },
      { cleanup: () => Promise.reject(null) },
    ];
    const expected = [
      ['cleanup', 'error'],
      ['cleanup', 'error'],
      ['cleanup', 'timeout'],
      ['drain', 'error'],
      ['drain', 'timeout'],
      ['cleanup', 'error'],
    ];
    for (let subset = 0; subset < 2 ** ways.length; subset += 1) {
      const scripted = new ScriptedHost(
        ways.map((way, index): Script => ({
          name: `n${index}`,
          needs: index === 0 ? [] : [index - 1],
          ...((subset >> index) & 1 ? way : {}),
        })),
        { shutdown: { hookTimeoutMs: 1_000 } },
      );
      await scripted.host.start();
      const begun = scripted.clock.monotonic();
      let took = Infinity;
      const stopped = scripted.host.stop().finally(() => {
        took = scripted.clock.monotonic() - begun;
      });
      await scripted.clock.advance(2_000);
      const report = await stopped;
      expect(scripted.of('cleanup')).toEqual(['n5', 'n4', 'n3', 'n2', 'n1', 'n0']);
      expect(report.clean).toBe(subset === 0);
      expect(report.failures.map((each) => [each.orchestrator, each.phase, each.kind]).sort()).toEqual(
        expected.map((each, index) => [`n${index}`, ...each]).filter((_, index) => (subset >> index) & 1),
      );
      expect(took).toBeLessThanOrEqual(2_000);
      expect(scripted.clock.pending).toBe(0);
    }
  });

  it('keeps to its whole time when everything hangs, and still runs every cleanup', async () => {
    const scripted = new ScriptedHost(
      Array.from({ length: 12 }, (_, index): Script => ({
        name: `n${index}`,
        needs: index === 0 ? [] : [index - 1],
        work: never,
        drain: never,
        cleanup: never,
      })),
    );
    await scripted.host.start();
    void scripted.call('n3');
    const begun = scripted.clock.monotonic();
    let took = Infinity;
    const stopped = scripted.host.stop().finally(() => {
      took = scripted.clock.monotonic() - begun;
    });
    await scripted.clock.advance(26_000);
    const report = await stopped;
    expect(took).toBeLessThanOrEqual(25_250);
    expect(scripted.of('cleanup')).toHaveLength(12);
    expect(
      report.failures.filter((each) => each.phase === 'cleanup' && each.kind === 'timeout'),
    ).toHaveLength(12);
    expect(report).toMatchObject({ abandoned: 1, aborted: 1 });
    const [first] = report.failures.filter((each) => each.phase === 'drain');
    expect((first?.error as Error).message).toBe('The drain of n11 did not end within 10000 ms.');
  });

  it('honours a shorter time of one orchestrator, and its signal fires then', async () => {
    let reason: unknown;
    const scripted = new ScriptedHost([
      {
        name: 'own',
        more: { stopTimeoutMs: 70 },
        cleanup: (signal) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              reason = signal.reason;
              resolve(undefined);
            });
          }),
      },
    ]);
    await scripted.host.start();
    const stopped = scripted.host.stop();
    await scripted.clock.advance(70);
    expect(await stopped).toMatchObject({ failures: [{ orchestrator: 'own', kind: 'timeout' }] });
    expect(reason).toMatchObject({ name: 'TimeoutError' });
  });

  it('during a start gives it up and undoes it', async () => {
    const seen: unknown[] = [];
    const scripted = new ScriptedHost([
      { name: 'db' },
      {
        name: 'api',
        needs: [0],
        start: (signal) => {
          signal.addEventListener('abort', () => seen.push((signal.reason as Error).message));
          return never();
        },
      },
      { name: 'ui', needs: [1] },
    ]);
    const started = rejection(scripted.host.start());
    await scripted.clock.advance(5);
    const stopped = scripted.host.stop('changed my mind');
    expect(await rejection(scripted.host.start())).toMatchObject({ code: 'HOST_STATE' });
    expect(await stopped).toMatchObject({ clean: true });
    expect(await started).toMatchObject({ code: 'HOST_START_ABORTED', path: ['ui', 'api'] });
    expect(seen).toEqual(['The start was given up: changed my mind']);
    expect(scripted.log).toEqual(['start db', 'start api', 'cleanup db']);
    expect(scripted.host.state).toBe('stopped');
    expect(scripted.clock.pending).toBe(0);
  });

  it('asked for by a start hook itself gives that start up', async () => {
    const scripted: ScriptedHost = new ScriptedHost([
      { name: 'db' },
      { name: 'api', needs: [0], start: () => scripted.host.stop('not here') },
    ]);
    const error = await rejection(scripted.host.start());
    expect(error).toMatchObject({ code: 'HOST_START_ABORTED', path: ['api'] });
    expect(await scripted.host.stop()).toMatchObject({ clean: true });
    expect(scripted.host.state).toBe('stopped');
    expect(scripted.of('cleanup')).toContain('db');
    expect(scripted.clock.pending).toBe(0);
  });

  it('takes what is held lazily down after its holder, whichever came up first, as far as that is no circle', async () => {
    const scripts: Script[] = [
      { name: 'holder' },
      { name: 'late' },
      { name: 'needs_late', needs: [1] },
      { name: 'one' },
      { name: 'other' },
    ];
    const log: string[] = [];
    const [Holder, LateOne, NeedsLate, One, Other] = classesOf(scripts, log) as [
      AnyClass,
      AnyClass,
      AnyClass,
      AnyClass,
      AnyClass,
    ];
    const holds = (target: AnyClass, held: AnyClass): void => {
      lazy(held)(target, undefined, 0);
    };
    holds(Holder, LateOne);
    holds(One, Other);
    holds(Other, One);
    const host = createOrchestrationHost({ orchestrators: [Holder, LateOne, NeedsLate, One, Other] });
    await host.start();
    expect(await host.stop()).toMatchObject({ clean: true });
    const down = log.filter((each) => each.startsWith('cleanup ')).map((each) => each.slice(8));
    expect(down).toHaveLength(5);
    expect(down.indexOf('holder')).toBeLessThan(down.indexOf('late'));
    expect(down.indexOf('needs_late')).toBeLessThan(down.indexOf('late'));
  });

  it('and starting are the same for everybody who asks, and refused against each other', async () => {
    const gate = new Gate();
    const scripted = new ScriptedHost([{ name: 'a', cleanup: () => gate.opened }]);
    const { host } = scripted;
    const started = host.start();
    expect(host.start()).toBe(started);
    await started;
    expect(host.start()).toBe(started);
    await host.ready;
    const stopped = host.stop('one');
    expect(host.stop('two')).toBe(stopped);
    expect(await rejection(host.start())).toMatchObject({ code: 'HOST_STATE' });
    gate.open();
    await stopped;
    expect(host.stop()).toBe(stopped);
    expect(scripted.log).toEqual(['start a', 'cleanup a']);
  });

  it('before any start leaves a host that can still be started', async () => {
    const scripted = new ScriptedHost([{ name: 'a' }]);
    const { ready } = scripted.host;
    expect(await scripted.host.stop()).toMatchObject({ clean: true });
    expect(await rejection(ready)).toMatchObject({ code: 'HOST_START_ABORTED' });
    expect(scripted.log).toEqual([]);
    await scripted.host.start();
    await scripted.host.ready;
    expect(await scripted.call('a')).toMatchObject({ data: 'a' });
    await scripted.host[Symbol.asyncDispose]();
    expect(scripted.log).toEqual(['start a', 'cleanup a']);
  });

  it('and starting again builds new instances, a hundred times, without growing', async () => {
    const built: WeakRef<object>[] = [];
    const scripted = new ScriptedHost([
      { name: 'db', start: () => Promise.resolve() },
      { name: 'api', needs: [0], more: { background: { work: { everyMs: 50 } } } },
    ]);
    const { host } = scripted;
    const handles = (): number => process.getActiveResourcesInfo().length;
    const heap: number[] = [];
    let handlesBefore = 0;
    for (let cycle = 0; cycle < 100; cycle += 1) {
      await host.start();
      built.push(new WeakRef(host.facade.get('api') as object));
      expect(await scripted.call('api')).toMatchObject({ status: 'ok' });
      expect(await host.stop()).toMatchObject({ clean: true });
      if (cycle < 20 || cycle % 20 > 0) continue;
      globalThis.gc?.();
      heap.push(process.memoryUsage().heapUsed);
      if (cycle === 20) handlesBefore = handles();
    }
    expect(handles()).toBeLessThanOrEqual(handlesBefore);
    if (globalThis.gc !== undefined) {
      const growth = ((heap.at(-1) as number) - (heap[0] as number)) / 60;
      expect(growth).toBeLessThan(20 * 1_024);
      await scripted.clock.advance(0);
      globalThis.gc();
      expect(built.filter((each) => each.deref() !== undefined).length).toBeLessThanOrEqual(2);
    }
    expect(scripted.of('start')).toHaveLength(200);
    expect(scripted.of('cleanup')).toHaveLength(200);
    expect(scripted.clock.pending).toBe(0);
  });

  it('covers what a call brought up, and waits for none that is still starting', async () => {
    const gate = new Gate();
    const scripted = new ScriptedHost([
      { name: 'base', more: { startup: 'lazy' } },
      { name: 'late', needs: [0], more: { startup: 'lazy' } },
      { name: 'slow', more: { startup: 'lazy' }, start: () => gate.opened },
      { name: 'broken', more: { startup: 'lazy' }, start: throws },
      { name: 'parent', work: (context) => context.callOrThrow('late') },
    ]);
    await scripted.host.start();
    expect(scripted.log).toEqual(['start parent']);
    expect(await scripted.call('broken')).toMatchObject({ errorCategory: 'initialization_error' });
    expect(await scripted.call('broken')).toMatchObject({ errorCategory: 'initialization_error' });
    const waiting = scripted.call('slow');
    const parent = scripted.call('parent');
    const stopped = scripted.host.stop();
    await scripted.clock.advance(15_000);
    expect(await parent).toMatchObject({ data: 'late' });
    expect(await waiting).toMatchObject({ errorCategory: 'cancelled' });
    await scripted.clock.advance(2_000);
    expect(await stopped).toMatchObject({ clean: false, failures: [], aborted: 1 });
    expect(scripted.of('cleanup')).toEqual(['late', 'parent', 'base']);
    gate.open();
    await scripted.clock.advance(0);
    expect(scripted.of('cleanup')).toEqual(['late', 'parent', 'base', 'slow']);
  });

  it('covers what was registered at its facade, which can be called again after a restart', async () => {
    const scripted = new ScriptedHost([{ name: 'a' }]);
    const guest = new ScriptedHost([{ name: 'guest' }]);
    await scripted.host.start();
    const [Guest] = guest.classes as [new () => object];
    scripted.host.facade.register(new Guest());
    expect(await scripted.call('guest')).toMatchObject({ data: 'guest' });
    await scripted.host.facade.unregister('a');
    expect(await scripted.host.stop()).toMatchObject({ clean: true });
    expect(guest.log).toEqual(['start guest', 'cleanup guest']);
    await scripted.host.start();
    expect(await scripted.call('guest')).toMatchObject({ data: 'guest' });
    expect(await scripted.call('a')).toMatchObject({ errorCategory: 'not_found' });
    await scripted.host.stop();
    expect(guest.of('cleanup')).toHaveLength(2);
    expect(scripted.log).toEqual(['start a', 'cleanup a']);
  });

  it('survives hooks that cannot even be read', async () => {
    class Hostile {
      readonly name = 'hostile';
      readonly layer = 'domain';
      readonly orchestrationType = 'lifecycle';
      orchestrate(): string {
        return 'x';
      }
      get cleanup(): never {
        throw new Error('unreadable');
      }
    }
    const facade = new OrchestrationFacade();
    facade.register(new Hostile());
    expect(await facade.orchestrate('hostile', aContext())).toMatchObject({ data: 'x' });
    await facade.unregister('hostile');
    expect(facade.get('hostile')).toBeUndefined();
  });
});
