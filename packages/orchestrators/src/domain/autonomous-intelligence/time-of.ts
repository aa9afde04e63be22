import type { Segment } from './model.js';

/**
 * When a character of a segment is heard: the beginning of the cue it stands in, in milliseconds from the beginning of
 * the recording. Within a cue nothing is guessed. A segment without marks, as older stored ones and untimed formats
 * have, gives the time of its beginning; nothing comes back where that is not known either.
 *
 * @param offset of the character in the text of the segment, in UTF-16 code units
 */
export function timeOf(segment: Pick<Segment, 'startMs' | 'marks'>, offset: number): number | undefined {
  const { startMs, marks = [] } = segment;
  let low = 0;
  let high = marks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((marks[middle]?.at ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? startMs : marks[low - 1]?.ms;
}
