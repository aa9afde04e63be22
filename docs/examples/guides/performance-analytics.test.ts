import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, it } from '@jest/globals';
import { createOrchestrationHost } from '@kapelle/core';
import { aContext, FakeClock } from '@kapelle/core/testing';

import { InvoiceOrchestrator } from './logging.js';
import * as analytics from './performance-analytics.js';

describe('performance analytics', () => {
  it('say how things are going, alarm on the bad side, and write a page', async () => {
    const clock = new FakeClock();
    const host = createOrchestrationHost({ orchestrators: [InvoiceOrchestrator], clock });
    await host.start();
    const { analytics: made, stop } = analytics.createAnalytics(host.facade, clock);
    expect(analytics.howIsQuality(made, 'small')).toBe('nothing was observed');
    for (let minute = 0; minute < 60; minute += 1) {
      await clock.advance(60_000);
      analytics.noteQuality(made, 0.95 - 0.005 * minute, 'small');
      await host.facade.orchestrate('invoice', aContext(), { amount: minute });
      made.evaluateAlerts();
    }
    expect(analytics.howIsQuality(made, 'small')).toBe('worsening, -0.300 to -0.300 per hour');
    expect(made.activeAlerts).toMatchObject([{ metric: 'answer_quality', severity: 'critical' }]);
    expect(made.analyse('call_failure_ratio', { orchestrator: 'invoice' })).toMatchObject({ observed: 60 });
    const page = analytics.writeReport(made);
    expect(page).toContain('<h1>Answers</h1>');
    expect(page).toContain('answer_quality{model=&quot;small&quot;} is getting worse');
    stop();
    await host.stop();
  });

  it('answer probes', async () => {
    const clock = new FakeClock();
    const host = createOrchestrationHost({ orchestrators: [InvoiceOrchestrator], clock });
    await host.start();
    const { monitor, handler } = analytics.createProbes(host, clock);
    const server = createServer(handler);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${String(port)}/ready`);
    expect([response.status, await response.json()]).toEqual([200, { ready: true, status: 'healthy' }]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    monitor.stop();
    await host.stop();
  });
});
