import type { Entity } from '@kapelle/orchestrators';

import type { QualityBench } from './bench.js';
import { f1, precision, recall, type Decision } from './figures.js';
import type { LabelledNames, Labels, LabelSet } from './labels.js';
import { documentsOf, rowsOf, wordsOf, type Measured } from './measure.js';

const NAMED = new Set<Entity['kind']>(['person', 'organization', 'place']);
/** A capitalised word that does not open a sentence, with those that follow it: what the baseline takes for a name. */
const CAPITALISED = /(?<=[\p{L}\p{N},;-] |[(“"])\p{Lu}\p{L}+(?: \p{Lu}\p{L}+)*/gu;

/** `Kennedy` and `John F. Kennedy` are one name, `the Senate` and `Senate` too. */
function isSame(a: string, b: string): boolean {
  const [one, other] = [` ${wordsOf(a)} `, ` ${wordsOf(b)} `];
  return one.includes(other) || other.includes(one);
}

interface Name {
  readonly text: string;
  readonly kind: string;
}

/** Every name that was found or should have been, once for a document. */
function compared(
  labels: readonly LabelledNames[],
  found: readonly Name[],
  isRight: (one: Name, other: Name) => boolean,
): readonly Decision[] {
  const right = new Map(
    labels.flatMap(({ names }) => names.map((name) => [`${name.kind} ${wordsOf(name.text)}`, name] as const)),
  );
  const unsure = labels.flatMap((each) => each.unsure);
  const expected = [...right.values()];
  const extra = found.filter(
    (name) =>
      !expected.some((each) => isRight(name, each)) && !unsure.some((text) => isSame(name.text, text)),
  );
  return [
    ...expected.map((each) => ({ found: found.some((name) => isRight(name, each)), right: true })),
    ...extra.map(() => ({ found: true, right: false })),
  ];
}

const isSameOfKind = (one: Name, other: Name): boolean =>
  one.kind === other.kind && isSame(one.text, other.text);

/**
 * Persons, organizations and places against those a reader underlined. The labelled sentences of one sample make one
 * document; a name with the wrong kind is both missed and wrong. The baseline takes capitalised words, of any kind.
 */
export async function measureNames(
  bench: QualityBench,
  { names }: Pick<Labels, 'names'>,
  set: LabelSet,
): Promise<readonly Measured[]> {
  const decisions: Decision[] = [];
  const capitals: Decision[] = [];
  const own = names.filter((each) => each.set === set);
  for (const source of new Set(own.map((each) => each.source))) {
    const labels = own.filter((each) => each.source === source);
    const sentences = labels.map(({ sentence }) => sentence);
    const found: Entity[] = [];
    for (const document of documentsOf(sentences))
      found.push(...((await bench.brief(document, 'deep')).analysis.entities ?? []));
    const named = found.filter(({ kind }) => NAMED.has(kind));
    decisions.push(...compared(labels, named, isSameOfKind));
    const runs = sentences.flatMap((sentence) => sentence.match(CAPITALISED) ?? []);
    const distinct = [...new Set(runs)].map((text) => ({ text, kind: 'any' }));
    capitals.push(...compared(labels, distinct, (one, other) => isSame(one.text, other.text)));
  }
  const row = rowsOf('entities', `${set} sentences`, decisions, 'capitalised words', capitals);
  return [row('precision', precision), row('recall', recall), row('F1', f1)];
}
