import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  KNOWLEDGE_ERROR_CODES,
  KnowledgeBase,
  KnowledgeError,
  loadOfficeHolders,
  MAX_KNOWLEDGE_LENGTH,
  parseKnowledge,
} from './index.js';

const HEAD = 'version: 1\ntitle: Test\nknownUntil: 2020-01-01\n';
const PERSON = `people:
  - name: Ada Example
    source: a book
    offices:
      - { office: president, number: 3, from: 1901-03-04, to: 1905-03-04, party: Whig, elected: [1900] }
`;

function faultOf(read: () => unknown): KnowledgeError {
  try {
    read();
  } catch (error) {
    if (error instanceof KnowledgeError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('parseKnowledge', () => {
  it('reads people, events, counts and statements, with sources by name', () => {
    const knowledge = parseKnowledge(`${HEAD}sources:
  - { name: gazette, citation: 'The Gazette, 1903' }
${PERSON}events:
  - { subject: Bridge Act, event: enacted, date: 1903-05, by: Ada Example, source: $gazette }
counts:
  - { subject: Utopia, unit: islands, value: 7, from: 1900, source: $gazette }
statements:
  - { text: The bridge was painted green., source: $gazette }
`);
    expect(knowledge.facts).toEqual([
      expect.objectContaining({
        subject: 'Ada Example',
        predicate: 'held-office',
        ordinal: 3,
        electedIn: [1900],
      }),
      expect.objectContaining({ predicate: 'event', by: 'Ada Example', source: 'The Gazette, 1903' }),
      expect.objectContaining({ predicate: 'count', value: 7, knownUntil: '2020-01-01' }),
    ]);
    expect(knowledge.statements).toEqual([
      { text: 'The bridge was painted green.', source: 'The Gazette, 1903' },
    ]);
  });

  it.each([
    ['a: [', 'KNOWLEDGE_SYNTAX', 1],
    ['- a', 'KNOWLEDGE_SHAPE', 1],
    ['', 'KNOWLEDGE_SHAPE', undefined],
    ['version: 2\ntitle: T\nknownUntil: 2020', 'KNOWLEDGE_VALUE', 1],
    ['version: 1\ntitle: T', 'KNOWLEDGE_FIELD_MISSING', 1],
    [`${HEAD}persons: []`, 'KNOWLEDGE_FIELD_UNKNOWN', 1],
    [`${HEAD}people: 5`, 'KNOWLEDGE_SHAPE', 4],
    [`${HEAD}${PERSON.replace('1905-03-04', '1905-02-30')}`, 'KNOWLEDGE_DATE', 8],
    [`${HEAD}${PERSON.replace('1905-03-04', '1801-03-04')}`, 'KNOWLEDGE_DATE', 8],
    [`${HEAD}${PERSON.replace('president', 'emperor')}`, 'KNOWLEDGE_VALUE', 8],
    [`${HEAD}${PERSON.replace('a book', '$nowhere')}`, 'KNOWLEDGE_REFERENCE', 6],
    [
      `${HEAD}${PERSON}events:\n  - { subject: X, event: signed, date: 1903, by: Nobody, source: s }`,
      'KNOWLEDGE_REFERENCE',
      10,
    ],
    [`${HEAD}events:\n  - { subject: X, event: other, date: 1903, source: s }`, 'KNOWLEDGE_FIELD_MISSING', 5],
    [`${HEAD}counts:\n  - { subject: X, unit: u, value: "7", from: 1903, source: s }`, 'KNOWLEDGE_VALUE', 5],
    [`a: &a [x]\nb: *a`, 'KNOWLEDGE_FIELD_UNKNOWN', 1],
    ['x'.repeat(MAX_KNOWLEDGE_LENGTH + 1), 'KNOWLEDGE_TOO_LARGE', undefined],
  ] as const)('refuses %j with %s', (text, code, line) => {
    const fault = faultOf(() => parseKnowledge(text));
    expect({ code: fault.code, line: fault.line }).toEqual({ code, line });
    expect(KNOWLEDGE_ERROR_CODES).toContain(fault.code);
  });

  it('says where the fault is and what to do', () => {
    const fault = faultOf(() => parseKnowledge(`${HEAD}${PERSON.replace('1905-03-04', 'soon')}`));
    expect(fault.message).toBe(
      'people[0].offices[0].to, line 8: "soon" is not a date. Write YYYY, YYYY-MM or YYYY-MM-DD. [KNOWLEDGE_DATE]',
    );
  });

  it('refuses any other text with a KnowledgeError and nothing else', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        for (const read of [parseKnowledge, (yaml: string) => loadOfficeHolders(yaml, 's')]) {
          try {
            read(text);
          } catch (error) {
            expect(error).toBeInstanceOf(KnowledgeError);
          }
        }
      }),
      { seed: 3 },
    );
  });
});

describe('loadOfficeHolders', () => {
  it('joins terms in a row, derives election years and leaves a scheduled end open', () => {
    const facts = loadOfficeHolders(
      `- name: { first: Ada, middle: Beatrix, last: Example, nickname: Addie }
  terms:
    - { type: prez, start: '2009-01-20', end: '2013-01-20', party: Democrat, how: election }
    - { type: prez, start: '2013-01-20', end: '2017-01-20', party: Democrat, how: election }
    - { type: sen, start: '2001-01-20', end: '2007-01-20', party: Democrat }
- name: { first: Bea, last: Sample }
  terms:
    - { type: prez, start: '2017-01-20', end: '2021-01-20', party: Republican, how: succession }
`,
      'a list',
    );
    expect(facts).toEqual([
      {
        predicate: 'held-office',
        subject: 'Ada Beatrix Example',
        aliases: ['Ada B Example', 'Addie Example', 'Ada Example'],
        looseAliases: ['Example'],
        office: 'president',
        validFrom: '2009-01-20',
        validTo: '2017-01-20',
        party: 'Democratic',
        electedIn: [2008, 2012],
        source: 'a list',
      },
      expect.objectContaining({ subject: 'Bea Sample', knownUntil: '2017-01-20', electedIn: [] }),
    ]);
    expect(facts[1]).not.toHaveProperty('validTo');
  });
});

describe('KnowledgeBase', () => {
  it('finds statements by two words in common, nearest first, and not by one', () => {
    const base = new KnowledgeBase({
      statements: [
        { text: 'The green bridge crosses the river at Exampleton.', source: 'map' },
        { text: 'A bridge is a card game.', source: 'rules' },
      ],
    });
    expect(base.related('Who painted the bridge over the river green?')).toEqual([
      { statement: 'The green bridge crosses the river at Exampleton.', source: 'map' },
    ]);
    expect(base.related('card')).toEqual([]);
    expect(base.related('')).toEqual([]);
  });

  it('shows a fact only beside a text that names what it is about, not beside a date in common', () => {
    const base = new KnowledgeBase({
      facts: [
        {
          predicate: 'event',
          event: 'other',
          phrases: ['became the first Utopian to sail round the island'],
          subject: 'Ada Example',
          aliases: ['Captain Example'],
          looseAliases: ['Example'],
          validFrom: '1962-02-20',
          statement: 'Ada Example became the first Utopian to sail round the island on 20 February 1962.',
          source: 'log',
        },
      ],
    });
    const fact = [{ statement: base.facts[0]?.statement, source: 'log' }];
    expect(base.related('The first federal program for housing was announced on 20 February 1946.')).toEqual(
      [],
    );
    expect(base.related('They had, for example, the first program in February.')).toEqual([]);
    expect(base.related("Captain Example was on everybody's mind that day.")).toEqual(fact);
    expect(base.related('She was the first Utopian ever to sail round the island.')).toEqual(fact);
  });

  it('does not take figures in common for a subject in common', () => {
    const text = 'U.S. poverty rate: 15 percent in 1982.';
    const base = new KnowledgeBase({ statements: [{ text, source: 'census' }] });
    expect(base.related('In 1982 the rate of growth of the defense budget was 15 percent.')).toEqual([]);
    expect(base.related('Poverty rose to 15 percent.')).toEqual([{ statement: text, source: 'census' }]);
  });

  it('refuses a fact whose date is not one', () => {
    const build = (): unknown =>
      new KnowledgeBase({
        facts: [
          {
            predicate: 'count',
            subject: 'Utopia',
            aliases: [],
            looseAliases: [],
            unit: 'islands',
            unitAliases: [],
            value: 7,
            validFrom: '1900-13',
            source: 's',
          },
        ],
      });
    expect(faultOf(build).message).toBe(
      'The fact about "Utopia" has the date "1900-13". Write YYYY, YYYY-MM or YYYY-MM-DD. [KNOWLEDGE_DATE]',
    );
  });
});
