import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { aContext, FakeClock, RecordingLogger, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { MemoryStateStore, STATE_STORE, type StateStore } from '../../state/index.js';
import { recordKeyOf } from './record-key.js';
import type { RequestVerdict } from './request-desk.js';
import { SecurityOrchestrator } from './security-orchestrator.js';
import { SourceBlocks } from './source-blocks.js';

const BLOCKS = { tenantId: '_shared', collection: 'security.blocked_sources' };
const REFRESH_MS = 10_000;
const LIMITS = {
  ...{ requestsPerMinute: 100, authFailuresPerMinute: 10, maxRequestBytes: 1_000_000, blockMs: 900_000 },
  ...{ maxSources: 100, blockAfterInjections: 5 },
};
const signal = new AbortController().signal;

const hosts: TestHost[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host[Symbol.asyncDispose]();
});

/** A process of its own, as far as memory goes. */
async function aProcess(store: StateStore, clock: FakeClock) {
  const host = await TestHost.start({
    orchestrators: [SecurityOrchestrator],
    modules: [new ContainerModule(({ bind }) => void bind(STATE_STORE).toConstantValue(store))],
    clock,
  });
  hosts.push(host);
  const ask = async <T>(operation: string, params: object, tenantId = 'acme'): Promise<T> =>
    StepResult.unwrap(
      await host.host.facade.orchestrate<T>('security', aContext({ tenantId }), { operation, ...params }),
    );
  const decision = async (source: string, tenantId?: string): Promise<string> => {
    const fields = [{ name: 'q', value: 'hello' }];
    return (await ask<RequestVerdict>('analyze_request', { fields, source }, tenantId)).decision;
  };
  return { ask, decision };
}

/** Counts how often a collection of the store is read. */
function counting(store: StateStore): { readonly store: StateStore; readonly reads: () => number } {
  let reads = 0;
  const read = <T extends { readonly collection: string }>(of: T): T => {
    if (of.collection === BLOCKS.collection) reads += 1;
    return of;
  };
  return {
    store: {
      durable: store.durable,
      get: (at) => store.get(read(at)),
      list: (of, options) => store.list(read(of), options),
      put: (at, value, options) => store.put(at, value, options),
      delete: (at) => store.delete(at),
      close: () => store.close(),
    },
    reads: () => reads,
  };
}

describe('a block of one process', () => {
  it('holds in the others that share its store, and ends there when it is lifted, after ten seconds at the latest', async () => {
    const store = new MemoryStateStore();
    const clock = new FakeClock();
    const [one, two] = [await aProcess(store, clock), await aProcess(store, clock)];
    await one.ask('block_source', { source: 'eve', reason: 'known' });
    expect([await one.decision('eve'), await two.decision('eve')]).toEqual(['block', 'allow']);
    await clock.advance(REFRESH_MS);
    expect([await two.decision('eve'), await two.decision('eve', 'globex')]).toEqual(['block', 'allow']);
    // The one that did not block may let in again, and the other hears of it.
    await two.ask('unblock_source', { source: 'eve' });
    await clock.advance(REFRESH_MS);
    expect([await one.decision('eve'), await two.decision('eve')]).toEqual(['allow', 'allow']);
    // Also before it has heard of the block.
    await one.ask('block_source', { source: 'eve' });
    expect(await two.ask('unblock_source', { source: 'eve' })).toEqual({ source: 'eve' });
    await expect(two.ask('unblock_source', { source: 'eve' })).rejects.toThrow('"eve" is not blocked.');
    await clock.advance(REFRESH_MS);
    expect(await one.decision('eve')).toBe('allow');
  });

  it('costs no call anything: the store is read once in ten seconds, however much is asked', async () => {
    const { store, reads } = counting(new MemoryStateStore());
    const clock = new FakeClock();
    const { decision } = await aProcess(store, clock);
    const before = reads();
    for (let i = 0; i < 50; i += 1) await decision('ada');
    expect(reads()).toBe(before);
    await clock.advance(3 * REFRESH_MS);
    expect(reads()).toBe(before + 3);
  });
});

describe('SourceBlocks', () => {
  const made = (store: StateStore, logger = new RecordingLogger()) => ({
    blocks: new SourceBlocks(LIMITS, store, () => logger),
    events: () => logger.records.map(({ event }) => event),
  });

  it('keeps what could not be stored, and changes nothing while the store cannot be read', async () => {
    const memory = new MemoryStateStore();
    let isBroken = true;
    const broken = (): void => {
      if (isBroken) throw new Error('the disk is gone');
    };
    const store: StateStore = {
      ...counting(memory).store,
      put: async (...params) => (broken(), memory.put(...params)),
      list: async (...params) => (broken(), memory.list(...params)),
    };
    const { blocks, events } = made(store);
    await blocks.block('acme', 'eve', 0, 'known');
    await blocks.refresh(1_000, signal);
    expect(blocks.isBlocked('acme', 'eve', 1_000).isBlocked).toBe(true);
    isBroken = false;
    await blocks.refresh(2_000, signal);
    expect(blocks.isBlocked('acme', 'eve', 2_000).isBlocked).toBe(true);
    expect(events()).toEqual(['source_blocked', 'source_block_not_stored', 'source_blocks_not_read']);
  });

  it('does not take back what is written while it reads', async () => {
    const memory = new MemoryStateStore();
    const held: (() => void)[] = [];
    const store: StateStore = {
      ...counting(memory).store,
      // What it gives is as old as the moment in which it was asked for.
      list: async (...params) => {
        const page = await memory.list(...params);
        await new Promise<void>((resolve) => held.push(resolve));
        return page as never;
      },
    };
    const { blocks } = made(store);
    await blocks.block('acme', 'old', 0, 'known');
    const reading = blocks.refresh(1_000, signal);
    while (held.length === 0) await Promise.resolve();
    await blocks.block('acme', 'new', 1_000, 'known');
    await blocks.unblock('acme', 'old', 1_000);
    // A second reading meanwhile does nothing.
    await blocks.refresh(1_000, signal);
    held.pop()?.();
    await reading;
    const isBlocked = (source: string): boolean => blocks.isBlocked('acme', source, 2_000).isBlocked;
    expect([isBlocked('new'), isBlocked('old')]).toEqual([true, false]);
    const again = blocks.refresh(2_000, signal);
    while (held.length === 0) await Promise.resolve();
    held.pop()?.();
    await again;
    expect([isBlocked('new'), isBlocked('old')]).toEqual([true, false]);
  });

  it('takes the later end of two, and leaves out what is over or no block', async () => {
    const store = new MemoryStateStore();
    const { blocks, events } = made(store);
    await blocks.block('acme', 'eve', 0, 'known');
    const key = recordKeyOf('acme', 'eve');
    const record = { formatVersion: 1, tenantId: 'acme', source: 'eve', reason: 'by another' };
    await store.put({ ...BLOCKS, key }, { ...record, until: 1 });
    await store.put({ ...BLOCKS, key: 'over' }, { ...record, source: 'bob', until: 999 });
    await store.put({ ...BLOCKS, key: 'none' }, { formatVersion: 2 });
    await blocks.refresh(1_000, signal);
    // The record of the other says that it is over.
    expect(blocks.isBlocked('acme', 'eve', 1_000).isBlocked).toBe(false);
    await store.put({ ...BLOCKS, key }, { ...record, until: 5_000 });
    await blocks.refresh(1_000, signal);
    await store.put({ ...BLOCKS, key }, { ...record, until: 2_000_000 });
    await blocks.refresh(2_000, signal);
    expect(blocks.isBlocked('acme', 'eve', 1_999_999)).toMatchObject({
      until: 2_000_000,
      reason: 'by another',
    });
    expect(blocks.isBlocked('acme', 'bob', 1_000).isBlocked).toBe(false);
    expect(events()).toEqual(['source_blocked', 'source_unblocked_elsewhere', 'source_blocked_elsewhere']);
  });
});
