import type { DraftSegment } from '../draft.js';
import { endsSentence, splitSentences } from '../prose/sentences.js';
import type { Utterance } from './cue.js';
import { joinTimed } from './spoken-text.js';

/** From this length on, a segment ends where a sentence does; in characters. */
export const TARGET_LENGTH = 400;
/** A segment without any sentence end (automatic captions) ends here. */
export const MAX_LENGTH = 1200;
/** Silence after which a finished sentence, or a long enough stretch, is a segment of its own. */
export const PAUSE_MS = 5000;

interface OpenSegment {
  readonly parts: Utterance[];
  length: number;
  readonly speaker: string | undefined;
  endMs: number | undefined;
}

/**
 * Joins what one speaker says in consecutive cues, until a sentence ends and about 400 characters are reached.
 * Where that sentence ends in the middle of a cue, the cue is divided and both segments carry its times: the
 * words are somewhere between `startMs` and `endMs`, and nothing is guessed. Where in its text each of the joined
 * cues begins stays known (`marks`).
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
    add(open, utterance);
    if (open.length < TARGET_LENGTH) continue;
    if (endsSentence(utterance.text)) {
      close();
      continue;
    }
    const sentences = splitSentences(utterance.text);
    if (sentences.length > 1) {
      open.parts[open.parts.length - 1] = { ...utterance, text: sentences.slice(0, -1).join(' ') };
      close();
      open = begin(utterance);
      add(open, { ...utterance, text: sentences.at(-1) ?? '' });
    } else if (open.length >= MAX_LENGTH) {
      close();
    }
  }
  close();
  return segments;
}

function begin({ speaker }: Utterance): OpenSegment {
  return { parts: [], length: 0, speaker, endMs: undefined };
}

function add(segment: OpenSegment, utterance: Utterance): void {
  const { text, endMs } = utterance;
  segment.parts.push(utterance);
  segment.length += text.length + 1;
  if (endMs !== undefined) segment.endMs = Math.max(segment.endMs ?? endMs, endMs);
}

function startsNew(open: OpenSegment, next: Utterance): boolean {
  if (next.newTurn === true || next.speaker !== open.speaker) return true;
  if (next.startMs === undefined || open.endMs === undefined || next.startMs - open.endMs < PAUSE_MS)
    return false;
  return open.length >= TARGET_LENGTH || endsSentence(open.parts.at(-1)?.text ?? '');
}

function finished({ parts, speaker }: OpenSegment): DraftSegment[] {
  return joinTimed(parts).map(({ text, ...times }) => ({
    kind: 'speech',
    text,
    ...(speaker !== undefined && { speaker }),
    ...times,
  }));
}
