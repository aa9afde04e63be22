/** Something that is to be done. */
export interface DueJob {
  readonly tenantId: string;
  /** 1 is the most urgent. */
  readonly priority: number;
  /** Since when it could be done, epoch ms. */
  readonly dueAt: number;
}

/** A job counts as one step more urgent for every so many ms it has waited, so that none waits for ever. */
export const AGING_MS = 300_000;

/**
 * The job to do next: the most urgent one; of equal ones that of the tenant with the fewest jobs under way, then the one
 * that has waited for longest.
 */
export function nextJob<J extends DueJob>(
  jobs: readonly J[],
  now: number,
  running: ReadonlyMap<string, number>,
): J | undefined {
  let best: J | undefined;
  for (const job of jobs) if (best === undefined || compare(job, best, now, running) < 0) best = job;
  return best;
}

function compare(one: DueJob, other: DueJob, now: number, running: ReadonlyMap<string, number>): number {
  return (
    urgency(one, now) - urgency(other, now) ||
    (running.get(one.tenantId) ?? 0) - (running.get(other.tenantId) ?? 0) ||
    one.dueAt - other.dueAt
  );
}

function urgency({ priority, dueAt }: DueJob, now: number): number {
  return Math.max(1, priority - Math.floor(Math.max(0, now - dueAt) / AGING_MS));
}
