import { readRequiredScopes, type RequiredScopes } from '../../required-scopes.js';
import { DeploymentError } from './deployment-error.js';
import { DEFAULT_GATES, type DeploymentGate, type DeploymentGateInit } from './deployment-gate.js';
import type { MeshPolicy } from './deployment-driver.js';
import { DEPLOYMENT_STRATEGIES, type DeploymentStrategy } from './deployment-plan.js';
import { DEPLOYMENT_PHASES, type DeploymentPhase } from './deployment-record.js';
import { readGates, readMesh, readPhaseTimeouts, readShares, wholeIn } from './read-order.js';

/** Binding key of the options of `deployment`. */
export const DEPLOYMENT_OPTIONS = Symbol.for('kapelle.DeploymentOptions');

/** What can be set of `deployment`; all of it has a default. What a call names goes before. */
export interface DeploymentOptions {
  /** @default 'rolling' */
  readonly strategy?: DeploymentStrategy;
  /** @default 3 @minimum 1 @maximum 1_000 */
  readonly replicas?: number;
  /** Replicas beyond those asked for, while a rolling deployment runs. @default 1 */
  readonly maxSurge?: number;
  /** Replicas that may be missing meanwhile. Not 0 where `maxSurge` is. @default 1 */
  readonly maxUnavailable?: number;
  /** Percent of the traffic in each step of a canary. @default [10, 50, 100] */
  readonly canaryShares?: readonly number[];
  /** How long each step of traffic is watched at least. @default 30_000 */
  readonly soakMs?: number;
  /** How often the gates look meanwhile. @default 1_000 @minimum 10 */
  readonly pollMs?: number;
  /** For a whole deployment, without its rollback. @default 1_800_000 */
  readonly timeoutMs?: number;
  /**
   * For single phases. @default infrastructure and service mesh 60 s, application and quality gates 600 s,
   * traffic the whole
   */
  readonly phaseTimeoutsMs?: Partial<Record<DeploymentPhase, number>>;
  /** For a rollback. @default 300_000 */
  readonly rollbackTimeoutMs?: number;
  /** How long a driver that was told to stop may take before it is left behind. @default 5_000 */
  readonly graceMs?: number;
  /** @default true */
  readonly rollbackOnFailure?: boolean;
  /**
   * @default p95 up to 200 ms, errors up to 1 %, availability from 99.9 %, errors at most 0.01 above the old
   * version's
   */
  readonly gates?: readonly DeploymentGateInit[];
  readonly mesh?: Partial<MeshPolicy>;
  /** Deployments kept of each service. @default 100 */
  readonly maxHistory?: number;
  /**
   * Whether deployments that a process left behind are taken up at the start, and what was live is started
   * again where it ended with the process. Of several processes on one store only one may. @default true
   */
  readonly recover?: boolean;
  /** Which scopes callers of operations of `deployment` need. @default none */
  readonly requiredScopes?: RequiredScopes;
}

export interface DeploymentSettings {
  readonly strategy: DeploymentStrategy;
  readonly replicas: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  readonly canaryShares: readonly number[];
  readonly soakMs: number;
  readonly pollMs: number;
  readonly timeoutMs: number;
  readonly phaseTimeoutsMs: Readonly<Record<DeploymentPhase, number>>;
  readonly rollbackTimeoutMs: number;
  readonly graceMs: number;
  readonly rollbackOnFailure: boolean;
  readonly gates: readonly DeploymentGate[];
  readonly mesh: MeshPolicy;
  readonly maxHistory: number;
  readonly recover: boolean;
  readonly requiredScopes: RequiredScopes;
}

/** The longest time a timer takes. */
const MAX_MS = 2_147_483_647;

const MESH: MeshPolicy = {
  timeoutMs: 30_000,
  retries: 3,
  maxConnections: 100,
  maxPending: 64,
  ejectAfter: 5,
  ejectMs: 30_000,
};

/** @throws DeploymentError `DEPLOYMENT_OPTION_INVALID`, always */
export function refuseOption(problem: string): never {
  throw new DeploymentError('DEPLOYMENT_OPTION_INVALID', `DEPLOYMENT_OPTIONS: ${problem}`);
}

/** @throws DeploymentError `DEPLOYMENT_OPTION_INVALID` naming the options */
export function deploymentSettings(options: DeploymentOptions): DeploymentSettings {
  const refuse = (problem: string): never => refuseOption(`${problem}. Correct it.`);
  const { strategy = 'rolling', recover = true, rollbackOnFailure = true } = options;
  if (!DEPLOYMENT_STRATEGIES.includes(strategy)) {
    refuse(`strategy is ${String(strategy)}, it must be one of ${DEPLOYMENT_STRATEGIES.join(', ')}`);
  }
  const whole = (name: keyof DeploymentOptions, otherwise: number, min: number, max = MAX_MS): number =>
    wholeIn(name, options[name] ?? otherwise, { min, max }, refuse);
  const timeoutMs = whole('timeoutMs', 1_800_000, 1);
  const settings: DeploymentSettings = {
    strategy,
    recover,
    rollbackOnFailure,
    replicas: whole('replicas', 3, 1, 1_000),
    maxSurge: whole('maxSurge', 1, 0, 1_000),
    maxUnavailable: whole('maxUnavailable', 1, 0, 1_000),
    canaryShares: readShares(options.canaryShares ?? [10, 50, 100], refuse),
    soakMs: whole('soakMs', 30_000, 0),
    pollMs: whole('pollMs', 1_000, 10),
    timeoutMs,
    phaseTimeoutsMs: readPhaseTimeouts(options.phaseTimeoutsMs ?? {}, phaseDefaults(timeoutMs), refuse),
    rollbackTimeoutMs: whole('rollbackTimeoutMs', 300_000, 1),
    graceMs: whole('graceMs', 5_000, 0),
    gates: options.gates === undefined ? DEFAULT_GATES : readGates(options.gates, refuse),
    mesh: readMesh(options.mesh ?? {}, MESH, refuse),
    maxHistory: whole('maxHistory', 100, 1, 10_000),
    requiredScopes: readRequiredScopes(options.requiredScopes, refuseOption),
  };
  if (settings.maxSurge === 0 && settings.maxUnavailable === 0) {
    refuse(
      'maxSurge and maxUnavailable are both 0: a rolling deployment could never begin. Raise one of them',
    );
  }
  return settings;
}

/** Never longer than the whole. */
export function phaseDefaults(timeoutMs: number): Readonly<Record<DeploymentPhase, number>> {
  const most = { infrastructure: 60_000, service_mesh: 60_000, application: 600_000, quality_gates: 600_000 };
  return Object.fromEntries(
    DEPLOYMENT_PHASES.map((phase) => [
      phase,
      phase === 'traffic' ? timeoutMs : Math.min(most[phase], timeoutMs),
    ]),
  ) as Record<DeploymentPhase, number>;
}
