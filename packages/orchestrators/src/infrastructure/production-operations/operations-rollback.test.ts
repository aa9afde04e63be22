import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { aContext, FakeClock, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { DEPLOYMENT_DRIVERS } from '../deployment/deployment-driver.js';
import { DeploymentOrchestrator } from '../deployment/deployment-orchestrator.js';
import type { DeploymentRecord } from '../deployment/deployment-record.js';
import { SimulatedPlatform } from '../deployment/fixtures/simulated-platform.js';
import type { DeploymentServiceStatus } from '../deployment/service-status.js';
import { ResilienceOrchestrator } from '../resilience/resilience-orchestrator.js';
import { SecurityOrchestrator } from '../security/security-orchestrator.js';
import { TELEMETRY_OPTIONS } from '../telemetry/telemetry-options.js';
import { TelemetryOrchestrator } from '../telemetry/telemetry-orchestrator.js';
import type { ActionRecord } from './action-book.js';
import type { OperationsCycle } from './operations-cycle.js';
import { OPERATIONS_OPTIONS, type OperationsOptions } from './operations-options.js';
import { ProductionOperationsOrchestrator } from './production-operations-orchestrator.js';

let test: TestHost | undefined;
afterEach(async () => {
  await test?.[Symbol.asyncDispose]();
  test = undefined;
});

const ROLLBACK: OperationsOptions = {
  tenantId: 'acme',
  background: false,
  alertActions: {
    shop_errors: [
      {
        name: 'rollback_shop',
        risk: 'medium',
        description: 'Return the shop to the version before.',
        call: {
          orchestrator: 'deployment',
          params: { operation: 'rollback', service: 'shop', reason: 'The new version fails.' },
        },
        timeoutMs: 120_000,
      },
    ],
  },
};

async function start() {
  const clock = new FakeClock();
  const platform = new SimulatedPlatform(clock, { v2: { failEvery: 2 } });
  test = await TestHost.start({
    orchestrators: [
      ProductionOperationsOrchestrator,
      TelemetryOrchestrator,
      ResilienceOrchestrator,
      SecurityOrchestrator,
      DeploymentOrchestrator,
    ],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(DEPLOYMENT_DRIVERS).toConstantValue([platform]);
        bind(OPERATIONS_OPTIONS).toConstantValue(ROLLBACK);
        bind(TELEMETRY_OPTIONS).toConstantValue({
          metrics: [{ name: 'shop_error_ratio', kind: 'gauge' }],
          system: { read: () => Promise.resolve({ memory: 0.4, heapUsed: 1, rss: 1 }) },
          rules: [
            {
              id: 'shop_errors',
              when: 'last(shop_error_ratio) > 5%',
              title: 'The shop fails',
              severity: 'critical',
            },
          ],
        });
      }),
    ],
    clock,
  });
  const { facade } = test.host;
  const ask = async <T>(name: string, params: Record<string, unknown>): Promise<T> => {
    let isOver = false;
    const answer = facade
      .orchestrate<T>(name, aContext({ tenantId: 'acme', principal: { id: 'ada', scopes: [] } }), params)
      .finally(() => {
        isOver = true;
      });
    while (!isOver) await clock.advance(Math.min(1_000, clock.nextTimerIn() ?? 0));
    return StepResult.unwrap(await answer);
  };
  const cycle = (): Promise<OperationsCycle> => ask('production_operations', { operation: 'run_cycle' });
  const deploy = (version: string): Promise<DeploymentRecord> =>
    ask('deployment', { operation: 'deploy', service: 'shop', version, gates: [], soakMs: 0 });
  /** Takes what the platform has counted of the live version within some seconds to telemetry. */
  const measure = async (): Promise<number> => {
    const counted = async () => {
      const all = await ask<DeploymentServiceStatus[]>('deployment', { operation: 'status' });
      return platform.traffic
        .read({ tenantId: 'acme', environment: 'production', service: 'shop' }, { signal: aContext().signal })
        .then((counts) => counts[all[0]?.live?.version ?? '']);
    };
    const before = await counted();
    await clock.advance(10_000);
    const after = await counted();
    const requests = (after?.requests ?? 0) - (before?.requests ?? 0);
    const value = ((after?.failures ?? 0) - (before?.failures ?? 0)) / requests;
    await ask('telemetry', { operation: 'record_metric', name: 'shop_error_ratio', value });
    await ask('telemetry', { operation: 'evaluate_alerts' });
    return value;
  };
  const live = (): readonly string[] =>
    platform.status.filter(({ share }) => share > 0).map(({ version, share }) => `${version} ${share} %`);
  return { ask, cycle, deploy, measure, live, platform, clock };
}

describe('a bad version that its gates did not see', () => {
  it('is taken back by operations when its alert fires, which verifies that it helped and learns it', async () => {
    const { ask, cycle, deploy, measure, live } = await start();
    await deploy('v1');
    expect(await measure()).toBe(0);
    expect((await cycle()).autonomous_decisions).toEqual([]);
    await deploy('v2');
    expect(live()).toEqual(['v2 100 %']);
    expect(await measure()).toBeCloseTo(0.5, 1);

    const acted = await cycle();
    expect(acted.execution_results).toMatchObject([
      { state: 'done', signature: 'alert:shop_errors', action: { name: 'rollback_shop' } },
    ]);
    expect(acted.operational_state).toBe('recovering');
    expect(live()).toEqual(['v1 100 %']);
    const [back, bad] = await ask<DeploymentRecord[]>('deployment', {
      operation: 'history',
      service: 'shop',
    });
    expect([bad?.status, bad?.rolledBackBy, back?.rollbackOf]).toEqual(['rolled_back', back?.id, bad?.id]);

    expect(await measure()).toBe(0);
    expect((await cycle()).learning_results).toMatchObject([
      { state: 'verified', action: { name: 'rollback_shop' } },
    ]);
    expect(await ask('production_operations', { operation: 'get_learning' })).toEqual({
      'alert:shop_errors/rollback_shop': { tried: 1, helped: 1, confidence: 2 / 3 },
    });
    const trail = await ask<{ readonly action: string }[]>('security', { operation: 'read_audit' });
    expect(trail.map(({ action }) => action)).toEqual([
      'rollback_shop:running',
      'rollback_shop:done',
      'state_changed',
      'rollback_shop:verified',
      'state_changed',
    ]);
  });

  it('stays while the way back does not work, and the action counts as failed after its own time', async () => {
    const { ask, cycle, deploy, measure, live, platform, clock } = await start();
    await deploy('v1');
    await deploy('v2');
    await measure();
    platform.hanging.set('apply', 'polite');
    const begun = clock.now();
    expect((await cycle()).execution_results).toMatchObject([{ state: 'failed' }]);
    // The time of the action, not the minute that others have.
    expect(clock.now() - begun).toBeGreaterThanOrEqual(120_000);
    platform.hanging.clear();
    // Within the cool-down nothing is tried again; after it the same action is.
    await measure();
    expect((await cycle()).execution_results).toEqual([]);
    await clock.advance(300_000);
    await measure();
    expect((await cycle()).execution_results).toMatchObject([{ state: 'done' }]);
    expect(live()).toEqual(['v1 100 %']);
    const actions = await ask<ActionRecord[]>('production_operations', { operation: 'list_actions' });
    expect(actions.map(({ state }) => state)).toEqual(['done', 'failed']);
  });
});
