import { excerpt, type WarningLog } from '../warning-log.js';
import type { Cue, CuePart } from './cue.js';
import { readCueTiming } from './cue-timing.js';

/** Where a reader stands in the lines of a file; `at` is the index of the next line. */
export interface LineCursor {
  readonly lines: readonly string[];
  at: number;
}

export const isBlank = (line: string | undefined): boolean => line === undefined || line.trim() === '';
export const hasArrow = (line: string | undefined): boolean => line?.includes('-->') === true;

/**
 * Reads one cue from the line with the arrow on: up to a blank line, or up to the next arrow where the blank
 * line is missing. The cursor moves behind it. Nothing comes back for times that cannot be read; the text that
 * is lost with them is in the warning.
 */
export function readCue(
  cursor: LineCursor,
  warnings: WarningLog,
  parseText: (lines: string[]) => CuePart[],
): Cue | undefined {
  const line = cursor.at + 1;
  const arrowLine = cursor.lines[cursor.at] ?? '';
  const timing = readCueTiming(arrowLine, line, warnings);
  cursor.at += 1;
  const payload = readTextLines(cursor);
  if (timing === undefined) {
    const lost =
      payload.length === 0 ? 'It has no text.' : `Its text was skipped: ${excerpt(payload.join(' '))}.`;
    warnings.add(
      'CUE_TIMES_MALFORMED',
      `Cannot read the times ${excerpt(arrowLine)} of a cue. ${lost}`,
      line,
    );
    return undefined;
  }
  return { line, ...timing, parts: parseText(payload) };
}

/** Lines up to a blank one or to the next cue; the number of that next cue is left out. */
export function readTextLines(cursor: LineCursor): string[] {
  const text: string[] = [];
  while (cursor.at < cursor.lines.length) {
    const line = cursor.lines[cursor.at] ?? '';
    if (isBlank(line) && endsCue(cursor)) break;
    if (hasArrow(line)) {
      if (/^\s*\d+\s*$/u.test(text.at(-1) ?? '')) text.pop();
      break;
    }
    text.push(line);
    cursor.at += 1;
  }
  return text;
}

/**
 * Whether a blank line ends the cue. One with spaces in it does so only in front of another cue or block: automatic
 * captions write a line of one space where the line above is still empty.
 */
function endsCue({ lines, at }: LineCursor): boolean {
  const next = lines[at + 1];
  return (
    lines[at] === '' ||
    isBlank(next) ||
    hasArrow(next) ||
    hasArrow(lines[at + 2]) ||
    /^(?:NOTE|STYLE|REGION)(?:\s|$)/u.test(next ?? '')
  );
}

/** Reports cues that begin before the one in front of them; they stay where they are. */
export function reportDisorder(cues: readonly Cue[], warnings: WarningLog): void {
  let previousMs = 0;
  for (const { startMs, line } of cues) {
    if (startMs < previousMs) {
      const message = `A cue starts at ${startMs} ms, before the one in front of it at ${previousMs} ms.`;
      warnings.add('CUE_OUT_OF_ORDER', message, line);
    }
    previousMs = startMs;
  }
}
