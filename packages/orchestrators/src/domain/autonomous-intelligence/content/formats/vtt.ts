import type { Draft, Source } from '../draft.js';
import { hasArrow, isBlank, readCue, readTextLines, type LineCursor } from '../timed/cue-block.js';
import { webVttParts } from '../timed/cue-text.js';
import type { Cue } from '../timed/cue.js';
import { excerpt, type WarningLog } from '../warning-log.js';
import { draftFromCues } from './timed-draft.js';

const SIGNATURE = /^WEBVTT(?=[ \t]|$)(.*)$/u;
const HEADER_FIELD = /^([A-Za-z-]+)\s*[:=]\s*(.*)$/u;

interface Header {
  title?: string;
  language?: string;
}

/**
 * WebVTT (https://www.w3.org/TR/webvtt1/), read leniently: cues with times that cannot be read are skipped with
 * a warning that has their line and text, and the rest is used. Comments, styles and regions are not text.
 * The line after `WEBVTT -` is the title, `Language:` in the header the declared language.
 *
 * @throws {@link ContentError} `CONTENT_MALFORMED` when there is no cue
 */
export function parseVtt(source: Source): Draft {
  const cursor: LineCursor = { lines: source.text.split('\n'), at: 0 };
  const header = readHeader(cursor, source.warnings);
  const cues: Cue[] = [];
  while (cursor.at < cursor.lines.length) {
    if (isBlank(cursor.lines[cursor.at])) cursor.at += 1;
    else readBlock(cursor, source.warnings, cues);
  }
  return draftFromCues(cues, source, { format: 'vtt', label: 'WebVTT', ...header });
}

function readHeader(cursor: LineCursor, warnings: WarningLog): Header {
  while (cursor.at < cursor.lines.length && isBlank(cursor.lines[cursor.at])) cursor.at += 1;
  const header: Header = {};
  const signature = SIGNATURE.exec(cursor.lines[cursor.at] ?? '');
  if (!signature) {
    warnings.add('VTT_HEADER_MISSING', 'The first line is not "WEBVTT"; the cues were read all the same.', 1);
    return header;
  }
  const title = (signature[1] ?? '').trim();
  if (/^[-–—]\s*\S/u.test(title)) header.title = title.slice(1).trim();
  cursor.at += 1;
  while (cursor.at < cursor.lines.length) {
    const line = cursor.lines[cursor.at] ?? '';
    if (isBlank(line) || hasArrow(line) || hasArrow(cursor.lines[cursor.at + 1])) break;
    const field = HEADER_FIELD.exec(line);
    if (field?.[1]?.toLowerCase() === 'language' && field[2]) header.language = field[2].trim();
    if (!field) reportStray([line], cursor.at + 1, warnings);
    cursor.at += 1;
  }
  return header;
}

function readBlock(cursor: LineCursor, warnings: WarningLog, cues: Cue[]): void {
  const first = cursor.lines[cursor.at] ?? '';
  if (/^NOTE(?:\s|$)/u.test(first) || /^(?:STYLE|REGION)\s*$/u.test(first)) {
    while (cursor.at < cursor.lines.length && !isBlank(cursor.lines[cursor.at])) cursor.at += 1;
    return;
  }
  // A line in front of the times is the cue's identifier.
  if (!hasArrow(first) && hasArrow(cursor.lines[cursor.at + 1])) cursor.at += 1;
  if (hasArrow(cursor.lines[cursor.at])) {
    const cue = readCue(cursor, warnings, webVttParts);
    if (cue !== undefined) cues.push(cue);
    return;
  }
  const line = cursor.at + 1;
  reportStray(readTextLines(cursor), line, warnings);
}

function reportStray(text: readonly string[], line: number, warnings: WarningLog): void {
  if (text.length === 0) return;
  warnings.add('CUE_WITHOUT_TIMES', `Skipped text that belongs to no cue: ${excerpt(text.join(' '))}.`, line);
}
