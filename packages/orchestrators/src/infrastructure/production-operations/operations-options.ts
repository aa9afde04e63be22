import { readRequiredScopes, type RequiredScopes } from '../../required-scopes.js';
import { AUTOMATION_LEVELS, type AutomationLevel } from './approval.js';
import { OperationsError } from './operations-error.js';
import { alertRule } from './alert-rule.js';
import { DEFAULT_OPERATIONS_RULES, type OperationsAction, type OperationsRule } from './operations-rule.js';

/** Binding key of the options of `production_operations`. */
export const OPERATIONS_OPTIONS = Symbol.for('kapelle.OperationsOptions');

/** What can be set of `production_operations`; all of it has a default. */
export interface OperationsOptions {
  /** @default 'supervised' */
  readonly automation?: AutomationLevel;
  /** Beside the default ones. */
  readonly rules?: readonly OperationsRule[];
  /** Whether {@link DEFAULT_OPERATIONS_RULES} hold. @default true */
  readonly defaultRules?: boolean;
  /**
   * What could help against an alert of telemetry, by the id of its rule; the first where nothing was learnt. An alert that is
   * not named here is part of the assessment alone.
   */
  readonly alertActions?: Readonly<Record<string, readonly OperationsAction[]>>;
  /** Whether a cycle is run every minute by itself. @default true */
  readonly background?: boolean;
  /**
   * The tenant as which cycles of the background run. After that they look at the threats of each tenant that has some of high
   * or critical level, and at what was done about them. @default '_shared'
   */
  readonly tenantId?: string;
  /** How long after an action the trouble may still be there. At least a cycle. @default 120_000 */
  readonly verifyAfterMs?: number;
  /** Before an action against the same trouble is taken again. @default 300_000 */
  readonly cooldownMs?: number;
  /** Milliseconds for one action, 1,000 or more. @default 60_000 */
  readonly actionTimeoutMs?: number;
  /** Actions kept. @default 500 */
  readonly maxHistory?: number;
  /** Which scopes callers of operations of `production_operations` need. @default none */
  readonly requiredScopes?: RequiredScopes;
}

export interface OperationsSettings extends Required<
  Omit<OperationsOptions, 'defaultRules' | 'alertActions'>
> {
  readonly rules: readonly OperationsRule[];
}

/** @throws OperationsError `OPERATIONS_OPTION_INVALID` naming the options */
export function operationsSettings(options: OperationsOptions): OperationsSettings {
  const {
    automation = 'supervised',
    tenantId = '_shared',
    rules = [],
    defaultRules = true,
    alertActions = {},
  } = options;
  if (!AUTOMATION_LEVELS.includes(automation)) {
    throw invalid(`automation is ${String(automation)}, it must be one of ${AUTOMATION_LEVELS.join(', ')}`);
  }
  const day = 86_400_000;
  const whole = (name: keyof OperationsOptions, otherwise: number, low: number, high: number): number => {
    const value = (options[name] as number | undefined) ?? otherwise;
    if (Number.isSafeInteger(value) && value >= low && value <= high) return value;
    throw invalid(`${name} is ${String(value)}, it must be a whole number from ${low} to ${high}`);
  };
  for (const [id, actions] of Object.entries(alertActions)) {
    if (actions.length === 0)
      throw invalid(`alertActions has no action for "${id}". Give one, or leave it out`);
    const wrong = actions.find(({ call, driver }) => (call === undefined) === (driver === undefined));
    if (wrong !== undefined) {
      throw invalid(`the action "${wrong.name}" of the alert "${id}" must name either a call or a driver`);
    }
    for (const { name, timeoutMs } of actions) {
      if (
        timeoutMs === undefined ||
        (Number.isSafeInteger(timeoutMs) && timeoutMs >= 1_000 && timeoutMs <= day)
      )
        continue;
      throw invalid(
        `timeoutMs of the action "${name}" of the alert "${id}" is ${String(timeoutMs)}, it must be a whole number from 1000 to ${day}`,
      );
    }
  }
  const settings: OperationsSettings = {
    automation,
    tenantId,
    rules: [
      ...(defaultRules ? DEFAULT_OPERATIONS_RULES : []),
      ...(Object.keys(alertActions).length === 0 ? [] : [alertRule(alertActions)]),
      ...rules,
    ],
    background: options.background ?? true,
    verifyAfterMs: whole('verifyAfterMs', 120_000, 0, day),
    cooldownMs: whole('cooldownMs', 300_000, 0, day),
    actionTimeoutMs: whole('actionTimeoutMs', 60_000, 1_000, day),
    maxHistory: whole('maxHistory', 500, 1, 100_000),
    requiredScopes: readRequiredScopes(options.requiredScopes, (problem) => {
      throw new OperationsError('OPERATIONS_OPTION_INVALID', `OPERATIONS_OPTIONS: ${problem}`);
    }),
  };
  if (settings.cooldownMs < settings.verifyAfterMs) {
    throw invalid(
      `cooldownMs is ${settings.cooldownMs} and verifyAfterMs ${settings.verifyAfterMs}: an action would be taken again before it is known whether it helped. Give cooldownMs at least as much`,
    );
  }
  const names = new Set<string>();
  for (const { name } of settings.rules) {
    if (names.has(name)) throw invalid(`two rules have the name "${name}". Give each a name of its own`);
    names.add(name);
  }
  return settings;
}

function invalid(problem: string): OperationsError {
  return new OperationsError('OPERATIONS_OPTION_INVALID', `OPERATIONS_OPTIONS: ${problem}.`);
}
