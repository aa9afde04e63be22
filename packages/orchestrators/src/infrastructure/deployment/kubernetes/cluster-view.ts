import type { DeploymentTarget, DriverCall, ReleaseStatus } from '../deployment-driver.js';
import { DeploymentError } from '../deployment-error.js';
import type { KubernetesClient, KubernetesObject } from './kubernetes-client.js';
import {
  ARTIFACT_ANNOTATION,
  MANAGED_LABEL,
  MANAGER,
  NAME_LABEL,
  type Slot,
  SLOT_LABEL,
  SLOTS,
  TENANT_ANNOTATION,
  VERSION_LABEL,
} from './manifests.js';
import { numberIn } from './rollout-status.js';

/** One slot that is in use. */
export interface SlotView {
  readonly slot: Slot;
  readonly version: string;
  readonly artifact?: string;
  readonly replicas: number;
  readonly available: number;
}

/** What a cluster has of a service. */
export interface ClusterView {
  readonly slots: readonly SlotView[];
  /** Which slot the Service leads to; `undefined` where there is no Service. */
  readonly traffic: Slot | 'both' | 'none' | undefined;
}

/**
 * Reads both slots and the Service. @throws DeploymentError `DEPLOYMENT_CONFLICT` where one of them belongs
 * to somebody else
 */
export async function readCluster(
  client: KubernetesClient,
  target: DeploymentTarget,
  namespace: string,
  call: DriverCall,
): Promise<ClusterView> {
  const [service, ...deployments] = await Promise.all([
    client.get({ kind: 'Service', namespace, name: target.service }, call),
    ...SLOTS.map((slot) =>
      client.get({ kind: 'Deployment', namespace, name: `${target.service}-${slot}` }, call),
    ),
  ]);
  for (const object of [service, ...deployments]) if (object !== undefined) assertOwn(object, target);
  const slots = SLOTS.flatMap((slot, at): SlotView[] => {
    const found = deployments[at];
    if (found === undefined) return [];
    const artifact = found.metadata.annotations?.[ARTIFACT_ANNOTATION];
    return [
      {
        slot,
        version: found.metadata.labels?.[VERSION_LABEL] ?? 'unknown',
        ...(artifact === undefined ? {} : { artifact }),
        replicas: numberIn(found.spec, 'replicas', 1),
        available: numberIn(found.status, 'availableReplicas', 0),
      },
    ];
  });
  return { slots, traffic: service === undefined ? undefined : trafficOf(service) };
}

/**
 * The versions with the traffic that each really gets: by the number of its pods where the Service leads to
 * both.
 */
export function releasesOf({ slots, traffic }: ClusterView): readonly ReleaseStatus[] {
  const exposed = slots.filter(({ slot }) => traffic === 'both' || traffic === slot);
  const pods = exposed.reduce((sum, { available }) => sum + available, 0);
  return slots.map((each) => {
    const { version, artifact, replicas, available } = each;
    const share = exposed.includes(each) && pods > 0 ? Math.round((10_000 * available) / pods) / 100 : 0;
    return { version, ...(artifact === undefined ? {} : { artifact }), replicas, ready: available, share };
  });
}

function trafficOf({ spec }: KubernetesObject): Slot | 'both' | 'none' {
  const selector = spec?.['selector'];
  const slot: unknown =
    typeof selector === 'object' && selector !== null ? Reflect.get(selector, SLOT_LABEL) : 'none';
  if (slot === undefined) return 'both';
  return SLOTS.find((each) => each === slot) ?? 'none';
}

function assertOwn({ kind, metadata }: KubernetesObject, { tenantId, service }: DeploymentTarget): void {
  const { name, namespace, labels, annotations } = metadata;
  const isOwn = labels?.[MANAGED_LABEL] === MANAGER && labels[NAME_LABEL] === service;
  if (isOwn && annotations?.[TENANT_ANNOTATION] === tenantId) return;
  throw new DeploymentError(
    'DEPLOYMENT_CONFLICT',
    `${kind} ${namespace}/${name} is there already, and was not made for this tenant and service. Use another namespace or name.`,
  );
}
