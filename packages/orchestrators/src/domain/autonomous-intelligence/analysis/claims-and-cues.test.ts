import { describe, expect, it } from '@jest/globals';
import { aDocument } from './fixtures/documents.js';
import {
  FALLACY_RULES,
  PERSUASION_RULES,
  extractClaims,
  findFallacyCues,
  findPersuasionCues,
  readText,
  statementKind,
} from './index.js';
import { matchPattern, patternText, tokenPattern } from './token-pattern.js';

const read = (text: string) => readText(aDocument([text]));
const only = (text: string) => {
  const [sentence] = read(text).sentences;
  if (sentence === undefined) throw new Error('No sentence');
  return sentence;
};

describe('statementKind', () => {
  it.each([
    ['statement', 'Unemployment fell by 3 percent in 1961.'],
    ['statement', 'She was born in Paris in 1901.'],
    ['question', 'Did unemployment fall by 3 percent?'],
    ['opinion', 'I think that taxes are too high.'],
    ['opinion', 'We strongly believe the rate was 5 percent.'],
    ['opinion', 'In my view the rate was 5 percent.'],
    ['prescription', 'We should cut taxes by 5 percent.'],
    ['prescription', 'We need to reduce the deficit by $2 billion.'],
    ['request', 'Cut the budget by 5 percent now.'],
    ['request', "Let's cut the deficit by half."],
    ['request', 'Tonight I am asking the Congress for $3 billion.'],
    ['future', 'We will build 500 schools next year.'],
    ['future', "We're going to hire 100 teachers."],
    ['condition', 'If we fail, 5 million people lose their jobs.'],
    ['greeting', 'Thank you very much, Mr. Speaker.'],
    ['fragment', 'A great victory for all of us!'],
    ['statement', 'Richard Nixon resigned.'],
    ['greeting', 'Roger, Houston, altitude is 3,000 feet.'],
    ['greeting', 'We are deeply grateful to the 500 people who came.'],
    ['statement', 'In 1997, we passed the Act.'],
    ['request', 'Never pay more than $500 for a phone.'],
    ['statement', 'Never before had 500 people come to Paris.'],
    ['request', 'Turn left at 5th Avenue and walk 200 meters.'],
    ['statement', 'Trade with China rose by 5 percent.'],
    ['fragment', 'Size — Parameters — Required VRAM'],
    ['statement', 'Unemployment — so the report — fell by 3 percent in 1961.'],
    ['fragment', 'Posted on Tuesday 15 October 2019 at 09:11 by Jo Example.'],
    ['fragment', 'Last updated on 3 May 2021 by the town.'],
    ['fragment', 'This entry was posted on Tuesday 15 October 2019 by the town.'],
    ['request', 'Our listeners get 20% off your first month at example.com.'],
    ['statement', 'Published in 1851 by Harper, the novel sold 500 copies.'],
    ['statement', 'The novel was published in 1851 by Harper.'],
    [
      'request',
      'Head on over to example.com today and use the promo code X to get started with a $10 credit.',
    ],
    ['request', 'Get 15% off your first order with code X.'],
    ['request', 'Casper: Get $50 off select mattresses with code X.'],
    ['statement', 'The team worked with code of the library, which has 500 lines.'],
    ['statement', 'The town headed over to the new bridge in 1961.'],
    ['fragment', 'You can install (or update to) the latest release with the following command:'],
    ['fragment', 'In 1961 the town had these 3 bridges:'],
    ['statement', 'There were 3 deaths in 1961:'],
    ['fragment', "So the first thing it does... no it probably doesn't do that."],
    ['statement', 'The first version did that... and no version since 2001 does it.'],
  ] as const)('takes for a %s: %s', (kind, text) => {
    expect(statementKind(only(text))).toBe(kind);
  });
});

describe('extractClaims', () => {
  it.each([
    [
      'Unemployment fell by 3 percent in 1961.',
      ['percent', 'date', 'change', 'past-event', 'plain-statement'],
    ],
    ['The program cost $7 billion.', ['money', 'change']],
    ['China is larger than India.', ['comparison', 'named-entity', 'plain-statement']],
    ['This is the highest unemployment rate in 30 years.', ['figure', 'superlative']],
    ['The Roman Empire fell in 476.', ['figure', 'change', 'named-entity', 'past-event', 'plain-statement']],
    ['Paris is the capital of France.', ['named-entity', 'plain-statement']],
    ['Mozart was a composer.', ['past-event', 'plain-statement']],
  ])('names the cues of: %s', (text, cues) => {
    const [claim] = extractClaims(read(text));
    expect(claim?.cues).toEqual(cues);
    expect(claim?.quote).toBe(text);
  });

  it.each([
    'He likes dogs and cats.',
    'Our aim is peace among free nations.',
    'Did it cost $7 billion?',
    'We will spend $7 billion.',
    'Paris is beautiful.',
    'Our capital is Paris, my friends.',
    'Paris might be the capital of France.',
  ])('finds none in: %s', (text) => {
    expect(extractClaims(read(text))).toEqual([]);
  });

  it('ranks an own sentence above one that opens with a pronoun', () => {
    const [first, second] = extractClaims(
      read('It fell by 3 percent in 1961. Output fell by 4 percent in 1961.'),
    );
    expect(first?.quote).toBe('Output fell by 4 percent in 1961.');
    expect(second?.checkworthiness).toBeLessThan(first?.checkworthiness ?? 0);
  });

  it('keeps the id of a sentence when its place, spacing and punctuation change, and reports repeats once', () => {
    const [claim] = extractClaims(read('Output fell by 4 percent in 1961.'));
    const moved = extractClaims(
      read('We met again here. OUTPUT fell  by 4 percent, in 1961! Output fell by 4 percent in 1961.'),
    );
    expect(moved.map(({ id }) => id)).toEqual([claim?.id]);
    expect(claim?.id).toMatch(/^[0-9a-f]{16}$/);
    expect(extractClaims(read('Output fell by 5 percent in 1961.'))[0]?.id).not.toBe(claim?.id);
  });
});

/** What each rule must find, and must leave alone. */
const FALLACIES: Readonly<Record<string, { yes: readonly string[]; no: readonly string[] }>> = {
  'ad-hominem': {
    yes: ['He is nothing but a liar.', 'My opponent is a total fraud.'],
    no: ['He is a farmer from Ohio.', 'The fraud cost us $2 billion.'],
  },
  'appeal-to-fear': {
    yes: [
      'If we fail to act now, our enemies will destroy us.',
      'Unless we stop this bill, thousands will die.',
    ],
    no: ['If we act now, our exports will grow.', 'Thousands died in the war.'],
  },
  'false-dilemma': {
    yes: ['Either you support the plan or you hate the poor.', 'There are only two choices.'],
    no: ['Either road leads to Rome.', 'We had two meetings in Paris.'],
  },
  'slippery-slope': {
    yes: ['This is a slippery slope.', 'If we allow this, soon everyone will be armed.'],
    no: [
      'The slope of the roof is slippery when wet.',
      'Once we allow visitors, we open the gate.',
      'It was a long and winding road, and before you know it the essays were written.',
    ],
  },
  bandwagon: {
    yes: ['Everybody knows that taxes are too high.', 'Nobody doubts the plan.'],
    no: [
      'Everybody came to the party.',
      'It is not as big as most people believe it is.',
      'So in this world, we all know that sometimes things go wrong.',
      'We all know that it can rain.',
    ],
  },
  'appeal-to-authority': {
    yes: [
      'Experts agree that sugar is harmful.',
      'Studies show that it works.',
      'Most experts said that sugar is harmful.',
    ],
    no: [
      'The expert arrived at noon.',
      'Researchers at the University of Oslo show that it works.',
      'Analysts said good relations with Sudan could help.',
      'We know it can help teams, but our survey showed that 50 of them fail.',
    ],
  },
  'hasty-generalization': {
    yes: ['Politicians always lie.', 'They never listen.'],
    no: ['Politicians met in Geneva.', 'All men are created equal.'],
  },
  whataboutism: {
    yes: ['But what about her emails?'],
    no: [
      'What about lunch?',
      'We wondered what about her was new.',
      'What about the front end stuff here?',
      'The server is done. What about the bats?',
    ],
  },
  'straw-man': {
    yes: ['So you are saying that we should all starve?', 'They want to destroy our way of life.'],
    no: ['She is saying goodbye.', 'They want to destroyed bridges return.'],
  },
  'appeal-to-tradition': { yes: ['We have always done it this way.'], no: ['We have always lived here.'] },
  'appeal-to-ignorance': {
    yes: ['No one has ever proved that it is false.'],
    no: ['She proved the theorem.'],
  },
  'post-hoc': {
    yes: ['Since he took office, prices have doubled.'],
    no: ['Prices have doubled in ten years.'],
  },
  'no-true-scotsman': { yes: ['No true American would vote for this.'], no: ['A true story was told.'] },
  'loaded-question': {
    yes: ['When did you stop lying to us?'],
    no: ['When did you arrive?', 'She stopped the car.'],
  },
  'appeal-to-pity': {
    yes: ['How would you feel if your house burned down?'],
    no: ['How do you feel?', 'Think of a number.'],
  },
};

describe('findFallacyCues', () => {
  it('has examples for every rule', () => {
    expect(Object.keys(FALLACIES).sort()).toEqual(FALLACY_RULES.map(({ kind }) => kind).sort());
  });

  it.each(Object.entries(FALLACIES).flatMap(([kind, { yes }]) => yes.map((text) => [kind, text] as const)))(
    'sees %s in: %s',
    (kind, text) => {
      const [cue] = findFallacyCues(read(text));
      expect(cue).toMatchObject({ kind, quote: text });
      expect(cue?.explanation).toMatch(/^[A-Z].*: ".+"\.$/);
    },
  );

  it.each(Object.entries(FALLACIES).flatMap(([kind, { no }]) => no.map((text) => [kind, text] as const)))(
    'sees no %s in: %s',
    (kind, text) => {
      expect(findFallacyCues(read(text)).map((cue) => cue.kind)).not.toContain(kind);
    },
  );

  it('takes "What about the …?" for an answer to a reproach only where a reproach stands before', () => {
    const kinds = (text: string) => findFallacyCues(read(text)).map((cue) => cue.kind);
    expect(kinds('The senator lied to us. What about the emails?')).toEqual(['whataboutism']);
    expect(kinds('The server is ready. What about the emails?')).toEqual([]);
    expect(kinds('The senator lied to us. That was in May. We met. What about the emails?')).toEqual([]);
  });

  it('is never sure', () => {
    for (const { confidence } of FALLACY_RULES) expect(confidence).toBeLessThanOrEqual(0.6);
  });
});

const DEVICES: readonly (readonly [string, string])[] = [
  ['call-to-action', 'Let us begin.'],
  ['urgency', 'Now is the time to act.'],
  ['antithesis', 'We acted not in panic but in perspective.'],
  ['appeal-to-unity', 'Together we can win.'],
  ['superlative-pride', 'We are the greatest nation on Earth.'],
  ['anaphora', 'We shall fight on the beaches. We shall fight in the fields. We shall never surrender.'],
  ['epistrophe', 'It is a government of the people, by the people, for the people.'],
  ['tricolon', 'We came, we saw, we conquered.'],
  ['us-versus-them', 'They offer fear, but we offer hope.'],
  ['rhetorical-question', 'Who among us would refuse? I would not.'],
  ['loaded-language', 'Waste and fraud are everywhere.'],
];

describe('findPersuasionCues', () => {
  it.each(DEVICES)('sees %s in: %s', (kind, text) => {
    expect(findPersuasionCues(read(text)).map((cue) => cue.kind)).toContain(kind);
  });

  it('has an example for every rule', () => {
    expect(DEVICES.map(([kind]) => kind)).toEqual(
      expect.arrayContaining(PERSUASION_RULES.map(({ kind }) => kind)),
    );
  });

  it.each([
    'Let us say it is five.',
    'He bought apples, pears and plums.',
    'The red book, the blue book and the old map are here.',
    'We gave them their books back.',
    'The meeting is at five. The room is small. There is coffee.',
    'There is no waste and no fraud.',
  ])('sees nothing in: %s', (text) => {
    expect(findPersuasionCues(read(text))).toEqual([]);
  });

  it('takes a question that another speaker answers for a question', () => {
    const document = aDocument([
      { text: 'How do we build it?', speaker: 'Ann' },
      { text: 'With a compiler, of course.', speaker: 'Bob' },
    ]);
    expect(findPersuasionCues(readText(document))).toEqual([]);
  });
});

describe('tokenPattern', () => {
  const matches = (pattern: string, text: string) =>
    matchPattern(tokenPattern(pattern), patternText(only(text).tokens));

  it.each([
    ['the (cat|dog)', 'I saw the dog run.', { first: 2, last: 3 }],
    ['~be #ADV? happy', 'They were really happy.', { first: 1, last: 3 }],
    ['~be #ADV? happy', 'They are happy.', { first: 1, last: 2 }],
    ['if ..3 then', 'If it rains then we stay.', { first: 0, last: 3 }],
    ['(a lot|many) of', 'We have a lot of time.', { first: 2, last: 4 }],
    ['!not easy', 'It is so easy.', { first: 2, last: 3 }],
    ['^ it is', 'It is so easy.', { first: 0, last: 1 }],
  ])('"%s" matches "%s"', (pattern, text, expected) => {
    expect(matches(pattern, text)).toEqual(expected);
  });

  it.each([
    ['if ..2 then', 'If it really rains here then we stay.'],
    ['if ..4 then', 'If it rains; then we stay.'],
    ['^ is easy', 'It is easy.'],
    ['!so easy', 'So easy.'],
  ])('"%s" does not match "%s"', (pattern, text) => {
    expect(matches(pattern, text)).toBeUndefined();
  });
});
