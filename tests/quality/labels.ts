import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { BenchText } from './bench.js';

/** A sentence of the samples with what a reader said of it. */
export interface LabelledSentence {
  readonly source: string;
  readonly quote: string;
  /** Whether it states a fact that can be looked up. */
  readonly claim: boolean;
  readonly polarity: -1 | 0 | 1;
  readonly set: LabelSet;
}

/** Labels whose outcome was looked at while the analysis was made, and labels that were kept back. */
export type LabelSet = 'development' | 'held-out';
export const LABEL_SETS = ['held-out', 'development'] as const satisfies readonly LabelSet[];

/** A sentence written for the check of claims. */
export interface LabelledStatement {
  readonly text: string;
  readonly truth: 'supported' | 'contradicted' | 'open';
  readonly set: LabelSet;
}

/** A sentence of the samples with the names in it. */
export interface LabelledNames {
  readonly source: string;
  readonly set: LabelSet;
  readonly sentence: string;
  readonly names: readonly { readonly text: string; readonly kind: 'person' | 'organization' | 'place' }[];
  /** Laws, events, programs, peoples and the like, of which a reader may say either; they count neither way. */
  readonly unsure: readonly string[];
}

/** A summary as a reader would write it. */
export interface Reference {
  readonly source: string;
  readonly summary: string;
}

/** Everything that is measured on. */
export interface Labels {
  readonly sentences: readonly LabelledSentence[];
  readonly statements: readonly LabelledStatement[];
  readonly references: readonly Reference[];
  readonly verdicts: readonly LabelledVerdict[];
  readonly names: readonly LabelledNames[];
  readonly samples: ReadonlyMap<string, BenchText>;
  readonly knowledge: readonly string[];
}

/** A verdict that should be given on a passage of a sample, found by reading all of it beside the knowledge. */
export interface LabelledVerdict {
  readonly source: string;
  readonly quote: string;
  readonly verdict: 'supported' | 'contradicted';
}

/** Reads the labels, the samples and the knowledge of the bot. */
export function readLabels(root: string): Labels {
  const json = <T>(name: string): T =>
    JSON.parse(readFileSync(join(root, 'tests/quality/labels', name), 'utf8')) as T;
  const bot = join(root, 'apps/intelligence-bot');
  const samples = readdirSync(join(bot, 'samples')).filter((name) =>
    /\.(?:txt|html|vtt|srt|json)$/.test(name),
  );
  const knowledge = readdirSync(join(bot, 'knowledge')).filter((name) => name.endsWith('.yaml'));
  return {
    sentences: json<{ sentences: LabelledSentence[] }>('sentences.json').sentences,
    statements: json<{ statements: LabelledStatement[] }>('statements.json').statements,
    references: json<{ references: Reference[] }>('summaries.json').references,
    verdicts: json<{ verdicts: LabelledVerdict[] }>('verdicts.json').verdicts,
    names: json<{ sentences: LabelledNames[] }>('names.json').sentences,
    samples: new Map(
      samples.map((name) => [name, { name, text: readFileSync(join(bot, 'samples', name), 'utf8') }]),
    ),
    knowledge: knowledge.map((name) => readFileSync(join(bot, 'knowledge', name), 'utf8')),
  };
}
