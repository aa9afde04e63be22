import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aDocument, aSpeech } from './fixtures/documents.js';
import { readText } from './read-text.js';
import { MAX_QUOTE_LENGTH, referenceTo } from './text-model.js';

const sentencesOf = (...segments: string[]): readonly string[] =>
  readText(aDocument(segments)).sentences.map((sentence) => sentence.text);

describe('readText', () => {
  it('keeps abbreviations, initials and decimals inside a sentence', () => {
    expect(
      sentencesOf(
        'We spent $2.5 billion in 2019, i.e. 3.5% more than Dr. Jones of the U.S. Army. It was late.',
      ),
    ).toEqual([
      'We spent $2.5 billion in 2019, i.e. 3.5% more than Dr. Jones of the U.S. Army.',
      'It was late.',
    ]);
    expect(
      sentencesOf(
        'J. F. Kennedy met Sec. Clinton and Rep. Lee in the hall. See Fig. 3 and Vol. 2 of it. He left.',
      ),
    ).toEqual([
      'J. F. Kennedy met Sec. Clinton and Rep. Lee in the hall.',
      'See Fig. 3 and Vol. 2 of it.',
      'He left.',
    ]);
    expect(sentencesOf('She has a Ph.D. in law. He left.')).toEqual(['She has a Ph.D. in law.', 'He left.']);
  });

  it('never crosses segments, and carries their index, speaker and time', () => {
    const text = readText(
      aDocument([
        { text: 'This goes on', speaker: 'Ann', startMs: 0 },
        { text: 'and on. Over.', speaker: 'Bob', startMs: 4000 },
        { text: '   ' },
      ]),
    );
    expect(
      text.sentences.map(({ segment, speaker, startMs, text: raw }) => [segment, speaker, startMs, raw]),
    ).toEqual([
      [0, 'Ann', 0, 'This goes on'],
      [1, 'Bob', 4000, 'and on.'],
      [1, 'Bob', 4000, 'Over.'],
    ]);
    expect(text.segmentCount).toBe(2);
    expect(text.wordCount).toBe(6);
  });

  it('gives tokens with lemma, part of speech, stop-word and negation flags, contractions apart', () => {
    const [sentence] = readText(aDocument(["I'm sure the cities didn’t grow."])).sentences;
    expect(sentence?.tokens.map(({ normal, lemma, pos }) => `${normal}/${lemma}/${pos}`)).toEqual([
      'i/i/PRON',
      'am/be/AUX',
      'sure/sure/ADJ',
      'the/the/DET',
      'cities/city/NOUN',
      'did/do/AUX',
      'not/not/PART',
      'grow/grow/VERB',
      '././PUNCT',
    ]);
    expect(sentence?.tokens.filter((token) => token.isContent).map((token) => token.text)).toEqual([
      'sure',
      'cities',
      'grow',
    ]);
    expect(sentence?.tokens.find((token) => token.lemma === 'grow')?.isNegated).toBe(true);
    expect(sentence?.tokens.find((token) => token.normal === 'the')?.isStopWord).toBe(true);
  });

  it('finds dates, amounts and percentages as they stand in the text', () => {
    const [sentence] = readText(aDocument(['In 1962 we spent $5 billion,  or 8 percent.'])).sentences;
    expect(sentence?.values.map(({ kind, text }) => [kind, text])).toEqual([
      ['date', '1962'],
      ['money', '$5 billion'],
      ['percent', '8 percent'],
    ]);
  });

  it('splits captions in capitals like any text and leaves their wording alone', () => {
    const text = readText(
      aDocument(['THE U.S. IS GOING TO THE MOON. I THINK SO. WE SPENT 2.5 BILLION DOLLARS.']),
    );
    expect(text.sentences.map((sentence) => sentence.text)).toEqual([
      'THE U.S. IS GOING TO THE MOON.',
      'I THINK SO.',
      'WE SPENT 2.5 BILLION DOLLARS.',
    ]);
    expect(text.sentences.every((sentence) => sentence.isShouted)).toBe(true);
    expect(text.sentences[0]?.tokens.find((token) => token.normal === 'going')?.pos).toBe('VERB');
  });

  it('does not read stage directions', () => {
    const text = readText(aDocument(['Thank you all. [Applause] (Laughter.) We go on.']));
    expect(text.sentences.map((sentence) => sentence.text)).toEqual(['Thank you all.', 'We go on.']);
  });

  it('cuts text without full stops into pieces that follow each other in the raw text', () => {
    const raw = 'we went to the river and we saw the boats because the day was long '.repeat(60);
    const { sentences, wordCount } = readText(aDocument([raw]));
    expect(sentences.length).toBeGreaterThan(10);
    expect(Math.max(...sentences.map((sentence) => sentence.wordCount))).toBeLessThanOrEqual(150);
    expect(sentences.map((sentence) => sentence.text).join(' ')).toBe(raw.trim());
    expect(wordCount).toBe(15 * 60);
  });

  it.each([
    ['a stretch of 100,000 letters', 'a'.repeat(100_000)],
    ['50,000 dotted letters', 'a.'.repeat(50_000)],
    ['20,000 emoji', '😀'.repeat(20_000)],
    ['brackets that never close', '[('.repeat(20_000)],
    ['200,000 blanks', `${' '.repeat(200_000)}Hello there.`],
  ])('reads %s without choking and without losing its place', (_name, raw) => {
    const { sentences } = readText(aDocument([raw]));
    for (const sentence of sentences) {
      expect(raw.includes(sentence.text)).toBe(true);
      expect(referenceTo(sentence).quote.length).toBeLessThanOrEqual(MAX_QUOTE_LENGTH);
    }
  });

  it('takes every sentence and token verbatim from its segment, whatever the text', () => {
    const word = fc.constantFrom(
      'U.S.',
      "don't",
      'Über',
      '2.5',
      '$3',
      '😀',
      'Mr.',
      'a',
      'NATO',
      '—',
      '"',
      'x'.repeat(450),
      '\u00a0',
      '\n\n',
      'İ',
      'constructor',
    );
    const raw = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.array(word).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(fc.array(raw, { maxLength: 4 }), (segments) => {
        const { sentences } = readText(aDocument(segments));
        const cursors = segments.map(() => 0);
        sentences.forEach((sentence, index) => {
          expect(sentence.index).toBe(index);
          const at = (segments[sentence.segment] ?? '').indexOf(sentence.text, cursors[sentence.segment]);
          expect(at).toBeGreaterThanOrEqual(0);
          cursors[sentence.segment] = at + sentence.text.length;
        });
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it('finds every token of a real speech at the offset it says', () => {
    for (const sentence of readText(aSpeech('1982-reagan')).sentences) {
      for (const token of sentence.tokens) {
        expect(sentence.text.slice(token.start, token.start + token.text.length)).toBe(token.text);
      }
    }
  });

  it('gives the same model whatever was read before', () => {
    const before = readText(aSpeech('1941-roosevelt'));
    readText(aDocument(['Zorblax frobnicated 12,345 quuxes on the Nth day. ĦĒŁŁØ wörld.']));
    expect(readText(aSpeech('1941-roosevelt'))).toEqual(before);
  });

  it('splits a real speech where its sentences end', () => {
    const texts = readText(aSpeech('1962-kennedy')).sentences.map((sentence) => sentence.text);
    expect(texts).toContain('We acted not in panic but in perspective.');
    expect(texts).toContain(
      "Our overriding obligation in the months ahead is to fulfill the world's hopes by fulfilling our own faith.",
    );
    expect(texts.filter((text) => /^[a-z]/.test(text))).toEqual([]);
    const quoted = readText(aSpeech('2014-obama')).sentences.find(({ text }) => text.startsWith('Michelle'));
    expect(quoted?.text).toMatch(/^Michelle's "Let's Move!" partnership with schools, .*\.$/);
  });
});
