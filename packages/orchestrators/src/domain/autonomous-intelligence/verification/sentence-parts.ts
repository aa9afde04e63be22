/** A stretch of a sentence that may be a statement of its own, in the sentence's own words. */
export interface SentencePart {
  readonly text: string;
  /** The same as a sentence: "John F. Kennedy, who was shot" is read as "John F. Kennedy was shot". */
  readonly reading: string;
  /** Offset in the sentence. */
  readonly start: number;
}

/** Longest sentence that is taken apart, in UTF-16 code units. */
export const MAX_PARTED_LENGTH = 2_000;
const MAX_CHUNKS = 40;
/** Most neighbouring chunks that are read together as one statement. */
const MAX_JOINED = 4;

/**
 * Where a statement may begin or end: at marks, at dashes, and at words that join clauses. Every cut is only a
 * possibility: neighbouring chunks are also read together. Spaces are single when this is matched.
 */
const CUT =
  /[,;:()"“”]| [–—-]+ |[–—]|--|(?<= )(?:and|but|while|when|because|after|although|though|since|where|which|who|so|yet) /gu;
/** A dash set without spaces, as old typescripts have it: "in 30 years-the lowest". */
const TIGHT_DASH = /(?<=[\p{L}\d%]{2})-(?=\p{L}{3})/gu;

/** Words that make what follows a thought, a wish, a report, a doubt or a denial instead of a statement. */
const NOT_ASSERTED =
  /\b(?:if|unless|whether|would|could|might|may|should|must|shall|will|let|let's|imagine|suppose|pretend|as if|as though|claim(?:s|ed|ing)?|alleg(?:e|es|ed|ing)|said|says|saying|say|told|tells|tell|believe[sd]?|think|thinks|thought|hope[sd]?|wish(?:es|ed)?|want(?:s|ed)?|need(?:s|ed)?|argue[sd]?|deny|denie[sd]|doubt(?:s|ed)?|predict(?:s|ed)?|forecasts?|promise[sd]?|ask(?:s|ed)?|goal|target|aim|never|no|not|nobody|none|neither|nor|without|hardly|almost|before|until|rumou?r|fiction|novel|film|n't|n’t|cannot|can't|can’t|won't|won’t|supposedly|reportedly|allegedly|apparently|presumably|probably|possibly|hypothetically|theoretically|seemingly|conceivably|arguably|purportedly|ostensibly|according|perhaps|maybe|who knows|what|how|why|dream(?:s|ed)?|only)\b/iu;
/** Who else says it, beside the words above. */
const SAID_BY_OTHERS =
  /\b(?:assum(?:e|es|ed|ing)|insist(?:s|ed)?|swears?|swore|wrote|writes?|joke[sd]|guess(?:es|ed)?|declare[sd]?|announce[sd]?|explain(?:s|ed)?|maintain(?:s|ed)|assert(?:s|ed)?|stor(?:y|ies)|tales?|games?|movies?|legends?)\b/iu;
/** Words that take back a whole sentence wherever they stand in it. */
const TAKEN_BACK =
  /\b(?:lie|lies|lied|lying|false|falsehood|untrue|myth|hoax|wrong|mistaken|mistake|nonsense|incorrect|bogus|not true|fake|absurd|joke|joking|invented)\b|!\s*\)|\bnot!/iu;

/** An opening that may say where or for whom the rest is true: "On his map,", "Assuming he is right,". */
const FRAME =
  /^(?:in|on|at|for|to|by|from|under|among|within|with|like|assuming|given|provided|supposing|granted|had|were|once upon)\b/iu;
/** Openings of the same form that say when, or only lead over: "In the spring,", "For example,". */
const NO_FRAME =
  /\d|^from \p{L}.* to \p{L}|^(?:in|on|at|for|by|to) (?:(?:the|that|this|his|her|my|our|their|its) )?(?:\p{L}+ )?(?:fact|short|addition|truth|reality|words|end|all|example|instance|particular|general|total|contrast|comparison|hand|same time|time|last|first|years?|months?|weeks?|days?|night|decades?|centur(?:y|ies)|terms?|spring|summer|autumn|fall|winter|morning|evening|war|presidency|administration|january|february|march|april|may|june|july|august|september|october|november|december)$/iu;
/** The end of what leads over to somebody's words: "The headline read:". */
const QUOTING =
  /\b(?:reads?|stated?|states|goes|went|runs|ran|headline|title|caption|slogan|motto|message|answer|reply|theory|idea|(?:like this|as follows|following)|(?:question|exercise|statement|example|claim|hypothesis|scenario|option)(?: [\p{L}\d]+)?)$/iu;
/** What takes back, doubts or ascribes to somebody what stands before it: ", he said", ", if you ask him". */
const TAKEN_BACK_AFTER =
  /^(?:if|unless|whether|assuming|provided|according|or|supposedly|allegedly|reportedly|perhaps|maybe|as (?:if|though|told|far as)|as (?:[\p{L}.'’]+ ){0,3}(?:put|puts|has|had|likes?|calls?|called|sees?|saw)|at least|in theory|in principle|(?:in|on) (?:[\p{L}'’]+ ){0,3}(?:novel|story|tale|film|movie|game|book|play|dream|legend|series|show|song|poem|map|fiction|joke|opinion|view|world|mind|imagination)s?)\b|^(?:[\p{L}.'’]+ ){0,4}(?:said|says?|claim(?:s|ed)?|wrote|writes|insist(?:s|ed)|argue[sd]|declare[sd]|announce[sd]|explain(?:s|ed)|added|thought|thinks|believe[sd]?|report(?:s|ed)|told|noted|assert(?:s|ed)|allege[sd]|maintain(?:s|ed)|swore|joke[sd]|lied|shouted|replied|answered|asked|suggest(?:s|ed)|recall(?:s|ed)|boast(?:s|ed)|predict(?:s|ed))\b/iu;

/**
 * The stretches of a sentence that it asserts and that may be read alone, longest first among those that begin at
 * the same place. None where the sentence asks, or takes something back; none after a word such as "if", "said" or
 * "would", which may govern everything behind it, nor after an opening such as "On his map,"; none between quotation
 * marks, and none before ", he said" or ", if you ask him".
 */
export function sentenceParts(sentence: string): readonly SentencePart[] {
  if (sentence.length > MAX_PARTED_LENGTH || sentence.includes('?') || TAKEN_BACK.test(sentence)) return [];
  const chunks = chunksOf(sentence);
  if (chunks.length < 2 || chunks.length > MAX_CHUNKS) return [];
  const parts: SentencePart[] = [];
  for (let first = 0; first < chunks.length; first += 1) {
    const chunk = chunks[first]!;
    const head = sentence.slice(0, chunk.start);
    if (NOT_ASSERTED.test(head) || SAID_BY_OTHERS.test(head)) break;
    const before = chunks[first - 1];
    if (
      before !== undefined &&
      isFramed(chunks[framing(chunks, first - 1)] ?? before, sentence.slice(before.end, chunk.start))
    )
      break;
    if (isQuoted(head)) continue;
    if (RELATIVE.test(chunk.opener)) {
      // Only together with the name right before it is a relative clause a statement.
      if (before === undefined || !/^,\s*$/u.test(sentence.slice(before.end, chunk.openedAt))) continue;
      const text = sentence.slice(before.start, chunk.end);
      parts.push({ text, reading: `${before.text} ${chunk.text}`, start: before.start });
      continue;
    }
    // "When unemployment is high" tells of any time.
    if (chunk.opener === 'when' && PRESENT.test(chunk.text)) continue;
    for (let last = Math.min(first + MAX_JOINED, chunks.length) - 1; last >= first; last -= 1) {
      if (first === 0 && last === chunks.length - 1) continue;
      const text = sentence.slice(chunk.start, chunks[last]!.end);
      if (last > first && /[;:]/u.test(text)) continue;
      if (isTakenBack(chunks[last + 1])) continue;
      parts.push({ text, reading: text, start: chunk.start });
    }
  }
  return parts;
}

/** Whether what stands before says of whom or where the rest is true, or whose words it is. */
function isFramed(before: Chunk, between: string): boolean {
  if (between.includes(':') && QUOTING.test(before.text)) return true;
  return between.includes(',') && FRAME.test(before.text) && !NO_FRAME.test(before.text);
}

/** Where the chunk begins that a relative clause belongs to: "In a world where he won, …" opens with "In a world". */
function framing(chunks: readonly Chunk[], at: number): number {
  let from = at;
  while (from > 0 && RELATIVE.test(chunks[from]?.opener ?? '')) from -= 1;
  return from;
}

/** Whether a quotation has begun that has not ended. */
function isQuoted(head: string): boolean {
  const straight = head.split('"').length - 1;
  return straight % 2 === 1 || head.lastIndexOf('“') > head.lastIndexOf('”');
}

/** Clauses joined by "and" or "but" stand for themselves. */
const isTakenBack = (next: Chunk | undefined): boolean =>
  next !== undefined && next.opener === '' && TAKEN_BACK_AFTER.test(next.text);

interface Chunk {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** The joining word before it, if there is one, and where that begins. */
  readonly opener: string;
  readonly openedAt: number;
}

const RELATIVE = /^(?:who|which|where)$/u;
const PRESENT = /\b(?:is|are|has|have|does|do)\b/iu;
const JOINER = /^(?:and|but|while|when|because|after|although|though|since|where|which|who|so|yet)$/u;

function chunksOf(sentence: string): readonly Chunk[] {
  const cuts = new Set<number>([0]);
  for (const match of sentence.matchAll(CUT)) {
    // Inside a number: 1,000 and 12:30.
    if (/^\d[,:]\d$/.test(sentence.slice(match.index - 1, match.index + 2))) continue;
    cuts.add(match.index).add(match.index + match[0].length);
  }
  for (const match of sentence.matchAll(TIGHT_DASH)) cuts.add(match.index).add(match.index + 1);
  const places = [...cuts, sentence.length].sort((a, b) => a - b);
  const chunks: Chunk[] = [];
  let opener = '';
  let openedAt = 0;
  for (let at = 0; at < places.length - 1; at += 1) {
    const from = places[at] ?? 0;
    const raw = sentence.slice(from, places[at + 1]);
    const text = raw.trim();
    // Marks and joining words belong to no statement.
    if (JOINER.test(text)) {
      opener = text;
      openedAt = from;
      continue;
    }
    if (!/[\p{L}\d]/u.test(text)) continue;
    const start = from + raw.length - raw.trimStart().length;
    chunks.push({ text, start, end: start + text.length, opener, openedAt });
    opener = '';
  }
  return chunks;
}
