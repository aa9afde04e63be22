import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { type OrchestratorClass, StepResult } from '@kapelle/core';
import { FakeClock, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { MemoryStateStore, STATE_STORE, type StateStore } from '../../state/index.js';
import { AutonomousIntelligenceOrchestrator } from '../autonomous-intelligence/autonomous-intelligence-orchestrator.js';
import { A_TALK, MemoryPorts } from '../autonomous-intelligence/fixtures/memory-ports.js';
import { FallbackAutonomousOrchestrator } from '../fallback-autonomous/fallback-autonomous-orchestrator.js';
import { HierarchicalOrchestrator } from '../hierarchical/hierarchical-orchestrator.js';
import {
  MISSION_AGENTS,
  MISSION_PROBES,
  type MissionAgent,
  type MissionAgents,
  type MissionCapabilityProbe,
} from './mission-agent.js';
import { chooseDepth, MISSION_DEPTH_TABLES, MISSION_DEPTHS } from './mission-depth.js';
import { MISSION_OPTIONS, type MissionOptions } from './mission-options.js';
import { MissionOrchestrator } from './mission-orchestrator.js';
import type { Mission, MissionSummary } from './mission-record.js';
import { MISSION_STAGES, needsWithin, stagesOf } from './mission-stages.js';

const TALK = 'https://example.org/talk.vtt';

let tests: TestHost[] = [];
afterEach(async () => {
  for (const test of tests.reverse()) await test[Symbol.asyncDispose]();
  tests = [];
});

interface Setup {
  readonly options?: MissionOptions;
  readonly agents?: MissionAgents;
  readonly probes?: readonly MissionCapabilityProbe[];
  readonly state?: StateStore;
  readonly clock?: FakeClock;
  readonly orchestrators?: readonly OrchestratorClass[];
  readonly modules?: readonly ContainerModule[];
}

async function start(setup: Setup = {}) {
  const {
    options = {},
    agents = {},
    probes = [],
    clock = new FakeClock(),
    orchestrators = [],
    modules = [],
  } = setup;
  const state = setup.state ?? new MemoryStateStore(clock);
  const test = await TestHost.start({
    orchestrators: [MissionOrchestrator, HierarchicalOrchestrator, ...orchestrators],
    modules: [
      ...modules,
      new ContainerModule(({ bind }) => {
        bind(MISSION_OPTIONS).toConstantValue(options);
        bind(MISSION_AGENTS).toConstantValue(agents);
        bind(MISSION_PROBES).toConstantValue(probes);
        bind(STATE_STORE).toConstantValue(state);
      }),
    ],
    clock,
    random: () => 0.5,
  });
  tests.push(test);
  const call = <T = Mission>(
    operation: string,
    params: Record<string, unknown> = {},
    init: { readonly tenantId?: string; readonly signal?: AbortSignal } = {},
  ): Promise<StepResult<T>> =>
    test.facade.orchestrate<T>('mission', test.context(init), { operation, ...params });
  const plan = async (params: Record<string, unknown> = {}): Promise<Mission> =>
    StepResult.unwrap(await call('plan', { description: 'A talk about rivers', ...params }));
  return { test, clock, state, call, plan };
}

/** An executor for every agent; what each stage gives is its own id. */
function allAgents(own: Readonly<Record<string, MissionAgent | false>> = {}): MissionAgents {
  const names = [...new Set(MISSION_STAGES.map(({ agent }) => agent))];
  const execute: MissionAgent['execute'] = (task) => ({
    stage: task.taskId,
    from: Object.keys(task.results),
  });
  return { ...Object.fromEntries(names.map((name) => [name, { execute }])), ...own };
}

describe('the tables of a mission', () => {
  it('have the budgets, stages and dependencies of each depth', () => {
    const totals = MISSION_DEPTHS.map((depth) => {
      const sum = Object.values(MISSION_DEPTH_TABLES[depth].budgetUsd).reduce((total, usd) => total + usd, 0);
      return [depth, Number(sum.toFixed(2)), MISSION_DEPTH_TABLES[depth].crew.length, stagesOf(depth).length];
    });
    expect(totals).toEqual([
      ['quick', 0.5, 2, 4],
      ['standard', 1.5, 3, 8],
      ['deep', 3, 5, 12],
      ['comprehensive', 5, 8, 14],
      ['experimental', 10, 11, 14],
    ]);
    for (const stage of MISSION_STAGES) {
      const before = MISSION_STAGES.slice(0, MISSION_STAGES.indexOf(stage)).map(({ id }) => id);
      expect(before).toEqual(expect.arrayContaining([...stage.needs]));
    }
  });

  it('put what a missing stage needs in its place', () => {
    const standard = new Set(stagesOf('standard').map(({ id }) => id));
    expect(needsWithin('knowledge_integration', standard)).toEqual([
      'content_analysis',
      'information_verification',
      'threat_analysis',
    ]);
    expect(needsWithin('content_analysis', new Set(['mission_planning', 'content_analysis']))).toEqual([
      'mission_planning',
    ]);
  });

  it('know a depth by its beginning', () => {
    expect(
      ['exp', 'Comprehensive', 'deepest', 'quick', undefined].map((word) => chooseDepth(word, true).depth),
    ).toEqual(['experimental', 'comprehensive', 'deep', 'quick', 'standard']);
    expect(chooseDepth('experimental', false)).toMatchObject({
      depth: 'comprehensive',
      notice: expect.any(String),
    });
    expect(chooseDepth('shallow', true)).toMatchObject({
      depth: 'standard',
      notice: expect.stringContaining('"shallow"'),
    });
  });
});

describe('mission.plan', () => {
  it('plans stages with agents, priorities, budgets and time, and stores it', async () => {
    const { plan, call } = await start({ agents: allAgents() });
    const mission = await plan();
    expect(mission).toMatchObject({ status: 'planned', content: { description: 'A talk about rivers' } });
    const { plan: planned } = mission;
    expect(
      planned.stages.map(({ id, agent, priority, budgetUsd }) => [id, agent, priority, budgetUsd]),
    ).toEqual([
      ['mission_planning', 'mission_orchestrator', 'critical', 0],
      ['content_acquisition', 'acquisition_specialist', 'critical', 0.05],
      ['transcription_analysis', 'transcription_engineer', 'high', 0.3],
      ['content_analysis', 'analysis_cartographer', 'critical', 0.375],
      ['information_verification', 'verification_director', 'high', 0.4],
      ['threat_analysis', 'risk_intelligence_analyst', 'high', 0.375],
      ['knowledge_integration', 'knowledge_integrator', 'high', 0],
      ['intelligence_briefing', 'intelligence_briefing_curator', 'high', 0],
    ]);
    expect(planned).toMatchObject({
      depth: 'standard',
      degraded: false,
      leftOut: [],
      budget: {
        limitUsd: 1.5,
        plannedUsd: 1.5,
        byCategory: { analysis: 0.75, verification: 0.4, knowledge: 0 },
      },
      estimate: { source: 'table' },
      risk: { level: 'high' },
    });
    expect(planned.estimate.minutes).toBeCloseTo(3);
    expect(planned.estimate.lowMinutes).toBeCloseTo(2.4);
    expect(planned.estimate.highMinutes).toBeCloseTo(3.6);
    expect(planned.criticalPath[0]).toBe('mission_planning');
    expect(await call('get', { missionId: mission.missionId })).toMatchObject({ data: { plan: planned } });
    for (const depth of MISSION_DEPTHS) {
      const { plan: other } = await plan({ depth });
      expect(other.stages).toHaveLength(stagesOf(other.depth).length);
      expect(other.estimate.minutes).toBeCloseTo(MISSION_DEPTH_TABLES[other.depth].minutes);
    }
    expect((await plan({ depth: 'experimental' })).plan).toMatchObject({
      depth: 'comprehensive',
      warnings: [expect.stringContaining('not switched on')],
    });
  });

  it('says what is missing: refuses without the critical, leaves out what is not', async () => {
    const { call, plan } = await start({ agents: allAgents({ analysis_cartographer: false }) });
    expect(await call('plan', { description: 'x' })).toMatchObject({
      status: 'failed',
      errorCategory: 'dependency',
      details: {
        code: 'MISSION_CAPABILITY_MISSING',
        missing: [
          {
            name: 'analysis_cartographer',
            fix: 'Bind an executor for "analysis_cartographer" under MISSION_AGENTS.',
          },
        ],
      },
    });
    expect(await call('plan', {})).toMatchObject({ details: { code: 'MISSION_CONTENT_MISSING' } });

    const degraded = await start({
      agents: allAgents({ risk_intelligence_analyst: false, community_liaison: false }),
      probes: [
        { name: 'downloader', check: () => true },
        {
          name: 'search',
          agents: ['knowledge_integrator'],
          check: () => ({ available: false, reason: 'No key.', fix: 'Set one.' }),
        },
        { name: 'slow', check: () => new Promise<boolean>(() => undefined) },
        { name: 'broken', check: () => Promise.reject(new Error('boom')) },
      ],
    });
    const planning = degraded.plan({ depth: 'standard' });
    await degraded.clock.advance(5_000);
    const { plan: planned } = await planning;
    expect(planned.leftOut.map(({ stage, name }) => [stage, name])).toEqual([
      ['threat_analysis', 'risk_intelligence_analyst'],
      ['knowledge_integration', 'search'],
    ]);
    expect(planned.stages.find(({ id }) => id === 'intelligence_briefing')?.needs).toEqual([
      'content_analysis',
      'information_verification',
    ]);
    expect(planned).toMatchObject({ degraded: true, risk: { level: 'high' } });
    // All of the money of a category goes to the stages that are left of it.
    expect(planned.budget.byCategory.analysis).toBe(0.75);
    expect(planned.warnings.join('\n')).toMatch(
      /search: No key\. Set one\.[^]*slow: [^]*5000 ms[^]*broken: boom/,
    );

    const hopeless = await start({
      agents: allAgents(),
      probes: [{ name: 'network', critical: true, check: () => false }],
    });
    expect(await hopeless.call('plan', { uri: TALK })).toMatchObject({
      details: { code: 'MISSION_CAPABILITY_MISSING', missing: [{ name: 'network' }] },
    });
    await expect(plan()).rejects.toThrow('analysis_cartographer');
  });

  it('knows the built-in agents only where the orchestrator behind them is there, and what they work on', async () => {
    const alone = await start();
    const refused = await alone.call('plan', { uri: TALK });
    expect(refused).toMatchObject({
      details: { code: 'MISSION_CAPABILITY_MISSING', missing: [{ name: 'autonomous_intelligence' }] },
    });
    const withAnalyst = await start(analyst());
    expect(await withAnalyst.call('plan', { description: 'only words' })).toMatchObject({
      details: {
        missing: [
          { name: 'acquisition_specialist', reason: 'It works on uri, and the mission has description.' },
          { name: 'analysis_cartographer' },
        ],
      },
    });
    const { plan } = await withAnalyst.plan({ uri: TALK, depth: 'comp' });
    expect(plan.leftOut.map(({ name }) => name)).toEqual([
      'transcription_engineer',
      'risk_intelligence_analyst',
      'signal_recon_specialist',
      'persona_archivist',
      'system_reliability_officer',
      'community_liaison',
    ]);
  });

  it('refuses a budget of money or time that cannot be kept, and offers the deepest plan that can', async () => {
    const { call } = await start({ agents: allAgents() });
    expect(await call('plan', { description: 'x', depth: 'comp', budgetUsd: 2 })).toMatchObject({
      errorCategory: 'quota_exceeded',
      error: expect.stringContaining(
        'take the depth standard, which comes to 1.5 US dollars and 3.0 minutes',
      ),
      details: { code: 'MISSION_BUDGET_TOO_SMALL', plannedUsd: 5, offer: { depth: 'standard' } },
    });
    expect(await call('plan', { description: 'x', depth: 'deep', maxMinutes: 2.5 })).toMatchObject({
      details: { offer: { depth: 'quick' } },
    });
    const hopeless = await call('plan', { description: 'x', depth: 'quick', budgetUsd: 0.01 });
    expect(hopeless).toMatchObject({ error: expect.stringContaining('No plan is small enough.') });
    expect(hopeless.status === 'failed' && hopeless.details).not.toHaveProperty('offer');
    expect(await call('plan', { description: 'x', budgetUsd: 1.5 })).toMatchObject({ status: 'ok' });
    expect(await call('plan', { description: 'x', budgetUsd: -1 })).toMatchObject({
      errorCategory: 'validation',
    });
  });
});

describe('mission.run', () => {
  it('has every stage done in order, tells progress, gives spent beside planned, and stores it', async () => {
    const { call, test, clock } = await start({
      agents: allAgents({
        analysis_cartographer: {
          costUsd: 0.2,
          execute: async (task, run) => {
            run.spend(0.125);
            await new Promise<void>((resolve) => clock.setTimeout(resolve, 30_000));
            return { brief: task.missionContext };
          },
        },
      }),
    });
    const answer = call('run', { description: 'A talk', depth: 'quick' });
    await clock.advance(30_001);
    const result = await answer;
    expect(result).toMatchObject({
      status: 'ok',
      data: {
        status: 'completed',
        outcome: {
          plannedUsd: 0.4,
          spentUsd: 0.125,
          byCategory: {
            analysis: { plannedUsd: 0.2, spentUsd: 0.125 },
            acquisition: { plannedUsd: 0.05, spentUsd: 0 },
          },
          minutes: 0.5,
          stages: [
            { stage: 'mission_planning', status: 'completed' },
            { stage: 'content_acquisition', status: 'completed', spentUsd: 0 },
            { stage: 'transcription_analysis', status: 'completed' },
            {
              stage: 'content_analysis',
              status: 'completed',
              durationMs: 30_000,
              spentUsd: 0.125,
              plannedUsd: 0.2,
            },
          ],
        },
        outputs: {
          content_acquisition: { from: ['mission_planning'] },
          content_analysis: { brief: { depth: 'quick', content: { description: 'A talk' } } },
        },
      },
    });
    const mine = test.eventsOf('run.progress').filter(({ orchestrator }) => orchestrator === 'mission');
    expect(mine.map(({ ratio }) => ratio)).toEqual([0.25, 0.5, 0.75, 1]);
    const { missionId } = StepResult.unwrap(result);
    expect(await call('run', { missionId })).toMatchObject({
      metadata: { cached: true },
      data: { outputs: { content_analysis: {} } },
    });
    expect(await call<readonly MissionSummary[]>('list', { status: 'completed' })).toMatchObject({
      data: [{ missionId, depth: 'quick', spentUsd: 0.125, plannedUsd: 0.4 }],
    });
    expect(await call('list', {}, { tenantId: 'another' })).toMatchObject({ data: [] });
    expect(await call('get', { missionId }, { tenantId: 'another' })).toMatchObject({
      errorCategory: 'not_found',
    });
  });

  it('goes on without stages that are not critical, fails with one that is, and keeps the budget', async () => {
    const failing: MissionAgent = { execute: () => StepResult.fail('no', { errorCategory: 'validation' }) };
    const without = await start({ agents: allAgents({ risk_intelligence_analyst: failing }) });
    expect(await without.call('run', { description: 'x' })).toMatchObject({
      status: 'uncertain',
      warnings: ['The stage threat_analysis was not done: no'],
      data: { status: 'degraded', outputs: { content_analysis: {}, intelligence_briefing: {} } },
    });
    const spender: MissionAgent = { execute: (_task, run) => (run.spend(9), 'too dear') };
    const dear = await start({ agents: allAgents({ verification_director: spender }) });
    const overspent = await dear.call('run', { description: 'x' });
    expect(overspent).toMatchObject({
      status: 'uncertain',
      data: { outcome: { spentUsd: 9, plannedUsd: 1.5 } },
    });
    // What would be begun after that is not.
    expect(overspent.warnings.join()).toMatch(
      /information_verification[^]*threat_analysis[^]*intelligence_briefing/,
    );
    const failed = await start({ agents: allAgents({ acquisition_specialist: failing }) });
    expect(await failed.call('run', { description: 'x' })).toMatchObject({
      status: 'failed',
      errorCategory: 'processing',
      details: {
        code: 'MISSION_FAILED',
        mission: {
          status: 'failed',
          outcome: {
            failure: 'no',
            stages: expect.arrayContaining([
              expect.objectContaining({ stage: 'content_analysis', status: 'cancelled' }),
            ]),
          },
        },
      },
    });
  });

  it('estimates from what was measured before, across restarts', async () => {
    const clock = new FakeClock();
    const state = new MemoryStateStore(clock);
    const agents = allAgents({
      analysis_cartographer: {
        execute: () => new Promise((resolve) => clock.setTimeout(() => resolve('done'), 12_000)),
      },
    });
    const before = await start({ agents, clock, state });
    for (let round = 0; round < 2; round += 1) {
      const answer = before.call('run', { description: 'x', depth: 'quick' });
      await clock.advance(12_001);
      expect(await answer).toMatchObject({ status: 'ok' });
    }
    const after = await start({ agents, clock, state });
    const { plan } = await after.plan({ depth: 'quick' });
    expect(plan.estimate).toEqual({ minutes: 0.2, lowMinutes: 0.2, highMinutes: 0.2, source: 'measured' });
    expect(plan.stages.at(-1)).toMatchObject({
      estimateSource: 'measured',
      timing: { samples: 2, medianMs: 12_000 },
    });
    // Nothing was measured of the other stages of another depth.
    expect((await after.plan({ depth: 'deep' })).plan.estimate.source).toBe('table');
  });

  it('is cancelled by name or with its caller, for good', async () => {
    const seen: string[] = [];
    const waiting: MissionAgent = {
      execute: (task, run) =>
        new Promise((resolve) => {
          run.spend(0.01);
          seen.push(task.taskId);
          run.signal.addEventListener('abort', () => resolve(seen.push('aborted')));
        }),
    };
    const { call, clock } = await start({ agents: allAgents({ analysis_cartographer: waiting }) });
    const running = call('run', { description: 'x', depth: 'quick' });
    await clock.advance(1);
    const list = StepResult.unwrap(await call<readonly MissionSummary[]>('list'));
    const missionId = list[0]?.missionId ?? '';
    expect(await call('get', { missionId })).toMatchObject({
      data: {
        status: 'running',
        outputs: { content_acquisition: {} },
        outcome: { stages: [{}, {}, {}, { status: 'open' }] },
      },
    });
    expect(await call('run', { missionId })).toMatchObject({ details: { code: 'MISSION_RUNNING' } });
    expect(await call('cancel', { missionId, reason: 'enough' })).toMatchObject({
      data: { status: 'cancelled', spentUsd: 0.01 },
    });
    expect(await running).toMatchObject({
      errorCategory: 'cancelled',
      error: expect.stringContaining('enough'),
      details: { code: 'MISSION_CANCELLED', mission: { outcome: { failure: 'enough', spentUsd: 0.01 } } },
    });
    expect(seen).toEqual(['content_analysis', 'aborted']);
    expect(await call('run', { missionId })).toMatchObject({ details: { code: 'MISSION_OVER' } });

    const caller = new AbortController();
    const left = call('run', { description: 'y', depth: 'quick' }, { signal: caller.signal });
    await clock.advance(1);
    caller.abort();
    expect(await left).toMatchObject({ errorCategory: 'cancelled' });
    await clock.advance(10);
    expect(await call('list')).toMatchObject({
      data: [{ status: 'cancelled', spentUsd: 0.01 }, { status: 'cancelled' }],
    });
    const idle = await call('plan', { description: 'z' });
    const { missionId: planned } = StepResult.unwrap(idle);
    expect(await call('cancel', { missionId: planned })).toMatchObject({ data: { status: 'cancelled' } });
  });

  it('goes on after a restart where it was interrupted', async () => {
    const clock = new FakeClock();
    const state = new MemoryStateStore(clock);
    const ran: string[] = [];
    const note: MissionAgent['execute'] = (task) => (ran.push(task.taskId), task.taskId);
    const stuck: MissionAgent = { execute: (task) => (ran.push(task.taskId), new Promise(() => undefined)) };
    const agents = (analysis: MissionAgent): MissionAgents =>
      allAgents({ acquisition_specialist: { execute: note }, analysis_cartographer: analysis });
    const before = await start({ agents: agents(stuck), clock, state });
    const { missionId } = await before.plan({ depth: 'quick' });
    const answer = before.call('run', { missionId });
    await clock.advance(1);
    const stopping = before.test.stop();
    await clock.advance(60_000);
    await stopping;
    expect((await answer).status).toBe('failed');
    const after = await start({ agents: agents({ execute: note }), clock, state });
    expect(await after.call('get', { missionId })).toMatchObject({ data: { status: 'running' } });
    expect(await after.call('run', { missionId })).toMatchObject({
      status: 'ok',
      data: { status: 'completed' },
    });
    expect(ran).toEqual(['content_acquisition', 'content_analysis', 'content_analysis']);
    // What was done before counts.
    const told = after.test.eventsOf('run.progress').filter(({ orchestrator }) => orchestrator === 'mission');
    expect(told.map(({ ratio }) => ratio)).toEqual([1]);
  });

  it('does the stages that have a counterpart in autonomous_intelligence', async () => {
    const { call } = await start(analyst());
    const result = await call('run', { uri: TALK, depth: 'comprehensive' });
    expect(result).toMatchObject({
      status: 'uncertain',
      data: {
        status: 'degraded',
        outputs: {
          content_acquisition: { depth: 'quick', title: expect.any(String) },
          content_analysis: { depth: 'comprehensive', producedBy: 'autonomous_intelligence' },
          information_verification: {
            claims: expect.arrayContaining([expect.objectContaining({ verdict: 'supported' })]),
          },
          knowledge_integration: { related: [] },
          quality_assessment: { quality: { overall: expect.any(Number) } },
        },
      },
    });
    const { outcome, outputs } = StepResult.unwrap(result);
    expect(outcome?.stages.every(({ status }) => status === 'completed')).toBe(true);
    expect(outputs['intelligence_briefing']).toMatchObject({ claims: expect.any(Number) });
  });
});

it('keeps a bounded number of missions and says what it cannot read', async () => {
  const { call, plan, clock, state } = await start({ agents: allAgents(), options: { maxMissions: 2 } });
  const ids: string[] = [];
  for (let made = 0; made < 3; made += 1) {
    ids.push((await plan()).missionId);
    await clock.advance(10);
  }
  expect(await call('get', { missionId: ids[0] })).toMatchObject({ details: { code: 'MISSION_UNKNOWN' } });
  expect(await call('list')).toMatchObject({ data: [{ missionId: ids[2] }, { missionId: ids[1] }] });
  expect(await call('list', { limit: 1, offset: 1 })).toMatchObject({ data: [{ missionId: ids[1] }] });
  await state.put(
    { tenantId: 'test-tenant', collection: 'mission.missions', key: 'old' },
    { formatVersion: 0 },
  );
  expect(await call('get', { missionId: 'old' })).toMatchObject({ details: { code: 'MISSION_UNREADABLE' } });
  await expect(start({ options: { maxMissions: 0 } })).rejects.toThrow('maxMissions is 0');
});

function analyst(): Setup {
  const ports = new MemoryPorts();
  ports.source.put(TALK, A_TALK);
  return {
    orchestrators: [AutonomousIntelligenceOrchestrator, FallbackAutonomousOrchestrator],
    modules: [ports.module],
  };
}
