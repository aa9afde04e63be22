import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import {
  BaseOrchestrator,
  operation,
  type OperationContext,
  orchestrator,
  type StepResult,
} from '@kapelle/core';
import { aContext, FakeClock, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { DEPLOYMENT_OPTIONS } from './infrastructure/deployment/deployment-options.js';
import { DeploymentOrchestrator } from './infrastructure/deployment/deployment-orchestrator.js';
import { OPERATIONS_OPTIONS } from './infrastructure/production-operations/operations-options.js';
import { ProductionOperationsOrchestrator } from './infrastructure/production-operations/production-operations-orchestrator.js';
import { RESILIENCE_OPTIONS } from './infrastructure/resilience/resilience-options.js';
import { ResilienceOrchestrator } from './infrastructure/resilience/resilience-orchestrator.js';
import { SECURITY_OPTIONS } from './infrastructure/security/security-options.js';
import { SecurityOrchestrator } from './infrastructure/security/security-orchestrator.js';
import { TELEMETRY_OPTIONS } from './infrastructure/telemetry/telemetry-options.js';
import { TelemetryOrchestrator } from './infrastructure/telemetry/telemetry-orchestrator.js';

const TOKENS = {
  deployment: DEPLOYMENT_OPTIONS,
  production_operations: OPERATIONS_OPTIONS,
  resilience: RESILIENCE_OPTIONS,
  security: SECURITY_OPTIONS,
  telemetry: TELEMETRY_OPTIONS,
} as const;
type Operated = keyof typeof TOKENS;

@orchestrator('application', 'business_logic', { name: 'console' })
class Console extends BaseOrchestrator {
  @operation({ default: true })
  reset(context: OperationContext, _params: object): Promise<StepResult> {
    return context.call('resilience', { operation: 'reset', serviceName: 'mail' });
  }
}

let test: TestHost | undefined;
afterEach(async () => {
  await test?.[Symbol.asyncDispose]();
  test = undefined;
});

async function start(options: Partial<Record<Operated, unknown>>) {
  const clock = new FakeClock();
  test = await TestHost.start({
    orchestrators: [
      DeploymentOrchestrator,
      ProductionOperationsOrchestrator,
      ResilienceOrchestrator,
      SecurityOrchestrator,
      TelemetryOrchestrator,
      Console,
    ],
    modules: [
      new ContainerModule(({ bind }) => {
        for (const [name, given] of Object.entries(options)) {
          bind(TOKENS[name as Operated]).toConstantValue(given);
        }
      }),
    ],
    clock,
  });
  const { facade } = test.host;
  const call = (name: string, params: object, scopes?: readonly string[], id = 'ada') =>
    facade.orchestrate(
      name,
      aContext({ tenantId: 'acme', ...(scopes === undefined ? {} : { principal: { id, scopes } }) }),
      params,
    );
  return { clock, call };
}

describe('required scopes', () => {
  it('are none by default: whoever can call may operate', async () => {
    const { call } = await start({});
    expect(await call('security', { operation: 'block_source', source: 'eve' })).toMatchObject({
      status: 'ok',
    });
    expect(await call('production_operations', { operation: 'end_maintenance' })).toMatchObject({
      status: 'skipped',
    });
  });

  it.each<[Operated, string, object]>([
    ['deployment', 'rollback', { service: 'shop' }],
    ['production_operations', 'set_automation', { level: 'manual' }],
    ['resilience', 'reset', { serviceName: 'mail' }],
    ['security', 'unblock_source', { source: 'eve' }],
    ['telemetry', 'remove_alert_rule', { id: 'high_memory' }],
  ])('of %s are asked of whoever calls %s, before anything else', async (name, operationName, params) => {
    const { call } = await start({ [name]: { requiredScopes: { [operationName]: ['ops', 'ops:write'] } } });
    const ask = (scopes?: readonly string[], more: object = params) =>
      call(name, { operation: operationName, ...more }, scopes);
    expect(await ask(['ops'])).toMatchObject({
      status: 'failed',
      errorCategory: 'authorization',
      retryable: false,
      details: { code: 'SCOPE_MISSING', missing: ['ops:write'] },
    });
    // Who may not call does not learn which params it takes.
    expect(await ask([], {})).toMatchObject({ errorCategory: 'authorization' });
    expect(await ask()).toMatchObject({
      errorCategory: 'authentication',
      details: { code: 'SCOPE_MISSING' },
    });
    const allowed = await ask(['ops:write', 'ops', 'more']);
    expect(allowed.status === 'failed' ? allowed.errorCategory : 'none').not.toBe('authorization');
    const others = name === 'deployment' ? 'status' : undefined;
    if (others !== undefined)
      expect(await call(name, { operation: others }, [])).toMatchObject({ status: 'ok' });
  });

  it('may be for all operations but some', async () => {
    const { call } = await start({
      security: { requiredScopes: { '*': ['security'], analyze_request: [] } },
    });
    const fields = [{ name: 'q', value: 'tea' }];
    expect(await call('security', { operation: 'analyze_request', fields })).toMatchObject({ status: 'ok' });
    expect(await call('security', { fields })).toMatchObject({ status: 'ok' });
    expect(await call('security', { operation: 'get_threats' }, [])).toMatchObject({
      errorCategory: 'authorization',
    });
    expect(await call('security', { operation: 'get_threats' }, ['security'])).toMatchObject({
      status: 'ok',
    });
  });

  it('follow a principal through other orchestrators, and hold up nothing the system does by itself', async () => {
    const { call, clock } = await start({
      resilience: { requiredScopes: { reset: ['ops'], get_health_summary: ['ops'] } },
      security: { requiredScopes: { '*': ['ops'] } },
      production_operations: { tenantId: 'acme', automation: 'autonomous' },
    });
    expect(await call('console', {}, ['chat'])).toMatchObject({ details: { code: 'SCOPE_MISSING' } });
    expect(await call('console', {}, ['ops'])).toMatchObject({ errorCategory: 'not_found' });
    await call('resilience', { operation: 'isolate', serviceName: 'mail' });
    // Its own cycle resets the breaker, and writes the trail.
    for (let i = 0; i < 70; i += 1) await clock.advance(1_000);
    const actions = await call('production_operations', { operation: 'list_actions' });
    expect(actions).toMatchObject({ data: [{ action: { name: 'reset_breaker' }, state: 'done' }] });
    expect(await call('security', { operation: 'read_audit' }, ['ops'])).toMatchObject({
      data: expect.arrayContaining([expect.objectContaining({ action: 'reset_breaker:done' })]) as unknown,
    });
  });

  it('make whoever tries ten times without them a blocked source', async () => {
    const { call } = await start({ production_operations: { requiredScopes: { '*': ['ops'] } } });
    for (let i = 0; i < 10; i += 1) {
      await call('production_operations', { operation: 'set_automation', level: 'autonomous' }, [], 'eve');
    }
    expect(await call('resilience', { operation: 'get_health_summary' }, [], 'eve')).toMatchObject({
      details: { code: 'SECURITY_SOURCE_BLOCKED' },
    });
    expect(await call('security', { operation: 'get_threats' })).toMatchObject({
      data: [{ type: 'authz_violation', source: 'eve', times: 10 }],
    });
  });

  it.each<[Operated, unknown, string]>([
    ['deployment', { deplyo: ['ops'] }, 'requiredScopes names the operation "deplyo"'],
    ['security', { '*': 'ops' }, 'requiredScopes["*"] is no list of scopes'],
    ['resilience', ['ops'], 'requiredScopes is no object'],
    ['production_operations', { run_cycle: [''] }, 'requiredScopes["run_cycle"] is no list of scopes'],
  ])('of %s that cannot be are refused at the start: %j', async (name, requiredScopes, message) => {
    await expect(start({ [name]: { requiredScopes } })).rejects.toThrow(message);
  });

  it('are refused where nothing could ask for them', () => {
    const alone = new ResilienceOrchestrator({ requiredScopes: { reset: ['ops'] } });
    expect(() => alone.start()).toThrow('requiredScopes needs a facade');
  });
});
