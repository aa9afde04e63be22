import { type Depth, DEPTH_PLANS } from '@kapelle/orchestrators';

/** What of a depth may be at rest while the others can be done: the part that the feedback knows, and whether a depth has it. */
const PARTS: readonly { readonly stage: string; readonly isIn: (depth: Depth) => boolean }[] = [
  { stage: 'verification', isIn: (depth) => DEPTH_PLANS[depth].verifies },
  { stage: 'narrative', isIn: (depth) => DEPTH_PLANS[depth].narrates },
];

/**
 * The depth, or the next lower one that needs nothing that is at rest; the lowest where each needs something of it.
 *
 * @param depths from the lowest to the highest
 */
export function lowerDepth(depth: Depth, depths: readonly Depth[], resting: ReadonlySet<string>): Depth {
  const upTo = depths.slice(0, depths.indexOf(depth) + 1);
  const possible = upTo.filter((each) => !PARTS.some(({ stage, isIn }) => resting.has(stage) && isIn(each)));
  return possible.at(-1) ?? upTo[0] ?? depth;
}
