import type { SessionRecord, TaskRecord } from './session-record.js';

/** What sums of amounts may be off by, because they are binary fractions. */
export const ROUNDING = 1e-9;

/**
 * Whether the money that is left is too little for a task: `forever`, or only `now`, because the estimates of running
 * tasks are set aside and may not be used up.
 */
export function shortOfBudget(
  record: Pick<SessionRecord, 'budget' | 'spent'>,
  task: TaskRecord,
  running: Iterable<TaskRecord>,
): 'now' | 'forever' | undefined {
  const { cost } = record.budget;
  if (cost === undefined) return undefined;
  const { estimatedCost } = task.objective;
  const left = cost - record.spent;
  if (estimatedCost > left + ROUNDING) return 'forever';
  let aside = 0;
  for (const { objective, spent } of running) aside += Math.max(0, objective.estimatedCost - spent);
  return estimatedCost > left - aside + ROUNDING ? 'now' : undefined;
}

/** Charges what was spent. Whether that is more than the budget. @throws RangeError for what is no amount */
export function charge(record: SessionRecord, task: TaskRecord, amount: number): boolean {
  if (!Number.isFinite(amount) || amount < 0) {
    throw new RangeError(`spend needs a finite amount of 0 or more, got ${String(amount)}`);
  }
  task.spent += amount;
  record.spent += amount;
  return record.budget.cost !== undefined && record.spent > record.budget.cost + ROUNDING;
}
