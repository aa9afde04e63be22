import { afterEach, describe, expect, it } from '@jest/globals';
import { TestHost } from '@kapelle/core/testing';
import { AutonomousIntelligenceOrchestrator } from '../autonomous-intelligence/autonomous-intelligence-orchestrator.js';
import { analysisTools } from '../autonomous-intelligence/analysis-tools.js';
import { DEPTH_PLANS } from '../autonomous-intelligence/depth-plan.js';
import { A_TALK, FakePortError, MemoryPorts } from '../autonomous-intelligence/fixtures/memory-ports.js';
import type { Briefing } from '../autonomous-intelligence/model.js';
import { FallbackAutonomousOrchestrator } from './fallback-autonomous-orchestrator.js';
import { leadSummary } from '../autonomous-intelligence/lead-summary.js';

const ORCHESTRATORS = [AutonomousIntelligenceOrchestrator, FallbackAutonomousOrchestrator];
const TALK = 'https://example.org/talk.vtt';

const ALL_DONE = {
  start: 'done',
  pipeline: 'done',
  analysis: 'done',
  fact_check: 'done',
  report: 'done',
};

let test: TestHost | undefined;
const loadAnalysis = analysisTools.analysis;

async function start(ports: MemoryPorts): Promise<TestHost> {
  ports.source.put(TALK, A_TALK);
  test = await TestHost.start({ orchestrators: ORCHESTRATORS, modules: [ports.module] });
  return test;
}

/** Breaks a function of the analysis until the end of the test. */
function breakAnalysis(name: 'readText' | 'summarise' | 'extractKeywords', instead: () => never): void {
  Object.assign(analysisTools, { analysis: async () => ({ ...(await loadAnalysis()), [name]: instead }) });
}

afterEach(async () => {
  Object.assign(analysisTools, { analysis: loadAnalysis });
  await test?.stop();
  test = undefined;
});

async function run(host: TestHost, name: string, params: Record<string, unknown> = {}) {
  const result = await host.facade.orchestrate(name, host.context(), { uri: TALK, ...params });
  if (result.status !== 'ok' && result.status !== 'uncertain') throw new Error(JSON.stringify(result));
  return { ...result, data: result.data as Briefing };
}

describe('FallbackAutonomousOrchestrator', () => {
  it('makes a whole briefing by itself where nothing is down', async () => {
    const ports = new MemoryPorts();
    const host = await start(ports);
    const { data, metadata, warnings } = await run(host, 'fallback_autonomous');
    expect(data.producedBy).toBe('fallback_autonomous');
    expect(Object.keys(data.analysis)).toHaveLength(10);
    expect(data.claims.length).toBeGreaterThan(0);
    expect(metadata).toEqual({
      fallback: true,
      rung: 'whole',
      stored: true,
      quality: 'declared',
      stages: ALL_DONE,
    });
    expect(warnings).toEqual([]);
    expect(await ports.store.get('test-tenant', data.id)).toEqual(data);
  });

  it('honours the depth', async () => {
    const host = await start(new MemoryPorts({ withModel: true }));
    const quick = await run(host, 'fallback_autonomous', { depth: 'quick' });
    expect(Object.keys(quick.data.analysis).sort()).toEqual([...DEPTH_PLANS.quick.parts].sort());
    expect(quick.data.notes.find(({ stage }) => stage === 'claims')?.reason).toBe(
      'Not part of the depth "quick".',
    );
    const deep = await run(host, 'fallback_autonomous', { depth: 'deep' });
    expect(deep.data.narrative?.text).toBe('In prose: it is about bridges.');
  });

  it('takes over with the work that was done when the knowledge is down', async () => {
    const ports = new MemoryPorts();
    const host = await start(ports);
    ports.knowledge.failures = [new FakePortError('KNOWLEDGE_SYNTAX')];
    const { data, metadata } = await run(host, 'autonomous_intelligence');
    expect(metadata).toMatchObject({
      fallback: true,
      stored: true,
      failedStages: ['verification'],
      stages: { ...ALL_DONE, fact_check: 'reduced' },
      recoveries: { verification: { severity: 'medium', action: 'substitute', needsReview: false } },
    });
    expect(data).toMatchObject({ producedBy: 'fallback_autonomous', claims: [] });
    expect(data.notes).toContainEqual({
      stage: 'verification',
      outcome: 'failed',
      reason: 'knowledge_syntax happened. Do something about it.',
    });
    expect(data.analysis.claims?.length).toBeGreaterThan(0);
    expect(Object.keys(data.analysis)).toHaveLength(10);
    // Not retryable, so asked for once; and nothing is acquired or read a second time.
    expect(ports.knowledge.calls).toBe(1);
    expect(ports.source.calls).toBe(1);
    expect(data.timings.filter(({ stage }) => stage === 'read')).toHaveLength(1);
  });

  it('tries again what may work again, and says so', async () => {
    const ports = new MemoryPorts();
    const host = await start(ports);
    const down = new FakePortError('KNOWLEDGE_BUSY', true);
    ports.knowledge.failures = [down, down, undefined];
    const { data } = await run(host, 'autonomous_intelligence');
    expect(data.claims.length).toBeGreaterThan(0);
    expect(data.notes[0]).toEqual({
      stage: 'verification',
      outcome: 'reduced',
      reason: 'Made at a further attempt, after: knowledge_busy happened. Do something about it.',
    });
  });

  it('returns the briefing when it cannot be stored, and says that it was not', async () => {
    const ports = new MemoryPorts();
    const host = await start(ports);
    ports.store.failures = [new FakePortError('STORE_FULL')];
    const { data, metadata, warnings } = await run(host, 'autonomous_intelligence');
    expect(metadata).toMatchObject({ fallback: true, stored: false, kept: true, failedStages: ['store'] });
    expect(data.notes[0]).toEqual({
      stage: 'store',
      outcome: 'reduced',
      reason: 'Kept until the store works, after: store_full happened. Do something about it.',
    });
    expect(warnings).toEqual([
      'store reduced: Kept until the store works, after: store_full happened. Do something about it.',
    ]);
    expect(data.claims.length).toBeGreaterThan(0);
  });

  it('does without the language model', async () => {
    const ports = new MemoryPorts({ withModel: true });
    const host = await start(ports);
    if (ports.model !== undefined) ports.model.failures = [new FakePortError('MODEL_UNAUTHORIZED')];
    const { data } = await run(host, 'autonomous_intelligence', { depth: 'deep' });
    expect(data.narrative).toBeUndefined();
    expect(data.notes.map(({ stage, outcome }) => [stage, outcome])).toEqual([['narrative', 'failed']]);
    expect(data.claims.length).toBeGreaterThan(0);
  });

  it('takes a stage that makes nonsense for one that failed', async () => {
    const host = await start(new MemoryPorts());
    breakAnalysis('extractKeywords', () => [{ term: '', score: 2 }] as never);
    const { data } = await run(host, 'autonomous_intelligence');
    expect(data.analysis.keywords?.[0]).toMatchObject({ term: 'bridge', score: 1 });
    expect(data.notes[0]).toMatchObject({ stage: 'keywords', outcome: 'reduced' });
    expect(data.notes[0]?.reason).toMatch(
      /^The most frequent words, after: The stage "keywords" made something that is not what it should make: keywords/,
    );
  });

  it('keeps what other parts made when one part breaks', async () => {
    const host = await start(new MemoryPorts());
    breakAnalysis('summarise', () => {
      throw new Error('no summary today');
    });
    const { data } = await run(host, 'autonomous_intelligence');
    expect(data.analysis.summary?.[0]?.quote).toMatch(/^Good evening, everybody/);
    expect(Object.keys(data.analysis)).toHaveLength(10);
    expect(data.notes[0]).toEqual({
      stage: 'summary',
      outcome: 'reduced',
      reason: 'The first sentences, after: no summary today',
    });
  });

  it('gives the first sentences where the text cannot be read at all', async () => {
    const host = await start(new MemoryPorts());
    breakAnalysis('readText', () => {
      throw new Error('the model is broken');
    });
    const { data } = await run(host, 'autonomous_intelligence');
    expect(data.analysis.summary?.[0]?.quote).toMatch(/^Good evening, everybody/);
    expect(Object.keys(data.analysis)).toEqual(['summary']);
    expect(data.notes).toContainEqual({ stage: 'read', outcome: 'failed', reason: 'the model is broken' });
    expect(data.notes).toContainEqual({
      stage: 'claims',
      outcome: 'skipped',
      reason: 'It needs the text, which could not be read.',
    });
  });

  it('reads content again in another encoding where the one the server says makes no sense', async () => {
    const ports = new MemoryPorts();
    const host = await start(ports);
    const quoted =
      'The \x93town\x94 built a \x93bridge\x94 and \x93another\x94 bridge, because it \x93likes\x94 them. ';
    const uri = ports.source.put('quotes.txt', Buffer.from(quoted.repeat(4), 'latin1'), {
      charset: 'iso-8859-5',
    });
    const unread = await host.facade.orchestrate('autonomous_intelligence', host.context(), { uri });
    expect(unread).toMatchObject({ status: 'failed', details: { code: 'CONTENT_ENCODING' } });
    const { data } = await run(host, 'fallback_autonomous', { uri, depth: 'quick' });
    expect(data.analysis.summary?.[0]?.quote).toContain('“town”');
    expect(data.notes[0]).toMatchObject({ stage: 'parse', outcome: 'reduced' });
    expect(data.notes[0]?.reason).toMatch(/^Read as its bytes suggest, because: /);
  });

  it('refuses handed-over work that is not what it should be', async () => {
    const host = await start(new MemoryPorts());
    const finished = { contentHash: 'x', document: {}, analysis: {}, failures: [], timings: [] };
    const result = await host.facade.orchestrate('fallback_autonomous', host.context(), {
      uri: TALK,
      finished,
    });
    expect(result).toMatchObject({
      status: 'failed',
      errorCategory: 'validation',
      details: { code: 'FINISHED_WORK_INVALID' },
    });
  });
});

describe('leadSummary', () => {
  it('takes the first sentences that say something, with their places', () => {
    const segment = {
      index: 0,
      kind: 'heading' as const,
      text: 'A heading that is long enough to be a sentence by itself',
    };
    const speech = {
      index: 1,
      kind: 'speech' as const,
      speaker: 'Ada',
      startMs: 500,
      text: 'Hello! The first sentence that is long enough is this one. And here is another one that is long enough.',
    };
    const document = {
      format: 'vtt' as const,
      uri: 'x',
      title: 'x',
      language: 'eng',
      wordCount: 20,
      segments: [segment, speech],
      warnings: [],
    };
    expect(leadSummary(document, 1)).toEqual([
      {
        segment: 1,
        sentence: 2,
        quote: 'The first sentence that is long enough is this one.',
        speaker: 'Ada',
        startMs: 500,
        score: 1,
      },
    ]);
    expect(leadSummary(document, 9)).toHaveLength(2);
  });
});
