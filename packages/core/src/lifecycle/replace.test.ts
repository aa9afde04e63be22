import 'reflect-metadata';

import { describe, expect, it } from '@jest/globals';
import { inject } from 'inversify';

import {
  BaseOrchestrator,
  createOrchestrationHost,
  defineOrchestrator,
  getOrchestrationFacade,
  type OperationContext,
  ORCHESTRATOR,
  orchestrator,
  resetOrchestrationFacade,
} from '../index.js';
import type { AnyClass } from '../orchestrator/metadata.js';
import { FakeClock } from '../testing/fake-clock.js';
import { aContext, Gate, rejection, type Script, scripted, ScriptedHost } from './fixtures/scripted-host.js';

type Instances = new () => object;

/** A class that a test puts in the place of another. */
const another = (script: Script, log: string[]): AnyClass => scripted([script], log)[0] as AnyClass;

describe('replacing an orchestrator', () => {
  it('a hundred times under load loses no call, and each runs wholly on one version', async () => {
    const clock = new FakeClock();
    const log: string[] = [];
    class Version extends BaseOrchestrator {
      protected readonly version: number = 0;
      override start(): Promise<void> {
        log.push(`start ${this.version}`);
        return new Promise((resolve) => {
          clock.setTimeout(resolve, 2);
        });
      }
      override cleanup(): void {
        log.push(`cleanup ${this.version}`);
      }
      async work(context: OperationContext): Promise<readonly number[]> {
        const before = this.version;
        await context.sleep(1 + (before % 7));
        return [before, this.version];
      }
    }
    const versions = Array.from({ length: 101 }, (_, version) => {
      const Class = class extends Version {
        protected override readonly version = version;
      };
      return defineOrchestrator(Class, {
        layer: 'domain',
        type: 'business_logic',
        name: 'it',
        operations: ['work'],
      });
    });
    const [First] = versions as [Instances];
    const host = createOrchestrationHost({ orchestrators: [First], clock });
    const started = host.start();
    await clock.advance(2);
    await started;
    const calls: Promise<{ readonly status: string; readonly data?: unknown }>[] = [];
    let isLoaded = true;
    const load = (async () => {
      while (isLoaded) {
        for (const ref of ['it', First]) calls.push(host.facade.orchestrate(ref as 'x', aContext()));
        await clock.advance(1);
      }
    })();
    for (const Next of versions.slice(1)) await host.replace('it', Next);
    isLoaded = false;
    await load;
    await clock.advance(10);
    const answers = await Promise.all(calls);
    expect(answers.length).toBeGreaterThan(200);
    const seen = new Set<number>();
    for (const { status, data } of answers) {
      expect(status).toBe('ok');
      const [before, after] = data as [number, number];
      expect(after).toBe(before);
      seen.add(before);
    }
    expect(seen.size).toBeGreaterThan(90);
    expect(await host.stop()).toMatchObject({ clean: true });
    for (let version = 0; version <= 100; version += 1) {
      expect(log.filter((each) => each === `start ${version}`)).toHaveLength(1);
      expect(log.filter((each) => each === `cleanup ${version}`)).toHaveLength(1);
    }
    expect(clock.pending).toBe(0);
  });

  it('keeps the old one where the new one does not come up, and leaves nothing of it', async () => {
    const scriptedHost = new ScriptedHost([{ name: 'it' }, { name: 'other' }]);
    const { host, log, clock, classes } = scriptedHost;
    await host.start();
    const before = host.container.get(classes[0] as Instances);
    const failing: [Script, string, RegExp][] = [
      [
        { name: 'x', start: () => Promise.reject(new Error('no')) },
        'HOST_START_FAILED',
        /^x, which was to replace it, did not start: it could not be started: no/,
      ],
      [{ name: 'x', ready: () => Promise.reject(new Error('not ready')) }, 'HOST_START_FAILED', /not ready/],
      [
        {
          name: 'x',
          construct: () => {
            throw new Error('unbuilt');
          },
        },
        'HOST_START_FAILED',
        /unbuilt/,
      ],
      [
        { name: 'x', start: () => new Promise(() => undefined) },
        'HOST_START_FAILED',
        /did not end within 15000 ms/,
      ],
      [
        { name: 'x', more: { inject: ['NOWHERE'] } },
        'GRAPH_INVALID',
        /Nothing is bound to NOWHERE, wanted as parameter 1 of x: it → NOWHERE/,
      ],
      [{ name: 'x', more: { dependsOn: ['it'] } }, 'GRAPH_INVALID', /it → it/],
    ];
    for (const [script, code, message] of failing) {
      const replaced = rejection(host.replace('it', another(script, log)));
      await clock.advance(15_000);
      const error = await replaced;
      expect(error).toMatchObject({ code });
      expect(error.message).toMatch(message);
      expect(await scriptedHost.call('it')).toMatchObject({ data: 'it' });
    }
    expect(scriptedHost.of('cleanup')).toEqual(['x']);
    expect(await rejection(host.replace('nobody', classes[0] as AnyClass))).toMatchObject({
      code: 'ORCHESTRATOR_NOT_REGISTERED',
    });
    expect(await rejection(host.replace('it', classes[1] as AnyClass))).toMatchObject({
      code: 'ORCHESTRATOR_ALREADY_REGISTERED',
    });
    expect(await rejection(host.replace('it', class Plain {}))).toMatchObject({
      code: 'ORCHESTRATOR_NOT_DECORATED',
    });
    expect(host.container.get(classes[0] as Instances)).toBe(before);
    expect(host.container.getAll(ORCHESTRATOR)).toHaveLength(2);
    expect(await host.stop()).toMatchObject({ clean: true });
    expect(clock.pending).toBe(0);
  });

  it('is seen everywhere: by every class so far, in the container, in the graph, and after a restart', async () => {
    const log: string[] = [];
    const [Old, Lazily] = scripted([{ name: 'old' }, { name: 'helper', more: { startup: 'lazy' } }], log) as [
      Instances,
      Instances,
    ];
    @orchestrator('application', 'business_logic')
    class User extends BaseOrchestrator {
      constructor(@inject(Old) readonly old: object) {
        super();
      }
    }
    const host = createOrchestrationHost({ orchestrators: [Old, User, Lazily] });
    await host.start();
    const first = host.facade.get('old');
    const Newer = another(
      { name: 'newer', work: () => 'newer', more: { dependsOn: ['helper'] } },
      log,
    ) as Instances;
    await host.replace('old', Newer);
    expect(log).toEqual(['start old', 'start helper', 'start newer', 'cleanup old']);
    expect((host.facade.get('user') as User).old).toBe(first);
    await host.replace('old', Newer);
    const Newest = another({ name: 'newest', work: () => 'newest' }, log) as Instances;
    await host.replace('old', Newest);
    for (const ref of ['old', Old, Newer, Newest]) {
      expect(await host.facade.orchestrate(ref as 'x', aContext())).toMatchObject({ data: 'newest' });
    }
    const now = host.facade.get('old');
    for (const target of [Old, Newer, Newest]) expect(host.container.get(target)).toBe(now);
    expect(new Set(host.container.getAll(ORCHESTRATOR))).toEqual(
      new Set([now, host.facade.get('user'), host.facade.get('helper')]),
    );
    expect(host.check().filter((each) => each.severity === 'error')).toEqual([]);
    expect(host.graph().edges).toEqual([{ from: 'user', to: 'old', kind: 'inject', through: [] }]);
    log.length = 0;
    expect(await host.stop()).toMatchObject({ clean: true });
    await host.start();
    expect(log).toEqual(['cleanup helper', 'cleanup newest', 'start newest']);
    expect(host.facade.get('old')).not.toBe(now);
    expect((host.facade.get('user') as User).old).toBe(host.facade.get('old'));
    for (const target of [Old, Newer, Newest])
      expect(host.container.get(target)).toBe(host.facade.get('old'));
    await host.stop();
  });

  it('may be of one that waits for its first call, or that was registered at the facade', async () => {
    const scriptedHost = new ScriptedHost([{ name: 'it' }, { name: 'idle', more: { startup: 'lazy' } }]);
    const { host, log } = scriptedHost;
    await host.start();
    const Guest = another({ name: 'guest' }, log) as Instances;
    host.facade.register(new Guest());
    await host.replace('idle', another({ name: 'busy' }, log));
    await host.replace('guest', another({ name: 'regular' }, log));
    expect(log).toEqual(['start it', 'start busy', 'start regular']);
    expect(await scriptedHost.call('idle')).toMatchObject({ data: 'busy' });
    expect(await scriptedHost.call('guest')).toMatchObject({ data: 'regular' });
    expect(host.graph().nodes.map((each) => each.name)).toEqual(['it', 'idle', 'guest']);
    expect(await host.stop()).toMatchObject({ clean: true });
    expect(new Set(scriptedHost.of('cleanup'))).toEqual(new Set(['it', 'busy', 'regular']));
    await host.start();
    expect(await scriptedHost.call('guest')).toMatchObject({ data: 'regular' });
    await host.stop();
  });

  it('one after the other, and a stop waits for what was replaced', async () => {
    const gate = new Gate();
    const scriptedHost = new ScriptedHost([{ name: 'it', work: () => gate.opened }]);
    const { host, log, clock } = scriptedHost;
    await host.start();
    const running = scriptedHost.call('it');
    const first = host.replace('it', another({ name: 'second' }, log));
    const second = rejection(host.replace('it', another({ name: 'third' }, log)));
    await clock.advance(10);
    expect(log).toEqual(['start it', 'start second']);
    expect(await scriptedHost.call('it')).toMatchObject({ data: 'second' });
    const stopped = host.stop();
    await clock.advance(10);
    expect(host.state).toBe('draining');
    gate.open();
    expect(await running).toMatchObject({ status: 'ok' });
    expect(await stopped).toMatchObject({ clean: true });
    await first;
    expect(await second).toMatchObject({ code: 'HOST_STATE' });
    expect(log).toEqual(['start it', 'start second', 'cleanup it', 'cleanup second']);
  });
});

describe('the process-wide facade', () => {
  it('is that of one host at a time, from its making to its stop, and again after a restart', async () => {
    resetOrchestrationFacade();
    const plain = createOrchestrationHost({ orchestrators: [] });
    expect(getOrchestrationFacade()).not.toBe(plain.facade);
    const host = createOrchestrationHost({ orchestrators: [], global: true });
    expect(getOrchestrationFacade()).toBe(host.facade);
    expect(() => createOrchestrationHost({ orchestrators: [], global: true })).toThrow(
      'Another host holds the process-wide facade already. Stop the other host first, or leave out `global: true`. [GLOBAL_FACADE_TAKEN]',
    );
    await host.start();
    await host.stop();
    expect(getOrchestrationFacade()).not.toBe(host.facade);
    await host.start();
    expect(getOrchestrationFacade()).toBe(host.facade);
    await host.stop();
    const next = createOrchestrationHost({ orchestrators: [], global: true });
    expect(await rejection(host.start())).toMatchObject({ code: 'GLOBAL_FACADE_TAKEN' });
    expect(getOrchestrationFacade()).toBe(next.facade);
    await host.stop();
    expect(getOrchestrationFacade()).toBe(next.facade);
    await next.stop();
    resetOrchestrationFacade();
  });
});
