import type { Readability } from '../model.js';
import { syllablesOf } from './syllables.js';
import type { TextModel } from './text-model.js';

/**
 * How hard the text is to read, from the lengths of its sentences and words. Headings do not count.
 *
 * Reading ease is `206.835 - 1.015 words/sentence - 84.6 syllables/word` (Flesch, "A new readability yardstick",
 * Journal of Applied Psychology, 1948): 60 to 70 is plain English, below 30 academic; very short sentences go above 100.
 * The grade is `0.39 words/sentence + 11.8 syllables/word - 15.59` (Kincaid, Fishburne, Rogers and Chissom, Navy
 * Research Branch Report 8-75, 1975), in years of American school. Both were made for English; syllables are counted by
 * {@link syllablesOf}. All four are 0 for a text without words.
 */
export function scoreReadability(text: TextModel): Readability {
  const counts = new Map<string, number>();
  let sentences = 0;
  let words = 0;
  let syllables = 0;
  for (const sentence of text.sentences) {
    if (sentence.kind === 'heading' || sentence.wordCount === 0) continue;
    const written = writtenWords(sentence.text);
    if (written.length === 0) continue;
    sentences += 1;
    words += written.length;
    for (const word of written) {
      const known = counts.get(word) ?? syllablesOf(word);
      counts.set(word, known);
      syllables += known;
    }
  }
  if (words === 0) {
    return { fleschReadingEase: 0, fleschKincaidGrade: 0, averageSentenceWords: 0, averageWordSyllables: 0 };
  }
  const averageSentenceWords = words / sentences;
  const averageWordSyllables = syllables / words;
  return {
    fleschReadingEase: 206.835 - 1.015 * averageSentenceWords - 84.6 * averageWordSyllables,
    fleschKincaidGrade: 0.39 * averageSentenceWords + 11.8 * averageWordSyllables - 15.59,
    averageSentenceWords,
    averageWordSyllables,
  };
}

/** Words as a reader sees them: "don't" and "well-known" are one each. */
const writtenWords = (text: string): readonly string[] =>
  text.match(/[\p{L}\p{N}]+(?:['’.,-][\p{L}\p{N}]+)*/gu) ?? [];
