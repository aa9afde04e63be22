import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { FakeClock, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { MemoryStateStore, STATE_STORE } from '../../state/index.js';
import type { AgentRegistration } from './agent.js';
import { HIERARCHICAL_OPTIONS, type HierarchicalOptions } from './hierarchical-options.js';
import { HierarchicalOrchestrator } from './hierarchical-orchestrator.js';
import type { SessionOutcome } from './session-reports.js';

const hosts: TestHost[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host[Symbol.asyncDispose]();
});

async function start(options: HierarchicalOptions = {}, state = new MemoryStateStore()) {
  const clock = new FakeClock();
  const host = await TestHost.start({
    orchestrators: [HierarchicalOrchestrator],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(HIERARCHICAL_OPTIONS).toConstantValue({ maxRetries: 0, ...options });
        bind(STATE_STORE).toConstantValue(state);
      }),
    ],
    clock,
  });
  hosts.push(host);
  const call = <T>(operation: string, params: object = {}, tenantId = 'acme', more = {}) =>
    host.facade.orchestrate<T>('hierarchical', host.context({ tenantId, ...more }), { operation, ...params });
  const give = async <T>(operation: string, params: object = {}, tenantId = 'acme'): Promise<T> =>
    StepResult.unwrap(await call<T>(operation, params, tenantId));
  const session = async (
    objectives: object[],
    execute: AgentRegistration['execute'],
    more = {},
  ): Promise<string> => {
    await give('register_agent', { agentId: 'worker', execute, ...more });
    const made = await give<{ sessionId: string }>('create_orchestration_session', { name: 's', objectives });
    return made.sessionId;
  };
  return { clock, state, call, give, session };
}

describe('hierarchical under attack', () => {
  it('ends an executor that never does, and one that says something after its time is not heard', async () => {
    let late: (answer: unknown) => void = () => undefined;
    const { call, session, clock, give } = await start({ taskTimeoutMs: 5_000 });
    const sessionId = await session(
      [{ id: 'a' }, { id: 'b', dependencies: ['a'] }],
      () => new Promise((resolve) => (late = resolve)),
    );
    const executed = call<SessionOutcome>('execute_orchestration_session', { sessionId });
    await clock.advance(5_000);
    expect(await executed).toMatchObject({ status: 'failed' });
    late({ done: true });
    await clock.advance(1_000);
    expect(await give('get_session_outcome', { sessionId })).toMatchObject({ status: 'failed' });
    expect(JSON.stringify(await give('get_session_outcome', { sessionId }))).not.toContain('"done":true');
  });

  it.each([
    ['a bigint', () => 10n],
    ['a cycle', () => Object.assign({}, { me: {} }, ((one: { me?: unknown }) => ((one.me = one), one))({}))],
    ['a function', () => () => 1],
    ['something too long', () => 'x'.repeat(5_000_000)],
    [
      'a hostile object',
      () => ({
        toJSON: () => {
          throw new Error('boo');
        },
      }),
    ],
  ])('takes %s of an executor for a failure', async (_what, answer) => {
    const { call, session } = await start();
    const sessionId = await session([{ id: 'a' }], answer);
    expect(await call('execute_orchestration_session', { sessionId })).toMatchObject({ status: 'failed' });
  });

  it('gives executors copies: what one changes of its work changes nothing for the next', async () => {
    const seen: unknown[] = [];
    const { give, session } = await start({ maxRetries: 1, retryBaseMs: 0 });
    const sessionId = await session(
      [
        { id: 'a', input: { n: [1] } },
        { id: 'b', dependencies: ['a'] },
        { id: 'c', dependencies: ['a'] },
      ],
      (task) => {
        seen.push(JSON.stringify([task.input ?? null, task.results]));
        const { input, results } = task as unknown as {
          input?: { n: number[] };
          results: Record<string, { list?: number[] }>;
        };
        input?.n.push(2);
        results['a']?.list?.push(9);
        return task.taskId === 'a' ? { list: [1] } : { ok: true };
      },
    );
    await give('execute_orchestration_session', { sessionId });
    expect(seen).toEqual(['[{"n":[1]},{}]', '[null,{"a":{"list":[1]}}]', '[null,{"a":{"list":[1]}}]']);
  });

  it('executes a session once, however often it is asked for at the same time', async () => {
    let runs = 0;
    const { call, session } = await start();
    const sessionId = await session([{ id: 'a' }], () => {
      runs += 1;
      return 1;
    });
    const results = await Promise.all(
      Array.from({ length: 100 }, () => call('execute_orchestration_session', { sessionId })),
    );
    expect([runs, results.filter(({ success }) => success).length]).toEqual([1, 1]);
  });

  it('asks nobody above for ever, and takes no answer that is none', async () => {
    const { call, session, clock, give } = await start({ decisionTimeoutMs: 1_000 });
    await give('register_agent', {
      agentId: 'boss',
      role: 'executive_supervisor',
      decide: () => new Promise(() => undefined),
    });
    await give('register_agent', { agentId: 'lead', role: 'workflow_manager', decide: () => '__proto__' });
    await give('register_agent', {
      agentId: 'watch',
      role: 'monitoring_agent',
      decide: () => {
        throw new Error('boo');
      },
    });
    const sessionId = await session([{ id: 'a' }], () => {
      throw new Error('no');
    });
    const executed = call('execute_orchestration_session', { sessionId });
    await clock.advance(1_000);
    expect(await executed).toMatchObject({ status: 'failed' });
  });

  it('keeps tenants apart: sessions, agents, outcomes', async () => {
    const { call, session, give } = await start();
    const sessionId = await session([{ id: 'a' }], () => 1);
    for (const operation of [
      'execute_orchestration_session',
      'monitor_orchestration_session',
      'get_session_outcome',
      'handle_failure_recovery',
      'cancel_orchestration_session',
    ]) {
      expect(await call(operation, { sessionId }, 'other')).toMatchObject({ errorCategory: 'not_found' });
    }
    expect(await call('record_heartbeat', { agentId: 'worker' }, 'other')).toMatchObject({
      errorCategory: 'not_found',
    });
    const status = JSON.stringify(await give('get_orchestration_status', {}, 'other'));
    expect(status).not.toContain(sessionId);
    expect(status).not.toContain('worker');
  });

  it('says in time that the store hangs, and executes on when it answers', async () => {
    const { call, session, clock, state, give } = await start();
    const sessionId = await session([{ id: 'a' }], () => 1);
    const get = state.get.bind(state);
    state.get = () => new Promise(() => undefined);
    const executed = call('execute_orchestration_session', { sessionId });
    await clock.advance(30_000);
    expect(await executed).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('did not answer') as unknown,
    });
    state.get = get;
    expect(await give('execute_orchestration_session', { sessionId })).toMatchObject({ status: 'completed' });
  });

  it('plans 500 objectives that all depend on each other in no time, and refuses circles and rubbish', async () => {
    const { call } = await start();
    const begun = performance.now();
    const chain = Array.from({ length: 500 }, (_none, i) => ({
      id: `t${i}`,
      dependencies: Array.from({ length: i }, (_each, n) => `t${n}`),
    }));
    expect(await call('create_orchestration_session', { name: 's', objectives: chain })).toMatchObject({
      status: 'ok',
    });
    expect(performance.now() - begun).toBeLessThan(10_000);
    for (const objectives of [
      [{ id: 'a', dependencies: ['a'] }],
      [
        { id: 'a', dependencies: ['b'] },
        { id: 'b', dependencies: ['a'] },
      ],
      [{ id: 'a', dependencies: ['constructor'] }],
      [{ id: 'a' }, { id: 'a' }],
      [{ id: '__proto__' }],
      [{ id: 'a', priority: Number.NaN }],
      [{ id: 'a', estimatedCost: Number.POSITIVE_INFINITY }],
      [{ id: 'a', timeoutMs: -1 }],
      [{ id: 'a', input: 10n }],
      Array.from({ length: 501 }, (_none, i) => ({ id: `t${i}` })),
    ]) {
      expect(await call('create_orchestration_session', { name: 's', objectives })).toMatchObject({
        errorCategory: 'validation',
      });
    }
  });
});
