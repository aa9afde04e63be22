import 'reflect-metadata';

import { expect, it } from '@jest/globals';
import { aContext, FakeClock, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { AdvancedBanditsOrchestrator } from './application/advanced-bandits/index.js';
import { RealTimeMonitoringOrchestrator } from './application/real-time-monitoring/index.js';
import { UnifiedFeedbackOrchestrator } from './application/unified-feedback/index.js';
import { AgentTrainingOrchestrator } from './domain/agent-training/index.js';
import { AutonomousIntelligenceOrchestrator } from './domain/autonomous-intelligence/autonomous-intelligence-orchestrator.js';
import { MemoryPorts } from './domain/autonomous-intelligence/fixtures/memory-ports.js';
import { BRIEFING_STORE, CONTENT_SOURCE, KNOWLEDGE_SOURCE } from './domain/autonomous-intelligence/ports.js';
import { FallbackAutonomousOrchestrator } from './domain/fallback-autonomous/fallback-autonomous-orchestrator.js';
import { HierarchicalOrchestrator } from './domain/hierarchical/index.js';
import { MissionOrchestrator } from './domain/mission/index.js';
import { ProductionOperationsOrchestrator } from './infrastructure/production-operations/index.js';
import { SecurityOrchestrator } from './infrastructure/security/index.js';
import { TelemetryOrchestrator } from './infrastructure/telemetry/index.js';

const LOOKED_AT = [
  ...[AgentTrainingOrchestrator, HierarchicalOrchestrator, MissionOrchestrator, TelemetryOrchestrator],
  ...[SecurityOrchestrator, ProductionOperationsOrchestrator, RealTimeMonitoringOrchestrator],
  ...[UnifiedFeedbackOrchestrator, AdvancedBanditsOrchestrator],
];

/** What the other params of an operation must be for one of them to be reached. */
const VALID: Readonly<Record<string, object>> = {
  'agent_training.add_examples': { agent: 'helper', examples: [{ input: 'a b c d', expected: 'x' }] },
  'agent_training.record_interaction': { agent: 'helper', quality: 0.5, responseTimeMs: 3 },
  'agent_training.register_agent': { definition: { name: 'helper', role: 'r', goal: 'g' } },
  'hierarchical.create_orchestration_session': { name: 's', objectives: [{ id: 'a' }] },
  'telemetry.define_metric': { name: 'size', kind: 'gauge' },
  'telemetry.record_metric': { name: 'size', value: 1 },
  'security.record_audit': { actor: 'a', action: 'b', resource: 'c', decision: 'allow', reason: 'r' },
  'security.analyze_request': { fields: [{ name: 'a', value: 'b' }] },
};

const cycle: Record<string, unknown> = {};
cycle['me'] = cycle;
const RUBBISH: readonly unknown[] = [
  ...[
    null,
    Number.NaN,
    -1,
    '',
    '__proto__',
    'a\u0000b\n',
    'x'.repeat(200_000),
    [],
    {},
    [null],
    10n,
    Symbol('s'),
  ],
  ...[
    cycle,
    JSON.parse('{"__proto__":{"polluted":1}}') as unknown,
    Array.from({ length: 10_000 }, (_none, i) => i),
  ],
  {
    get a(): never {
      throw new Error('a getter');
    },
  },
];

it('every operation says of rubbish in any of its params what is wrong, and none breaks by it', async () => {
  const ports = new MemoryPorts();
  const test = await TestHost.start({
    orchestrators: [...LOOKED_AT, AutonomousIntelligenceOrchestrator, FallbackAutonomousOrchestrator],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(CONTENT_SOURCE).toConstantValue(ports.source);
        bind(BRIEFING_STORE).toConstantValue(ports.store);
        bind(KNOWLEDGE_SOURCE).toConstantValue(ports.knowledge);
      }),
    ],
    clock: new FakeClock(),
  });
  const broken: string[] = [];
  let calls = 0;
  const infos = Object.entries(test.facade.listOrchestrators()).filter(([name]) => !/autonomous/.test(name));
  expect(infos).toHaveLength(LOOKED_AT.length);
  for (const [name, { operations }] of infos) {
    for (const { name: operation, params: schema } of operations) {
      const properties = Object.keys(
        (schema as { readonly properties?: object } | undefined)?.properties ?? {},
      );
      for (const property of properties) {
        for (const value of RUBBISH) {
          const params = { operation, ...VALID[`${name}.${operation}`], [property]: value };
          const result = await test.facade.orchestrate(name, aContext({ tenantId: 'acme' }), params);
          calls += 1;
          // An error that nobody foresaw has this category.
          if (result.errorCategory === 'execution')
            broken.push(`${name}.${operation} ${property}: ${result.error ?? ''}`);
        }
      }
    }
  }
  expect(broken).toEqual([]);
  expect(calls).toBeGreaterThan(1_000);
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
  await test[Symbol.asyncDispose]();
}, 120_000);
