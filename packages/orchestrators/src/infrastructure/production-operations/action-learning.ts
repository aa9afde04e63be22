/** What became of an action against a kind of trouble. */
export interface LearntAction {
  readonly tried: number;
  readonly helped: number;
}

/** By the rule and the name of the action. */
export type LearntActions = Readonly<Record<string, LearntAction>>;

/** Before anything was tried. */
const START: LearntAction = { tried: 0, helped: 0 };
/** From so many trials on an action that rarely helped is not taken by itself any more. */
const ENOUGH_TRIALS = 5;
const RARELY = 0.3;
/** More is not remembered: what helped years ago says little. */
const MAX_TRIALS = 100;

/** How likely it is to help: the mean of a Beta distribution that begins even (Laplace's rule of succession). 0 to 1. */
export function confidenceOf({ tried, helped }: LearntAction = START): number {
  return (helped + 1) / (tried + 2);
}

/** Whether it was tried often, and rarely helped. */
export function isUseless(learnt: LearntAction = START): boolean {
  return learnt.tried >= ENOUGH_TRIALS && confidenceOf(learnt) < RARELY;
}

/** With one more trial. Old ones fade, so that what has changed is noticed. */
export function learnt(before: LearntAction = START, didHelp: boolean): LearntAction {
  const fade = before.tried >= MAX_TRIALS ? (MAX_TRIALS - 1) / before.tried : 1;
  return { tried: before.tried * fade + 1, helped: before.helped * fade + (didHelp ? 1 : 0) };
}

export function learningKey(rule: string, action: string): string {
  return `${rule}/${action}`;
}
