import { createHash } from 'node:crypto';
import type { Depth } from '../../domain/autonomous-intelligence/model.js';

/** What has become of a source, counted since it was added. */
export interface SourceCounts {
  /** Looks that succeeded. */
  readonly checks: number;
  /** Of these, without a change. */
  readonly unchanged: number;
  /** Looks that failed. */
  readonly errors: number;
  /** New items taken. */
  readonly found: number;
  /** Items of the first look beyond its backfill, which are not analysed. */
  readonly passedOver: number;
  /** Items that another source had found already, or whose content was known. */
  readonly duplicates: number;
  readonly analysed: number;
  /** Items given up. */
  readonly failed: number;
}

/** A failure as it is remembered. */
export interface RememberedError {
  readonly message: string;
  readonly category: string;
  readonly code?: string;
  /** Epoch ms. */
  readonly at: number;
}

/** A source that is watched, as it is stored. */
export interface MonitoredSource {
  readonly formatVersion: 1;
  readonly id: string;
  /** The kind of its adapter. */
  readonly kind: string;
  readonly platform: string;
  readonly name: string;
  readonly target: string;
  readonly intervalMs: number;
  /** 1 to 9; 1 is the most urgent. */
  readonly priority: number;
  readonly enabled: boolean;
  readonly depth?: Depth;
  /** Items taken at the first look, the newest; the others count as known. */
  readonly backfill: number;
  /** Epoch ms. */
  readonly addedAt: number;
  readonly cursor: unknown;
  /** Epoch ms. */
  readonly nextCheckAt: number;
  /** Looks that failed since the last one that did not. */
  readonly failuresInARow: number;
  /** Epoch ms, failed or not. */
  readonly lastCheckAt?: number;
  /** Epoch ms. */
  readonly lastSuccessAt?: number;
  readonly lastError?: RememberedError;
  readonly counts: SourceCounts;
}

export const NO_COUNTS: SourceCounts = Object.freeze({
  ...{ checks: 0, unchanged: 0, errors: 0, found: 0, passedOver: 0, duplicates: 0, analysed: 0, failed: 0 },
});

/** The id of a source: the same for the same target, 16 hexadecimal digits. */
export function sourceIdOf(kind: string, target: string): string {
  return shortHash(`${kind}\n${target}`);
}

/** 16 hexadecimal digits of SHA-256. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Counts with some of them increased. */
export function counted(
  counts: SourceCounts,
  more: Readonly<Partial<Record<keyof SourceCounts, number>>>,
): SourceCounts {
  const next: Record<string, number> = { ...counts };
  for (const [name, by] of Object.entries(more)) next[name] = (next[name] ?? 0) + by;
  return next as unknown as SourceCounts;
}
