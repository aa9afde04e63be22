import { definitionHash, type AgentDefinition } from './agent-definition.js';
import type { AgentExperiment, AgentRecord, AgentVersion } from './agent-record.js';

/** The version that is in use. */
export function currentVersion(record: AgentRecord): AgentVersion {
  return record.versions.find(({ version }) => version === record.current) as AgentVersion;
}

/** A new agent. */
export function newRecord(definition: AgentDefinition, at: number): AgentRecord {
  return {
    formatVersion: 1,
    name: definition.name,
    current: 1,
    versions: [{ version: 1, at, hash: definitionHash(definition), definition, why: { kind: 'registered' } }],
    experiments: [],
    examples: [],
    interactions: [],
  };
}

/** The record with another version in use; the same record where the definition is the one in use already. */
export function withVersion(
  record: AgentRecord,
  { definition, at, why }: Pick<AgentVersion, 'definition' | 'at' | 'why'>,
  maxVersions: number,
): AgentRecord {
  const hash = definitionHash(definition);
  if (hash === currentVersion(record).hash) return record;
  const version = (record.versions.at(-1)?.version ?? 0) + 1;
  const versions = [...record.versions, { version, at, hash, definition, why }];
  return { ...record, current: version, versions: versions.slice(-maxVersions) };
}

/** The record with an experiment noted. */
export function withExperiment(
  record: AgentRecord,
  experiment: Omit<AgentExperiment, 'number'>,
  kept: number,
): AgentRecord {
  const number = (record.experiments.at(-1)?.number ?? 0) + 1;
  return { ...record, experiments: [...record.experiments, { ...experiment, number }].slice(-kept) };
}

/** The number that the next experiment will have. */
export function nextExperiment(record: AgentRecord): number {
  return (record.experiments.at(-1)?.number ?? 0) + 1;
}
