import type { DeploymentGoal, DeploymentTarget, ReleaseGoal } from '../deployment-driver.js';
import { DeploymentError } from '../deployment-error.js';
import type { KubernetesObject } from './kubernetes-client.js';

/** A version lives in one of two slots; the Service says which one, or both, get traffic. */
export const SLOTS = ['blue', 'green'] as const;
export type Slot = (typeof SLOTS)[number];

export const SLOT_LABEL = 'kapelle.dev/slot';
export const NAME_LABEL = 'app.kubernetes.io/name';
export const VERSION_LABEL = 'app.kubernetes.io/version';
export const MANAGED_LABEL = 'app.kubernetes.io/managed-by';
export const TENANT_ANNOTATION = 'kapelle.dev/tenant';
export const ARTIFACT_ANNOTATION = 'kapelle.dev/artifact';
export const MANAGER = 'kapelle';

/** What runs in the pods of a version. Secrets are named, never given. */
export interface KubernetesWorkload {
  readonly image: string;
  /** Where the container listens. */
  readonly port: number;
  /** Answers with 2xx once a pod can take requests. @default '/' */
  readonly readyPath?: string;
  /** Names of `Secret` objects whose entries become environment variables. */
  readonly secrets?: readonly string[];
  /** Names of `ConfigMap` objects whose entries become environment variables. */
  readonly configMaps?: readonly string[];
  readonly resources?: {
    readonly requests?: Readonly<Record<string, string>>;
    readonly limits?: Readonly<Record<string, string>>;
  };
  /** How long a pod has to be ready before it counts as available. @default 0 */
  readonly minReadySeconds?: number;
}

/** A DNS-1123 label, of at most 63 characters. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** A DNS-1123 subdomain without its dots is a list of labels. */
const VALUE = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const IMAGE = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}$/;

/** Names of the objects of a service. @throws DeploymentError `DEPLOYMENT_REQUEST_INVALID` */
export function assertNames(target: DeploymentTarget, namespace: string, version: string): void {
  const wrong = (what: string, value: string, rule: string): never => {
    throw new DeploymentError(
      'DEPLOYMENT_REQUEST_INVALID',
      `The ${what} "${value}" cannot be used in Kubernetes: ${rule}. Choose another.`,
    );
  };
  const { service } = target;
  if (!LABEL.test(namespace)) wrong('namespace', namespace, 'it must be a DNS-1123 label');
  // The slot is added to it, and the name of a Service begins with a letter (DNS-1035).
  if (!LABEL.test(`${service}-green`) || !/^[a-z]/.test(service)) {
    wrong('service', service, 'it must be 1 to 57 of a-z, 0-9 and -, the first a letter');
  }
  if (!VALUE.test(version)) wrong('version', version, 'it must be usable as the value of a label');
}

/** @throws DeploymentError `DEPLOYMENT_REQUEST_INVALID` */
export function assertWorkload({
  image,
  port,
  secrets = [],
  configMaps = [],
  readyPath = '/',
}: KubernetesWorkload): void {
  const wrong = (what: string): never => {
    throw new DeploymentError(
      'DEPLOYMENT_REQUEST_INVALID',
      `The workload cannot be used: ${what}. Correct it.`,
    );
  };
  if (!IMAGE.test(image)) wrong(`"${image.slice(0, 100)}" is no name of an image`);
  if (!Number.isSafeInteger(port) || port < 1 || port > 65_535) wrong(`port is ${String(port)}`);
  if (!readyPath.startsWith('/')) wrong(`readyPath "${readyPath}" does not begin with a slash`);
  for (const name of [...secrets, ...configMaps]) {
    if (name.length > 253 || !name.split('.').every((part) => LABEL.test(part))) {
      wrong(`"${name.slice(0, 100)}" is no name of a Secret or ConfigMap`);
    }
  }
}

/** An apps/v1 Deployment with one version. */
export function deploymentManifest(of: {
  readonly target: DeploymentTarget;
  readonly namespace: string;
  readonly slot: Slot;
  readonly release: ReleaseGoal;
  readonly workload: KubernetesWorkload;
  readonly goal: DeploymentGoal;
  readonly progressDeadlineSeconds: number;
}): KubernetesObject {
  const { target, namespace, slot, release, workload, goal, progressDeadlineSeconds } = of;
  const {
    image,
    port,
    readyPath = '/',
    secrets = [],
    configMaps = [],
    resources,
    minReadySeconds = 0,
  } = workload;
  const own = { [NAME_LABEL]: target.service, [SLOT_LABEL]: slot };
  const labels = { ...own, [VERSION_LABEL]: release.version, [MANAGED_LABEL]: MANAGER };
  const envFrom = [
    ...secrets.map((name) => ({ secretRef: { name } })),
    ...configMaps.map((name) => ({ configMapRef: { name } })),
  ];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: `${target.service}-${slot}`,
      namespace,
      labels,
      annotations: {
        [TENANT_ANNOTATION]: target.tenantId,
        ...(release.artifact === undefined ? {} : { [ARTIFACT_ANNOTATION]: release.artifact }),
      },
    },
    spec: {
      replicas: release.replicas,
      minReadySeconds,
      progressDeadlineSeconds,
      selector: { matchLabels: own },
      strategy:
        goal.inPlace === 'recreate'
          ? { type: 'Recreate' }
          : {
              type: 'RollingUpdate',
              rollingUpdate: { maxSurge: goal.maxSurge, maxUnavailable: goal.maxUnavailable },
            },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: target.service,
              image,
              ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }],
              env: [{ name: 'PORT', value: String(port) }],
              ...(envFrom.length === 0 ? {} : { envFrom }),
              ...(resources === undefined ? {} : { resources }),
              readinessProbe: { httpGet: { path: readyPath, port: 'http' }, periodSeconds: 5 },
            },
          ],
        },
      },
    },
  };
}

/**
 * A v1 Service. `slot`: whose pods get the traffic, `both` for all of them in equal parts, `none` for nobody.
 */
export function serviceManifest(
  target: DeploymentTarget,
  namespace: string,
  slot: Slot | 'both' | 'none',
): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: target.service,
      namespace,
      labels: { [NAME_LABEL]: target.service, [MANAGED_LABEL]: MANAGER },
      annotations: { [TENANT_ANNOTATION]: target.tenantId },
    },
    spec: {
      selector: { [NAME_LABEL]: target.service, ...(slot === 'both' ? {} : { [SLOT_LABEL]: slot }) },
      ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
    },
  };
}
