import type { KubernetesObject } from './kubernetes-client.js';

/** How far the cluster is with a Deployment. */
export type RolloutStatus =
  | { readonly state: 'done' }
  | { readonly state: 'progressing'; readonly what: string }
  | { readonly state: 'failed'; readonly why: string };

interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
}

/** Reads off a Deployment how far it is, by the rules of `kubectl rollout status`. */
export function rolloutStatus({ metadata, spec, status = {} }: KubernetesObject): RolloutStatus {
  const wanted = numberIn(spec, 'replicas', 1);
  const observed = numberIn(status, 'observedGeneration', 0);
  // What the status says is about an older spec.
  if (observed < (metadata.generation ?? 0))
    return { state: 'progressing', what: 'the change is not seen yet' };
  const conditions = Array.isArray(status['conditions'])
    ? (status['conditions'] as readonly Condition[])
    : [];
  const failed = conditions.find(
    ({ type, status: is, reason }) =>
      (type === 'Progressing' && is === 'False' && reason === 'ProgressDeadlineExceeded') ||
      (type === 'ReplicaFailure' && is === 'True'),
  );
  if (failed !== undefined) {
    return {
      state: 'failed',
      why: `${failed.reason ?? failed.type ?? ''}: ${(failed.message ?? '').slice(0, 300)}`,
    };
  }
  const updated = numberIn(status, 'updatedReplicas', 0);
  const all = numberIn(status, 'replicas', 0);
  const available = numberIn(status, 'availableReplicas', 0);
  if (updated < wanted)
    return { state: 'progressing', what: `${updated} of ${wanted} pods have the new version` };
  if (all > updated) return { state: 'progressing', what: `${all - updated} old pods have not gone yet` };
  if (available < updated)
    return { state: 'progressing', what: `${available} of ${updated} pods are available` };
  return { state: 'done' };
}

/** A whole number of a status or spec, where it has one. */
export function numberIn(
  of: Readonly<Record<string, unknown>> | undefined,
  name: string,
  otherwise: number,
): number {
  const value = of?.[name];
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : otherwise;
}
