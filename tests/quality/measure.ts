import type { BenchText, QualityBench } from './bench.js';
import {
  accuracy,
  estimate,
  f1,
  macroF1,
  majority,
  mean,
  precision,
  proportion,
  recall,
  type Estimate,
  type Labelled,
} from './figures.js';
import type { Labels, LabelSet } from './labels.js';
import { rougeL, rougeN } from './rouge.js';

/** One line of the table. */
export interface Measured extends Estimate {
  readonly task: string;
  readonly data: string;
  readonly n: number;
  readonly metric: string;
  readonly baseline?: { readonly name: string; readonly value: number };
}

/** How many sentences stand in one document: a comprehensive briefing lists at most 100 claims. */
const PER_DOCUMENT = 50;

export function documentsOf(sentences: readonly string[]): readonly BenchText[] {
  const documents: BenchText[] = [];
  for (let at = 0; at < sentences.length; at += PER_DOCUMENT)
    documents.push({
      name: `part-${String(at)}.html`,
      text: `<p>${sentences
        .slice(at, at + PER_DOCUMENT)
        .map((text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;'))
        .join('</p>\n<p>')}</p>`,
    });
  return documents;
}

/** Which of the sentences the briefing takes for claims; the baseline takes every sentence with a digit. */
export async function measureClaims(
  bench: QualityBench,
  labels: Labels,
  set: LabelSet,
): Promise<readonly Measured[]> {
  const sentences = labels.sentences.filter((each) => each.set === set);
  const claimed = new Set<string>();
  for (const document of documentsOf(sentences.map(({ quote }) => quote))) {
    const { analysis } = await bench.brief(document, 'comprehensive');
    for (const { quote } of analysis.claims ?? []) claimed.add(wordsOf(quote));
  }
  const found = (quote: string): boolean =>
    [...claimed].some((claim) => wordsOf(quote).includes(claim) || claim.includes(wordsOf(quote)));
  const decisions = sentences.map(({ quote, claim }) => ({ found: found(quote), right: claim }));
  const digits = sentences.map(({ quote, claim }) => ({ found: /\d/.test(quote), right: claim }));
  const row = rowsOf('claim extraction', `${set} sentences`, decisions, 'a digit in it', digits);
  return [row('precision', precision), row('recall', recall), row('F1', f1)];
}

export function wordsOf(text: string): string {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(' ');
}

export function rowsOf<T>(task: string, data: string, items: readonly T[], name: string, base: readonly T[]) {
  return (metric: string, figure: (sample: readonly T[]) => number): Measured => ({
    task,
    data,
    n: items.length,
    metric,
    ...(proportion(items, figure) ?? estimate(items, figure)),
    baseline: { name, value: figure(base) },
  });
}

/** A rated text. */
export interface Rated {
  readonly text: string;
  readonly polarity: -1 | 0 | 1;
}

/** The label of the overall sentiment of each text by itself; the baseline says the most frequent label of all. */
export async function measureSentiment(
  bench: QualityBench,
  data: string,
  rated: readonly Rated[],
): Promise<readonly Measured[]> {
  const items: Labelled[] = [];
  for (const { text, polarity } of rated) {
    const { analysis } = await bench.brief({ name: 'sentence.txt', text }, 'quick');
    items.push({
      found: analysis.sentiment?.overall.label ?? 'neutral',
      right: polarity > 0 ? 'positive' : polarity < 0 ? 'negative' : 'neutral',
    });
  }
  const row = rowsOf('sentiment', data, items, 'most frequent label', majority(items));
  return [row('accuracy', accuracy), row('macro F1', macroF1)];
}

/** Sentences of a summary that is compared with a reference of about 110 words. */
const SUMMARY_SENTENCES = 5;

/** The summary of a standard briefing against a written one; the baseline is the first sentences that are as many. */
export async function measureSummaries(bench: QualityBench, labels: Labels): Promise<readonly Measured[]> {
  const pairs: { readonly found: string; readonly lead: string; readonly right: string }[] = [];
  for (const { source, summary } of labels.references) {
    const sample = labels.samples.get(source);
    if (sample === undefined) throw new Error(`There is no sample "${source}".`);
    const { analysis } = await bench.brief(sample, 'standard');
    const sentences = (analysis.summary ?? []).slice(0, SUMMARY_SENTENCES).map(({ quote }) => quote);
    pairs.push({
      found: sentences.join(' '),
      lead: leadOf(sample.text, sentences.length),
      right: summary,
    });
  }
  const measures = [
    ['ROUGE-1 F1', (a: string, b: string) => rougeN(a, b, 1)],
    ['ROUGE-2 F1', (a: string, b: string) => rougeN(a, b, 2)],
    ['ROUGE-L F1', rougeL],
  ] as const;
  return measures.map(([metric, rouge]) => ({
    task: 'summary',
    data: 'samples, a written reference each',
    n: pairs.length,
    metric,
    ...estimate(pairs, (sample) => mean(sample.map(({ found, right }) => rouge(found, right)))),
    baseline: {
      name: `lead-${String(SUMMARY_SENTENCES)}`,
      value: mean(pairs.map(({ lead, right }) => rouge(lead, right))),
    },
  }));
}

/** The first sentences of a sample, of whatever format. */
function leadOf(text: string, count: number): string {
  return plainText(text)
    .split(/(?<=[.!?]["”]?) (?=["“A-Z])/u, count)
    .join(' ');
}

/** What a sample says, of whatever format, in one line: without headings, markup, times and numbers of captions. */
export function plainText(text: string): string {
  const body = text.startsWith('{') ? bodiesOf(text) : text;
  const article = /<article[\s\S]*<\/article>/u.exec(body)?.[0] ?? body;
  return article
    .replace(/^(?:WEBVTT.*|NOTE.*|\d+|[\d:.,]+ --> .*)$/gmu, '')
    .replace(/<h\d[\s\S]*?<\/h\d>|<[^>]{1,400}>/gu, ' ')
    .replace(/&(?:#39|#x27|apos|rsquo);/gu, "'")
    .replace(/&(?:[a-z]+|#\w+);/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
}

function bodiesOf(json: string): string {
  const { segments } = JSON.parse(json) as { segments: { body: string }[] };
  return segments.map(({ body }) => body).join(' ');
}
