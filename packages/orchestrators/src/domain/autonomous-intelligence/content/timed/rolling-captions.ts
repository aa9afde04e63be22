import { cleanText } from '../prose/clean.js';
import type { WarningLog } from '../warning-log.js';
import type { Cue } from './cue.js';

/** Pause after which a repeated line is taken for repeated speech. */
const MAX_GAP_MS = 1000;
/** Share of the cues that must repeat the one before them, and the least number of them. */
const ROLLING_SHARE = 0.25;
const ROLLING_MINIMUM = 2;
const NO_SPACES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu;

/**
 * Takes out what live captions show more than once. Such captions roll: a cue repeats the last lines of the one
 * before and adds some ("a / b", then "b / c"), or grows ("so", then "so we").
 *
 * A speaker may say a thing twice, so lines go only where the file as a whole rolls: at least two cues, and a
 * quarter of all, begin with two or more words that the cue before ends with. Elsewhere only an exact copy of a
 * cue goes, times included. One warning tells the number of lines.
 */
export function withoutRepeats(cues: readonly Cue[], warnings: WarningLog): Cue[] {
  const shown = cues.map((cue) => (cue.parts[0]?.lines ?? []).map(cleanText).filter((line) => line !== ''));
  const overlaps = cues.map((cue, index) => {
    const before = cues[index - 1];
    const isNear = before !== undefined && cue.startMs - before.endMs <= MAX_GAP_MS;
    const canRoll = isNear && cue.parts.length === 1 && before.parts.length === 1 && sameVoice(cue, before);
    return canRoll ? overlap(shown[index - 1] ?? [], shown[index] ?? []) : NOTHING;
  });
  const rolling = overlaps.filter((found) => found.words >= 2).length;
  const isRolling = rolling >= ROLLING_MINIMUM && rolling >= cues.length * ROLLING_SHARE;
  let removed = 0;
  const kept: Cue[] = [];
  cues.forEach((cue, index) => {
    const { lines, prefix } = overlaps[index] ?? NOTHING;
    const own = shown[index] ?? [];
    const before = cues[index - 1];
    const isCopy =
      before?.startMs === cue.startMs &&
      before.endMs === cue.endMs &&
      lines > 0 &&
      lines === own.length &&
      lines === shown[index - 1]?.length;
    if ((!isRolling && !isCopy) || (lines === 0 && prefix === 0)) {
      kept.push(cue);
      return;
    }
    removed += Math.max(lines, 1);
    const rest = lines > 0 ? own.slice(lines) : [own.join(' ').slice(prefix)];
    kept.push({ ...cue, parts: cue.parts.map((part) => ({ ...part, lines: rest })) });
  });
  if (removed > 0)
    warnings.add('REPEATS_LEFT_OUT', `Left out ${removed} caption lines that repeat the cue before.`);
  return kept;
}

/** How much of a cue the one before has shown already: whole lines, or else its whole text as a prefix. */
interface Overlap {
  readonly lines: number;
  /** In characters of the lines joined by spaces. */
  readonly prefix: number;
  readonly words: number;
}
const NOTHING: Overlap = { lines: 0, prefix: 0, words: 0 };

function sameVoice(cue: Cue, before: Cue): boolean {
  return cue.parts[0]?.speaker === before.parts[0]?.speaker;
}

function overlap(before: readonly string[], now: readonly string[]): Overlap {
  for (let lines = Math.min(before.length, now.length, MAX_LINES); lines > 0; lines -= 1) {
    const head = now.slice(0, lines);
    if (before.slice(-lines).every((line, index) => line === head[index])) {
      return { lines, prefix: 0, words: wordsIn(head.join(' ')) };
    }
  }
  const all = before.join(' ');
  const text = now.join(' ');
  const grows = all !== '' && text.length > all.length && text.startsWith(all) && text[all.length] === ' ';
  return grows ? { lines: 0, prefix: all.length, words: wordsIn(all) } : NOTHING;
}

/** Words as far as repeats go; four signs of a script that has no spaces count as one. */
function wordsIn(text: string): number {
  return text.split(' ').length + Math.floor((text.match(NO_SPACES)?.length ?? 0) / 4);
}

/** Lines of a cue that are compared; captions show two or three. */
const MAX_LINES = 8;
