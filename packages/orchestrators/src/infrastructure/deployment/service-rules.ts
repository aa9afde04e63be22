import type { DeploymentTarget } from './deployment-driver.js';
import { DeploymentError } from './deployment-error.js';
import type { DeploymentRecord, ServiceRecord } from './deployment-record.js';

/** A service after a deployment of it has ended. */
export function settledService(service: ServiceRecord, record: DeploymentRecord | undefined): ServiceRecord {
  const { open: _open, ...rest } = service;
  if (record?.status !== 'completed') return rest;
  const { id, version, artifact, order } = record;
  return {
    ...rest,
    live: {
      deploymentId: id,
      version,
      ...(artifact === undefined ? {} : { artifact }),
      replicas: order.replicas,
      mesh: order.mesh,
    },
  };
}

/** A target without what else an object may have. */
export function onlyTarget({ tenantId, environment, service }: DeploymentTarget): DeploymentTarget {
  return { tenantId, environment, service };
}

/** The same text for the same service, and no other. */
export function keyOf({ tenantId, environment, service }: DeploymentTarget): string {
  return JSON.stringify([tenantId, environment, service]);
}

/** Another deployment has the service. */
export function inProgress(
  { service, environment }: DeploymentTarget,
  id: string | undefined,
): DeploymentError {
  return new DeploymentError(
    'DEPLOYMENT_IN_PROGRESS',
    `A deployment of "${service}" in ${environment} is under way${id === undefined ? '' : ` (${id})`}. Wait for its end, or cancel it.`,
    { retryable: true, details: id === undefined ? {} : { deploymentId: id } },
  );
}

/** The process is stopping. */
export function interrupted(): DeploymentError {
  return new DeploymentError(
    'DEPLOYMENT_INTERRUPTED',
    'The process is stopping, so the deployment was ended. Deploy again when it runs.',
    { retryable: true },
  );
}
