import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

import { aDocument } from '../analysis/fixtures/documents.js';
import { extractClaims, readText } from '../analysis/index.js';
import type { CheckedClaim } from '../model.js';
import { CONTRADICTED, LISTED, NO_CLAIM, OPEN, SUPPORTED } from './fixtures/plain-facts.js';
import { checkClaim, checkClaims, KnowledgeBase, parseKnowledge } from './index.js';
import { sentenceParts } from './sentence-parts.js';

const FOLDER = new URL('../../../../../../apps/intelligence-bot/knowledge/', import.meta.url);
const base = new KnowledgeBase(
  ...['us-presidents.yaml', 'us-figures.yaml', 'capitals.yaml'].map((name) =>
    parseKnowledge(readFileSync(new URL(name, FOLDER), 'utf8')),
  ),
);

const AROUND = [
  'The committee met on a rainy afternoon to talk about the new programme, and many parents came.',
  'Nobody had expected so many questions, and the talk went on for two hours.',
] as const;

/** What a reader gets for a text: the claims found in it, checked. */
const check = (text: string): readonly CheckedClaim[] =>
  checkClaims(extractClaims(readText(aDocument([text], { language: 'und' }))), base);

/** The firmest verdict on any part of a sentence, from the text it stands in. */
function outcome(sentence: string, text: string): string {
  const verdicts = check(text)
    .filter(({ claim }) => sentence.includes(claim.quote) || claim.quote.includes(sentence))
    .map(({ verdict }) => verdict);
  return (
    (['contradicted', 'supported', 'not_enough_evidence'] as const).find((each) => verdicts.includes(each)) ??
    'no claim'
  );
}

const TABLE = [
  ...SUPPORTED.map((sentence) => ['supported', sentence] as const),
  ...CONTRADICTED.map((sentence) => ['contradicted', sentence] as const),
  ...[...OPEN, ...LISTED].map((sentence) => ['not_enough_evidence', sentence] as const),
  ...NO_CLAIM.map((sentence) => ['no claim', sentence] as const),
];

describe('a plain sentence, from extraction to verdict', () => {
  it.each(TABLE)('gets %s alone and inside a text: %s', (expected, sentence) => {
    const long = `${AROUND[0]} ${sentence} ${AROUND[1]}`;
    expect([outcome(sentence, sentence), outcome(sentence, long)]).toEqual([expected, expected]);
  });

  it('gets its verdict with the fact and its source', () => {
    const [wrong, right] = check('Moscow is the capital of France. Paris is the capital of France.');
    expect(wrong).toMatchObject({
      claim: { quote: 'Moscow is the capital of France.', cues: ['named-entity', 'plain-statement'] },
      verdict: 'contradicted',
      evidence: [
        {
          statement: 'Paris is the capital of France.',
          source: 'U.S. Department of State, Independent States in the World',
          stance: 'contradicts',
        },
      ],
    });
    expect(right).toMatchObject({ verdict: 'supported', evidence: [{ stance: 'supports' }] });
  });

  it('ranks below what has a figure in it', () => {
    const claims = extractClaims(
      readText(aDocument(['Paris is the capital of France. Output in France fell by 4 percent in 1961.'])),
    );
    expect(claims.map(({ quote }) => quote)).toEqual([
      'Output in France fell by 4 percent in 1961.',
      'Paris is the capital of France.',
    ]);
  });
});

describe('what a sentence asserts', () => {
  const CORES = [
    'Moscow is the capital of France',
    'John F. Kennedy became president in 1970',
    'the Berlin Wall fell in 1950',
    'U.S. unemployment was 2 percent in 1982',
  ];
  it.each(
    `
@, he said.
@, Bob told me.
@, according to Bob.
@, as Bob put it.
@, or so they say.
@, if you believe Bob.
@, in theory.
@, at least in the movie.
@, but this is not true.
@; this is nonsense.
"@," Bob said.
Bob said, "@."
The headline read: @.
The theory goes like this: @.
Question 4: @.
Myth: @.
In the film, @.
In a parallel world where he won, @.
On his map, @.
To Bob, @.
Had Bob won, @.
Were it so, @.
Assuming Bob is right, @.
Once upon a time, @.
As Bob wrote, @.
Legend has it that @.
Apparently, @.
Allegedly, @.
Presumably, @.
Probably, @.
Hypothetically, @.
It seems @.
Pretend @.
What if @?
Whether or not @, we go.
Bob, who thinks @, slept.`
      .trim()
      .split('\n'),
  )('is not what it reports, doubts or imagines: %s', (frame) => {
    for (const core of CORES) {
      const sentence = frame.replace('@', core);
      const given = check(sentence).filter(({ verdict }) => verdict !== 'not_enough_evidence');
      expect({ sentence, given }).toEqual({ sentence, given: [] });
    }
  });

  it.each([
    'Bob slept, and @.',
    'Fun fact: @.',
    'Clearly, @.',
    'In short, @.',
    'From Rome to Oslo, @.',
    'We know that @.',
  ])('is what it says beside that: %s', (frame) => {
    for (const core of CORES) {
      const sentence = frame.replace('@', core);
      expect({ sentence, outcome: outcome(sentence, sentence) }).toEqual({
        sentence,
        outcome: 'contradicted',
      });
    }
  });

  it('is read in linear time', () => {
    const text = `In ${'a '.repeat(300)}, ${'on his map '.repeat(60)}, ${'x'.repeat(500)}, he said`;
    const began = process.cpuUsage().user;
    expect(sentenceParts(text.slice(0, 2_000)).length).toBeLessThan(10);
    expect(process.cpuUsage().user - began).toBeLessThan(1_000_000);
  });
});

describe('capitals', () => {
  const verdict = (quote: string, asOf?: string): string =>
    checkClaim(
      { id: 'c', segment: 0, sentence: 0, quote, checkworthiness: 1, cues: [] },
      base,
      asOf === undefined ? {} : { asOf },
    ).verdict;

  it.each([
    ['Berlin is the capital of Germany.', '1985-03-01', 'not_enough_evidence'],
    ['Berlin is not the capital of Germany.', '1985-03-01', 'not_enough_evidence'],
    ['Berlin is not the capital of Germany.', '2005-03-01', 'contradicted'],
    ['Lagos is the capital of Nigeria.', '1980-03-01', 'not_enough_evidence'],
    ['Lagos is the capital of Nigeria.', '2005-03-01', 'contradicted'],
  ])('are compared as of the document: "%s" of %s: %s', (quote, asOf, expected) => {
    expect(verdict(quote, asOf)).toBe(expected);
  });

  it('know other cities of a place only from the file, since an unknown name may be the capital by another one', () => {
    const of = (more: string): string => {
      const own = new KnowledgeBase(
        parseKnowledge(
          `version: 1\ntitle: T\nknownUntil: 2025\ncapitals:\n  - { place: Utopia, capital: Amaurot, ${more}source: a book }\n`,
        ),
      );
      return (
        checkClaims(extractClaims(readText(aDocument(['Mentirano is the capital of Utopia.']))), own)[0]
          ?.verdict ?? 'no claim'
      );
    };
    expect(of('')).toBe('not_enough_evidence');
    expect(of('otherCities: [Mentirano], ')).toBe('contradicted');
  });

  it('never name as another city what is the capital of the same place', () => {
    const clashes = base.facts.flatMap((fact) =>
      fact.predicate === 'relation'
        ? (fact.others ?? []).filter((city) => [fact.subject, ...fact.looseAliases].includes(city))
        : [],
    );
    expect(clashes).toEqual([]);
  });
});
