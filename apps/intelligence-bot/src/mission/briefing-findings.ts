import type { Briefing, CheckedClaim } from '@kapelle/orchestrators';

/** Nobody speaks slower or faster for a whole recording; a transcript that says so has gaps or wrong times. */
const WORDS_PER_MINUTE = { least: 60, most: 300 };

/** What can be told of a transcript without reading it again. */
export interface TranscriptFindings {
  readonly format: string;
  readonly language: string;
  readonly words: number;
  readonly minutes?: number;
  readonly wordsPerMinute?: number;
  readonly speakers: readonly string[];
  /** Sentences of the summary that have a time, in the order of the recording. */
  readonly anchors: readonly { readonly ms: number; readonly quote: string }[];
  /** What the parser met and survived. */
  readonly warnings: number;
  /** Why it is not to be trusted. */
  readonly doubts: readonly string[];
}

/** How the content was written down: its pace, who speaks, and what speaks against it. */
export function transcriptFindings({ document, analysis }: Briefing): TranscriptFindings {
  const { format, language, wordCount, durationMs, warnings } = document;
  const minutes = durationMs === undefined || durationMs <= 0 ? undefined : durationMs / 60_000;
  const pace = minutes === undefined ? undefined : wordCount / minutes;
  const anchors = (analysis.summary ?? [])
    .flatMap(({ startMs, quote }) => (startMs === undefined ? [] : [{ ms: startMs, quote }]))
    .sort((a, b) => a.ms - b.ms);
  const isOdd = pace !== undefined && (pace < WORDS_PER_MINUTE.least || pace > WORDS_PER_MINUTE.most);
  return {
    format,
    language,
    words: wordCount,
    ...(minutes === undefined ? {} : { minutes: rounded(minutes) }),
    ...(pace === undefined ? {} : { wordsPerMinute: Math.round(pace) }),
    speakers: (analysis.sentiment?.bySpeaker ?? []).map(({ speaker }) => speaker),
    anchors,
    warnings: warnings.length,
    doubts: isOdd
      ? [
          `${String(Math.round(pace))} words a minute are spoken by nobody: there are gaps, or the times are wrong.`,
        ]
      : [],
  };
}

/** Decided claims below which a share of them says little. */
const FEW_CLAIMS = 3;
/** What each fallacy adds to a threat. */
const FALLACY_WEIGHT = 0.1;

/** How far content may mislead. A hint for a reader, never a verdict. */
export interface ThreatFindings {
  /** (deception + 0.1 for each fallacy) / 2, at most 1. */
  readonly score: number;
  /** High above 0.7, medium above 0.4. */
  readonly level: 'low' | 'medium' | 'high';
  /** Share of the decided claims that are contradicted. */
  readonly deception: number;
  readonly decided: number;
  readonly contradicted: number;
  readonly undecided: number;
  readonly fallacies: number;
  readonly persuasion: number;
  readonly doubts: readonly string[];
}

/** From what was checked and found; claims that nobody could decide say nothing either way. */
export function threatFindings({ claims, analysis }: Briefing): ThreatFindings {
  const { decided, contradicted } = countsOf(claims);
  const fallacies = analysis.fallacies?.length ?? 0;
  const deception = decided === 0 ? 0 : contradicted / decided;
  const score = rounded(Math.min(1, (deception + FALLACY_WEIGHT * fallacies) / 2));
  return {
    score,
    level: score > 0.7 ? 'high' : score > 0.4 ? 'medium' : 'low',
    deception: rounded(deception),
    decided,
    contradicted,
    undecided: claims.length - decided,
    fallacies,
    persuasion: analysis.persuasion?.length ?? 0,
    doubts:
      decided < FEW_CLAIMS
        ? [`Only ${String(decided)} of ${String(claims.length)} claims could be decided.`]
        : [],
  };
}

/** One who speaks in the content, and how. */
export interface VoiceFindings {
  readonly speaker: string;
  readonly claims: number;
  readonly supported: number;
  readonly contradicted: number;
  /** -1 to 1, where the mood of the speaker was measured. */
  readonly polarity?: number;
  readonly fallacies: number;
  readonly persuasion: number;
}

/** Who speaks, how often they were right, and by what means they persuade; who says most first. */
export function voiceFindings({ claims, analysis }: Briefing): readonly VoiceFindings[] {
  const moods = new Map((analysis.sentiment?.bySpeaker ?? []).map((each) => [each.speaker, each.polarity]));
  const speakers = new Set(moods.keys());
  for (const { claim } of claims) if (claim.speaker !== undefined) speakers.add(claim.speaker);
  const saidBy = (speaker: string, said: readonly { readonly speaker?: string }[] = []): number =>
    said.filter((each) => each.speaker === speaker).length;
  return [...speakers]
    .map((speaker): VoiceFindings => {
      const theirs = claims.filter(({ claim }) => claim.speaker === speaker);
      const polarity = moods.get(speaker);
      const { decided, contradicted } = countsOf(theirs);
      return {
        speaker,
        claims: theirs.length,
        supported: decided - contradicted,
        contradicted,
        ...(polarity === undefined ? {} : { polarity }),
        fallacies: saidBy(speaker, analysis.fallacies),
        persuasion: saidBy(speaker, analysis.persuasion),
      };
    })
    .sort((a, b) => b.claims - a.claims || (a.speaker < b.speaker ? -1 : 1));
}

/** Characters of a message that can be posted anywhere. */
const MESSAGE_LENGTH = 2_000;

/** The briefing in a message of at most 2,000 characters. */
export function announcementOf(briefing: Briefing): string {
  const { document, analysis, claims, id } = briefing;
  const { decided, contradicted } = countsOf(claims);
  const head = `${document.title}\n`;
  const foot = `\n${String(claims.length)} claims: ${String(decided - contradicted)} supported, ${String(contradicted)} contradicted, ${String(claims.length - decided)} undecided.\nThe whole briefing: ${id}`;
  const lines = (analysis.summary ?? []).map(({ quote }) => `- ${quote}`);
  let body = '';
  for (const line of lines) {
    if (head.length + body.length + line.length + 1 + foot.length > MESSAGE_LENGTH) break;
    body += `${line}\n`;
  }
  return `${head.slice(0, MESSAGE_LENGTH - foot.length)}${body}${foot}`;
}

/** What of an analysis took longest. */
export function slowestStages({
  timings,
}: Briefing): readonly { readonly stage: string; readonly ms: number }[] {
  return [...timings].sort((a, b) => b.ms - a.ms).slice(0, 5);
}

function countsOf(claims: readonly CheckedClaim[]): {
  readonly decided: number;
  readonly contradicted: number;
} {
  const decided = claims.filter(({ verdict }) => verdict !== 'not_enough_evidence');
  return {
    decided: decided.length,
    contradicted: decided.filter(({ verdict }) => verdict === 'contradicted').length,
  };
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}
