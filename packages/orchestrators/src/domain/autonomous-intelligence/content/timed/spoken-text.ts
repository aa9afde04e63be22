import type { DraftSegment } from '../draft.js';
import { joinPlaced } from '../prose/clean.js';
import { splitParagraph } from '../prose/paragraphs.js';
import type { Utterance } from './cue.js';

/** Text with the times at which its parts are heard. */
export type TimedText = Pick<DraftSegment, 'text' | 'startMs' | 'endMs' | 'marks'>;

type Part = Pick<Utterance, 'text' | 'startMs' | 'endMs'>;
/** A part that begins at an offset of a text; `end` is where the next one begins. */
interface PlacedPart {
  readonly at: number;
  readonly end: number;
  readonly startMs: number | undefined;
  readonly endMs: number | undefined;
}

/**
 * Joins what was said in consecutive cues, and cuts it where it is too long for a paragraph. Each paragraph knows
 * when it begins and ends, and where in it every further cue begins. A part without a time counts to the one before.
 */
export function joinTimed(parts: readonly Part[]): TimedText[] {
  const { text, offsets } = joinPlaced(parts.map((part) => part.text));
  let startMs: number | undefined;
  const placed = parts.map((part, index): PlacedPart => {
    startMs = part.startMs ?? startMs;
    return {
      at: offsets[index] ?? text.length,
      end: offsets[index + 1] ?? text.length,
      startMs,
      endMs: part.endMs,
    };
  });
  const paragraphs = splitParagraph(text);
  if (paragraphs.length === 1) return [timed(text, placed)];
  let from = 0;
  let next = 0;
  return paragraphs.map((paragraph) => {
    const offsetsIn = offsetsOf(paragraph, text, from);
    const to = from + offsetsIn.length;
    // A cue that goes on into the next paragraph is looked at again there.
    while ((placed[next]?.end ?? Infinity) <= from) next += 1;
    const own: PlacedPart[] = [];
    for (let index = next; index < placed.length; index += 1) {
      const part = placed[index];
      if (part === undefined || part.at >= to) break;
      own.push({ ...part, at: offsetsIn[part.at - from] ?? 0 });
    }
    from = to;
    return timed(paragraph, own);
  });
}

/**
 * For each character of the source from an offset on, as far as the paragraph goes, where it is in the paragraph: the
 * two differ in their spaces only.
 */
function offsetsOf(paragraph: string, source: string, from: number): number[] {
  const offsets: number[] = [];
  let at = 0;
  for (let read = from; read < source.length; read += 1) {
    if (isSpace(source[read])) {
      offsets.push(at);
      continue;
    }
    while (isSpace(paragraph[at])) at += 1;
    if (at >= paragraph.length) break;
    offsets.push(at);
    at += 1;
  }
  return offsets;
}

const isSpace = (character: string | undefined): boolean => character !== undefined && /\s/u.test(character);

function timed(text: string, parts: readonly PlacedPart[]): TimedText {
  const startMs = parts[0]?.startMs;
  const marks: { at: number; ms: number }[] = [];
  let endMs: number | undefined;
  let heardMs = startMs;
  for (const part of parts) {
    if (part.endMs !== undefined) endMs = Math.max(endMs ?? startMs ?? part.endMs, part.endMs);
    if (part.startMs === undefined || part.startMs === heardMs) continue;
    heardMs = part.startMs;
    marks.push({ at: part.at, ms: heardMs });
  }
  return {
    text,
    ...(startMs !== undefined && { startMs }),
    ...(endMs !== undefined && { endMs }),
    ...(marks.length > 0 && { marks }),
  };
}
