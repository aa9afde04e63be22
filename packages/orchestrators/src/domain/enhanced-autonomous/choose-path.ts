import type { Depth } from '../autonomous-intelligence/model.js';
import type { AutonomyPreference } from './autonomy-params.js';
import type { AutonomyPath } from './autonomy-path.js';
import { expectedFallbackMs, expectedFullMs, shareInterval, type PathStatistics } from './path-statistics.js';

/** What decides about a path. */
export interface PathView {
  readonly canRun: boolean;
  /** Names of required capabilities that are not there. */
  readonly lacks: readonly string[];
  /** At the depth that was asked for; nothing where it cannot be read. */
  readonly statistics?: PathStatistics | undefined;
}

/** What decides besides the paths. */
export interface PathQuestion {
  readonly depth: Depth;
  /** The nearest lower depth that makes the same parts, and at which the full path has what it needs. */
  readonly lower?: Depth | undefined;
  readonly prefer?: AutonomyPreference | undefined;
  /** Runs before anything is concluded from them. */
  readonly minimumRuns: number;
  /** Milliseconds that the full path would have. @default as long as it takes */
  readonly slotMs?: number;
}

/** Which path, at which depth, and why. */
export interface PathChoice {
  /** Nothing where neither can run. */
  readonly path?: AutonomyPath;
  readonly depth?: Depth;
  readonly why: string;
}

const FULL: AutonomyPath = 'autonomous_intelligence';
const FALLBACK: AutonomyPath = 'fallback_autonomous';

/**
 * The full path where it has what it needs; else the same at a lower depth that makes the same parts; else the fallback. What
 * was learnt decides where both can run: a full path that usually takes longer than there is time is passed over; and where
 * the caller has a preference, `quality` leaves the full path where the fallback makes whole briefings surely more often,
 * `speed` takes the one that is expected to give a briefing sooner, and tries the one that too little is known of.
 */
export function choosePath(full: PathView, fallback: PathView, question: PathQuestion): PathChoice {
  const { depth, lower, prefer, minimumRuns } = question;
  const lacks = full.lacks.join(', ');
  if (!full.canRun) {
    if (lower !== undefined) {
      return {
        path: FULL,
        depth: lower,
        why: `At the depth ${depth} the full path needs what is not there: ${lacks}.`,
      };
    }
    if (fallback.canRun) {
      return { path: FALLBACK, depth, why: `The full path needs what is not there: ${lacks}.` };
    }
    const all = [...new Set([...full.lacks, ...fallback.lacks])];
    return { why: `Neither path can run: ${named(all)} missing.` };
  }
  if (!fallback.canRun) {
    return { path: FULL, depth, why: 'The full path has all it needs; the fallback has not.' };
  }
  const tooSlow = whyTooSlow(full.statistics, question);
  if (tooSlow !== undefined) return { path: FALLBACK, depth, why: tooSlow };
  if (prefer === undefined) return { path: FULL, depth, why: 'The full path has all it needs.' };
  const { statistics: known } = full;
  const { statistics: other } = fallback;
  if (known === undefined || other === undefined) {
    return { path: FULL, depth, why: 'The full path has all it needs, and what was learnt cannot be read.' };
  }
  const decided =
    prefer === 'quality' ? byQuality(known, other, minimumRuns) : bySpeed(known, other, minimumRuns);
  return { ...decided, depth };
}

/** Why the full path is not begun, where it usually takes longer than it may. */
function whyTooSlow(
  known: PathStatistics | undefined,
  { slotMs, minimumRuns }: PathQuestion,
): string | undefined {
  if (known === undefined || slotMs === undefined || known.runs < minimumRuns) return undefined;
  const { medianMs = 0, runs } = known;
  return medianMs > slotMs
    ? `The full path usually takes ${shown(medianMs)} (${runs} runs), and has ${shown(slotMs)}.`
    : undefined;
}

function byQuality(full: PathStatistics, fallback: PathStatistics, minimumRuns: number): PathChoice {
  if (full.runs < minimumRuns || fallback.runs < minimumRuns) {
    return { path: FULL, why: `Too little is known to leave the full path (${runsOf(full, fallback)}).` };
  }
  const [, most] = shareInterval(full.complete, full.runs);
  const [least] = shareInterval(fallback.complete, fallback.runs);
  const counts = `${full.complete} of ${full.runs} against ${fallback.complete} of ${fallback.runs}`;
  return least > most
    ? { path: FALLBACK, why: `The fallback surely makes more whole briefings (the full path ${counts}).` }
    : {
        path: FULL,
        why: `The fallback does not surely make more whole briefings (the full path ${counts}).`,
      };
}

function bySpeed(full: PathStatistics, fallback: PathStatistics, minimumRuns: number): PathChoice {
  if (full.runs < minimumRuns) {
    return { path: FULL, why: `Too little is known of the full path (${runsOf(full, fallback)}).` };
  }
  if (fallback.runs < minimumRuns) {
    return { path: FALLBACK, why: `Too little is known of the fallback (${runsOf(full, fallback)}).` };
  }
  const fullMs = expectedFullMs(full, fallback);
  const fallbackMs = expectedFallbackMs(fallback);
  const times = `${shown(fullMs)} against ${shown(fallbackMs)}`;
  return fallbackMs < fullMs
    ? { path: FALLBACK, why: `The fallback is expected to be sooner (the full path ${times}).` }
    : { path: FULL, why: `The full path is expected to be no later (${times}).` };
}

function runsOf(full: PathStatistics, fallback: PathStatistics): string {
  return `${full.runs} runs, the fallback ${fallback.runs}`;
}

function shown(ms: number): string {
  return Number.isFinite(ms) ? `${Math.round(ms)} ms` : 'never';
}

function named(names: readonly string[]): string {
  return `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'}`;
}
