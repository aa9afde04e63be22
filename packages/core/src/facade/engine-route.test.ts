import { describe, expect, it } from '@jest/globals';

import { StepResult } from '../index.js';
import { aContext, one, setUp } from './fixtures/call-parts.js';

describe('an engine', () => {
  const engine = (run: () => Promise<StepResult>) => ({
    name: 'test',
    capabilities: [],
    start: () => undefined,
    stop: () => undefined,
    run,
  });

  it('that throws, at once or later, is a service that is unavailable', async () => {
    for (const run of [
      (): never => {
        throw new Error('down');
      },
      () => Promise.reject(new Error('down')),
    ]) {
      const { facade } = setUp({ engine: engine(run) });
      facade.register(one('durable', () => 'in process', { durable: true }));
      expect(await facade.orchestrate('durable', aContext())).toMatchObject({
        status: 'failed',
        errorCategory: 'service_unavailable',
        retryable: true,
        cause: { message: 'down' },
      });
    }
  });

  it('that is not there leaves a durable operation in process', async () => {
    const { facade } = setUp();
    facade.register(one('durable', () => 'in process', { durable: true }));
    expect(await facade.orchestrate('durable', aContext())).toMatchObject({ data: 'in process' });
  });
});
