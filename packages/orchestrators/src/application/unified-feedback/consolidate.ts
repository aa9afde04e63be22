import type { Logger } from '@kapelle/core';
import type { FeedbackDesk } from './feedback-desk.js';
import { consolidationReasons, meanMemoryReward } from './feedback-totals.js';
import type { TenantFeedback } from './tenant-feedback.js';

/**
 * Has a tenant's memory consolidated where that is due, and forgets the chunks that are gone with it. Without a
 * consolidator the bad chunks are only forgotten here, and listed as `prune` in recommendations until then. Where the
 * consolidator fails, it is due again the next time.
 */
export async function consolidateMemory(
  desk: FeedbackDesk,
  tenant: TenantFeedback,
  now: number,
  logger: Logger,
): Promise<boolean> {
  const { totals, memory, tenantId } = tenant;
  const advice = memory.advice();
  const reasons = [...consolidationReasons(totals), ...advice.reasons];
  if (reasons.length === 0) return false;
  const hasPort = desk.ports.report().rag_consolidator.state !== 'absent';
  const meanReward = meanMemoryReward(totals);
  const signals = totals.signalsSince;
  let removed: readonly string[] = advice.prune;
  if (hasPort) {
    const answer = await desk.ports.ask('rag_consolidator', (port) =>
      port.consolidate({
        tenantId,
        reasons,
        advice,
        ...(meanReward === undefined ? {} : { meanReward }),
        signals,
      }),
    );
    if (!answer.answered) return false;
    removed = Array.isArray(answer.value?.removed) ? answer.value.removed : [];
  }
  const forgotten = memory.removeChunks(removed);
  totals.consolidations += 1;
  totals.lastConsolidation = now;
  totals.signalsSince = 0;
  totals.memorySignalsSince = 0;
  totals.memoryRewardSince = 0;
  tenant.changed.add('totals').add('memory');
  logger.info('feedback_memory_consolidated', { tenantId, reasons, signals, forgotten });
  return true;
}
