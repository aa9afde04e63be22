import { QualityBench } from './bench.js';
import { readLabels, LABEL_SETS, type Labels } from './labels.js';
import { measureChecks, measureVerdicts } from './measure-checks.js';
import { measureNames } from './measure-names.js';
import { measureClaims, measureSentiment, measureSummaries, type Measured, type Rated } from './measure.js';

export { belowFloors, type Below, type HourTaken } from './floors.js';
export { reportOf } from './report.js';
export type { Measured } from './measure.js';

/** A further set of rated texts, which the repository does not carry. */
export interface FurtherRatings {
  readonly name: string;
  readonly rated: readonly Rated[];
}

/** What is measured. */
export interface MeasureOptions {
  readonly further: readonly FurtherRatings[];
  /** Only the held-out labels, and nothing that needs whole speeches. */
  readonly isFast: boolean;
  readonly say: (text: string) => void;
}

/** Measures everything, or the fast part of it. */
export async function measureAll(
  root: string,
  { further, isFast, say }: MeasureOptions,
): Promise<readonly Measured[]> {
  const all = readLabels(root);
  const labels = isFast ? heldOut(all) : all;
  const sets = isFast ? (['held-out'] as const) : LABEL_SETS;
  const bench = await QualityBench.start(labels.knowledge);
  const rows: Measured[] = [];
  const timed = async (name: string, run: () => Promise<readonly Measured[]>): Promise<void> => {
    const begun = performance.now();
    rows.push(...(await run()));
    say(`${name}: ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
  };
  try {
    for (const set of sets) {
      await timed(`claims, ${set}`, () => measureClaims(bench, labels, set));
      const own = labels.sentences.filter((each) => each.set === set);
      const rated = own.map(({ quote, polarity }) => ({ text: quote, polarity }));
      await timed(`sentiment, ${set}`, () => measureSentiment(bench, `${set} sentences`, rated));
      await timed(`entities, ${set}`, () => measureNames(bench, labels, set));
      await timed(`checks, ${set}`, () => measureChecks(bench, labels, set));
    }
    for (const { name, rated } of further)
      await timed(`sentiment, ${name}`, () => measureSentiment(bench, name, rated));
    if (!isFast) {
      await timed('summaries', () => measureSummaries(bench, labels));
      await timed('verdicts on real texts', () => measureVerdicts(bench, labels));
    }
  } finally {
    await bench.stop();
  }
  return rows;
}

function heldOut(labels: Labels): Labels {
  const isHeldOut = ({ set }: { readonly set: string }): boolean => set === 'held-out';
  return {
    ...labels,
    sentences: labels.sentences.filter(isHeldOut),
    statements: labels.statements.filter(isHeldOut),
    names: labels.names.filter(isHeldOut),
  };
}
