import { excerpt, type WarningLog } from '../warning-log.js';

export interface CueTiming {
  readonly startMs: number;
  readonly endMs: number;
}

const TIMESTAMP = /^(?:(\d{1,5}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?$/u;
const ARROW_LINE = /^\s*([\d:.,]+)\s*-->\s*([\d:.,]+)(?=\s|$)(.*)$/u;
/** Longest line of times with spaces in them, in characters. */
const MAX_SPACED = 200;
/** WebVTT settings (`align:start`) and the coordinates of SubRip (`X1:40`). */
const SETTING = /^[A-Za-z][A-Za-z0-9]*:\S+$/u;

/** Hours are optional, the fraction may follow a dot or a comma; minutes and seconds end at 59. */
export function readTimestamp(text: string): number | undefined {
  const match = TIMESTAMP.exec(text);
  if (!match) return undefined;
  const [, hours = '0', minutes = '0', seconds = '0', fraction = ''] = match;
  if (Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  return (
    ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(fraction.padEnd(3, '0'))
  );
}

/**
 * Reads the line with the arrow. Times that make no sense but leave the text usable are put right and reported;
 * with times that cannot be read the result is `undefined`, and the caller reports the text that is lost.
 *
 * @param line 1-based, for the warnings
 */
export function readCueTiming(text: string, line: number, warnings: WarningLog): CueTiming | undefined {
  // Translation programs put spaces inside the times: `00: 00: 01, 000`.
  const match =
    ARROW_LINE.exec(text) ?? ARROW_LINE.exec(text.slice(0, MAX_SPACED).replace(/ ?([:.,]) ?(?=\d)/gu, '$1'));
  const startMs = match?.[1] === undefined ? undefined : readTimestamp(match[1]);
  const endMs = match?.[2] === undefined ? undefined : readTimestamp(match[2]);
  if (startMs === undefined || endMs === undefined) return undefined;
  const unknown = (match?.[3] ?? '')
    .split(/\s+/u)
    .filter((setting) => setting !== '' && !SETTING.test(setting));
  if (unknown.length > 0) {
    warnings.add(
      'CUE_SETTING_IGNORED',
      `Ignored after the times of a cue: ${excerpt(unknown.join(' '))}.`,
      line,
    );
  }
  if (endMs < startMs) {
    warnings.add(
      'CUE_ENDS_BEFORE_START',
      `A cue ends at ${endMs / 1_000} s, before its start at ${startMs / 1_000} s.`,
      line,
    );
    return { startMs, endMs: startMs };
  }
  return { startMs, endMs };
}
