import { describeError } from '../logging/redact.js';
import type { Logger } from '../logging/logger.js';
import type { HostEnd } from './host-controls.js';
import type { StopReport } from './stop-sequence.js';

/** What was not as it should be at the end of a host, one entry each, for people. Empty after a clean stop. */
export function summarizeStop({ report, reason, byTask }: HostEnd): string[] {
  const { failures, aborted, abandoned, undelivered } = report;
  const summary = failures.map(
    ({ orchestrator, phase, kind, error }) =>
      `${orchestrator}: ${phase} ${kind === 'timeout' ? 'timed out' : 'failed'} (${describeError(error).message})`,
  );
  if (aborted > 0) summary.push(`calls cancelled: ${aborted}`);
  if (abandoned > 0) summary.push(`calls still running: ${abandoned}`);
  if (undelivered > 0) summary.push(`queue items undelivered: ${undelivered}`);
  if (byTask) summary.push(reason);
  return summary;
}

/** Logs the end of a host. */
export function tellStopped(logger: Logger, report: StopReport, reason: string): void {
  const { clean, failures, undelivered, abandoned, aborted } = report;
  logger[clean ? 'info' : 'warn']('host_stopped', {
    reason,
    clean,
    failures: failures.map((each) => `${each.orchestrator}: ${each.phase} ${each.kind}`),
    undelivered,
    abandoned,
    aborted,
  });
}
