import { describe, expect, it } from '@jest/globals';
import { FakeClock, RecordingLogger } from '@kapelle/core/testing';
import { MemoryStateStore, type StateStore } from '../../state/index.js';
import { SeenAs } from './seen-as.js';

const AT = { tenantId: 't', collection: 'autonomous_intelligence.seen_as', key: 'hash' };

function made(state: StateStore, clock = new FakeClock()) {
  const logger = new RecordingLogger();
  const seenAs = new SeenAs(state, clock, { stateTimeoutMs: 100 }, logger);
  return { seenAs, clock, events: () => logger.records.map(({ event }) => event) };
}

describe('where a content came from', () => {
  it('is kept per tenant, each place once, the newest ten, and also by several at the same time', async () => {
    const state = new MemoryStateStore();
    const [one, two] = [made(state), made(state)];
    await Promise.all([one.seenAs.note('t', 'hash', 'a'), two.seenAs.note('t', 'hash', 'b')]);
    expect([...(await one.seenAs.others('t', 'hash', 'x'))].sort()).toEqual(['a', 'b']);
    for (let i = 0; i < 12; i += 1) await one.seenAs.note('t', 'hash', `c${String(i)}`);
    await one.seenAs.note('t', 'hash', 'c11');
    const places = await two.seenAs.others('t', 'hash', 'c5');
    expect(places).toEqual(['c2', 'c3', 'c4', 'c6', 'c7', 'c8', 'c9', 'c10', 'c11']);
    expect(await one.seenAs.others('u', 'hash', 'x')).toEqual([]);
    expect([...one.events(), ...two.events()]).toEqual([]);
  });

  it('holds nobody up: a store that fails or hangs is logged, and one that hangs is left alone for a minute', async () => {
    const memory = new MemoryStateStore();
    let asked = 0;
    const clock = new FakeClock();
    const { seenAs, events } = made(
      {
        durable: true,
        get: () => {
          asked += 1;
          return asked === 1 ? Promise.reject(new Error('gone')) : new Promise(() => undefined);
        },
        put: (...params) => memory.put(...params),
        delete: (at) => memory.delete(at),
        list: (of) => memory.list(of),
        close: () => memory.close(),
      },
      clock,
    );
    await seenAs.note('t', 'hash', 'a');
    const hanging = seenAs.others('t', 'hash', 'a');
    await clock.advance(100);
    expect(await hanging).toEqual([]);
    expect(await seenAs.others('t', 'hash', 'a')).toEqual([]);
    expect([asked, events()]).toEqual([2, ['content_places_unknown', 'content_places_unknown']]);
    await clock.advance(60_000);
    void seenAs.others('t', 'hash', 'a');
    expect(asked).toBe(3);
  });

  it('is nothing where a record cannot be read, and is written anew', async () => {
    for (const value of [null, 'x', { formatVersion: 2, uris: ['z'] }, { formatVersion: 1, uris: 'z' }]) {
      const state = new MemoryStateStore();
      await state.put(AT, value);
      const { seenAs } = made(state);
      expect(await seenAs.others('t', 'hash', 'x')).toEqual([]);
      await seenAs.note('t', 'hash', 'a');
      expect(await seenAs.others('t', 'hash', 'x')).toEqual(['a']);
    }
  });
});
