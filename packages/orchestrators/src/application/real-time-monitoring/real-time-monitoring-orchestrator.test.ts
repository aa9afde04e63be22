import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@kapelle/core/testing';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakePortError, MemoryPorts } from '../../domain/autonomous-intelligence/fixtures/memory-ports.js';
import { MemoryStateStore } from '../../state/memory-state-store.js';
import type { StateStore } from '../../state/state-store.js';
import { type HouseOptions, MonitoringHouse } from './fixtures/monitoring-house.js';
import { aPage, rss, WatchedWeb } from './fixtures/watched-web.js';
import type { MonitoredItem } from './monitored-item.js';
import type { MonitoringStatus, NextCheck, SourceStatus } from './monitoring-status.js';
import type { SourceCheckReport } from './monitoring-engine.js';
import type { FoundItem, SourceAdapter } from './source-adapter.js';

let web: WatchedWeb;
const houses: MonitoringHouse[] = [];
const folders: string[] = [];

beforeEach(async () => {
  web = await WatchedWeb.start();
});
afterEach(async () => {
  for (const house of houses.splice(0)) if (house.test.host.state === 'running') await house.stop();
  await web.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function open(given?: HouseOptions): Promise<MonitoringHouse> {
  const house = await MonitoringHouse.open(given);
  houses.push(house);
  return house;
}

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'watched-'));
  folders.push(folder);
  return folder;
}

const status = (house: MonitoringHouse, tenantId?: string) =>
  house.give<MonitoringStatus>('get_monitoring_status', {}, tenantId);
const items = (house: MonitoringHouse, params: object = {}, tenantId?: string) =>
  house.give<MonitoredItem[]>('list_items', params, tenantId);
const add = (house: MonitoringHouse, params: object, tenantId?: string) =>
  house.give<SourceStatus>('add_source', params, tenantId);
/** Until nothing waits and nothing is under way. */
const settled = (house: MonitoringHouse, tenantId?: string) =>
  house.until(async () => {
    const { items: counts, inFlight } = await status(house, tenantId);
    return (counts.waiting ?? 0) + inFlight.checks + inFlight.analyses === 0;
  }, 'that all is settled');

/** A feed with pages behind it. */
function putFeed(path: string, ...names: readonly string[]): string {
  const entries = names.map((name) => ({ id: name, link: web.put(`/${name}.html`, aPage(name)) }));
  return web.put(path, rss(...entries), { type: 'application/rss+xml' });
}

/** A store that takes so many writes, and then none. */
function diesAfter(store: StateStore, writes: number): StateStore {
  let left = writes;
  return {
    durable: false,
    get: (at) => store.get(at),
    list: (of, options) => store.list(of, options),
    delete: (at) => store.delete(at),
    close: () => Promise.resolve(),
    put: (at, value, options) => {
      left -= 1;
      return left < 0 ? Promise.reject(new Error('the store has ended')) : store.put(at, value, options);
    },
  };
}

describe('RealTimeMonitoringOrchestrator', () => {
  it('watches a feed: has what is there analysed, then what is new, each once, also after a restart', async () => {
    const house = await open();
    const target = putFeed('/feed.xml', 'north', 'south');
    const source = await add(house, { kind: 'feed', target, platform: 'youtube', name: 'Bridges' });
    expect(source).toMatchObject({ intervalMs: 300_000, priority: 1, enabled: true, backfill: 10 });
    // Nothing happens before it is started.
    await house.pass(60_000);
    expect(web.answers).toEqual([]);

    expect(await house.give('start_monitoring')).toMatchObject({ running: true, uptimeMs: 0 });
    await settled(house);
    expect((await items(house)).map(({ title, status: is }) => [title, is]).sort()).toEqual([
      ['north', 'analysed'],
      ['south', 'analysed'],
    ]);
    const [first] = await items(house, { status: 'analysed', limit: 1 });
    expect(
      await house.test.facade.orchestrate(
        'autonomous_intelligence',
        house.test.context({ tenantId: 'acme' }),
        {
          operation: 'get',
          id: first?.briefingId ?? '',
        },
      ),
    ).toMatchObject({ status: 'ok', data: { document: { title: first?.title } } });

    putFeed('/feed.xml', 'west', 'north', 'south');
    await house.pass(270_000 - 10_000);
    expect(web.count('/feed.xml')).toBe(1);
    await house.pass(80_000);
    await settled(house);
    expect(web.count('/feed.xml')).toBe(2);
    expect(web.count('/west.html')).toBe(1);
    expect(await status(house)).toMatchObject({
      running: true,
      uptimeMs: 340_000,
      totals: { checks: 2, found: 3, analysed: 3, errors: 0, duplicates: 0 },
      items: { analysed: 3 },
      sources: [{ id: source.id, name: 'Bridges', failuresInARow: 0 }],
    });
    await house.stop();

    putFeed('/feed.xml', 'east', 'west', 'north', 'south');
    const again = await open({ state: house.state, ports: house.ports, clock: house.clock });
    expect(again.test.logs.records.some(({ event }) => event === 'monitoring_resumed')).toBe(true);
    await again.pass(340_000);
    await settled(again);
    expect(await status(again)).toMatchObject({
      running: true,
      totals: { checks: 3, found: 4, analysed: 4 },
    });
    for (const name of ['north', 'south', 'west', 'east'])
      expect([name, web.count(`/${name}.html`)]).toEqual([name, 1]);
  });

  it('asks with what it remembers of the last answer, and counts what has not changed', async () => {
    const house = await open();
    const target = putFeed('/feed.xml', 'north');
    web.put('/feed.xml', rss({ id: 'north', link: `${web.origin}/north.html` }), {
      headers: { etag: '"1"' },
    });
    const { id } = await add(house, { kind: 'feed', target });
    expect(await house.give('check_now', { sourceId: id })).toMatchObject({ newItems: 1, unchanged: false });
    expect(await house.give('check_now', { sourceId: id })).toMatchObject({ newItems: 0, unchanged: true });
    expect(web.answers).toEqual(['/feed.xml 200', '/feed.xml 304']);
    // The cursor outlives the process.
    await house.stop();
    const again = await open({ state: house.state, clock: house.clock });
    const report = await again.give<SourceCheckReport>('check_now', { sourceId: id });
    expect(report).toMatchObject({
      sourceId: id,
      platform: 'feed',
      unchanged: true,
      passedOver: 0,
      duplicates: 0,
    });
    expect(web.answers.at(-1)).toBe('/feed.xml 304');
    // What was found waits: monitoring was never started.
    expect(await status(again)).toMatchObject({
      running: false,
      items: { waiting: 1 },
      totals: { unchanged: 2 },
    });
    await again.give('start_monitoring');
    await settled(again);
    expect(await items(again)).toMatchObject([{ status: 'analysed', attempts: 0 }]);
  });

  it('starts once, stops, and starts again; and keeps tenants apart', async () => {
    const house = await open();
    const target = putFeed('/feed.xml', 'north');
    await add(house, { kind: 'feed', target });
    await add(house, { kind: 'feed', target }, 'other');
    const starts = await Promise.all([house.call('start_monitoring'), house.call('start_monitoring')]);
    expect(starts.map((result) => result.status).sort()).toEqual(['failed', 'ok']);
    expect(await house.call('start_monitoring')).toMatchObject({
      status: 'failed',
      errorCategory: 'constraint_violation',
      details: { code: 'MONITOR_RUNNING' },
    });
    await settled(house);
    expect([await items(house), await items(house, {}, 'other')]).toMatchObject([
      [{ status: 'analysed' }],
      [],
    ]);
    expect((await status(house, 'other')).running).toBe(false);
    expect(await house.call('stop_monitoring', {}, 'other')).toMatchObject({ status: 'skipped' });
    expect(await house.give('stop_monitoring')).toMatchObject({ running: false, uptimeMs: 0 });
    expect(await house.call('stop_monitoring')).toMatchObject({ status: 'skipped' });
    const before = web.count('/feed.xml');
    await house.pass(3_600_000);
    expect(web.count('/feed.xml')).toBe(before);
    await house.give('start_monitoring', {}, 'other');
    await settled(house, 'other');
    expect(await items(house, {}, 'other')).toHaveLength(1);
    // Each tenant has its own briefing.
    const ids = [(await items(house))[0], (await items(house, {}, 'other'))[0]].map(
      (item) => item?.contentHash,
    );
    expect(new Set(ids).size).toBe(1);
  });

  it('takes the transcript of an episode, and its page where that cannot be read', async () => {
    const house = await open();
    const vtt = web.put(
      '/one.vtt',
      'WEBVTT\n\n00:00:01.000 --> 00:00:09.000\nGood evening, everybody, and welcome to this talk about the bridges of the town.\n',
      { type: 'text/vtt' },
    );
    const page = web.put('/two.html', aPage('two'));
    const target = web.put(
      '/pod.xml',
      rss(
        {
          id: 'one',
          link: `${web.origin}/one.html`,
          date: 'Wed, 21 Oct 2026 07:28:00 GMT',
          transcripts: [
            ['/audio.bin', 'application/octet-stream'],
            ['/one.html', 'text/html'],
            ['/one.vtt', 'text/vtt'],
          ],
        },
        {
          id: 'two',
          link: page,
          date: 'Thu, 22 Oct 2026 07:28:00 GMT',
          transcripts: [['/gone.srt', 'application/srt']],
        },
        { id: 'three', date: 'Fri, 23 Oct 2026 07:28:00 GMT', link: 'file:///etc/passwd' },
      ),
    );
    await add(house, { kind: 'podcast', target });
    await house.give('start_monitoring');
    await settled(house);
    expect((await items(house)).sort((a, b) => ((a.title ?? '') < (b.title ?? '') ? -1 : 1))).toMatchObject([
      { title: 'one', uri: vtt, status: 'analysed' },
      // Nothing of this machine, whatever a feed says.
      { title: 'three', uri: '', status: 'noted' },
      { title: 'two', uri: page, status: 'analysed', publishedAt: '2026-10-22T07:28:00.000Z' },
    ]);
    // The oldest first.
    expect(house.content.asked).toEqual([vtt, `${web.origin}/gone.srt`, page]);
  });

  it('takes a page again when its words change, not when its markup does', async () => {
    const house = await open();
    const target = web.put('/page', aPage('north'));
    const { id } = await add(house, { kind: 'page', target: `${target}#top`, intervalMs: 10_000 });
    await house.give('start_monitoring');
    await settled(house);
    web.put('/page', aPage('north').replace('<body>', '<body data-token="8472"><!-- 17:04 -->'));
    await house.pass(30_000);
    await settled(house);
    expect(await items(house)).toHaveLength(1);
    web.put('/page', aPage('south'));
    await house.pass(30_000);
    await settled(house);
    expect((await items(house)).map(({ title, sourceId }) => [title, sourceId])).toEqual([
      ['south', id],
      ['north', id],
    ]);
  });

  it('watches a folder by size and time, reads what changed, and leaves alone what is still written to', async () => {
    const folder = await aFolder();
    const clock = new FakeClock();
    const options = { folders: [folder], passOver: (path: string) => path.endsWith('made-here.md') };
    const house = await open({ options, clock });
    const write = async (name: string, text: string, ageMs = 60_000) => {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), text);
      const at = new Date(clock.now() - ageMs);
      await utimes(join(folder, name), at, at);
    };
    const words = (about: string) =>
      `The ${about} bridge was built by the town in 1961, and it is a good bridge for all.`;
    await write('a.txt', words('north'));
    await write('deep/b.md', words('south'));
    await write('.hidden.txt', words('hidden'));
    await write('deep/made-here.md', words('made'));
    await write('picture.png', 'x');
    await write('copying.txt', words('half a'), 500);
    await symlink('/etc/hostname', join(folder, 'link.txt'));
    await add(house, { kind: 'folder', target: `${folder}/`, intervalMs: 10_000 });
    await house.give('start_monitoring');
    const titles = async () => {
      await settled(house);
      return (await items(house)).map(({ title, status: is }) => `${title ?? ''} ${is}`).sort();
    };
    expect(await titles()).toEqual(['a.txt analysed', 'b.md analysed']);
    // Quiet since the look before.
    await house.pass(20_000);
    await house.until(async () => (await items(house)).length === 3);
    expect(await titles()).toEqual(['a.txt analysed', 'b.md analysed', 'copying.txt analysed']);
    // Touched, with the same content; and changed.
    await write('a.txt', words('north'), 10_000);
    await write('deep/b.md', words('west'), 10_000);
    await house.pass(20_000);
    await house.until(async () => (await items(house)).length === 4);
    expect(await titles()).toEqual([
      'a.txt analysed',
      'b.md analysed',
      'b.md analysed',
      'copying.txt analysed',
    ]);
    // The same content under another name has its briefing already.
    await write('copy-of-a.txt', words('north'), 10_000);
    await house.pass(20_000);
    await house.until(async () => (await items(house)).length === 5);
    await settled(house);
    expect(await items(house, { status: 'duplicate' })).toMatchObject([{ title: 'copy-of-a.txt' }]);
    await rm(folder, { recursive: true });
    await house.pass(20_000);
    await house.until(async () => (await status(house)).totals.errors > 0);
    expect((await status(house)).sources[0]?.lastError).toMatchObject({ code: 'MONITOR_SOURCE_UNREADABLE' });
  });

  it('has every item of a feed file in a folder analysed, and of a changed one what is new', async () => {
    const folder = await aFolder();
    const clock = new FakeClock();
    const house = await open({ options: { folders: [folder] }, clock });
    const path = join(folder, 'feed.xml');
    const write = async (...names: readonly string[]) => {
      const entries = names.map(
        (name) =>
          `<item><title>${name}</title><description>The ${name} bridge was built by the town in 1961, and it is good.</description></item>`,
      );
      await writeFile(
        path,
        `<rss version="2.0"><channel><title>B</title>${entries.join('')}</channel></rss>`,
      );
      const at = new Date(clock.now() - 60_000);
      await utimes(path, at, at);
    };
    const titles = async (is: string) => {
      await settled(house);
      return (await items(house, { status: is })).map(({ title }) => title).sort();
    };
    await write('north', 'south');
    await add(house, { kind: 'folder', target: folder, intervalMs: 10_000 });
    await house.give('start_monitoring');
    await house.until(async () => (await items(house)).length === 2);
    expect(await titles('analysed')).toEqual(['feed.xml: north', 'feed.xml: south']);
    const found = await items(house);
    expect(new Set(found.map(({ briefingId }) => briefingId)).size).toBe(2);
    expect((await status(house)).totals).toMatchObject({ analysed: 2 });

    await write('west', 'north', 'south');
    await house.pass(20_000);
    await house.until(async () => (await items(house)).length === 5);
    expect(await titles('analysed')).toEqual(['feed.xml: north', 'feed.xml: south', 'feed.xml: west']);
    expect(await titles('duplicate')).toEqual(['feed.xml: north', 'feed.xml: south']);

    // More than are taken: said, not silent.
    await write(...Array.from({ length: 102 }, (_, at) => `bridge${String(at)}`));
    await house.pass(20_000);
    await house.until(async () => (await items(house, { limit: 500 })).length === 105);
    await settled(house);
    expect((await items(house, { limit: 500 })).filter(({ leftOut }) => leftOut === 2)).toHaveLength(1);
    expect(await items(house, { status: 'failed' })).toEqual([]);
  }, 60_000);

  it('watches only folders that it may, not through a link either', async () => {
    const [allowed, secret] = [await aFolder(), await aFolder()];
    await symlink(secret, join(allowed, 'link'));
    const house = await open({ options: { folders: [allowed] } });
    for (const target of [
      secret,
      `${allowed}/../${secret.split('/').at(-1) ?? ''}`,
      `${allowed}x`,
      'relative',
      '/',
    ]) {
      expect([target, await house.call('add_source', { kind: 'folder', target })]).toMatchObject([
        target,
        { status: 'failed', errorCategory: 'validation', details: { code: 'MONITOR_TARGET_INVALID' } },
      ]);
    }
    const { id } = await add(house, { kind: 'folder', target: join(allowed, 'link') });
    expect(await house.call('check_now', { sourceId: id })).toMatchObject({
      details: { code: 'MONITOR_TARGET_INVALID' },
    });
  });

  it('analyses once what two feeds bring, and takes of a long feed the newest', async () => {
    const house = await open();
    const names = Array.from({ length: 12 }, (_, at) => `item${at}`);
    const one = await add(house, { kind: 'feed', target: putFeed('/one.xml', ...names), backfill: 3 });
    const two = await add(house, {
      kind: 'feed',
      target: putFeed('/two.xml', 'item0', 'item1', 'other'),
      backfill: 3,
    });
    await house.give('start_monitoring');
    await settled(house);
    const counts = (await status(house)).sources.map(({ id, counts: { found, passedOver, duplicates } }) => [
      id,
      found + duplicates,
      passedOver,
    ]);
    expect(counts).toEqual(
      expect.arrayContaining([
        [one.id, 3, 9],
        [two.id, 3, 0],
      ]),
    );
    expect((await status(house)).totals).toMatchObject({ found: 4, duplicates: 2, analysed: 4 });
    expect((await items(house)).map(({ title }) => title).sort()).toEqual([
      'item0',
      'item1',
      'item2',
      'other',
    ]);
    expect(web.count('/item0.html')).toBe(1);
    await house.pass(2_000_000);
    expect((await items(house)).length).toBe(4);
  });

  it('takes a flood in parts, the oldest first, and loses nothing', async () => {
    const house = await open({ options: { maxItemsPerCheck: 4, maxWaiting: 6 } });
    const names = Array.from({ length: 15 }, (_, at) => `item${String(at).padStart(2, '0')}`);
    web.put('/feed.xml', rss({ id: 'zero', link: web.put('/zero.html', aPage('zero')) }), {
      headers: { etag: '"0"' },
    });
    const { id } = await add(house, { kind: 'feed', target: `${web.origin}/feed.xml` });
    await house.give('start_monitoring');
    await settled(house);
    putFeed('/feed.xml', ...names);
    web.put('/feed.xml', rss(...names.map((name) => ({ id: name, link: `${web.origin}/${name}.html` }))), {
      headers: { etag: '"1"' },
    });
    await house.give('stop_monitoring');
    expect(await house.give('check_now', { sourceId: id })).toMatchObject({ newItems: 4 });
    expect(await house.give('check_now', { sourceId: id })).toMatchObject({ newItems: 2 });
    expect(await house.call('check_now', { sourceId: id })).toMatchObject({
      status: 'failed',
      errorCategory: 'service_overloaded',
      details: { code: 'MONITOR_BACKLOG_FULL' },
    });
    expect((await items(house, { status: 'waiting' })).map(({ title }) => title).sort()).toEqual(
      names.slice(-6),
    );
    await house.give('start_monitoring');
    await house.until(async () => {
      await house.clock.advance(10_000);
      return (await items(house, { status: 'analysed', limit: 500 })).length === 16;
    });
    expect((await status(house)).totals).toMatchObject({ found: 16, analysed: 16 });
  });

  it('tries an item again that may succeed later, within bounds, and gives up what cannot', async () => {
    const options = { maxAnalysisAttempts: 3, retryAnalysisMs: 60_000 };
    const house = await open({ options });
    const target = putFeed('/feed.xml', 'later', 'never', 'broken');
    const failing = (name: string, code: string, retryable: boolean, times: number) =>
      house.content.failures.set(
        `${web.origin}/${name}.html`,
        Array.from({ length: times }, () => new FakePortError(code, retryable)),
      );
    // Each analysis asks three times for content that may come.
    failing('later', 'SOURCE_TIMEOUT', true, 4);
    failing('never', 'SOURCE_TIMEOUT', true, 1_000);
    failing('broken', 'SOURCE_BLOCKED_ADDRESS', false, 1);
    await add(house, { kind: 'feed', target });
    await house.give('start_monitoring');
    await house.pass(30_000);
    await house.until(async () => (await items(house, { status: 'failed' })).length === 1);
    expect(await items(house, { status: 'failed' })).toMatchObject([
      {
        title: 'broken',
        attempts: 1,
        error: { code: 'SOURCE_BLOCKED_ADDRESS', category: 'policy_violation' },
      },
    ]);
    expect(await items(house, { status: 'waiting' })).toMatchObject([{ attempts: 1 }, { attempts: 1 }]);
    await house.stop();
    // The rest of the attempts belongs to another process.
    const again = await open({ options, state: house.state, clock: house.clock });
    failing('never', 'SOURCE_TIMEOUT', true, 1_000);
    again.content.failures.set(
      `${web.origin}/never.html`,
      house.content.failures.get(`${web.origin}/never.html`) ?? [],
    );
    await again.pass(120_000);
    await again.until(async () => (await items(again, { status: 'analysed' })).length === 1);
    expect(await items(again, { status: 'analysed' })).toMatchObject([{ title: 'later' }]);
    expect(await items(again, { status: 'waiting' })).toMatchObject([{ title: 'never', attempts: 2 }]);
    await again.pass(200_000);
    expect(
      (await items(again, { status: 'failed' }))
        .map(({ title, attempts }) => `${title ?? ''} ${attempts}`)
        .sort(),
    ).toEqual(['broken 1', 'never 3']);
  });

  it('leaves a source alone for longer the more often it fails, says so, and forgets it at once when it works', async () => {
    const house = await open({ options: { maxBackOffMs: 160_000 } });
    const target = web.put('/feed.xml', '', { status: 500 });
    const { id } = await add(house, { kind: 'feed', target, intervalMs: 20_000 });
    await house.give('start_monitoring');
    const waits: number[] = [];
    for (let failures = 1; failures <= 5; failures += 1) {
      await house.until(async () => (await status(house)).sources[0]?.failuresInARow === failures);
      const [next] = await house.give<NextCheck[]>('get_next_checks');
      waits.push((next?.inMs ?? 0) / 20_000);
      await house.clock.advance(Math.ceil((next?.inMs ?? 0) / 10_000) * 10_000);
    }
    // 20 s, 40 s, 80 s, 160 s, 160 s, each ± 10 %.
    expect(waits.map((wait) => Math.round(Math.log2(wait)) || 0)).toEqual([0, 1, 2, 3, 3]);
    await house.until(async () => (await status(house)).sources[0]?.failuresInARow === 6);
    const health = await house.test.host.health();
    expect(health.orchestrators['real_time_monitoring']).toMatchObject({ status: 'degraded' });
    expect((await status(house)).sources[0]?.lastError).toMatchObject({ code: 'MONITOR_SOURCE_STATUS' });
    expect(await house.call('check_now', { sourceId: id })).toMatchObject({
      status: 'failed',
      errorCategory: 'external_service_error',
      retryable: true,
    });
    putFeed('/feed.xml', 'north');
    expect(await house.give('check_now', { sourceId: id })).toMatchObject({ newItems: 1 });
    const [source] = (await status(house)).sources;
    expect([source?.failuresInARow, source?.lastError]).toEqual([0, undefined]);
    // A server that says when has its way, beyond the cap.
    web.put('/feed.xml', '', { status: 429, headers: { 'retry-after': '600' } });
    await house.call('check_now', { sourceId: id });
    const [next] = await house.give<NextCheck[]>('get_next_checks');
    expect(next?.inMs).toBeGreaterThanOrEqual(540_000);
    await settled(house);
  });

  it('changes a schedule while it runs: interval, priority, enabled, of one source and of a platform', async () => {
    const house = await open();
    const one = await add(house, { kind: 'feed', target: putFeed('/one.xml', 'one'), platform: 'reddit' });
    const two = await add(house, { kind: 'feed', target: putFeed('/two.xml', 'two'), platform: 'reddit' });
    const page = await add(house, { kind: 'page', target: web.put('/p', aPage('p')), platform: 'tiktok' });
    expect([one, page].map(({ intervalMs, priority }) => [intervalMs, priority])).toEqual([
      [1_800_000, 3],
      [600_000, 2],
    ]);
    await house.give('start_monitoring');
    await settled(house);
    await house.give('update_schedule', { sourceId: one.id, intervalMs: 10_000 });
    await house.pass(40_000);
    expect([web.count('/one.xml') >= 3, web.count('/two.xml')]).toEqual([true, 1]);
    const counted = web.count('/one.xml');
    const changed = await house.give<SourceStatus[]>('update_schedule', {
      platform: 'reddit',
      enabled: false,
      priority: 5,
    });
    expect(changed.map(({ id, enabled, priority }) => [id, enabled, priority])).toEqual([
      [one.id, false, 5],
      [two.id, false, 5],
    ]);
    expect((await house.give<NextCheck[]>('get_next_checks')).map(({ sourceId }) => sourceId)).toEqual([
      page.id,
    ]);
    await house.pass(60_000);
    expect(web.count('/one.xml')).toBe(counted);
    await house.give('update_schedule', { sourceId: one.id, enabled: true });
    await house.until(() => web.count('/one.xml') === counted + 1);
    const checks = await house.give<NextCheck[]>('get_next_checks');
    expect(checks.map(({ dueAt }) => dueAt)).toEqual(checks.map(({ dueAt }) => dueAt).sort((a, b) => a - b));

    for (const [params, code] of [
      [{}, 'MONITOR_CHOICE_INVALID'],
      [{ sourceId: one.id }, 'MONITOR_CHOICE_INVALID'],
      [{ sourceId: one.id, platform: 'reddit', enabled: true }, 'MONITOR_CHOICE_INVALID'],
      [{ sourceId: 'none', enabled: true }, 'MONITOR_SOURCE_UNKNOWN'],
      [{ platform: 'twitch', enabled: true }, 'MONITOR_SOURCE_UNKNOWN'],
    ] as const) {
      expect([params, await house.call('update_schedule', params)]).toMatchObject([
        params,
        { details: { code } },
      ]);
    }
    expect(await house.call('update_schedule', { sourceId: one.id, intervalMs: 9_999 })).toMatchObject({
      status: 'failed',
      errorCategory: 'validation',
    });
    await settled(house);
  });

  it('looks at the most urgent sources first when it cannot look at all', async () => {
    const order: string[] = [];
    const waiting: (() => void)[] = [];
    const slow: SourceAdapter = {
      kind: 'discord',
      checkTarget: (target) => target,
      look: ({ target }) =>
        new Promise((resolve) => {
          order.push(target);
          waiting.push(() => resolve({ items: [], cursor: null, unchanged: false }));
        }),
    };
    const house = await open({ options: { maxChecks: 2 }, adapters: [slow], withHttp: false });
    for (const [target, priority] of [
      ['c', 3],
      ['a', 1],
      ['d', 4],
      ['b', 2],
      ['e', 1],
    ] as const) {
      await add(house, { kind: 'discord', target, priority });
    }
    await house.give('start_monitoring');
    for (let done = 0; done < 5; done += 1) {
      await house.until(() => waiting.length > 0);
      expect((await status(house)).inFlight.checks).toBeLessThanOrEqual(2);
      waiting.shift()?.();
    }
    await settled(house);
    expect(order).toEqual(['a', 'e', 'b', 'c', 'd']);
  });

  it('ends a look that takes too long, and everything under way when the host stops', async () => {
    let isAborted = false;
    const stuck: SourceAdapter = {
      kind: 'discord',
      checkTarget: (target) => target,
      look: ({ signal }) =>
        new Promise(() => signal.addEventListener('abort', () => (isAborted = true), { once: true })),
    };
    const house = await open({ options: { checkTimeoutMs: 30_000 }, adapters: [stuck] });
    const { id } = await add(house, { kind: 'discord', target: 'x' });
    await house.give('start_monitoring');
    const joined = house.call('check_now', { sourceId: id });
    await house.clock.advance(30_000);
    expect(await joined).toMatchObject({
      errorCategory: 'timeout',
      details: { code: 'MONITOR_CHECK_TIMEOUT' },
    });
    expect(isAborted).toBe(true);
    await house.until(async () => {
      await house.clock.advance(10_000);
      return (await status(house)).inFlight.checks === 1;
    });
    await house.stop();
    // An end is no failure of the source.
    const again = await open({ state: house.state, clock: house.clock, adapters: [stuck] });
    expect((await status(again)).totals.errors).toBe(1);
  });

  it('keeps an item waiting whose analysis the end of the host interrupted', async () => {
    const house = await open();
    const target = putFeed('/feed.xml', 'north');
    await add(house, { kind: 'feed', target });
    await house.give('start_monitoring');
    const release = web.hold();
    await house.until(async () => (await status(house)).inFlight.checks === 1);
    release();
    await house.until(() => web.count('/feed.xml') === 1);
    const holdAgain = web.hold();
    await house.until(async () => (await status(house)).inFlight.analyses === 1);
    const stopping = house.test.host.stop();
    await house.clock.advance(60_000);
    const report = await stopping;
    expect(report.failures).toEqual([]);
    house.http.close();
    holdAgain();
    const again = await open({ state: house.state, clock: house.clock });
    await again.pass(10_000);
    await settled(again);
    expect(await items(again)).toMatchObject([{ title: 'north', status: 'analysed', attempts: 0 }]);
  });

  it('removes a source while it is looked at, with what of it waits, and takes it up again', async () => {
    const house = await open();
    const target = putFeed('/feed.xml', 'north', 'south');
    const { id } = await add(house, { kind: 'feed', target });
    await house.give('check_now', { sourceId: id });
    const release = web.hold();
    const look = house.call('check_now', { sourceId: id });
    expect(await house.give('remove_source', { sourceId: id })).toEqual({ droppedItems: 2 });
    release();
    expect(await look).toMatchObject({ status: 'failed', details: { code: 'MONITOR_SOURCE_UNKNOWN' } });
    expect(await status(house)).toMatchObject({ sources: [], items: {} });
    for (const operation of ['remove_source', 'check_now']) {
      expect(await house.call(operation, { sourceId: id })).toMatchObject({
        errorCategory: 'not_found',
        details: { code: 'MONITOR_SOURCE_UNKNOWN' },
      });
    }
    await add(house, { kind: 'feed', target });
    expect(await house.give('check_now', { sourceId: id })).toMatchObject({ newItems: 2 });
  });

  it('refuses a source that it knows, that it cannot watch, or that is one too many', async () => {
    const house = await open({ options: { maxSources: 2 } });
    const { id } = await add(house, { kind: 'feed', target: 'https://Example.org/feed#now' });
    const cases: [object, string, object?][] = [
      [{ kind: 'feed', target: 'https://example.org/feed' }, 'MONITOR_SOURCE_KNOWN', { sourceId: id }],
      [{ kind: 'folder', target: '/tmp' }, 'MONITOR_KIND_UNKNOWN'],
      [{ kind: 'discord', target: '1' }, 'MONITOR_KIND_UNKNOWN'],
      [{ kind: 'feed', target: 'file:///etc/passwd' }, 'MONITOR_TARGET_INVALID'],
      [{ kind: 'page', target: 'not a url' }, 'MONITOR_TARGET_INVALID'],
      [{ kind: 'page', target: 'https://me:pw@example.org/' }, 'MONITOR_TARGET_INVALID'],
    ];
    for (const [params, code, details = {}] of cases) {
      expect([params, await house.call('add_source', params)]).toMatchObject([
        params,
        { details: { code, ...details } },
      ]);
    }
    for (const wrong of [
      { intervalMs: 9_999 },
      { priority: 0 },
      { backfill: -1 },
      { kind: 'Feed' },
      { target: '' },
    ]) {
      expect(
        await house.call('add_source', { kind: 'feed', target: 'https://x.example/', ...wrong }),
      ).toMatchObject({
        status: 'failed',
        errorCategory: 'validation',
      });
    }
    await add(house, { kind: 'page', target: 'https://example.org/feed' });
    expect(await house.call('add_source', { kind: 'page', target: 'https://example.org/2' })).toMatchObject({
      errorCategory: 'resource_exhausted',
      details: { code: 'MONITOR_FULL' },
    });
    // Without an HTTP client there is nothing of the web, and that is seen where there was one before.
    await house.give('start_monitoring');
    const dumb = await open({ withHttp: false, state: house.state });
    expect((await dumb.test.host.health()).orchestrators['real_time_monitoring']).toMatchObject({
      status: 'degraded',
    });
    expect(await dumb.call('add_source', { kind: 'feed', target: 'https://example.org/' })).toMatchObject({
      details: { code: 'MONITOR_KIND_UNKNOWN' },
    });
  });

  it('writes no password of a private feed into its log', async () => {
    const house = await open();
    const link = web.put('/north.html?token=hush', aPage('north'));
    const target = web.put('/feed.xml?token=hush', rss({ id: 'north', link: link.replace('&', '&amp;') }));
    await add(house, { kind: 'feed', target });
    await add(house, { kind: 'feed', target: `${web.origin}/none.xml?token=hush` });
    await house.give('start_monitoring');
    await settled(house);
    const own = house.test.logs.records.filter(({ event }) =>
      /^(source|item|monitoring|schedule)_/.test(event),
    );
    expect(own.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['source_items_found', 'source_check_failed', 'item_analysed']),
    );
    expect(JSON.stringify(own)).not.toContain('hush');
  });

  it('does not go to addresses inside, of a source or of what it leads to', async () => {
    const house = await open();
    for (const target of ['http://169.254.169.254/latest/', 'http://10.0.0.1/', 'http://[fd00::1]/feed']) {
      const { id } = await add(house, { kind: 'feed', target });
      expect([target, await house.call('check_now', { sourceId: id })]).toMatchObject([
        target,
        { status: 'failed', errorCategory: 'policy_violation', details: { code: 'HTTP_ADDRESS_FORBIDDEN' } },
      ]);
    }
  });

  it('goes on where the store fails for a while, and tells of records it cannot read', async () => {
    const house = await open();
    const target = putFeed('/feed.xml', 'north');
    const { id } = await add(house, { kind: 'feed', target });
    const put = house.state.put.bind(house.state);
    house.state.put = () => Promise.reject(new Error('the disk is full'));
    expect(await house.call('check_now', { sourceId: id })).toMatchObject({ status: 'failed' });
    expect(await house.call('start_monitoring')).toMatchObject({ status: 'failed' });
    house.state.put = put;
    // Nothing was taken for seen that was not stored.
    expect(await house.give('check_now', { sourceId: id })).toMatchObject({ newItems: 1 });
    await house.give('start_monitoring');
    await settled(house);
    await house.stop();

    const broken = { tenantId: 'acme', collection: 'real_time_monitoring.sources', key: 'x' };
    await house.state.put(broken, { formatVersion: 2 });
    const again = await open({ state: house.state, clock: house.clock });
    expect((await again.test.host.health()).orchestrators['real_time_monitoring']).toMatchObject({
      status: 'degraded',
    });
    expect(await again.call('get_monitoring_status')).toMatchObject({
      status: 'failed',
      details: { code: 'MONITOR_STATE_UNREADABLE' },
    });
    expect((await status(again, 'other')).running).toBe(false);
    await again.state.delete(broken);
    expect((await status(again)).running).toBe(true);
  });

  it('loses nothing and takes nothing twice, at whatever write the store ends', async () => {
    const clock = new FakeClock();
    const target = putFeed('/feed.xml', 'north', 'south', 'west');
    for (let writes = 0; writes <= 12; writes += 1) {
      const state = new MemoryStateStore();
      const ports = new MemoryPorts();
      const dying = await open({ state: diesAfter(state, writes + 2), ports, clock });
      await dying.give('start_monitoring');
      await add(dying, { kind: 'feed', target });
      await dying.until(async () => {
        const { inFlight, sources } = await status(dying);
        return inFlight.checks + inFlight.analyses === 0 && sources[0]?.lastCheckAt !== undefined;
      });
      await dying.stop();
      const again = await open({ state, ports, clock });
      // The next look is due after half an hour at most.
      await again.pass(10_000);
      for (const { id } of (await status(again)).sources) await again.give('check_now', { sourceId: id });
      await settled(again);
      const all = await items(again);
      expect([writes, all.map(({ title, status: is }) => `${title ?? ''} ${is}`).sort()]).toEqual([
        writes,
        ['north analysed', 'south analysed', 'west analysed'],
      ]);
      expect((await ports.store.list('acme')).length).toBe(3);
      await again.stop();
    }
  });

  it('forgets the oldest of what is done, and lists in pages', async () => {
    const found: FoundItem[] = [];
    const source: SourceAdapter = {
      kind: 'discord',
      checkTarget: (target) => target,
      look: () => Promise.resolve({ items: found, cursor: null, unchanged: false }),
    };
    const state = new MemoryStateStore();
    const house = await open({
      options: { maxFinished: 5 },
      adapters: [source],
      state,
      ports: new MemoryPorts(),
    });
    const { id } = await add(house, { kind: 'discord', target: 'x' });
    for (let at = 0; at < 12; at += 1) {
      found.unshift({ id: `item ${at}`, uris: [], title: `t${String(at).padStart(2, '0')}` });
      await house.give('check_now', { sourceId: id });
      await house.clock.advance(1_000);
    }
    expect((await items(house)).map(({ title }) => title)).toEqual(['t11', 't10', 't09', 't08', 't07']);
    expect((await items(house, { limit: 2, offset: 1 })).map(({ title }) => title)).toEqual(['t10', 't09']);
    expect(await items(house, { sourceId: 'another' })).toEqual([]);
    expect(await state.list({ tenantId: 'acme', collection: 'real_time_monitoring.items' })).toHaveLength(5);
    expect((await status(house)).totals.found).toBe(12);
  });
});
