import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bestAgent, loadBalance, type RoutingCandidate, routingScore } from './agent-routing.js';
import { RESPOND_WITHIN_MS, severityOf } from './escalation-desk.js';
import { HierarchicalError } from './hierarchical-error.js';
import { riskOf } from './strategic-plan.js';
import { criticalPathOf, type GraphTask, phasesOf } from './task-graph.js';

/** Tasks each of which depends on earlier ones only, then shuffled. */
const acyclic: fc.Arbitrary<GraphTask[]> = fc
  .array(
    fc.record({
      estimatedMs: fc.integer({ min: 0, max: 1_000 }),
      priority: fc.integer({ min: 1, max: 10 }),
      picks: fc.array(fc.nat(), { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .chain((rows) => {
    const tasks = rows.map(({ estimatedMs, priority, picks }, index) => ({
      id: `t${index}`,
      estimatedMs,
      priority,
      dependencies: index === 0 ? [] : [...new Set(picks.map((pick) => `t${pick % index}`))],
    }));
    return fc.shuffledSubarray(tasks, { minLength: tasks.length, maxLength: tasks.length });
  });

/** The longest way from any beginning to the end of a task, looked for by trying all. */
function longestTo(tasks: readonly GraphTask[], id: string): number {
  const task = tasks.find((each) => each.id === id) as GraphTask;
  return task.estimatedMs + Math.max(0, ...task.dependencies.map((each) => longestTo(tasks, each)));
}

describe('phasesOf and criticalPathOf', () => {
  it('put every task once, behind what it needs and as early as that allows', () => {
    fc.assert(
      fc.property(acyclic, (tasks) => {
        const phases = phasesOf(tasks);
        const phaseOf = new Map(
          phases.flatMap((phase, index) => phase.map(({ id }) => [id, index] as const)),
        );
        expect([...phaseOf.keys()].sort()).toEqual(tasks.map(({ id }) => id).sort());
        for (const { id, dependencies } of tasks) {
          const latest = Math.max(-1, ...dependencies.map((each) => phaseOf.get(each) ?? NaN));
          expect(phaseOf.get(id)).toBe(latest + 1);
        }
      }),
    );
  });

  it('find the longest way, whose tasks follow each other and have no slack', () => {
    fc.assert(
      fc.property(acyclic, (tasks) => {
        const { path, schedule, lengthMs } = criticalPathOf(phasesOf(tasks));
        expect(lengthMs).toBe(Math.max(...tasks.map(({ id }) => longestTo(tasks, id))));
        const byId = new Map(tasks.map((task) => [task.id, task]));
        const along = path.reduce((total, id) => total + (byId.get(id)?.estimatedMs ?? NaN), 0);
        expect(along).toBe(lengthMs);
        path.forEach((id, index) => {
          expect(schedule[id]?.slackMs).toBe(0);
          if (index > 0) expect(byId.get(id)?.dependencies).toContain(path[index - 1]);
        });
        for (const { id, dependencies } of tasks) {
          expect(schedule[id]?.slackMs).toBeGreaterThanOrEqual(0);
          for (const each of dependencies) {
            expect(schedule[each]?.earliestFinishMs).toBeLessThanOrEqual(
              schedule[id]?.earliestStartMs ?? NaN,
            );
          }
        }
      }),
    );
  });

  it('report a cycle as a way that leads back, through dependencies that are there', () => {
    fc.assert(
      fc.property(acyclic, fc.nat(), (tasks, pick) => {
        // The first in order is made to depend on one that depends on it, or on itself.
        const first = phasesOf(tasks)[0]?.[0] as GraphTask;
        const reaches = (id: string): boolean =>
          id === first.id ||
          (tasks.find((each) => each.id === id)?.dependencies.some((each) => reaches(each)) ?? false);
        const behind = tasks.filter(({ id }) => reaches(id));
        const last = behind[pick % behind.length] as GraphTask;
        const cyclic = tasks.map((task) => (task === first ? { ...task, dependencies: [last.id] } : task));
        let thrown: unknown;
        try {
          phasesOf(cyclic);
        } catch (error) {
          thrown = error;
        }
        expect(thrown).toBeInstanceOf(HierarchicalError);
        const path = (thrown as HierarchicalError).details['path'] as string[];
        expect(path[0]).toBe(path.at(-1));
        expect(path.length).toBeGreaterThan(1);
        for (let index = 1; index < path.length; index += 1) {
          const from = cyclic.find(({ id }) => id === path[index - 1]);
          expect(from?.dependencies).toContain(path[index]);
        }
      }),
    );
  });
});

describe('routing', () => {
  const agent = (more: Partial<RoutingCandidate> = {}): RoutingCandidate => ({
    agentId: 'a',
    capabilities: new Set(['x']),
    load: 0,
    successes: 0,
    failures: 0,
    ...more,
  });
  const need = { capabilities: ['x'], estimatedMs: 1_000 };

  it('scores success, load, speciality and speed', () => {
    expect(routingScore(agent(), need)).toBe(120);
    expect(routingScore(agent({ capabilities: new Set(['general']) }), need)).toBe(100);
    expect(routingScore(agent({ load: 0.5 }), need)).toBe(95);
    expect(routingScore(agent({ successes: 1, failures: 3 }), need)).toBe(60);
    expect(routingScore(agent({ meanDurationMs: 999 }), need)).toBe(130);
  });

  it('gives the best that can and has room, whatever the order', () => {
    const candidate = fc.record({
      agentId: fc.string({ minLength: 1, maxLength: 3 }),
      capabilities: fc.subarray(['x', 'y', 'general']).map((each) => new Set(each)),
      load: fc.double({ min: 0, max: 1, noNaN: true }),
      successes: fc.nat(50),
      failures: fc.nat(50),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(candidate, { selector: ({ agentId }) => agentId, maxLength: 8 }),
        (agents) => {
          const best = bestAgent(agents, need);
          const able = agents.filter(
            ({ capabilities, load }) => load < 0.9 && (capabilities.has('x') || capabilities.has('general')),
          );
          expect(best === undefined).toBe(able.length === 0);
          for (const each of able) expect(best?.score).toBeGreaterThanOrEqual(routingScore(each, need));
          expect(bestAgent([...agents].reverse(), need)).toEqual(best);
        },
      ),
    );
  });

  it('measures how even loads are', () => {
    expect(loadBalance([])).toBe(1);
    expect(loadBalance([0.4, 0.4])).toBe(1);
    expect(loadBalance([0, 1])).toBe(0);
    expect(loadBalance([0, 0, 1])).toBe(0);
    expect(loadBalance([0.4, 0.6])).toBeCloseTo(0.8);
  });
});

it('calls a plan risky by its critical tasks and its dependencies', () => {
  const of = (critical: number, dependencies: number) =>
    riskOf([
      ...Array.from({ length: critical }, () => ({ priority: 8, dependencies: [] })),
      { priority: 7, dependencies: Array.from({ length: dependencies }, (_, index) => `t${index}`) },
    ]).level;
  expect([of(1, 2), of(2, 0), of(0, 3), of(3, 5), of(4, 0), of(0, 6)]).toEqual([
    'low',
    'medium',
    'medium',
    'medium',
    'high',
    'high',
  ]);
});

it('escalates by priority, with less time the more severe it is', () => {
  expect([1, 3, 4, 6, 7, 8, 9, 10].map(severityOf)).toEqual([
    'low',
    'low',
    'medium',
    'medium',
    'high',
    'high',
    'critical',
    'critical',
  ]);
  expect(RESPOND_WITHIN_MS).toEqual({
    critical: 900_000,
    high: 3_600_000,
    medium: 14_400_000,
    low: 86_400_000,
  });
});
