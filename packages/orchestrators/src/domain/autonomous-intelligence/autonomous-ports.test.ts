import { beforeAll, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@kapelle/core/testing';
import { MemoryStateStore, type StateStore } from '../../state/index.js';
import { analysisTools } from './analysis-tools.js';
import { AutonomousIntelligenceOrchestrator } from './autonomous-intelligence-orchestrator.js';
import { AnalysisHouse, briefingOf, TALK } from './fixtures/analysis-house.js';
import { A_TALK, FakePortError } from './fixtures/memory-ports.js';

const EXPERIMENTAL = { options: { experimentalDepth: true } } as const;
const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

// What is loaded from the disk takes real time, of which a fake clock knows nothing.
beforeAll(async () => {
  await Promise.all([analysisTools.content(), analysisTools.analysis(), analysisTools.verification()]);
});

/** Lets time pass whenever nothing else happens, until the promise is settled. */
async function settled<T>(promise: Promise<T>, clock: FakeClock): Promise<T> {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  void promise.then(over, over);
  while (!isOver) {
    for (let turn = 0; turn < 500; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(Math.min(clock.nextTimerIn() ?? 0, 1_000));
  }
  return promise;
}

/** Fails, hangs, or answers what it must not. */
const BROKEN: readonly (readonly [string, () => Promise<never>])[] = [
  ['fails', () => Promise.reject(new FakePortError('BROKEN', true))],
  [
    'throws at once',
    () => {
      throw new TypeError('broken');
    },
  ],
  ['hangs', never],
  ['answers null', () => Promise.resolve(null as never)],
  ['answers a text', () => Promise.resolve('rubbish' as never)],
  ['answers an empty object', () => Promise.resolve({} as never)],
];

describe('the stages of an analysis', () => {
  it('run side by side where they do not need each other, and in order where they do', async () => {
    const clock = new FakeClock();
    await using house = await AnalysisHouse.open({ ...EXPERIMENTAL, withModel: true, clock });
    const { knowledge, store } = house.ports;
    const [load, search] = [knowledge.load.bind(knowledge), store.search.bind(store)];
    let [waiting, most] = [0, 0];
    const later = <T>(work: () => Promise<T>): Promise<T> => {
      waiting += 1;
      most = Math.max(most, waiting);
      return new Promise((resolve, reject) => {
        clock.setTimeout(() => {
          waiting -= 1;
          void work().then(resolve, reject);
        }, 1_000);
      });
    };
    knowledge.load = () => later(load);
    store.search = (tenantId, query) => later(() => search(tenantId, query));
    const briefing = briefingOf(await settled(house.analyze({ depth: 'experimental' }), clock));

    const steps = new Map(
      house.host.eventsOf('step.ended').map((event, at) => [event.step, { ...event, at }]),
    );
    const ms = new Map(briefing.timings.map((each) => [each.stage, each.ms]));
    expect(ms.get('verification')).toBeGreaterThanOrEqual(1_000);
    expect(ms.get('crosscheck')).toBeGreaterThanOrEqual(1_000);
    // Both waited at the same time.
    expect(most).toBeGreaterThan(1);
    const at = (step: string): number => steps.get(step)?.at ?? -1;
    for (const part of ['keywords', 'entities', 'quality', 'alternatives']) {
      expect(at(part)).toBeLessThan(at('verification'));
    }
    const order = [
      'read',
      'claims',
      'verification',
      'narrative',
      'revision',
      'grounding',
      'briefing',
      'store',
    ];
    expect(order.map(at)).toEqual([...order.map(at)].sort((a, b) => a - b));
  });

  it('are run once for calls for the same content that run at the same time', async () => {
    await using house = await AnalysisHouse.open({ withModel: true });
    const { source, model, store, knowledge } = house.ports;
    source.put('https://example.org/copy.vtt', A_TALK);
    let saved = 0;
    const save = store.save.bind(store);
    store.save = (tenantId, briefing) => {
      saved += 1;
      return save(tenantId, briefing);
    };
    const uris = [TALK, TALK, 'https://example.org/copy.vtt', TALK, TALK, TALK];
    const results = await Promise.all(uris.map((uri) => house.analyze({ uri, depth: 'deep' })));
    expect(new Set(results.map((result) => briefingOf(result).createdAt)).size).toBe(1);
    expect({ asked: model?.prompts.length, saved, known: knowledge.calls }).toEqual({
      asked: 1,
      saved: 1,
      known: 1,
    });
    expect(house.host.eventsOf('step.ended').filter(({ step }) => step === 'summary')).toHaveLength(1);
    const told = results.map(({ metadata }) =>
      'shared' in metadata ? 'shared' : 'cached' in metadata ? 'cached' : 'made',
    );
    expect(told.filter((each) => each === 'made')).toHaveLength(1);
    expect(told).toContain('shared');
    expect(results[2]?.metadata).toMatchObject({
      source: 'https://example.org/copy.vtt',
      firstSource: { uri: TALK },
    });
    const other = await house.analyze({ depth: 'deep' }, { tenantId: 'other' });
    expect(other.metadata).toEqual({});
    // Both names are known afterwards, to whom the content is.
    const { id } = briefingOf(other);
    const client = house.host.facade.client(AutonomousIntelligenceOrchestrator);
    const got = (tenantId?: string) =>
      client.get(house.host.context(tenantId === undefined ? {} : { tenantId }), { id });
    expect((await got()).metadata).toEqual({ alsoSeenAs: ['https://example.org/copy.vtt'] });
    expect((await got('other')).metadata).toEqual({});
  });

  it('are gone on with by who waits for them, when the one who began them leaves', async () => {
    await using house = await AnalysisHouse.open({ withModel: true, state: new MemoryStateStore() });
    const { model } = house.ports;
    if (model === undefined) throw new Error('There is a model.');
    const leaving = new AbortController();
    const complete = model.complete.bind(model);
    let calls = 0;
    let onAsked: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      onAsked = resolve;
    });
    model.complete = (request) => {
      calls += 1;
      onAsked();
      return calls === 1 ? never() : complete(request);
    };
    const first = house.analyze({ depth: 'deep' }, { signal: leaving.signal });
    await asked;
    const second = house.analyze({ depth: 'deep' });
    await new Promise((resolve) => setImmediate(resolve));
    leaving.abort();
    expect(await first).toMatchObject({ status: 'failed', errorCategory: 'cancelled' });
    const result = await second;
    expect(briefingOf(result).narrative).toBeDefined();
    expect(result.metadata['resumed']).toEqual(expect.arrayContaining(['read', 'summary', 'verification']));
    expect(house.host.eventsOf('step.ended').filter(({ step }) => step === 'store')).toHaveLength(1);
  });
});

describe('a port that does not work', () => {
  it.each(BROKEN)('knowledge that %s costs the verdicts alone', async (_how, answer) => {
    const clock = new FakeClock();
    await using house = await AnalysisHouse.open({ clock });
    house.ports.knowledge.load = answer;
    const result = await settled(house.analyze(), clock);
    const briefing = briefingOf(result);
    expect(result.metadata).toMatchObject({ fallback: true, stored: true, failedStages: ['verification'] });
    expect(briefing.claims).toEqual([]);
    expect(Object.keys(briefing.analysis)).toHaveLength(10);
    expect(briefing.notes.filter(({ stage }) => stage === 'verification')).toMatchObject([
      { outcome: 'failed' },
    ]);
  });

  it.each(BROKEN)('a model that %s costs the narrative alone', async (_how, answer) => {
    const clock = new FakeClock();
    await using house = await AnalysisHouse.open({ withModel: true, clock });
    if (house.ports.model !== undefined) house.ports.model.complete = answer;
    const briefing = briefingOf(await settled(house.analyze({ depth: 'deep' }), clock));
    expect(briefing.narrative).toBeUndefined();
    expect(briefing.claims.length).toBeGreaterThan(0);
    expect(briefing.notes.filter(({ stage }) => stage === 'narrative')).toMatchObject([
      { outcome: 'failed' },
    ]);
  });

  it.each(BROKEN)('a store of state that %s costs no more than going on later', async (how, answer) => {
    const clock = new FakeClock();
    const state: StateStore = {
      ...{ get: answer, put: answer, list: answer, delete: answer, durable: true },
      close: () => Promise.resolve(),
    };
    await using house = await AnalysisHouse.open({ clock, state });
    const result = await settled(house.analyze({ depth: 'quick' }), clock);
    expect(result).toMatchObject({
      status: 'ok',
      metadata: {},
      data: { producedBy: 'autonomous_intelligence' },
    });
    const spent = clock.monotonic();
    if (how === 'hangs') expect(spent).toBeLessThanOrEqual(15_000);
    expect(await settled(house.analyze({ depth: 'quick' }), clock)).toMatchObject({
      metadata: { cached: true },
    });
    // One that hangs is left alone after the first time.
    if (how === 'hangs') expect(clock.monotonic() - spent).toBeLessThan(5_000);
  });

  it.each(BROKEN)('a source that %s ends the call', async (how, answer) => {
    const clock = new FakeClock();
    await using house = await AnalysisHouse.open({ clock });
    house.ports.source.acquire = answer;
    const controller = new AbortController();
    if (how === 'hangs') clock.setTimeout(() => controller.abort(), 600_000);
    const result = await settled(house.analyze({}, { signal: controller.signal }), clock);
    expect(result.status).toBe('failed');
    expect(clock.monotonic()).toBeLessThan(600_000);
  });

  it.each(BROKEN)('a store of briefings that %s is told in each operation', async (how, answer) => {
    const clock = new FakeClock();
    await using house = await AnalysisHouse.open({ clock });
    const { store } = house.ports;
    const client = house.host.facade.client(AutonomousIntelligenceOrchestrator);
    Object.assign(store, { get: answer, list: answer, search: answer, findByContent: answer });
    const context = house.host.context();
    const code = { hangs: 'AUTONOMOUS_PORT_TIMEOUT', fails: 'BROKEN' }[how] ?? 'AUTONOMOUS_ANSWER_INVALID';
    const calls = [
      client.get(context, { id: 'x' }),
      client.list(context, {}),
      client.search(context, { query: 'x' }),
    ];
    for (const call of calls) {
      const result = await settled<unknown>(call, clock);
      expect(result).toMatchObject({
        status: 'failed',
        ...(how === 'throws at once' ? { errorCategory: 'execution' } : { details: { code } }),
      });
    }
    // That nobody knows what is stored is no reason not to analyse.
    const result = await settled(house.analyze({ depth: 'quick' }), clock);
    expect(result).toMatchObject({ status: 'ok', data: { producedBy: 'autonomous_intelligence' } });
  });

  it('a store that does not take a briefing leaves it among the undelivered', async () => {
    const clock = new FakeClock();
    await using house = await AnalysisHouse.open({ clock });
    house.ports.store.save = never;
    const result = await settled(house.analyze({ depth: 'quick' }), clock);
    expect(result).toMatchObject({ status: 'ok', metadata: { stored: false, kept: true } });
    const { id } = briefingOf(result);
    const client = house.host.facade.client(AutonomousIntelligenceOrchestrator);
    const got = await settled(client.get(house.host.context(), { id }), clock);
    expect(got).toMatchObject({ status: 'ok', data: { id }, metadata: { undelivered: true, stored: false } });
  });
});
