import { StepResult } from '@kapelle/core';
import { DEPLOYMENT_CODES, DeploymentError } from './deployment-error.js';
import type { DeploymentRecord, LiveRelease } from './deployment-record.js';

/** The result of a call that waited for a deployment. Only `completed` is a success. */
export function deploymentResult(record: DeploymentRecord): StepResult<DeploymentRecord> {
  const { id, status, fault, rollback, warnings, version } = record;
  if (status === 'completed') return StepResult.ok(record, { warnings });
  const failedRollback = rollback?.performed === false ? rollback.error : undefined;
  const cause = fault ?? { code: 'DEPLOYMENT_DRIVER_FAILED' as const, message: 'The deployment failed.' };
  const code = failedRollback === undefined ? cause.code : 'DEPLOYMENT_ROLLBACK_FAILED';
  const outcome =
    status === 'rolled_back'
      ? 'What was there before is restored.'
      : `What was there before is not restored${failedRollback === undefined ? '' : `: ${failedRollback}`}.`;
  return StepResult.fail(`Version ${version} is not live: ${cause.message} ${outcome}`, {
    errorCategory: DEPLOYMENT_CODES[code],
    retryable: code === 'DEPLOYMENT_INTERRUPTED',
    details: {
      code,
      cause: cause.code,
      deploymentId: id,
      status,
      ...(fault?.phase === undefined ? {} : { phase: fault.phase }),
      rolledBack: rollback?.performed === true,
    },
  });
}

/**
 * What to return to: the version asked for, as it was last completed; else what was live before.
 *
 * @param history the newest first
 */
export function rollbackTarget(
  history: readonly DeploymentRecord[],
  live: LiveRelease,
  version: string | undefined,
): LiveRelease | undefined {
  if (version === undefined) return history.find(({ id }) => id === live.deploymentId)?.previous;
  const found = history.find(
    (each) => each.version === version && (each.status === 'completed' || each.rolledBackBy !== undefined),
  );
  if (found === undefined || version === live.version) return undefined;
  const { id, artifact, order } = found;
  const release = { deploymentId: id, version, replicas: order.replicas, mesh: order.mesh };
  return artifact === undefined ? release : { ...release, artifact };
}

/** @internal */
export function nothingToRollBack(service: string, version: string | undefined): DeploymentError {
  const what = version === undefined ? 'an earlier version' : `version ${version}`;
  return new DeploymentError(
    'DEPLOYMENT_NOTHING_TO_ROLL_BACK',
    `"${service}" cannot return to ${what}: there is no completed deployment of it beside what is live. Look at its history.`,
  );
}
