import { DeploymentError } from './deployment-error.js';
import { type DeploymentSettings, phaseDefaults } from './deployment-options.js';
import type { DeployParams } from './deployment-params.js';
import type { DeploymentOrder } from './deployment-record.js';
import { readGates, readMesh, readPhaseTimeouts, readShares } from './read-order.js';

/**
 * What a call asks for, over the defaults. @throws DeploymentError `DEPLOYMENT_REQUEST_INVALID` naming the
 * field
 */
export function deploymentOrder(
  params: Partial<DeployParams>,
  settings: DeploymentSettings,
): DeploymentOrder {
  const refuse = (problem: string): never => {
    throw new DeploymentError(
      'DEPLOYMENT_REQUEST_INVALID',
      `The deployment was not begun: ${problem}. Correct it.`,
    );
  };
  const timeoutMs = params.timeoutMs ?? settings.timeoutMs;
  const phases = params.timeoutMs === undefined ? settings.phaseTimeoutsMs : phaseDefaults(timeoutMs);
  const order: DeploymentOrder = {
    strategy: params.strategy ?? settings.strategy,
    replicas: params.replicas ?? settings.replicas,
    maxSurge: params.maxSurge ?? settings.maxSurge,
    maxUnavailable: params.maxUnavailable ?? settings.maxUnavailable,
    canaryShares:
      params.canaryShares === undefined ? settings.canaryShares : readShares(params.canaryShares, refuse),
    soakMs: params.soakMs ?? settings.soakMs,
    timeoutMs,
    phaseTimeoutsMs:
      params.phaseTimeoutsMs === undefined
        ? phases
        : readPhaseTimeouts(params.phaseTimeoutsMs, phases, refuse),
    rollbackOnFailure: params.rollbackOnFailure ?? settings.rollbackOnFailure,
    gates: params.gates === undefined ? settings.gates : readGates(params.gates, refuse),
    mesh: params.mesh === undefined ? settings.mesh : readMesh(params.mesh, settings.mesh, refuse),
  };
  if (order.strategy === 'rolling' && order.maxSurge === 0 && order.maxUnavailable === 0) {
    refuse(
      'maxSurge and maxUnavailable are both 0, and a rolling deployment could never begin. Raise one of them',
    );
  }
  return order;
}
