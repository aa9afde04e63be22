import { confidenceOf, isUseless } from './action-learning.js';
import type { ActionRecord, StoredBook } from './book-draft.js';

/** What the actions of the last day came to, and what follows from it. */
export interface OptimizationResults {
  /** Actions that ended within the last 24 hours, and were done or tried. */
  readonly actions: number;
  /** Share of them after which the trouble was over; absent without any. */
  readonly success_ratio?: number;
  /** What to look into, each with its numbers; nothing where the numbers ask for nothing. */
  readonly advice: readonly string[];
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Fewer actions say nothing about how often they help. */
const ENOUGH = 5;
const OFTEN_HELPED = 0.8;
/** More within an hour mean that something underneath is wrong. */
const MANY = 10;

/** Judges the actions that an owner is shown by what became of them. */
export function optimizationResults(
  actions: readonly ActionRecord[],
  learnt: StoredBook['learnt'],
  now: number,
): OptimizationResults {
  const ended = actions.filter(
    ({ state, endedAt }) =>
      endedAt !== undefined &&
      now - endedAt < DAY_MS &&
      (state === 'verified' || state === 'not_verified' || state === 'failed'),
  );
  const advice: string[] = [];
  const helped = ended.filter(({ state }) => state === 'verified').length;
  const ratio = ended.length === 0 ? undefined : helped / ended.length;
  if (ratio !== undefined && ended.length >= ENOUGH && ratio < OFTEN_HELPED) {
    advice.push(
      `${helped} of ${ended.length} actions of the last day helped: see why the others did not, beginning with ${worstOf(ended)}.`,
    );
  }
  const begun = actions.filter(
    ({ doneAt, endedAt, state }) =>
      state !== 'withdrawn' && state !== 'rejected' && now - (doneAt ?? endedAt ?? -Infinity) < HOUR_MS,
  );
  if (begun.length > MANY) {
    advice.push(
      `${begun.length} actions were taken within an hour: look for what makes the trouble come back, such as ${mostOf(begun)}.`,
    );
  }
  for (const [key, each] of Object.entries(learnt)) {
    if (!isUseless(each)) continue;
    const [rule = key, action = ''] = key.split('/');
    advice.push(
      `${action} rarely helps against ${rule} (confidence ${confidenceOf(each).toFixed(2)} after ${Math.round(each.tried)} trials): it is only done when somebody agrees. Give the rule another action.`,
    );
  }
  return { actions: ended.length, ...(ratio === undefined ? {} : { success_ratio: ratio }), advice };
}

/** The action that most often did not help. */
function worstOf(actions: readonly ActionRecord[]): string {
  return mostCommon(actions.filter(({ state }) => state !== 'verified').map(({ action }) => action.name));
}

/** The trouble that was acted against most often. */
function mostOf(actions: readonly ActionRecord[]): string {
  return mostCommon(actions.map(({ signature }) => signature));
}

function mostCommon(names: readonly string[]): string {
  const counts = new Map<string, number>();
  let most = '';
  for (const name of names) {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    if (count > (counts.get(most) ?? 0) || most === '') most = name;
  }
  return most;
}
