import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createOrchestrationHost, OrchestrationFacade } from '../index.js';
import { aContext, Gate, never, type Script, scripted, ScriptedHost } from './fixtures/scripted-host.js';

/** A start or cleanup hook that takes `ms`, and writes when it ended. */
function taking(host: () => ScriptedHost, what: string, ms: number): () => Promise<void> | undefined {
  if (ms === 0) return () => void host().log.push(`${what} ended`);
  return () =>
    new Promise((resolve) => {
      host().clock.setTimeout(() => {
        host().log.push(`${what} ended`);
        resolve();
      }, ms);
    });
}

describe('a host', () => {
  it('starts each after what it needs and stops it before, in random graphs, in any order of listing', async () => {
    const graph = fc.integer({ min: 2, max: 30 }).chain((size) =>
      fc.record({
        edges: fc.array(fc.array(fc.nat({ max: 29 }), { maxLength: 3 }), {
          minLength: size,
          maxLength: size,
        }),
        times: fc.array(fc.nat({ max: 3 }), { minLength: size, maxLength: size }),
        kinds: fc.array(fc.constantFrom('inject', 'dependsOn'), { minLength: size, maxLength: size }),
        shuffle: fc.array(fc.nat(), { minLength: size, maxLength: size }),
        concurrency: fc.constantFrom(undefined, 1, 3),
      }),
    );
    await fc.assert(
      fc.asyncProperty(graph, async ({ edges, times, kinds, shuffle, concurrency }) => {
        const needs = edges.map((row, index) => [...new Set(row)].filter((needed) => needed < index));
        const scripts = edges.map((_, index): Script => {
          const byInjection = kinds[index] === 'inject';
          return {
            name: `n${index}`,
            needs: byInjection ? (needs[index] as number[]) : [],
            start: taking(() => scriptedHost, `start n${index}`, times[index] as number),
            cleanup: taking(() => scriptedHost, `cleanup n${index}`, times[index] as number),
            more: byInjection ? {} : { dependsOn: (needs[index] as number[]).map((needed) => `n${needed}`) },
          };
        });
        const scriptedHost = new ScriptedHost(
          scripts,
          concurrency === undefined ? {} : { startup: { concurrency } },
          (classes) =>
            classes
              .map((each, at) => ({ each, key: shuffle[at] as number }))
              .sort((a, b) => a.key - b.key)
              .map(({ each }) => each),
        );
        const { host, clock, log } = scriptedHost;
        const started = host.start();
        await clock.advance(100);
        await started;
        const stopped = host.stop();
        await clock.advance(100);
        expect(await stopped).toMatchObject({ clean: true });
        const at = new Map(log.map((what, index) => [what, index]));
        for (const [index, below] of needs.entries()) {
          for (const needed of below) {
            expect(at.get(`start n${needed} ended`)).toBeLessThan(at.get(`start n${index}`) as number);
            expect(at.get(`cleanup n${index} ended`)).toBeLessThan(at.get(`cleanup n${needed}`) as number);
          }
        }
        expect(at.size).toBe(4 * edges.length);
        expect(log).toHaveLength(4 * edges.length);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 200 },
    );
  }, 30_000);

  it('starts what is independent side by side, as soon as its own needs are up, and stops likewise', async () => {
    const wait = (ms: number) => () =>
      new Promise<void>((resolve) => {
        scriptedHost.clock.setTimeout(resolve, ms);
      });
    const scriptedHost: ScriptedHost = new ScriptedHost([
      { name: 'slow', start: wait(100), cleanup: wait(100) },
      { name: 'quick', start: wait(10), cleanup: wait(10) },
      { name: 'after_quick', needs: [1], start: wait(90), cleanup: wait(90) },
    ]);
    const { host, clock } = scriptedHost;
    const started = host.start();
    await clock.advance(10);
    expect(scriptedHost.of('start')).toEqual(['slow', 'quick', 'after_quick']);
    await clock.advance(90);
    await started;
    expect(clock.monotonic()).toBe(100);
    const stopped = host.stop();
    await clock.advance(100);
    expect(await stopped).toMatchObject({ clean: true });
    expect(scriptedHost.of('cleanup')).toEqual(['after_quick', 'slow', 'quick']);
  });

  it('starts no more at a time than `concurrency` says', async () => {
    let running = 0;
    let most = 0;
    const scriptedHost: ScriptedHost = new ScriptedHost(
      Array.from({ length: 9 }, (_, index) => ({
        name: `n${index}`,
        start: async () => {
          most = Math.max(most, (running += 1));
          await Promise.resolve();
          running -= 1;
        },
      })),
      { startup: { concurrency: 2 } },
    );
    await scriptedHost.host.start();
    expect(most).toBe(2);
    await scriptedHost.host.stop();
  });

  it('starts a class once and cleans it up once, runs ready hooks when all are up, and tells all of it', async () => {
    const scriptedHost = new ScriptedHost([
      { name: 'a', ready: () => undefined, drain: () => undefined },
      { name: 'b', needs: [0], ready: () => Promise.resolve(), drain: () => Promise.resolve() },
    ]);
    const { host, log } = scriptedHost;
    const events: string[] = [];
    host.facade.events.on('host.state', ({ state }) => events.push(state));
    host.facade.events.on('orchestrator.state', ({ orchestrator, state }) =>
      events.push(`${orchestrator} ${state}`),
    );
    host.facade.events.on('lifecycle.done', ({ orchestrator, phase }) =>
      events.push(`${orchestrator} ${phase} done`),
    );
    expect(host.state).toBe('created');
    await Promise.all([host.start(), host.start(), host.ready]);
    for (let call = 0; call < 3; call += 1) expect(await scriptedHost.call('b')).toMatchObject({ data: 'b' });
    await Promise.all([host.stop(), host.stop()]);
    expect(log).toEqual([
      'start a',
      'start b',
      'ready a',
      'ready b',
      'drain b',
      'drain a',
      'cleanup b',
      'cleanup a',
    ]);
    expect(events.filter((each) => !each.includes(' '))).toEqual([
      'starting',
      'running',
      'draining',
      'stopping',
      'stopped',
    ]);
    expect(events.filter((each) => each.startsWith('a '))).toEqual([
      'a starting',
      'a start done',
      'a running',
      'a ready done',
      'a draining',
      'a drain done',
      'a stopping',
      'a cleanup done',
      'a stopped',
    ]);
  });

  it('takes calls of an orchestrator only when it is up, and of a lazy one with the first', async () => {
    const gate = new Gate();
    const scriptedHost = new ScriptedHost([
      { name: 'db' },
      { name: 'api', start: () => gate.opened },
      { name: 'lazy', needs: [0], more: { startup: 'lazy' } },
    ]);
    const { host, clock } = scriptedHost;
    const refused = { errorCategory: 'service_unavailable', retryable: true };
    expect(await scriptedHost.call('db')).toMatchObject({
      ...refused,
      error: 'db takes no calls: the host has not been started. Call it after `await host.start()`.',
    });
    const started = host.start();
    await clock.advance(0);
    expect(await scriptedHost.call('db')).toMatchObject({ data: 'db' });
    expect(await scriptedHost.call('api')).toMatchObject({
      ...refused,
      error: 'api takes no calls: it is not up yet. Try again later.',
    });
    gate.open();
    await started;
    expect(scriptedHost.of('start')).toEqual(['db', 'api']);
    const both = await Promise.all([scriptedHost.call('lazy'), scriptedHost.call('lazy')]);
    expect(both).toMatchObject([{ data: 'lazy' }, { data: 'lazy' }]);
    expect(scriptedHost.of('start')).toEqual(['db', 'api', 'lazy']);
    await host.stop();
    expect(scriptedHost.of('cleanup')).toEqual(['lazy', 'api', 'db']);
  });

  it('starts a lazy one with what eagerly needs it', async () => {
    const scriptedHost = new ScriptedHost([
      { name: 'wanted', more: { startup: 'lazy' } },
      { name: 'unwanted', more: { startup: 'lazy' } },
      { name: 'eager', needs: [0] },
    ]);
    await scriptedHost.host.start();
    expect(scriptedHost.log).toEqual(['start wanted', 'start eager']);
    await scriptedHost.host.stop();
  });

  it('lets a task or a lazy start that fails be tried again, without a second start of one that hangs', async () => {
    const gate = new Gate();
    let tries = 0;
    const scriptedHost = new ScriptedHost([
      {
        name: 'lazy',
        more: { startup: 'lazy', startTimeoutMs: 50 },
        start: () => {
          tries += 1;
          return tries === 1 ? gate.opened : undefined;
        },
        ready: () => (tries === 2 ? Promise.reject(new Error('not ready')) : undefined),
      },
    ]);
    const { host, clock } = scriptedHost;
    await host.start();
    const first = scriptedHost.call('lazy');
    await clock.advance(50);
    expect(await first).toMatchObject({ errorCategory: 'initialization_error' });
    expect(await scriptedHost.call('lazy')).toMatchObject({ errorCategory: 'service_unavailable' });
    gate.open();
    await clock.advance(0);
    expect(await scriptedHost.call('lazy')).toMatchObject({ errorCategory: 'initialization_error' });
    expect(await scriptedHost.call('lazy')).toMatchObject({ data: 'lazy' });
    expect(await host.stop()).toMatchObject({ clean: true });
    expect(scriptedHost.log).toEqual([
      'start lazy',
      'cleanup lazy',
      'start lazy',
      'ready lazy',
      'cleanup lazy',
      'start lazy',
      'ready lazy',
      'cleanup lazy',
    ]);
  });

  it('adds no listener to the process and keeps it open with nothing of its own', async () => {
    const listeners = (): Record<string, number> =>
      Object.fromEntries(process.eventNames().map((event) => [String(event), process.listenerCount(event)]));
    const before = listeners();
    const host = createOrchestrationHost({
      orchestrators: scripted([
        { name: 'a', more: { startup: 'eager' }, work: never },
        { name: 'b', needs: [0] },
      ]),
    });
    const resources = process.getActiveResourcesInfo().length;
    await host.start();
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(resources);
    expect(listeners()).toEqual(before);
    await host.stop();
    expect(listeners()).toEqual(before);
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(resources);
  });

  it('is disposed with `await using` semantics, and refuses options out of their bounds by name', async () => {
    const scriptedHost = new ScriptedHost([{ name: 'a' }]);
    await scriptedHost.host.start();
    await scriptedHost.host[Symbol.asyncDispose]();
    expect(scriptedHost.host.state).toBe('stopped');
    const bad: [object, string][] = [
      [
        { startup: { hookTimeoutMs: 0 } },
        'startup.hookTimeoutMs must be a number of milliseconds from 1 to 2147483647, got 0',
      ],
      [
        { startup: { totalTimeoutMs: NaN } },
        'startup.totalTimeoutMs must be a number of milliseconds from 1 to 2147483647, got NaN',
      ],
      [{ startup: { concurrency: 0 } }, 'startup.concurrency must be an integer >= 1, got 0'],
      [
        { shutdown: { drainTimeoutMs: -1 } },
        'shutdown.drainTimeoutMs must be a number of milliseconds from 0 to 2147483647, got -1',
      ],
      [
        { shutdown: { totalTimeoutMs: '9' } },
        'shutdown.totalTimeoutMs must be a number of milliseconds from 1 to 2147483647, got 9',
      ],
      [{ maxDepth: 0.5 }, 'maxDepth must be an integer >= 1, got 0.5'],
      [
        { layerRule: { domain: ['nowhere'], application: [], infrastructure: [] } },
        'layerRule.domain must be an array of layers.',
      ],
      [{ clock: 5 }, 'clock has no now, monotonic, setTimeout, clearTimeout.'],
      [{ engine: { name: 'x', start: () => undefined } }, 'engine has no run, stop.'],
      [
        { engine: { name: 'x', start: () => undefined, run: () => undefined, stop: () => undefined } },
        'engine must have a name and an array of capabilities.',
      ],
    ];
    for (const [options, message] of bad) {
      expect(() => createOrchestrationHost({ orchestrators: [], ...options })).toThrow(message);
    }
  });

  it('cleans up after every call only what asks for it, on success and on error', async () => {
    const log: string[] = [];
    const [Guest] = scripted(
      [
        {
          name: 'guest',
          work: (_context, params) => {
            if (params === 'bad') throw new Error('bad');
            return 'fine';
          },
        },
      ],
      log,
    ) as [new () => object];
    const facade = new OrchestrationFacade();
    facade.register(new Guest(), { cleanupAfterCall: true });
    expect(await facade.orchestrate('guest', aContext())).toMatchObject({ data: 'fine' });
    expect(await facade.orchestrate('guest', aContext(), 'bad')).toMatchObject({ status: 'failed' });
    expect(log).toEqual(['start guest', 'cleanup guest', 'cleanup guest']);
  });
});
