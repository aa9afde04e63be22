import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { communities } from './communities.js';
import { aDocument, aSpeech } from './fixtures/documents.js';
import { readText, scoreQuality, scoreReadability, scoreSentiment } from './index.js';
import { pageRank, similarityGraph } from './similarity-graph.js';
import { syllablesOf } from './syllables.js';
import { cosine, termVectors } from './term-vectors.js';

const read = (...segments: Parameters<typeof aDocument>[0]) => readText(aDocument(segments));

describe('scoreSentiment', () => {
  it('keeps the sign of what it scores, by speaker and over time', () => {
    const text = read(
      { text: 'This is a terrible, cruel and brutal war.', speaker: 'Ann', startMs: 0 },
      { text: 'What a wonderful day, I am so happy.', speaker: 'Bob', startMs: 9000 },
      { text: 'We are not happy.', speaker: 'Ann', startMs: 20_000 },
    );
    const { bySpeaker, overTime } = scoreSentiment(text, { slices: 3 });
    expect(bySpeaker.map(({ speaker, label, sentences }) => [speaker, label, sentences])).toEqual([
      ['Ann', 'negative', 2],
      ['Bob', 'positive', 1],
    ]);
    expect(overTime.map(({ slice, startMs, polarity }) => [slice, startMs, Math.sign(polarity)])).toEqual([
      [0, 0, -1],
      [1, 9000, 1],
      [2, 20_000, -1],
    ]);
  });

  it('scores bad news of real speeches negative and their good news positive', () => {
    const polarity = (speech: string, start: string) =>
      readText(aSpeech(speech)).sentences.find((sentence) => sentence.text.startsWith(start))?.polarity;
    expect(polarity('1962-kennedy', 'Our balance of payments position will worsen')).toBeLessThan(-0.3);
    expect(polarity('1962-kennedy', 'We sometimes chafe at the burden')).toBeLessThan(-0.3);
    expect(polarity('1982-reagan', 'Waste and fraud are serious problems')).toBeLessThan(-0.3);
    expect(
      polarity('2000-clinton', 'We are fortunate') ?? polarity('2000-clinton', 'He was an amazing kid'),
    ).toBeGreaterThan(0.3);
  });

  it.each([
    'The committee will meet and take a further step on what is necessary.',
    'The Great Depression reached the National Bank of the United States.',
    'Temperatures stood well below those of the year before.',
    'The interest of the matter is for the state to prove.',
  ])('takes no colour from words that judge nothing: %s', (sentence) => {
    expect(scoreSentiment(read(sentence)).overall).toMatchObject({ label: 'neutral', sentences: 1 });
  });

  it('needs more to call one sentence coloured than to call many so', () => {
    const faint = 'The bill would expand the program.';
    expect(scoreSentiment(read(faint)).overall).toMatchObject({ label: 'neutral' });
    const many = Array.from({ length: 9 }, (_, at) => `Bill ${String(at)} would expand the program.`);
    const { overall } = scoreSentiment(read(...many));
    expect(overall.label).toBe('positive');
    expect(overall.polarity).toBeCloseTo(scoreSentiment(read(faint)).overall.polarity, 1);
    expect(scoreSentiment(read('This works well.')).overall.label).toBe('positive');
    expect(scoreSentiment(read('This is a terrible idea.')).overall.label).toBe('negative');
  });

  it('covers every sentence once by equal slices, none more than there are sentences', () => {
    const text = readText(aSpeech('1941-roosevelt'));
    const { overall, overTime } = scoreSentiment(text, { slices: 7 });
    expect(overTime.reduce((sum, { sentences }) => sum + sentences, 0)).toBe(overall.sentences);
    expect(
      Math.max(...overTime.map(({ sentences }) => sentences)) -
        Math.min(...overTime.map(({ sentences }) => sentences)),
    ).toBeLessThanOrEqual(1);
    expect(overTime.every((slice) => !('startMs' in slice))).toBe(true);
    expect(scoreSentiment(read('One. Two.'), { slices: 10 }).overTime).toHaveLength(2);
  });
});

describe('scoreReadability', () => {
  it('follows the Flesch formulas', () => {
    // Two sentences, 9 words, 10 syllables.
    expect(scoreReadability(read('The cat sat on the mat. It was happy.'))).toEqual({
      averageSentenceWords: 4.5,
      averageWordSyllables: 10 / 9,
      fleschReadingEase: 206.835 - 1.015 * 4.5 - 84.6 * (10 / 9),
      fleschKincaidGrade: 0.39 * 4.5 + 11.8 * (10 / 9) - 15.59,
    });
  });

  it('finds Kennedy harder to read than Clinton', () => {
    const kennedy = scoreReadability(readText(aSpeech('1962-kennedy')));
    const clinton = scoreReadability(readText(aSpeech('2000-clinton')));
    expect(kennedy.fleschReadingEase).toBeLessThan(clinton.fleschReadingEase);
    expect(kennedy.fleschKincaidGrade).toBeGreaterThan(clinton.fleschKincaidGrade + 2);
  });
});

describe('syllablesOf', () => {
  const DICTIONARY: Readonly<Record<number, string>> = {
    1: 'the use are one make moved times years states peace world lived asked passed learned played tried cried queen eye die be see ice whole home cause house these noise real strengths through thought you hour tired waste',
    2: 'wanted table people changes houses boxes being doing nation special every freedom business before believe studies social ancient language question equal value rescue able nature future disease lonely homeless hopeful movement statement quiet client asian russia rhythm reading problem',
    3: 'soviet created idea radio annual religious government different national united area agencies official serious various delicious guarantee violence museum poetry together important employment',
    4: 'economy america society situation education usually technology experience obedience politician material',
    5: 'individual university opportunity',
  };

  it.each(Object.entries(DICTIONARY))('counts %s in the words of that length', (count, words) => {
    const wrong = words.split(' ').filter((word) => syllablesOf(word) !== Number(count));
    expect(wrong).toEqual([]);
  });

  it('is at least one for anything and at most the length of the word', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
        (word) => syllablesOf(word) >= 1 && syllablesOf(word) <= Math.max(1, word.length + 1),
      ),
    );
  });
});

describe('scoreQuality', () => {
  it('rates a described, divided and coherent text above a heap of words, and says why', () => {
    const speech = {
      ...aSpeech('1941-roosevelt'),
      author: 'Franklin D. Roosevelt',
      publishedAt: '1941-01-06',
    };
    const good = scoreQuality(readText(speech), speech);
    const heap = aDocument(['ok ok ok ok ok ok lamp ok ok ok\n\nbanana\n\nok ok'], { title: '' });
    const bad = scoreQuality(readText(heap), heap);
    expect(good.overall).toBeGreaterThan(0.85);
    expect(good.notes).toEqual([]);
    expect(bad.overall).toBeLessThan(0.4);
    expect(bad.notes).toEqual(
      expect.arrayContaining([
        'Short: 13 words.',
        'Only 0 of title, author and date are known.',
        'Only 0 % of the sentences end with a mark.',
      ]),
    );
  });

  it('lowers completeness for what the parser could not read, and structure for a text in one piece', () => {
    const whole = aSpeech('1962-kennedy');
    const warnings = whole.segments.map((_, line) => ({
      code: 'CUE_MALFORMED',
      message: 'A cue without a time.',
      line,
    }));
    const troubled = scoreQuality(readText(whole), { ...whole, warnings });
    expect(troubled.parts.completeness).toBeCloseTo(
      scoreQuality(readText(whole), whole).parts.completeness - 0.25,
      10,
    );
    const lump = aDocument([whole.segments.map(({ text }) => text).join(' ')]);
    expect(scoreQuality(readText(lump), lump).parts.structure).toBeLessThan(0.4);
  });

  it('finds less coherence in shuffled sentences of different speeches than in one speech', () => {
    const speech = readText(aSpeech('1962-kennedy'));
    const others = ['1941-roosevelt', '2000-clinton', '2014-obama'].map(
      (name) => readText(aSpeech(name)).sentences,
    );
    const mixed = aDocument(
      Array.from({ length: 90 }, (_, i) => others[i % 3]?.[(i * 37) % 140]?.text ?? ''),
    );
    const ordered = scoreQuality(speech, aSpeech('1962-kennedy')).parts.coherence;
    expect(scoreQuality(readText(mixed), mixed).parts.coherence).toBeLessThan(ordered - 0.1);
  });
});

describe('the graphs underneath', () => {
  it('finds the two cliques of a barbell, numbered by their first node', () => {
    const clique = (from: number) =>
      [0, 1, 2, 3].flatMap((a) =>
        [0, 1, 2, 3].filter((b) => b > a).map((b) => ({ a: from + a, b: from + b, weight: 1 })),
      );
    expect(communities(9, [...clique(0), ...clique(4), { a: 3, b: 4, weight: 0.5 }])).toEqual([
      0, 0, 0, 0, 1, 1, 1, 1, 2,
    ]);
    expect(communities(0, [])).toEqual([]);
  });

  it('compares sentences by what they share', () => {
    const { sentences } = read('Farm prices fell in Ohio. Prices of farm goods fell. The moon is bright.');
    const model = termVectors(sentences);
    const [a, b, c] = model.vectors;
    if (a === undefined || b === undefined || c === undefined)
      throw new Error('Three sentences were expected');
    expect(cosine(a, b)).toBeGreaterThan(0.3);
    expect(cosine(a, a)).toBeCloseTo(1, 10);
    expect(cosine(a, c)).toBe(0);
    const graph = similarityGraph(model, 0.1);
    expect(graph.neighbours).toEqual([[1], [0], []]);
    const rank = pageRank(graph);
    expect(rank[0]).toBeCloseTo(rank[1] ?? 0, 10);
    expect(rank[2]).toBeLessThan(rank[0] ?? 0);
  });
});
