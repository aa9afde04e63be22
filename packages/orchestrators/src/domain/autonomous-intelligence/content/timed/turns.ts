import { joinText } from '../prose/clean.js';
import { SoundTally } from '../prose/blocks.js';
import { readSpeakerLabel } from '../prose/speaker-label.js';
import { SpeakerRoster } from '../prose/speaker-roster.js';
import type { WarningLog } from '../warning-log.js';
import type { Cue, CuePart, Utterance } from './cue.js';

/** Share of caption lines that carry a label in a dialogue; a turn is broken into many lines. */
const CAPTION_LABEL_SHARE = 0.005;
/** `>>` at the beginning of a line or after a space: the speaker changes (broadcast captions). */
const CHANGE_MARK = /(?:^|\s)>{2,3}(?=\s|$|\p{Lu})/u;

interface Turn {
  readonly lines: string[];
  readonly speaker: string | undefined;
  readonly newTurn: boolean;
}

/**
 * Says who speaks in every cue: the voice tag, else a name in the text (`>> NAME:`, or `Name:` where such labels
 * come back), else the name before. `>>` without a name means somebody else, not known who; so do lines of one
 * cue that begin with a dash. Cues that hold no word are left out and counted.
 */
export function utterancesOf(cues: readonly Cue[], warnings: WarningLog): Utterance[] {
  const roster = new SpeakerRoster(linesOf(cues), { minimumShare: CAPTION_LABEL_SHARE });
  const tally = new SoundTally();
  const utterances: Utterance[] = [];
  let speaker: string | undefined;
  for (const cue of cues) {
    for (const part of cue.parts) {
      const turns = part.speaker === undefined ? turnsOf(part, speaker, roster) : [voiceTurn(part)];
      if (part.speaker === undefined) speaker = turns.at(-1)?.speaker ?? speaker;
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

function voiceTurn(part: CuePart): Turn {
  return { lines: part.lines.map((line) => line.trim()), speaker: part.speaker, newTurn: false };
}

function turnsOf(part: CuePart, before: string | undefined, roster: SpeakerRoster): Turn[] {
  const turns: Turn[] = [{ lines: [], speaker: before, newTurn: false }];
  const dashes = part.lines.filter((line) => /^\s*[-–—]\s?[^\s-]/u.test(line)).length;
  for (const line of part.lines) {
    const [head = '', ...changes] = line.split(CHANGE_MARK);
    const text = head.trim();
    const isDashed = dashes > 1 && /^[-–—]/u.test(text);
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
