import type { Briefing, ExperimentFindings, SummaryMethod } from '../model.js';
import { formatDecimal, type Made } from './briefing-view.js';

const METHODS: Readonly<Record<SummaryMethod, string>> = {
  central: 'the sentences most like the rest',
  lead: 'the first sentences',
  frequent: 'the sentences with the most frequent words',
};
/** Other sources shown at most. */
const MAX_CHECKS = 10;

/** What the depth `experimental` found, in sentences; planned to be missing at every other depth. */
export function experimentLines({ experiment, claims, analysis }: Briefing): Made<readonly string[]> {
  if (experiment === undefined) return { isMade: false, reason: '', isPlanned: true };
  const quotes = new Map(
    [...(analysis.claims ?? []), ...claims.map(({ claim }) => claim)].map((each) => [each.id, each.quote]),
  );
  return {
    isMade: true,
    value: [...summaryLines(experiment), ...checkLines(experiment, quotes), ...groundingLines(experiment)],
  };
}

function summaryLines({ summaries = [] }: ExperimentFindings): readonly string[] {
  const chosen = summaries.find(({ isChosen }) => isChosen);
  if (chosen === undefined) return [];
  const measured = summaries.map(({ method, divergence }) => `${method} ${formatDecimal(divergence, 3)}`);
  return [
    `The summary is made of ${METHODS[chosen.method]}: it is the nearest to the text. Divergence: ${measured.join(', ')}.`,
  ];
}

function checkLines(
  { crossChecks }: ExperimentFindings,
  quotes: ReadonlyMap<string, string>,
): readonly string[] {
  if (crossChecks === undefined) return [];
  if (crossChecks.length === 0) return ['No stored briefing of another source speaks about the same claims.'];
  return crossChecks
    .slice(0, MAX_CHECKS)
    .map(
      ({ claimId, stance, reason, title, quote }) =>
        `“${title}” ${stance}. ${reason} Here: “${quotes.get(claimId) ?? ''}” There: “${quote}”`,
    );
}

function groundingLines({ grounding }: ExperimentFindings): readonly string[] {
  if (grounding === undefined) return [];
  const { kept, sentences, unfounded, unfoundedInDraft } = grounding;
  const share = `${String(unfounded.length)} of ${String(sentences)} sentences of the narrative`;
  return [
    `${share} name what the material does not hold; the ${kept} stands (draft: ${String(unfoundedInDraft)}).`,
    ...unfounded.map(({ sentence, missing }) => `${missing.join(', ')}: “${sentence}”`),
  ];
}
