import type { OrchestrationFacade } from '@kapelle/core';
import type {
  BriefingStore,
  ContentSource,
  KnowledgeSource,
  LanguageModel,
} from '../autonomous-intelligence/ports.js';
import { AUTONOMY_PATHS, type AutonomyPath } from './autonomy-path.js';
import type {
  AutonomyCapability,
  AutonomyProbe,
  AutonomyProbeAnswer,
  BoundProbe,
  ProbeablePort,
} from './autonomy-probe.js';

/** The ports that the paths use, as far as they are bound. */
export interface AutonomyPorts {
  readonly source: ContentSource | undefined;
  readonly store: BriefingStore | undefined;
  readonly knowledge: KnowledgeSource | undefined;
  readonly model: LanguageModel | undefined;
  readonly facade: OrchestrationFacade | undefined;
}

type Lack = NonNullable<AutonomyCapability['lack']>;

/** The probes of the ports, and those that somebody bound; the latter stand for built-in ones of the same name. */
export function probesOf(ports: AutonomyPorts, bound: readonly AutonomyProbe[]): readonly BoundProbe[] {
  const byName = new Map<string, BoundProbe>(portProbes(ports).map((probe) => [probe.name, probe]));
  for (const probe of bound) byName.set(probe.name, ownProbe(probe));
  return [...byName.values()];
}

function portProbes({ source, store, knowledge, model, facade }: AutonomyPorts): readonly BoundProbe[] {
  return [
    ...AUTONOMY_PATHS.map((path) => pathProbe(path, facade)),
    {
      name: 'content_source',
      keyOf: ({ scheme = '' }) => scheme,
      check: async ({ scheme }, signal) =>
        source === undefined
          ? unbound('CONTENT_SOURCE', 'content source')
          : sourceLack(source, scheme, signal),
    },
    {
      name: 'briefing_store',
      // The question is asked in the tenant's name, and so is the answer its own.
      keyOf: ({ tenantId }) => tenantId,
      check: async ({ tenantId }) => {
        if (store === undefined) return unbound('BRIEFING_STORE', 'briefing store');
        await store.list(tenantId, { limit: 1, offset: 0 });
        return undefined;
      },
    },
    {
      name: 'knowledge_source',
      keyOf: () => '',
      check: async (_request, signal) => {
        if (knowledge === undefined) return unbound('KNOWLEDGE_SOURCE', 'knowledge source');
        await knowledge.load({ signal });
        return undefined;
      },
    },
    {
      name: 'language_model',
      keyOf: () => '',
      check: async (_request, signal) => {
        if (model === undefined) return unbound('LANGUAGE_MODEL', 'language model');
        if (await model.isAvailable(signal)) return undefined;
        return down(
          `The language model "${model.id}" says that it is not available.`,
          'Check its server, its key and its quota.',
        );
      },
    },
  ];
}

/** Whether the orchestrator of a path is registered, up and not unhealthy. */
function pathProbe(path: AutonomyPath, facade: OrchestrationFacade | undefined): BoundProbe {
  return {
    name: path,
    keyOf: () => '',
    check: async () => {
      // Without a facade to ask, the call itself finds out.
      if (facade === undefined) return undefined;
      const info = facade.listOrchestrators()[path];
      if (info === undefined) {
        return {
          kind: 'unbound',
          reason: `No orchestrator is registered as "${path}".`,
          fix: `Register the orchestrator "${path}" with the host.`,
        };
      }
      if (!['registered', 'starting', 'running', 'degraded'].includes(info.state)) {
        return down(`The orchestrator "${path}" is ${info.state}.`, 'Start the host again.');
      }
      if (info.health.status !== 'unhealthy') return undefined;
      return down(
        `The orchestrator "${path}" is unhealthy${info.health.message === undefined ? '' : `: ${info.health.message}`}.`,
        'See its health in the console.',
      );
    },
  };
}

async function sourceLack(
  source: ContentSource & ProbeablePort,
  scheme: string | undefined,
  signal: AbortSignal,
): Promise<Lack | undefined> {
  const { schemes } = source;
  if (schemes !== undefined && scheme !== undefined && !schemes.includes(scheme)) {
    return {
      kind: 'unsupported',
      reason: `The content source cannot read "${scheme}:".`,
      fix: `Use one of: ${schemes.join(', ')}.`,
    };
  }
  if (source.isAvailable === undefined || (await source.isAvailable(signal))) return undefined;
  return down('The content source says that it is not available.', 'Check what it reads from.');
}

function ownProbe(probe: AutonomyProbe): BoundProbe {
  const { name } = probe;
  return {
    name,
    keyOf: ({ tenantId, scheme = '', depth }) => `${depth}\n${scheme}\n${tenantId}`,
    check: async (request, signal) => {
      const said = await probe.check(request, signal);
      const { available, reason, fix }: AutonomyProbeAnswer =
        typeof said === 'boolean' ? { available: said } : said;
      if (available) return undefined;
      return down(reason ?? `"${name}" is not available.`, fix ?? `Make "${name}" work, then analyse again.`);
    },
  };
}

function unbound(token: string, what: string): Lack {
  return { kind: 'unbound', reason: `No ${what} is bound.`, fix: `Bind one under ${token}.` };
}

function down(reason: string, fix: string): Lack {
  return { kind: 'down', reason, fix };
}
