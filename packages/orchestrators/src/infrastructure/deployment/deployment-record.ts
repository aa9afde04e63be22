import type {
  DeploymentRelease,
  DeploymentTarget,
  DriverNotes,
  MeshPolicy,
  ReleaseStatus,
} from './deployment-driver.js';
import type { DeploymentErrorCode } from './deployment-error.js';
import type { DeploymentGate, GateOutcome } from './deployment-gate.js';
import type { DeploymentStrategy } from './deployment-plan.js';
import type { TrafficFigures } from './traffic.js';

/** The phases of every deployment, in order. */
export const DEPLOYMENT_PHASES = [
  'infrastructure',
  'service_mesh',
  'application',
  'quality_gates',
  'traffic',
] as const;
export type DeploymentPhase = (typeof DEPLOYMENT_PHASES)[number];

/**
 * `pending`: accepted. `in_progress`: its phases run. `completed`: the new version is alone, and every
 * required gate let it pass. `failed`: it ended otherwise and the state before was not restored.
 * `rolled_back`: it ended otherwise, or was taken back later, and the state before was restored.
 */
export const DEPLOYMENT_STATUSES = ['pending', 'in_progress', 'completed', 'failed', 'rolled_back'] as const;
export type DeploymentStatus = (typeof DEPLOYMENT_STATUSES)[number];

/** What was asked for, with every default in place. */
export interface DeploymentOrder {
  readonly strategy: DeploymentStrategy;
  readonly replicas: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  readonly canaryShares: readonly number[];
  readonly soakMs: number;
  readonly timeoutMs: number;
  readonly phaseTimeoutsMs: Readonly<Record<DeploymentPhase, number>>;
  readonly rollbackOnFailure: boolean;
  readonly gates: readonly DeploymentGate[];
  readonly mesh: MeshPolicy;
}

/** A step of a phase, with what was seen in it. */
export interface StepRecord {
  readonly name: string;
  readonly durationMs: number;
  /** What was there after it. */
  readonly releases: readonly ReleaseStatus[];
  readonly gates?: readonly GateOutcome[];
  /** Of the new version, in this step. */
  readonly traffic?: TrafficFigures;
}

/** A phase of a deployment, as far as it got. */
export interface PhaseRecord {
  readonly phase: DeploymentPhase;
  readonly status: 'in_progress' | 'completed' | 'failed';
  /** Epoch ms. */
  readonly startedAt: number;
  readonly durationMs?: number;
  readonly notes?: DriverNotes;
  readonly steps: readonly StepRecord[];
}

/** Why a deployment ended otherwise. */
export interface DeploymentFault {
  readonly code: DeploymentErrorCode;
  readonly message: string;
  readonly phase?: DeploymentPhase;
}

/** How what was there before was brought back. */
export interface RollbackRecord {
  /** Whether the state before is there again. */
  readonly performed: boolean;
  readonly reason: string;
  readonly durationMs: number;
  readonly steps: readonly StepRecord[];
  readonly error?: string;
}

/** A deployment from its order to its end. */
export interface DeploymentRecord extends DeploymentTarget {
  readonly formatVersion: 1;
  /**
   * Service, version and the second it began: `shop-1.4.0-1760000000`; with a number behind where one began
   * in the same second.
   */
  readonly id: string;
  readonly version: string;
  readonly artifact?: string;
  readonly driver: string;
  readonly order: DeploymentOrder;
  readonly status: DeploymentStatus;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Who asked; left out where nobody is known. */
  readonly by?: string;
  /** What was live before. */
  readonly previous?: LiveRelease;
  readonly phases: readonly PhaseRecord[];
  readonly fault?: DeploymentFault;
  readonly rollback?: RollbackRecord;
  /** The deployment that this one takes back. */
  readonly rollbackOf?: string;
  /** The deployment that took this one back. */
  readonly rolledBackBy?: string;
  readonly warnings: readonly string[];
}

/** A version that is live, and how it got there. */
export interface LiveRelease extends DeploymentRelease {
  readonly deploymentId: string;
  readonly replicas: number;
  readonly mesh: MeshPolicy;
}

/** What is known of a service beside its deployments. */
export interface ServiceRecord extends DeploymentTarget {
  readonly formatVersion: 1;
  readonly driver: string;
  readonly live?: LiveRelease;
  /** The deployment that is under way, or was when the process ended. */
  readonly open?: string;
}

const ENDED: ReadonlySet<DeploymentStatus> = new Set(['completed', 'failed', 'rolled_back']);

/** Whether nothing more happens to it by itself. */
export function hasEnded({ status }: DeploymentRecord): boolean {
  return ENDED.has(status);
}
