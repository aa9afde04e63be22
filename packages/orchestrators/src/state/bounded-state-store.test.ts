import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@kapelle/core/testing';
import { BoundedStateStore, stateStoreFor, STORE_TIMEOUT_MS } from './bounded-state-store.js';
import { MemoryStateStore } from './memory-state-store.js';
import { STATE_STORE_CHECKS } from './state-store-checks.js';
import type { StateStore } from './state-store.js';

const at = { tenantId: 'acme', collection: 'x.y', key: 'k' };

describe('BoundedStateStore', () => {
  it('says so in time where a store never answers, and leaves no timer behind', async () => {
    const clock = new FakeClock();
    const never = (): Promise<never> => new Promise(() => undefined);
    const hanging = {
      durable: true,
      get: never,
      put: never,
      delete: never,
      list: never,
      close: never,
    } as StateStore;
    const store = stateStoreFor(hanging, clock);
    expect(store.durable).toBe(true);
    const outcomes = Promise.allSettled([store.get(at), store.put(at, 1), store.delete(at), store.list(at)]);
    await clock.advance(STORE_TIMEOUT_MS);
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'STATE_TIMEOUT', retryable: true },
      });
    }
    expect(clock.pending).toBe(0);
  });

  it('gives what the store gives, errors too, and is one in memory where none is bound', async () => {
    const clock = new FakeClock();
    const store = new BoundedStateStore(new MemoryStateStore(clock), clock);
    await store.put(at, { n: 1 }, { ifVersion: 0 });
    expect(await store.get(at)).toMatchObject({ value: { n: 1 }, version: 1 });
    expect(await store.list(at, { prefix: 'k' })).toHaveLength(1);
    await expect(store.put(at, 2, { ifVersion: 0 })).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
    expect(await store.delete(at)).toBe(true);
    await store.close();
    await expect(store.get(at)).rejects.toMatchObject({ code: 'STATE_CLOSED' });
    expect(clock.pending).toBe(0);
    expect(stateStoreFor(undefined, clock)).toBeInstanceOf(MemoryStateStore);
    expect(STATE_STORE_CHECKS.length).toBeGreaterThan(0);
  });
});
