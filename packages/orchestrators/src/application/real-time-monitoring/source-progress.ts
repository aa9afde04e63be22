import { backOffMs, withJitter } from './check-times.js';
import { itemKeyOf } from './monitored-item.js';
import { counted, type MonitoredSource, type RememberedError, shortHash } from './monitored-source.js';
import type { MonitoringSettings } from './monitoring-options.js';
import { MIN_INTERVAL_MS } from './schedule-presets.js';
import type { FoundItem, SourceFindings } from './source-adapter.js';

/** What of a look is new, and what is to be done with it. */
export interface Intake {
  /** Not known to anybody: the oldest first. */
  readonly fresh: readonly FoundItem[];
  /** Brought by another source before. */
  readonly duplicates: number;
  /** Items of the first look beyond its backfill. */
  readonly passedOver: number;
  /** Hashes of ids that count as seen from now on. */
  readonly seen: readonly string[];
  /** Whether nothing was left for the next look. */
  readonly isComplete: boolean;
}

/**
 * Sorts what a source holds now.
 *
 * @param isSeen whether the source has brought the id (its hash) before
 * @param ownerOf the source that has brought an item with the key
 * @param room how many items can be taken
 */
export function sortFindings(
  source: MonitoredSource,
  { items }: SourceFindings,
  isSeen: (idHash: string) => boolean,
  ownerOf: (key: string) => string | undefined,
  room: number,
): Intake {
  const unseen = new Map(
    items.map((item) => [shortHash(item.id), item] as const).filter(([id]) => !isSeen(id)),
  );
  const isFirst = source.lastSuccessAt === undefined;
  const all = [...unseen];
  const wanted = isFirst ? all.slice(0, source.backfill) : all;
  const passed = isFirst ? all.slice(source.backfill) : [];
  const taken = wanted.toReversed().slice(0, Math.max(0, room));
  const keys = new Set<string>();
  const fresh: FoundItem[] = [];
  let duplicates = 0;
  for (const [, item] of taken) {
    const key = itemKeyOf(source, item);
    const owner = ownerOf(key);
    // One of its own was stored by a look that was cut short.
    if ((owner !== undefined && owner !== source.id) || keys.has(key)) duplicates += 1;
    else fresh.push(item);
    keys.add(key);
  }
  return {
    fresh,
    duplicates,
    passedOver: passed.length,
    seen: [...passed, ...taken].map(([id]) => id),
    isComplete: taken.length === wanted.length,
  };
}

/** The source after a look that succeeded. One that left something behind is looked at again soon, from where it stood. */
export function sourceAfterLook(
  source: MonitoredSource,
  findings: SourceFindings,
  intake: Intake,
  now: number,
): MonitoredSource {
  const { lastError: _past, ...rest } = source;
  const { fresh, duplicates, passedOver, isComplete } = intake;
  const counts = counted(source.counts, {
    checks: 1,
    unchanged: findings.unchanged ? 1 : 0,
    found: fresh.length,
    ...{ duplicates, passedOver },
  });
  const wait = isComplete ? withJitter(source.intervalMs, `${source.id} ${counts.checks}`) : MIN_INTERVAL_MS;
  return {
    ...rest,
    cursor: isComplete ? findings.cursor : source.cursor,
    nextCheckAt: now + Math.max(MIN_INTERVAL_MS, wait),
    failuresInARow: 0,
    lastCheckAt: now,
    lastSuccessAt: now,
    counts,
  };
}

/** The source after a look that failed: it is left alone for longer each time, and keeps its cursor. */
export function sourceAfterFailure(
  source: MonitoredSource,
  error: RememberedError,
  retryAfterMs: number | undefined,
  now: number,
  { maxBackOffMs }: Pick<MonitoringSettings, 'maxBackOffMs'>,
): MonitoredSource {
  const failuresInARow = source.failuresInARow + 1;
  const counts = counted(source.counts, { errors: 1 });
  const wait = backOffMs(failuresInARow, source.intervalMs, maxBackOffMs, retryAfterMs);
  return {
    ...source,
    nextCheckAt: now + Math.max(MIN_INTERVAL_MS, withJitter(wait, `${source.id} ${counts.errors} failed`)),
    failuresInARow,
    lastCheckAt: now,
    lastError: error,
    counts,
  };
}

/** What a schedule is changed to. */
export interface ScheduleChange {
  readonly intervalMs?: number | undefined;
  readonly enabled?: boolean | undefined;
  readonly priority?: number | undefined;
}

/** The source under another schedule: the new interval counts from the last look, the failures so far no more. */
export function rescheduled(source: MonitoredSource, change: ScheduleChange, now: number): MonitoredSource {
  const { intervalMs = source.intervalMs, enabled = source.enabled, priority = source.priority } = change;
  const isNewInterval = intervalMs !== source.intervalMs;
  const from = source.lastCheckAt ?? now - intervalMs;
  return {
    ...source,
    ...{ intervalMs, enabled, priority },
    ...(isNewInterval ? { nextCheckAt: Math.max(now, from + intervalMs), failuresInARow: 0 } : {}),
  };
}
