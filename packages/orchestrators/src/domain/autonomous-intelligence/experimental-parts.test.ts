import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { analysisTools } from './analysis-tools.js';
import { compareStatements } from './cross-check.js';
import { AnalysisHouse, briefingOf } from './fixtures/analysis-house.js';
import { FakePortError } from './fixtures/memory-ports.js';
import { groundText } from './ground-narrative.js';
import type { ContentDocument } from './model.js';
import { figuresIn, overlapOf, plainFigure, statementWords } from './statement-words.js';
import {
  compareSummaries,
  distribution,
  divergence,
  frequentSentences,
  leadSentences,
} from './summary-alternatives.js';

function aDocument(...paragraphs: readonly string[]): ContentDocument {
  return {
    ...{ format: 'text', uri: 'a', title: 'Bridges of Ulm', language: 'eng', wordCount: 100, warnings: [] },
    segments: paragraphs.map((text, index) => ({ index, kind: 'paragraph', text })),
  };
}

const OTHER = 'https://example.org/other.txt';
const NARRATIVE = 'Ada speaks about bridges. In 1999 the mayor of Atlantis paid 77 million dollars.';

describe('the depth "experimental"', () => {
  it('summarises in three ways, compares with other sources, and tells what nobody can vouch for', async () => {
    await using house = await AnalysisHouse.open({ withModel: true, options: { experimentalDepth: true } });
    const { source, model } = house.ports;
    source.put(
      OTHER,
      'The town council spent 15 million dollars on the second bridge, 40 percent more than the first bridge cost. ' +
        'It was opened by the mayor in the summer, and everybody who lived in the town came to see it.',
    );
    // The store of the test finds what holds the query as it is written.
    house.ports.store.search = async (tenantId) =>
      (await house.ports.store.list(tenantId)).map((summary) => ({
        ...{ summary, snippet: { text: '', matches: [] }, score: 1 },
      }));
    briefingOf(await house.analyze({ uri: OTHER }));
    if (model !== undefined) model.text = NARRATIVE;
    const briefing = briefingOf(await house.analyze({ depth: 'experimental' }));

    const { summaries = [], crossChecks = [], grounding } = briefing.experiment ?? {};
    expect(summaries.map(({ method }) => method)).toEqual(['central', 'lead', 'frequent']);
    const best = Math.min(...summaries.map((each) => each.divergence));
    expect(summaries.filter(({ isChosen }) => isChosen).map((each) => each.divergence)).toEqual([best]);
    expect(crossChecks).toContainEqual(
      expect.objectContaining({ stance: 'differs', reason: '12 here, 15 there.', uri: OTHER, overlap: 1 }),
    );
    expect(grounding).toEqual({
      kept: 'revision',
      sentences: 2,
      unfounded: [
        {
          sentence: 'In 1999 the mayor of Atlantis paid 77 million dollars.',
          missing: ['1999', '77', 'Atlantis'],
        },
      ],
      unfoundedInDraft: 1,
    });
    expect(model?.prompts).toHaveLength(2);
    expect(model?.prompts[1]).toContain('- 1999, 77, Atlantis');
    expect(briefing.notes).toContainEqual({
      ...{ stage: 'narrative', outcome: 'reduced' },
      reason: 'The material does not hold all of 1 of its 2 sentences: 1999, 77, Atlantis.',
    });
    const stages = briefing.timings.map(({ stage }) => stage);
    expect(stages).toEqual(expect.arrayContaining(['alternatives', 'crosscheck', 'revision', 'grounding']));
  });

  it('keeps the draft where the revision is worse, and goes on where it fails', async () => {
    await using house = await AnalysisHouse.open({ withModel: true, options: { experimentalDepth: true } });
    const { model } = house.ports;
    if (model === undefined) throw new Error('There is a model.');
    const texts = ['Ada speaks about bridges.', NARRATIVE];
    model.complete = () => Promise.resolve({ text: texts.shift() ?? '', model: 'memory-1' });
    const kept = briefingOf(await house.analyze({ depth: 'experimental' }));
    expect(kept.narrative?.text).toBe('Ada speaks about bridges.');
    expect(kept.experiment?.grounding).toMatchObject({ kept: 'draft', unfounded: [] });

    texts.push('Ada speaks about bridges.');
    const again = await house.analyze({ depth: 'experimental', force: true });
    expect(again.metadata).toEqual({});
    expect(briefingOf(again).narrative?.text).toBe('Ada speaks about bridges.');
    expect(briefingOf(again).notes).toMatchObject([{ stage: 'revision', outcome: 'failed' }]);
  });
});

describe('the fallback', () => {
  it('keeps what the depth "experimental" had found, and does not say it was not made', async () => {
    await using house = await AnalysisHouse.open({ withModel: true, options: { experimentalDepth: true } });
    house.ports.knowledge.failures = [new FakePortError('KNOWLEDGE_SYNTAX')];
    const briefing = briefingOf(await house.analyze({ depth: 'experimental' }));
    expect(briefing).toMatchObject({ producedBy: 'fallback_autonomous', experiment: { crossChecks: [] } });
    expect(briefing.experiment?.summaries).toHaveLength(3);
    const noted = briefing.notes.map(({ stage }) => stage);
    expect(noted).toContain('verification');
    expect(noted).not.toContain('alternatives');
    expect(noted).not.toContain('crosscheck');
  });
});

describe('summaries', () => {
  it('are compared by how far their words are from those of the text', async () => {
    const { readText, referenceTo } = await analysisTools.analysis();
    const text = readText(
      aDocument(
        'Good evening to everybody who has come here tonight from near and from far away.',
        'The old bridge over the river was built of stone by the people of the town of Ulm.',
        'The new bridge over the river was built of steel by the people of the town of Ulm.',
        'The bridge, the river and the town belong together, as the people of Ulm know well.',
      ),
    );
    const lead = leadSentences(text, 1, referenceTo);
    const frequent = frequentSentences(text, 1, referenceTo);
    expect(lead[0]?.quote).toMatch(/^Good evening/);
    expect(frequent[0]?.quote).toMatch(/bridge/);
    const compared = compareSummaries(text, [
      { method: 'lead', sentences: lead },
      { method: 'frequent', sentences: frequent },
      { method: 'central', sentences: [] },
    ]);
    expect(compared?.summary).toBe(frequent);
    expect(compared?.measures.map(({ method, isChosen }) => [method, isChosen])).toEqual([
      ['lead', false],
      ['frequent', true],
    ]);
    // What was said counts less: the second choice is not the twin of the first.
    expect(frequentSentences(text, 9, referenceTo)).toHaveLength(4);
    expect(compareSummaries(text, [])).toBeUndefined();
  });

  it('diverge from 0 for the same words to 1 for others, the same both ways', () => {
    const words = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(words, words, (one, other) => {
        const [p, q] = [distribution(one), distribution(other)];
        const between = divergence(p, q);
        expect(between).toBeGreaterThanOrEqual(0);
        expect(between).toBeLessThanOrEqual(1);
        expect(divergence(q, p)).toBeCloseTo(between, 10);
        expect(divergence(p, p)).toBeCloseTo(0, 10);
      }),
    );
    expect(divergence(distribution(['a']), distribution(['b']))).toBeCloseTo(1, 10);
    expect(divergence(distribution([]), distribution(['b']))).toBe(1);
  });
});

describe('statements of two sources', () => {
  it.each([
    ['The bridge cost 12 million dollars.', 'Dollars: 12 million the bridge cost.', 'agrees'],
    ['The bridge cost 12 million dollars.', 'The bridge cost 15 million dollars.', 'differs'],
    ['The bridge was built in 1,961 days.', 'The bridge was built in 1961 days.', 'agrees'],
    ['The council never paid the bridge.', 'The council paid the bridge.', 'differs'],
    ['The council paid the bridge.', 'The council has paid the bridge.', 'agrees'],
    ['The 2nd bridge cost 12 million dollars.', 'The 2nd bridge cost 15 million dollars.', 'differs'],
    ['The bridge cost 12 million dollars.', 'The school has 12 teachers.', undefined],
    ['The bridge cost 12 million dollars.', 'The bridge cost many million dollars.', undefined],
  ])('"%s" and "%s": %s', (one, other, stance) => {
    expect(compareStatements(statementWords(one), statementWords(other))?.stance).toBe(stance);
  });

  it('are read in linear time, and figures without their separators', () => {
    expect([...figuresIn('1,250,000 in 1961, 3.50 and 3,5.')]).toEqual(['1250000', '1961', '3.5', '3,5']);
    expect(plainFigure('10.')).toBe('10');
    expect(overlapOf(new Set(), new Set(['a']))).toBe(0);
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { words, figures } = statementWords(text);
        expect(overlapOf(words, words)).toBe(words.size === 0 ? 0 : 1);
        expect(figures.size).toBeLessThanOrEqual(text.length);
      }),
    );
    const begun = performance.now();
    statementWords('1,'.repeat(100_000));
    groundText('A1,'.repeat(50_000), {
      ...{ document: aDocument("A'".repeat(50_000)), analysis: {}, checked: [] },
    });
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});

describe('a narrative', () => {
  it('is founded on names and figures of its material, in their forms', () => {
    const material = {
      ...{ document: aDocument('Ada Lovelace spent 1,250 dollars in Ulm.'), analysis: {}, checked: [] },
    };
    expect(groundText("It says that Lovelace's 1250 dollars went to Ulm.", material)).toEqual({
      sentences: 1,
      unfounded: [],
    });
    expect(groundText('It says that Babbage spent 1,251 dollars. The rest is known.', material)).toEqual({
      sentences: 2,
      unfounded: [{ sentence: 'It says that Babbage spent 1,251 dollars.', missing: ['1,251', 'Babbage'] }],
    });
  });
});
