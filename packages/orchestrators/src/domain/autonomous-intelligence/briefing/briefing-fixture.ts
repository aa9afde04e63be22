import type { Briefing, SentimentScore } from '../model.js';

function score(polarity: number, sentences: number): SentimentScore {
  return {
    polarity,
    label: polarity > 0.05 ? 'positive' : polarity < -0.05 ? 'negative' : 'neutral',
    sentences,
  };
}

/** A complete briefing of a made-up talk, for the tests of the renderers. */
export function aBriefing(changes: Partial<Briefing> = {}): Briefing {
  const claim = {
    id: 'c1',
    segment: 2,
    sentence: 0,
    quote: 'John F. Kennedy became president in 1962.',
    speaker: 'Ada Example',
    startMs: 125_000,
    checkworthiness: 0.9,
    cues: ['date'],
  };
  return {
    id: 'b-1f3a',
    contentHash: 'a'.repeat(64),
    createdAt: '2024-05-01T12:30:00.000Z',
    depth: 'standard',
    producedBy: 'autonomous_intelligence',
    document: {
      format: 'vtt',
      uri: 'https://example.org/talks/bridges.vtt?part=1&lang=en',
      title: 'Why small bridges matter: a talk about towns, rivers and the people between them',
      author: 'Ada Example',
      publishedAt: '2024-04-30',
      language: 'eng',
      wordCount: 6214,
      durationMs: 2_652_000,
      warnings: [{ code: 'CUE_OVERLAP', message: 'Two cues overlap; both were kept.', line: 41 }],
    },
    analysis: {
      summary: [
        {
          segment: 0,
          sentence: 0,
          quote: 'A town without a bridge is two towns that wave at each other.',
          speaker: 'Ada Example',
          startMs: 14_000,
          score: 0.8,
        },
        {
          segment: 4,
          sentence: 1,
          quote:
            'We built eleven of them for less than the price of one roundabout, and every one of them is still standing after the floods of last winter.',
          speaker: 'Ben Sample',
          startMs: 754_000,
          score: 0.7,
        },
        {
          segment: 9,
          sentence: 0,
          quote: 'Maintenance is the whole story.',
          speaker: 'Ada Example',
          startMs: 2_211_000,
          score: 0.6,
        },
      ],
      keywords: ['footbridge', 'flood level', 'town council', 'timber', 'maintenance'].map((term, at) => ({
        term,
        score: 1 - at / 10,
        count: 23 - at * 3,
      })),
      topics: [
        { label: 'bridges and rivers', terms: ['bridge', 'river', 'span', 'timber'], share: 0.42 },
        { label: 'money', terms: ['council', 'budget', 'price'], share: 0.27 },
        { label: 'floods', terms: ['winter', 'water', 'level'], share: 0.18 },
        { label: '橋の歴史と町', terms: ['歴史', '町'], share: 0.04 },
      ],
      entities: [
        { text: 'Ada Example', kind: 'person', count: 9 },
        { text: 'Ben Sample', kind: 'person', count: 4 },
        { text: 'Exampleton Town Council', kind: 'organization', count: 6 },
        { text: 'Exampleton', kind: 'place', count: 11 },
        { text: '$40,000', kind: 'money', count: 2 },
      ],
      sentiment: {
        overall: score(0.12, 318),
        bySpeaker: [
          { speaker: 'Ada Example', ...score(0.21, 190) },
          { speaker: 'Ben Sample', ...score(-0.14, 97) },
          { speaker: 'A voice from the back of the hall', ...score(0, 1) },
        ],
        overTime: [0.1, 0.22, 0.05, -0.12, -0.31, -0.18, -0.02, 0.11, 0.19, 0.33, 0.28, 0.3].map(
          (polarity, slice) => ({
            slice,
            startMs: slice * 221_000,
            ...score(polarity, 26),
          }),
        ),
      },
      claims: [claim],
      fallacies: [
        {
          segment: 5,
          sentence: 2,
          quote: 'Either we build it now or the town dies.',
          speaker: 'Ben Sample',
          startMs: 1_004_000,
          kind: 'false-dilemma',
          explanation: 'Offers two ways out and leaves no room for a third.',
          confidence: 0.7,
        },
      ],
      persuasion: [],
      readability: {
        fleschReadingEase: 63.4,
        fleschKincaidGrade: 8.2,
        averageSentenceWords: 19.5,
        averageWordSyllables: 1.44,
      },
      quality: {
        overall: 0.78,
        parts: { completeness: 0.9, coherence: 0.71, informativeness: 0.66, structure: 0.85 },
        notes: ['Three cues have no speaker.'],
      },
    },
    claims: [
      {
        claim: { ...claim, id: 'c0', quote: 'The Social Security Act was signed in 1935.', startMs: 60_000 },
        verdict: 'supported',
        evidence: [
          {
            statement: 'The Social Security Act became law on 14 August 1935.',
            source: 'Pub. L. 74-271',
            stance: 'supports',
          },
        ],
        explanation: 'Agrees with what is known: the Social Security Act became law on 14 August 1935.',
      },
      {
        claim,
        verdict: 'contradicted',
        evidence: [
          {
            statement:
              'John F. Kennedy was the 35th president of the United States from 20 January 1961 to 22 November 1963.',
            source: 'The White House, Presidents',
            stance: 'contradicts',
          },
        ],
        explanation: 'Disagrees with what is known: John F. Kennedy was president from 20 January 1961.',
      },
      {
        claim: { ...claim, id: 'c2', quote: 'Nobody has ever counted the footbridges of the county.' },
        verdict: 'not_enough_evidence',
        evidence: [],
        explanation: 'Nothing known can be compared with the whole of this sentence.',
      },
    ],
    notes: [{ stage: 'narrative', outcome: 'skipped', reason: 'no language model is configured' }],
    timings: [
      { stage: 'acquire', ms: 12.4 },
      { stage: 'parse', ms: 48 },
      { stage: 'analyse', ms: 1421.7 },
      { stage: 'verify', ms: 33.1 },
    ],
    ...changes,
  };
}

/** What a fallback makes of it: the summary only, with the reasons. */
export function aFallbackBriefing(): Briefing {
  const { summary = [] } = aBriefing().analysis;
  return aBriefing({
    producedBy: 'fallback_autonomous',
    depth: 'quick',
    analysis: { summary },
    claims: [],
    notes: [
      { stage: 'sentiment', outcome: 'failed', reason: 'the language model file could not be loaded' },
      { stage: 'verification', outcome: 'skipped', reason: 'the time for this call was used up' },
    ],
    timings: [],
  });
}
