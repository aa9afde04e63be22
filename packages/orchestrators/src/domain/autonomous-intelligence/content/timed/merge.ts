import type { DraftSegment } from '../draft.js';
import { joinText } from '../prose/clean.js';
import { splitParagraph } from '../prose/paragraphs.js';
import { endsSentence, splitSentences } from '../prose/sentences.js';
import type { Utterance } from './cue.js';

/** From this length on, a segment ends where a sentence does; in characters. */
export const TARGET_LENGTH = 400;
/** A segment without any sentence end (automatic captions) ends here. */
export const MAX_LENGTH = 1200;
/** Silence after which a finished sentence, or a long enough stretch, is a segment of its own. */
export const PAUSE_MS = 5000;

interface OpenSegment {
  readonly parts: string[];
  length: number;
  readonly speaker: string | undefined;
  readonly startMs: number | undefined;
  endMs: number | undefined;
}

/**
 * Joins what one speaker says in consecutive cues, until a sentence ends and about 400 characters are reached.
 * Where that sentence ends in the middle of a cue, the cue is divided and both segments carry its times: the
 * words are somewhere between `startMs` and `endMs`, and nothing is guessed.
 */
export function mergeUtterances(utterances: readonly Utterance[]): DraftSegment[] {
  const segments: DraftSegment[] = [];
  let open: OpenSegment | undefined;
  const close = (): void => {
    if (open !== undefined) for (const segment of finished(open)) segments.push(segment);
    open = undefined;
  };
  for (const utterance of utterances) {
    if (open !== undefined && startsNew(open, utterance)) close();
    open ??= begin(utterance);
    add(open, utterance.text, utterance.endMs);
    if (open.length < TARGET_LENGTH) continue;
    if (endsSentence(utterance.text)) {
      close();
      continue;
    }
    const sentences = splitSentences(utterance.text);
    if (sentences.length > 1) {
      open.parts[open.parts.length - 1] = sentences.slice(0, -1).join(' ');
      close();
      open = begin(utterance);
      add(open, sentences.at(-1) ?? '', utterance.endMs);
    } else if (open.length >= MAX_LENGTH) {
      close();
    }
  }
  close();
  return segments;
}

function begin({ speaker, startMs, endMs }: Utterance): OpenSegment {
  return { parts: [], length: 0, speaker, startMs, endMs };
}

function add(segment: OpenSegment, text: string, endMs: number | undefined): void {
  segment.parts.push(text);
  segment.length += text.length + 1;
  if (endMs !== undefined) segment.endMs = Math.max(segment.endMs ?? endMs, endMs);
}

function startsNew(open: OpenSegment, next: Utterance): boolean {
  if (next.newTurn === true || next.speaker !== open.speaker) return true;
  if (next.startMs === undefined || open.endMs === undefined || next.startMs - open.endMs < PAUSE_MS)
    return false;
  return open.length >= TARGET_LENGTH || endsSentence(open.parts.at(-1) ?? '');
}

function finished({ parts, speaker, startMs, endMs }: OpenSegment): DraftSegment[] {
  return splitParagraph(joinText(parts)).map((text) => ({
    kind: 'speech',
    text,
    ...(speaker !== undefined && { speaker }),
    ...(startMs !== undefined && { startMs }),
    ...(endMs !== undefined && { endMs }),
  }));
}
