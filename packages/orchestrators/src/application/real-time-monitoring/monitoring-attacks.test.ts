import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import type { HttpClient } from '../../http/http-client.js';
import { FeedAdapter } from './adapters/feed-adapter.js';
import { PageAdapter } from './adapters/page-adapter.js';
import { MonitoringHouse } from './fixtures/monitoring-house.js';
import type { MonitoredItem } from './monitored-item.js';
import type { SourceStatus } from './monitoring-status.js';
import type { SourceAdapter, SourceFindings } from './source-adapter.js';

const LOOK = { tenantId: 'acme', target: 'https://a.example/feed', cursor: undefined, now: 0 };

function answering(body: Uint8Array | string, type = 'application/rss+xml'): HttpClient {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return {
    request: () =>
      Promise.resolve({
        ...{
          status: 200,
          headers: { 'content-type': type },
          body: bytes,
          url: LOOK.target,
          cached: false,
          attempts: 1,
        },
      }),
  };
}

const look = (http: HttpClient): Promise<SourceFindings> =>
  new FeedAdapter('feed', http).look({ ...LOOK, signal: new AbortController().signal });

const item = (title: string): string =>
  `<item><title>${title}</title><guid>g</guid><link>https://a.example/1</link></item>`;
const rss = (items: string, head = ''): string =>
  `<?xml version="1.0"?>${head}<rss version="2.0"><channel><title>t</title>${items}</channel></rss>`;
const LAUGHS = `<!DOCTYPE lolz [<!ENTITY l0 "${'ha'.repeat(50)}">${Array.from({ length: 12 }, (_none, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(12)}">`).join('')}]>`;
const FILE =
  '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY % p SYSTEM "http://127.0.0.1/x">%p;]>';

describe('feeds under attack', () => {
  it.each([
    ['', 'in front'],
    [`<!--${' '.repeat(10_000)}-->`, 'behind a long comment'],
  ])('expand no entity that a feed declares, and load nothing: %#', async (before) => {
    for (const [doctype, entity] of [
      [LAUGHS, 'l12'],
      [FILE, 'x'],
    ] as const) {
      const begun = performance.now();
      const found = await look(answering(rss(item(`a &${entity}; b`), before + doctype))).catch(
        () => undefined,
      );
      expect(performance.now() - begun).toBeLessThan(5_000);
      const title = found?.items[0]?.title ?? '';
      expect(title).not.toMatch(/root:|haha/);
      expect(title.length).toBeLessThan(100);
    }
  });

  it('is read, or refused, within its time, whatever it is', async () => {
    const texts: (string | Uint8Array)[] = [
      '',
      '\u0000'.repeat(100_000),
      '<rss>'.repeat(50_000),
      '<'.repeat(500_000),
      `<rss><channel>${'<item>'.repeat(20_000)}`,
      rss(item('x'.repeat(5_000_000))),
      rss(Array.from({ length: 20_000 }, (_none, i) => item(`t${i}`)).join('')),
      `<!DOCTYPE ${'['.repeat(300_000)}`,
      `<!DOCTYPE a "${'x'.repeat(500_000)}`,
      `{"version":"https://jsonfeed.org/version/1.1","items":${'['.repeat(50_000)}`,
      '{"version":"https://jsonfeed.org/version/1.1","items":{"__proto__":{"polluted":1}}}',
      Uint8Array.from({ length: 300_000 }, (_none, i) => (i * 7919) % 256),
      Uint8Array.from([0xff, 0xfe, ...new TextEncoder().encode(rss(item('a')))]),
    ];
    for (const text of texts) {
      for (const type of [
        'application/rss+xml',
        'text/xml; charset=utf-16',
        'text/xml; charset=no-such',
        'x'.repeat(1_000),
      ]) {
        const begun = performance.now();
        const found = await look(answering(text, type)).catch((error: unknown) => error);
        expect(performance.now() - begun).toBeLessThan(15_000);
        if (found instanceof Error) expect(found).toMatchObject({ code: 'MONITOR_SOURCE_UNREADABLE' });
        else expect((found as SourceFindings).items.length).toBeLessThanOrEqual(500);
      }
    }
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  }, 120_000);

  it('lead to no file and to no script, by whatever field', async () => {
    const links = [
      'file:///etc/passwd',
      'javascript:alert(1)',
      'data:text/html,x',
      'ftp://a.example/x',
      '//',
      'http://',
    ];
    const items = links.map(
      (link, i) =>
        `<item><title>${i}</title><guid isPermaLink="true">${link}</guid><link>${link}</link></item>`,
    );
    const { items: found } = await look(answering(rss(items.join(''))));
    expect(found.flatMap(({ uris }) => uris).every((uri) => uri.startsWith('https://a.example'))).toBe(true);
  });

  it('makes of a page that is no page one by its bytes', async () => {
    for (const body of ['', '<'.repeat(100_000), '<div>'.repeat(20_000), '\u0000\u0001']) {
      const adapter = new PageAdapter(answering(body, 'text/html'));
      const { items } = await adapter.look({ ...LOOK, signal: new AbortController().signal });
      expect(items).toHaveLength(1);
    }
  }, 60_000);
});

describe('real_time_monitoring under attack', () => {
  let house: MonitoringHouse | undefined;
  afterEach(async () => {
    await house?.stop();
    house = undefined;
  });

  const adapterThat = (answer: SourceAdapter['look']): SourceAdapter => ({
    kind: 'odd',
    checkTarget: (target) => target,
    look: answer,
  });

  it.each([undefined, null, 7, {}, { items: 'x' }, { items: [null] }, { items: [{ id: 1, uris: 'x' }] }])(
    'counts %j of an adapter as a failure, and looks again later',
    async (answer) => {
      house = await MonitoringHouse.open({ adapters: [adapterThat(() => Promise.resolve(answer as never))] });
      const { id } = await house.give<SourceStatus>('add_source', { kind: 'odd', target: 'x' });
      expect(await house.call('check_now', { sourceId: id })).toMatchObject({ status: 'failed' });
      const status = await house.give<{ sources: SourceStatus[] }>('get_monitoring_status');
      expect(status.sources[0]).toMatchObject({ failuresInARow: 1 });
      expect(await house.give<MonitoredItem[]>('list_items')).toEqual([]);
    },
  );

  it('takes each of very many items once, and no more of them than it remembers', async () => {
    const items = Array.from({ length: 30_000 }, (_none, i) => ({ id: `i${i}`, uris: [] }));
    house = await MonitoringHouse.open({
      options: { maxSeen: 2_000, maxItemsPerCheck: 10 },
      adapters: [adapterThat(() => Promise.resolve({ items, cursor: null, unchanged: false }))],
    });
    const { id } = await house.give<SourceStatus>('add_source', { kind: 'odd', target: 'x', backfill: 5 });
    expect(await house.give('check_now', { sourceId: id })).toMatchObject({ newItems: 5, passedOver: 1_995 });
    expect(await house.give('check_now', { sourceId: id })).toMatchObject({ newItems: 0 });
  });

  it('ends a look where the store hangs, and goes on when it answers', async () => {
    house = await MonitoringHouse.open({
      adapters: [
        adapterThat(() =>
          Promise.resolve({ items: [{ id: 'a', uris: [] }], cursor: null, unchanged: false }),
        ),
      ],
    });
    const { id } = await house.give<SourceStatus>('add_source', { kind: 'odd', target: 'x' });
    const put = house.state.put.bind(house.state);
    house.state.put = () => new Promise(() => undefined);
    const looked = house.call('check_now', { sourceId: id });
    await house.clock.advance(61_000);
    expect(await looked).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('did not answer within 30000 ms') as unknown,
    });
    house.state.put = put;
    expect(await house.give('check_now', { sourceId: id })).toMatchObject({ newItems: 1 });
  });

  it('takes null for what was not given, and the name of any source for what it is', async () => {
    house = await MonitoringHouse.open({
      adapters: [adapterThat(() => Promise.resolve({ items: [], cursor: null, unchanged: true }))],
    });
    const nothing = {
      intervalMs: null,
      priority: null,
      backfill: null,
      depth: null,
      platform: null,
      enabled: null,
      name: null,
    };
    const added = await house.give<SourceStatus>('add_source', {
      kind: 'odd',
      target: '__proto__',
      ...nothing,
    });
    expect(added).toMatchObject({ platform: 'odd', enabled: true, name: '__proto__' });
    expect(added.intervalMs).toBeGreaterThanOrEqual(10_000);
    expect(await house.call('update_schedule', { sourceId: added.id, intervalMs: null })).toMatchObject({
      status: 'failed',
    });
    expect(await house.give<MonitoredItem[]>('list_items', { limit: null, offset: null })).toEqual([]);
    for (const sourceId of ['__proto__', 'constructor', 'x']) {
      expect(await house.call('check_now', { sourceId })).toMatchObject({
        details: { code: 'MONITOR_SOURCE_UNKNOWN' },
      });
    }
    expect(await house.call('remove_source', { sourceId: added.id }, 'other')).toMatchObject({
      success: false,
    });
    expect(await house.give('get_next_checks', {}, 'other')).toEqual([]);
  });
});
