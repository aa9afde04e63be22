import { describe, expect, it } from '@jest/globals';

import { OrchestrationContext } from '../index.js';
import { turn, setUp } from './fixtures/verbs-host.js';

describe('the signals of a call', () => {
  it('may be listened to by many at once without a warning of a leak', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    const listen = (signal: AbortSignal): void => {
      for (let each = 0; each < 12; each += 1) signal.addEventListener('abort', () => undefined);
    };
    const other = new AbortController();
    const { run } = setUp(async (context) => {
      listen(context.signal);
      listen(context.createChildContext('subject', { signal: other.signal }).signal);
      await context.step('plain', ({ signal }) => listen(signal));
      await context.step('limited', ({ signal }) => listen(signal), { timeoutMs: 1_000 });
      await context.parallel({ branch: () => context.step('branch', ({ signal }) => listen(signal)) });
    });
    expect(await run()).toMatchObject({ status: 'ok' });
    listen(OrchestrationContext.create({ tenantId: 'acme' }).signal);
    await turn();
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });
});

describe('the other verbs', () => {
  it('know time and chance through the ports', async () => {
    const { run, clock } = setUp(
      async (context) => {
        const before = context.now();
        await context.sleep(1_500);
        return [
          context.now() - before,
          context.random(),
          typeof context.runId,
          context.orchestrator,
          context.operation,
        ];
      },
      {},
      0.25,
    );
    const answer = run();
    await clock.advance(1_500);
    expect(await answer).toMatchObject({ data: [1_500, 0.25, 'string', 'subject', 'run'] });
    for (const ms of [-1, NaN, Infinity, 'x']) {
      expect(await setUp((context) => context.sleep(ms as number)).run()).toMatchObject({
        status: 'failed',
        errorCategory: 'execution',
      });
    }
  });

  it('take an event that came before anybody waited, and arm no timer for it', async () => {
    const { run, clock, facade, named } = setUp(async (context) => {
      context.progress(0.3, 'waiting');
      await facade.runs.signal(context.runId, 'go', 'early');
      return context.waitForEvent<string>('go', { timeoutMs: 60_000 });
    });
    expect(await run()).toMatchObject({ status: 'ok', data: 'early' });
    expect(clock.pending).toBe(0);
    expect(named('run.progress')).toMatchObject([{ ratio: 0.3, message: 'waiting', tenantId: 'acme' }]);
  });
});
