import { joinText } from '../prose/clean.js';
import { SoundTally } from '../prose/blocks.js';
import { readSpeakerLabel } from '../prose/speaker-label.js';
import { SpeakerNames } from '../prose/speaker-name.js';
import { SpeakerRoster } from '../prose/speaker-roster.js';
import type { WarningLog } from '../warning-log.js';
import type { Cue, CuePart, Utterance } from './cue.js';

/** Share of caption lines that carry a label in a dialogue; a turn is broken into many lines. */
const CAPTION_LABEL_SHARE = 0.005;
/** `>>` at the beginning of a line or after a space: the speaker changes (broadcast captions). */
const CHANGE_MARK = /(?:^|\s)>{2,3}(?=\s|$|\p{Lu})/u;

/** Lines that begin a turn with a dash, from which on a dash begins one wherever it stands. */
const DASHED_LINES = 3;
const DASH = /^\s*[-–—]\s?[^\s-]/u;
/** What goes on after a dash in lower case is the rest of a sentence, unless dashes mark turns side by side. */
const DASHED_TURN = /^\s*[-–—]\s?[^\s\-\p{Ll}]/u;

interface Turn {
  readonly lines: string[];
  readonly speaker: string | undefined;
  readonly newTurn: boolean;
}

/**
 * Says who speaks in every cue: the voice tag, else a name in the text (`>> NAME:`, or `Name:` where such labels
 * come back, and `NAME:` once beside them), else the name before. `>>` without a name means somebody else, not known who; so do lines
 * that begin with a dash, where a cue has several of them or the file many. Cues that hold no word are left out and counted.
 */
export function utterancesOf(cues: readonly Cue[], warnings: WarningLog): Utterance[] {
  const roster = new SpeakerRoster(linesOf(cues), {
    minimumShare: CAPTION_LABEL_SHARE,
    believesCapitals: true,
  });
  const usesDashes = countOf(linesOf(cues), DASHED_TURN) >= DASHED_LINES;
  const names = new SpeakerNames();
  const tally = new SoundTally();
  const utterances: Utterance[] = [];
  let speaker: string | undefined;
  for (const cue of cues) {
    for (const part of cue.parts) {
      const turns =
        part.speaker === undefined ? turnsOf(part, speaker, roster, usesDashes) : [voiceTurn(part, names)];
      const last = turns.at(-1);
      if (part.speaker === undefined && last !== undefined) speaker = last.speaker;
      for (const turn of turns) {
        const text = tally.spoken(joinText(turn.lines));
        if (text === undefined) continue;
        utterances.push({
          text,
          startMs: cue.startMs,
          endMs: cue.endMs,
          ...(turn.speaker !== undefined && { speaker: turn.speaker }),
          ...(turn.newTurn && { newTurn: true }),
        });
      }
    }
  }
  tally.report(warnings);
  return utterances;
}

function* linesOf(cues: readonly Cue[]): Generator<string> {
  for (const cue of cues) for (const part of cue.parts) if (part.speaker === undefined) yield* part.lines;
}

function countOf(lines: Iterable<string>, pattern: RegExp): number {
  let count = 0;
  for (const line of lines) if (pattern.test(line)) count += 1;
  return count;
}

function voiceTurn(part: CuePart, names: SpeakerNames): Turn {
  const speaker = part.speaker === undefined ? undefined : names.of(part.speaker);
  return { lines: part.lines.map((line) => line.trim()), speaker, newTurn: false };
}

function turnsOf(
  part: CuePart,
  before: string | undefined,
  roster: SpeakerRoster,
  usesDashes: boolean,
): Turn[] {
  const turns: Turn[] = [{ lines: [], speaker: before, newTurn: false }];
  const dashes = countOf(part.lines, DASH);
  for (const line of part.lines) {
    const [head = '', ...changes] = line.split(CHANGE_MARK);
    const text = head.trim();
    const isDashed = (dashes > 1 && DASH.test(text)) || (usesDashes && DASHED_TURN.test(text));
    const plain = isDashed ? text.slice(1).trim() : text;
    const named = roster.turn(plain);
    if (named !== undefined) turns.push({ lines: [named.rest], speaker: named.speaker, newTurn: false });
    else if (isDashed) turns.push({ lines: [plain], speaker: undefined, newTurn: true });
    else turns.at(-1)?.lines.push(plain);
    for (const change of changes) {
      const label = readSpeakerLabel(change.trim());
      turns.push({ lines: [label?.rest ?? change.trim()], speaker: label?.label, newTurn: true });
    }
  }
  return turns.filter((turn, index) => index > 0 || turn.lines.some((line) => line !== ''));
}
