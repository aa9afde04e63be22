import { cleanText } from '../prose/clean.js';

/** What a book of Project Gutenberg says about itself, and the book without the licence around it. */
export interface GutenbergBook {
  readonly body: string;
  readonly title?: string | undefined;
  readonly author?: string | undefined;
  readonly language?: string | undefined;
}

const START = /^[ \t]{0,20}\*{3}\s?START OF (?:THE|THIS) PROJECT GUTENBERG EBOOK[^\n]{0,300}$/imu;
const END =
  /^[ \t]{0,20}(?:\*{3}\s?END OF (?:THE|THIS) PROJECT GUTENBERG EBOOK|End of (?:the )?Project Gutenberg(?:'s|’s)? )[^\n]{0,300}$/imu;
/** Who made the file, in front of the book. */
const MADE_BY =
  /^\s*(?:Produced by|E-text prepared by|Transcribed from|Transcribed by)[^\n]{0,300}(?:\n[^\n]{1,300}){0,6}\n\s*\n/iu;
/** Characters at the beginning in which the first mark stands, and at the end in which the last one does. */
const HEAD = 20_000;
const TAIL = 40_000;

/** Takes the licence off a book of Project Gutenberg; nothing comes back for any other text. */
export function gutenbergBook(text: string): GutenbergBook | undefined {
  const start = START.exec(text.slice(0, HEAD));
  if (start === null) return undefined;
  const head = text.slice(0, start.index);
  const from = start.index + start[0].length;
  const tailAt = Math.max(from, text.length - TAIL);
  const end = END.exec(text.slice(tailAt));
  const field = (name: string): string | undefined => {
    // A value that is too long for its line goes on in the next one, behind spaces.
    const match = new RegExp(`^${name}:[ \\t]*([^\\n]{1,300}(?:\\n[ \\t]+\\S[^\\n]{0,300})?)`, 'imu').exec(
      head,
    );
    return match?.[1] === undefined ? undefined : cleanText(match[1]) || undefined;
  };
  return {
    body: text.slice(from, end === null ? undefined : tailAt + end.index).replace(MADE_BY, ''),
    title: field('Title'),
    author: field('Author'),
    language: field('Language'),
  };
}
