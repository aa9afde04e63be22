import type {
  DeploymentDriver,
  DeploymentGoal,
  DeploymentRelease,
  ReleaseGoal,
} from './deployment-driver.js';

/** How a new version takes over. */
export const DEPLOYMENT_STRATEGIES = ['rolling', 'blue_green', 'canary', 'recreate'] as const;
export type DeploymentStrategy = (typeof DEPLOYMENT_STRATEGIES)[number];

/** One state on the way, which is brought about and, where it is gated, watched. */
export interface PlanStep {
  readonly name: string;
  readonly goal: DeploymentGoal;
  /** Whether the gates have to let it pass. */
  readonly isGated: boolean;
}

/** The states that a deployment goes through. */
export interface DeploymentPlan {
  /** Before any traffic reaches the new version. */
  readonly application: readonly PlanStep[];
  /** Traffic moves. */
  readonly traffic: readonly PlanStep[];
  /** The new version alone. */
  readonly finish: PlanStep;
}

/** A version with as many replicas as it has, or shall have. */
export interface PlannedRelease extends DeploymentRelease {
  readonly replicas: number;
}

/** What a plan is made of. */
export interface PlanRequest {
  readonly strategy: DeploymentStrategy;
  readonly next: PlannedRelease;
  /** What is live now; left out for the first version of a service. */
  readonly previous?: PlannedRelease;
  /** Percent of the traffic in each step of a canary: whole numbers from 1, ascending, the last 100. */
  readonly canaryShares: readonly number[];
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  readonly exchange: DeploymentDriver['exchange'];
  readonly shares: DeploymentDriver['shares'];
}

/**
 * The states of a deployment, in order. Wants `maxSurge + maxUnavailable` of at least 1 for a rolling one.
 */
export function planDeployment(request: PlanRequest): DeploymentPlan {
  const { strategy, next, previous, exchange } = request;
  const alone = goal(request, [releaseGoal(next, next.replicas, 100)]);
  const finish = { name: 'finish', goal: alone, isGated: false };
  if (previous === undefined) {
    return {
      application: [
        { name: 'start', goal: goal(request, [releaseGoal(next, next.replicas, 0)]), isGated: false },
      ],
      traffic: [{ name: 'traffic 100 %', goal: alone, isGated: true }],
      finish,
    };
  }
  if (exchange === 'in_place' && (strategy === 'rolling' || strategy === 'recreate')) {
    const inPlace = { ...alone, inPlace: strategy };
    return {
      application: [],
      traffic: [{ name: `${strategy} in place`, goal: inPlace, isGated: true }],
      finish: { ...finish, goal: inPlace },
    };
  }
  const steps = STEPS[strategy](request, previous);
  return { ...steps, finish };
}

/**
 * The states back to the old version: its replicas that run get all traffic at once, then there are as many
 * as before, then the new version goes. `current` is what is there, as far as it is known.
 */
export function planRollback(
  request: Pick<PlanRequest, 'next' | 'previous' | 'maxSurge' | 'maxUnavailable'> & {
    readonly isInPlace: boolean;
  },
  current: readonly PlannedRelease[],
): readonly PlanStep[] {
  const { next, previous, isInPlace } = request;
  const step = (name: string, releases: readonly ReleaseGoal[]): PlanStep => ({
    name,
    goal: goal(request, releases),
    isGated: false,
  });
  if (previous === undefined) return [step('remove', [])];
  const restored = releaseGoal(previous, previous.replicas, 100);
  const last = step('remove the new version', [restored]);
  if (isInPlace) return [{ ...last, name: 'restore in place', goal: { ...last.goal, inPlace: 'rolling' } }];
  const countOf = (version: string): number =>
    current.find((each) => each.version === version)?.replicas ?? 0;
  const [oldCount, newCount] = [countOf(previous.version), countOf(next.version)];
  const kept = newCount === 0 ? [] : [releaseGoal(next, newCount, 0)];
  return [
    ...(oldCount === 0 || newCount === 0
      ? []
      : [step('traffic back', [releaseGoal(previous, oldCount, 100), ...kept])]),
    ...(oldCount >= previous.replicas || kept.length === 0 ? [] : [step('restore', [restored, ...kept])]),
    last,
  ];
}

type StepsOf = (
  request: PlanRequest,
  previous: PlannedRelease,
) => Pick<DeploymentPlan, 'application' | 'traffic'>;

const STEPS: Readonly<Record<DeploymentStrategy, StepsOf>> = {
  blue_green: (request, previous) => {
    const { next } = request;
    const state = (share: number): DeploymentGoal =>
      goal(request, [
        releaseGoal(previous, previous.replicas, 100 - share),
        releaseGoal(next, next.replicas, share),
      ]);
    return {
      application: [{ name: 'start beside', goal: state(0), isGated: false }],
      traffic: [{ name: 'traffic 100 %', goal: state(100), isGated: true }],
    };
  },

  canary: (request, previous) => {
    const { next, canaryShares } = request;
    const state = (replicas: number, share: number): DeploymentGoal =>
      goal(request, [
        releaseGoal(previous, previous.replicas, 100 - share),
        releaseGoal(next, replicas, share),
      ]);
    const first = canaryReplicas(request, previous, canaryShares[0] ?? 100);
    return {
      application: [{ name: 'start canary', goal: state(first, 0), isGated: false }],
      traffic: canaryShares.map((share) => ({
        name: `traffic ${share} %`,
        goal: state(canaryReplicas(request, previous, share), share),
        isGated: true,
      })),
    };
  },

  rolling: (request, previous) => {
    const { next } = request;
    const counts = rollingCounts({ ...request, from: previous.replicas, to: next.replicas });
    const state = ([from, to]: readonly [number, number], share: number): DeploymentGoal =>
      goal(request, [
        ...(from === 0 ? [] : [releaseGoal(previous, from, to === 0 ? 100 : 100 - share)]),
        ...(to === 0 ? [] : [releaseGoal(next, to, share)]),
      ]);
    const firstNew = counts.findIndex(([, to]) => to > 0);
    const name = ([from, to]: readonly [number, number]): string => `${from} old, ${to} new`;
    let reached = 0;
    return {
      application: counts.slice(0, firstNew + 1).map((count) => ({
        name: name(count),
        goal: state(count, 0),
        isGated: false,
      })),
      traffic: counts.slice(firstNew).map((count) => {
        const [from, to] = count;
        const share = from === 0 ? 100 : Math.min(99, Math.max(1, Math.round((100 * to) / (from + to))));
        const isGated = share > reached;
        reached = Math.max(reached, share);
        return { name: name(count), goal: state(count, share), isGated };
      }),
    };
  },

  recreate: (request) => {
    const { next } = request;
    return {
      application: [],
      traffic: [
        { name: 'stop the old version', goal: goal(request, []), isGated: false },
        {
          name: 'start the new version',
          goal: goal(request, [releaseGoal(next, next.replicas, 100)]),
          isGated: true,
        },
      ],
    };
  },
};

/**
 * How many of the old and of the new there are, state by state. In no state, and on no way from one to the
 * next, are there more than the larger of both counts and `maxSurge`, or fewer than the smaller of both less
 * `maxUnavailable`.
 */
export function rollingCounts(request: {
  readonly from: number;
  readonly to: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}): readonly (readonly [number, number])[] {
  const { to, maxSurge } = request;
  // Neither surge nor absence would leave nothing that can be done.
  const maxUnavailable = maxSurge === 0 ? Math.max(1, request.maxUnavailable) : request.maxUnavailable;
  const states: (readonly [number, number])[] = [];
  let [left, up] = [request.from, 0];
  while (left > 0 || up < to) {
    const fewer = Math.min(left, Math.max(0, to - maxUnavailable - up));
    if (fewer !== left) states.push([fewer, up]);
    left = fewer;
    const more = Math.max(up, Math.min(to, to + maxSurge - left));
    if (more !== up) states.push([left, more]);
    up = more;
  }
  return states;
}

/** As many as the share asks for, at least one, at most all. */
function canaryReplicas({ next, shares }: PlanRequest, previous: PlannedRelease, share: number): number {
  const wanted =
    shares === 'weighted' || share === 100
      ? Math.ceil((next.replicas * share) / 100)
      : Math.floor((previous.replicas * share) / (100 - share));
  return Math.min(next.replicas, Math.max(1, wanted));
}

function goal(
  { maxSurge, maxUnavailable }: Pick<PlanRequest, 'maxSurge' | 'maxUnavailable'>,
  releases: readonly ReleaseGoal[],
): DeploymentGoal {
  return { releases, maxSurge, maxUnavailable };
}

function releaseGoal({ version, artifact }: DeploymentRelease, replicas: number, share: number): ReleaseGoal {
  return { version, ...(artifact === undefined ? {} : { artifact }), replicas, share };
}
