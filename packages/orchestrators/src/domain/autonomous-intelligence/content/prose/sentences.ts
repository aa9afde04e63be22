/**
 * Characters given to the segmenter at once. It takes time with the square of its input (20 s for 850 kB on
 * Node 20), so long text goes in windows; also the longest sentence there can be.
 */
const WINDOW = 4000;
/** Without one of these there is no sentence end to look for. */
const MAY_END = /[\p{Sentence_Terminal}\p{Zl}\p{Zp}\n\r\u0085]/u;
const SEGMENTER = new Intl.Segmenter('en', { granularity: 'sentence' });

/** Never the end of a sentence. */
const TITLES = new Set(
  (
    'mr mrs ms messrs mme dr prof sen sens rep reps gov pres gen col maj lt lieut capt cpt cmdr sgt cpl adm brig ' +
    'hon rev fr st mt ft vs viz cf al fig eq vol approx e.g i.e eg ie'
  ).split(' '),
);
/** May end a sentence: it depends on what comes next. */
const ABBREVIATIONS = new Set(
  (
    'u.s u.n u.k u.s.a u.s.s.r d.c e.u p.m a.m jr sr inc ltd co corp bros dept univ assn etc ph.d m.d b.a m.a ' +
    'jan feb mar apr jun jul aug sep sept oct nov dec est ave blvd rd'
  ).split(' '),
);
/** Before a number, never the end of a sentence. */
const BEFORE_NUMBERS = new Set(
  'no nos p pp art sec ch vol fig sept jan feb mar apr aug oct nov dec'.split(' '),
);
/** Words that begin a sentence far more often than they follow an abbreviation inside one. */
const OPENERS = new Set(
  (
    'the a an i we he she it they you this that these those there here but and so yet in on at for if when while ' +
    'as to my our your his her their its now today tonight then let no not yes what why how who or with by from ' +
    'after before since because although though however some many most all every each'
  ).split(' '),
);

const LAST_TOKEN = /(?:^|[\s("'“‘[—–-])([\p{L}.]{1,12})\.["'”’)\]]*$/u;
const FIRST_TOKEN = /^["'“‘([]*([\p{L}\p{N}]+)/u;

/** The number of a list item or chapter, all by itself, or an ordinal as some write it: "the 10. Division". */
const ENUMERATOR = /^[([]?(?:\d{1,3}|[IVXLC]{1,6}|\p{L})[.)]\s*$|(?:^|\s)[Tt]he \d{1,3}\.\s*$/u;

/** Whether the full stop at the end of `before` belongs to an abbreviation, seen what follows. */
function isAbbreviation(before: string, after: string): boolean {
  if (after !== '' && ENUMERATOR.test(before.length <= 8 ? before.trimStart() : before.slice(-12)))
    return true;
  const token = LAST_TOKEN.exec(before.slice(-24))?.[1];
  if (token === undefined) return false;
  const word = token.toLowerCase();
  if (TITLES.has(word)) return true;
  const next = FIRST_TOKEN.exec(after.slice(0, 48))?.[1] ?? '';
  if (BEFORE_NUMBERS.has(word) && /^\p{N}/u.test(next)) return true;
  const opens = OPENERS.has(next.toLowerCase());
  if (ABBREVIATIONS.has(word)) return next !== '' && !opens;
  // A single capital is an initial ("John F. Kennedy"), unless it is the pronoun ("… as was I. The").
  if (/^\p{Lu}$/u.test(token)) return !opens && (token !== 'I' || !/\p{Ll}\s+I\.$/u.test(before.slice(-8)));
  return false;
}

/** Whether a stretch of text stops where a sentence does; an abbreviation at the end does not count. */
export function endsSentence(text: string): boolean {
  const tail = text.trimEnd().slice(-32);
  return /[.!?…。！？]["'”’)\]»]*$/u.test(tail) && !isAbbreviation(tail, '');
}

/** Where to cut a window that holds no sentence end: after its last space, never inside a surrogate pair. */
function hardCut(text: string, start: number): number {
  const end = start + WINDOW;
  // Looked for in the window only: in the whole text, every search would go back to its beginning.
  const space = text.slice(start, end).lastIndexOf(' ');
  if (space > WINDOW / 2) return start + space + 1;
  const code = text.charCodeAt(end - 1);
  return code >= 0xd800 && code <= 0xdbff ? end - 1 : end;
}

/**
 * Splits running text into trimmed sentences, in order, with nothing left out. `Intl.Segmenter` finds the
 * candidates; titles, initials and abbreviations ("Mr.", "John F. Kennedy", "U.S. Government") are put
 * together again. Linear in the length of the text; a sentence is at most 4,000 characters long.
 */
export function splitSentences(text: string): string[] {
  const sentences: string[] = [];
  let open = '';
  const take = (piece: string): void => {
    if (open !== '' && (open.length > WINDOW || !isAbbreviation(open.trimEnd(), piece))) {
      sentences.push(open.trim());
      open = '';
    }
    open += piece;
  };
  let start = 0;
  while (start < text.length) {
    const window = text.slice(start, start + WINDOW);
    const pieces = MAY_END.test(window)
      ? [...SEGMENTER.segment(window)].map((piece) => piece.segment)
      : [window];
    const isLast = start + WINDOW >= text.length;
    // The last piece of a window may go on in the next one.
    const kept = isLast ? pieces : pieces.slice(0, -1);
    if (kept.length === 0) {
      const end = hardCut(text, start);
      kept.push(text.slice(start, end));
    }
    for (const piece of kept) take(piece);
    start += kept.reduce((length, piece) => length + piece.length, 0);
  }
  if (open.trim() !== '') sentences.push(open.trim());
  return sentences.filter((sentence) => sentence !== '');
}
