/** A statement as far as others can be compared with it. */
export interface StatementWords {
  /** Lower-cased words of four letters or more, and shorter ones with a capital inside a sentence. */
  readonly words: ReadonlySet<string>;
  /** Figures without separators of thousands. */
  readonly figures: ReadonlySet<string>;
  readonly isNegated: boolean;
}

const WORD = /[\p{L}\p{N}][\p{L}\p{N}'’]*/gu;
/** A figure with its separators: "1,250,000", "3.5", "1961". */
const FIGURE = /\d[\d.,]*/gu;
const NEGATIONS: ReadonlySet<string> = new Set([
  'not',
  'no',
  'never',
  'none',
  'neither',
  'nor',
  'cannot',
  'without',
]);

/** What a statement is compared by. */
export function statementWords(text: string): StatementWords {
  const words = new Set<string>();
  let isNegated = false;
  for (const [at, [raw]] of [...text.matchAll(WORD)].entries()) {
    const word = raw.toLowerCase().replace(/['’]s$/u, '');
    if (NEGATIONS.has(word) || /n['’]t$/u.test(word)) isNegated = true;
    else if (/^\p{N}/u.test(word)) continue;
    else if (word.length >= 4 || (at > 0 && /^\p{Lu}/u.test(raw))) words.add(word);
  }
  return { words, figures: figuresIn(text), isNegated };
}

/** The figures of a text, "1,250" as 1250 and "3.50" as 3.5. */
export function figuresIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(FIGURE)].map(([raw]) => plainFigure(raw)));
}

/** A figure as it is compared. */
export function plainFigure(raw: string): string {
  const bare = raw.replace(/[.,]+$/u, '').replace(/,(?=\d{3}(?!\d))/gu, '');
  return /^\d+\.\d+$/u.test(bare) ? bare.replace(/0+$/u, '').replace(/\.$/u, '') : bare;
}

/** Share of the words of the smaller set that both hold, 0 to 1. */
export function overlapOf(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const least = Math.min(a.size, b.size);
  if (least === 0) return 0;
  let both = 0;
  for (const word of a) if (b.has(word)) both += 1;
  return both / least;
}
