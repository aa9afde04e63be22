import {
  createOrchestrationHost,
  type Logger,
  type OrchestrationFacade,
  type OrchestrationHost,
} from '@kapelle/core';
import {
  ADVANCED_BANDITS_OPTIONS,
  AdvancedBanditsOrchestrator,
  AUTONOMOUS_INTELLIGENCE_OPTIONS,
  type AutonomousIntelligenceOptions,
  AutonomousIntelligenceOrchestrator,
  BRIEFING_STORE,
  CONTENT_SOURCE,
  ContentIntakeOrchestrator,
  FallbackAutonomousOrchestrator,
  KNOWLEDGE_SOURCE,
  LANGUAGE_MODEL,
  STATE_STORE,
  UnifiedFeedbackOrchestrator,
  type BriefingStore,
  type ContentSource,
  type KnowledgeSource,
  type LanguageModel,
  type StateStore,
} from '@kapelle/orchestrators';
import { ContainerModule } from 'inversify';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import {
  FileKnowledge,
  LazyBriefingStore,
  LazyContentSource,
  LazyLanguageModel,
  LazyStateStore,
} from './lazy-ports.js';
import { banditOptions, modelRoutingModule, routedModel } from './models/model-routing.js';
import type { ModelChoice } from './models/routed-model.js';
import type { LanguageModelSettings, Settings } from './settings.js';

/** The orchestrators of the bot. */
export const ORCHESTRATORS = [
  ContentIntakeOrchestrator,
  AutonomousIntelligenceOrchestrator,
  FallbackAutonomousOrchestrator,
] as const;

/** The file of the database in the data folder. */
export const DATABASE_FILE = 'briefings.db';

/** What the bot knows for itself. */
const KNOWLEDGE_FILES = ['us-presidents.yaml', 'us-figures.yaml', 'capitals.yaml'].map((name) =>
  fileURLToPath(new URL(`../knowledge/${name}`, import.meta.url)),
);

/** What the orchestrators get from outside. */
export interface Ports {
  readonly source: ContentSource;
  readonly store: BriefingStore;
  readonly knowledge: KnowledgeSource;
  readonly model?: LanguageModel;
  /** Several of them, in the place of one: which one is asked is learnt. */
  readonly models?: readonly ModelChoice[];
  /** What must survive a restart besides the briefings; kept by the process alone without one. */
  readonly state?: StateStore;
  /** How analyses are made. */
  readonly analysis?: AutonomousIntelligenceOptions;
}

/** The bot, put together. */
export interface Bot {
  readonly host: OrchestrationHost;
  /** Stops the host and closes the store. Does nothing the second time. */
  close(reason: string): Promise<void>;
}

/** The real ports: files and the web, a database, the bot's own knowledge, and a language model where one is set. */
export function portsOf(settings: Settings, stdin?: Readable): Ports {
  const { knowledgeFile, languageModel } = settings;
  return {
    source: new LazyContentSource({
      allowAddresses: settings.allowAddresses,
      ...(stdin === undefined ? {} : { stdin }),
    }),
    store: new LazyBriefingStore(join(settings.dataFolder, DATABASE_FILE)),
    state: new LazyStateStore(join(settings.dataFolder, DATABASE_FILE)),
    knowledge: new FileKnowledge(
      knowledgeFile === undefined ? KNOWLEDGE_FILES : [...KNOWLEDGE_FILES, knowledgeFile],
    ),
    ...modelsOf(languageModel),
    // Whoever writes "--depth experimental" means it.
    analysis: {
      experimentalDepth: true,
      ...pricesOf(languageModel),
    },
  };
}

/** One model, or several. */
function modelsOf(settings: LanguageModelSettings | undefined): Pick<Ports, 'model' | 'models'> {
  if (settings === undefined) return {};
  const { baseURL, apiKey, others = [] } = settings;
  const server = { baseURL, ...(apiKey === undefined ? {} : { apiKey }) };
  if (others.length === 0) return { model: new LazyLanguageModel(settings) };
  return {
    models: [settings, ...others].map(({ model, prices }) => ({
      name: model,
      model: new LazyLanguageModel({ ...server, model }),
      ...(prices === undefined ? {} : { prices }),
    })),
  };
}

/** Of several models the dearest: a budget must hold whichever is asked. */
function pricesOf(
  settings: LanguageModelSettings | undefined,
): Pick<AutonomousIntelligenceOptions, 'prices'> {
  const known = [settings, ...(settings?.others ?? [])].flatMap((each) => each?.prices ?? []);
  if (known.length === 0) return {};
  return {
    prices: {
      inputUsdPerMillion: Math.max(...known.map(({ inputUsdPerMillion }) => inputUsdPerMillion)),
      outputUsdPerMillion: Math.max(...known.map(({ outputUsdPerMillion }) => outputUsdPerMillion)),
    },
  };
}

/** Binds the ports. */
export function portsModule({ source, store, knowledge, model, state, analysis }: Ports): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(CONTENT_SOURCE).toConstantValue(source);
    bind(BRIEFING_STORE).toConstantValue(store);
    bind(KNOWLEDGE_SOURCE).toConstantValue(knowledge);
    if (model !== undefined) bind(LANGUAGE_MODEL).toConstantValue(model);
    if (state !== undefined) bind(STATE_STORE).toConstantValue(state);
    if (analysis !== undefined) bind(AUTONOMOUS_INTELLIGENCE_OPTIONS).toConstantValue(analysis);
  });
}

/** Puts the bot together. Nothing is opened or started yet. */
export function compose(ports: Ports, logger?: Logger): Bot {
  const { models } = ports;
  const facade = (): OrchestrationFacade => host.facade;
  const host: OrchestrationHost = createOrchestrationHost({
    orchestrators:
      models === undefined
        ? ORCHESTRATORS
        : [...ORCHESTRATORS, UnifiedFeedbackOrchestrator, AdvancedBanditsOrchestrator],
    modules:
      models === undefined
        ? [portsModule(ports)]
        : [
            portsModule({ ...ports, model: routedModel(models, facade) }),
            modelRoutingModule(facade),
            new ContainerModule(({ bind }) => {
              bind(ADVANCED_BANDITS_OPTIONS).toConstantValue(banditOptions(models));
            }),
          ],
    ...(logger === undefined ? {} : { logger }),
    // Nothing of a command that was interrupted is worth waiting for.
    shutdown: { drainTimeoutMs: 2_000, hookTimeoutMs: 2_000, totalTimeoutMs: 5_000 },
  });
  return {
    host,
    close: async (reason) => {
      await host.stop(reason);
      await ports.store.close();
      await ports.state?.close();
    },
  };
}
