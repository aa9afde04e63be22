import type { MeshPolicy } from './deployment-driver.js';
import { type DeploymentGate, type DeploymentGateInit, GATE_METRICS, gateOf } from './deployment-gate.js';
import { DEPLOYMENT_PHASES, type DeploymentPhase } from './deployment-record.js';

/** Says no with what is wrong; the caller's own error. */
export type Refuse = (problem: string) => never;

const MAX_MS = 2_147_483_647;
const MAX_GATES = 20;
const MAX_SHARES = 20;
const BOUNDS = ['max', 'min', 'maxIncrease', 'maxRatio'] as const;
const GATE_FIELDS: ReadonlySet<string> = new Set([
  ...['name', 'metric', 'minRequests', 'required', 'timeoutMs', 'whenUnmeasured'],
  ...BOUNDS,
]);

/** A whole number within bounds. */
export function wholeIn(
  name: string,
  value: unknown,
  { min, max }: { readonly min: number; readonly max: number },
  refuse: Refuse,
): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  return refuse(`${name} is ${shown(value)}, it must be a whole number from ${min} to ${max}`);
}

/** Gates from outside, with their defaults. */
export function readGates(value: unknown, refuse: Refuse): readonly DeploymentGate[] {
  if (!Array.isArray(value) || value.length > MAX_GATES) {
    return refuse(`gates is ${shown(value)}, it must be a list of up to ${MAX_GATES}`);
  }
  const gates = value.map((each, at) => readGate(each, `gates[${at}]`, refuse));
  const names = new Set<string>();
  for (const { name } of gates) {
    if (names.has(name)) refuse(`two gates have the name "${name}". Give each a name of its own`);
    names.add(name);
  }
  return gates;
}

function readGate(value: unknown, at: string, refuse: Refuse): DeploymentGate {
  const fields = fieldsOf(value, at, refuse);
  const unknown = Object.keys(fields).find((field) => !GATE_FIELDS.has(field));
  if (unknown !== undefined) refuse(`${at} has an unknown field ${shown(unknown)}`);
  const { name, metric } = fields;
  if (typeof name !== 'string' || name.length < 1 || name.length > 100) {
    refuse(`${at}.name is ${shown(name)}, it must be a text of 1 to 100 characters`);
  }
  if (!GATE_METRICS.some((each) => each === metric)) {
    refuse(`${at}.metric is ${shown(metric)}, it must be one of ${GATE_METRICS.join(', ')}`);
  }
  for (const bound of BOUNDS) {
    const given = fields[bound];
    if (given === undefined) continue;
    const least = bound === 'maxRatio' ? 1 : 0;
    if (typeof given !== 'number' || !Number.isFinite(given) || given < least) {
      refuse(`${at}.${bound} is ${shown(given)}, it must be a number from ${least}`);
    }
  }
  if (BOUNDS.every((bound) => fields[bound] === undefined)) {
    refuse(`${at} has no bound. Give it one of ${BOUNDS.join(', ')}`);
  }
  const isLatency = metric === 'p50_ms' || metric === 'p95_ms';
  if (fields['maxRatio'] !== undefined && !isLatency) {
    refuse(`${at}.maxRatio goes with p50_ms and p95_ms, and metric is ${shown(metric)}. Use maxIncrease`);
  }
  for (const bound of ['max', 'min', 'maxIncrease'] as const) {
    if (!isLatency && ((fields[bound] ?? 0) as number) > 1) {
      refuse(`${at}.${bound} is ${shown(fields[bound])}, and ${shown(metric)} goes from 0 to 1`);
    }
  }
  const { min, max, required, whenUnmeasured } = fields;
  if (min !== undefined && max !== undefined && (min as number) > (max as number)) {
    refuse(`${at}.min is ${shown(min)} and ${at}.max ${shown(max)}: nothing is between them`);
  }
  if (required !== undefined && typeof required !== 'boolean') {
    refuse(`${at}.required is ${shown(required)}, it must be true or false`);
  }
  if (whenUnmeasured !== undefined && whenUnmeasured !== 'fail' && whenUnmeasured !== 'pass') {
    refuse(`${at}.whenUnmeasured is ${shown(whenUnmeasured)}, it must be "fail" or "pass"`);
  }
  if (fields['minRequests'] !== undefined) {
    wholeIn(`${at}.minRequests`, fields['minRequests'], { min: 1, max: 1_000_000_000 }, refuse);
  }
  if (fields['timeoutMs'] !== undefined) {
    wholeIn(`${at}.timeoutMs`, fields['timeoutMs'], { min: 0, max: MAX_MS }, refuse);
  }
  return gateOf(Object.fromEntries(given(fields)) as unknown as DeploymentGateInit);
}

/** The shares of a canary: whole percents, ascending, the last 100. */
export function readShares(value: unknown, refuse: Refuse): readonly number[] {
  const isList = Array.isArray(value) && value.length > 0 && value.length <= MAX_SHARES;
  const shares = isList ? (value as readonly unknown[]) : [];
  const isAscending = shares.every(
    (share, at) =>
      Number.isSafeInteger(share) && (share as number) > ((shares[at - 1] as number | undefined) ?? 0),
  );
  if (shares.at(-1) !== 100 || !isAscending) {
    refuse(
      `canaryShares is ${shown(value)}, it must be whole percents above 0, each above the one before, the last of them 100`,
    );
  }
  return [...(shares as readonly number[])];
}

/** Time-outs of single phases over their defaults. */
export function readPhaseTimeouts(
  value: unknown,
  defaults: Readonly<Record<DeploymentPhase, number>>,
  refuse: Refuse,
): Readonly<Record<DeploymentPhase, number>> {
  const fields = fieldsOf(value, 'phaseTimeoutsMs', refuse);
  const unknown = Object.keys(fields).find((field) => !DEPLOYMENT_PHASES.some((phase) => phase === field));
  if (unknown !== undefined) {
    refuse(`phaseTimeoutsMs has ${shown(unknown)}, the phases are ${DEPLOYMENT_PHASES.join(', ')}`);
  }
  const read = given(fields).map(
    ([phase, ms]) =>
      [phase, wholeIn(`phaseTimeoutsMs.${phase}`, ms, { min: 1, max: MAX_MS }, refuse)] as const,
  );
  return { ...defaults, ...Object.fromEntries(read) };
}

/** Limits of the balancer over their defaults. */
export function readMesh(value: unknown, defaults: MeshPolicy, refuse: Refuse): MeshPolicy {
  const fields = fieldsOf(value, 'mesh', refuse);
  const unknown = Object.keys(fields).find((field) => !Object.hasOwn(defaults, field));
  if (unknown !== undefined) {
    refuse(`mesh has ${shown(unknown)}, it can have ${Object.keys(defaults).join(', ')}`);
  }
  const least: Partial<Record<string, number>> = { retries: 0, maxPending: 0 };
  const read = given(fields).map(
    ([field, number]) =>
      [field, wholeIn(`mesh.${field}`, number, { min: least[field] ?? 1, max: MAX_MS }, refuse)] as const,
  );
  return { ...defaults, ...Object.fromEntries(read) };
}

function fieldsOf(value: unknown, at: string, refuse: Refuse): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  return refuse(`${at} is ${shown(value)}, it must be an object`);
}

/** Without what is undefined, which would take a default away. */
function given(fields: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(fields).filter(([, value]) => value !== undefined);
}

function shown(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    text = undefined;
  }
  return (text ?? String(value)).slice(0, 100);
}
