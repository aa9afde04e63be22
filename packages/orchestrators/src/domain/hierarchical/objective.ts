/** Objectives of one session at most. */
export const MAX_OBJECTIVES = 500;
/** Characters of the JSON of an objective's input, and of a session's mission context. */
export const MAX_INPUT_LENGTH = 262_144;
/** Longest time that can be asked for: 24 hours, in ms. */
const MAX_TASK_MS = 24 * 60 * 60_000;

/** An objective as it is given. */
export interface ObjectiveInput {
  /** Of its own within the session; 1 to 100 letters, digits, `_`, `-`, `.`, `:`. */
  readonly id: string;
  /** @default the id */
  readonly title?: string;
  readonly description?: string;
  /** 1 (low) to 10; from 8 on it is critical. @default 5 */
  readonly priority?: number;
  /** Ids of objectives that come first. @default [] */
  readonly dependencies?: readonly string[];
  /** What an agent must be able to do, all of it. @default [] */
  readonly capabilities?: readonly string[];
  /** In milliseconds. @default that of the options */
  readonly estimatedDurationMs?: number;
  /** In the unit of the budget; set aside while the task runs. @default 0 */
  readonly estimatedCost?: number;
  /** Longest attempt, in milliseconds. @default that of the options */
  readonly timeoutMs?: number;
  /** 0 to that of the options. @default that of the options */
  readonly maxRetries?: number;
  /** Whether the session goes on without it where it fails. @default false */
  readonly optional?: boolean;
  /** What the executor gets; JSON-like. */
  readonly input?: unknown;
}

/** An objective with its defaults. */
export interface Objective extends ObjectiveInput {
  readonly title: string;
  readonly priority: number;
  readonly dependencies: readonly string[];
  readonly capabilities: readonly string[];
  readonly estimatedCost: number;
  readonly optional: boolean;
}

/** What a session may take. */
export interface SessionBudget {
  /** In the unit of the objectives' estimates; kept: a task that would go beyond is not begun, one that does is ended. */
  readonly cost?: number;
  /** Milliseconds of execution, all runs together. */
  readonly timeMs?: number;
}

const ID = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$/;

/** What is wrong with a list of objectives, in words; `undefined` where nothing is. Says nothing about dependencies. */
export function objectivesProblem(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_OBJECTIVES) {
    return `objectives must be a list of 1 to ${MAX_OBJECTIVES} objectives`;
  }
  for (const [index, each] of (value as unknown[]).entries()) {
    const problem = objectiveProblem(each);
    if (problem !== undefined) return `objectives[${index}]${problem}`;
  }
  return undefined;
}

/** Copies only what an objective has, with its defaults. */
export function objectiveOf(given: ObjectiveInput): Objective {
  return {
    id: given.id,
    title: given.title ?? given.id,
    ...(given.description === undefined ? {} : { description: given.description }),
    priority: given.priority ?? 5,
    dependencies: [...new Set(given.dependencies ?? [])],
    capabilities: [...new Set(given.capabilities ?? [])],
    ...(given.estimatedDurationMs === undefined ? {} : { estimatedDurationMs: given.estimatedDurationMs }),
    estimatedCost: given.estimatedCost ?? 0,
    ...(given.timeoutMs === undefined ? {} : { timeoutMs: given.timeoutMs }),
    ...(given.maxRetries === undefined ? {} : { maxRetries: given.maxRetries }),
    optional: given.optional ?? false,
    ...(given.input === undefined ? {} : { input: given.input }),
  };
}

/** The JSON text of data that is short enough; `undefined` for anything else. */
export function jsonWithin(value: unknown, maxLength: number): string | undefined {
  try {
    const json = JSON.stringify(value) as string | undefined;
    return json === undefined || json.length > maxLength ? undefined : json;
  } catch {
    return undefined;
  }
}

function objectiveProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ' must be an object';
  const given = value as Record<keyof ObjectiveInput, unknown>;
  if (typeof given.id !== 'string' || !ID.test(given.id)) {
    return '.id must be 1 to 100 letters, digits, "_", "-", "." or ":", a letter or digit first';
  }
  if (!isText(given.title, 200)) return '.title must be a text of at most 200 characters';
  if (!isText(given.description, 10_000)) return '.description must be a text of at most 10000 characters';
  if (!isNumber(given.priority, 1, 10, true)) return '.priority must be a whole number from 1 to 10';
  if (!areTexts(given.dependencies)) return '.dependencies must be a list of at most 500 ids';
  if (!areTexts(given.capabilities)) return '.capabilities must be a list of at most 500 texts';
  if (!isNumber(given.estimatedDurationMs, 0, MAX_TASK_MS)) {
    return `.estimatedDurationMs must be a number from 0 to ${MAX_TASK_MS}`;
  }
  if (!isNumber(given.estimatedCost, 0, 1e9)) return '.estimatedCost must be a number from 0 to 1000000000';
  if (!isNumber(given.timeoutMs, 1, MAX_TASK_MS))
    return `.timeoutMs must be a number from 1 to ${MAX_TASK_MS}`;
  if (!isNumber(given.maxRetries, 0, 3, true)) return '.maxRetries must be a whole number from 0 to 3';
  if (given.optional !== undefined && typeof given.optional !== 'boolean')
    return '.optional must be true or false';
  if (given.input !== undefined && jsonWithin(given.input, MAX_INPUT_LENGTH) === undefined) {
    return `.input must be JSON-like and have at most ${MAX_INPUT_LENGTH} characters as JSON`;
  }
  return undefined;
}

function isText(value: unknown, maxLength: number): boolean {
  return value === undefined || (typeof value === 'string' && value.length <= maxLength);
}

function isNumber(value: unknown, least: number, greatest: number, whole = false): boolean {
  if (value === undefined) return true;
  if (typeof value !== 'number' || !(value >= least) || value > greatest) return false;
  return !whole || Number.isInteger(value);
}

function areTexts(value: unknown): boolean {
  if (value === undefined) return true;
  return (
    Array.isArray(value) &&
    value.length <= MAX_OBJECTIVES &&
    value.every((each) => typeof each === 'string' && each.length > 0 && each.length <= 100)
  );
}
