import type { TrafficCounters } from './traffic.js';

/** Binding key of the drivers, a list of {@link DeploymentDriver}; the first is the default one. */
export const DEPLOYMENT_DRIVERS = Symbol.for('kapelle.DeploymentDrivers');

/** Binding key of a {@link TrafficSource} for drivers that do not see the traffic themselves. */
export const DEPLOYMENT_TRAFFIC = Symbol.for('kapelle.DeploymentTraffic');

/** What is deployed to: a service of a tenant in an environment. */
export interface DeploymentTarget {
  readonly tenantId: string;
  readonly environment: string;
  readonly service: string;
}

/** One version of a service. */
export interface DeploymentRelease {
  readonly version: string;
  /**
   * Where the driver finds it, such as an image; by default the driver derives it from service and version.
   */
  readonly artifact?: string;
}

/** How many replicas a version should have, and how much of the traffic. */
export interface ReleaseGoal extends DeploymentRelease {
  readonly replicas: number;
  /** Percent of the traffic, 0 to 100; those of a goal add up to 100, or all are 0. */
  readonly share: number;
}

/** The state that a driver shall bring about. A version that is not in it shall be gone. */
export interface DeploymentGoal {
  readonly releases: readonly ReleaseGoal[];
  /** Set where the driver exchanges the old version for the new one by itself, without steps of ours. */
  readonly inPlace?: 'rolling' | 'recreate';
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/** What is there of a version, as the driver sees it. */
export interface ReleaseStatus extends DeploymentRelease {
  readonly replicas: number;
  /** Those that answer. */
  readonly ready: number;
  /** Percent of the traffic that it really gets. */
  readonly share: number;
}

/** How traffic is led to a service: limits of the balancer or mesh in front of it. */
export interface MeshPolicy {
  /** Of one request. @default 30_000 */
  readonly timeoutMs: number;
  /** Attempts after the first, of a request that no replica has taken. @default 3 */
  readonly retries: number;
  /** Requests at the same time, per replica. @default 100 */
  readonly maxConnections: number;
  /** Requests that wait beyond that, per replica; further ones are refused. @default 64 */
  readonly maxPending: number;
  /** Failures in a row that take a replica out. @default 5 */
  readonly ejectAfter: number;
  /** For how long. @default 30_000 */
  readonly ejectMs: number;
}

/** What every call of a driver gets. */
export interface DriverCall {
  /** Once it fires the driver changes nothing more, and rejects. */
  readonly signal: AbortSignal;
}

/**
 * Does to a platform what a deployment asks for. Methods reject with a `DeploymentError` or any other error.
 * Each brings a state about and may be called again: what is there already is left alone.
 */
export interface DeploymentDriver {
  readonly name: string;
  /**
   * Whether what it deployed outlives this process. Where it does not, what was live is deployed again at the
   * start.
   */
  readonly isPersistent: boolean;
  /**
   * `replicas`: the share of a version follows from how many replicas it has; `weighted`: it is set freely.
   */
  readonly shares: 'weighted' | 'replicas';
  /** `in_place`: rolling and recreate are one goal each, which the platform reaches by itself. */
  readonly exchange: 'stepwise' | 'in_place';
  /** Throws for a service, version or name that it cannot deploy; looks at nothing outside. */
  check(target: DeploymentTarget, release: DeploymentRelease): void;
  /** What is there now; an empty list where there is nothing. */
  inspect(target: DeploymentTarget, call: DriverCall): Promise<readonly ReleaseStatus[]>;
  /** Makes what the version needs before any replica is started, or finds out that it cannot be. */
  prepare(target: DeploymentTarget, goal: DeploymentGoal, call: DriverCall): Promise<DriverNotes>;
  /** Puts the balancer in front of the service, or leaves the one there is, with this policy. */
  connect(target: DeploymentTarget, policy: MeshPolicy, call: DriverCall): Promise<DriverNotes>;
  /**
   * Brings the goal about: what is to be added is started and ready before traffic moves, and what goes is
   * drained after that. Resolves with what is there then.
   */
  apply(target: DeploymentTarget, goal: DeploymentGoal, call: DriverCall): Promise<readonly ReleaseStatus[]>;
  /** Where it sees the traffic itself. */
  readonly traffic?: TrafficSource;
  /** Ends everything of it that lives in this process; a later call begins anew. */
  close?(): Promise<void>;
}

/** What a driver says of a phase: short facts, without secrets. */
export type DriverNotes = Readonly<Record<string, string | number | boolean>>;

/** Tells what the versions of a service have answered. */
export interface TrafficSource {
  /** Counters by version, measured on real traffic. A version that nothing is known of is left out. */
  read(target: DeploymentTarget, call: DriverCall): Promise<Readonly<Record<string, TrafficCounters>>>;
}
