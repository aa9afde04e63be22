import { looksLikeName, readSpeakerLabel, type SpeakerLabel } from './speaker-label.js';

/** A line that begins a turn. */
export interface SpeakerTurn {
  readonly speaker: string;
  readonly rest: string;
  readonly startMs?: number;
}

export interface RosterOptions {
  /** Names that the source itself lists, for example in its front matter. */
  readonly known?: readonly string[];
  /**
   * Share of the lines that must begin with a repeated label before labels are believed, 0 to 1.
   * Captions break a turn into many lines, so they need far less than prose.
   *
   * @default 0.1
   */
  readonly minimumShare?: number;
  /**
   * Whether a name in capitals that comes once is believed where others in capitals come back, as captions write
   * them (`ANCHOR:`, `ANCHOR:`, `REPORTER:`). In prose such a word heads a remark: `ARM: fixed a crash`.
   *
   * @default false
   */
  readonly believesCapitals?: boolean;
}

/** From this share of labelled lines on, a name that speaks only once is believed too. */
const DIALOGUE_SHARE = 0.4;
/** The same where no name comes back: a list of headlines with colons in some has none either. */
const SINGLE_TURNS_SHARE = 0.75;
const NO_LABEL: SpeakerLabel = { label: '', rest: '' };
/** Listed names that are looked at. */
const MAX_KNOWN = 100;
/** A name in capitals; one letter alone may be the end of anything. */
const IN_CAPITALS = /^(?=.*\p{Lu}.*\p{Lu})\P{Ll}+$/u;
/** What stops in the middle of a sentence: the line after it goes on with it. */
const GOES_ON = /[\p{L}\p{N},;]\s*$/u;
const ALIAS = /^(.+?) \((\p{Lu}[\p{L}.]{0,4})\)$/u;

/**
 * The speakers of a document. `Word: text` is also how notes, lists and definitions begin, so a label counts
 * only if the source lists the name, or the label comes back and such labels are not rare, or most lines are
 * turns; in captions also if it is in capitals as those that come back are. What does not count stays in the text. `Carl Dong (CD):` makes `CD:` the same speaker, and initials
 * or a first name stand for the one listed name they fit.
 */
export class SpeakerRoster {
  readonly #names = new Map<string, string>();

  constructor(lines: Iterable<string>, options: RosterOptions = {}) {
    const { minimumShare = 0.1, believesCapitals = false } = options;
    const known = (options.known ?? []).slice(0, MAX_KNOWN);
    const counts = new Map<string, number>();
    const inCapitals = new Set<string>();
    let total = 0;
    let labelled = 0;
    let inLowerCase = 0;
    let before = '';
    for (const line of lines) {
      if (line.trim() === '') continue;
      total += 1;
      if (/\p{Ll}/u.test(line)) inLowerCase += 1;
      const isFirst = !GOES_ON.test(before);
      before = line;
      const { label, rest } = readSpeakerLabel(line) ?? NO_LABEL;
      if (label === '' || !looksLikeName(label)) continue;
      labelled += 1;
      if (isFirst && IN_CAPITALS.test(label) && !IN_CAPITALS.test(rest)) inCapitals.add(label);
      counts.set(label, (counts.get(label) ?? 0) + 1);
    }
    const aliases = aliasesIn(counts);
    const occurrences = (label: string): number => {
      const full = aliases.get(label);
      return (counts.get(label) ?? 0) + (full === undefined ? 0 : (counts.get(full) ?? 0));
    };
    const repeated = [...counts.keys()].filter((label) => occurrences(label) > 1);
    const inTurns = repeated.reduce((sum, label) => sum + (counts.get(label) ?? 0), 0);
    const aliased = new Set(aliases.values());
    const share = inTurns > 0 ? DIALOGUE_SHARE : SINGLE_TURNS_SHARE;
    const isDialogue = labelled >= 2 && labelled >= total * share;
    const believed = inTurns >= 2 && inTurns >= total * minimumShare;
    // Where everything is in capitals, they tell nothing.
    const capitalsTell = believesCapitals && believed && inLowerCase * 2 >= total;
    const believesOnce = capitalsTell && repeated.some((label) => inCapitals.has(label));
    for (const label of counts.keys()) {
      const listed = listedName(label, known);
      const isRepeated = occurrences(label) > 1 || aliased.has(label);
      const isTold = (believed && isRepeated) || (believesOnce && inCapitals.has(label));
      if (listed === undefined && !isDialogue && !isTold) continue;
      const name = aliases.get(label) ?? label;
      this.#names.set(label, listed ?? (aliased.has(name) ? name.replace(ALIAS, '$1') : name));
    }
  }

  /** Whether nobody is known to speak: then the document is no conversation. */
  get isEmpty(): boolean {
    return this.#names.size === 0;
  }

  /** The turn that begins with this line, if one does. */
  turn(line: string): SpeakerTurn | undefined {
    if (this.#names.size === 0) return undefined;
    const found: SpeakerLabel | undefined = readSpeakerLabel(line);
    const speaker = found && this.#names.get(found.label);
    if (found === undefined || speaker === undefined) return undefined;
    return { speaker, rest: found.rest, ...(found.startMs !== undefined && { startMs: found.startMs }) };
  }
}

/** `CD` → `Carl Dong (CD)`, where both are used as labels. */
function aliasesIn(counts: ReadonlyMap<string, number>): Map<string, string> {
  const aliases = new Map<string, string>();
  for (const label of counts.keys()) {
    const short = ALIAS.exec(label)?.[2];
    if (short !== undefined && counts.has(short) && !aliases.has(short)) aliases.set(short, label);
  }
  return aliases;
}

/** The one listed name that a label is, or stands for with its initials or first word. */
function listedName(label: string, known: readonly string[]): string | undefined {
  const wanted = label.toLowerCase();
  const same = known.find((name) => name.toLowerCase() === wanted);
  if (same !== undefined) return same;
  const fitting = known.filter((name) => {
    const words = name.split(/\s+/u).filter((word) => word !== '');
    if (words.length < 2) return false;
    const initials = words.map((word) => word.charAt(0)).join('');
    return label === initials.toUpperCase() || words[0]?.toLowerCase() === wanted;
  });
  return fitting.length === 1 ? fitting[0] : undefined;
}
