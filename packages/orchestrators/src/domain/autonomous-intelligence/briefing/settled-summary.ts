import type { Briefing, SummarySentence, Verdict } from '../model.js';
import { claimViews } from './briefing-view.js';

/** A sentence of a summary, with what became of its statements. */
export interface SettledSentence {
  readonly sentence: SummarySentence;
  /** Contradicted as soon as one statement in it is; supported where all of them are; else nothing is settled. */
  readonly verdict?: Exclude<Verdict, 'not_enough_evidence'>;
}

/**
 * The summary of a briefing, each sentence with the verdict on it: what stands for a text need not be true, and a reader of
 * nothing but the summary should see that.
 */
export function settledSummary(briefing: Briefing): readonly SettledSentence[] {
  const { summary = [] } = briefing.analysis;
  const made = claimViews(briefing);
  const verdicts = new Map<string, (Verdict | undefined)[]>();
  for (const { claim, checked } of made.isMade ? made.value : []) {
    const place = `${claim.segment}.${claim.sentence}`;
    verdicts.set(place, [...(verdicts.get(place) ?? []), checked?.verdict]);
  }
  return summary.map((sentence) => {
    const found = verdicts.get(`${sentence.segment}.${sentence.sentence}`) ?? [];
    if (found.includes('contradicted')) return { sentence, verdict: 'contradicted' };
    return found.length > 0 && found.every((verdict) => verdict === 'supported')
      ? { sentence, verdict: 'supported' }
      : { sentence };
  });
}
