import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { aContext, FakeClock, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { ResilienceOrchestrator } from '../resilience/resilience-orchestrator.js';
import { SecurityOrchestrator } from '../security/security-orchestrator.js';
import { TelemetryOrchestrator } from '../telemetry/telemetry-orchestrator.js';
import { TELEMETRY_OPTIONS } from '../telemetry/telemetry-options.js';
import type { ActionRecord } from './action-book.js';
import { auditNote } from './audit-note.js';
import type { OperationsCycle } from './operations-cycle.js';
import { OPERATIONS_DRIVERS, type OperationsDriver } from './operations-driver.js';
import { OPERATIONS_OPTIONS, type OperationsOptions } from './operations-options.js';
import { ProductionOperationsOrchestrator } from './production-operations-orchestrator.js';

let test: TestHost | undefined;
afterEach(async () => {
  await test?.[Symbol.asyncDispose]();
  test = undefined;
});

async function start(options: OperationsOptions = {}, drivers: readonly OperationsDriver[] = []) {
  const clock = new FakeClock();
  test = await TestHost.start({
    orchestrators: [
      ProductionOperationsOrchestrator,
      TelemetryOrchestrator,
      ResilienceOrchestrator,
      SecurityOrchestrator,
    ],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(OPERATIONS_OPTIONS).toConstantValue({ tenantId: 'acme', ...options });
        bind(OPERATIONS_DRIVERS).toConstantValue(drivers);
        bind(TELEMETRY_OPTIONS).toConstantValue({
          metrics: [{ name: 'backlog_size', kind: 'gauge' }],
          system: { read: () => Promise.resolve({ memory: 0.4, heapUsed: 1, rss: 1 }) },
          rules: [
            {
              id: 'backlog',
              when: 'last(backlog_size) > 100',
              title: 'The backlog grows',
              severity: 'critical',
            },
          ],
        });
      }),
    ],
    clock,
  });
  const { facade } = test.host;
  const ask = async <T>(name: string, params: Record<string, unknown>): Promise<T> =>
    StepResult.unwrap(
      await facade.orchestrate<T>(
        name,
        aContext({ tenantId: 'acme', principal: { id: 'ada', scopes: [] } }),
        params,
      ),
    );
  const trail = async (): Promise<readonly string[]> =>
    (
      await ask<readonly { action: string; resource: string; decision: string }[]>('security', {
        operation: 'read_audit',
      })
    )
      .filter(({ action }) => action.includes(':'))
      .map(({ action, resource, decision }) => `${action} ${resource} ${decision}`);
  const cycle = (): Promise<OperationsCycle> => ask('production_operations', { operation: 'run_cycle' });
  return { clock, ask, cycle, trail };
}

describe('what production_operations does about alerts, and tells the audit trail', () => {
  const drain = {
    name: 'drain',
    risk: 'low',
    description: 'Drain it.',
    driver: { name: 'pump', params: {} },
  };

  it('takes an alert to the action that is named for its rule, once, until it is over', async () => {
    const runs: string[] = [];
    const { clock, ask, cycle, trail } = await start({ alertActions: { backlog: [drain as never] } }, [
      {
        name: 'pump',
        run: (_params, { idempotencyKey }) => {
          runs.push(idempotencyKey);
          return Promise.resolve({ done: true, message: 'Pumped.' });
        },
      },
    ]);
    await ask('telemetry', { operation: 'define_metric', name: 'backlog_size', kind: 'gauge' });
    const measure = async (value: number): Promise<void> => {
      await ask('telemetry', { operation: 'record_metric', name: 'backlog_size', value });
      await ask('telemetry', { operation: 'evaluate_alerts' });
    };
    await measure(20);
    expect((await cycle()).autonomous_decisions).toEqual([]);
    await measure(140);
    const [first] = (await cycle()).execution_results as [ActionRecord];
    expect(first).toMatchObject({
      signature: 'alert:backlog',
      state: 'done',
      priority: 'critical',
      evidence: ['The backlog grows: 140 now.', 'last(backlog_size) > 100'],
      message: 'Pumped.',
    });
    expect((await cycle()).execution_results).toEqual([]);
    expect(runs).toEqual([first.id]);
    await measure(5);
    await clock.advance(1_000);
    expect((await cycle()).learning_results).toMatchObject([{ id: first.id, state: 'verified' }]);
    expect(await trail()).toEqual([
      'drain:running alert:backlog allow',
      'drain:done alert:backlog allow',
      'drain:verified alert:backlog monitor',
    ]);
    expect(await ask('security', { operation: 'verify_audit' })).toMatchObject({ intact: true });
  });

  it('notes what waits, who agreed, who refused, and what failed', async () => {
    const { ask, cycle, trail } = await start({ alertActions: { backlog: [drain as never] } });
    await ask('production_operations', { operation: 'set_automation', level: 'manual' });
    await ask('telemetry', { operation: 'define_metric', name: 'backlog_size', kind: 'gauge' });
    await ask('telemetry', { operation: 'record_metric', name: 'backlog_size', value: 500 });
    await ask('telemetry', { operation: 'evaluate_alerts' });
    const [waiting] = (await cycle()).execution_results as [ActionRecord];
    await ask('production_operations', { operation: 'approve_action', id: waiting.id });
    expect(await trail()).toEqual([
      'drain:proposed alert:backlog alert',
      'drain:proposed alert:backlog alert',
      'drain:running alert:backlog allow',
      'drain:failed alert:backlog alert',
    ]);
    const lines = await ask<readonly { reason: string }[]>('security', { operation: 'read_audit' });
    expect(lines.map(({ reason }) => reason)).toEqual([
      'From supervised to manual.',
      'It waits for somebody to agree to it.',
      'ada agreed to it.',
      'The backlog grows: 500 now. last(backlog_size) > 100',
      expect.stringContaining('There is no driver "pump"') as unknown,
    ]);
  });

  it('tells when it goes better or worse, and what somebody sets', async () => {
    const { ask, cycle, clock } = await start();
    const measure = async (value: number): Promise<void> => {
      await ask('telemetry', { operation: 'record_metric', name: 'backlog_size', value });
      await ask('telemetry', { operation: 'evaluate_alerts' });
    };
    expect(await cycle()).toMatchObject({ operational_state: 'optimal', business_insights: [] });
    await measure(500);
    // One part that is bad is not made good by three that are not.
    expect(await cycle()).toMatchObject({
      operational_state: 'degraded',
      health_assessment: { parts: { performance: { score: 70 } } },
    });
    await cycle();
    await ask('production_operations', { operation: 'start_maintenance', reason: 'new disks' });
    await cycle();
    await ask('production_operations', { operation: 'end_maintenance' });
    await measure(5);
    await clock.advance(1_000);
    expect(await cycle()).toMatchObject({ operational_state: 'optimal' });
    const lines = await ask<readonly Record<string, string>[]>('security', { operation: 'read_audit' });
    expect(
      lines.map(({ actor, action, decision, reason }) => `${actor} ${action} ${decision}: ${reason}`),
    ).toEqual([
      'production_operations state_changed alert: From optimal to degraded. calls: critical; critical: backlog',
      'ada start_maintenance allow: new disks',
      'production_operations state_changed monitor: From degraded to maintenance. calls: critical; critical: backlog',
      'ada end_maintenance allow: asked for',
      'production_operations state_changed monitor: From maintenance to optimal. calls: healthy',
    ]);
  });

  it.each([
    [
      { alertActions: { backlog: [{ ...drain, timeoutMs: 10 }] } },
      'timeoutMs of the action "drain" of the alert "backlog" is 10',
    ],
    [{ alertActions: { backlog: [] } }, 'alertActions has no action for "backlog"'],
    [
      { alertActions: { backlog: [{ name: 'x', risk: 'low', description: '' }] } },
      'the action "x" of the alert "backlog" must name either a call or a driver',
    ],
  ])('refuses alert actions that cannot be taken: %j', (options, message) => {
    expect(() => new ProductionOperationsOrchestrator(options as never)).toThrow(message);
  });

  it('keeps a note within what a line of the trail may hold', () => {
    const record = {
      action: { ...drain, name: 'n'.repeat(300) },
      signature: 's'.repeat(900),
      state: 'failed',
    } as unknown as ActionRecord;
    const note = auditNote(record, 'm'.repeat(5_000));
    expect([note.action.length, note.resource.length, note.reason.length]).toEqual([200, 500, 1_000]);
    expect(auditNote({ ...record, state: 'done' }, '').reason).toBe('done');
  });
});
