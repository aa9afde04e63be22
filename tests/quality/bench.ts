import { createOrchestrationHost, OrchestrationContext, type OrchestrationHost } from '@kapelle/core';
import {
  AutonomousIntelligenceOrchestrator,
  BRIEFING_STORE,
  CONTENT_SOURCE,
  FallbackAutonomousOrchestrator,
  KNOWLEDGE_SOURCE,
  KnowledgeBase,
  parseKnowledge,
  type Briefing,
  type BriefingStore,
  type ContentSource,
  type Depth,
  type KnowledgeSource,
} from '@kapelle/orchestrators';
import { ContainerModule } from 'inversify';

/** A text to analyse, with the name its format is told by. */
export interface BenchText {
  readonly name: string;
  readonly text: string;
}

/** Keeps nothing, so that every text is analysed and memory shows the analysis alone. */
const forgetful: BriefingStore = {
  save: async () => undefined,
  get: async () => undefined,
  findByContent: async () => undefined,
  list: async () => [],
  search: async () => [],
  close: async () => undefined,
};

/** The catalogue's own orchestrator on texts in memory: what is measured is what a user of the facade gets. */
export class QualityBench {
  readonly #host: OrchestrationHost;
  readonly #texts: Map<string, string>;

  private constructor(host: OrchestrationHost, texts: Map<string, string>) {
    this.#host = host;
    this.#texts = texts;
  }

  /** Starts a host whose only knowledge are the given files of the bot's knowledge format. */
  static async start(knowledge: readonly string[]): Promise<QualityBench> {
    const texts = new Map<string, string>();
    const base = new KnowledgeBase(...knowledge.map((text) => parseKnowledge(text)));
    const source: ContentSource = {
      acquire: async (uri) => ({
        uri,
        name: uri.slice(uri.lastIndexOf('/') + 1),
        bytes: new TextEncoder().encode(texts.get(uri) ?? ''),
      }),
    };
    const known: KnowledgeSource = { load: async () => base };
    const host = createOrchestrationHost({
      orchestrators: [AutonomousIntelligenceOrchestrator, FallbackAutonomousOrchestrator],
      modules: [
        new ContainerModule(({ bind }) => {
          bind(CONTENT_SOURCE).toConstantValue(source);
          bind(BRIEFING_STORE).toConstantValue(forgetful);
          bind(KNOWLEDGE_SOURCE).toConstantValue(known);
        }),
      ],
    });
    await host.start();
    return new QualityBench(host, texts);
  }

  /** The briefing of one text; `item` picks one of a feed. Throws where the analysis fails. */
  async brief({ name, text }: BenchText, depth: Depth, item = 0): Promise<Briefing> {
    const uri = `memory://quality/${name}`;
    this.#texts.set(uri, text);
    const result = await this.#host.facade
      .client(AutonomousIntelligenceOrchestrator)
      .analyze(OrchestrationContext.create({ tenantId: 'quality' }), { uri, depth, item });
    this.#texts.delete(uri);
    if (result.status !== 'ok') throw new Error(`"${name}" was not analysed: ${JSON.stringify(result)}`);
    return result.data;
  }

  stop(): Promise<unknown> {
    return this.#host.stop('measured');
  }
}
