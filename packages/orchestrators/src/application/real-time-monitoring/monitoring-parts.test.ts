import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseFeed } from 'feedsmith';
import { feedItems } from './adapters/feed-items.js';
import { sourceAdapters } from './adapters/source-adapters.js';
import { backOffMs, spread, withJitter } from './check-times.js';
import { AGING_MS, nextJob } from './due-jobs.js';
import { rss } from './fixtures/watched-web.js';
import { itemAfter } from './item-progress.js';
import { newItem } from './monitored-item.js';
import { type MonitoredSource, NO_COUNTS } from './monitored-source.js';
import { resolveMonitoringOptions } from './monitoring-options.js';
import { MAX_INTERVAL_MS, MIN_INTERVAL_MS, presetOf, SCHEDULE_PRESETS } from './schedule-presets.js';
import { rescheduled, sortFindings, sourceAfterFailure, sourceAfterLook } from './source-progress.js';

const aSource = (more: Partial<MonitoredSource> = {}): MonitoredSource => ({
  formatVersion: 1,
  id: 's',
  kind: 'feed',
  platform: 'feed',
  name: 'S',
  target: 'https://example.org/',
  intervalMs: 60_000,
  priority: 2,
  enabled: true,
  backfill: 10,
  addedAt: 0,
  cursor: 'old',
  nextCheckAt: 0,
  failuresInARow: 0,
  counts: NO_COUNTS,
  ...more,
});
const settings = resolveMonitoringOptions({});

describe('schedules', () => {
  it('have the intervals and priorities of the platforms', () => {
    const minutes = Object.entries(SCHEDULE_PRESETS).map(([name, { intervalMs, priority }]) => [
      name,
      intervalMs / 60_000,
      priority,
    ]);
    expect(minutes.slice(0, 7)).toEqual([
      ['twitch', 2, 1],
      ['discord', 2, 1],
      ['youtube', 5, 1],
      ['twitter', 5, 1],
      ['tiktok', 10, 2],
      ['instagram', 15, 2],
      ['reddit', 30, 3],
    ]);
    expect(presetOf('youtube', 'feed')).toBe(SCHEDULE_PRESETS.youtube);
    expect(presetOf('unheard_of', 'podcast')).toBe(SCHEDULE_PRESETS.podcast);
    expect(presetOf('constructor', 'toString')).toEqual({ intervalMs: 900_000, priority: 2 });
  });

  it('are spread evenly and repeatably, never sooner than the least interval', () => {
    const spreads = Array.from({ length: 2_000 }, (_, at) => spread(`source ${at}`));
    expect(Math.min(...spreads)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...spreads)).toBeLessThanOrEqual(1.000_001);
    expect(Math.abs(spreads.reduce((sum, each) => sum + each, 0) / spreads.length)).toBeLessThan(0.05);
    expect(withJitter(1_000, 'x')).toBe(withJitter(1_000, 'x'));
    const findings = { items: [], cursor: 'new', unchanged: false };
    const intake = { fresh: [], duplicates: 0, passedOver: 0, seen: [], isComplete: true };
    fc.assert(
      fc.property(
        fc.integer({ min: MIN_INTERVAL_MS, max: MAX_INTERVAL_MS }),
        fc.nat(100),
        fc.nat(1e7),
        (intervalMs, failuresInARow, retryAfterMs) => {
          const source = aSource({ intervalMs, failuresInARow });
          const good = sourceAfterLook(source, findings, intake, 0);
          expect(good.nextCheckAt).toBeGreaterThanOrEqual(Math.max(MIN_INTERVAL_MS, intervalMs * 0.9 - 1));
          expect(good.nextCheckAt).toBeLessThanOrEqual(intervalMs * 1.1 + MIN_INTERVAL_MS);
          const error = { message: '', category: 'network', at: 0 };
          const bad = sourceAfterFailure(source, error, retryAfterMs, 0, settings);
          expect(bad.nextCheckAt).toBeGreaterThanOrEqual(0.9 * Math.max(intervalMs, retryAfterMs) - 1);
          expect(bad.nextCheckAt).toBeLessThanOrEqual(
            1.1 * Math.max(intervalMs, settings.maxBackOffMs, retryAfterMs) + 1,
          );
          expect(bad.cursor).toBe('old');
          expect(good).toMatchObject({ cursor: 'new', failuresInARow: 0 });
        },
      ),
      { seed: 11 },
    );
    expect([1, 2, 3, 40].map((failures) => backOffMs(failures, 10, 60))).toEqual([10, 20, 40, 60]);
  });

  it('count a new interval from the last look, and change nothing else by themselves', () => {
    const source = aSource({ lastCheckAt: 100_000, nextCheckAt: 160_000, failuresInARow: 2 });
    expect(rescheduled(source, { intervalMs: 30_000 }, 110_000)).toMatchObject({
      nextCheckAt: 130_000,
      failuresInARow: 0,
    });
    expect(rescheduled(source, { intervalMs: 10_000 }, 150_000).nextCheckAt).toBe(150_000);
    expect(rescheduled(source, { enabled: false }, 110_000)).toEqual({ ...source, enabled: false });
    expect(rescheduled(source, { intervalMs: 60_000, priority: 1 }, 110_000)).toEqual({
      ...source,
      priority: 1,
    });
    expect(rescheduled(aSource(), { intervalMs: 30_000 }, 5_000).nextCheckAt).toBe(5_000);
  });
});

describe('due jobs', () => {
  it('come by urgency, then by tenant, then by age, and nobody waits for ever', () => {
    const job = (tenantId: string, priority: number, dueAt: number) => ({ tenantId, priority, dueAt });
    const now = 10 * AGING_MS;
    const busy = new Map([['a', 2]]);
    expect(nextJob([], now, busy)).toBeUndefined();
    expect(nextJob([job('a', 3, now), job('a', 1, now)], now, busy)).toMatchObject({ priority: 1 });
    expect(nextJob([job('a', 1, now - 5), job('b', 1, now)], now, busy)).toMatchObject({ tenantId: 'b' });
    expect(nextJob([job('b', 1, now - 4), job('b', 1, now - 5)], now, busy)).toMatchObject({
      dueAt: now - 5,
    });
    // After so long the least urgent one is as urgent as any, and older.
    expect(nextJob([job('b', 1, now), job('b', 9, now - 8 * AGING_MS)], now, busy)).toMatchObject({
      priority: 9,
    });
    expect(nextJob([job('b', 1, now), job('b', 9, now - 7 * AGING_MS)], now, busy)).toMatchObject({
      priority: 1,
    });
  });
});

describe('findings', () => {
  it('are each taken exactly once, however the looks are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(40), { maxLength: 12 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 6 }),
        (looks, room) => {
          const seen = new Set<string>();
          const taken: string[] = [];
          let source = aSource({ lastSuccessAt: 0 });
          for (const ids of [
            ...looks,
            ...looks.slice(-1).flatMap((last) => Array.from({ length: 20 }, () => last)),
          ]) {
            const items = ids.map((id) => ({ id: `${id}`, uris: [`https://example.org/${id}`] }));
            const findings = { items, cursor: 'new', unchanged: false };
            const intake = sortFindings(
              source,
              findings,
              (id) => seen.has(id),
              () => undefined,
              room,
            );
            expect(intake.fresh.length + intake.duplicates).toBeLessThanOrEqual(room);
            taken.push(...intake.fresh.map(({ id }) => id));
            intake.seen.forEach((id) => seen.add(id));
            source = sourceAfterLook(source, findings, intake, 1);
            expect(source.cursor === 'new' || !intake.isComplete || source.cursor === 'old').toBe(true);
          }
          expect(new Set(taken).size).toBe(taken.length);
          // What stays in the source is taken in the end.
          const last = new Set((looks.at(-1) ?? []).map(String));
          expect([...last].filter((id) => !taken.includes(id))).toEqual([]);
        },
      ),
      { seed: 13 },
    );
  });

  it('become waiting items that end in one of the ends', () => {
    const item = newItem(aSource(), { id: 'a', uris: ['https://example.org/1', 'https://example.org/2'] }, 5);
    expect(item).toMatchObject({ status: 'waiting', uri: 'https://example.org/1', nextAttemptAt: 5 });
    const error = { message: 'm', category: 'network', at: 0 };
    const passing = { kind: 'failed', error, retryable: true, retryAfterMs: 500_000 } as const;
    const again = itemAfter(item, passing, 10, settings, false);
    expect(again).toMatchObject({ status: 'waiting', attempts: 1 });
    expect(again.nextAttemptAt).toBeGreaterThanOrEqual(10 + 450_000);
    const next = itemAfter(again, { kind: 'failed', error, retryable: false }, 10, settings, false);
    expect(next).toMatchObject({
      status: 'waiting',
      uri: 'https://example.org/2',
      otherUris: [],
      attempts: 0,
      nextAttemptAt: 10,
    });
    let last = next;
    for (let attempt = 0; attempt < 4; attempt += 1) last = itemAfter(last, passing, 10, settings, false);
    expect(last).toMatchObject({ status: 'waiting', attempts: 4 });
    last = itemAfter(last, passing, 20, settings, false);
    expect(last).toMatchObject({ status: 'failed', attempts: 5, finishedAt: 20 });
    expect(last).not.toHaveProperty('nextAttemptAt');
    const briefed = { kind: 'briefed', briefingId: 'b', contentHash: 'h', reduced: true } as const;
    expect(itemAfter(again, briefed, 30, settings, true)).toMatchObject({
      status: 'duplicate',
      briefingId: 'b',
      reduced: true,
    });
    expect(itemAfter(again, briefed, 30, settings, false)).not.toHaveProperty('error');
  });
});

describe('feedItems', () => {
  const base = 'https://example.org/feed/index.xml';
  const of = (xml: string, prefers: 'page' | 'transcript' = 'page') =>
    feedItems(parseFeed(xml).feed, base, prefers);

  it('reads RSS, Atom and JSON feeds, with addresses in full', () => {
    expect(of(rss({ id: 'a', link: '../one', title: ' One\n two ' }, { id: 'b' }))).toEqual([
      { id: 'a', uris: ['https://example.org/one'], title: 'One two' },
      { id: 'b', uris: [], title: 'b' },
    ]);
    const atom =
      '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://b.example/x/"><title>t</title>' +
      '<entry><id>urn:1</id><title type="html">&lt;b&gt;One</title><link rel="self" href="/self"/><link href="p#top"/><updated>2024-01-01T00:00:00Z</updated></entry>' +
      '<entry><id>urn:2</id><title>Two</title><link href="javascript:alert(1)"/><published>2024-02-01T00:00:00Z</published></entry></feed>';
    expect(of(atom)).toEqual([
      { id: 'urn:2', uris: [], title: 'Two', publishedAt: '2024-02-01T00:00:00.000Z' },
      {
        id: 'urn:1',
        uris: ['https://b.example/x/p'],
        title: '<b>One',
        publishedAt: '2024-01-01T00:00:00.000Z',
      },
    ]);
    const json =
      '{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"id":"7","url":"/seven","title":"Seven"}]}';
    expect(of(json)).toEqual([{ id: '7', uris: ['https://example.org/seven'], title: 'Seven' }]);
  });

  it('puts transcripts before or after the page, the best type first, and takes no other types', () => {
    const xml = rss({
      id: 'a',
      link: '/page',
      transcripts: [
        ['/t.html', 'text/html'],
        ['/t.pdf', 'application/pdf'],
        ['/t.srt', 'application/srt'],
        ['/t.vtt', 'text/vtt'],
        ['ftp://example.org/t.vtt', 'text/vtt'],
      ],
    });
    const paths = (prefers: 'page' | 'transcript') =>
      of(xml, prefers)[0]?.uris.map((uri) => new URL(uri).pathname);
    expect(paths('transcript')).toEqual(['/t.vtt', '/t.srt', '/t.html', '/page']);
    expect(paths('page')).toEqual(['/page', '/t.vtt', '/t.srt', '/t.html']);
  });
});

describe('feedItems of several languages', () => {
  it('puts a translation behind what is in the language of the episode', () => {
    const transcripts =
      '<podcast:transcript url="/es.vtt" type="text/vtt" language="es" rel="captions"/>' +
      '<podcast:transcript url="/en.txt" type="text/plain" language="en-GB"/>' +
      '<podcast:transcript url="/any.html" type="text/html"/>';
    const xml =
      '<?xml version="1.0"?><rss version="2.0" xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel>' +
      `<language>en-us</language><item><title>One</title>${transcripts}</item></channel></rss>`;
    const [item] = feedItems(parseFeed(xml).feed, 'https://example.org/', 'transcript');
    expect(item).toEqual({
      // Without an id of its own it is known by its best address.
      id: 'https://example.org/any.html',
      uris: ['https://example.org/any.html', 'https://example.org/en.txt', 'https://example.org/es.vtt'],
      title: 'One',
    });
  });
});

describe('options and adapters', () => {
  it('are refused where they cannot be meant', () => {
    expect(() => resolveMonitoringOptions({ maxChecks: 0 })).toThrow(
      'maxChecks must be a whole number from 1',
    );
    expect(() => resolveMonitoringOptions({ retryAnalysisMs: 20_000, maxBackOffMs: 10_000 })).toThrow(
      'retryAnalysisMs (20000) is longer than maxBackOffMs (10000)',
    );
    expect(() => resolveMonitoringOptions({ passOver: '*.md' as never })).toThrow(
      'passOver must be a function, got string',
    );
    const watching = (...folders: string[]) => ({ folders, passOver: () => false });
    const adapter = (kind: string) => ({
      kind,
      checkTarget: (target: string) => target,
      look: () => Promise.resolve({ items: [], cursor: null, unchanged: true }),
    });
    expect(() => sourceAdapters(undefined, watching('relative'), [])).toThrow(
      'folders must be absolute paths, got "relative"',
    );
    expect(() => sourceAdapters(undefined, watching(), [adapter('Bad')])).toThrow(
      'lower-case letters, digits and "_", got "Bad"',
    );
    expect(() => sourceAdapters(undefined, watching(), [adapter('a'), adapter('a')])).toThrow(
      'two source adapters of the kind "a"',
    );
    expect([...sourceAdapters(undefined, watching('/x'), [adapter('discord')]).keys()]).toEqual([
      'folder',
      'discord',
    ]);
  });
});
