import { backOffMs, withJitter } from './check-times.js';
import { MAX_PARTS, type MonitoredItem, partTitle } from './monitored-item.js';
import type { RememberedError } from './monitored-source.js';
import type { MonitoringSettings } from './monitoring-options.js';

/** What came of an analysis. */
export type AnalysisOutcome =
  | {
      readonly kind: 'briefed';
      readonly briefingId: string;
      readonly contentHash: string;
      readonly reduced: boolean;
      /** Items of the feed, where the content is one: this was its first one, or the one that was asked for. @default 1 */
      readonly items?: number;
      /** Of the content. */
      readonly title?: string;
    }
  | {
      readonly kind: 'failed';
      readonly error: RememberedError;
      readonly retryable: boolean;
      /** When the other side asks to be called again, in ms. */
      readonly retryAfterMs?: number | undefined;
    };

type Limits = Pick<MonitoringSettings, 'maxAnalysisAttempts' | 'retryAnalysisMs' | 'maxBackOffMs'>;

/**
 * The item after an analysis. What failed in a way that may pass waits for another attempt, up to the limit; what failed for good
 * goes on to the next address, if there is one.
 *
 * @param isKnownContent whether another item has the same content
 */
export function itemAfter(
  item: MonitoredItem,
  outcome: AnalysisOutcome,
  now: number,
  limits: Limits,
  isKnownContent: boolean,
): MonitoredItem {
  const { nextAttemptAt: _waited, error: _before, ...rest } = item;
  if (outcome.kind === 'briefed') {
    const { briefingId, contentHash, reduced, items = 1 } = outcome;
    const title = items > 1 ? partTitle(item, outcome.title) : item.title;
    const leftOut = item.part === undefined ? items - MAX_PARTS : 0;
    return {
      ...rest,
      ...(title === undefined ? {} : { title }),
      ...(leftOut > 0 ? { leftOut } : {}),
      status: isKnownContent ? 'duplicate' : 'analysed',
      finishedAt: now,
      briefingId,
      contentHash,
      ...(reduced ? { reduced } : {}),
    };
  }
  const { error, retryable, retryAfterMs } = outcome;
  const attempts = item.attempts + 1;
  if (retryable && attempts < limits.maxAnalysisAttempts) {
    const wait = backOffMs(attempts, limits.retryAnalysisMs, limits.maxBackOffMs, retryAfterMs);
    return { ...rest, attempts, error, nextAttemptAt: now + withJitter(wait, `${item.key} ${attempts}`) };
  }
  const [uri, ...otherUris] = item.otherUris;
  if (uri !== undefined) return { ...rest, uri, otherUris, attempts: 0, error, nextAttemptAt: now };
  return { ...rest, status: 'failed', attempts, error, finishedAt: now };
}
