import {
  type AgentDefinition,
  type AgentParameter,
  type AgentPatch,
  MAX_AGENT_EXAMPLES,
} from './agent-definition.js';
import type { NamedPatch } from './agent-record.js';
import { AgentTrainingError } from './training-error.js';
import type { TrainingExample } from './training-example.js';

const NAME = /^[a-z][a-z0-9_]{0,63}$/;
const MAX_TEXT = 20_000;
const MAX_LIST = 200;

/** @throws AgentTrainingError `TRAINING_INPUT_INVALID` naming the field */
export function readDefinition(value: unknown): AgentDefinition {
  const from = readObject('definition', value);
  const name = from['name'];
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw invalid('definition.name', name, 'lower-case letters, digits and "_", 64 at most');
  }
  return {
    name,
    role: readText('definition.role', from['role']),
    goal: readText('definition.goal', from['goal']),
    backstory: readText('definition.backstory', from['backstory'] ?? ''),
    instructions: readTexts('definition.instructions', from['instructions'] ?? []),
    tools: readTexts('definition.tools', from['tools'] ?? []),
    parameters: readParameters('definition.parameters', from['parameters'] ?? {}),
    examples: readExamples('definition.examples', from['examples'] ?? []),
  };
}

/** @throws AgentTrainingError `TRAINING_INPUT_INVALID` naming the field */
export function readChanges(value: unknown): readonly NamedPatch[] {
  return readList('changes', value, 50).map((each, i) => {
    const where = `changes[${i}]`;
    const from = readObject(where, each);
    return {
      change: readText(`${where}.change`, from['change']),
      patch: readPatch(`${where}.patch`, from['patch']),
    };
  });
}

function readPatch(where: string, value: unknown): AgentPatch {
  const from = readObject(where, value);
  const patch: { -readonly [K in keyof AgentPatch]: AgentPatch[K] } = {};
  for (const [key, given] of Object.entries(from)) {
    const field = `${where}.${key}`;
    switch (key) {
      case 'role':
      case 'goal':
      case 'backstory':
        patch[key] = readText(field, given);
        break;
      case 'instructions':
      case 'tools':
      case 'withoutExamples':
        patch[key] = readTexts(field, given);
        break;
      case 'parameters':
        patch.parameters = readParameters(field, given);
        break;
      case 'examples':
        patch.examples = readExamples(field, given);
        break;
      default:
        throw invalid(
          field,
          given,
          'one of role, goal, backstory, instructions, tools, parameters, examples, withoutExamples',
        );
    }
  }
  return patch;
}

/** @throws AgentTrainingError `TRAINING_INPUT_INVALID` naming the field */
export function readExamples(where: string, value: unknown): readonly TrainingExample[] {
  return readList(where, value, MAX_AGENT_EXAMPLES).map((each, i) => {
    const field = `${where}[${i}]`;
    const { input, expected, steps, reasoning, madeFrom } = readObject(field, each);
    return {
      input: readText(`${field}.input`, input),
      expected: readText(`${field}.expected`, expected),
      ...(steps === undefined ? {} : { steps: readTexts(`${field}.steps`, steps) }),
      ...(reasoning === undefined ? {} : { reasoning: readTexts(`${field}.reasoning`, reasoning) }),
      ...(madeFrom === undefined ? {} : { madeFrom: readText(`${field}.madeFrom`, madeFrom) }),
    };
  });
}

function readParameters(where: string, value: unknown): Readonly<Record<string, AgentParameter>> {
  const entries = Object.entries(readObject(where, value));
  if (entries.length > MAX_LIST) throw invalid(where, `${entries.length} settings`, `${MAX_LIST} at most`);
  return Object.fromEntries(
    entries.map(([key, setting]) => {
      const plain =
        typeof setting === 'boolean' ||
        (typeof setting === 'number' && Number.isFinite(setting)) ||
        (typeof setting === 'string' && setting.length <= MAX_TEXT);
      if (!plain) throw invalid(`${where}.${key}`, setting, 'a text, a finite number, true or false');
      return [key, setting];
    }),
  );
}

function readObject(where: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw invalid(where, value, 'an object');
}

function readText(where: string, value: unknown): string {
  if (typeof value === 'string' && value.length <= MAX_TEXT) return value;
  throw invalid(where, value, `a text of ${MAX_TEXT} characters at most`);
}

function readTexts(where: string, value: unknown): readonly string[] {
  return readList(where, value, MAX_LIST).map((each, i) => readText(`${where}[${i}]`, each));
}

function readList(where: string, value: unknown, most: number): readonly unknown[] {
  if (Array.isArray(value) && value.length <= most) return value as readonly unknown[];
  throw invalid(where, value, `a list of ${most} at most`);
}

function invalid(where: string, value: unknown, wanted: string): AgentTrainingError {
  const shown =
    typeof value === 'string'
      ? JSON.stringify(value.slice(0, 80))
      : Array.isArray(value)
        ? `a list of ${value.length}`
        : typeof value === 'object' && value !== null
          ? 'an object'
          : String(value);
  return new AgentTrainingError('TRAINING_INPUT_INVALID', `${where} is ${shown}, it must be ${wanted}.`);
}
