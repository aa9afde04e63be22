import type { AgentRecord, AgentVersion } from './agent-record.js';
import { currentVersion } from './change-agent.js';
import { compareSamples, type ScoreComparison } from './compare-scores.js';

/** How the version in use does against the one it came from. */
export type UseVerdict =
  | { readonly verdict: 'insufficient_data'; readonly version: number; readonly why: string }
  | {
      readonly verdict: ScoreComparison['verdict'];
      readonly version: number;
      readonly against: number;
      readonly comparison: ScoreComparison;
    };

/** Interactions of a version at least, for it to be judged. */
const MIN_INTERACTIONS = 20;

/** Compares the quality of the interactions of the version in use with those of the version before it. */
export function judgedInUse(record: AgentRecord, confidence: number): UseVerdict {
  const current = currentVersion(record);
  const { version } = current;
  const against = predecessorOf(record, current);
  if (against === undefined) {
    return { verdict: 'insufficient_data', version, why: 'There is no version before it.' };
  }
  const qualityOf = (wanted: number): number[] =>
    record.interactions.filter((each) => each.version === wanted).map(({ quality }) => quality);
  const before = qualityOf(against);
  const after = qualityOf(version);
  if (before.length < MIN_INTERACTIONS || after.length < MIN_INTERACTIONS) {
    const why = `${before.length} and ${after.length} interactions, ${MIN_INTERACTIONS} of each are needed.`;
    return { verdict: 'insufficient_data', version, why };
  }
  const comparison = compareSamples(before, after, confidence);
  return { verdict: comparison.verdict, version, against, comparison };
}

/** The version that an enhancement began with. What was put back or registered by hand is not judged: somebody chose it. */
function predecessorOf({ experiments, versions }: AgentRecord, { why }: AgentVersion): number | undefined {
  if (why.kind !== 'enhanced') return undefined;
  const base = experiments.find(({ number }) => number === why.experiment)?.base;
  return versions.some(({ version }) => version === base) ? base : undefined;
}
