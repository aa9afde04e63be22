import { KnowledgeBase, parseKnowledge, type Briefing, type CheckedClaim } from '@kapelle/orchestrators';

import type { QualityBench } from './bench.js';
import { accuracy, precision, proportion, recall, type Decision, type Labelled } from './figures.js';
import type { Labels, LabelledStatement, LabelSet } from './labels.js';
import { rowsOf, wordsOf, type Measured } from './measure.js';

type Verdict = LabelledStatement['truth'];

function verdictOf(checked: readonly CheckedClaim[]): Verdict {
  const verdicts = checked.map(({ verdict }) => verdict);
  if (verdicts.includes('contradicted')) return 'contradicted';
  return verdicts.includes('supported') ? 'supported' : 'open';
}

/** What looking up alone would say: the nearest statement settles it, by whether it holds the same numbers. */
function lookedUp(text: string, base: KnowledgeBase): Verdict {
  const [nearest] = base.related(text, 1);
  if (nearest === undefined) return 'open';
  const numbers = (of: string): readonly string[] => of.match(/\d[\d.,]*\d|\d/gu) ?? [];
  const known = new Set(numbers(nearest.statement));
  return numbers(text).every((number) => known.has(number)) ? 'supported' : 'contradicted';
}

/** Verdicts on statements of which it is known what is right. Each is a document of its own, from extraction on. */
export async function measureChecks(
  bench: QualityBench,
  labels: Labels,
  set: LabelSet,
): Promise<readonly Measured[]> {
  const base = new KnowledgeBase(...labels.knowledge.map((text) => parseKnowledge(text)));
  const found: { found: Verdict; lookedUp: Verdict; right: Verdict }[] = [];
  for (const { text, truth } of labels.statements.filter((each) => each.set === set)) {
    const { claims } = await bench.brief({ name: 'statement.txt', text }, 'comprehensive');
    found.push({ found: verdictOf(claims), lookedUp: lookedUp(text, base), right: truth });
  }
  const data = `${set} statements`;
  const nearest = found.map((each) => ({ found: each.lookedUp, right: each.right }));
  const rows = [
    rowsOf<Labelled>('check', data, found, 'nearest statement', nearest)('accuracy', accuracy),
    falseVerdicts(data, found, nearest),
  ];
  const decisions = (of: 'found' | 'lookedUp', label: Verdict): readonly Decision[] =>
    found.map((each) => ({ found: each[of] === label, right: each.right === label }));
  for (const label of ['supported', 'contradicted'] as const) {
    const row = rowsOf(
      `check: ${label}`,
      data,
      decisions('found', label),
      'nearest statement',
      decisions('lookedUp', label),
    );
    rows.push(row('precision', precision), row('recall', recall));
  }
  return rows;
}

/** How many statements were settled the wrong way; one that was left open is no false verdict. */
function falseVerdicts(data: string, found: readonly Labelled[], baseline: readonly Labelled[]): Measured {
  const given = (items: readonly Labelled[]): readonly Labelled[] =>
    items.filter((each) => each.found !== 'open');
  const wrong = (items: readonly Labelled[]): number =>
    given(items).filter((each) => each.found !== each.right).length;
  const own = given(found).map((each) => ({ found: true, right: each.found !== each.right }));
  const share = proportion(own, precision) ?? { value: 0, low: 0, high: 1 };
  return {
    task: 'check',
    data,
    n: own.length,
    metric: 'false verdicts',
    value: wrong(found),
    low: share.low * own.length,
    high: share.high * own.length,
    baseline: { name: 'nearest statement', value: wrong(baseline) },
  };
}

/** Verdicts on passages of the samples against those that a reader of the samples and the knowledge would give. */
export async function measureVerdicts(bench: QualityBench, labels: Labels): Promise<readonly Measured[]> {
  const decisions: Decision[] = [];
  for (const [name, sample] of labels.samples) {
    const expected = labels.verdicts.filter(({ source }) => source === name);
    const briefing: Briefing = await bench.brief(sample, 'comprehensive');
    const given = briefing.claims.filter(({ verdict }) => verdict !== 'not_enough_evidence');
    const isExpected = ({ claim, verdict }: CheckedClaim): boolean =>
      expected.some((each) => each.verdict === verdict && wordsOf(claim.quote).includes(wordsOf(each.quote)));
    for (const each of given) if (!isExpected(each)) decisions.push({ found: true, right: false });
    for (const each of expected)
      decisions.push({
        found: given.some(
          ({ claim, verdict }) =>
            verdict === each.verdict && wordsOf(claim.quote).includes(wordsOf(each.quote)),
        ),
        right: true,
      });
  }
  const none = decisions.map(({ right }) => ({ found: false, right }));
  const row = rowsOf(
    'check of real texts',
    'passages of the samples, development',
    decisions,
    'no verdict at all',
    none,
  );
  return [row('precision', precision), row('recall', recall)];
}
