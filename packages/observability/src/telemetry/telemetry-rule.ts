import type { SeriesStore } from './series-store.js';
import { TelemetryError } from './telemetry-error.js';
import { checkCondition } from './rules/check-condition.js';
import type { Expression } from './rules/expression.js';
import { parseCondition } from './rules/parse-condition.js';

/** How urgent an alert of telemetry is, from the least to the most. */
export const TELEMETRY_SEVERITIES = ['info', 'warning', 'error', 'critical'] as const;
export type TelemetrySeverity = (typeof TELEMETRY_SEVERITIES)[number];

/** When somebody is to be told. */
export interface TelemetryRule {
  /** Unique; the same again replaces the rule. */
  readonly id: string;
  /** For example `p95(call_duration[5m]) > 1s for 2m`; the language is documented at {@link parseCondition}. */
  readonly when: string;
  /** @default 'warning' */
  readonly severity?: TelemetrySeverity;
  readonly title?: string;
  readonly description?: string;
  /** An alert that comes back within this time counts as the same one, and nobody is told anew. @default 900_000 */
  readonly cooldownMs?: number;
  /** How long the condition must not hold until the alert is resolved. @default 0 */
  readonly keepFiringMs?: number;
  /** @default true */
  readonly enabled?: boolean;
}

/** A rule that was read and checked. */
export interface CompiledRule {
  readonly id: string;
  readonly when: string;
  readonly severity: TelemetrySeverity;
  readonly title: string;
  readonly description: string;
  readonly cooldownMs: number;
  readonly keepFiringMs: number;
  readonly enabled: boolean;
  readonly expression: Expression;
  readonly forMs: number;
}

const ID = /^[A-Za-z0-9_.:-]{1,128}$/;
const COOLDOWN_MS = 15 * 60_000;
const LONGEST_MS = 30 * 86_400_000;

/**
 * Reads and checks a rule.
 *
 * @throws TelemetryError `TELEMETRY_RULE_INVALID` saying what is wrong, and where
 */
export function compileRule(rule: TelemetryRule, store: SeriesStore): CompiledRule {
  if (typeof rule !== 'object' || rule === null) {
    throw invalid(`A rule is an object with id and when, not ${rule === null ? 'null' : typeof rule}.`);
  }
  const { id, when, severity = 'warning' } = rule;
  if (typeof id !== 'string' || !ID.test(id)) {
    throw invalid(
      `"${String(id).slice(0, 140)}" is no id of a rule: letters, digits and "_.:-", 128 at most.`,
    );
  }
  if (!TELEMETRY_SEVERITIES.includes(severity)) {
    throw invalid(
      `${id} has the severity "${String(severity)}". Use one of ${TELEMETRY_SEVERITIES.join(', ')}.`,
    );
  }
  if (typeof when !== 'string') throw invalid(`${id} has no condition. Write it as \`when\`.`);
  if (rule.enabled !== undefined && typeof rule.enabled !== 'boolean') {
    throw invalid(`enabled of ${id} is a ${typeof rule.enabled}. Give true or false.`);
  }
  const cooldownMs = checkMs(id, 'cooldownMs', rule.cooldownMs ?? COOLDOWN_MS);
  const keepFiringMs = checkMs(id, 'keepFiringMs', rule.keepFiringMs ?? 0);
  try {
    const { expression, forMs } = parseCondition(when);
    checkCondition(expression, (name) => store.metric(name));
    return {
      id,
      when,
      severity,
      title: rule.title ?? id,
      description: rule.description ?? when,
      cooldownMs,
      keepFiringMs,
      enabled: rule.enabled ?? true,
      expression,
      forMs,
    };
  } catch (thrown) {
    if (!(thrown instanceof TelemetryError)) throw thrown;
    throw invalid(`The rule ${id} cannot be used. ${thrown.message}`);
  }
}

function checkMs(id: string, option: string, value: number): number {
  if (typeof value === 'number' && value >= 0 && value <= LONGEST_MS) return value;
  throw invalid(`${option} of ${id} is ${String(value)}. Give milliseconds from 0 to ${LONGEST_MS}.`);
}

function invalid(message: string): TelemetryError {
  return new TelemetryError('TELEMETRY_RULE_INVALID', message);
}
