import { splitSentences } from './sentences.js';

/** A paragraph up to this length stays whole, in characters. */
export const MAX_PARAGRAPH = 1500;
/** Where a longer one is cut: at the first sentence end after this many characters. */
export const TARGET_PARAGRAPH = 500;

/**
 * Cuts a very long paragraph (a speech on one line, an hour of one speaker) into paragraphs of a few whole
 * sentences. A shorter one comes back as it is. A short rest joins the paragraph before it.
 */
export function splitParagraph(text: string): string[] {
  if (text.length <= MAX_PARAGRAPH) return [text];
  const paragraphs: string[] = [];
  let sentences: string[] = [];
  let length = 0;
  for (const sentence of splitSentences(text)) {
    sentences.push(sentence);
    length += sentence.length + 1;
    if (length < TARGET_PARAGRAPH) continue;
    paragraphs.push(sentences.join(' '));
    sentences = [];
    length = 0;
  }
  const rest = sentences.join(' ');
  const last = paragraphs.at(-1);
  if (last !== undefined && rest !== '' && rest.length < TARGET_PARAGRAPH / 4) {
    paragraphs[paragraphs.length - 1] = `${last} ${rest}`;
  } else if (rest !== '') {
    paragraphs.push(rest);
  }
  return paragraphs;
}
