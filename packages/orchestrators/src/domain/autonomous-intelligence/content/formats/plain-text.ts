import { present, type Draft, type Source } from '../draft.js';
import { hasWords } from '../prose/clean.js';
import { segmentBlocks, type Block } from '../prose/blocks.js';
import { clockTranscript } from './clock-transcript.js';
import { gutenbergBook } from './gutenberg.js';

/** A line this short, alone between blank lines and followed by something longer, may be a heading. */
const MAX_HEADING = 80;
const CHAPTER = /^(?:chapter|part|book|section|act|scene|appendix|prologue|epilogue)\b/iu;
/** Lines longer than this on average are paragraphs, shorter ones are wrapped text. */
const WRAPPED_LINE = 100;

/** Bold print as Markdown writes it: answers of chat programs are saved as plain text. */
const BOLD = /(?<![*\w])\*\*(?=[^\s*])([^*\n]{1,200})(?<=\S)\*\*(?![*\w])/gu;

/**
 * Plain text: paragraphs between blank lines, or a line each where there is no blank line and lines are long;
 * `Name: text` turns; air-to-ground transcripts with a clock in front of each turn; a whole speech on one line,
 * which is cut into paragraphs of a few sentences.
 */
export function parsePlainText(source: Source): Draft {
  const transcript = clockTranscript(source);
  if (transcript !== undefined) return transcript;
  const book = gutenbergBook(source.text);
  const text = (book?.body ?? source.text).replace(BOLD, '$1');
  return {
    format: 'text',
    segments: segmentBlocks(textBlocks(text), source.warnings),
    ...present({ title: book?.title, author: book?.author, language: book?.language }),
  };
}

/** The paragraphs and headings of plain text. */
export function textBlocks(text: string): Block[] {
  const chunks = chunksBetweenBlankLines(text);
  const only = chunks.length === 1 ? chunks[0] : undefined;
  if (only !== undefined && only.length > 1 && averageLength(only) > WRAPPED_LINE) {
    return only.map((line) => ({ kind: 'paragraph', text: line }));
  }
  return chunks.map((lines, index) => ({
    kind: isHeading(lines, chunks[index + 1]) ? 'heading' : 'paragraph',
    text: lines.join('\n'),
  }));
}

function chunksBetweenBlankLines(text: string): string[][] {
  const chunks: string[][] = [];
  let open: string[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() !== '') {
      open.push(line);
      continue;
    }
    if (open.length > 0) chunks.push(open);
    open = [];
  }
  if (open.length > 0) chunks.push(open);
  return chunks;
}

function averageLength(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length, 0) / lines.length;
}

function isHeading(lines: readonly string[], next: readonly string[] | undefined): boolean {
  const line = lines[0]?.trim() ?? '';
  if (lines.length !== 1 || next === undefined || line.length > MAX_HEADING || !hasWords(line)) return false;
  if (CHAPTER.test(line)) return true;
  const startsLikeOne = /^[\p{Lu}\p{N}]/u.test(line) && !/[.,;:!?…]["'”’)]*$/u.test(line);
  return startsLikeOne && next.join(' ').length > line.length * 2;
}
