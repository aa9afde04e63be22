import { afterEach, describe, expect, it } from '@jest/globals';
import { MemoryStateStore } from '../../state/memory-state-store.js';
import { FeedbackHost } from './fixtures/feedback-host.js';

let host: FeedbackHost | undefined;
afterEach(async () => {
  await host?.stop();
  host = undefined;
});

const SIGNAL = { componentType: 'model', componentId: 'm', reward: 0.5 };

describe('unified_feedback under attack', () => {
  it('says in time that the store hangs, and learns when it answers', async () => {
    const store = new MemoryStateStore();
    const list = store.list.bind(store);
    store.list = () => new Promise(() => undefined);
    host = await FeedbackHost.start({ store });
    const taught = host.call('submit_feedback', { signal: { source: 'user_explicit', ...SIGNAL } });
    await host.clock.advance(30_000);
    expect(await taught).toMatchObject({ status: 'failed', details: { code: 'FEEDBACK_STATE_UNAVAILABLE' } });
    store.list = list;
    expect(await host.teach(SIGNAL)).toMatchObject({ status: 'ok' });
  });

  it('takes null for what was not given, and names of prototypes for names', async () => {
    host = await FeedbackHost.start();
    for (const componentId of ['__proto__', 'constructor', 'toString', 'ü\u202e😀']) {
      expect(await host.teach({ ...SIGNAL, componentId }, 3)).toMatchObject({ status: 'ok' });
    }
    const health = JSON.stringify(await host.health({ componentType: null, limit: null }));
    for (const componentId of ['__proto__', 'constructor', 'toString'])
      expect(health).toContain(`"${componentId}"`);
    expect(Reflect.get({}, 'reward')).toBeUndefined();
    expect(JSON.stringify(await host.health({}, 'other'))).not.toContain('constructor');
    expect((await host.metrics('other')).signalsProcessed ?? 0).toBe(0);
  });

  it('keeps a tenant that floods a queue from pushing out the signals of others', async () => {
    host = await FeedbackHost.start();
    const batch = (tenantId: string, signals: number) =>
      host?.call(
        'submit_batch',
        { signals: Array.from({ length: signals }, () => ({ source: 'user_explicit', ...SIGNAL })) },
        tenantId,
      );
    // All in one turn: the consumer has its turn only afterwards.
    const small = batch('small', 10);
    const flood = await Promise.all(Array.from({ length: 13 }, () => batch('flood', 1_000)));
    const late = await batch('late', 20);
    expect(await small).toMatchObject({ status: 'ok', data: { accepted: 10 } });
    expect(late).toMatchObject({ status: 'ok', data: { accepted: 20 } });
    expect(flood.slice(0, 8).every((answer) => answer?.status === 'ok')).toBe(true);
    const refused = flood.find((answer) => answer?.status === 'failed');
    expect(refused ?? { status: 'none' }).toMatchObject({
      errorCategory: 'service_overloaded',
      details: { code: 'FEEDBACK_TENANT_OVER_SHARE' },
    });
    await host.clock.advance(0);
    expect((await host.metrics('small')).signalsProcessed).toBe(10);
    expect((await host.metrics('late')).signalsProcessed).toBe(20);
    expect((await host.metrics('flood')).signalsRefused).toBeGreaterThan(0);
    expect(await host.teach(SIGNAL, 1, 'flood')).toMatchObject({ status: 'ok' });
  });

  it('has the health that an independent reckoning has', async () => {
    host = await FeedbackHost.start();
    const rewards = [0.9, 0.1, 0.7, 1, 0, 0.25, 0.5];
    for (const reward of rewards) await host.teach({ ...SIGNAL, reward });
    const mean = rewards.reduce((sum, each) => sum + each, 0) / rewards.length;
    const low = rewards.filter((each) => each < 0.3).length / rewards.length;
    const deviation = Math.sqrt(rewards.reduce((sum, each) => sum + (each - mean) ** 2, 0) / rewards.length);
    const wanted = mean * (1 - low) * (1 - Math.min(0.5, deviation));
    const text = JSON.stringify(await host.health({ componentType: 'model' }));
    const found = Number(/"health":([\d.e-]+)/.exec(text)?.[1]);
    expect(found).toBeCloseTo(wanted, 6);
  });

  it.each([
    { ...SIGNAL, reward: Number.NaN },
    { ...SIGNAL, reward: 1.1 },
    { ...SIGNAL, reward: -1 },
    { ...SIGNAL, componentType: '__proto__' },
    { ...SIGNAL, componentId: '' },
    { ...SIGNAL, componentId: 'x'.repeat(10_000) },
    { ...SIGNAL, componentId: 7 },
    null,
    'x',
  ])('refuses the signal %j', async (signal) => {
    host = await FeedbackHost.start();
    const result = await host.call('submit_feedback', {
      signal: signal === null || typeof signal === 'string' ? signal : { source: 'user_explicit', ...signal },
    });
    expect(result).toMatchObject({ status: 'failed', errorCategory: 'validation' });
  });
});
