import {
  createOrchestrationHost,
  type Clock,
  type Interceptor,
  type Logger,
  type OrchestrationFacade,
  type OrchestrationHost,
} from '@kapelle/core';
import {
  ADVANCED_BANDITS_OPTIONS,
  AdvancedBanditsOrchestrator,
  AGENT_RUNNER,
  AgentTrainingOrchestrator,
  DeploymentOrchestrator,
  EnhancedAutonomousOrchestrator,
  HIERARCHICAL_AGENTS,
  HierarchicalOrchestrator,
  HTTP_CLIENT,
  MISSION_AGENTS,
  MISSION_OPTIONS,
  type MissionOptions,
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
import { basename } from 'node:path';
import { type Bot, ORCHESTRATORS, type Ports, portsModule } from './compose.js';
import { AnalysisDeskOrchestrator } from './desk/analysis-desk-orchestrator.js';
import { fileKind } from './folder-files.js';
import { GuardedKnowledge, GuardedModel, MODEL_SERVICE } from './guarded-ports.js';
import { LazyContentSource } from './lazy-ports.js';
import { MISSION_MANAGERS } from './mission/mission-managers.js';
import { MISSION_TEAM } from './mission/mission-team.js';
import { banditOptions, modelRoutingModule, routedModel } from './models/model-routing.js';
import type { Settings } from './settings.js';
import { ModelAgentRunner } from './training/model-agent-runner.js';

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

// Whoever writes "--depth experimental" means it.
const MISSION: MissionOptions = { allowExperimental: true };

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
  const http = new NodeHttpClient({
    allowAddresses: settings.allowAddresses,
    userAgent: 'kapelle-intelligence-bot',
  });
  const monitoring: MonitoringOptions = {
    analyst: 'analysis_desk',
    folders,
    passOver: (path) => fileKind(basename(path)) !== 'content',
  };
  const { knowledge, models, source } = ports;
  const facade = (): OrchestrationFacade => host.facade;
  const resilience = (): ResilienceOrchestrator => host.container.get(ResilienceOrchestrator);
  const guarded = models?.map((each) => ({
    ...each,
    model: new GuardedModel(each.model, resilience, `${MODEL_SERVICE}:${each.name}`),
  }));
  const model =
    guarded !== undefined
      ? routedModel(guarded, facade, clock)
      : ports.model && new GuardedModel(ports.model, resilience);
  const host: OrchestrationHost = createOrchestrationHost({
    orchestrators: SERVICE_ORCHESTRATORS,
    modules: [
      portsModule({
        ...ports,
        source: source instanceof LazyContentSource ? source.through(http) : source,
        knowledge: new GuardedKnowledge(knowledge, resilience),
        ...(model === undefined ? {} : { model }),
      }),
      new ContainerModule(({ bind }) => {
        bind(HTTP_CLIENT).toConstantValue(http);
        bind(TELEMETRY_OPTIONS).toConstantValue(TELEMETRY);
        bind(ADVANCED_BANDITS_OPTIONS).toConstantValue(banditOptions(models));
        if (model !== undefined) bind(AGENT_RUNNER).toConstantValue(new ModelAgentRunner(model));
        bind(HIERARCHICAL_AGENTS).toConstantValue(MISSION_MANAGERS);
        bind(MISSION_AGENTS).toConstantValue(MISSION_TEAM);
        bind(MISSION_OPTIONS).toConstantValue(MISSION);
        bind(MONITORING_OPTIONS).toConstantValue(monitoring);
      }),
      ...(models === undefined ? [] : [modelRoutingModule(facade)]),
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
