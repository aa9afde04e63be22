import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { Claim } from '../model.js';
import { checkClaim, checkClaims, KnowledgeBase, KnowledgeError, parseKnowledge } from './index.js';
import { sentenceParts } from './sentence-parts.js';

const FOLDER = new URL('../../../../../../apps/intelligence-bot/knowledge/', import.meta.url);
const base = new KnowledgeBase(
  ...['us-presidents.yaml', 'us-figures.yaml', 'capitals.yaml'].map((name) =>
    parseKnowledge(readFileSync(new URL(name, FOLDER), 'utf8')),
  ),
);

function claim(quote: string): Claim {
  return { id: 'c', segment: 0, sentence: 0, quote, checkworthiness: 1, cues: [] };
}

const lines = (text: string): readonly string[] => text.trim().split('\n');

const SUPPORTED = `
The U.S. unemployment rate was 7.1 percent in 1980.
The unemployment rate was 7.1% in 1980.
In 1969, U.S. unemployment averaged 3.5 percent.
The federal deficit was about $290 billion in 1992.
The federal deficit fell in 1994.
The budget surplus of 2000 was $236 billion.
The U.S. national debt exceeded $1 trillion in 1982.
U.S. inflation fell from 13.3 percent in 1979 to 12.5 percent in 1980.
Federal receipts increased by $54 billion in 1980.
The population of the United States was 203 million in 1970.
The federal minimum wage was three dollars and thirty five cents in 1985.
The federal minimum wage was 3 dollars and 35 cents in 1985.
The federal minimum wage rose to $7.25 an hour in 2009.
Springfield is the capital of Illinois.
The capital of France is Paris.
Canada's capital is Ottawa.
Paris is not the capital of Canada.
Kennedy narrowly defeated Nixon in 1960.
Jimmy Carter lost the election of 1980 to Ronald Reagan.
Richard Nixon was defeated by John F. Kennedy in 1960.
Alaska and Hawaii became states in 1959.
There was a recession in 2001.
Bill Clinton was elected in 1992 and reelected in 1996.
We passed the Civil Rights Act of 1964 in 1964.
`;
const CONTRADICTED = `
The U.S. unemployment rate was 12 percent in 1980.
U.S. unemployment fell in 2009.
The federal deficit rose in 1994.
The federal deficit was $900 billion in 1986.
The population of the United States was 90 million in 1990.
The federal minimum wage was $9 in 1985.
Berlin is the capital of France.
Paris is not the capital of France.
Jimmy Carter defeated Ronald Reagan in 1980.
The Affordable Care Act was signed in 2001 by President Obama.
`;
const OPEN = `
The unemployment rate was 12 percent in 1980.
The female unemployment rate was 7.1 percent in 1980.
The state deficit was $290 billion in 1992.
The trade deficit rose in 1994.
Unemployment in Spain rose in 1994.
The U.S. unemployment rate was 7.1 in 1980.
The U.S. unemployment rate was 7.8 percent in 1980.
The U.S. unemployment rate was 7.1 percent.
The U.S. unemployment rate will be 7.1 percent in 2040.
The federal minimum wage in Alaska was $9 in 1985.
Paris is the capital of fashion.
Brampton is the capital of Canada.
Lincoln is the capital.
Nixon defeated Kennedy in the debate of 1970.
There was a recession in 1995.
The population of the United States was 150 million in 1975.
The U.S. unemployment rate is the lowest in 30 years.
`;

describe('checkClaim on figures, capitals and elections', () => {
  it.each([
    ...lines(SUPPORTED).map((quote) => ['supported', quote] as const),
    ...lines(CONTRADICTED).map((quote) => ['contradicted', quote] as const),
    ...lines(OPEN).map((quote) => ['not_enough_evidence', quote] as const),
  ])('says %s of: %s', (verdict, quote) => {
    const checked = checkClaim(claim(quote), base);
    expect({ quote, verdict: checked.verdict }).toEqual({ quote, verdict });
    const stances = checked.evidence.map(({ stance }) => stance);
    if (verdict === 'supported') expect(stances).toContain('supports');
    if (verdict === 'contradicted') expect(stances).toContain('contradicts');
  });

  it.each([
    ['The U.S. unemployment rate is the lowest in 30 years.', '2000-01-27', 'supported'],
    ['The U.S. unemployment rate is the highest in 30 years.', '2000-01-27', 'contradicted'],
    // A date known only to the year can agree, and never disagree.
    ['The U.S. unemployment rate is the lowest in 30 years.', '2000', 'supported'],
    ['The U.S. unemployment rate is the highest in 30 years.', '2000', 'not_enough_evidence'],
    ['The U.S. unemployment rate is the lowest on record.', '2000-01-27', 'contradicted'],
    ['The U.S. unemployment rate is the lowest since 1969.', '2000-01-27', 'supported'],
    ['U.S. inflation is down from 12.4 percent to 8.9.', '1982-01-26', 'supported'],
    ['The federal minimum wage has been $7.25 since 2009.', '2014-01-28', 'supported'],
    ['The federal minimum wage is $7.25.', '2014-01-28', 'supported'],
    ['The federal minimum wage is $12.', '2014-01-28', 'contradicted'],
    ['America has 50 states.', '1941', 'not_enough_evidence'],
  ] as const)('reads "%s" as of %s: %s', (quote, asOf, verdict) => {
    expect(checkClaim(claim(quote), base, { asOf }).verdict).toBe(verdict);
  });

  it('quotes the values of the years it compared', () => {
    const { evidence } = checkClaim(claim('The federal deficit rose in 1994.'), base);
    expect(evidence).toEqual([
      {
        statement: 'U.S. federal budget deficit: $255.1 billion in the fiscal year 1993.',
        source: 'Office of Management and Budget, Historical Tables, table 1.1',
        stance: 'contradicts',
      },
      expect.objectContaining({
        statement: 'U.S. federal budget deficit: $203.2 billion in the fiscal year 1994.',
      }),
    ]);
  });
});

describe('checkClaims', () => {
  const settled = (quote: string, asOf?: string): readonly (readonly [string, string])[] =>
    checkClaims([claim(quote)], base, asOf === undefined ? {} : { asOf })
      .slice(1)
      .map((each) => [each.verdict, each.claim.quote] as const);

  it('settles the statements of a sentence that is not settled as a whole, in its own words', () => {
    const sentence =
      'In 1980 tax revenues increased by $54 billion, and in 1980 we had one of our all-time biggest deficits.';
    const [whole, part] = checkClaims([claim(sentence)], base);
    expect(whole).toMatchObject({
      verdict: 'not_enough_evidence',
      claim: { id: 'c', quote: sentence },
      explanation:
        'Settled by itself: "In 1980 tax revenues increased by $54 billion" (supported). The rest of the sentence could not be compared.',
    });
    expect(part).toMatchObject({
      verdict: 'supported',
      claim: { id: 'c-1', quote: 'In 1980 tax revenues increased by $54 billion' },
    });
    expect(settled('John F. Kennedy, who was assassinated in 1963, wrote books about courage.')).toEqual([
      ['supported', 'John F. Kennedy, who was assassinated in 1963'],
    ]);
    expect(
      settled(
        'It was a hard time; the lowest unemployment rates in 30 years-the lowest poverty rates in 20 years.',
        '2000',
      ),
    ).toEqual([
      ['supported', 'the lowest unemployment rates in 30 years'],
      ['supported', 'the lowest poverty rates in 20 years.'],
    ]);
    expect(
      settled('He was born in Texas, and John F. Kennedy became president in 1962, as we heard.'),
    ).toEqual([['contradicted', 'John F. Kennedy became president in 1962']]);
  });

  it.each([
    'They said it rained, and John F. Kennedy became president in 1962.',
    'If it rains, John F. Kennedy became president in 1962.',
    'In the film, it rained, and John F. Kennedy became president in 1962.',
    'The film, in which John F. Kennedy became president in 1962, was long.',
    'The house, where John F. Kennedy became president in 1962, was old.',
    'It rained, and it is a lie, John F. Kennedy became president in 1962.',
    'Nobody spoke, and John F. Kennedy became president in 1962.',
    'Was it cold, and John F. Kennedy became president in 1962?',
    'When U.S. unemployment is 40 percent, people leave.',
  ])('takes nothing out of: %s', (quote) => {
    expect(settled(quote, '2014-01-28')).toEqual([]);
  });

  it('gives parts that stand in the sentence, whatever it is, and never many', () => {
    const words = fc.constantFrom(
      ...'Kennedy;unemployment;was;7.1 percent;in 1980;, ;and;who;-;:;"; ;if;when;the lowest;in 30 years;(;);1,000;fell'.split(
        ';',
      ),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 900 }),
          fc.array(words, { maxLength: 40 }).map((each) => each.join(' ')),
        ),
        (sentence) => {
          const parts = sentenceParts(sentence);
          expect(parts.length).toBeLessThanOrEqual(160);
          for (const { text, start } of parts) expect(sentence.slice(start, start + text.length)).toBe(text);
          const checked = checkClaims([claim(sentence)], base, { asOf: '2000-01-27' });
          expect(checked.length).toBeLessThanOrEqual(7);
          for (const { verdict, evidence } of checked.slice(1)) {
            const stance = verdict === 'supported' ? 'supports' : 'contradicts';
            expect(evidence.map((each) => each.stance)).toContain(stance);
          }
        },
      ),
      { numRuns: 300, seed: 11 },
    );
    expect(sentenceParts('a, '.repeat(600))).toEqual([]);
    expect(sentenceParts(`${'x'.repeat(3_000)}, y`)).toEqual([]);
  });
});

describe('parseKnowledge on series, capitals and elections', () => {
  const HEAD = 'version: 1\ntitle: Test\nknownUntil: 2020-01-01\n';
  const SERIES = `${HEAD}series:
  - subject: Price of bread
    unit: dollars
    scale: one
    lasts: yes
    source: a book
    values: { 1990-05-01: 1.5, 2000: 2.25 }
`;

  it('makes a fact of each value, of each capital and of each loser', () => {
    const { facts } = parseKnowledge(`${SERIES}capitals:
  - { place: Utopia, capital: Amaurot, source: a book }
elections:
  - { year: 1990, winner: Ada Example, losers: [Bo Sample, Cy], source: a book }
`);
    expect(facts).toMatchObject([
      { predicate: 'measure', value: 1.5, validFrom: '1990-05-01', validTo: '1999-12-31', isFiscal: false },
      { predicate: 'measure', value: 2.25, validFrom: '2000', knownUntil: '2020-01-01' },
      { predicate: 'relation', relation: 'capital', subject: 'Amaurot, Utopia', object: 'Utopia' },
      { relation: 'defeated', subject: 'Ada Example', object: 'Bo Sample', looseObjectAliases: ['Sample'] },
      { relation: 'defeated', object: 'Cy', looseObjectAliases: [] },
    ]);
    expect(facts[1]).not.toHaveProperty('validTo');
  });

  it.each([
    [SERIES.replace('2000: 2.25', '1980: 2.25'), 'KNOWLEDGE_DATE'],
    [SERIES.replace('2000: 2.25', 'later: 2.25'), 'KNOWLEDGE_DATE'],
    [SERIES.replace('dollars', 'loaves'), 'KNOWLEDGE_VALUE'],
    [SERIES.replace('lasts: yes', 'lasts: maybe'), 'KNOWLEDGE_VALUE'],
    [SERIES.replace('2.25', 'much'), 'KNOWLEDGE_VALUE'],
    [`${HEAD}elections:\n  - { year: 1990, winner: A, source: x }\n`, 'KNOWLEDGE_FIELD_MISSING'],
  ])('refuses what is not well formed', (text, code) => {
    expect(() => parseKnowledge(text)).toThrow(KnowledgeError);
    expect(() => parseKnowledge(text)).toThrow(expect.objectContaining({ code }));
  });

  it('agrees with itself: receipts less outlays are the surplus or the deficit of each year', () => {
    const values = (subject: string): ReadonlyMap<string, number> =>
      new Map(base.measures(subject).map(({ validFrom, value }) => [validFrom, value]));
    const outlays = values('U.S. federal outlays');
    const deficits = values('U.S. federal budget deficit');
    const surpluses = values('U.S. federal budget surplus');
    const receipts = values('U.S. federal receipts');
    expect(receipts.size).toBe(26);
    for (const [year, received] of receipts) {
      const balance = surpluses.get(year) ?? -(deficits.get(year) ?? Number.NaN);
      expect(Math.abs(received - (outlays.get(year) ?? 0) - balance)).toBeLessThan(0.4e9);
    }
  });
});
