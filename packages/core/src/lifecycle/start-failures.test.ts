import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { Gate, never, rejection, type Script, ScriptedHost } from './fixtures/scripted-host.js';

const N = 20;
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => {
  unhandled.push(reason);
};

/** Ways to fail the start of one orchestrator, and what the error says of them. */
const FAILURES: Record<string, { readonly code: string; script(gate: Gate): Partial<Script> }> = {
  'a throw': {
    code: 'HOST_START_FAILED',
    script: () => ({
      start: () => {
        throw new Error('broken');
      },
    }),
  },
  'a rejection': {
    code: 'HOST_START_FAILED',
    script: () => ({ start: () => Promise.reject(new Error('broken')) }),
  },
  'a rejection with nothing': {
    code: 'HOST_START_FAILED',
    script: () => ({ start: () => Promise.reject() }),
  },
  'a hang': { code: 'HOST_START_TIMEOUT', script: () => ({ start: never }) },
  'a hang that its signal ends': {
    code: 'HOST_START_TIMEOUT',
    script: () => ({
      start: (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
    }),
  },
  'success after its time': { code: 'HOST_START_TIMEOUT', script: (gate) => ({ start: () => gate.opened }) },
  'a rejection after its time': {
    code: 'HOST_START_TIMEOUT',
    script: (gate) => ({
      start: async () => {
        await gate.opened;
        throw new Error('late');
      },
    }),
  },
  'a constructor that throws': {
    code: 'HOST_START_FAILED',
    script: () => ({
      construct: () => {
        throw new Error('broken');
      },
    }),
  },
  'its ready hook': {
    code: 'HOST_START_FAILED',
    script: () => ({ ready: () => Promise.reject(new Error('broken')) }),
  },
};

async function settled(host: ScriptedHost): Promise<Awaited<ReturnType<typeof rejection>>> {
  const failed = rejection(host.host.start());
  await host.clock.advance(15_000);
  return failed;
}

describe('a start that fails', () => {
  beforeAll(() => {
    process.on('unhandledRejection', onUnhandled);
  });
  afterAll(() => {
    process.off('unhandledRejection', onUnhandled);
  });

  it.each(Object.keys(FAILURES))(
    'in a chain, by %s at every place, is undone in exact reverse',
    async (kind) => {
      const { code, script } = FAILURES[kind] as (typeof FAILURES)[string];
      for (let k = 0; k < N; k += 1) {
        const gate = new Gate();
        const scripts = Array.from({ length: N }, (_, index): Script => ({
          name: `n${index}`,
          needs: index === 0 ? [] : [index - 1],
          ...(index === k ? script(gate) : {}),
        }));
        const scriptedHost = new ScriptedHost(scripts);
        const error = await settled(scriptedHost);
        const chain = Array.from({ length: N }, (_, index) => `n${index}`);

        expect(error).toMatchObject({ name: 'OrchestrationError', code, errors: [] });
        expect(error.message).toMatch(
          new RegExp(`^n${k} (failed to start|did not start in time|could not be built)`),
        );
        expect(error.path).toEqual(chain.slice(k).reverse());
        if (k < N - 1) expect(error.message).toContain(`n${k + 1} → n${k})`);
        expect(scriptedHost.host.state).toBe('failed');
        await expect(scriptedHost.host.ready).rejects.toBe(error);
        const isUp = kind === 'its ready hook';
        const began = kind === 'a constructor that throws' ? 0 : isUp ? N : k + 1;
        expect(scriptedHost.of('start')).toEqual(chain.slice(0, began));
        const wereUp = kind === 'a constructor that throws' ? 0 : isUp ? N : k;
        expect(scriptedHost.of('cleanup')).toEqual(chain.slice(0, wereUp).reverse());

        gate.open();
        await scriptedHost.clock.advance(0);
        const late = kind === 'success after its time' ? [`n${k}`] : [];
        expect(scriptedHost.of('cleanup')).toEqual([...chain.slice(0, wereUp).reverse(), ...late]);
        expect(scriptedHost.clock.pending).toBe(0);
        expect(scriptedHost.host.health()).toMatchObject({ live: false, ready: false, status: 'unhealthy' });
        expect(await scriptedHost.call('n0')).toMatchObject({ errorCategory: 'service_unavailable' });
        expect(await scriptedHost.host.stop()).toMatchObject({ clean: true, failures: [] });
      }
      expect(unhandled).toEqual([]);
    },
  );

  it('in any graph cleans up each that had started, once, after its dependants, and none that had not', async () => {
    const kinds = ['a throw', 'a rejection', 'a hang', 'success after its time', 'its ready hook'];
    const dag = fc
      .integer({ min: 1, max: 24 })
      .chain((size) =>
        fc.tuple(
          fc.array(fc.array(fc.nat({ max: 23 }), { maxLength: 3 }), { minLength: size, maxLength: size }),
          fc.array(fc.constantFrom('none', 'now', 'later', 'stubborn'), { minLength: size, maxLength: size }),
          fc.nat({ max: size - 1 }),
          fc.constantFrom(...kinds),
        ),
      );
    await fc.assert(
      fc.asyncProperty(dag, async ([edges, waits, k, kind]) => {
        const gate = new Gate();
        const up: string[] = [];
        const needsOf = edges.map((row, index) => [...new Set(row)].filter((needed) => needed < index));
        const scripts = edges.map((_, index): Script => {
          const name = `n${index}`;
          const wait = waits[index];
          return {
            name,
            needs: needsOf[index] as number[],
            start: async () => {
              if (wait === 'now') await Promise.resolve();
              if (wait === 'later')
                await new Promise((resolve) =>
                  scriptedHost.clock.setTimeout(() => {
                    resolve(undefined);
                  }, 5 + index),
                );
              if (wait === 'stubborn') await gate.opened;
              up.push(name);
            },
            ...(index === k ? FAILURES[kind]?.script(gate) : {}),
          };
        });
        const scriptedHost = new ScriptedHost(scripts);
        let cleanedAtOnce: string[] = [];
        const failed = rejection(scriptedHost.host.start()).finally(() => {
          cleanedAtOnce = scriptedHost.of('cleanup');
        });
        await scriptedHost.clock.advance(16_000);
        const error = await failed;
        expect(error.code).toMatch(/^HOST_START_/);
        gate.open();
        await scriptedHost.clock.advance(100);
        const cleaned = scriptedHost.of('cleanup');
        expect(new Set(cleaned).size).toBe(cleaned.length);
        const late = kind === 'success after its time' && scriptedHost.of('start').includes(`n${k}`);
        const readyFailed = kind === 'its ready hook' && cleaned.includes(`n${k}`);
        const failedOwn = late || readyFailed ? [`n${k}`] : [];
        expect([...cleaned].sort()).toEqual([...new Set([...up, ...failedOwn])].sort());
        for (const [index, needs] of needsOf.entries()) {
          const at = cleanedAtOnce.indexOf(`n${index}`);
          if (at === -1) continue;
          for (const needed of needs) expect(cleanedAtOnce.indexOf(`n${needed}`)).toBeGreaterThan(at);
        }
        expect(scriptedHost.clock.pending).toBe(0);
      }),
      { numRuns: 100 },
    );
    expect(unhandled).toEqual([]);
  });

  it('by its whole time names what was starting', async () => {
    const scriptedHost = new ScriptedHost(
      [{ name: 'db', start: never }, { name: 'api', needs: [0] }, { name: 'other' }],
      { startup: { totalTimeoutMs: 500 } },
    );
    const failed = rejection(scriptedHost.host.start());
    await scriptedHost.clock.advance(499);
    expect(scriptedHost.host.state).toBe('starting');
    await scriptedHost.clock.advance(1);
    expect(await failed).toMatchObject({ code: 'HOST_START_TIMEOUT', path: ['api', 'db'] });
    expect((await failed).message).toBe(
      'The start was given up while db was starting (api → db): The start took longer than 500 ms. Make the hook faster, or raise its startTimeoutMs. [HOST_START_TIMEOUT]',
    );
    expect(scriptedHost.of('cleanup')).toEqual(['other']);
  });

  it('bounds the ready hooks by the whole time too', async () => {
    const scriptedHost = new ScriptedHost([{ name: 'slow', ready: never }], {
      startup: { totalTimeoutMs: 300 },
    });
    const failed = rejection(scriptedHost.host.start());
    await scriptedHost.clock.advance(300);
    expect(await failed).toMatchObject({ code: 'HOST_START_TIMEOUT', path: ['slow'] });
    expect(scriptedHost.log).toEqual(['start slow', 'ready slow', 'cleanup slow']);
  });

  it('by one ready hook waits for no other that hangs, and names the one that failed', async () => {
    let reason: unknown;
    const scriptedHost = new ScriptedHost([
      {
        name: 'hangs',
        ready: (signal) => {
          signal.addEventListener('abort', () => (reason = signal.reason));
          return never();
        },
      },
      { name: 'fails', ready: () => Promise.reject(new Error('broken')) },
    ]);
    const error = await rejection(scriptedHost.host.start());
    expect(error).toMatchObject({ code: 'HOST_START_FAILED', path: ['fails'] });
    expect(error.message).toMatch(/^fails failed to start: broken/);
    expect(reason).toBe(error);
    expect(scriptedHost.of('cleanup')).toEqual(['fails', 'hangs']);
    expect(scriptedHost.clock.pending).toBe(0);
  });

  it('leaves real time to the last cleanup, also where those before it hang', async () => {
    let isDown = false;
    const scriptedHost = new ScriptedHost(
      [
        {
          name: 'last',
          cleanup: async () => {
            await new Promise((resolve) => scriptedHost.clock.setTimeout(() => resolve(undefined), 1_000));
            isDown = true;
          },
        },
        { name: 'second', needs: [0], cleanup: never },
        { name: 'first', needs: [1], cleanup: never },
        { name: 'fails', needs: [2], start: () => Promise.reject(new Error('broken')) },
      ],
      { shutdown: { hookTimeoutMs: 10_000, totalTimeoutMs: 12_000 } },
    );
    const failed = rejection(scriptedHost.host.start());
    await scriptedHost.clock.advance(12_000);
    expect((await failed).errors).toHaveLength(2);
    expect(isDown).toBe(true);
  });

  it('is undone in a time of its own, goes on past cleanups that fail, and attaches their errors', async () => {
    const scriptedHost = new ScriptedHost(
      [
        { name: 'first' },
        { name: 'hangs', needs: [0], cleanup: never },
        {
          name: 'throws',
          needs: [1],
          cleanup: () => {
            throw new Error('no way out');
          },
        },
        { name: 'fails', needs: [2], start: never },
      ],
      { startup: { totalTimeoutMs: 15_000 }, shutdown: { hookTimeoutMs: 400 } },
    );
    const failed = rejection(scriptedHost.host.start());
    await scriptedHost.clock.advance(15_399);
    expect(scriptedHost.of('cleanup')).toEqual(['throws', 'hangs']);
    await scriptedHost.clock.advance(1);
    const error = await failed;
    expect(scriptedHost.of('cleanup')).toEqual(['throws', 'hangs', 'first']);
    expect(error).toMatchObject({ code: 'HOST_START_TIMEOUT', path: ['fails'] });
    expect(error.errors?.map((each) => each.message)).toEqual([
      expect.stringContaining('the cleanup of throws failed: no way out'),
      expect.stringContaining('the cleanup of hangs failed: The cleanup of hangs did not end within 400 ms.'),
    ]);
    expect(await scriptedHost.host.stop()).toMatchObject({
      clean: false,
      failures: [
        { orchestrator: 'throws', phase: 'cleanup', kind: 'error' },
        { orchestrator: 'hangs', phase: 'cleanup', kind: 'timeout' },
      ],
    });
    expect(scriptedHost.clock.pending).toBe(0);
  });

  it('takes no calls while it is undone, and cancels those that run', async () => {
    const gate = new Gate();
    let called: ReturnType<ScriptedHost['call']> | undefined;
    const scriptedHost: ScriptedHost = new ScriptedHost([
      { name: 'up', work: never, cleanup: () => gate.opened },
      {
        name: 'bad',
        needs: [0],
        start: async () => {
          called = scriptedHost.call('up');
          await Promise.resolve();
          throw new Error('broken');
        },
      },
    ]);
    const failed = rejection(scriptedHost.host.start());
    await scriptedHost.clock.advance(0);
    expect(await called).toMatchObject({ errorCategory: 'cancelled' });
    expect(await scriptedHost.call('up')).toMatchObject({
      errorCategory: 'service_unavailable',
      retryable: true,
    });
    gate.open();
    expect(await failed).toMatchObject({ code: 'HOST_START_FAILED' });
  });

  it('by the engine, or with one, leaves no engine running', async () => {
    const gate = new Gate();
    const log: string[] = [];
    const engine = (start: () => unknown, stop: () => unknown = () => undefined) => ({
      name: 'sieve',
      capabilities: [],
      start: () => start() as Promise<void>,
      run: () => Promise.reject(new Error('unused')),
      stop: () => {
        log.push('engine stops');
        return stop() as Promise<void>;
      },
    });
    const failing = new ScriptedHost([{ name: 'a' }], {
      engine: engine(() => Promise.reject(new Error('unreachable'))),
    });
    expect(await rejection(failing.host.start())).toMatchObject({
      code: 'HOST_START_FAILED',
      path: ['engine sieve'],
      message: expect.stringContaining('Engine sieve did not start: unreachable') as unknown,
    });
    expect([failing.log, log]).toEqual([[], []]);

    const hanging = new ScriptedHost([{ name: 'a' }], { engine: engine(() => gate.opened) });
    expect(await settled(hanging)).toMatchObject({ code: 'HOST_START_TIMEOUT' });
    gate.open();
    await hanging.clock.advance(0);
    expect([hanging.log, log]).toEqual([[], ['engine stops']]);

    const given = new ScriptedHost([{ name: 'a' }], { engine: engine(never) });
    const started = rejection(given.host.start());
    expect(await given.host.stop()).toMatchObject({ clean: true });
    expect(await started).toMatchObject({ code: 'HOST_START_ABORTED' });

    log.length = 0;
    const broken = new ScriptedHost([{ name: 'a', start: () => Promise.reject(new Error('broken')) }], {
      engine: engine(() => undefined, never),
    });
    const failed = rejection(broken.host.start());
    await broken.clock.advance(10_000);
    expect(await failed).toMatchObject({ code: 'HOST_START_FAILED', path: ['a'] });
    expect(log).toEqual(['engine stops']);
    expect(await broken.host.stop()).toMatchObject({
      clean: false,
      failures: [{ orchestrator: 'engine sieve', kind: 'timeout' }],
    });
    expect(broken.clock.pending).toBe(0);
  });

  it('can be tried again with new instances, also while a hook of the first still hangs', async () => {
    const gate = new Gate();
    let tries = 0;
    const scriptedHost = new ScriptedHost([
      {
        name: 'slow',
        start: () => {
          tries += 1;
          return tries === 1 ? gate.opened : undefined;
        },
      },
    ]);
    await settled(scriptedHost);
    await scriptedHost.host.start();
    expect(scriptedHost.host.state).toBe('running');
    gate.open();
    await scriptedHost.clock.advance(0);
    // The first instance came up after all and is cleaned up; the second stays.
    expect(scriptedHost.log).toEqual(['start slow', 'start slow', 'cleanup slow']);
    expect(await scriptedHost.call('slow')).toMatchObject({ status: 'ok' });
    await scriptedHost.host.stop();
    expect(scriptedHost.of('cleanup')).toHaveLength(2);
  });
});
