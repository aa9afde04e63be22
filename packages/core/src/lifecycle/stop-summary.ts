import { describeError } from '../logging/redact.js';
import type { HostEnd } from './host-controls.js';

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
