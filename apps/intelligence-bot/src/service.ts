import {
  createOrchestrationHost,
  type Clock,
  type Interceptor,
  type Logger,
  type OrchestrationHost,
} from '@kapelle/core';
import {
  ADVANCED_BANDITS_OPTIONS,
  AdvancedBanditsOrchestrator,
  type AdvancedBanditsOptions,
  AgentTrainingOrchestrator,
  DeploymentOrchestrator,
  EnhancedAutonomousOrchestrator,
  HierarchicalOrchestrator,
  HTTP_CLIENT,
  MissionOrchestrator,
  MONITORING_OPTIONS,
  type MonitoringOptions,
  NodeHttpClient,
  ProductionOperationsOrchestrator,
  RealTimeMonitoringOrchestrator,
  ResilienceOrchestrator,
  SecurityOrchestrator,
  TELEMETRY_OPTIONS,
  type TelemetryOptions,
  TelemetryOrchestrator,
  UnifiedFeedbackOrchestrator,
} from '@kapelle/orchestrators';
import { ContainerModule } from 'inversify';
import { type Bot, ORCHESTRATORS, type Ports, portsModule } from './compose.js';
import { AnalysisDeskOrchestrator, DEPTH_DOMAIN, DESK_DEPTHS } from './desk/analysis-desk-orchestrator.js';
import { GuardedKnowledge, GuardedModel } from './guarded-ports.js';
import type { Settings } from './settings.js';

/** Everything that runs where the bot stays up: the commands that come and go need the first three alone. */
export const SERVICE_ORCHESTRATORS = [
  ...ORCHESTRATORS,
  EnhancedAutonomousOrchestrator,
  HierarchicalOrchestrator,
  MissionOrchestrator,
  AgentTrainingOrchestrator,
  AnalysisDeskOrchestrator,
  UnifiedFeedbackOrchestrator,
  AdvancedBanditsOrchestrator,
  RealTimeMonitoringOrchestrator,
  ResilienceOrchestrator,
  TelemetryOrchestrator,
  SecurityOrchestrator,
  ProductionOperationsOrchestrator,
  DeploymentOrchestrator,
] as const;

/** What else a service may be given; a test has a clock of its own. */
export interface ServiceOptions {
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly interceptors?: readonly Interceptor[];
  /** Folders that may be watched. @default none */
  readonly folders?: readonly string[];
  readonly modules?: readonly ContainerModule[];
}

const BANDITS: AdvancedBanditsOptions = {
  domains: {
    [DEPTH_DOMAIN]: {
      features: [{ name: 'source', kind: 'category' }],
      actions: DESK_DEPTHS,
      defaultAlgorithm: 'linucb',
    },
  },
};

const TELEMETRY: TelemetryOptions = {
  rules: [
    {
      id: 'reduced_analyses',
      when: 'increase(calls{orchestrator="fallback_autonomous"}[5m]) by () > 0',
      severity: 'warning',
      title: 'Analyses are made with less',
      description: 'Something that an analysis needs does not answer: see which breaker is open.',
      cooldownMs: 0,
    },
  ],
};

/** Puts the whole bot together. Nothing is opened or started yet. */
export function composeService(
  ports: Ports,
  settings: Pick<Settings, 'allowAddresses'>,
  { logger, clock, interceptors, folders = [], modules = [] }: ServiceOptions = {},
): Bot {
  // Sockets live in real time, whatever clock the orchestrators have.
  const http = new NodeHttpClient({ allowAddresses: settings.allowAddresses });
  const monitoring: MonitoringOptions = { analyst: 'analysis_desk', folders };
  const { knowledge, model } = ports;
  const resilience = (): ResilienceOrchestrator => host.container.get(ResilienceOrchestrator);
  const host: OrchestrationHost = createOrchestrationHost({
    orchestrators: SERVICE_ORCHESTRATORS,
    modules: [
      portsModule({
        ...ports,
        knowledge: new GuardedKnowledge(knowledge, resilience),
        ...(model === undefined ? {} : { model: new GuardedModel(model, resilience) }),
      }),
      new ContainerModule(({ bind }) => {
        bind(HTTP_CLIENT).toConstantValue(http);
        bind(TELEMETRY_OPTIONS).toConstantValue(TELEMETRY);
        bind(ADVANCED_BANDITS_OPTIONS).toConstantValue(BANDITS);
        bind(MONITORING_OPTIONS).toConstantValue(monitoring);
      }),
      ...modules,
    ],
    ...(logger === undefined ? {} : { logger }),
    ...(clock === undefined ? {} : { clock }),
    ...(interceptors === undefined ? {} : { interceptors }),
    // Whoever presses Ctrl-C waits for what is being analysed, but not for long.
    shutdown: { drainTimeoutMs: 5_000, hookTimeoutMs: 5_000, totalTimeoutMs: 15_000 },
  });
  return {
    host,
    close: async (reason) => {
      await host.stop(reason);
      http.close();
      await ports.store.close();
      await ports.state?.close();
    },
  };
}
