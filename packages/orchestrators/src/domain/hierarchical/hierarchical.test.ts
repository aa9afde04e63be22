import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { BaseOrchestrator, operation, type OperationContext, orchestrator, StepResult } from '@kapelle/core';
import { FakeClock, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { MemoryStateStore, STATE_STORE, type StateStore } from '../../state/index.js';
import { type AgentExecutor, type AgentRegistration, HIERARCHICAL_AGENTS } from './agent.js';
import { HIERARCHICAL_OPTIONS, type HierarchicalOptions } from './hierarchical-options.js';
import { HierarchicalOrchestrator } from './hierarchical-orchestrator.js';
import type { ObjectiveInput } from './objective.js';
import type { CreatedSession, RecoveredSession } from './session-answers.js';
import type { SessionMonitor, SessionOutcome } from './session-reports.js';
import type { HierarchicalStatus } from './system-status.js';

@orchestrator('domain', 'business_logic', { name: 'shouting' })
class ShoutingOrchestrator extends BaseOrchestrator {
  @operation()
  shout(context: OperationContext, params: { readonly text?: string; readonly results?: unknown }): unknown {
    return { text: params.text?.toUpperCase(), tenant: context.tenantId, results: params.results };
  }
}

let tests: TestHost[] = [];
afterEach(async () => {
  for (const test of tests.reverse()) await test[Symbol.asyncDispose]();
  tests = [];
});

interface Setup {
  readonly options?: HierarchicalOptions;
  readonly agents?: readonly AgentRegistration[];
  readonly state?: StateStore;
  readonly clock?: FakeClock;
}

async function start({ options = {}, agents = [], clock = new FakeClock(), state }: Setup = {}) {
  const store = state ?? new MemoryStateStore(clock);
  const test = await TestHost.start({
    orchestrators: [HierarchicalOrchestrator, ShoutingOrchestrator],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(HIERARCHICAL_OPTIONS).toConstantValue(options);
        bind(HIERARCHICAL_AGENTS).toConstantValue(agents);
        bind(STATE_STORE).toConstantValue(store);
      }),
    ],
    clock,
    random: () => 0.5,
  });
  tests.push(test);
  const call = async <T>(
    name: string,
    params: Record<string, unknown> = {},
    init: { readonly tenantId?: string; readonly signal?: AbortSignal } = {},
  ): Promise<StepResult<T>> =>
    test.facade.orchestrate<T>('hierarchical', test.context(init), { operation: name, ...params });
  const create = async (objectives: readonly ObjectiveInput[], more: Record<string, unknown> = {}) =>
    StepResult.unwrap(
      await call<CreatedSession>('create_orchestration_session', { name: 'A session', objectives, ...more }),
    );
  const execute = (
    sessionId: string,
    init: { readonly signal?: AbortSignal; readonly tenantId?: string } = {},
  ) => call<SessionOutcome>('execute_orchestration_session', { sessionId }, init);
  const monitor = async (sessionId: string) =>
    StepResult.unwrap(await call<SessionMonitor>('monitor_orchestration_session', { sessionId }));
  const status = async (tenantId?: string) =>
    StepResult.unwrap(
      await call<HierarchicalStatus>(
        'get_orchestration_status',
        {},
        tenantId === undefined ? {} : { tenantId },
      ),
    );
  return { test, clock, store, call, create, execute, monitor, status };
}

const failed = (category: 'service_unavailable' | 'validation'): StepResult =>
  StepResult.fail(category === 'validation' ? 'cannot be' : 'down', { errorCategory: category });

const worker = (
  agentId: string,
  execute: AgentExecutor,
  more: Partial<AgentRegistration> = {},
): AgentRegistration => ({
  agentId,
  capabilities: ['general'],
  execute,
  ...more,
});

/** Ends when the test says so; ends early with its signal. */
class Gate {
  readonly begun: string[] = [];
  readonly ended: string[] = [];
  readonly #open = new Map<string, () => void>();

  readonly execute: AgentExecutor = async (task, run) => {
    this.begun.push(task.taskId);
    await new Promise<void>((resolve) => {
      this.#open.set(task.taskId, resolve);
      run.signal.addEventListener('abort', () => {
        this.ended.push(`${task.taskId} aborted`);
        resolve();
      });
    });
    return `${task.taskId} done`;
  };

  open(...ids: string[]): void {
    for (const id of ids) this.#open.get(id)?.();
  }
}

const DIAMOND: readonly ObjectiveInput[] = [
  { id: 'a', priority: 9, estimatedDurationMs: 1_000 },
  { id: 'b', dependencies: ['a'], estimatedDurationMs: 5_000 },
  { id: 'c', dependencies: ['a'], estimatedDurationMs: 2_000, priority: 8 },
  { id: 'd', dependencies: ['b', 'c'], estimatedDurationMs: 1_000 },
];

describe('hierarchical.create_orchestration_session', () => {
  it('plans phases, the critical path, slack and risk, and says what no agent can do', async () => {
    const { create, call } = await start();
    const created = await create([...DIAMOND, { id: 'e', capabilities: ['paint'] }], { budget: { cost: 1 } });
    expect(created).toMatchObject({ status: 'idle', tasksCreated: 5, missingCapabilities: ['paint'] });
    expect(created.strategicPlan).toMatchObject({
      phases: [
        { phase: 1, taskIds: ['a', 'e'], estimatedMs: 60_000 },
        { phase: 2, taskIds: ['c', 'b'] },
        { phase: 3, taskIds: ['d'] },
      ],
      criticalPath: ['e'],
      criticalPathMs: 60_000,
      assumedEstimates: ['e'],
      risk: {
        level: 'medium',
        factors: ['2 tasks have a priority of 8 or more', '4 dependencies between tasks'],
      },
    });
    const diamond = await create(DIAMOND);
    expect(diamond.strategicPlan).toMatchObject({
      criticalPath: ['a', 'b', 'd'],
      criticalPathMs: 7_000,
      totalWorkMs: 9_000,
      schedule: { c: { earliestStartMs: 1_000, latestStartMs: 4_000, slackMs: 3_000 }, b: { slackMs: 0 } },
    });
    expect(await call('monitor_orchestration_session', { sessionId: diamond.sessionId })).toMatchObject({
      data: { status: 'idle', tasks: { pending: 4 }, isRunning: false },
    });
  });

  it('refuses a cycle with its path, unknown dependencies, double ids, what is no objective, and too small a budget', async () => {
    const { call } = await start();
    const create = (objectives: unknown, more = {}) =>
      call('create_orchestration_session', { name: 'x', objectives, ...more });
    expect(
      await create([
        { id: 'z', dependencies: ['b'] },
        { id: 'a', dependencies: ['b'] },
        { id: 'b', dependencies: ['a'] },
      ]),
    ).toMatchObject({
      errorCategory: 'validation',
      error: 'Objectives wait for each other: b → a → b. Remove one of these dependencies.',
      details: { code: 'HIERARCHICAL_CYCLE', path: ['b', 'a', 'b'] },
    });
    expect(await create([{ id: 'a', dependencies: ['x'] }])).toMatchObject({
      details: { code: 'HIERARCHICAL_OBJECTIVES_INVALID', missing: ['a → x'] },
    });
    expect(await create([{ id: 'a' }, { id: 'a' }])).toMatchObject({
      details: { code: 'HIERARCHICAL_OBJECTIVES_INVALID', duplicate: 'a' },
    });
    for (const [objectives, message] of [
      [[], 'objectives must be a list of 1 to 500 objectives'],
      [[{ id: '__proto__' }], 'objectives[0].id must be'],
      [[{ id: 'a', priority: 11 }], 'objectives[0].priority must be a whole number from 1 to 10'],
      [[{ id: 'a', input: () => 1 }], 'objectives[0].input must be JSON-like'],
    ] as const) {
      const refused = await create(objectives);
      expect(refused).toMatchObject({ status: 'failed', errorCategory: 'validation' });
      expect(JSON.stringify(refused)).toContain(message);
    }
    expect(
      await create(
        [
          { id: 'a', estimatedCost: 0.3 },
          { id: 'b', estimatedCost: 0.1 },
        ],
        { budget: { cost: 0.3 } },
      ),
    ).toMatchObject({ errorCategory: 'quota_exceeded', details: { code: 'HIERARCHICAL_BUDGET_TOO_SMALL' } });
    expect(await create(DIAMOND, { budget: { timeMs: 6_999 } })).toMatchObject({
      details: { code: 'HIERARCHICAL_BUDGET_TOO_SMALL', criticalPathMs: 7_000 },
    });
    expect(
      await create(
        [
          { id: 'a', estimatedCost: 0.1 },
          { id: 'b', estimatedCost: 0.2 },
        ],
        { budget: { cost: 0.3 } },
      ),
    ).toMatchObject({ status: 'ok' });
  });
});

describe('hierarchical.execute_orchestration_session', () => {
  it('runs what is independent side by side, in order of need, and hands results on', async () => {
    const gate = new Gate();
    const { create, execute, clock, test } = await start({ agents: [worker('w', gate.execute)] });
    const { sessionId } = await create(DIAMOND);
    const answer = execute(sessionId);
    await clock.advance(10);
    expect(gate.begun).toEqual(['a']);
    gate.open('a');
    await clock.advance(10);
    expect(gate.begun).toEqual(['a', 'c', 'b']);
    gate.open('b');
    await clock.advance(10);
    expect(gate.begun).toHaveLength(3);
    gate.open('c');
    await clock.advance(10);
    gate.open('d');
    const result = await answer;
    expect(result).toMatchObject({
      status: 'ok',
      data: {
        status: 'completed',
        executionResults: { a: { output: 'a done', attempts: 1 }, d: { output: 'd done', agentId: 'w' } },
        dependencyResolution: ['a', 'c', 'b', 'd'],
        performanceMetrics: {
          executedMs: 40,
          plannedMs: 7_000,
          attempts: 4,
          completion: { target: 0.95, actual: 1, met: true },
        },
      },
    });
    expect(test.eventsOf('run.progress').map(({ ratio }) => ratio)).toEqual([0.25, 0.5, 0.75, 1]);
    expect(await execute(sessionId)).toMatchObject({ status: 'ok', metadata: { cached: true } });
    expect(gate.begun).toHaveLength(4);
  });

  it('gives an executor its input, the results it needs and the context, and calls orchestrators within the call', async () => {
    const seen: unknown[] = [];
    const { create, execute } = await start({
      agents: [
        worker('w', (task) => (seen.push(task), StepResult.uncertain({ text: 'made' })), {
          capabilities: ['make'],
        }),
        worker('d', () => StepResult.uncertain('so', { reason: 'It was dark.' }), {
          capabilities: ['doubt'],
        }),
        worker('n', () => StepResult.uncertain('so', { warnings: ['It was far.'] }), {
          capabilities: ['near'],
        }),
        worker('p', () => StepResult.skip(`No need. ${'x'.repeat(1_000)}`), { capabilities: ['pass'] }),
        { agentId: 's', capabilities: ['shout'], calls: { orchestrator: 'shouting', operation: 'shout' } },
      ],
    });
    const { sessionId } = await create(
      [
        { id: 'make', capabilities: ['make'], input: { n: 1 }, priority: 3, description: 'Make it.' },
        { id: 'shout', capabilities: ['shout'], dependencies: ['make'], input: { text: 'hello' } },
        ...['doubt', 'near', 'pass'].map((id) => ({ id, capabilities: [id], dependencies: ['make'] })),
      ],
      { missionContext: { about: 'tests' }, workspace: 'main' },
    );
    expect(await execute(sessionId)).toMatchObject({
      status: 'uncertain',
      reason: 'Some tasks are not certain.',
      warnings: [
        '"make" is not certain.',
        '"doubt" is not certain: It was dark.',
        '"near" is not certain: It was far.',
      ],
      data: {
        executionResults: {
          make: { outcome: 'uncertain' },
          doubt: { outcome: 'uncertain', reason: 'It was dark.' },
          near: { outcome: 'uncertain', reason: 'It was far.' },
          pass: { outcome: 'skipped', reason: `No need. ${'x'.repeat(491)}` },
          shout: { output: { text: 'HELLO', tenant: 'test-tenant', results: { make: { text: 'made' } } } },
        },
      },
    });
    expect(seen).toEqual([
      {
        sessionId,
        taskId: 'make',
        title: 'make',
        description: 'Make it.',
        priority: 3,
        capabilities: ['make'],
        input: { n: 1 },
        results: {},
        missionContext: { about: 'tests' },
        workspace: 'main',
      },
    ]);
  });

  it('retries what may be helped three times, after growing pauses; not what may not; and runs the rest', async () => {
    const at: number[] = [];
    const { create, execute, clock } = await start({
      agents: [
        worker('w', (task) => {
          if (task.taskId === 'flaky')
            return (at.push(clock.monotonic()), at.length < 4 ? failed('service_unavailable') : 1);
          return task.taskId === 'broken' ? failed('validation') : 'fine';
        }),
      ],
    });
    const { sessionId } = await create([
      { id: 'flaky' },
      { id: 'broken' },
      { id: 'after', dependencies: ['broken'], optional: true },
      { id: 'far-after', dependencies: ['after'] },
      { id: 'last', dependencies: ['flaky'] },
    ]);
    const answer = execute(sessionId);
    await clock.advance(10_000);
    expect(await answer).toMatchObject({
      status: 'failed',
      errorCategory: 'processing',
      details: {
        code: 'HIERARCHICAL_SESSION_FAILED',
        outcome: {
          status: 'failed',
          failure: { error: 'cannot be', errorCategory: 'validation' },
          executionResults: {
            flaky: { status: 'completed', attempts: 4 },
            broken: { status: 'failed', attempts: 1 },
            after: {
              status: 'cancelled',
              attempts: 0,
              failure: { error: 'It needs "broken", which was not done.' },
            },
            'far-after': { status: 'cancelled', attempts: 0 },
            last: { status: 'completed' },
          },
        },
      },
    });
    // Half a second, one, two; three quarters of each with a random number of one half.
    expect(at.map((time) => time - (at[0] ?? 0))).toEqual([0, 375, 1_125, 2_625]);
  });

  it('gives up an optional task and goes on without it, and times out what takes too long', async () => {
    const gate = new Gate();
    const { create, execute, clock } = await start({
      agents: [worker('w', (task, run) => (task.taskId === 'slow' ? gate.execute(task, run) : task.results))],
    });
    const { sessionId } = await create([
      { id: 'slow', optional: true, timeoutMs: 1_000, maxRetries: 1 },
      { id: 'after', dependencies: ['slow'] },
    ]);
    const answer = execute(sessionId);
    await clock.advance(5_000);
    const result = await answer;
    expect(result).toMatchObject({
      status: 'uncertain',
      reason: 'Some tasks were given up.',
      data: {
        degraded: true,
        executionResults: {
          slow: { status: 'failed', givenUp: true, attempts: 2, failure: { errorCategory: 'timeout' } },
          after: { status: 'completed', output: {} },
        },
      },
    });
    expect(gate.ended).toEqual(['slow aborted', 'slow aborted']);
  });

  it('hands the task of an agent that has fallen silent to another one', async () => {
    const { create, execute, clock, test, monitor } = await start({
      agents: [
        worker('quiet', (_task, run) => {
          run.heartbeat();
          return new Promise(() => undefined);
        }),
        worker('spare', (task) => `${task.taskId} by spare`),
        worker(
          'telling',
          async (_task, run) => {
            for (let beat = 0; beat < 10; beat += 1) {
              run.heartbeat();
              await new Promise<void>((resolve) => clock.setTimeout(resolve, 30_000));
            }
            return 'long but alive';
          },
          { capabilities: ['long'] },
        ),
      ],
    });
    const { sessionId } = await create([{ id: 't' }, { id: 'long', capabilities: ['long'], priority: 9 }]);
    const answer = execute(sessionId);
    await clock.advance(64_000);
    expect(await monitor(sessionId)).toMatchObject({ tasks: { running: 2 }, health: { staleAgents: [] } });
    await clock.advance(2_000);
    expect(await monitor(sessionId)).toMatchObject({
      tasks: { running: 1, completed: 1 },
      health: { staleAgents: ['quiet'] },
    });
    await clock.advance(240_000);
    expect(await answer).toMatchObject({
      status: 'ok',
      data: {
        executionResults: {
          t: { output: 't by spare', attempts: 2, agentId: 'spare' },
          long: { output: 'long but alive', attempts: 1 },
        },
      },
    });
    expect(test.logs.records.filter(({ event }) => event === 'hierarchical_agent_stale')).toHaveLength(1);
  });

  it('reports a task as stuck after 300 s, escalates it, and gives advice', async () => {
    const gate = new Gate();
    const told: string[] = [];
    const { create, execute, clock, monitor } = await start({
      agents: [
        worker('w', gate.execute, { capacity: 1, capabilities: ['x'] }),
        {
          agentId: 'm',
          role: 'monitoring_agent',
          decide: ({ taskId, severity }) => (told.push(`${taskId} ${severity}`), undefined),
        },
      ],
    });
    const { sessionId } = await create([
      { id: 'a', capabilities: ['x'], priority: 9 },
      { id: 'b', capabilities: ['x'] },
      { id: 'c', dependencies: ['b'] },
    ]);
    const answer = execute(sessionId);
    await clock.advance(299_000);
    expect((await monitor(sessionId)).health.stuckTasks).toEqual([]);
    await clock.advance(7_000);
    expect(await monitor(sessionId)).toMatchObject({
      status: 'executing',
      tasks: { running: 1, ready: 1, pending: 1 },
      utilisation: 1,
      health: { stuckTasks: ['a'] },
      bottlenecks: [
        { kind: 'stuck_task', id: 'a' },
        { kind: 'waits_for_tasks', id: 'c', detail: 'b' },
        { kind: 'busy_agent', id: 'w' },
      ],
      escalations: [{ taskId: 'a', severity: 'critical', respondWithinMs: 900_000 }],
      recommendations: [
        { kind: 'performance', severity: 'high' },
        { kind: 'scaling', severity: 'medium' },
      ],
    });
    expect(told).toEqual(['a critical']);
    gate.open('a');
    await clock.advance(1);
    gate.open('b');
    await clock.advance(1);
    // Nobody but the one that can do x is there; c needs no capability and goes to it too.
    gate.open('c');
    expect(await answer).toMatchObject({ status: 'ok' });
  });

  it('asks the manager of a worker, then the supervisor, what becomes of a task that failed for good', async () => {
    let attempts = 0;
    const asked: string[] = [];
    const { create, execute, clock } = await start({
      agents: [
        worker(
          'w',
          (task) => (task.taskId === 'fixed' && (attempts += 1) > 1 ? 'now' : failed('validation')),
          { reportsTo: 'm' },
        ),
        {
          agentId: 'm',
          role: 'workflow_manager',
          reportsTo: 's',
          decide: ({ taskId }) => {
            asked.push(`m ${taskId}`);
            if (taskId === 'fixed') return 'retry';
            throw new Error('no idea');
          },
        },
        {
          agentId: 's',
          role: 'executive_supervisor',
          decide: ({ taskId }) => (asked.push(`s ${taskId}`), taskId === 'lost' ? 'give_up' : undefined),
        },
      ],
    });
    const { sessionId } = await create([{ id: 'fixed' }, { id: 'lost' }]);
    const answer = execute(sessionId);
    await clock.advance(5_000);
    expect(await answer).toMatchObject({
      status: 'uncertain',
      data: {
        executionResults: {
          fixed: { status: 'completed', attempts: 2, output: 'now' },
          lost: { status: 'failed', givenUp: true },
        },
      },
    });
    expect(asked).toEqual(['m fixed', 'm lost', 's lost']);
  });

  it('keeps the budget: sets estimates aside, charges what was spent, ends what goes beyond', async () => {
    const { create, execute, clock } = await start({
      agents: [
        worker('w', async (task, run) => {
          const { cost } = task.input as { cost: number };
          run.spend(cost);
          await new Promise<void>((resolve) => clock.setTimeout(resolve, 1_000));
          return run.signal.aborted;
        }),
      ],
    });
    const { sessionId } = await create(
      [
        { id: 'a', estimatedCost: 2, input: { cost: 3 }, priority: 9 },
        { id: 'b', estimatedCost: 1, input: { cost: 1.5 }, priority: 8 },
        { id: 'c', estimatedCost: 1, input: { cost: 0 }, priority: 7 },
      ],
      { budget: { cost: 4 } },
    );
    const answer = execute(sessionId);
    await clock.advance(5_000);
    expect(await answer).toMatchObject({
      status: 'failed',
      details: {
        outcome: {
          executionResults: {
            a: { status: 'completed', spent: 3 },
            b: { status: 'failed', spent: 1.5, failure: { code: 'HIERARCHICAL_BUDGET_EXHAUSTED' } },
            c: { status: 'failed', spent: 0, failure: { code: 'HIERARCHICAL_BUDGET_EXHAUSTED' } },
          },
          performanceMetrics: { spent: 4.5, resources: { met: true, actual: 4 / 4.5 } },
        },
      },
    });
    const gate = new Gate();
    const timed = await start({ agents: [worker('w', gate.execute)] });
    const short = await timed.create([{ id: 'a', estimatedDurationMs: 1_000 }], {
      budget: { timeMs: 1_500 },
    });
    const late = timed.execute(short.sessionId);
    await timed.clock.advance(1_600);
    expect(await late).toMatchObject({
      details: { outcome: { failure: { code: 'HIERARCHICAL_BUDGET_EXHAUSTED' } } },
    });
    expect(gate.ended).toEqual(['a aborted']);
  });

  it('fails tasks that nobody can do, that throw, or that give what cannot be stored', async () => {
    const { create, execute } = await start({
      agents: [
        worker(
          'w',
          (task) => {
            if (task.taskId === 'throws') throw new TypeError('oops');
            return { big: 1n };
          },
          { capabilities: ['x'] },
        ),
      ],
    });
    const { sessionId } = await create([
      { id: 'nobody', capabilities: ['y'] },
      { id: 'throws', capabilities: ['x'] },
      { id: 'strange', capabilities: ['x'] },
    ]);
    expect(await execute(sessionId)).toMatchObject({
      details: {
        outcome: {
          executionResults: {
            nobody: { failure: { code: 'HIERARCHICAL_NO_AGENT', errorCategory: 'dependency' } },
            throws: { failure: { error: 'oops', errorCategory: 'execution' } },
            strange: { failure: { code: 'HIERARCHICAL_OUTPUT_INVALID' } },
          },
        },
      },
    });
    expect(await execute('session_none')).toMatchObject({ errorCategory: 'not_found' });
  });

  it('runs five hundred tasks in layers, each once', async () => {
    const ran = new Map<string, number>();
    const { create, execute } = await start({
      agents: [worker('w', (task) => ran.set(task.taskId, (ran.get(task.taskId) ?? 0) + 1).size)],
    });
    const objectives = Array.from({ length: 500 }, (_, index) => ({
      id: `t${index}`,
      dependencies: index < 50 ? [] : [`t${index - 50}`, `t${index - 49}`],
    }));
    const { sessionId } = await create(objectives);
    expect(await execute(sessionId)).toMatchObject({
      status: 'ok',
      data: { performanceMetrics: { attempts: 500, completion: { actual: 1 } } },
    });
    expect([...ran.values()].every((times) => times === 1)).toBe(true);
  });

  it('shares the load of agents between sessions and keeps tenants apart', async () => {
    const gate = new Gate();
    const { create, execute, call, clock, status } = await start({
      agents: [worker('shared', gate.execute, { capacity: 2 })],
      options: { maxParallelTasks: 2 },
    });
    const one = await create([{ id: 'a1' }, { id: 'a2' }]);
    const two = await create([{ id: 'b1' }]);
    const first = execute(one.sessionId);
    const second = execute(two.sessionId);
    await clock.advance(1);
    // A load of one half has room for one more, a full one has not.
    expect(gate.begun).toEqual(['a1', 'a2']);
    expect(await execute(one.sessionId)).toMatchObject({ details: { code: 'HIERARCHICAL_SESSION_RUNNING' } });
    gate.open('a1');
    await clock.advance(1);
    expect(gate.begun).toEqual(['a1', 'a2', 'b1']);
    expect(await status()).toMatchObject({
      metrics: { tasksRunning: 2, tasksCompleted: 1 },
      agents: [{ running: 2 }],
    });
    gate.open('a2', 'b1');
    expect([(await first).status, (await second).status]).toEqual(['ok', 'ok']);

    await call(
      'register_agent',
      { agentId: 'own', capabilities: ['secret'], execute: () => 1 },
      { tenantId: 'north' },
    );
    expect((await status('north')).agents.map(({ agentId }) => agentId)).toEqual(['shared', 'own']);
    expect((await status('south')).agents.map(({ agentId }) => agentId)).toEqual(['shared']);
    expect((await status('south')).sessions).toEqual([]);
    expect(await execute(one.sessionId, { tenantId: 'north' })).toMatchObject({ errorCategory: 'not_found' });
  });
});

describe('hierarchical sessions', () => {
  it('are cancelled with their caller or by name, and go on where they were when executed again', async () => {
    const gate = new Gate();
    const { create, execute, call, clock, monitor } = await start({ agents: [worker('w', gate.execute)] });
    const { sessionId } = await create(DIAMOND);
    const caller = new AbortController();
    const answer = execute(sessionId, { signal: caller.signal });
    await clock.advance(1);
    gate.open('a');
    await clock.advance(1);
    caller.abort();
    expect(await answer).toMatchObject({ errorCategory: 'cancelled' });
    await clock.advance(1);
    expect(gate.ended).toEqual(['c aborted', 'b aborted']);
    expect(await monitor(sessionId)).toMatchObject({
      status: 'cancelled',
      tasks: { completed: 1, cancelled: 3 },
    });
    const again = execute(sessionId);
    await clock.advance(1);
    expect(gate.begun).toEqual(['a', 'c', 'b', 'c', 'b']);
    const cancelling = call('cancel_orchestration_session', { sessionId, reason: 'enough' });
    expect(await again).toMatchObject({
      errorCategory: 'cancelled',
      details: { outcome: { status: 'cancelled' } },
    });
    expect(await cancelling).toMatchObject({ data: { status: 'cancelled' } });
    const hasty = await create([{ id: 'hasty' }]);
    const [begun, ended] = await Promise.all([
      execute(hasty.sessionId),
      call('cancel_orchestration_session', { sessionId: hasty.sessionId }),
    ]);
    expect([begun.errorCategory, ended.status]).toEqual(['cancelled', 'ok']);
    expect(gate.begun).not.toContain('hasty');
    const idle = await create([{ id: 'x' }]);
    expect(await call('cancel_orchestration_session', { sessionId: idle.sessionId })).toMatchObject({
      data: { status: 'cancelled' },
    });
  });

  it('survive a restart: finished tasks are not run again, interrupted ones are, agents keep what was measured', async () => {
    const clock = new FakeClock();
    const state = new MemoryStateStore(clock);
    const gate = new Gate();
    const before = await start({ agents: [worker('w', gate.execute)], state, clock });
    const { sessionId } = await before.create(DIAMOND);
    const answer = before.execute(sessionId);
    await clock.advance(1);
    gate.open('a');
    await clock.advance(1);
    const stopping = before.test.stop();
    await clock.advance(30_000);
    await stopping;
    expect((await answer).status).toBe('failed');
    expect(gate.begun).toEqual(['a', 'c', 'b']);

    const ran: string[] = [];
    const after = await start({
      agents: [worker('w', (task) => (ran.push(task.taskId), Object.keys(task.results)))],
      state,
      clock,
    });
    expect((await after.status()).sessions).toMatchObject([{ sessionId, status: 'executing', completed: 1 }]);
    expect(await after.execute(sessionId)).toMatchObject({
      status: 'ok',
      data: { executionResults: { a: { output: 'a done', attempts: 1 }, d: { output: ['b', 'c'] } } },
    });
    expect(ran).toEqual(['c', 'b', 'd']);
    expect(await after.call('get_session_outcome', { sessionId })).toMatchObject({
      data: { executionResults: { a: { output: 'a done' } } },
    });
    expect((await after.status()).agents).toMatchObject([{ agentId: 'w', successes: 4 }]);
  });

  it('are executed by one process at a time; one that was silent for a minute loses it', async () => {
    const clock = new FakeClock();
    const state = new MemoryStateStore(clock);
    const gate = new Gate();
    const one = await start({ agents: [worker('w', gate.execute)], state, clock });
    const two = await start({ agents: [worker('w', () => 'by two')], state, clock });
    const { sessionId } = await one.create([{ id: 'a' }]);
    const first = one.execute(sessionId);
    await clock.advance(100_000);
    expect(await two.execute(sessionId)).toMatchObject({
      errorCategory: 'service_unavailable',
      retryable: true,
      details: { code: 'HIERARCHICAL_SESSION_TAKEN' },
    });
    // As if the first had died a minute ago.
    const at = { tenantId: 'test-tenant', collection: 'hierarchical.sessions', key: sessionId };
    const record = (await state.get<Record<string, unknown>>(at))?.value;
    await state.put(at, { ...record, owner: { runId: 'gone', seenAt: clock.now() - 60_001 } });
    expect(await two.execute(sessionId)).toMatchObject({
      status: 'ok',
      data: { executionResults: { a: { output: 'by two' } } },
    });
    gate.open('a');
    expect(await first).toMatchObject({ details: { code: 'HIERARCHICAL_SESSION_TAKEN' } });
  });

  it('are forgotten by number and age, never before they are over; their outputs with them', async () => {
    const { create, execute, call, clock, status, store } = await start({
      agents: [worker('w', () => 1)],
      options: { maxSessions: 2, retentionMs: 10_000 },
    });
    const ids: string[] = [];
    for (let made = 0; made < 3; made += 1) {
      const { sessionId } = await create([{ id: 'a' }]);
      await execute(sessionId);
      await clock.advance(10);
      ids.push(sessionId);
    }
    expect((await status()).sessions.map(({ sessionId }) => sessionId)).toEqual([ids[2], ids[1]]);
    const outputs = await store.list({ tenantId: 'test-tenant', collection: 'hierarchical.outputs' });
    expect(outputs.map(({ key }) => key)).toEqual([`${ids[1]}/a`, `${ids[2]}/a`]);
    await clock.advance(20_000);
    await create([{ id: 'open' }]);
    await create([{ id: 'open' }]);
    expect((await status()).counts).toMatchObject({ idle: 2, completed: 0 });
    expect(
      await call('create_orchestration_session', { name: 'one too many', objectives: [{ id: 'a' }] }),
    ).toMatchObject({ errorCategory: 'resource_exhausted', details: { code: 'HIERARCHICAL_SESSIONS_FULL' } });
  });

  it('say so when they cannot be stored or read', async () => {
    const clock = new FakeClock();
    const state = new MemoryStateStore(clock);
    let isFull = false;
    const put = state.put.bind(state);
    state.put = async (at, value, options) => {
      if (isFull) throw Object.assign(new Error('disk full'), { code: 'STATE_FULL', retryable: true });
      return put(at, value, options);
    };
    const { create, execute, call, test, status } = await start({
      agents: [worker('w', () => 1)],
      state,
      clock,
    });
    const { sessionId } = await create([{ id: 'a' }]);
    isFull = true;
    expect(await execute(sessionId)).toMatchObject({ status: 'ok' });
    expect(test.host.health().orchestrators['hierarchical']).toBeDefined();
    expect(test.logs.records.map(({ event }) => event)).toContain('hierarchical_session_not_saved');
    expect(
      await call('create_orchestration_session', { name: 'x', objectives: [{ id: 'a' }] }),
    ).toMatchObject({
      status: 'failed',
      error: 'disk full',
      details: { code: 'STATE_FULL' },
    });
    isFull = false;
    await put(
      { tenantId: 'test-tenant', collection: 'hierarchical.sessions', key: 'old' },
      { formatVersion: 0 },
    );
    expect(await execute('old')).toMatchObject({ details: { code: 'HIERARCHICAL_SESSION_UNREADABLE' } });
    expect((await status()).unreadable).toEqual(['old']);
  });
});

describe('hierarchical.handle_failure_recovery', () => {
  const recover = async (
    broken: Record<string, 'service_unavailable' | 'validation'>,
    objectives: readonly ObjectiveInput[],
    params: Record<string, unknown> = {},
  ) => {
    let isMended = false;
    const ran: string[] = [];
    const setup = await start({
      agents: [
        worker('w', (task) => {
          const category = broken[task.taskId];
          if (category !== undefined && !isMended) return failed(category);
          ran.push(task.taskId);
          return Object.keys(task.results);
        }),
      ],
    });
    const { sessionId } = await setup.create(objectives.map((each) => ({ maxRetries: 0, ...each })));
    await setup.execute(sessionId);
    isMended = params['mended'] !== false;
    ran.length = 0;
    const answer = await setup.call<RecoveredSession>('handle_failure_recovery', { sessionId, ...params });
    return { ...setup, sessionId, answer, ran };
  };

  it('runs only what failed and what waited for it, where another attempt may help', async () => {
    const { answer, ran, call, sessionId } = await recover({ b: 'service_unavailable' }, DIAMOND);
    expect(answer).toMatchObject({
      status: 'ok',
      data: {
        status: 'completed',
        analysis: {
          failed: ['b'],
          retryable: ['b'],
          cancelled: ['d'],
          categories: { service_unavailable: 1 },
        },
        strategy: { strategy: 'selective_restart', chosenBy: 'analysis' },
        taskIds: ['b', 'd'],
      },
    });
    expect(ran).toEqual(['b', 'd']);
    expect(await call('handle_failure_recovery', { sessionId })).toMatchObject({
      details: { code: 'HIERARCHICAL_RECOVERY_NEEDLESS' },
    });
  });

  it('runs everything again, where a critical task failed for good', async () => {
    const { answer, ran } = await recover({ c: 'validation' }, DIAMOND);
    expect(answer).toMatchObject({ data: { strategy: { strategy: 'full_restart' }, status: 'completed' } });
    expect(ran).toEqual(['a', 'c', 'b', 'd']);
  });

  it('goes on without what failed for good and is not critical', async () => {
    const objectives = [
      ...DIAMOND.map((each) => ({ ...each, priority: 5 })),
      { id: 'x' },
      { id: 'y', dependencies: ['x', 'd'] },
    ];
    const { answer, ran } = await recover(
      { x: 'validation' },
      objectives.map((each) => ({ estimatedDurationMs: 10, ...each })),
    );
    expect(answer).toMatchObject({
      status: 'uncertain',
      warnings: ['"x" was given up: cannot be'],
      data: { strategy: { strategy: 'graceful_degradation' }, results: { degraded: true } },
    });
    expect(ran).toEqual(['y']);
  });

  it('does what is asked for, without executing where that is asked for, and not for ever', async () => {
    const { answer, call, sessionId, execute, monitor } = await recover({ b: 'validation' }, DIAMOND, {
      strategy: 'selective_restart',
      execute: false,
      mended: false,
    });
    expect(answer).toMatchObject({
      status: 'ok',
      data: { status: 'idle', strategy: { chosenBy: 'caller' } },
    });
    expect(await monitor(sessionId)).toMatchObject({ status: 'idle', tasks: { completed: 2, pending: 2 } });
    await execute(sessionId);
    for (let round = 0; round < 2; round += 1) {
      expect(await call('handle_failure_recovery', { sessionId })).toMatchObject({ status: 'failed' });
    }
    expect(await call('handle_failure_recovery', { sessionId })).toMatchObject({
      details: { code: 'HIERARCHICAL_RECOVERY_EXHAUSTED' },
    });
  });
});

describe('hierarchical agents', () => {
  it('are registered, replaced and refused', async () => {
    const { call } = await start({ options: { maxAgents: 1 } });
    const register = (params: Record<string, unknown>) =>
      call('register_agent', { execute: () => 1, ...params });
    expect(await register({ agentId: 'a', role: 'workflow_manager' })).toMatchObject({
      data: { agentId: 'a', role: 'workflow_manager', total: 1, replaced: false },
    });
    expect(await register({ agentId: 'a' })).toMatchObject({
      data: { role: 'specialist_agent', replaced: true },
    });
    expect(await register({ agentId: 'b' })).toMatchObject({ details: { code: 'HIERARCHICAL_AGENTS_FULL' } });
    expect(await register({ agentId: 'a', calls: { orchestrator: 'x' } })).toMatchObject({
      details: { code: 'HIERARCHICAL_AGENT_INVALID' },
    });
    expect(await call('register_agent', { agentId: 'a' })).toMatchObject({
      details: { code: 'HIERARCHICAL_AGENT_INVALID' },
    });
    expect(await register({ agentId: 'a', decide: () => 'fail' })).toMatchObject({
      details: { code: 'HIERARCHICAL_AGENT_INVALID' },
    });
    expect(await register({ agentId: 'a', execute: 'no' })).toMatchObject({ errorCategory: 'validation' });
    expect(await call('record_heartbeat', { agentId: 'nobody' })).toMatchObject({
      errorCategory: 'not_found',
    });
    expect(await call('record_heartbeat', { agentId: 'a' })).toMatchObject({ status: 'ok' });
  });

  it('work elsewhere and are heard of through the operation', async () => {
    const gate = new Gate();
    const { create, execute, call, clock, status } = await start({
      agents: [worker('far', gate.execute, { heartbeats: true, capacity: 1 })],
    });
    const { sessionId } = await create([{ id: 'a', maxRetries: 1 }]);
    const answer = execute(sessionId);
    for (let minute = 0; minute < 3; minute += 1) {
      await clock.advance(50_000);
      await call('record_heartbeat', { agentId: 'far' });
    }
    expect(gate.ended).toEqual([]);
    await clock.advance(70_000);
    // It has fallen silent: the attempt ends, and nobody else is there for the next one.
    expect(await answer).toMatchObject({
      details: {
        outcome: {
          executionResults: { a: { status: 'failed', failure: { errorCategory: 'service_unavailable' } } },
        },
      },
    });
    expect((await status()).systemHealth).toEqual({ score: 0.5, status: 'unhealthy' });
  });
});

it('refuses options that are out of bounds or contradict each other', async () => {
  await expect(start({ options: { maxRetries: 4 } })).rejects.toThrow(
    'maxRetries is 4, it must be a whole number from 0 to 3.',
  );
  await expect(start({ options: { retryBaseMs: 500, retryCapMs: 100 } })).rejects.toThrow(
    'retryBaseMs (500) is above retryCapMs (100).',
  );
});
