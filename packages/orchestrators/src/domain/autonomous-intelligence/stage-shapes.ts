import type { AnalysisPart } from './depth-plan.js';
import {
  CONTENT_FORMATS,
  DEPTHS,
  ENTITY_KINDS,
  SUMMARY_METHODS,
  VERDICTS,
  type CheckedClaim,
} from './model.js';
import {
  bool,
  both,
  count,
  listOf,
  maybe,
  numberFrom,
  oneOf,
  record,
  someText,
  text,
  type Shape,
} from './shape.js';

const ratio = numberFrom(0, 1);
const polarity = numberFrom(-1, 1);

const reference = {
  segment: count,
  sentence: count,
  quote: someText,
  speaker: maybe(text),
  startMs: maybe(numberFrom(0)),
};
const cue = record({ ...reference, kind: someText, explanation: someText, confidence: ratio });
const score = {
  polarity,
  label: oneOf(['negative', 'neutral', 'positive']),
  sentences: count,
};
const claim = record({ ...reference, id: someText, checkworthiness: ratio, cues: listOf(someText) });

/** What each part of the analysis must look like, whoever made it. */
export const PART_SHAPES: Readonly<Record<AnalysisPart, Shape>> = {
  summary: listOf(record({ ...reference, score: ratio })),
  keywords: listOf(record({ term: someText, score: numberFrom(0), count })),
  topics: listOf(record({ label: someText, terms: listOf(someText), share: ratio })),
  entities: listOf(record({ text: someText, kind: oneOf(ENTITY_KINDS), count })),
  sentiment: record({
    overall: record(score),
    bySpeaker: listOf(record({ ...score, speaker: text })),
    overTime: listOf(record({ ...score, slice: count, startMs: maybe(numberFrom(0)) })),
  }),
  claims: listOf(claim),
  fallacies: listOf(cue),
  persuasion: listOf(cue),
  readability: record({
    fleschReadingEase: numberFrom(-Infinity),
    fleschKincaidGrade: numberFrom(-Infinity),
    averageSentenceWords: numberFrom(0),
    averageWordSyllables: numberFrom(0),
  }),
  quality: record({
    overall: ratio,
    parts: record({ completeness: ratio, coherence: ratio, informativeness: ratio, structure: ratio }),
    notes: listOf(text),
  }),
};

/** A document as the parser gives it. */
export const DOCUMENT_SHAPE: Shape = record({
  format: oneOf(CONTENT_FORMATS),
  uri: someText,
  title: text,
  author: maybe(text),
  publishedAt: maybe(text),
  language: someText,
  wordCount: count,
  durationMs: maybe(numberFrom(0)),
  segments: listOf(
    record({
      index: count,
      kind: oneOf(['speech', 'paragraph', 'heading']),
      text,
      speaker: maybe(text),
      startMs: maybe(numberFrom(0)),
      endMs: maybe(numberFrom(0)),
      marks: maybe(listOf(record({ at: count, ms: numberFrom(0) }))),
    }),
  ),
  warnings: listOf(record({ code: someText, message: text, line: maybe(count) })),
});

export const PARSED_SHAPE: Shape = record({
  format: oneOf(CONTENT_FORMATS),
  title: text,
  documents: both(listOf(DOCUMENT_SHAPE), (value, path) =>
    (value as readonly unknown[]).length > 0 ? undefined : `${path} must hold at least one document`,
  ),
});

export const RAW_SHAPE: Shape = both(record({ uri: someText, name: text }), (value, path) =>
  (value as { readonly bytes?: unknown }).bytes instanceof Uint8Array
    ? undefined
    : `${path}.bytes must be bytes`,
);

export const TEXT_SHAPE: Shape = record({
  language: someText,
  sentences: listOf(record({ index: count, segment: count, text, wordCount: count })),
  wordCount: count,
});

/** Verdicts stand on evidence: `supported` and `contradicted` carry at least one statement of that stance. */
export const CHECKED_SHAPE: Shape = listOf(
  both(
    record({
      claim,
      verdict: oneOf(VERDICTS),
      evidence: listOf(
        record({
          statement: someText,
          source: someText,
          stance: oneOf(['supports', 'contradicts', 'related']),
        }),
      ),
      explanation: someText,
    }),
    (value, path) => {
      const { verdict, evidence } = value as CheckedClaim;
      const stance =
        verdict === 'supported' ? 'supports' : verdict === 'contradicted' ? 'contradicts' : undefined;
      return stance === undefined || evidence.some((each) => each.stance === stance)
        ? undefined
        : `${path} is ${verdict} without evidence that ${stance} it`;
    },
  ),
);

export const NARRATIVE_SHAPE: Shape = record({ text: someText, model: someText });

const measure = record({ method: oneOf(SUMMARY_METHODS), divergence: ratio, isChosen: bool });
const unfounded = record({ sentence: someText, missing: listOf(someText) });

/** The best of the summaries, and how all of them measure. */
export const ALTERNATIVES_SHAPE: Shape = record({
  summary: PART_SHAPES.summary,
  measures: listOf(measure),
});

export const CROSS_CHECKS_SHAPE: Shape = listOf(
  record({
    claimId: someText,
    stance: oneOf(['agrees', 'differs']),
    reason: someText,
    briefingId: someText,
    uri: someText,
    title: text,
    quote: someText,
    overlap: ratio,
  }),
);

export const GROUNDING_SHAPE: Shape = record({
  kept: oneOf(['draft', 'revision']),
  sentences: count,
  unfounded: listOf(unfounded),
  unfoundedInDraft: count,
});

/** What the depth `experimental` adds, as far as it was made. */
export const EXPERIMENT_SHAPE: Shape = record({
  summaries: maybe(listOf(measure)),
  crossChecks: maybe(CROSS_CHECKS_SHAPE),
  grounding: maybe(GROUNDING_SHAPE),
});

/** A briefing as a store gives it back. */
export const BRIEFING_SHAPE: Shape = record({
  id: someText,
  contentHash: someText,
  createdAt: someText,
  depth: oneOf(DEPTHS),
  producedBy: oneOf(['autonomous_intelligence', 'fallback_autonomous']),
  document: record({ format: oneOf(CONTENT_FORMATS), uri: someText, title: text, wordCount: count }),
  analysis: record(
    Object.fromEntries(Object.entries(PART_SHAPES).map(([part, each]) => [part, maybe(each)])),
  ),
  claims: CHECKED_SHAPE,
  narrative: maybe(NARRATIVE_SHAPE),
  experiment: maybe(EXPERIMENT_SHAPE),
  notes: listOf(record({ stage: someText, outcome: oneOf(['skipped', 'failed', 'reduced']), reason: text })),
  timings: listOf(record({ stage: someText, ms: numberFrom(0) })),
});
