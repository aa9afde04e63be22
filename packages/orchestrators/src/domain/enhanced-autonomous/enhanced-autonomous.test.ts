import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { OrchestrationContext, StepResult } from '@kapelle/core';
import { FakeClock, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { MemoryStateStore, STATE_STORE, type StateStore } from '../../state/index.js';
import { AutonomousIntelligenceOrchestrator } from '../autonomous-intelligence/autonomous-intelligence-orchestrator.js';
import { A_TALK, FakePortError, MemoryPorts } from '../autonomous-intelligence/fixtures/memory-ports.js';
import type { Briefing } from '../autonomous-intelligence/model.js';
import { FallbackAutonomousOrchestrator } from '../fallback-autonomous/fallback-autonomous-orchestrator.js';
import type { AutonomyMetrics } from './autonomy-counters.js';
import { ENHANCED_AUTONOMOUS_OPTIONS, type EnhancedAutonomousOptions } from './autonomy-options.js';
import { AUTONOMY_PROBES, type AutonomyProbe } from './autonomy-probe.js';
import { autonomyReportOf, renderAutonomyReport } from './autonomy-report.js';
import {
  type AutonomyCapabilities,
  type AutonomyHistory,
  EnhancedAutonomousOrchestrator,
} from './enhanced-autonomous-orchestrator.js';

const TALK = 'https://example.org/talk.vtt';
const FULL = 'autonomous_intelligence';
const FALLBACK = 'fallback_autonomous';
const hosts: TestHost[] = [];

interface House {
  readonly ports?: MemoryPorts;
  readonly clock?: FakeClock;
  readonly state?: StateStore;
  readonly options?: EnhancedAutonomousOptions;
  readonly probes?: readonly AutonomyProbe[];
  readonly withoutFull?: boolean;
}

async function start(house: House = {}): Promise<TestHost> {
  const {
    ports = new MemoryPorts(),
    state,
    options,
    probes,
    clock = new FakeClock(),
    withoutFull = false,
  } = house;
  if (!ports.source.contents.has(TALK)) ports.source.put(TALK, A_TALK);
  const test = await TestHost.start({
    orchestrators: [
      EnhancedAutonomousOrchestrator,
      FallbackAutonomousOrchestrator,
      ...(withoutFull ? [] : [AutonomousIntelligenceOrchestrator]),
    ],
    modules: [
      ports.module,
      new ContainerModule(({ bind }) => {
        if (state !== undefined) bind(STATE_STORE).toConstantValue(state);
        if (options !== undefined) bind(ENHANCED_AUTONOMOUS_OPTIONS).toConstantValue(options);
        if (probes !== undefined) bind(AUTONOMY_PROBES).toConstantValue(probes);
      }),
    ],
    clock,
  });
  hosts.push(test);
  return test;
}

function analyse(
  test: TestHost,
  params: Record<string, unknown> = {},
  context: OrchestrationContext = test.context(),
): Promise<StepResult<Briefing>> {
  return test.facade.orchestrate<Briefing>('enhanced_autonomous', context, { uri: TALK, ...params });
}

async function ask<T>(
  test: TestHost,
  operation: string,
  params: Record<string, unknown> = {},
  tenantId = 'test-tenant',
) {
  const context = test.context({ tenantId });
  const result = await test.facade.orchestrate<T>('enhanced_autonomous', context, { operation, ...params });
  if (result.status !== 'ok') throw new Error(JSON.stringify(result));
  return result.data;
}

/** The tried paths as `path@depth outcome`. */
const triedIn = (result: StepResult): readonly string[] =>
  (autonomyReportOf(result)?.tried ?? []).map(({ path, depth, outcome }) => `${path}@${depth} ${outcome}`);

const never = (): Promise<never> => new Promise(() => undefined);

/** Turns of the event loop, for what goes on without time going on. */
async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** What comes of something while time passes, slowly enough for what takes real time. */
async function passing<T>(clock: FakeClock, pending: Promise<T>): Promise<T> {
  let isOver = false;
  void pending.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await turns(10);
    await clock.advance(100);
  }
  return pending;
}

/** Lets the first calls of a source hang. */
function hangAcquire(ports: MemoryPorts, calls = Infinity): void {
  const acquire = ports.source.acquire.bind(ports.source);
  let left = calls;
  Object.assign(ports.source, {
    acquire: (uri: string) => {
      left -= 1;
      return left >= 0 ? never() : acquire(uri);
    },
  });
}

beforeAll(async () => {
  // Loads the tools of the analysis, which takes real time.
  await using test = await start();
  hosts.length = 0;
  await analyse(test);
}, 60_000);

afterEach(async () => {
  for (const test of hosts.splice(0)) await test[Symbol.asyncDispose]();
});

describe('EnhancedAutonomousOrchestrator', () => {
  it('takes the full path where it has what it needs, and says so', async () => {
    const ports = new MemoryPorts({ withModel: true });
    const test = await start({ ports });
    const result = await analyse(test, { depth: 'deep' });
    expect(result).toMatchObject({ status: 'ok', data: { producedBy: FULL, depth: 'deep' } });
    const report = autonomyReportOf(result);
    expect(report).toMatchObject({
      askedDepth: 'deep',
      path: FULL,
      depth: 'deep',
      chosen: FULL,
      chosenDepth: 'deep',
      why: 'The full path has all it needs.',
      missing: [],
      tried: [{ path: FULL, depth: 'deep', outcome: 'complete' }],
    });
    expect(report?.stages.map(({ mark }) => mark)).toEqual(Array(6).fill('done'));
    expect(renderAutonomyReport(report as never)).toMatch(
      /^Made by autonomous_intelligence in \d+ ms\.\n.*\n\[x\] acquisition/,
    );
    expect(test.logs.records.map(({ event }) => event)).toContain('autonomy_path_chosen');

    // The second call gives what is there, and teaches nothing.
    expect(await analyse(test, { depth: 'deep' })).toMatchObject({
      status: 'ok',
      metadata: { cached: true },
    });
    const history = await ask<AutonomyHistory>(test, 'get_path_history', { depth: 'deep' });
    expect(history.deep?.autonomous_intelligence).toMatchObject({ runs: 1, complete: 1, successRate: 1 });
    expect(await ask<AutonomyMetrics>(test, 'get_metrics')).toMatchObject({
      analyses: { complete: 2, degraded: 0, failed: 0 },
      attempts: { [`${FULL}/deep/complete`]: 2 },
      fallbacks: 0,
    });
  });

  it('takes the fallback where the knowledge is down, and tells what is missing', async () => {
    const ports = new MemoryPorts();
    ports.knowledge.failures = [new FakePortError('KNOWLEDGE_SYNTAX')];
    const test = await start({ ports });
    const result = await analyse(test);
    expect(result).toMatchObject({
      status: 'uncertain',
      reason: 'Missing or poorer in this briefing: verification. Its notes say why.',
      data: { producedBy: FALLBACK, depth: 'standard' },
      metadata: { rung: 'reduced' },
    });
    expect(triedIn(result)).toEqual([`${FALLBACK}@standard degraded`]);
    expect(autonomyReportOf(result)?.missing).toEqual([
      {
        capability: 'knowledge_source',
        kind: 'down',
        reason: 'knowledge_syntax happened. Do something about it.',
        fix: 'Make "knowledge_source" work, then analyse again.',
        requiredBy: [FULL],
        usedBy: [FALLBACK],
      },
    ]);
    // At a depth that does not verify, nobody misses it.
    expect(await analyse(test, { depth: 'quick' })).toMatchObject({
      status: 'ok',
      data: { producedBy: FULL },
    });
  });

  it('takes a lower depth that makes the same parts where the language model is down', async () => {
    const ports = new MemoryPorts({ withModel: true });
    let isUp = false;
    Object.assign(ports.model as object, { isAvailable: () => Promise.resolve(isUp) });
    const clock = new FakeClock();
    const test = await start({ ports, clock, options: { probeCacheMs: 10_000 } });
    const result = await analyse(test, { depth: 'comprehensive' });
    expect(result).toMatchObject({
      status: 'uncertain',
      reason: 'It was made at the depth "standard" instead of "comprehensive".',
      data: { producedBy: FULL, depth: 'standard' },
    });
    expect(autonomyReportOf(result)).toMatchObject({
      chosenDepth: 'standard',
      why: 'At the depth comprehensive the full path needs what is not there: language_model.',
    });
    // What was said holds for a while; then it is asked again.
    isUp = true;
    await clock.advance(9_000);
    expect((await ask<AutonomyCapabilities>(test, 'get_capabilities', { depth: 'deep' })).choice.depth).toBe(
      'standard',
    );
    await clock.advance(1_001);
    expect(await analyse(test, { depth: 'comprehensive' })).toMatchObject({
      status: 'ok',
      data: { depth: 'comprehensive' },
    });
  });

  it('makes a briefing without a store, and without the full path', async () => {
    const ports = new MemoryPorts();
    ports.store.failures = [new FakePortError('STORE_BUSY', true)];
    const clock = new FakeClock();
    const test = await start({ ports, clock });
    const pending = analyse(test);
    // The store is tried three times, with pauses.
    const result = await passing(clock, pending);
    expect(result).toMatchObject({
      status: 'uncertain',
      data: { producedBy: FALLBACK },
      metadata: { stored: false },
    });
    expect(autonomyReportOf(result)?.missing[0]).toMatchObject({
      capability: 'briefing_store',
      kind: 'down',
    });

    const without = await start({ withoutFull: true });
    const other = await analyse(without);
    expect(other).toMatchObject({
      status: 'ok',
      data: { producedBy: FALLBACK },
      metadata: { rung: 'whole' },
    });
    expect(autonomyReportOf(other)?.missing[0]).toMatchObject({
      capability: FULL,
      kind: 'unbound',
      fix: 'Register the orchestrator "autonomous_intelligence" with the host.',
    });
  });

  it('refuses at once what no path can do, with the category of the reason', async () => {
    const ports = new MemoryPorts();
    let isUp = true;
    Object.assign(ports.source, { schemes: ['file', 'https'], isAvailable: () => isUp });
    const test = await start({ ports, options: { probeCacheMs: 0 } });
    expect(await analyse(test, { uri: 'ftp://example.org/x' })).toMatchObject({
      status: 'failed',
      errorCategory: 'validation',
      retryable: false,
      details: { code: 'AUTONOMY_UNAVAILABLE' },
      error:
        'No path to a briefing can run. (1) content_source: The content source cannot read "ftp:". Use one of: file, https.',
    });
    expect(test.host.health().orchestrators['enhanced_autonomous']).toMatchObject({ status: 'healthy' });
    isUp = false;
    expect(await analyse(test)).toMatchObject({
      status: 'failed',
      errorCategory: 'service_unavailable',
      retryable: true,
      retryAfterMs: 1_000,
      details: { code: 'AUTONOMY_UNAVAILABLE', missing: [{ capability: 'content_source', kind: 'down' }] },
    });
    expect(test.host.health().orchestrators['enhanced_autonomous']).toMatchObject({
      status: 'degraded',
      score: 30,
    });
    expect(ports.source.calls).toBe(0);
    isUp = true;
    expect(await analyse(test)).toMatchObject({ status: 'ok' });
    expect(test.host.health().orchestrators['enhanced_autonomous']).toMatchObject({ status: 'healthy' });
    expect(await ask<AutonomyMetrics>(test, 'get_metrics')).toMatchObject({
      analyses: { unavailable: 2, complete: 1 },
    });
  });

  it('gives up a probe that hangs, shares it among concurrent calls, and finds what has come back', async () => {
    const ports = new MemoryPorts();
    const load = ports.knowledge.load.bind(ports.knowledge);
    let probes = 0;
    Object.assign(ports.knowledge, { load: () => ((probes += 1), never()) });
    const clock = new FakeClock();
    const test = await start({ ports, clock, options: { probeTimeoutMs: 2_000, probeCacheMs: 30_000 } });
    await turns();
    const before = probes;
    const pending = Promise.all(
      ['a', 'b', 'c'].map((tenantId) => analyse(test, {}, test.context({ tenantId }))),
    );
    await turns();
    expect(probes - before).toBeLessThanOrEqual(1);
    await clock.advance(2_000);
    // The fallback asks the knowledge too, and gives it up in its turn.
    for (const result of await passing(clock, pending)) {
      expect(result).toMatchObject({ status: 'uncertain', data: { producedBy: FALLBACK } });
      expect(autonomyReportOf(result)?.missing[0]?.reason).toBe('There was no answer within 2000 ms.');
    }
    const { probes: counts } = await ask<AutonomyMetrics>(test, 'get_metrics');
    expect(counts.timedOut).toBeGreaterThanOrEqual(1);
    expect(counts.shared).toBeGreaterThanOrEqual(2);
    // A degraded answer has the probes asked again, so that the recovery is seen by the next call.
    Object.assign(ports.knowledge, { load });
    expect(await analyse(test, { force: true })).toMatchObject({ status: 'ok', data: { producedBy: FULL } });
  }, 20_000);

  it('hands over to lower depths and to the fallback when time runs out, before the deadline', async () => {
    const ports = new MemoryPorts();
    hangAcquire(ports, 2);
    const clock = new FakeClock();
    const test = await start({ ports, clock, options: { totalTimeoutMs: 100_000, fallbackShare: 0.5 } });
    const pending = analyse(test);
    await turns();
    await clock.advance(49_500);
    await turns();
    await clock.advance(25_000);
    const result = await pending;
    expect(triedIn(result)).toEqual([
      `${FULL}@standard timed_out`,
      `${FULL}@quick timed_out`,
      `${FALLBACK}@standard complete`,
    ]);
    const [first, second] = autonomyReportOf(result)?.tried ?? [];
    expect(first).toMatchObject({ timeoutMs: 49_500, ms: 49_500 });
    expect(second?.timeoutMs).toBeLessThan(25_000);
    expect(result).toMatchObject({ status: 'ok', data: { producedBy: FALLBACK } });
    expect(await ask<AutonomyMetrics>(test, 'get_metrics')).toMatchObject({ fallbacks: 2 });
    expect(test.logs.records.filter(({ event }) => event === 'autonomy_path_failed')).toHaveLength(2);

    // After a time-out a lower depth is an answer too.
    hangAcquire(ports, 1);
    const again = analyse(test, { force: true });
    await turns();
    await clock.advance(49_500);
    expect(await again).toMatchObject({
      status: 'uncertain',
      reason: 'It was made at the depth "quick" instead of "standard".',
      data: { depth: 'quick' },
    });
  }, 20_000);

  it('answers before the deadline of its caller, whatever hangs', async () => {
    const ports = new MemoryPorts();
    hangAcquire(ports);
    Object.assign(ports.knowledge, { load: never });
    const clock = new FakeClock();
    const test = await start({ ports, clock });
    const pending = analyse(test, {}, test.context({ deadline: clock.now() + 2_000 }));
    await turns();
    await clock.advance(1_999);
    const result = await pending;
    expect(result).toMatchObject({
      status: 'failed',
      errorCategory: 'timeout',
      details: { code: 'AUTONOMY_TIMED_OUT' },
    });
    expect(triedIn(result)[0]).toBe(`${FALLBACK}@standard timed_out`);
    expect((result as { error: string }).error).toMatch(
      /^The analysis did not end within 1\d{3} ms\. \(1\) fallback_autonomous/,
    );
    expect(await ask<AutonomyMetrics>(test, 'get_metrics')).toMatchObject({ analyses: { timed_out: 1 } });
  });

  it('ends when nobody waits any more, and tries nothing else', async () => {
    const ports = new MemoryPorts();
    hangAcquire(ports);
    const test = await start({ ports });
    const controller = new AbortController();
    const pending = analyse(test, {}, test.context({ signal: controller.signal }));
    await turns();
    controller.abort(new Error('enough'));
    expect(await pending).toMatchObject({ status: 'failed', errorCategory: 'cancelled' });
    await turns();
    expect(await ask<AutonomyMetrics>(test, 'get_metrics')).toMatchObject({
      analyses: { cancelled: 1 },
      attempts: {},
    });
  });

  it('does not go another way for content that nobody can get, and passes the failure on', async () => {
    const ports = new MemoryPorts();
    const test = await start({ ports });
    const result = await analyse(test, { uri: 'https://example.org/none' });
    expect(result).toMatchObject({
      status: 'failed',
      errorCategory: 'not_found',
      details: { code: 'SOURCE_NOT_FOUND' },
    });
    expect(triedIn(result)).toEqual([`${FULL}@standard failed`]);
    expect(ports.source.calls).toBe(1);
    ports.source.put('picture.png', Buffer.from('\x89PNG and so on', 'latin1'));
    const picture = await analyse(test, { uri: 'picture.png' });
    expect(picture).toMatchObject({ status: 'failed', details: { code: 'CONTENT_BINARY' } });
    expect(triedIn(picture)).toEqual([`${FULL}@standard failed`]);
    expect(await ask<AutonomyHistory>(test, 'get_path_history')).toEqual({});
  });

  it('takes content to the fallback that the full path cannot read', async () => {
    const ports = new MemoryPorts();
    const test = await start({ ports });
    const quoted =
      'The \x93town\x94 built a \x93bridge\x94 and \x93another\x94 bridge, because it \x93likes\x94 them. ';
    ports.source.put('quotes.txt', Buffer.from(quoted.repeat(4), 'latin1'), { charset: 'iso-8859-5' });
    const result = await analyse(test, { uri: 'quotes.txt', depth: 'quick' });
    expect(triedIn(result)).toEqual([`${FULL}@quick failed`, `${FALLBACK}@quick degraded`]);
    expect(result).toMatchObject({ status: 'uncertain', metadata: { quality: 'detected' } });
    expect(autonomyReportOf(result)?.tried[0]).toMatchObject({ code: 'CONTENT_ENCODING' });
  });

  it('tells what failed on the way although the probes found nothing, and asks them again', async () => {
    const ports = new MemoryPorts();
    const test = await start({ ports });
    // There when it is probed, gone when it is needed.
    ports.knowledge.failures = [undefined, new FakePortError('KNOWLEDGE_SYNTAX')];
    const result = await analyse(test);
    expect(triedIn(result)).toEqual([`${FULL}@standard degraded`]);
    expect(result).toMatchObject({
      status: 'uncertain',
      reason: 'Stages failed: verification.',
      data: { producedBy: FALLBACK },
      metadata: { rung: 'reduced', autonomy: { missing: [], tried: [{ failedStages: ['verification'] }] } },
    });
    expect((await ask<AutonomyCapabilities>(test, 'get_capabilities')).choice.path).toBe(FALLBACK);
    const history = await ask<AutonomyHistory>(test, 'get_path_history');
    expect(history.standard?.autonomous_intelligence).toMatchObject({ runs: 1, degraded: 1 });
  });

  it('says of every path why it failed where none gave a briefing', async () => {
    const ports = new MemoryPorts();
    const test = await start({ ports });
    // UTF-16 of nothing but halves of characters.
    const halves = Array.from({ length: 400 }, (_, at) => (at % 2 === 0 ? 0x00 : 0xd8));
    ports.source.put('noise.txt', Buffer.from([0xff, 0xfe, ...halves]));
    const result = await analyse(test, { uri: 'noise.txt' });
    expect(triedIn(result)).toEqual([`${FULL}@standard failed`, `${FALLBACK}@standard failed`]);
    expect(result).toMatchObject({
      status: 'failed',
      errorCategory: 'invalid_format',
      retryable: false,
      details: { code: 'AUTONOMY_FAILED', causeCode: 'CONTENT_ENCODING' },
    });
    const { reasons } = (result as { details: { reasons: readonly string[] } }).details;
    expect(reasons.map((reason) => reason.split(':')[0])).toEqual([
      `${FULL} (standard)`,
      `${FALLBACK} (standard)`,
    ]);
    expect(await ask<AutonomyMetrics>(test, 'get_metrics')).toMatchObject({
      analyses: { failed: 1 },
      fallbacks: 1,
    });
  });

  it('refuses bad input, and bad options and probes when it is made', async () => {
    const test = await start();
    for (const params of [{ uri: '' }, { uri: 5 }, { prefer: 'luck' }, { depth: 'deepest' }, { item: -1 }]) {
      expect(await analyse(test, params)).toMatchObject({ status: 'failed', errorCategory: 'validation' });
    }
    const make = (house: House): Promise<unknown> => start(house);
    await expect(make({ options: { probeTimeoutMs: 50, totalTimeoutMs: 50 } })).rejects.toThrow(
      'probeTimeoutMs (50) and totalTimeoutMs (50) contradict each other',
    );
    await expect(make({ options: { minimumRuns: 9, historySize: 8 } })).rejects.toThrow(
      'minimumRuns (9) and historySize (8) contradict each other',
    );
    await expect(make({ options: { fallbackShare: 1 } })).rejects.toThrow('fallbackShare is 1');
    await expect(make({ probes: [{ name: 'Bad name', check: () => true }] })).rejects.toThrow('"Bad name"');
    await expect(
      make({
        probes: [
          { name: 'a', check: () => true },
          { name: 'a', check: () => true },
        ],
      }),
    ).rejects.toThrow('Two probes are called "a".');
  });

  it('asks the probes that somebody bound, and stands back where a required one says no', async () => {
    const asked: unknown[] = [];
    let isThere = false;
    const probes: AutonomyProbe[] = [
      {
        name: 'delivery',
        paths: [FULL],
        required: true,
        check: (request) => {
          asked.push(request);
          return isThere ? true : { available: false, reason: 'No channel.', fix: 'Open one.' };
        },
      },
      {
        name: 'nicety',
        check: () => {
          throw new Error('it broke');
        },
      },
    ];
    const test = await start({ probes });
    const found = await ask<AutonomyCapabilities>(test, 'get_capabilities', { uri: TALK });
    expect(found.paths[FULL]).toEqual({ canRun: false, missing: ['delivery'] });
    expect(found.choice).toMatchObject({ path: FALLBACK });
    expect(found.missing.map(({ capability, reason }) => [capability, reason])).toEqual([
      ['delivery', 'No channel.'],
      ['nicety', 'it broke'],
    ]);
    expect(asked.at(-1)).toEqual({ tenantId: 'test-tenant', scheme: 'https', depth: 'standard' });
    isThere = true;
    const again = await ask<AutonomyCapabilities>(test, 'get_capabilities', { uri: TALK, refresh: true });
    expect(again.choice).toMatchObject({ path: FULL });
  });

  it('notices by itself what goes and what comes back', async () => {
    const ports = new MemoryPorts();
    const clock = new FakeClock();
    const test = await start({ ports, clock });
    const health = () => test.host.health().orchestrators['enhanced_autonomous'];
    const changes = () =>
      test.logs.records
        .filter(({ event }) => event === 'autonomy_capability_changed')
        .map(({ fields }) => [fields['capability'], fields['available']]);
    await clock.advance(1);
    await turns();
    expect(health()).toMatchObject({ status: 'healthy' });
    ports.knowledge.failures = [new FakePortError('KNOWLEDGE_SYNTAX')];
    await clock.advance(70_000);
    expect(health()).toMatchObject({
      status: 'degraded',
      score: 70,
      message: 'knowledge_source: knowledge_syntax happened. Do something about it.',
    });
    ports.knowledge.failures = [];
    await clock.advance(70_000);
    expect(health()).toMatchObject({ status: 'healthy' });
    expect(changes()).toEqual([
      ['knowledge_source', false],
      ['knowledge_source', true],
    ]);
  });

  it('tells one progress that never goes back', async () => {
    const test = await start();
    await analyse(test);
    const ratios = test
      .eventsOf('run.progress')
      .filter(({ orchestrator }) => orchestrator === 'enhanced_autonomous')
      .map(({ ratio }) => ratio);
    expect(ratios).toEqual([...ratios].sort((a, b) => a - b));
    expect(ratios.at(-1)).toBe(1);
    expect(ratios.length).toBeGreaterThan(5);
  });
});

describe('what EnhancedAutonomousOrchestrator learns', () => {
  const runs = (outcome: string, ms: number, count: number) =>
    Array.from({ length: count }, () => ({ at: Date.UTC(2024, 0, 1), ms, outcome }));

  async function known(
    state: StateStore,
    full: readonly unknown[],
    fallback: readonly unknown[],
  ): Promise<void> {
    const at = { tenantId: 'test-tenant', collection: 'enhanced_autonomous.paths', key: 'standard' };
    await state.put(at, { formatVersion: 1, runs: { [FULL]: full, [FALLBACK]: fallback } });
  }

  it('survives a restart, belongs to its tenant, and is bounded', async () => {
    const clock = new FakeClock();
    const state = new MemoryStateStore(clock);
    const ports = new MemoryPorts();
    const options = { historySize: 3, minimumRuns: 2, historyMaxAgeMs: 600_000 };
    const test = await start({ ports, clock, state, options });
    for (let run = 0; run < 5; run += 1)
      await analyse(test, { force: true }, test.context({ tenantId: 'one' }));
    await analyse(test, { depth: 'quick' }, test.context({ tenantId: 'two' }));
    await test[Symbol.asyncDispose]();
    const again = await start({ ports, clock, state, options });
    const one = await ask<AutonomyHistory>(again, 'get_path_history', {}, 'one');
    expect(one).toEqual({
      standard: {
        autonomous_intelligence: expect.objectContaining({ runs: 3, complete: 3 }),
        fallback_autonomous: { runs: 0, complete: 0, degraded: 0, failed: 0 },
      },
    });
    expect(Object.keys(await ask<AutonomyHistory>(again, 'get_path_history', {}, 'two'))).toEqual(['quick']);
    expect(await ask<AutonomyHistory>(again, 'get_path_history', {}, 'three')).toEqual({});
    await clock.advance(600_001);
    expect(await ask<AutonomyHistory>(again, 'get_path_history', {}, 'one')).toEqual({});
  }, 30_000);

  it('passes the full path over where it usually takes longer than there is time', async () => {
    const clock = new FakeClock();
    const state = new MemoryStateStore(clock);
    await known(state, runs('complete', 60_000, 5), []);
    const test = await start({ clock, state });
    const result = await analyse(test, {}, test.context({ deadline: clock.now() + 30_000 }));
    expect(result).toMatchObject({ status: 'ok', data: { producedBy: FALLBACK } });
    expect(autonomyReportOf(result)?.why).toMatch(
      /^The full path usually takes 60000 ms \(5 runs\), and has 23\d{3} ms\.$/,
    );
    expect(autonomyReportOf(await analyse(test))?.chosen).toBe(FULL);
  });

  it('lets a preference decide by what was learnt', async () => {
    const clock = new FakeClock();
    const state = new MemoryStateStore(clock);
    await known(state, runs('failed', 9_000, 20), runs('complete', 1_000, 20));
    const test = await start({ clock, state });
    for (const prefer of ['quality', 'speed']) {
      const result = await analyse(test, { prefer, force: true });
      expect(autonomyReportOf(result)?.chosen).toBe(FALLBACK);
    }
    expect(autonomyReportOf(await analyse(test, { force: true }))?.chosen).toBe(FULL);
  });

  it('goes on without what cannot be read, leaves it as it is, and says so when asked', async () => {
    const clock = new FakeClock();
    const state = new MemoryStateStore(clock);
    const at = { tenantId: 'test-tenant', collection: 'enhanced_autonomous.paths', key: 'standard' };
    await state.put(at, { formatVersion: 99, runs: 'of the future' });
    const test = await start({ clock, state });
    const result = await analyse(test, { prefer: 'speed' });
    expect(result).toMatchObject({ status: 'ok' });
    expect(autonomyReportOf(result)?.why).toBe(
      'The full path has all it needs, and what was learnt cannot be read.',
    );
    const context = test.context();
    const said = await test.facade.orchestrate('enhanced_autonomous', context, {
      operation: 'get_path_history',
    });
    expect(said).toMatchObject({
      status: 'failed',
      errorCategory: 'corruption_error',
      details: { code: 'AUTONOMY_HISTORY_UNREADABLE' },
    });
    expect((await state.get(at))?.value).toEqual({ formatVersion: 99, runs: 'of the future' });
    expect(test.logs.records.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['path_history_unreadable', 'path_history_not_kept']),
    );
  });

  it('does not wait for a store of state that hangs longer than for a probe', async () => {
    const clock = new FakeClock();
    const state = new MemoryStateStore(clock);
    const get = state.get.bind(state);
    Object.assign(state, {
      get: (at: { readonly collection: string }) =>
        at.collection === 'enhanced_autonomous.paths' ? never() : get(at as never),
    });
    const test = await start({ clock, state, options: { probeTimeoutMs: 3_000 } });
    const begun = clock.now();
    const pending = analyse(test);
    await turns();
    await clock.advance(3_000);
    expect(await pending).toMatchObject({ status: 'ok', data: { producedBy: FULL } });
    expect(clock.now() - begun).toBe(3_000);
    // What could not be kept is given up too, so that the stop does not wait for it.
    await test[Symbol.asyncDispose]();
    expect(test.logs.records.map(({ event }) => event)).toContain('path_history_not_kept');
  });

  it('analyses while the store of state fails', async () => {
    const broken = new MemoryStateStore(new FakeClock());
    Object.assign(broken, {
      get: () => Promise.reject(new FakePortError('STATE_CLOSED', true)),
      put: () => Promise.reject(new FakePortError('STATE_CLOSED', true)),
    });
    const test = await start({ state: broken });
    expect(await analyse(test)).toMatchObject({ status: 'ok', data: { producedBy: FULL } });
    const context = test.context();
    expect(
      await test.facade.orchestrate('enhanced_autonomous', context, { operation: 'get_path_history' }),
    ).toMatchObject({ status: 'failed', retryable: true });
  });
});
