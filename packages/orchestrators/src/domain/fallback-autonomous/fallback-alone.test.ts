import { afterEach, describe, expect, it } from '@jest/globals';
import type { OrchestrationContext, StepResult } from '@kapelle/core';
import { FakeClock, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { MemoryStateStore, STATE_STORE } from '../../state/index.js';
import { analysisTools } from '../autonomous-intelligence/analysis-tools.js';
import { AutonomousIntelligenceOrchestrator } from '../autonomous-intelligence/autonomous-intelligence-orchestrator.js';
import { DEPTH_PLANS } from '../autonomous-intelligence/depth-plan.js';
import { A_TALK, FakePortError, MemoryPorts } from '../autonomous-intelligence/fixtures/memory-ports.js';
import { type Briefing, DEPTHS } from '../autonomous-intelligence/model.js';
import { CONTENT_SOURCE } from '../autonomous-intelligence/ports.js';
import { FallbackAutonomousOrchestrator } from './fallback-autonomous-orchestrator.js';
import { FALLBACK_RUNGS, rungOf } from './fallback-rung.js';
import { FALLBACK_QUALITIES, FALLBACK_STAGES } from './five-stages.js';

const TALK = 'https://example.org/talk.vtt';
const loadAnalysis = analysisTools.analysis;
const hosts: TestHost[] = [];

/** The fallback and nothing else. */
async function alone(...modules: readonly ContainerModule[]): Promise<TestHost> {
  const test = await TestHost.start({ orchestrators: [FallbackAutonomousOrchestrator], modules });
  hosts.push(test);
  return test;
}

async function withPorts(ports = new MemoryPorts(), ...more: readonly ContainerModule[]): Promise<TestHost> {
  ports.source.put(TALK, A_TALK);
  return alone(ports.module, ...more);
}

function analyse(
  test: TestHost,
  params: Record<string, unknown>,
  context: OrchestrationContext = test.context(),
): Promise<StepResult<Briefing>> {
  return test.facade.orchestrate<Briefing>('fallback_autonomous', context, params);
}

const stateModule = (state: MemoryStateStore): ContainerModule =>
  new ContainerModule(({ bind }) => void bind(STATE_STORE).toConstantValue(state));

afterEach(async () => {
  Object.assign(analysisTools, { analysis: loadAnalysis });
  for (const test of hosts.splice(0)) await test[Symbol.asyncDispose]();
});

describe('FallbackAutonomousOrchestrator alone', () => {
  it('works with nothing but the text, and says what is missing and why', async () => {
    const test = await alone();
    const result = await analyse(test, { text: A_TALK });
    expect(result).toMatchObject({
      status: 'uncertain',
      success: true,
      reason: 'Missing or poorer in this briefing: verification, store. Its notes say why.',
      metadata: {
        fallback: true,
        rung: 'reduced',
        quality: 'declared',
        stored: false,
        kept: false,
        stages: {
          start: 'done',
          pipeline: 'done',
          analysis: 'done',
          fact_check: 'reduced',
          report: 'reduced',
        },
      },
      warnings: [
        'verification skipped: No knowledge source is bound to compare the claims with.',
        'store skipped: No briefing store is bound: the briefing is in this answer alone.',
      ],
    });
    const briefing = (result as { data: Briefing }).data;
    expect(briefing).toMatchObject({ producedBy: 'fallback_autonomous', depth: 'standard', claims: [] });
    expect(briefing.document).toMatchObject({ uri: 'text:', format: 'vtt' });
    expect(Object.keys(briefing.analysis)).toHaveLength(10);
    expect(briefing.timings.map(({ stage }) => stage)).not.toContain('acquire');
    const health = await test.host.health();
    expect(health.orchestrators['fallback_autonomous']).toMatchObject({
      status: 'degraded',
      message: 'No content source is bound: only texts can be read.',
    });
  });

  it('names a text that it is given, does not ask the source for it, and checks it where that can be done', async () => {
    const ports = new MemoryPorts();
    const test = await withPorts(ports);
    const result = await analyse(test, { uri: 'notes/talk.vtt', text: A_TALK });
    expect(result).toMatchObject({ status: 'ok', metadata: { rung: 'whole', stored: true } });
    expect(ports.source.calls).toBe(0);
    const same = await analyse(test, { uri: TALK });
    expect((same as { data: Briefing }).data.id).toBe((result as { data: Briefing }).data.id);
  });

  it('refuses a call without anything to read, and a uri that nobody can get', async () => {
    const test = await alone();
    for (const params of [
      {},
      { text: '' },
      { text: 5 },
      { uri: '' },
      { uri: 5, text: 'x' },
      { uri: TALK, depth: 'x' },
    ]) {
      expect(await analyse(test, params)).toMatchObject({ status: 'failed', errorCategory: 'validation' });
    }
    expect(await analyse(test, { uri: TALK })).toMatchObject({
      status: 'failed',
      errorCategory: 'configuration',
      retryable: false,
      error: `Nobody can get "${TALK}": no content source is bound. Bind one under CONTENT_SOURCE, or hand the content over as "text".`,
      details: { code: 'FALLBACK_SOURCE_MISSING' },
    });
    expect(await analyse(test, { text: ' \n ' })).toMatchObject({
      status: 'failed',
      details: { code: 'CONTENT_EMPTY' },
    });
  });

  it('honours every depth: the parts, the sentences, the claims and the model that it asks for', async () => {
    const ports = new MemoryPorts({ withModel: true });
    const test = await withPorts(ports);
    for (const depth of DEPTHS) {
      const prompts = ports.model?.prompts.length ?? 0;
      const checked = ports.knowledge.calls;
      const result = await analyse(test, { uri: TALK, depth });
      const { data } = result as { data: Briefing };
      const plan = DEPTH_PLANS[data.depth];
      // It is not switched on here.
      expect(data.depth).toBe(depth === 'experimental' ? 'comprehensive' : depth);
      expect(Object.keys(data.analysis).sort()).toEqual([...plan.parts].sort());
      expect(data.analysis.summary?.length).toBeLessThanOrEqual(plan.summarySentences);
      expect(ports.knowledge.calls - checked).toBe(plan.verifies ? 1 : 0);
      expect((ports.model?.prompts.length ?? 0) - prompts).toBe(plan.narrates ? 1 : 0);
      const stages = (result.metadata as { stages: Record<string, string> }).stages;
      expect(stages).toEqual({
        start: 'done',
        pipeline: 'done',
        analysis: 'done',
        fact_check: plan.verifies ? 'done' : 'skipped',
        report: 'done',
      });
    }
    expect(await analyse(test, { uri: TALK })).toMatchObject({ data: { depth: 'standard' } });
  });

  it('has five stages and three qualities, of which the first that works is taken', async () => {
    expect(FALLBACK_STAGES).toEqual(['start', 'pipeline', 'analysis', 'fact_check', 'report']);
    expect(FALLBACK_QUALITIES).toHaveLength(3);
    const ports = new MemoryPorts();
    const test = await withPorts(ports);
    const quoted =
      'The \x93town\x94 built a \x93bridge\x94 and \x93another\x94 bridge, because it \x93likes\x94 them. '.repeat(
        4,
      );
    const bytes = Buffer.from(quoted, 'latin1');
    ports.source.put('fine.txt', quoted.replace(/[\x93\x94]/g, '"'), { charset: 'utf-8' });
    ports.source.put('wrong.txt', bytes, { charset: 'iso-8859-5' });
    // It says the wrong thing of itself, so that its bytes suggest no better.
    const page = `<html><head><meta charset="iso-8859-5"><title>Town</title></head><body><p>${quoted}</p></body></html>`;
    ports.source.put('wrong.html', Buffer.from(page, 'latin1'), { mediaType: 'text/html' });
    const qualityOf = async (uri: string) =>
      (await analyse(test, { uri, depth: 'quick' })).metadata['quality'];
    expect(await qualityOf('fine.txt')).toBe('declared');
    expect(await qualityOf('wrong.txt')).toBe('detected');
    expect(await qualityOf('wrong.html')).toBe('lenient');
    ports.source.put('noise.bin', Buffer.from(Array.from({ length: 400 }, (_, at) => (at * 37) % 256)));
    expect(await analyse(test, { uri: 'noise.bin' })).toMatchObject({
      status: 'failed',
      errorCategory: 'invalid_format',
    });
  });

  it('says the label of the sentiment by a polarity beyond a tenth', async () => {
    const test = await alone();
    const labelOf = async (text: string) => {
      const { data } = (await analyse(test, { text, depth: 'quick' })) as { data: Briefing };
      return data.analysis.sentiment?.overall;
    };
    const good = await labelOf(
      'This is a wonderful, excellent and beautiful bridge that everybody loves very much.',
    );
    const bad = await labelOf('This is a terrible, horrible and ugly bridge that everybody hates very much.');
    const neither = await labelOf(
      'The train leaves the station at seven and arrives in the other town at nine.',
    );
    expect(good?.label).toBe('positive');
    expect(good?.polarity).toBeGreaterThan(0.1);
    expect(bad?.label).toBe('negative');
    expect(bad?.polarity).toBeLessThan(-0.1);
    expect(neither?.label).toBe('neutral');
    expect(Math.abs(neither?.polarity ?? 1)).toBeLessThanOrEqual(0.1);
  });

  it('tells a progress that never goes back and ends with all of it', async () => {
    const test = await withPorts();
    await analyse(test, { uri: TALK });
    const ratios = test.eventsOf('run.progress').map(({ ratio }) => ratio);
    expect(ratios).toEqual([...ratios].sort((a, b) => a - b));
    expect(ratios.at(-1)).toBe(1);
    expect(ratios.length).toBeGreaterThan(10);
  });

  it('stands on the lowest rung where the text cannot be read, and accounts for every stage', async () => {
    const test = await withPorts();
    const analysis = await loadAnalysis();
    Object.assign(analysisTools, {
      analysis: async () => ({
        ...analysis,
        readText: () => {
          throw new Error('the model is broken');
        },
      }),
    });
    const result = await analyse(test, { uri: TALK });
    expect(result).toMatchObject({ status: 'uncertain', metadata: { rung: 'first_sentences' } });
    const { notes } = (result as { data: Briefing }).data;
    expect(notes).toContainEqual({
      stage: 'verification',
      outcome: 'skipped',
      reason: 'It needs the stage "claims", which did not run.',
    });
    const accounted = new Set(notes.map(({ stage }) => stage));
    for (const part of DEPTH_PLANS.standard.parts) expect(accounted).toContain(part);
    expect(FALLBACK_RUNGS.indexOf(rungOf(notes))).toBe(2);
  });

  it('keeps what it could not store, over a restart, for the tenant whose it is', async () => {
    const state = new MemoryStateStore(new FakeClock());
    const ports = new MemoryPorts();
    ports.store.failures = [new FakePortError('STORE_FULL')];
    const test = await withPorts(ports, stateModule(state));
    const result = await analyse(test, { uri: TALK }, test.context({ tenantId: 'one' }));
    expect(result).toMatchObject({
      status: 'uncertain',
      metadata: {
        rung: 'reduced',
        stored: false,
        kept: true,
        recoveries: { store: { action: 'substitute' } },
      },
    });
    await test.stop();
    ports.store.failures = [];
    const again = await TestHost.start({
      orchestrators: [FallbackAutonomousOrchestrator, AutonomousIntelligenceOrchestrator],
      modules: [ports.module, stateModule(state)],
    });
    hosts.push(again);
    const { id } = (result as { data: Briefing }).data;
    const get = (tenantId: string) =>
      again.facade.orchestrate('autonomous_intelligence', again.context({ tenantId }), {
        operation: 'get',
        id,
      });
    expect(await get('two')).toMatchObject({ status: 'failed', errorCategory: 'not_found' });
    expect(await get('one')).toMatchObject({ status: 'ok', data: { id }, metadata: { undelivered: true } });
  });

  it('makes a second and concurrent briefings, each for its own tenant', async () => {
    const ports = new MemoryPorts();
    const test = await withPorts(ports);
    const tenants = ['a', 'b', 'c', 'd', 'e', 'f'];
    const results = await Promise.all(
      tenants.map((tenantId) => analyse(test, { uri: TALK, depth: 'quick' }, test.context({ tenantId }))),
    );
    for (const [at, result] of results.entries()) {
      expect(result).toMatchObject({ status: 'ok', metadata: { rung: 'whole' } });
      expect(await ports.store.list(tenants[at] ?? '')).toHaveLength(1);
    }
    expect(await ports.store.list('nobody')).toEqual([]);
    expect(await analyse(test, { uri: TALK, depth: 'quick' }, test.context({ tenantId: 'a' }))).toMatchObject(
      {
        status: 'ok',
      },
    );
    expect(await ports.store.list('a')).toHaveLength(1);
  });

  it('skips what the budget does not allow, and counts how failures ended', async () => {
    const ports = new MemoryPorts({ withModel: true });
    const test = await withPorts(ports);
    const poor = await analyse(test, { uri: TALK, depth: 'deep', budgetTokens: 1 });
    expect(poor).toMatchObject({ status: 'uncertain', metadata: { rung: 'reduced' } });
    expect((poor as { data: Briefing }).data.notes).toContainEqual(
      expect.objectContaining({ stage: 'narrative', outcome: 'skipped' }),
    );
    ports.knowledge.failures = [new FakePortError('KNOWLEDGE_SYNTAX')];
    await analyse(test, { uri: TALK });
    const counted = await test.facade.orchestrate('fallback_autonomous', test.context(), {
      operation: 'recoveries',
    });
    expect(counted).toMatchObject({
      data: {
        failed: 1,
        degraded: 0,
        successful: 0,
        successRate: 0,
        byStage: { verification: { failed: 1 } },
      },
    });
  });

  it('ends when nobody waits any more', async () => {
    const waiting = new ContainerModule(({ bind }) => {
      bind(CONTENT_SOURCE).toConstantValue({
        acquire: (_uri: string, { signal }: { signal: AbortSignal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
          }),
      });
    });
    const test = await alone(waiting);
    const controller = new AbortController();
    const called = analyse(test, { uri: TALK }, test.context({ signal: controller.signal }));
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('enough'));
    expect(await called).toMatchObject({ status: 'failed', errorCategory: 'cancelled' });
  });
});
