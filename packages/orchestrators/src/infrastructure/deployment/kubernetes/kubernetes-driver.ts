import { type Clock, systemClock } from '@kapelle/core';
import { pause } from '../bounded-work.js';
import type {
  DeploymentDriver,
  DeploymentGoal,
  DeploymentRelease,
  DeploymentTarget,
  DriverCall,
  DriverNotes,
  MeshPolicy,
  ReleaseGoal,
  ReleaseStatus,
} from '../deployment-driver.js';
import { DeploymentError } from '../deployment-error.js';
import { wholeIn } from '../read-order.js';
import { type ClusterView, readCluster, releasesOf } from './cluster-view.js';
import type { KubernetesClient, KubernetesObject } from './kubernetes-client.js';
import {
  assertNames,
  assertWorkload,
  deploymentManifest,
  type KubernetesWorkload,
  serviceManifest,
  type Slot,
  SLOTS,
} from './manifests.js';
import { rolloutStatus } from './rollout-status.js';

/** How a {@link KubernetesDriver} works. */
export interface KubernetesDriverOptions {
  readonly client: KubernetesClient;
  /** Where the objects of a service are. It has to exist. */
  readonly namespace: (target: DeploymentTarget) => string;
  /** What runs in the pods. Throws for a service it does not know. */
  readonly workload: (target: DeploymentTarget, release: DeploymentRelease) => KubernetesWorkload;
  /** @default 'kubernetes' */
  readonly name?: string;
  /** How often the cluster is asked how far it is. @default 1_000 @minimum 10 */
  readonly pollMs?: number;
  /** How long the cluster may make no progress before it gives up. @default 600 */
  readonly progressDeadlineSeconds?: number;
  readonly clock?: Clock;
}

/**
 * Deploys to Kubernetes. A version is an apps/v1 Deployment in one of two slots, `<service>-blue` and
 * `<service>-green`; a v1 Service selects one slot, or both. Blue-green switches the selector, a canary
 * shares the traffic by the number of pods, rolling and recreate are the Deployment's own strategy in the
 * live slot.
 */
export class KubernetesDriver implements DeploymentDriver {
  readonly name: string;
  readonly isPersistent = true;
  readonly shares = 'replicas';
  readonly exchange = 'in_place';
  readonly #options: KubernetesDriverOptions;
  readonly #client: KubernetesClient;
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #deadlineSeconds: number;

  /** @throws DeploymentError `DEPLOYMENT_OPTION_INVALID` naming the option */
  constructor(options: KubernetesDriverOptions) {
    const refuse = (problem: string): never => {
      throw new DeploymentError('DEPLOYMENT_OPTION_INVALID', `KubernetesDriver: ${problem}. Correct it.`);
    };
    const {
      name = 'kubernetes',
      pollMs = 1_000,
      progressDeadlineSeconds = 600,
      clock = systemClock,
    } = options;
    this.#options = options;
    this.#client = options.client;
    this.name = name;
    this.#clock = clock;
    this.#pollMs = wholeIn('pollMs', pollMs, { min: 10, max: 600_000 }, refuse);
    this.#deadlineSeconds = wholeIn(
      'progressDeadlineSeconds',
      progressDeadlineSeconds,
      { min: 1, max: 86_400 },
      refuse,
    );
  }

  check(target: DeploymentTarget, release: DeploymentRelease): void {
    assertNames(target, this.#options.namespace(target), release.version);
    assertWorkload(this.#options.workload(target, release));
  }

  async inspect(target: DeploymentTarget, call: DriverCall): Promise<readonly ReleaseStatus[]> {
    return releasesOf(await this.#read(target, call));
  }

  /** Lets the server check the manifest of the new version, without changing anything. */
  async prepare(target: DeploymentTarget, goal: DeploymentGoal, call: DriverCall): Promise<DriverNotes> {
    const view = await this.#read(target, call);
    for (const release of goal.releases) {
      const slot = goal.inPlace === undefined ? (slotFor(view, release, []) ?? SLOTS[0]) : liveSlot(view);
      await this.#client.apply(this.#manifest(target, goal, release, slot), { ...call, isDryRun: true });
    }
    return { namespace: this.#options.namespace(target), dryRun: true };
  }

  async connect(target: DeploymentTarget, _policy: MeshPolicy, call: DriverCall): Promise<DriverNotes> {
    const { traffic } = await this.#read(target, call);
    // There is a Service before there are pods; it leads nowhere until traffic is asked for.
    if (traffic === undefined) await this.#lead(target, 'none', call);
    return { service: target.service, policyApplied: false };
  }

  async apply(
    target: DeploymentTarget,
    goal: DeploymentGoal,
    call: DriverCall,
  ): Promise<readonly ReleaseStatus[]> {
    const view = await this.#read(target, call);
    if (goal.inPlace === undefined) await this.#applySteps(target, goal, view, call);
    else await this.#applyInPlace(target, goal, view, call);
    return this.inspect(target, call);
  }

  async #applyInPlace(
    target: DeploymentTarget,
    goal: DeploymentGoal,
    view: ClusterView,
    call: DriverCall,
  ): Promise<void> {
    const slot = liveSlot(view);
    for (const release of goal.releases)
      await this.#rollOut(this.#manifest(target, goal, release, slot), call);
    await this.#lead(target, slot, call);
    for (const other of view.slots) if (other.slot !== slot) await this.#remove(target, other.slot, call);
  }

  async #applySteps(
    target: DeploymentTarget,
    goal: DeploymentGoal,
    found: ClusterView,
    call: DriverCall,
  ): Promise<void> {
    const view = await this.#freed(target, goal, found, call);
    const taken: Slot[] = [];
    const placed = [...goal.releases]
      // Those that are there keep their slots; what is new gets the one that is left.
      .sort((a, b) => Number(isThere(view, b)) - Number(isThere(view, a)))
      .map((release) => {
        const slot = slotFor(view, release, taken);
        if (slot === undefined) throw noSlot(release.version);
        taken.push(slot);
        return { release, slot, before: view.slots.find((each) => each.slot === slot) };
      });
    // One without traffic that is there as it should be is not waited for: on the way back it may be the one
    // that never comes up.
    const kept = placed.filter(
      ({ release, before }) =>
        release.share === 0 && before?.version === release.version && before.replicas === release.replicas,
    );
    const grows = placed.filter(
      (each) =>
        !kept.includes(each) &&
        (each.before?.version !== each.release.version || each.before.replicas <= each.release.replicas),
    );
    await Promise.all(
      grows.map(({ release, slot }) => this.#rollOut(this.#manifest(target, goal, release, slot), call)),
    );
    const exposed = placed.filter(({ release }) => release.share > 0).map(({ slot }) => slot);
    const [only] = exposed;
    await this.#lead(target, exposed.length > 1 ? 'both' : (only ?? 'none'), call);
    const shrinks = placed.filter((each) => !grows.includes(each) && !kept.includes(each));
    await Promise.all(
      shrinks.map(({ release, slot }) => this.#rollOut(this.#manifest(target, goal, release, slot), call)),
    );
    await Promise.all(
      view.slots
        .filter(({ slot }) => !taken.includes(slot))
        .map(({ slot }) => this.#remove(target, slot, call)),
    );
  }

  /**
   * Takes the traffic from a version that shall be gone, so that its slot can be used: what a deployment left
   * that was not taken back.
   */
  async #freed(
    target: DeploymentTarget,
    goal: DeploymentGoal,
    view: ClusterView,
    call: DriverCall,
  ): Promise<ClusterView> {
    const [wanted, ...others] = view.slots.filter((each) =>
      goal.releases.some(({ version }) => version === each.version),
    );
    if (view.traffic !== 'both' || wanted === undefined || others.length > 0) return view;
    await this.#lead(target, wanted.slot, call);
    return { ...view, traffic: wanted.slot };
  }

  /** Applies a Deployment, and waits until the cluster has done what it says. */
  async #rollOut(manifest: KubernetesObject, call: DriverCall): Promise<void> {
    const { kind } = manifest;
    const { name, namespace } = manifest.metadata;
    let object: KubernetesObject | undefined = await this.#client.apply(manifest, call);
    for (;;) {
      const status = object === undefined ? deletedMeanwhile : rolloutStatus(object);
      if (status.state === 'done') return;
      if (status.state === 'failed') {
        throw new DeploymentError(
          'DEPLOYMENT_REPLICA_FAILED',
          `The rollout of ${namespace}/${name} failed (${status.why}). Look at the events of its pods.`,
        );
      }
      await pause(this.#clock, this.#pollMs, call.signal);
      object = await this.#client.get({ kind, namespace, name }, call);
    }
  }

  async #lead(target: DeploymentTarget, slot: Slot | 'both' | 'none', call: DriverCall): Promise<void> {
    call.signal.throwIfAborted();
    await this.#client.apply(serviceManifest(target, this.#options.namespace(target), slot), call);
  }

  async #remove(target: DeploymentTarget, slot: Slot, call: DriverCall): Promise<void> {
    call.signal.throwIfAborted();
    const namespace = this.#options.namespace(target);
    const ref = { kind: 'Deployment', namespace, name: `${target.service}-${slot}` } as const;
    if (!(await this.#client.delete(ref, call))) return;
    while ((await this.#client.get(ref, call)) !== undefined)
      await pause(this.#clock, this.#pollMs, call.signal);
  }

  #read(target: DeploymentTarget, call: DriverCall): Promise<ClusterView> {
    return readCluster(this.#client, target, this.#options.namespace(target), call);
  }

  #manifest(
    target: DeploymentTarget,
    goal: DeploymentGoal,
    release: ReleaseGoal,
    slot: Slot,
  ): KubernetesObject {
    const workload = this.#options.workload(target, release);
    assertWorkload(workload);
    return deploymentManifest({
      target,
      namespace: this.#options.namespace(target),
      slot,
      release,
      workload,
      goal,
      progressDeadlineSeconds: this.#deadlineSeconds,
    });
  }
}

const deletedMeanwhile = { state: 'failed', why: 'somebody deleted it meanwhile' } as const;

function isThere(view: ClusterView, { version }: DeploymentRelease): boolean {
  return view.slots.some((each) => each.version === version);
}

/** The slot that has the version, else one that gets no traffic: an unused one first. */
function slotFor(
  view: ClusterView,
  { version }: DeploymentRelease,
  taken: readonly Slot[],
): Slot | undefined {
  const own = view.slots.find((each) => each.version === version && !taken.includes(each.slot));
  if (own !== undefined) return own.slot;
  const free = SLOTS.filter((slot) => !taken.includes(slot));
  const unused = free.find((slot) => !view.slots.some((each) => each.slot === slot));
  const dark = free.find((slot) => view.traffic !== 'both' && view.traffic !== slot);
  return unused ?? dark;
}

function noSlot(version: string): DeploymentError {
  return new DeploymentError(
    'DEPLOYMENT_CONFLICT',
    `Both slots of the service get traffic, so there is none for version ${version}. Remove one of the two versions.`,
  );
}

/** Where what is live is exchanged in place. */
function liveSlot({ traffic, slots }: ClusterView): Slot {
  return SLOTS.find((slot) => slot === traffic) ?? slots[0]?.slot ?? SLOTS[0];
}
