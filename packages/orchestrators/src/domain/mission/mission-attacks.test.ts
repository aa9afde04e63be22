import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { type StepResult, StepResult as Result } from '@kapelle/core';
import { FakeClock, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { MemoryStateStore, STATE_STORE, type StateStore } from '../../state/index.js';
import { HierarchicalOrchestrator } from '../hierarchical/hierarchical-orchestrator.js';
import { MISSION_AGENTS, MISSION_PROBES, type MissionCapabilityProbe } from './mission-agent.js';
import { MissionOrchestrator } from './mission-orchestrator.js';
import type { Mission } from './mission-record.js';
import { MISSION_STAGES } from './mission-stages.js';
import { StageHistory } from './stage-history.js';

const hosts: TestHost[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host[Symbol.asyncDispose]();
});

async function start(
  state: StateStore = new MemoryStateStore(),
  { probes = [] as readonly MissionCapabilityProbe[], onStage = (): void => undefined } = {},
) {
  const clock = new FakeClock();
  const agent = {
    execute: () => {
      onStage();
      return { done: true };
    },
  };
  const host = await TestHost.start({
    orchestrators: [MissionOrchestrator, HierarchicalOrchestrator],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(MISSION_AGENTS).toConstantValue(
          Object.fromEntries(MISSION_STAGES.map((stage) => [stage.agent, agent])),
        );
        bind(MISSION_PROBES).toConstantValue(probes);
        bind(STATE_STORE).toConstantValue(state);
      }),
    ],
    clock,
  });
  hosts.push(host);
  const call = <T = Mission>(
    operation: string,
    params: object = {},
    tenantId = 'acme',
  ): Promise<StepResult<T>> =>
    host.facade.orchestrate<T>('mission', host.context({ tenantId }), { operation, ...params });
  const plan = async (tenantId = 'acme'): Promise<Mission> =>
    Result.unwrap(await call('plan', { description: 'A talk about rivers', depth: 'quick' }, tenantId));
  return { host, clock, call, plan };
}

describe('mission under attack', () => {
  it('does the stages of a mission once, however often it is run at the same time, also in two processes on one store', async () => {
    const state = new MemoryStateStore();
    let stages = 0;
    const onStage = (): void => {
      stages += 1;
    };
    const [one, two] = [await start(state, { onStage }), await start(state, { onStage })];
    const { missionId, plan } = await one.plan();
    const results = await Promise.all(
      Array.from({ length: 40 }, (_none, i) => (i % 2 === 0 ? one : two).call('run', { missionId })),
    );
    expect(stages).toBe(plan.stages.length);
    expect(results.filter(({ success }) => success)).toHaveLength(1);
    for (const each of [one, two]) {
      expect(await each.call('get', { missionId })).toMatchObject({ data: { status: 'completed' } });
    }
    // The session that came second was given up, not left waiting.
    const sessions = await state.list<{ status: string }>({
      tenantId: 'acme',
      collection: 'hierarchical.sessions',
    });
    expect(sessions.map(({ value }) => value.status).filter((status) => status === 'completed')).toHaveLength(
      1,
    );
    expect(sessions.every(({ value }) => ['completed', 'cancelled'].includes(value.status))).toBe(true);
  });

  it('keeps tenants apart', async () => {
    const { call, plan } = await start();
    const { missionId } = await plan('a');
    for (const operation of ['get', 'run', 'cancel']) {
      expect(await call(operation, { missionId }, 'b')).toMatchObject({ errorCategory: 'not_found' });
    }
    expect(await call('list', {}, 'b')).toMatchObject({ data: [] });
  });

  it('takes nothing for there that a probe does not say is', async () => {
    for (const answer of [undefined, null, 'yes', {}, 1]) {
      const probe = { name: 'model', critical: true, check: () => Promise.resolve(answer as never) };
      const { call } = await start(new MemoryStateStore(), { probes: [probe] });
      expect(await call('plan', { description: 'A talk', depth: 'quick' })).toMatchObject({
        status: 'failed',
        details: { code: 'MISSION_CAPABILITY_MISSING' },
      });
    }
  });

  it('plans and measures on, whatever stands in the place of its measurements, and loses none that come together', async () => {
    const state = new MemoryStateStore();
    const at = { tenantId: 'acme', collection: 'mission.stages', key: 'quick' };
    const history = new StageHistory(state);
    for (const rubbish of [
      null,
      7,
      'x',
      [],
      { formatVersion: 1, stages: { a: 'x', b: [1, null] } },
      { formatVersion: 9 },
    ]) {
      await state.put(at, rubbish);
      expect((await history.timings('acme', 'quick')).size).toBe(0);
    }
    const others = new StageHistory(state);
    await Promise.all(
      Array.from({ length: 20 }, (_none, ms) =>
        (ms % 2 === 0 ? history : others).add('acme', 'quick', new Map([['a', ms]])),
      ),
    );
    expect((await history.timings('acme', 'quick')).get('a')).toEqual({
      samples: 20,
      medianMs: 9.5,
      shortestMs: 0,
      longestMs: 19,
    });
  });

  it('takes null for a param that was not given', async () => {
    const { call, plan } = await start();
    const { missionId } = await plan();
    expect(await call('list', { limit: null, offset: null, status: null })).toMatchObject({
      data: [{ missionId }],
    });
    expect(await call('cancel', { missionId, reason: null })).toMatchObject({
      data: { status: 'cancelled' },
    });
  });

  it('answers in time where the store hangs', async () => {
    const state = new MemoryStateStore();
    const { call, clock } = await start(state);
    state.list = () => new Promise(() => undefined);
    const listed = call('list');
    await clock.advance(30_000);
    expect(await listed).toMatchObject({
      status: 'failed',
      retryable: true,
      error: expect.stringContaining('within 30000 ms') as unknown,
    });
  });
});
