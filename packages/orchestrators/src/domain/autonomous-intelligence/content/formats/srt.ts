import type { Draft, Source } from '../draft.js';
import { hasArrow, isBlank, readCue, readTextLines, type LineCursor } from '../timed/cue-block.js';
import { subRipParts } from '../timed/cue-text.js';
import type { Cue, CuePart } from '../timed/cue.js';
import { excerpt } from '../warning-log.js';
import { draftFromCues } from './timed-draft.js';

/**
 * SubRip, which has no specification: read the way players do. Numbers in front of the times may be missing or
 * wrong, the fraction may follow a comma or a dot. Text after a blank line inside a cue still belongs to the cue
 * and is kept with a warning; cues with times that cannot be read are skipped with a warning that has their text.
 *
 * @throws {@link ContentError} `CONTENT_MALFORMED` when there is no cue
 */
export function parseSrt(source: Source): Draft {
  const { warnings } = source;
  const cursor: LineCursor = { lines: source.text.split('\n'), at: 0 };
  const cues: (Cue & { readonly parts: CuePart[] })[] = [];
  let skipped = false;
  while (cursor.at < cursor.lines.length) {
    const line = cursor.lines[cursor.at];
    const isNumber = /^\s*\d+\s*$/u.test(line ?? '');
    if (isBlank(line) || (isNumber && hasArrow(cursor.lines[cursor.at + 1]))) {
      cursor.at += 1;
    } else if (hasArrow(line)) {
      const cue = readCue(cursor, warnings, subRipParts);
      skipped = cue === undefined;
      if (cue !== undefined) cues.push({ ...cue, parts: [...cue.parts] });
    } else {
      const at = cursor.at + 1;
      const text = readTextLines(cursor);
      const last = cues.at(-1);
      if (last !== undefined && !skipped) {
        for (const part of subRipParts(text)) last.parts.push(part);
        warnings.add(
          'CUE_TEXT_AFTER_GAP',
          `Added to the cue above a blank line: ${excerpt(text.join(' '))}.`,
          at,
        );
      } else {
        warnings.add(
          'CUE_WITHOUT_TIMES',
          `Skipped text that belongs to no cue: ${excerpt(text.join(' '))}.`,
          at,
        );
      }
    }
  }
  return draftFromCues(cues, source, { format: 'srt', label: 'SubRip' });
}
