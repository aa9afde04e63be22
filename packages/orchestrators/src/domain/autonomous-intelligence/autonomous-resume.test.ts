import { describe, expect, it } from '@jest/globals';
import type { StepResult } from '@kapelle/core';
import { FakeClock, RecordingLogger, TestHost } from '@kapelle/core/testing';
import { MemoryStateStore, type StateStore } from '../../state/index.js';
import { FallbackAutonomousOrchestrator } from '../fallback-autonomous/fallback-autonomous-orchestrator.js';
import { AutonomousIntelligenceOrchestrator } from './autonomous-intelligence-orchestrator.js';
import type { AutonomousIntelligenceOptions } from './autonomous-options.js';
import { Checkpoints, contentScope } from './checkpoints.js';
import { A_TALK, aFeed, FakePortError, MemoryPorts } from './fixtures/memory-ports.js';
import { MortalState } from './fixtures/mortal-state.js';
import type { Briefing } from './model.js';

const TALK = 'https://example.org/talk.vtt';
const PARAMS = { uri: TALK, depth: 'experimental', analysisId: 'the talk' } as const;

interface House {
  readonly host: TestHost;
  readonly ports: MemoryPorts;
}

async function open(
  state: StateStore,
  { clock, options }: { readonly clock?: FakeClock; readonly options?: AutonomousIntelligenceOptions } = {},
): Promise<House> {
  const settings = { experimentalDepth: true, ...options };
  const ports = new MemoryPorts({ withModel: true, state, options: settings });
  ports.source.put(TALK, A_TALK);
  const host = await TestHost.start({
    orchestrators: [AutonomousIntelligenceOrchestrator, FallbackAutonomousOrchestrator],
    modules: [ports.module],
    ...(clock === undefined ? {} : { clock }),
  });
  return { host, ports };
}

function analyze(
  { host }: House,
  params: Readonly<Record<string, unknown>> = PARAMS,
  init: { readonly tenantId?: string; readonly signal?: AbortSignal } = {},
): Promise<StepResult<Briefing>> {
  return host.facade
    .client(AutonomousIntelligenceOrchestrator)
    .analyze(host.context(init), params as { uri: string });
}

function briefingOf(result: StepResult<Briefing>): Briefing {
  if (result.status !== 'ok') throw new Error(JSON.stringify(result));
  return result.data;
}

/** Everything but how long it took and when it was. */
function contentOf({ createdAt: _createdAt, timings, ...content }: Briefing) {
  return { ...content, stages: timings.map(({ stage }) => stage).sort() };
}

describe('an analysis that was interrupted', () => {
  it('is gone on with after each stage at which the process can die, and ends as if nothing had been', async () => {
    const whole = new MortalState(new MemoryStateStore());
    const first = await open(whole);
    const expected = contentOf(briefingOf(await analyze(first)));
    await first.host.stop();
    // Acquired, parsed, begun; read and ten parts; verified, compared, told, told again, checked.
    expect(whole.written.length).toBeGreaterThanOrEqual(17);

    for (let death = 1; death <= whole.written.length; death += 1) {
      const state = new MemoryStateStore();
      const mortal = new MortalState(state, death);
      const dying = await open(mortal);
      const controller = new AbortController();
      const lost = analyze(dying, PARAMS, { signal: controller.signal });
      await mortal.death;

      const survivor = new MortalState(state);
      const again = await open(survivor);
      const result = await analyze(again);
      expect(contentOf(briefingOf(result))).toEqual(expected);
      // The bytes are what the content is known by: "start" is no stage.
      const finished = mortal.written.filter((stage) => stage !== 'start');
      expect(result.metadata['resumed']).toEqual(expect.arrayContaining(finished));
      expect(survivor.written.filter((stage) => finished.includes(stage))).toEqual([]);
      expect(again.ports.source.calls).toBe(0);
      const asked = ['narrative', 'revision'].filter((stage) => !finished.includes(stage));
      expect(again.ports.model?.prompts).toHaveLength(asked.length);
      expect(again.ports.knowledge.calls).toBe(finished.includes('verification') ? 0 : 1);

      controller.abort();
      mortal.bury();
      expect(await lost).toMatchObject({ errorCategory: 'cancelled' });
      await Promise.all([dying.host.stop(), again.host.stop()]);
    }
  }, 60_000);

  it('is known by its content where the call has no name, and asks the source alone again', async () => {
    const state = new MemoryStateStore();
    const mortal = new MortalState(state, 8);
    const dying = await open(mortal);
    const controller = new AbortController();
    const lost = analyze(dying, { uri: TALK, depth: 'deep' }, { signal: controller.signal });
    await mortal.death;
    await using again = (await open(state)).host;
    const result = await analyze({ host: again, ports: dying.ports }, { uri: TALK, depth: 'deep' });
    const stages = mortal.written.filter((stage) => !['acquire', 'start'].includes(stage));
    expect(result.metadata).toMatchObject({ resumed: stages, resumedFrom: stages.at(-1) });
    controller.abort();
    mortal.bury();
    await lost;
    await dying.host.stop();
  });

  it('is begun anew for another tenant, another depth, other content and when forced', async () => {
    const state = new MemoryStateStore();
    const first = await open(state);
    first.ports.knowledge.failures = [new FakePortError('KNOWLEDGE_SYNTAX')];
    const controller = new AbortController();
    first.host.facade.events.on('run.progress', ({ message }) => {
      if (message === 'summary') controller.abort();
    });
    expect(await analyze(first, PARAMS, { signal: controller.signal })).toMatchObject({ status: 'failed' });
    const after = await open(state);
    const others: readonly (readonly [Record<string, unknown>, string])[] = [
      [{ ...PARAMS }, 'other'],
      [{ ...PARAMS, depth: 'deep' }, 'test-tenant'],
      [{ ...PARAMS, uri: after.ports.source.put('https://example.org/b.vtt', `${A_TALK}\n`) }, 'test-tenant'],
    ];
    for (const [params, tenantId] of others) {
      const { resumed = [] } = (await analyze(after, params, { tenantId })).metadata;
      // The bytes of the same address are those of the call that is named.
      expect(resumed).toEqual(params['depth'] === 'deep' ? ['acquire'] : []);
    }
    const forced = await analyze(after, { ...PARAMS, analysisId: 'another', force: true });
    expect(forced.metadata).not.toHaveProperty('resumed');
    await Promise.all([first.host.stop(), after.host.stop()]);
  });

  it('leaves nothing behind once its briefing is delivered, of a feed either', async () => {
    const state = new MemoryStateStore();
    const house = await open(state);
    briefingOf(await analyze(house));
    const uri = house.ports.source.put('https://example.org/feed', aFeed('north', 'south'));
    briefingOf(await analyze(house, { uri, item: 1 }));
    await analyze(house, { uri, item: 9 });
    for (const collection of ['checkpoints', 'interrupted', 'undelivered']) {
      const at = { tenantId: 'test-tenant', collection: `autonomous_intelligence.${collection}` };
      expect(await state.list(at)).toEqual([]);
    }
    await house.host.stop();
  });

  it('is forgotten after a day, and the oldest where there are too many', async () => {
    const clock = new FakeClock();
    const state = new MemoryStateStore(clock);
    const settings = { checkpointMaxAgeMs: 1_000, maxInterrupted: 2, stateTimeoutMs: 1_000 };
    const checkpoints = new Checkpoints(state, clock, settings, new RecordingLogger());
    const cost = { usd: 0, inputTokens: 0, outputTokens: 0, modelCalls: 0, bytes: 0, ms: 1 };
    const keep = async (hash: string): Promise<void> => {
      const scope = await checkpoints.open('t', contentScope(hash, 'deep'));
      await scope.keep('read', { value: { hash }, ms: 1, cost });
      await clock.advance(10);
    };
    const kept = async (hash: string): Promise<unknown> =>
      (await (await checkpoints.peek('t', contentScope(hash, 'deep')))?.restore('read'))?.value;
    for (const hash of ['a', 'b', 'c', 'd', 'e']) await keep(hash);
    // Two scopes for each of two analyses.
    expect(await Promise.all(['a', 'b', 'c', 'd', 'e'].map(kept))).toEqual([
      undefined,
      ...['b', 'c', 'd', 'e'].map((hash) => ({ hash })),
    ]);
    await clock.advance(1_000);
    expect(await kept('e')).toBeUndefined();
    await keep('e');
    expect(await kept('e')).toEqual({ hash: 'e' });
  });

  it.each([
    ['null', null],
    ['a text', 'rubbish'],
    ['another format', { formatVersion: 2, ms: 1, cost: {}, gzip: '' }],
    ['a cost that is none', { formatVersion: 1, ms: 1, cost: { usd: 'much' }, gzip: '' }],
    [
      'what is not compressed',
      {
        formatVersion: 1,
        ms: 1,
        cost: { usd: 0, inputTokens: 0, outputTokens: 0, modelCalls: 0, bytes: 0, ms: 1 },
        gzip: 'AAAA',
      },
    ],
  ])('takes a checkpoint that is %s for none', async (_title, rubbish) => {
    const state = new MemoryStateStore();
    const mortal = new MortalState(state, 6);
    const dying = await open(mortal);
    const controller = new AbortController();
    const lost = analyze(dying, PARAMS, { signal: controller.signal });
    await mortal.death;
    const at = { tenantId: 'test-tenant', collection: 'autonomous_intelligence.checkpoints' };
    for (const { key } of await state.list(at)) await state.put({ ...at, key }, rubbish);
    const again = await open(state);
    const result = await analyze(again);
    expect(result).toMatchObject({ status: 'ok', data: { producedBy: 'autonomous_intelligence' } });
    expect(result.metadata).not.toHaveProperty('resumed');
    controller.abort();
    mortal.bury();
    await lost;
    await Promise.all([dying.host.stop(), again.host.stop()]);
  });
});

describe('a briefing that could not be delivered', () => {
  it('is kept seven days, found by its id by its own tenant, and stored when that works again', async () => {
    const clock = new FakeClock();
    const state = new MemoryStateStore(clock);
    const house = await open(state, { clock });
    house.ports.store.failures = [new FakePortError('STORE_FULL')];
    const params = { uri: TALK, depth: 'quick' };
    const making = analyze(house, params);
    await clock.advance(60_000);
    const made = await making;
    expect(made).toMatchObject({ status: 'ok', metadata: { stored: false, kept: true } });
    const { id } = briefingOf(made);
    const get = (tenantId = 'test-tenant') =>
      house.host.facade
        .client(AutonomousIntelligenceOrchestrator)
        .get(house.host.context({ tenantId }), { id });
    expect(await get()).toMatchObject({ data: { id }, metadata: { undelivered: true, stored: false } });
    expect(await get('other')).toMatchObject({ status: 'failed' });

    house.ports.store.failures = [];
    expect(await get('other')).toMatchObject({
      errorCategory: 'not_found',
      details: { code: 'BRIEFING_UNKNOWN' },
    });
    expect(await get()).toMatchObject({ metadata: { undelivered: true, stored: true } });
    expect((await get()).metadata).toEqual({});
    expect(await house.ports.store.get('test-tenant', id)).toMatchObject({ id });
    await house.host[Symbol.asyncDispose]();
  });

  it('is gone after seven days', async () => {
    const clock = new FakeClock();
    const house = await open(new MemoryStateStore(clock), { clock });
    house.ports.store.failures = [new FakePortError('STORE_FULL')];
    const making = analyze(house, { uri: TALK, depth: 'quick' });
    await clock.advance(60_000);
    const { id } = briefingOf(await making);
    house.ports.store.failures = [undefined, new FakePortError('STORE_FULL')];
    const get = () =>
      house.host.facade.client(AutonomousIntelligenceOrchestrator).get(house.host.context(), { id });
    await clock.advance(7 * 86_400_000 - 120_000);
    expect(await get()).toMatchObject({ status: 'ok', metadata: { stored: false } });
    house.ports.store.failures = [];
    await clock.advance(120_000);
    expect(await get()).toMatchObject({ status: 'failed', errorCategory: 'not_found' });
    await house.host[Symbol.asyncDispose]();
  });

  it('is kept also where its caller left while it was being stored', async () => {
    const state = new MemoryStateStore();
    const house = await open(state);
    const controller = new AbortController();
    house.ports.store.save = () => {
      controller.abort();
      return new Promise(() => undefined);
    };
    const params = { uri: TALK, depth: 'quick' };
    expect(await analyze(house, params, { signal: controller.signal })).toMatchObject({
      errorCategory: 'cancelled',
    });
    const at = { tenantId: 'test-tenant', collection: 'autonomous_intelligence.undelivered' };
    await new Promise((resolve) => setImmediate(resolve));
    const [record] = await state.list<{ readonly reason: string }>(at);
    expect(record).toMatchObject({ value: { reason: 'The caller was gone.' } });
    await house.host.stop();
  });
});
