import type { Draft, DraftSegment, Source } from '../draft.js';
import { SoundTally } from '../prose/blocks.js';
import { joinText } from '../prose/clean.js';
import { splitParagraph } from '../prose/paragraphs.js';
import { readSpeakerLabel } from '../prose/speaker-label.js';

/** Lines that must begin with a clock, and their share of all lines that are not blank. */
const MINIMUM_CLOCKS = 3;
const MINIMUM_SHARE = 0.2;
/** `[dd:hh:mm:ss]`, `[hh:mm:ss]` or `[mm:ss]`, in square or round brackets, or a bare `hh:mm:ss`. */
const BRACKETED = /^\s*[[(](-?)((?:\d{1,3}:){1,3}\d{1,2})(?:\.\d{1,3})?[\])]\s*(.*)$/u;
const BARE = /^\s*()(\d{1,3}:\d{2}:\d{2})(?:\.\d{1,3})?(?=\s|$)\s*(.*)$/u;
/** Mark-up of annotated air-to-ground transcripts: `[glossary:Capsep]`, `[glossary:key|Capsep]`. */
const ANNOTATED = /\[[a-z]{2,20}:(?:[^[\]|]{1,80}\|)?([^[\]|]{1,80})\]/gu;
/** `_note: …`, `_page: …`: a remark of the editor, said by nobody. */
const REMARK = /^_([a-z]{1,20})\s*:\s*(.*)$/u;
const EDITORIAL = new Set(['note', 'extra']);

interface Stamped {
  readonly startMs: number;
  readonly lines: string[];
}

/**
 * A transcript that gives the time in front of every turn, as for radio traffic between ground and spacecraft.
 * Every turn is a segment, because pauses between them carry meaning; `endMs` is not known, and the duration is
 * the time of the last turn. Any `NAME:` is believed here. Nothing comes back for other text.
 */
export function clockTranscript(source: Source): Draft | undefined {
  const lines = source.text.split('\n');
  const filled = lines.filter((line) => line.trim() !== '').length;
  const clocks = lines.filter((line) => readClockLine(line) !== undefined).length;
  if (clocks < MINIMUM_CLOCKS || clocks < filled * MINIMUM_SHARE) return undefined;
  const tally = new SoundTally();
  const segments: DraftSegment[] = [];
  let open: Stamped | undefined;
  let latestMs = 0;
  const opening: string[] = [];
  const close = (): void => {
    if (open === undefined) return;
    for (const segment of segmentsOf(open, tally, source)) segments.push(segment);
  };
  for (const line of lines) {
    const clock = readClockLine(line);
    if (clock === undefined) {
      if (line.trim() !== '') (open?.lines ?? opening).push(line.trim());
      continue;
    }
    close();
    open = { startMs: clock.startMs, lines: clock.rest === '' ? [] : [clock.rest] };
    latestMs = Math.max(latestMs, clock.startMs);
  }
  close();
  const before = tally.spoken(joinText(opening));
  if (before !== undefined) segments.unshift({ kind: 'paragraph', text: before });
  tally.report(source.warnings);
  return { format: 'text', segments, durationMs: latestMs };
}

function readClockLine(line: string): { startMs: number; rest: string } | undefined {
  const match = BRACKETED.exec(line) ?? BARE.exec(line);
  if (!match) return undefined;
  const [, sign, clock = '', rest = ''] = match;
  const parts = clock.split(':').map(Number);
  const [seconds = 0, minutes = 0, hours = 0, days = 0] = parts.reverse();
  if (seconds > 59 || (parts.length > 2 && minutes > 59)) return undefined;
  const ms = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
  // Before lift-off the clock runs backwards; a recording has no time before its beginning.
  return { startMs: sign === '-' ? 0 : ms, rest: rest.trim() };
}

function segmentsOf({ startMs, lines }: Stamped, tally: SoundTally, source: Source): DraftSegment[] {
  const turns: { kind: 'speech' | 'paragraph'; speaker?: string; lines: string[] }[] = [];
  for (const raw of lines) {
    const line = raw.replace(ANNOTATED, '$1');
    const remark = REMARK.exec(line);
    const label = remark ? undefined : readSpeakerLabel(line);
    const last = turns.at(-1);
    if (remark && !EDITORIAL.has(remark[1] ?? '')) {
      source.warnings.add('REMARK_LEFT_OUT', `Left out the editor's remark "${line}".`);
    } else if (remark) {
      turns.push({ kind: 'paragraph', lines: [remark[2] ?? ''] });
    } else if (label !== undefined) {
      turns.push({ kind: 'speech', speaker: label.label, lines: [label.rest] });
    } else if (last === undefined) {
      turns.push({ kind: 'speech', lines: [line] });
    } else {
      last.lines.push(line);
    }
  }
  return turns.flatMap(({ lines: said, ...turn }) => {
    const text = tally.spoken(joinText(said));
    return text === undefined ? [] : splitParagraph(text).map((part) => ({ ...turn, text: part, startMs }));
  });
}
