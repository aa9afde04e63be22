/** The vocabulary of an analysis: what goes in, what each stage makes, what comes out. All of it is JSON. */

export const CONTENT_FORMATS = ['vtt', 'srt', 'text', 'markdown', 'html', 'transcript-json', 'feed'] as const;
export type ContentFormat = (typeof CONTENT_FORMATS)[number];

/** Bytes as they were acquired, before anything is known about them. */
export interface RawContent {
  /** Absolute path or URL it came from. */
  readonly uri: string;
  /** Last path segment, used to guess the format and a title. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Media type as the server said, without parameters. */
  readonly mediaType?: string;
  /** Charset as the server said. */
  readonly charset?: string;
}

/** One stretch of text by one speaker, in document order. */
export interface Segment {
  readonly index: number;
  readonly kind: 'speech' | 'paragraph' | 'heading';
  readonly text: string;
  readonly speaker?: string;
  /** Offset from the beginning of the recording, in milliseconds. */
  readonly startMs?: number;
  readonly endMs?: number;
  /**
   * The cues that were joined, from the second one on, in the order of the text: where in it each begins (`at`, in
   * UTF-16 code units) and when (`ms`, from the beginning of the recording). Left out where there was one cue only.
   */
  readonly marks?: readonly { readonly at: number; readonly ms: number }[];
}

/** Something the parser met and survived: nothing is dropped without one. */
export interface ParseWarning {
  readonly code: string;
  readonly message: string;
  /** 1-based line in the source, where known. */
  readonly line?: number;
}

/** Content as it was read: its words and what is known about it. */
export interface ContentDocument {
  readonly format: ContentFormat;
  readonly uri: string;
  readonly title: string;
  readonly author?: string;
  /** ISO 8601. */
  readonly publishedAt?: string;
  /** ISO 639-3 code, `und` where it cannot be told. */
  readonly language: string;
  readonly segments: readonly Segment[];
  readonly wordCount: number;
  /** Length of the recording in milliseconds, for timed formats. */
  readonly durationMs?: number;
  readonly warnings: readonly ParseWarning[];
}

/** A file is one document; a feed is one per item. */
export interface ParsedContent {
  readonly format: ContentFormat;
  readonly title: string;
  readonly documents: readonly ContentDocument[];
  readonly warnings: readonly ParseWarning[];
}

/** Where in the document something was found. */
export interface TextReference {
  readonly segment: number;
  readonly sentence: number;
  readonly quote: string;
  readonly speaker?: string;
  readonly startMs?: number;
}

/** A sentence of the content that stands for the whole, and where it is. */
export interface SummarySentence extends TextReference {
  /** Centrality of the sentence, 0 to 1. */
  readonly score: number;
}

/** A word or phrase that the content is about, and how much so. */
export interface Keyword {
  readonly term: string;
  readonly score: number;
  readonly count: number;
}

/** What the content is about, with the words that say so. */
export interface Topic {
  readonly label: string;
  readonly terms: readonly string[];
  /** Share of the document's sentences that belong to it, 0 to 1. */
  readonly share: number;
}

/** What is found among the words: names, dates and amounts. */
export const ENTITY_KINDS = ['person', 'organization', 'place', 'date', 'money', 'percent'] as const;
export type EntityKind = (typeof ENTITY_KINDS)[number];

/** A name, date or amount, and how often it is mentioned. */
export interface Entity {
  readonly text: string;
  readonly kind: EntityKind;
  readonly count: number;
}

/** How well or badly some sentences speak. */
export interface SentimentScore {
  /** -1 (negative) to 1 (positive). */
  readonly polarity: number;
  readonly label: 'negative' | 'neutral' | 'positive';
  readonly sentences: number;
}

/** How the content speaks: as a whole, by speaker, and as it goes on. */
export interface Sentiment {
  readonly overall: SentimentScore;
  readonly bySpeaker: readonly ({ readonly speaker: string } & SentimentScore)[];
  /** Equal slices of the document in order; times only for timed formats. */
  readonly overTime: readonly ({ readonly slice: number; readonly startMs?: number } & SentimentScore)[];
}

/** A statement that can be right or wrong, as the content makes it. */
export interface Claim extends TextReference {
  readonly id: string;
  /** How well the sentence suits checking, 0 to 1. */
  readonly checkworthiness: number;
  /** What makes it a claim: a figure, a date, a named entity, a comparison, a causal verb … */
  readonly cues: readonly string[];
}

/** Words that a persuasion or a fallacy is known by. */
export interface CueFinding extends TextReference {
  /** Stable name of the pattern, for example `appeal-to-fear`. */
  readonly kind: string;
  readonly explanation: string;
  /** 0 to 1; a cue is a hint for a reader, never a verdict. */
  readonly confidence: number;
}

/** How hard the content is to read. */
export interface Readability {
  readonly fleschReadingEase: number;
  readonly fleschKincaidGrade: number;
  readonly averageSentenceWords: number;
  readonly averageWordSyllables: number;
}

/** How good the content is, and what makes it so. */
export interface QualityScore {
  /** 0 to 1, the weighted mean of the parts. */
  readonly overall: number;
  readonly parts: Readonly<Record<'completeness' | 'coherence' | 'informativeness' | 'structure', number>>;
  readonly notes: readonly string[];
}

/** What was found in the content. */
export interface Analysis {
  readonly summary: readonly SummarySentence[];
  readonly keywords: readonly Keyword[];
  readonly topics: readonly Topic[];
  readonly entities: readonly Entity[];
  readonly sentiment: Sentiment;
  readonly claims: readonly Claim[];
  readonly fallacies: readonly CueFinding[];
  readonly persuasion: readonly CueFinding[];
  readonly readability: Readability;
  readonly quality: QualityScore;
}

/** What may come of checking a claim. */
export const VERDICTS = ['supported', 'contradicted', 'not_enough_evidence'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** A statement of the knowledge base and where it comes from. */
export interface Evidence {
  readonly statement: string;
  readonly source: string;
  readonly stance: 'supports' | 'contradicts' | 'related';
}

/** `supported` and `contradicted` always carry at least one piece of evidence with that stance. */
export interface CheckedClaim {
  readonly claim: Claim;
  readonly verdict: Verdict;
  readonly evidence: readonly Evidence[];
  readonly explanation: string;
}

/** From the shortest to the longest. `experimental` has to be enabled, else it is done as `comprehensive`. */
export const DEPTHS = ['quick', 'standard', 'deep', 'comprehensive', 'experimental'] as const;
export type Depth = (typeof DEPTHS)[number];

/** A stage that did not run, or ran in a reduced form, and why. */
export interface StageNote {
  readonly stage: string;
  readonly outcome: 'skipped' | 'failed' | 'reduced';
  readonly reason: string;
}

/**
 * Ways to choose the sentences of a summary.
 *
 * - `central`: those most like the rest of the text, the way of every depth
 * - `lead`: the first ones
 * - `frequent`: those with the most frequent words
 */
export const SUMMARY_METHODS = ['central', 'lead', 'frequent'] as const;
export type SummaryMethod = (typeof SUMMARY_METHODS)[number];

/** How well a summary stands for its text. */
export interface SummaryMeasure {
  readonly method: SummaryMethod;
  /** Jensen–Shannon divergence of its words from those of the text, in bits: 0 (the same) to 1. Less is better. */
  readonly divergence: number;
  readonly isChosen: boolean;
}

/** What another stored briefing says about the matter of a claim: a hint for a reader, never a verdict. */
export interface ClaimCrossCheck {
  /** Of the claim here. */
  readonly claimId: string;
  readonly stance: 'agrees' | 'differs';
  /** Why it counts as that, in a sentence. */
  readonly reason: string;
  /** The briefing of the other source. */
  readonly briefingId: string;
  readonly uri: string;
  readonly title: string;
  /** What it says. */
  readonly quote: string;
  /** Share of the words of the shorter statement that both have, 0 to 1. */
  readonly overlap: number;
}

/** A sentence of a narrative with something that the material does not hold. */
export interface UnfoundedSentence {
  readonly sentence: string;
  /** Figures and names, as the sentence writes them. */
  readonly missing: readonly string[];
}

/** A narrative compared with its material. */
export interface NarrativeGrounding {
  /** Which of the two texts stands; the draft where nothing else was written, or nothing better. */
  readonly kept: 'draft' | 'revision';
  readonly sentences: number;
  readonly unfounded: readonly UnfoundedSentence[];
  /** How many sentences of the draft were unfounded. */
  readonly unfoundedInDraft: number;
}

/** What the depth `experimental` adds, as far as it was made. */
export interface ExperimentFindings {
  /** Ways to summarise the text, compared; the best one is the summary of the analysis. */
  readonly summaries?: readonly SummaryMeasure[];
  /** What briefings of other sources say about the same matters. */
  readonly crossChecks?: readonly ClaimCrossCheck[];
  /** What of the narrative the material does not hold. */
  readonly grounding?: NarrativeGrounding;
}

/** What a reader gets, and what is stored. */
export interface Briefing {
  /** Stable for the same content and depth. */
  readonly id: string;
  /** SHA-256 of the content, hex. */
  readonly contentHash: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly depth: Depth;
  /** Which orchestrator made it; `fallback_autonomous` says in `notes` what is missing. */
  readonly producedBy: 'autonomous_intelligence' | 'fallback_autonomous';
  readonly document: Omit<ContentDocument, 'segments'>;
  readonly analysis: Partial<Analysis>;
  readonly claims: readonly CheckedClaim[];
  /** Prose by a language model, where one is configured. */
  readonly narrative?: { readonly text: string; readonly model: string };
  /** Only at the depth `experimental`. */
  readonly experiment?: ExperimentFindings;
  readonly notes: readonly StageNote[];
  /** Milliseconds per stage, in order of completion. */
  readonly timings: readonly { readonly stage: string; readonly ms: number }[];
}
