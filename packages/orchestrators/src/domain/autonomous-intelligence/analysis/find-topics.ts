import type { Topic } from '../model.js';
import { countOption } from './analysis-option-error.js';
import { communities } from './communities.js';
import type { Edge } from './communities.js';
import { distinctTerms } from './extract-keywords.js';
import { rankTerms } from './terms.js';
import type { Term } from './terms.js';
import type { Sentence, TextModel } from './text-model.js';

export interface TopicOptions {
  /**
   * How many at most.
   *
   * @minimum 1
   * @default 6
   */
  readonly limit?: number;
}

/** Terms that take part in the graph. */
const MAX_TERMS = 120;
/** Terms listed with a topic. */
const LISTED_TERMS = 8;
/** Sentences on each side, of the same segment, that count as the neighbourhood of a term. */
const WINDOW = 1;
/** A topic with a smaller share of the sentences is not reported, unless there is no other. */
const MIN_SHARE = 0.01;

/**
 * What the text speaks about: groups of terms that occur together, the largest first.
 *
 * Terms are those of the keywords that occur at least twice. Two are linked when they occur in the same or adjoining
 * sentences more often than chance would have it (positive pointwise mutual information, weighted by the number of
 * times); groups are the communities of that graph. A sentence belongs to the topic whose terms weigh most in it;
 * `share` counts those sentences. The label names the two strongest terms.
 *
 * @throws AnalysisOptionError when `limit` is not an integer of at least 1
 */
export function findTopics(text: TextModel, options: TopicOptions = {}): readonly Topic[] {
  const limit = countOption('limit', options.limit, 6);
  const ranked = rankTerms(text);
  const repeated = distinctTerms(
    ranked.filter((term) => term.count > 1),
    MAX_TERMS,
  );
  const terms = repeated.length > 0 ? repeated : distinctTerms(ranked, LISTED_TERMS);
  const group = communities(terms.length, links(terms, text.sentences));
  const counts = new Map<number, number>();
  for (const at of assign(terms, group)) counts.set(at, (counts.get(at) ?? 0) + 1);
  const total = Math.max(text.sentences.length, 1);
  const topics = [...counts].map(([at, count]) =>
    topicOf(
      terms.filter((_, i) => group[i] === at),
      count / total,
    ),
  );
  const shown = topics.filter((topic) => topic.share >= MIN_SHARE && topic.terms.length > 1);
  return (shown.length > 0 ? shown : topics)
    .sort((a, b) => b.share - a.share || (a.label < b.label ? -1 : 1))
    .slice(0, limit);
}

function topicOf(terms: readonly Term[], share: number): Topic {
  const names = terms.slice(0, LISTED_TERMS).map((term) => term.surface);
  return { label: names.slice(0, 2).join(', '), terms: names, share };
}

/** Edges between terms that keep company. */
function links(terms: readonly Term[], sentences: readonly Sentence[]): readonly Edge[] {
  const near = terms.map((term) => neighbourhood(term, sentences));
  const at = new Map<number, number[]>();
  terms.forEach((term, i) => {
    for (const sentence of term.sentences) at.set(sentence, [...(at.get(sentence) ?? []), i]); // few terms a sentence
  });
  const edges: Edge[] = [];
  terms.forEach((term, a) => {
    const together = new Map<number, number>();
    for (const sentence of near[a] ?? []) {
      for (const b of at.get(sentence) ?? []) if (b > a) together.set(b, (together.get(b) ?? 0) + 1);
    }
    for (const [b, times] of together) {
      const chance = ((near[a]?.size ?? 0) * (terms[b]?.sentences.length ?? 0)) / sentences.length;
      const information = Math.log(times / chance);
      if (information > 0) edges.push({ a, b, weight: information * Math.sqrt(times) });
    }
  });
  return edges;
}

/** The sentences of a term and those next to them in the same segment. */
function neighbourhood(term: Term, sentences: readonly Sentence[]): ReadonlySet<number> {
  const near = new Set<number>();
  for (const at of term.sentences) {
    for (let other = at - WINDOW; other <= at + WINDOW; other += 1) {
      const neighbour = sentences[other];
      if (neighbour !== undefined && neighbour.segment === sentences[at]?.segment) near.add(other);
    }
  }
  return near;
}

/** Community of every sentence that has a term: the one whose terms in it score most. */
function assign(terms: readonly Term[], group: readonly number[]): readonly number[] {
  const weights = new Map<number, Map<number, number>>();
  terms.forEach((term, i) => {
    const own = group[i] ?? i;
    for (const sentence of term.sentences) {
      const row = weights.get(sentence) ?? new Map<number, number>();
      row.set(own, (row.get(own) ?? 0) + term.score / term.count);
      weights.set(sentence, row);
    }
  });
  return [...weights.values()].map((row) => [...row].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0] ?? 0);
}
