import { createHash } from 'node:crypto';
import { AgentTrainingError } from './training-error.js';
import { type TrainingExample, exampleId } from './training-example.js';

/** A setting of an agent. */
export type AgentParameter = string | number | boolean;

/** What an agent is told, and what it may use. */
export interface AgentDefinition {
  readonly name: string;
  readonly role: string;
  readonly goal: string;
  readonly backstory: string;
  /** Standing rules, in order. */
  readonly instructions: readonly string[];
  readonly tools: readonly string[];
  readonly parameters: Readonly<Record<string, AgentParameter>>;
  /** Examples that the agent works from, at most {@link MAX_AGENT_EXAMPLES}. */
  readonly examples: readonly TrainingExample[];
}

/** A change of a definition. It says what is to be, not what is to be added: applying it again changes nothing. */
export interface AgentPatch {
  readonly role?: string;
  readonly goal?: string;
  readonly backstory?: string;
  /** Rules that must be among the instructions; those that are there stay where they are. */
  readonly instructions?: readonly string[];
  readonly tools?: readonly string[];
  /** Settings to have; the others stay. */
  readonly parameters?: Readonly<Record<string, AgentParameter>>;
  /** Examples to have; the others stay. */
  readonly examples?: readonly TrainingExample[];
  /** Ids of examples not to have. */
  readonly withoutExamples?: readonly string[];
}

/** Examples that one definition holds at most. */
export const MAX_AGENT_EXAMPLES = 500;

/** The definition with the change made. The same change made again gives an equal definition. */
export function applyPatch(definition: AgentDefinition, patch: AgentPatch): AgentDefinition {
  const without = new Set(patch.withoutExamples);
  const examples = new Map<string, TrainingExample>();
  for (const example of [...definition.examples, ...(patch.examples ?? [])]) {
    const id = exampleId(example);
    if (!without.has(id) && !examples.has(id)) examples.set(id, example);
  }
  if (examples.size > MAX_AGENT_EXAMPLES) {
    throw new AgentTrainingError(
      'TRAINING_INPUT_INVALID',
      `The change gives ${definition.name} ${examples.size} examples, at most ${MAX_AGENT_EXAMPLES} are kept. ` +
        'Name some in withoutExamples.',
    );
  }
  return {
    name: definition.name,
    role: patch.role ?? definition.role,
    goal: patch.goal ?? definition.goal,
    backstory: patch.backstory ?? definition.backstory,
    instructions: [...new Set([...definition.instructions, ...(patch.instructions ?? [])])],
    tools: [...new Set([...definition.tools, ...(patch.tools ?? [])])],
    parameters: { ...definition.parameters, ...patch.parameters },
    examples: [...examples.values()],
  };
}

/** The same for equal definitions, whatever the order of their settings: SHA-256, hex. */
export function definitionHash(definition: AgentDefinition): string {
  const { name, role, goal, backstory, instructions, tools, parameters, examples } = definition;
  const settings = Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const parts = [name, role, goal, backstory, instructions, tools, settings, examples.map(exampleId)];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
