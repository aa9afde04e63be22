import assert from 'node:assert/strict';
import type { StateStore } from './state-store.js';

/** How the checks get at a store. */
export interface StateStorePlace {
  /** A store over the same records each time; the first time there are none. */
  open(): StateStore | Promise<StateStore>;
}

/** Something that every store of state must do. */
export interface StateStoreCheck {
  /** A sentence about behaviour. */
  readonly title: string;
  /** Rejects with an assertion where the store does not do it. Needs a place without records. */
  run(place: StateStorePlace): Promise<void>;
}

const at = (key: string, tenantId = 'one', collection = 'check.records') => ({ tenantId, collection, key });
const ALL = { tenantId: 'one', collection: 'check.records' };

async function rejectsWith(code: string, work: Promise<unknown>): Promise<void> {
  await assert.rejects(work, (thrown: unknown) => {
    assert.ok(thrown instanceof Error, `expected an Error with the code ${code}`);
    assert.equal(Reflect.get(thrown, 'code'), code);
    assert.equal(typeof Reflect.get(thrown, 'retryable'), 'boolean');
    return true;
  });
}

/** Runs a check with one store, and closes it. */
function withStore(title: string, work: (store: StateStore) => Promise<void>): StateStoreCheck {
  return {
    title,
    run: async (place) => {
      const store = await place.open();
      try {
        await work(store);
      } finally {
        await store.close();
      }
    },
  };
}

/**
 * What an adapter of {@link StateStore} must pass: run each with a place of its own, in any test runner.
 *
 * ```ts
 * it.each(STATE_STORE_CHECKS)('$title', async ({ run }) => run({ open: () => new MyStore(emptyFolder()) }));
 * ```
 */
export const STATE_STORE_CHECKS: readonly StateStoreCheck[] = [
  withStore('gives back what was put, and counts the versions', async (store) => {
    assert.equal(await store.get(at('a')), undefined);
    const value = {
      text: 'Zero \u0000, half \ud800, 東京 🎻',
      list: [1, null, { deep: [true] }],
      none: null,
    };
    const first = await store.put(at('a'), value);
    assert.deepEqual(first, { key: 'a', value, version: 1, updatedAt: first.updatedAt });
    assert.ok(Number.isFinite(first.updatedAt) && first.updatedAt >= 0);
    assert.deepEqual(await store.get(at('a')), first);
    assert.equal((await store.put(at('a'), 2)).version, 2);
    assert.equal((await store.get(at('a')))?.value, 2);
    assert.equal(await store.delete(at('a')), true);
    assert.equal(await store.delete(at('a')), false);
    assert.equal(await store.get(at('a')), undefined);
    assert.equal((await store.put(at('a'), 'anew')).version, 1);
  }),
  withStore('copies in and out', async (store) => {
    const value = { list: [1] };
    const put = await store.put(at('a'), value);
    value.list.push(2);
    put.value.list.push(3);
    const got = await store.get<{ list: number[] }>(at('a'));
    got?.value.list.push(4);
    assert.deepEqual((await store.get(at('a')))?.value, { list: [1] });
    assert.deepEqual((await store.list(ALL))[0]?.value, { list: [1] });
  }),
  withStore('changes a record only from the version that was expected', async (store) => {
    await rejectsWith('STATE_CONFLICT', store.put(at('a'), 1, { ifVersion: 1 }));
    assert.equal(await store.get(at('a')), undefined);
    await store.put(at('a'), 1, { ifVersion: 0 });
    await rejectsWith('STATE_CONFLICT', store.put(at('a'), 2, { ifVersion: 0 }));
    await store.put(at('a'), 2, { ifVersion: 1 });
    await rejectsWith('STATE_CONFLICT', store.put(at('a'), 3, { ifVersion: 1 }));
    assert.deepEqual((await store.get(at('a')))?.value, 2);
  }),
  withStore('lets one of several changes from the same version win', async (store) => {
    await store.put(at('a'), 0);
    const changes = [1, 2, 3, 4, 5, 6, 7, 8].map((value) => store.put(at('a'), value, { ifVersion: 1 }));
    const settled = await Promise.allSettled(changes);
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.equal((await store.get(at('a')))?.version, 2);
    await Promise.all(changes.map((_change, value) => store.put(at('b'), value)));
    assert.equal((await store.get(at('b')))?.version, 8);
  }),
  withStore('keeps tenants and collections apart', async (store) => {
    await store.put(at('a'), 1);
    await store.put(at('a', 'two'), 2);
    await store.put(at('a', 'one', 'check.others'), 3);
    await store.put(at('a', 'one\ud800'), 4);
    assert.equal((await store.get(at('a')))?.value, 1);
    assert.equal((await store.get(at('a', 'one\ud800')))?.value, 4);
    assert.equal(await store.get(at('a', 'one\ud801')), undefined);
    assert.deepEqual(
      (await store.list({ tenantId: 'two', collection: 'check.records' })).map(({ value }) => value),
      [2],
    );
    await store.delete(at('a', 'two'));
    assert.equal((await store.list(ALL)).length, 1);
  }),
  withStore('lists by UTF-16 code units, in pages, by prefix', async (store) => {
    // As UTF-8 the last two would be the other way round.
    const keys = ['%', 'B', 'a', 'a/1', 'a/2', 'a_1', 'é', '\ud83d\ude00', '\uff5e'];
    for (const key of [...keys].reverse()) await store.put(at(key), key);
    const listed = async (options: Parameters<StateStore['list']>[1]): Promise<string[]> =>
      (await store.list(ALL, options)).map(({ key }) => key);
    assert.deepEqual(await listed({}), keys);
    assert.deepEqual(await listed({ prefix: 'a/' }), ['a/1', 'a/2']);
    assert.deepEqual(await listed({ prefix: '%' }), ['%']);
    assert.deepEqual(await listed({ prefix: 'a', after: 'a', limit: 2 }), ['a/1', 'a/2']);
    assert.deepEqual(await listed({ after: 'a_1', limit: 1 }), ['é']);
    assert.deepEqual(await listed({ after: '\uff5e' }), []);
  }),
  withStore('takes keys, values and lists up to their bounds, and refuses more', async (store) => {
    const long = 'k'.repeat(512);
    assert.equal((await store.put(at(long, 't'.repeat(512)), 1)).key, long);
    await rejectsWith('STATE_KEY_INVALID', store.put(at('k'.repeat(513)), 1));
    await rejectsWith('STATE_KEY_INVALID', store.get(at('')));
    await rejectsWith('STATE_KEY_INVALID', store.get(at('line\nfeed')));
    await rejectsWith('STATE_KEY_INVALID', store.delete(at('a', '')));
    await rejectsWith('STATE_KEY_INVALID', store.list({ tenantId: 'one', collection: 'Upper' }));
    await rejectsWith('STATE_VALUE_INVALID', store.put(at('a'), undefined));
    await rejectsWith('STATE_VALUE_INVALID', store.put(at('a'), 1n));
    await rejectsWith('STATE_VALUE_INVALID', store.put(at('a'), 'x'.repeat(16 * 1024 * 1024)));
    await rejectsWith('STATE_OPTION_INVALID', store.put(at('a'), 1, { ifVersion: -1 }));
    await rejectsWith('STATE_OPTION_INVALID', store.list(ALL, { limit: 0 }));
    await rejectsWith('STATE_OPTION_INVALID', store.list(ALL, { limit: 10_001 }));
    assert.deepEqual(await store.list(ALL), []);
  }),
  {
    title: 'refuses work once closed, and closes only once',
    run: async (place) => {
      const store = await place.open();
      await store.close();
      await store.close();
      await rejectsWith('STATE_CLOSED', store.get(at('a')));
      await rejectsWith('STATE_CLOSED', store.put(at('a'), 1));
      await rejectsWith('STATE_CLOSED', store.delete(at('a')));
      await rejectsWith('STATE_CLOSED', store.list(ALL));
    },
  },
  {
    title: 'has everything after it was opened again, where it says that it is durable',
    run: async (place) => {
      const store = await place.open();
      const { durable } = store;
      await store.put(at('a'), 1);
      const kept = await store.put(at('a'), { two: 2 });
      await store.put(at('gone'), 1);
      await store.delete(at('gone'));
      await store.close();
      if (!durable) return;
      const again = await place.open();
      try {
        assert.deepEqual(await again.list(ALL), [kept]);
        await rejectsWith('STATE_CONFLICT', again.put(at('a'), 3, { ifVersion: 1 }));
        assert.equal((await again.put(at('a'), 3, { ifVersion: 2 })).version, 3);
      } finally {
        await again.close();
      }
    },
  },
];
