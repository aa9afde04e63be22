/** The beginning of a line that may name who speaks. */
export interface SpeakerLabel {
  readonly label: string;
  /** What follows on the line; empty where the name has a line of its own. */
  readonly rest: string;
  /** A time written beside the name, from the beginning of the recording. */
  readonly startMs?: number;
}

/** Longest name taken for a label, in characters. */
const MAX_LABEL = 60;
const MAX_LABEL_WORDS = 6;
const CLOCK = /(?:(\d{1,3}):)?([0-5]?\d):([0-5]\d)(?:\.\d{1,3})?/u;
const BRACKETED_CLOCK = new RegExp(`\\s*[([]${CLOCK.source}[)\\]]\\s*$`, 'u');
const LEADING_CLOCK = new RegExp(`^[([]?${CLOCK.source}[)\\]]?(?=\\s|$)\\s*`, 'u');
/** `[12:03] …`: where in the recording a paragraph begins that goes on with the turn before it. */
const PLACE = new RegExp(`^(?:\\[${CLOCK.source}\\]|\\(${CLOCK.source}\\))\\s+(?=\\S)`, 'u');
/** `Jingle: [52:02] to [52:16]`: what stands in a transcript for something that nobody says. */
const CUE_SHEET = new RegExp(
  `^(?:ad break|break|commercial|intro|jingle|music|outro|sponsor break)s?: *(?:[([]?${CLOCK.source}[)\\]]?(?: *(?:to|-|–) *[([]?${CLOCK.source}[)\\]]?)?)$`,
  'iu',
);
const LABEL_CHARACTERS = /^[\p{L}\p{M}\p{N} .'’\-–&/#()_]+$/u;

/** Words before a colon that head a remark, not a speech. */
const NOT_NAMES = new Set(
  (
    'note|notes|nb|warning|caution|tip|hint|important|example|examples|for example|update|updates|edit|source|' +
    'sources|slides|paper|papers|video|audio|link|links|url|see|see also|ref|reference|references|figure|fig|' +
    'table|chapter|section|part|step|title|date|author|authors|tags|summary|subject|re|http|https|pros|cons|todo|' +
    'ps|disclaimer|transcript|topic|topics|location|time|duration|conclusion|abstract|background|context|result|' +
    'results|goal|goals|problem|solution|first|second|third|finally|next|however|also|remember|today|tonight|' +
    'overview|details|description|email|phone|address|price|synopsis|additional information|question of the day|credits|music|photo|image|caption|continued|spoiler|type|default|defaults|parameter|parameters|param|params|return|returns|value|values|' +
    'option|options|required|format|version|license|licence|since|deprecated|usage|requirements|installation'
  ).split('|'),
);
/** Lower-case words that a name or a role may hold. */
const NAME_PARTICLES = new Set(
  (
    'a al and audience bin da de del den der di du el from in la le member of speaker ten ter the to van von y zu ' +
    'host guest interviewer moderator narrator operator'
  ).split(' '),
);

/** Milliseconds of a `h:mm:ss` or `m:ss` clock, out of the three groups of a match. */
function clockMs(hours: string | undefined, minutes = '0', seconds = '0'): number {
  return ((Number(hours ?? 0) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}

/** A time of day in a recording, `1:02:03` or `2:03`, as milliseconds; nothing else may stand beside it. */
export function readClock(text: string): number | undefined {
  const match = new RegExp(`^[([]?${CLOCK.source}[)\\]]?$`, 'u').exec(text.trim());
  return match ? clockMs(match[1], match[2], match[3]) : undefined;
}

/** Reads `[12:03] text`: the text, and its time from the beginning of the recording. */
export function readPlace(line: string): { readonly rest: string; readonly startMs: number } | undefined {
  const match = PLACE.exec(line);
  if (match === null) return undefined;
  const [place, hours, minutes, seconds, ...round] = match;
  const startMs =
    seconds === undefined ? clockMs(round[0], round[1], round[2]) : clockMs(hours, minutes, seconds);
  return { rest: line.slice(place.length), startMs };
}

/** Whether a line only tells when something is played. */
export function isCueSheetLine(line: string): boolean {
  return CUE_SHEET.test(line.slice(0, 120));
}

/** Reads `Name: text`, `Name:` and `Name (0:12): text`. Whether it *is* a speaker, only the whole document tells. */
export function readSpeakerLabel(line: string): SpeakerLabel | undefined {
  // A clock in the label has colons of its own: the colon that ends a label stands before a space or the end.
  const end = /:(?=\s|$)/u.exec(line.slice(0, MAX_LABEL + 14))?.index;
  if (end === undefined) return undefined;
  const head = line.slice(0, end);
  const rest = line.slice(end + 1).trim();
  const beside = BRACKETED_CLOCK.exec(head);
  const label = (beside ? head.slice(0, beside.index) : head).trim();
  if (label === '' || label.length > MAX_LABEL || !LABEL_CHARACTERS.test(label)) return undefined;
  if (!/^[\p{Lu}\p{Lo}]/u.test(label)) return undefined;
  if (label.split(' ').length > MAX_LABEL_WORDS || NOT_NAMES.has(label.toLowerCase())) return undefined;
  // "Slides: https://…" heads a link, and "It is this. Namely: that" is a sentence with a colon in it.
  if (/^https?:/iu.test(rest) || /\p{Ll}{3}\. /u.test(label)) return undefined;
  const after = beside ? null : LEADING_CLOCK.exec(rest);
  const clock = beside ?? after;
  return {
    label: label.replace(/\s+/gu, ' '),
    rest: after ? rest.slice(after[0].length) : rest,
    ...(clock && { startMs: clockMs(clock[1], clock[2], clock[3]) }),
  };
}

/** Whether every word of a label could be part of a name or a role: `Carl Dong (CD)`, `Senator M`, `CMP`. */
export function looksLikeName(label: string): boolean {
  return label
    .split(/[\s()/]+/u)
    .filter((word) => word !== '')
    .every((word) => /^[\p{Lu}\p{Lo}\p{N}#&]/u.test(word) || NAME_PARTICLES.has(word));
}
