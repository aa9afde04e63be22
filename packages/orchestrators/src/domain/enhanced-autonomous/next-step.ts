import type { Depth } from '../autonomous-intelligence/model.js';
import type { AutonomyPath, AutonomyStep } from './autonomy-path.js';
import { AUTONOMY_PATHS, haveSameParts, lowerDepths } from './autonomy-path.js';

const [FULL, FALLBACK] = AUTONOMY_PATHS;

/** As many paths as one analysis tries: the full one, the same at a lower depth, the fallback. */
export const MAX_ATTEMPTS = 3;

/** What is known where another path is looked for. */
export interface NextQuestion {
  readonly asked: Depth;
  readonly tried: readonly AutonomyStep[];
  /** Whether the last one took too long. */
  readonly isTimeOut: boolean;
  canRun(path: AutonomyPath, depth: Depth): boolean;
}

/**
 * What may be tried next, best first: after the full path the same at a lower depth, then the fallback; after a fallback that
 * was chosen first, the full path. A lower depth must make the same parts of the analysis, unless there was too little time:
 * then less is the point.
 */
export function nextSteps({ asked, tried, isTimeOut, canRun }: NextQuestion): readonly AutonomyStep[] {
  if (tried.length >= MAX_ATTEMPTS) return [];
  const wasTried = ({ path, depth }: AutonomyStep): boolean =>
    tried.some((each) => each.path === path && each.depth === depth);
  const hasLowered = tried.some(({ path, depth }) => path === FULL && depth !== asked);
  const lower = lowerDepths(asked)
    .filter((depth) => !hasLowered && (isTimeOut || haveSameParts(depth, asked)))
    .map((depth): AutonomyStep => ({ path: FULL, depth }));
  const all: readonly AutonomyStep[] = [
    { path: FULL, depth: asked },
    ...lower,
    { path: FALLBACK, depth: asked },
  ];
  // What was passed over because there is too little time for it is not tried after all.
  const hasFallback = tried.some(({ path }) => path === FALLBACK);
  return all.filter(
    (step) =>
      !wasTried(step) && canRun(step.path, step.depth) && !(hasFallback && isTimeOut && step.depth === asked),
  );
}
