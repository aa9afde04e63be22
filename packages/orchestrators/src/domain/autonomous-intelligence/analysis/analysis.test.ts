import { describe, expect, it } from '@jest/globals';
import type { ContentDocument, TextReference } from '../model.js';
import { aDocument, aSpeech } from './fixtures/documents.js';
import {
  analysisLimits,
  extractClaims,
  extractKeywords,
  findEntities,
  findFallacyCues,
  findPersuasionCues,
  findTopics,
  readText,
  scoreQuality,
  scoreReadability,
  scoreSentiment,
  summarise,
} from './index.js';

const SPEECHES = ['1941-roosevelt', '1962-kennedy', '1982-reagan', '2000-clinton', '2014-obama'];

function everything(document: ContentDocument) {
  const text = readText(document);
  return {
    summary: summarise(text),
    keywords: extractKeywords(text),
    topics: findTopics(text),
    entities: findEntities(text),
    sentiment: scoreSentiment(text),
    claims: extractClaims(text),
    fallacies: findFallacyCues(text),
    persuasion: findPersuasionCues(text),
    readability: scoreReadability(text),
    quality: scoreQuality(text, document),
  };
}

const analyses = new Map<string, ReturnType<typeof everything>>();
/** Each speech is analysed once for all tests. */
function analysisOf(name: string) {
  const parts = analyses.get(name) ?? everything(aSpeech(name));
  analyses.set(name, parts);
  return parts;
}

const texts = new Map(SPEECHES.map((name) => [name, readText(aSpeech(name))]));
function read(name: string) {
  const text = texts.get(name);
  if (text === undefined) throw new Error(`No speech "${name}"`);
  return text;
}

describe('an analysis of real speeches', () => {
  it.each(SPEECHES)('of %s has scores in range and references to real sentences', (name) => {
    const document = aSpeech(name);
    const text = readText(document);
    const parts = analysisOf(name);
    const unit = [
      ...parts.summary.map(({ score }) => score),
      ...parts.keywords.map(({ score }) => score),
      ...parts.topics.map(({ share }) => share),
      ...parts.claims.map(({ checkworthiness }) => checkworthiness),
      ...[...parts.fallacies, ...parts.persuasion].map(({ confidence }) => confidence),
      ...Object.values(parts.quality.parts),
      parts.quality.overall,
    ];
    for (const value of unit) {
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThanOrEqual(1);
    }
    const references: TextReference[] = [
      ...parts.summary,
      ...parts.claims,
      ...parts.fallacies,
      ...parts.persuasion,
    ];
    for (const { segment, sentence, quote } of references) {
      expect(text.sentences[sentence]).toMatchObject({ segment, text: quote });
      expect(document.segments[segment]?.text).toContain(quote);
    }
    expect(JSON.parse(JSON.stringify(parts))).toEqual(parts);
  });

  it('comes out the same twice', () => {
    expect(everything(aSpeech('1941-roosevelt'))).toEqual(analysisOf('1941-roosevelt'));
  });

  it('summarises in document order with statements that stand alone', () => {
    const summary = summarise(read('1982-reagan'), { sentences: 6 });
    expect(summary.map(({ sentence }) => sentence)).toEqual(
      [...summary.map(({ sentence }) => sentence)].sort((a, b) => a - b),
    );
    const quotes = summary.map(({ quote }) => quote);
    expect(quotes).toHaveLength(6);
    expect(quotes).toContain(
      'Inflation remained in double digits, and government spending increased at an annual rate of 17 percent.',
    );
    expect(quotes.some((quote) => quote.endsWith('?'))).toBe(false);
    expect(Math.max(...summary.map(({ score }) => score))).toBeLessThanOrEqual(1);
  });

  it('names what each speech is about', () => {
    const terms = (name: string) => extractKeywords(read(name)).map(({ term }) => term.toLowerCase());
    expect(terms('1962-kennedy')).toEqual(
      expect.arrayContaining(['farm', 'jobs', 'growth', 'health', 'united states']),
    );
    expect(terms('1941-roosevelt')).toEqual(
      expect.arrayContaining(['war', 'freedom', 'defense', 'dictators', 'democracies']),
    );
    expect(terms('1982-reagan')).toEqual(
      expect.arrayContaining(['programs', 'government', 'tax', 'inflation', 'deficits']),
    );
    expect(terms('2000-clinton')).toEqual(
      expect.arrayContaining(['children', 'gun', 'schools', 'health care', 'tax credit']),
    );
    expect(terms('2014-obama')).toEqual(
      expect.arrayContaining(['jobs', 'college', 'middle class', 'wage', 'economy']),
    );
  });

  it('counts keywords as often as they are there and lists no variants', () => {
    const keywords = extractKeywords(read('2000-clinton'), { limit: 40 });
    expect(keywords[0]?.score).toBe(1);
    expect(keywords.find(({ term }) => term === 'health care')?.count).toBe(10);
    const phrases = keywords.map(({ term }) => ` ${term.toLowerCase()} `);
    for (const phrase of phrases) expect(phrases.filter((other) => other.includes(phrase))).toEqual([phrase]);
  });

  it('groups terms that keep company into topics whose shares add up to one at most', () => {
    for (const name of SPEECHES) {
      const topics = analysisOf(name).topics;
      expect(topics.length).toBeGreaterThan(2);
      expect(topics.length).toBeLessThanOrEqual(6);
      expect(topics.reduce((sum, { share }) => sum + share, 0)).toBeLessThanOrEqual(1);
      for (const { label, terms } of topics) expect(label).toBe(terms.slice(0, 2).join(', '));
    }
    const economy = findTopics(read('1982-reagan')).find(({ terms }) => terms.includes('tax'));
    expect(economy?.terms).toEqual(expect.arrayContaining(['rate', 'deficits', 'inflation']));
  });

  it('finds the people, bodies and places of each speech', () => {
    const named = (name: string, kind: string) =>
      analysisOf(name)
        .entities.filter((entity) => entity.kind === kind)
        .map(({ text }) => text);
    expect(named('1962-kennedy', 'place')).toEqual(
      expect.arrayContaining(['Latin America', 'Laos', 'Congo', 'Berlin', 'United States', 'Soviet Union']),
    );
    expect(named('1962-kennedy', 'organization')).toEqual(
      expect.arrayContaining([
        'Congress',
        'United Nations',
        'NATO',
        'Peace Corps',
        'National Institutes of Health',
      ]),
    );
    expect(named('1962-kennedy', 'person')).toEqual(
      expect.arrayContaining(['Woodrow Wilson', 'Khrushchev', 'John McCormack']),
    );
    expect(named('1982-reagan', 'person')).toEqual(
      expect.arrayContaining(['Winston Churchill', 'Abraham Lincoln', 'John F. Kennedy', 'Lenny Skutnik']),
    );
    expect(named('2014-obama', 'person')).toEqual(
      expect.arrayContaining(['Cory Remsburg', 'Michelle', 'Jill Biden']),
    );
    expect(named('2000-clinton', 'percent')).toContain('20 percent');
    expect(named('1962-kennedy', 'money')).toContain('$1 billion');
    expect(named('1941-roosevelt', 'date')).toEqual(expect.arrayContaining(['1914', '1789']));
  });

  it('takes no description, title or greeting for a name', () => {
    for (const name of SPEECHES) {
      const found = analysisOf(name).entities.map(({ text }) => text);
      for (const junk of [
        'American',
        'Soviet',
        'Vice President',
        'Mr. Speaker',
        'President',
        'Federal grant',
        'Jewish',
      ]) {
        expect(found).not.toContain(junk);
      }
    }
  });

  it('ranks sentences with figures first and leaves calls and hopes out', () => {
    const claims = extractClaims(read('1982-reagan'), { limit: 12 });
    expect(claims.map(({ quote }) => quote)).toContain(
      'In 1960 the Federal Government had 132 categorical grant programs, costing $7 billion.',
    );
    for (const { cues, quote } of claims) {
      expect(cues.some((cue) => ['money', 'percent', 'figure', 'date'].includes(cue))).toBe(true);
      expect(quote).not.toMatch(/\?$|\b(?:I ask|I urge|let us)\b/i);
    }
    const worth = claims.map(({ checkworthiness }) => checkworthiness);
    expect(worth).toEqual([...worth].sort((a, b) => b - a));
    expect(new Set(claims.map(({ id }) => id)).size).toBe(claims.length);
  });

  it('shows the devices a reader finds in them', () => {
    const found = (name: string) => analysisOf(name).persuasion.map(({ kind, quote }) => `${kind}: ${quote}`);
    expect(found('1962-kennedy')).toEqual(
      expect.arrayContaining([
        'antithesis: We acted not in panic but in perspective.',
        'us-versus-them: For we offer a world of choice-they offer the world of coercion.',
        'urgency: This is the year to decide.',
      ]),
    );
    expect(found('1982-reagan')).toContain('loaded-language: Waste and fraud are serious problems.');
    const anaphora = findPersuasionCues(read('2000-clinton')).find(({ kind }) => kind === 'anaphora');
    expect(anaphora?.explanation).toBe('6 sentences close together open with "we will".');
  });

  it('reports few fallacy cues in them, and those at the words that carry them', () => {
    const cues = SPEECHES.flatMap((name) => analysisOf(name).fallacies);
    expect(cues.length).toBeLessThan(12);
    expect(cues.map(({ kind, explanation }) => [kind, explanation])).toContainEqual([
      'straw-man',
      'Puts words into the mouth of the other side that it may not have said: "some would have you believe".',
    ]);
  });
});

describe('an analysis of awkward texts', () => {
  it.each([
    ['no segments', aDocument([])],
    ['blank segments', aDocument(['', '  \n '])],
    ['a sentence of five words', aDocument(['We like short sentences here.'])],
    ['one word', aDocument(['Over.'])],
    ['emoji only', aDocument(['😀😀 😀'])],
    ['a heading only', aDocument([{ kind: 'heading', text: 'Introduction' }])],
    ['sentences of one word', aDocument(Array.from({ length: 50 }, () => 'Yes. No. Roger.'))],
    ['one long token', aDocument(['x'.repeat(100_000)])],
    ['the same sentence again and again', aDocument(['The cat sat on the mat. '.repeat(300)])],
  ])('survives %s with finite numbers', (_name, document) => {
    const parts = everything(document);
    expect(JSON.parse(JSON.stringify(parts))).toEqual(parts);
    for (const value of [
      ...Object.values(parts.readability),
      parts.sentiment.overall.polarity,
      parts.quality.overall,
    ]) {
      expect(Number.isFinite(value)).toBe(true);
    }
    expect(parts.claims).toEqual([]);
  });

  it('gives a single sentence as its own summary and says that the text is short', () => {
    const document = aDocument(['We like short sentences here.']);
    const { summary, quality } = everything(document);
    expect(summary.map(({ quote }) => quote)).toEqual(['We like short sentences here.']);
    expect(quality.notes).toContain('Short: 5 words.');
  });

  it('says the same sentence once in a summary', () => {
    expect(
      summarise(readText(aDocument(['The farm prices fell again this year in Ohio. '.repeat(40)]))),
    ).toHaveLength(1);
  });

  it('analyses other languages as far as it can and says where it cannot', () => {
    const german = [
      'Die Regierung senkt die Steuern. Die Steuern waren im ganzen Land zu hoch.',
      'Die Opposition lehnt die Steuern ab. Niemand weiß, wie viele Steuern bleiben.',
    ];
    const document = aDocument(german, { language: 'deu' });
    const parts = everything(document);
    expect(parts.summary.length).toBeGreaterThan(0);
    expect(parts.keywords.map(({ term }) => term)).not.toContain('Die');
    expect(parts.sentiment).toEqual({
      overall: { polarity: 0, label: 'neutral', sentences: 0 },
      bySpeaker: [],
      overTime: [],
    });
    expect([parts.claims, parts.fallacies, parts.persuasion]).toEqual([[], [], []]);
    expect(parts.quality.notes).toContain(
      'The language is German: sentiment, claims, cues and readability are made for English.',
    );
    expect(analysisLimits(readText(document)).find(({ part }) => part === 'sentiment')?.reason).toBe(
      'Not analysed: the language is German and the model is English.',
    );
    expect(analysisLimits(readText(aDocument(['Hm.'], { language: 'und' })))).toEqual([]);
  });

  it('finds known names in captions that are all capitals', () => {
    const document = aDocument(['WE FLEW FROM PARIS TO THE UNITED STATES WITH JOHN KENNEDY.']);
    expect(findEntities(readText(document)).map(({ text, kind }) => [text, kind])).toEqual(
      expect.arrayContaining([
        ['Paris', 'place'],
        ['United States', 'place'],
        ['John Kennedy', 'person'],
      ]),
    );
  });

  it('merges the variants of a name, and not the names of two people', () => {
    const count = (...lines: string[]) =>
      Object.fromEntries(
        findEntities(readText(aDocument(lines))).map(({ text, kind, count: times }) => [
          `${text} (${kind})`,
          times,
        ]),
      );
    expect(
      count(
        'We met John F. Kennedy in Paris. Then President Kennedy spoke. They knew that Kennedy was right.',
      ),
    ).toEqual({
      'John F. Kennedy (person)': 3,
      'Paris (place)': 1,
    });
    const two = count('We met John Kennedy and Robert Kennedy. Later Senator Kennedy spoke.');
    expect(two).toEqual({ 'John Kennedy (person)': 1, 'Robert Kennedy (person)': 1, 'Kennedy (person)': 1 });
    expect(count('We work with the United Nations. Today the U.N. acts, and the UN will act again.')).toEqual(
      {
        'United Nations (organization)': 3,
      },
    );
  });

  it('takes neither a word that only opens sentences nor a phrase about a common thing for a person', () => {
    const people = (...lines: string[]) =>
      findEntities(readText(aDocument(lines)))
        .filter(({ kind }) => kind === 'person')
        .map(({ text }) => text);
    expect(
      people('Roger, we copy. Roger. Roger, you are go for landing, Jack. We see it, Jack. Jack says yes.'),
    ).toEqual(['Jack']);
    expect(
      people('The Marshall Plan was a good plan. It was the plan of the century, and plans are rarely good.'),
    ).toEqual([]);
    expect(people('We met Susan Rice in the field. The farmers spoke of wheat.')).toEqual(['Susan Rice']);
    const places = findEntities(readText(aDocument(['Houston, we are ready. We read you, Houston.'])));
    expect(places).toEqual([{ text: 'Houston', kind: 'place', count: 2 }]);
  });

  it('keeps names with an initial whole, and abbreviations out, where it says what a text is about', () => {
    const text = readText(
      aDocument([
        'Lyndon B. Johnson signed the law. The reporters asked Lyndon B. Johnson about it. They rushed in. They moved in. They came in.',
      ]),
    );
    const terms = extractKeywords(text).map(({ term }) => term);
    expect(terms).toContain('Lyndon B. Johnson');
    expect(terms).not.toContain('in.');
    expect(terms).not.toContain('Lyndon');
    expect(terms).not.toContain('B.');
  });

  it('takes filler words for keywords where they are written, and not where they are spoken', () => {
    const said =
      'Yeah, right, like, we are gonna do it. Alright, thanks. So, right, yeah, like the compiler is gonna build ' +
      'the bridge, okay. All right, the compiler of the bridge, right. Roger. Roger, copy.';
    const terms = (kind: 'speech' | 'paragraph', text: string) =>
      extractKeywords(readText(aDocument([{ kind, text }]))).map(({ term }) => term);
    expect([...terms('speech', said)].sort()).toEqual(['bridge', 'compiler']);
    expect(terms('paragraph', said)).toContain('right');
    expect(terms('speech', 'They have a right to vote. This right to vote is their right.')).toContain(
      'right',
    );
  });

  it.each([
    [
      'rus',
      'Я не знаю, почему ты здесь. Почему здесь ничего нет? Тебя и себя там есть. Инженеры любят этот мост.',
      ['почему', 'здесь', 'ничего', 'тебя', 'себя', 'есть'],
      ['инженеры', 'мост'],
    ],
    [
      'swe',
      'Vi vet inte till vem bron hör. Bron byggdes här av ingenjörer, och staden betalade inte bron till slut.',
      ['inte', 'till', 'här'],
      ['bron'],
    ],
    [
      'fra',
      'Tout le monde aime ce pont. Votre pont permet de traverser. Les ingénieurs font tout ce que la ville demande.',
      ['tout', 'votre', 'permet', 'font'],
      ['pont', 'ingénieurs'],
    ],
    [
      'deu',
      'Die Stadt hat bereits eine weitere Brücke gebaut. Besser als die alte Brücke ist unter anderem diese Brücke.',
      ['bereits', 'weitere', 'eine', 'besser', 'anderem', 'gebaut', 'alte'],
      ['Brücke', 'Stadt'],
    ],
  ])('takes no function word of %s for a keyword', (language, text, never, wanted) => {
    const terms = extractKeywords(readText(aDocument([text], { language }))).map(({ term }) => term);
    const lower = terms.map((term) => term.toLowerCase());
    for (const word of never) expect(lower).not.toContain(word);
    expect(terms).toEqual(expect.arrayContaining(wanted));
  });

  it('knows German nouns by their capitals only in a text that has capitals', () => {
    const text = 'die stadt hat eine brücke gebaut. die brücke steht. die stadt liebt die brücke.';
    expect(extractKeywords(readText(aDocument([text], { language: 'deu' }))).map(({ term }) => term)).toEqual(
      expect.arrayContaining(['brücke', 'stadt']),
    );
  });

  it('quotes no footnote, list mark or address in a summary where there is better', () => {
    const good = [
      'The harbour town rebuilt its bridge because the old bridge had carried far too many heavy trucks.',
      'Engineers from the town measured the bridge every winter and wrote their numbers into a public book.',
    ];
    const bad = [
      '(a) The bridge and the town and the harbour and the engineers belong to the public bridge book.',
      'The public book of the bridge, the town and its engineers is at https://example.org/bridge today.',
      '[^1]: The bridge book of the town holds the numbers of the engineers and of the harbour.',
    ];
    const quotes = summarise(readText(aDocument([...bad, ...good])), { sentences: 2 }).map(
      ({ quote }) => quote,
    );
    expect(quotes).toEqual(good);
  });

  it('leaves out of a summary what a site says about itself, talk to the audience and what points to the sentence before', () => {
    const good = [
      'The harbour town rebuilt its bridge because the old bridge had carried far too many heavy trucks.',
      'Engineers of the harbour town measured the bridge every winter and wrote a public book about it.',
    ];
    const bad = [
      'Let me tell you that the harbour town and its engineers wrote a public book about the bridge.',
      'And now, engineers of the town, let me tell you about the bridge and its heavy public trucks.',
      'The engineers of the harbour town and the public bridge gave those heavy answers every winter.',
      'Others in the town wrote the public book of the engineers about the harbour and the bridge.',
      'Subscribe to the public book of the harbour town and its engineers of the old heavy bridge.',
      'The harbour town neither endorses nor keeps the public book of engineers about the bridge.',
    ];
    const quotes = summarise(readText(aDocument([...bad, ...good])), { sentences: 2 });
    expect(quotes.map(({ quote }) => quote)).toEqual(good);
  });

  it.each([
    ['President Washington began this tradition. It was in 1790.', ['Washington: person']],
    ['He met the leader of the Russian Federation there.', ['Russian Federation: place']],
    ['The ships sail beyond the Arctic Circle in the summer.', ['Arctic Circle: place']],
    [
      'He praised the Armed Forces and the Common Market.',
      ['Armed Forces: organization', 'Common Market: organization'],
    ],
    ['He called it the Great Society after the New Deal.', []],
    ['They came to the White House Conference on the schools.', []],
    ['The crowd saw how Team U.S.A. marched.', ['Team U.S.A.: organization']],
    ['The URL, the CPU and the DNS of the UI share a DB of 5 GB with CSS and a PhD.', []],
    ['He wrote an XQZ for us. The XQZ was long.', []],
    [
      'An FBI agent called NASA and the BBC.',
      ['BBC: organization', 'FBI: organization', 'NASA: organization'],
    ],
    ['We met Neil deGrasse Tyson in Paris.', ['Neil deGrasse Tyson: person', 'Paris: place']],
    [
      'They saw Ludwig van Beethoven, Charles de Gaulle and Malcolm McDowell in Rio de Janeiro.',
      [
        'Charles de Gaulle: person',
        'Ludwig van Beethoven: person',
        'Malcolm McDowell: person',
        'Rio de Janeiro: place',
      ],
    ],
    [
      'There General de Gaulle spoke to Ursula von der Leyen.',
      ['Ursula von der Leyen: person', 'de Gaulle: person'],
    ],
    [
      'Microsoft Chief Legal Officer Brad Smith spoke. Then State Sen. Michael Doherty answered Google CEO Sundar Pichai.',
      [
        'Brad Smith: person',
        'Google: organization',
        'Michael Doherty: person',
        'Microsoft: organization',
        'Sundar Pichai: person',
      ],
    ],
    [
      'Then Attorney General Merrick Garland left General Motors.',
      ['General Motors: organization', 'Merrick Garland: person'],
    ],
    [
      'White House Press Secretary Jen Psaki met Police Chief Art Acevedo and National Security Adviser Jake Sullivan.',
      ['Art Acevedo: person', 'Jake Sullivan: person', 'Jen Psaki: person', 'White House: organization'],
    ],
    [
      'They saw the Special Olympics, Chief Joseph and Santiago de Chile.',
      ['Chief Joseph: person', 'Santiago de Chile: place'],
    ],
  ])('finds in "%s" %j', (line, names) => {
    const found = findEntities(readText(aDocument([line]))).filter(({ kind }) => kind !== 'date');
    expect(found.map(({ text, kind }) => `${text}: ${kind}`).sort()).toEqual(names);
  });

  it.each([
    ['Segment 4 began in 1296.59 and ended at 1300.10.', []],
    ['Part — 1296.59 — 2', []],
    ['It had 1850 MB in 1997.', ['1997']],
    ['In 1296 the town was founded.', ['1296']],
  ])('takes for dates in "%s" %j', (line, dates) => {
    const found = findEntities(readText(aDocument([line]))).filter(({ kind }) => kind === 'date');
    expect(found.map(({ text }) => text)).toEqual(dates);
  });

  it('tells titles from names that begin with the same word', () => {
    const lines = [
      'He left General Motors for the Justice Department.',
      'King County sued after Prime Minister Churchill had met Senator Jordan.',
      'The Vice President and a House Speaker were there.',
    ];
    expect(
      findEntities(readText(aDocument(lines)))
        .map(({ text, kind }) => `${text}: ${kind}`)
        .sort(),
    ).toEqual([
      'Churchill: person',
      'General Motors: organization',
      'Jordan: person',
      'Justice Department: organization',
      'King County: place',
    ]);
  });

  it.each([
    ['sentences', (text: ReturnType<typeof read>) => summarise(text, { sentences: 0 })],
    ['limit', (text: ReturnType<typeof read>) => extractKeywords(text, { limit: 1.5 })],
    ['limit', (text: ReturnType<typeof read>) => findTopics(text, { limit: -1 })],
    ['limit', (text: ReturnType<typeof read>) => extractClaims(text, { limit: Number.NaN })],
    ['slices', (text: ReturnType<typeof read>) => scoreSentiment(text, { slices: 0 })],
  ])('rejects option "%s" outside its bounds', (option, call) => {
    const text = read('1941-roosevelt');
    expect(() => call(text)).toThrow(expect.objectContaining({ code: 'ANALYSIS_OPTION_INVALID' }));
    expect(() => call(text)).toThrow(
      new RegExp(`^Option "${option}" must be an integer >= 1, got .*Pass a whole number`),
    );
  });
});
