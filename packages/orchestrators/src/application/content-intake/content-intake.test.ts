import { afterEach, describe, expect, it } from '@jest/globals';
import { TestHost } from '@kapelle/core/testing';
import { AutonomousIntelligenceOrchestrator } from '../../domain/autonomous-intelligence/autonomous-intelligence-orchestrator.js';
import {
  A_TALK,
  aFeed,
  FakePortError,
  MemoryPorts,
} from '../../domain/autonomous-intelligence/fixtures/memory-ports.js';
import { FallbackAutonomousOrchestrator } from '../../domain/fallback-autonomous/fallback-autonomous-orchestrator.js';
import { ContentIntakeOrchestrator } from './content-intake-orchestrator.js';
import type { IntakeReport } from './intake-report.js';

let test: TestHost | undefined;
const ports = (): MemoryPorts => new MemoryPorts();

async function start(made: MemoryPorts): Promise<TestHost> {
  made.source.put('talk.vtt', A_TALK);
  made.source.put('again.vtt', A_TALK);
  made.source.put('empty.txt', '');
  made.source.put('feed.xml', aFeed('north', 'south', 'west'));
  test = await TestHost.start({
    orchestrators: [
      ContentIntakeOrchestrator,
      AutonomousIntelligenceOrchestrator,
      FallbackAutonomousOrchestrator,
    ],
    modules: [made.module],
  });
  return test;
}

afterEach(async () => {
  await test?.stop();
  test = undefined;
});

async function takeIn(host: TestHost, params: Record<string, unknown>): Promise<IntakeReport> {
  const result = await host.facade.orchestrate('content_intake', host.context(), params);
  if (result.status !== 'ok') throw new Error(JSON.stringify(result));
  return result.data as IntakeReport;
}

describe('ContentIntakeOrchestrator', () => {
  it('tells what became of each source, in their order, whatever happens to the others', async () => {
    const host = await start(ports());
    const sources = ['missing.txt', 'talk.vtt', 'empty.txt', 'feed.xml'];
    const report = await takeIn(host, { sources, concurrency: 1, depth: 'quick', maxItems: 2 });
    expect(report.outcomes.map(({ source, item, status }) => [source, item, status])).toEqual([
      ['missing.txt', undefined, 'failed'],
      ['talk.vtt', undefined, 'analysed'],
      ['empty.txt', undefined, 'failed'],
      ['feed.xml', 0, 'analysed'],
      ['feed.xml', 1, 'analysed'],
    ]);
    expect(report.counts).toEqual({ analysed: 3, cached: 0, reduced: 0, duplicate: 0, failed: 2 });
    expect(report.leftOut).toEqual([{ source: 'feed.xml', items: 1 }]);
    expect(report.outcomes[0]).toEqual({
      source: 'missing.txt',
      status: 'failed',
      error: 'source_not_found happened. Do something about it.',
      errorCategory: 'not_found',
      code: 'SOURCE_NOT_FOUND',
      retryable: false,
    });
    expect(report.outcomes[2]).toMatchObject({ errorCategory: 'invalid_format', code: 'CONTENT_EMPTY' });
  });

  it('analyses the same source once, and marks the same content', async () => {
    const made = ports();
    const host = await start(made);
    const report = await takeIn(host, {
      sources: ['talk.vtt', ' talk.vtt ', 'again.vtt'],
      concurrency: 1,
      depth: 'quick',
    });
    expect(report.outcomes.map(({ status }) => status)).toEqual(['analysed', 'duplicate']);
    expect(made.source.calls).toBe(2);
    expect((await takeIn(host, { sources: ['talk.vtt'], depth: 'quick' })).counts.cached).toBe(1);
    expect((await takeIn(host, { sources: ['talk.vtt'], depth: 'quick', force: true })).counts.analysed).toBe(
      1,
    );
  });

  it('tells which briefings are reduced and which were not stored', async () => {
    const made = ports();
    const host = await start(made);
    made.store.failures = [new FakePortError('STORE_FULL')];
    const { outcomes } = await takeIn(host, { sources: ['talk.vtt'], depth: 'quick' });
    expect(outcomes).toMatchObject([
      { status: 'reduced', stored: false, briefing: { producedBy: 'fallback_autonomous' } },
    ]);
  });

  it('never has more sources in work than it may', async () => {
    const made = ports();
    const host = await start(made);
    let now = 0;
    let most = 0;
    const acquire = made.source.acquire.bind(made.source);
    made.source.acquire = async (uri) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return acquire(uri);
    };
    const sources = Array.from({ length: 9 }, (_, at) => `missing ${String(at)}`);
    const report = await takeIn(host, { sources, concurrency: 3 });
    expect(report.counts.failed).toBe(9);
    expect(most).toBe(3);
    expect(host.eventsOf('run.progress').map(({ ratio }) => Math.round(ratio * 9))).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });

  it('ends when it is cancelled', async () => {
    const host = await start(ports());
    const controller = new AbortController();
    host.facade.events.on('run.progress', ({ message }) => {
      if (message === 'parse') controller.abort();
    });
    const context = host.context({ signal: controller.signal });
    const result = await host.facade.orchestrate('content_intake', context, {
      sources: ['talk.vtt', 'feed.xml'],
    });
    expect(result).toMatchObject({ status: 'failed', errorCategory: 'cancelled' });
    expect((await host.stop()).clean).toBe(true);
  });

  it.each([
    [{}],
    [{ sources: [] }],
    [{ sources: [1] }],
    [{ sources: [''] }],
    [{ sources: ['a'], concurrency: 9 }],
  ])('refuses the params %j', async (params) => {
    const host = await start(ports());
    expect(await host.facade.orchestrate('content_intake', host.context(), params)).toMatchObject({
      status: 'failed',
      errorCategory: 'validation',
    });
  });
});
