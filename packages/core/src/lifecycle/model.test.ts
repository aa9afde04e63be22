import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { AnyClass } from '../orchestrator/metadata.js';
import { never, scripted, ScriptedHost } from './fixtures/scripted-host.js';

type State = 'created' | 'running' | 'stopped' | 'failed';

interface Model {
  state: State;
  /** Whether the start hook of `b` works. */
  works: boolean;
  version: number;
  /** What should be in the log. */
  log: string[];
}

class Real {
  works = true;
  readonly scripted: ScriptedHost = new ScriptedHost([
    { name: 'a' },
    {
      name: 'b',
      needs: [0],
      start: () => {
        if (!this.works) throw new Error('broken');
      },
    },
    { name: 'c', needs: [1], more: { background: { work: { everyMs: 1_000 } } } },
  ]);

  replacement(version: number, works: boolean): AnyClass {
    const [Class] = scripted(
      [
        {
          name: `a${version}`,
          more: { name: `a${version}` },
          work: () => version,
          start: () => (works ? Promise.resolve() : Promise.reject(new Error('broken'))),
        },
      ],
      this.scripted.log,
    ) as [AnyClass];
    return Class;
  }
}

const nameOf = (version: number): string => (version === 0 ? 'a' : `a${version}`);
const stops = (model: Model): string[] => ['c', 'b', nameOf(model.version)].map((each) => `cleanup ${each}`);

function started(model: Model): void {
  if (model.works) {
    model.log.push(`start ${nameOf(model.version)}`, 'start b', 'start c');
    model.state = 'running';
  } else {
    model.log.push(`start ${nameOf(model.version)}`, 'start b', `cleanup ${nameOf(model.version)}`);
    model.state = 'failed';
  }
}

type Step = (model: Model, real: Real) => Promise<void>;

const steps: Record<string, Step> = {
  start: async (model, { scripted: { host } }) => {
    const both = [host.start(), host.start()].map((each) =>
      each.then(
        () => 'up',
        (error: { code: string }) => error.code,
      ),
    );
    if (model.state !== 'running') started(model);
    const expected = model.state === 'running' ? 'up' : 'HOST_START_FAILED';
    expect(await Promise.all(both)).toEqual([expected, expected]);
  },
  stop: async (model, { scripted: { host } }) => {
    if (model.state === 'running') model.log.push(...stops(model));
    if (model.state !== 'failed') model.state = 'stopped';
    const [one, two] = await Promise.all([host.stop(), host.stop()]);
    expect(one).toBe(two);
    expect(one).toMatchObject({ clean: true });
  },
  startThenStop: async (model, { scripted: { host, log } }) => {
    const starting = host.start().then(
      () => 'up',
      (error: { code: string }) => error.code,
    );
    const stopped = host.stop();
    if (model.state === 'running') {
      model.log.push(...stops(model));
      model.state = 'stopped';
      expect(await starting).toBe('up');
    } else {
      const code = await starting;
      expect(['HOST_START_ABORTED', 'HOST_START_FAILED']).toContain(code);
      model.state = code === 'HOST_START_ABORTED' ? 'stopped' : 'failed';
    }
    expect(await stopped).toMatchObject({ clean: true });
    // How far the start came is its own affair; that all of it is undone is not.
    model.log = [...log];
  },
  stopThenStart: async (model, { scripted: { host } }) => {
    if (model.state === 'running') {
      const stopped = host.stop();
      await expect(host.start()).rejects.toMatchObject({ code: 'HOST_STATE' });
      await stopped;
      model.log.push(...stops(model));
      model.state = 'stopped';
    } else {
      void host.stop();
      started(model);
      await host.start().catch(() => undefined);
    }
  },
  call: async (model, { scripted: host }) => {
    const answers = await Promise.all(['a', 'b', 'c'].map((name) => host.call(name)));
    if (model.state === 'running') {
      expect(answers.map((each) => each.status === 'ok' && each.data)).toEqual([
        model.version === 0 ? 'a' : model.version,
        'b',
        'c',
      ]);
    } else {
      for (const each of answers) expect(each).toMatchObject({ errorCategory: 'service_unavailable' });
    }
  },
  replace: async (model, real) => {
    const version = model.version + 1;
    const replaced = real.scripted.host.replace('a', real.replacement(version, true));
    if (model.state !== 'running') {
      await expect(replaced).rejects.toMatchObject({ code: 'HOST_STATE' });
      return;
    }
    await replaced;
    model.log.push(`start a${version}`, `cleanup ${nameOf(model.version)}`);
    model.version = version;
  },
  replaceBadly: async (model, real) => {
    const replaced = real.scripted.host.replace('a', real.replacement(model.version + 1, false));
    if (model.state === 'running') model.log.push(`start a${model.version + 1}`);
    const code = model.state === 'running' ? 'HOST_START_FAILED' : 'HOST_STATE';
    await expect(replaced).rejects.toMatchObject({ code });
  },
  breakIt: (model, real) => {
    model.works = real.works = false;
    return Promise.resolve();
  },
  mendIt: (model, real) => {
    model.works = real.works = true;
    return Promise.resolve();
  },
};

describe('a host', () => {
  it('does what a model of its states says, in any sequence of start, stop, call and replace', async () => {
    let sequences = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...Object.keys(steps)), { maxLength: 12 }), async (names) => {
        sequences += 1;
        const real = new Real();
        const { host, log, clock } = real.scripted;
        const model: Model = { state: 'created', works: true, version: 0, log: [] };
        for (const name of names) {
          await steps[name]?.(model, real);
          expect(host.state).toBe(model.state);
          expect(log).toEqual(model.log);
          expect(host.health().ready).toBe(model.state === 'running');
        }
        await host.stop();
        for (const name of new Set(log.map((each) => each.split(' ')[1]))) {
          const of = (phase: string): number => log.filter((each) => each === `${phase} ${name}`).length;
          expect(of('cleanup')).toBeLessThanOrEqual(of('start'));
        }
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 1_000 },
    );
    expect(sequences).toBeGreaterThanOrEqual(1_000);
  }, 60_000);

  it('is stopped at any moment of a slow start with nothing left', async () => {
    for (let at = 0; at <= 30; at += 1) {
      const scriptedHost: ScriptedHost = new ScriptedHost(
        ['a', 'b', 'c'].map((name, index) => ({
          name,
          needs: index === 0 ? [] : [index - 1],
          start: () =>
            new Promise<void>((resolve) => {
              scriptedHost.clock.setTimeout(resolve, 10);
            }),
          cleanup: at % 2 === 0 ? never : () => undefined,
        })),
        { shutdown: { hookTimeoutMs: 5 } },
      );
      const { host, clock } = scriptedHost;
      const started = host.start().catch(() => undefined);
      await clock.advance(at);
      const stopped = host.stop();
      await clock.advance(100);
      await Promise.all([started, stopped]);
      expect(host.state).toBe('stopped');
      expect([...scriptedHost.of('cleanup')].sort()).toEqual([...scriptedHost.of('start')].sort());
      expect(clock.pending).toBe(0);
    }
  });
});
