import type { MonitoredItem } from './monitored-item.js';
import { counted, type MonitoredSource, NO_COUNTS, type SourceCounts } from './monitored-source.js';
import type { TenantMonitor } from './tenant-monitor.js';

/** A source as it is shown. */
export type SourceStatus = Omit<MonitoredSource, 'formatVersion' | 'cursor'>;

/** What `get_monitoring_status` gives. */
export interface MonitoringStatus {
  readonly running: boolean;
  /** Epoch ms. */
  readonly startedAt?: number;
  /** 0 where it does not run. */
  readonly uptimeMs: number;
  /** Over all sources that there are. */
  readonly totals: SourceCounts;
  /** Items by status, as far as they are remembered. */
  readonly items: Readonly<Partial<Record<MonitoredItem['status'], number>>>;
  readonly inFlight: { readonly checks: number; readonly analyses: number };
  /** In the order of their names. */
  readonly sources: readonly SourceStatus[];
}

/** What `get_next_checks` gives, the next one first. */
export interface NextCheck {
  readonly sourceId: string;
  readonly name: string;
  readonly platform: string;
  readonly priority: number;
  /** Epoch ms; in the past where it waits for its turn. */
  readonly dueAt: number;
  /** 0 where it is due. */
  readonly inMs: number;
}

/** A source without what is nobody's business. */
export function sourceStatus({ formatVersion: _f, cursor: _c, ...shown }: MonitoredSource): SourceStatus {
  return shown;
}

export function monitoringStatus(
  monitor: TenantMonitor,
  inFlight: MonitoringStatus['inFlight'],
  now: number,
): MonitoringStatus {
  const { running, startedAt } = monitor.run;
  const items: Partial<Record<MonitoredItem['status'], number>> = {};
  for (const { status } of monitor.items) items[status] = (items[status] ?? 0) + 1;
  return {
    running,
    ...(running && startedAt !== undefined ? { startedAt } : {}),
    uptimeMs: running && startedAt !== undefined ? Math.max(0, now - startedAt) : 0,
    totals: monitor.sources.reduce<SourceCounts>((sum, { counts }) => counted(sum, counts), NO_COUNTS),
    items,
    inFlight,
    sources: monitor.sources
      .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
      .map(sourceStatus),
  };
}

export function nextChecks(sources: readonly MonitoredSource[], now: number): readonly NextCheck[] {
  return sources
    .filter(({ enabled }) => enabled)
    .map(({ id, name, platform, priority, nextCheckAt }) => ({
      ...{ sourceId: id, name, platform, priority },
      dueAt: nextCheckAt,
      inMs: Math.max(0, nextCheckAt - now),
    }))
    .sort((a, b) => a.dueAt - b.dueAt || a.priority - b.priority);
}
