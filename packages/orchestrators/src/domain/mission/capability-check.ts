import type { Clock } from '@kapelle/core';
import type { MissionAgents, MissionCapabilityProbe, MissionContent, ProbeAnswer } from './mission-agent.js';

/** Something that is not there, and what to do about it. */
export interface MissingCapability {
  /** The probe, or the agent. */
  readonly name: string;
  readonly reason: string;
  readonly fix: string;
}

/** What is there for a mission, found out just now. */
export interface CapabilityReport {
  /** Agents that can do their stages. */
  readonly available: readonly string[];
  /** By agent, why it cannot. */
  readonly missing: Readonly<Record<string, MissingCapability>>;
  /** What the mission as a whole cannot do without, and is not there. */
  readonly critical: readonly MissingCapability[];
  /** What it can do without. */
  readonly optional: readonly MissingCapability[];
}

export interface CapabilityCheckDeps {
  readonly agents: MissionAgents;
  readonly probes: readonly MissionCapabilityProbe[];
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Asks every probe, side by side, and finds out which of the named agents can work on the content. Never rejects. */
export async function checkCapabilities(
  names: readonly string[],
  content: MissionContent,
  deps: CapabilityCheckDeps,
): Promise<CapabilityReport> {
  const answers = await Promise.all(
    deps.probes.map(async (probe) => ({ probe, lack: await ask(probe, deps) })),
  );
  const lacks = answers.flatMap(({ probe, lack }) => (lack === undefined ? [] : [{ probe, lack }]));
  const missing: Record<string, MissingCapability> = {};
  for (const name of names) {
    const lack =
      agentLack(name, content, deps.agents) ?? lacks.find(({ probe }) => probe.agents?.includes(name))?.lack;
    if (lack !== undefined) missing[name] = lack;
  }
  return {
    available: names.filter((name) => !Object.hasOwn(missing, name)),
    missing,
    critical: lacks.filter(({ probe }) => probe.critical === true).map(({ lack }) => lack),
    optional: lacks.filter(({ probe }) => probe.critical !== true).map(({ lack }) => lack),
  };
}

function agentLack(
  name: string,
  content: MissionContent,
  agents: MissionAgents,
): MissingCapability | undefined {
  const agent = Object.hasOwn(agents, name) ? agents[name] : undefined;
  if (agent === undefined || agent === false) {
    return {
      name,
      reason: 'No such agent is bound.',
      fix: `Bind an executor for "${name}" under MISSION_AGENTS.`,
    };
  }
  const given = (['uri', 'description'] as const).filter((kind) => content[kind] !== undefined);
  const accepts = agent.accepts ?? ['uri', 'description'];
  if (given.some((kind) => accepts.includes(kind))) return undefined;
  return {
    name,
    reason: `It works on ${accepts.join(' or ')}, and the mission has ${given.join(' and ')}.`,
    fix: `Give the mission a ${accepts[0] ?? 'uri'}, or bind an executor for "${name}" that accepts ${given.join(' or ')}.`,
  };
}

async function ask(
  probe: MissionCapabilityProbe,
  { clock, timeoutMs }: CapabilityCheckDeps,
): Promise<MissingCapability | undefined> {
  const controller = new AbortController();
  let timer: unknown;
  const silence = new Promise<ProbeAnswer>((resolve) => {
    timer = clock.setTimeout(() => {
      controller.abort();
      resolve({ available: false, reason: `The probe did not answer within ${timeoutMs} ms.` });
    }, timeoutMs);
  });
  let answer: boolean | ProbeAnswer;
  try {
    answer = await Promise.race([(async () => probe.check(controller.signal))(), silence]);
  } catch (thrown) {
    answer = { available: false, reason: thrown instanceof Error ? thrown.message : 'The probe failed.' };
  } finally {
    clock.clearTimeout(timer);
  }
  const { available, reason, fix } = readAnswer(answer);
  if (available) return undefined;
  return {
    name: probe.name,
    reason: reason ?? 'It is not available.',
    fix: fix ?? `Make "${probe.name}" available, then plan again.`,
  };
}

/** What a probe gave may be anything; what is no answer is none that something is there. */
function readAnswer(answer: unknown): ProbeAnswer {
  if (typeof answer === 'boolean') return { available: answer };
  if (typeof answer === 'object' && answer !== null && Reflect.get(answer, 'available') !== undefined) {
    return answer as ProbeAnswer;
  }
  return { available: false, reason: 'The probe gave neither a boolean nor { available }.' };
}
