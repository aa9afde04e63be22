import { boundedWork } from './bounded-work.js';
import type { DeploymentGoal } from './deployment-driver.js';
import { DeploymentError, deploymentError } from './deployment-error.js';
import {
  type DeploymentRecord,
  hasEnded,
  type LiveRelease,
  type RollbackRecord,
  type ServiceRecord,
} from './deployment-record.js';
import { type DeploymentWorld, overdue } from './deployment-run.js';
import { rollBack } from './roll-back.js';

/**
 * Takes a service up that a process left behind. A deployment that was under way is finished where every gate
 * had let it pass, and taken back otherwise; what was live is brought about again where it ended with the
 * process. The record of the deployment as it is then.
 *
 * @param open the deployment that was under way, where there was one
 */
export async function recoverService(
  service: ServiceRecord,
  open: DeploymentRecord | undefined,
  world: DeploymentWorld,
  { always = false }: { readonly always?: boolean } = {},
): Promise<DeploymentRecord | undefined> {
  const { clock, driver, logger, save } = world;
  if (open === undefined || hasEnded(open)) {
    const isWanted = always || (service.live !== undefined && !driver.isPersistent);
    if (isWanted) await restore(service, service.live, world);
    return open;
  }
  const { id, version, previous } = open;
  logger.warn('deployment_interrupted_found', { deploymentId: id, service: service.service, version });
  const hasPassed = open.phases.some(({ phase, status }) => phase === 'traffic' && status === 'completed');
  if (hasPassed) {
    const { artifact, order } = open;
    const live = { deploymentId: id, version, replicas: order.replicas, mesh: order.mesh };
    const problem = await failureOf(
      restore(service, artifact === undefined ? live : { ...live, artifact }, world),
    );
    const warnings = problem === undefined ? open.warnings : [...open.warnings, problem];
    const finished: DeploymentRecord = { ...open, status: 'completed', endedAt: clock.now(), warnings };
    await save(finished);
    return finished;
  }
  const fault = {
    code: 'DEPLOYMENT_INTERRUPTED',
    message: 'The process ended while the deployment was under way.',
  } as const;
  const rollback = driver.isPersistent
    ? await rollBack({ ...open, fault }, inPlaceGoal(open, driver.exchange), world)
    : await startAgain(service, previous, fault.message, world);
  const ended: DeploymentRecord = {
    ...open,
    status: rollback.performed ? 'rolled_back' : 'failed',
    endedAt: clock.now(),
    fault,
    rollback,
    phases: open.phases.map((each) => (each.status === 'in_progress' ? { ...each, status: 'failed' } : each)),
  };
  await save(ended);
  return ended;
}

/** Where everything ended with the process, what was live before is started again. */
async function startAgain(
  service: ServiceRecord,
  previous: LiveRelease | undefined,
  reason: string,
  world: DeploymentWorld,
): Promise<RollbackRecord> {
  const began = world.clock.monotonic();
  const error = previous === undefined ? undefined : await failureOf(restore(service, previous, world));
  const durationMs = Math.round(world.clock.monotonic() - began);
  return {
    performed: error === undefined,
    reason,
    durationMs,
    steps: [],
    ...(error === undefined ? {} : { error }),
  };
}

async function failureOf(work: Promise<void>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (thrown) {
    return deploymentError(thrown, 'Restoring what was live').message;
  }
}

/** Brings about that `live` is there and nothing else; without it, that nothing is. */
async function restore(
  service: ServiceRecord,
  live: LiveRelease | undefined,
  world: DeploymentWorld,
): Promise<void> {
  const { clock, driver, logger, graceMs, rollbackTimeoutMs: timeoutMs, onLate } = world;
  const work = async (signal: AbortSignal): Promise<void> => {
    if (live !== undefined) await driver.connect(service, live.mesh, { signal });
    const releases = await driver.apply(service, goalOf(live), { signal });
    if (live === undefined || releases.some(({ version, ready }) => version === live.version && ready > 0))
      return;
    throw new DeploymentError(
      'DEPLOYMENT_DRIVER_FAILED',
      `No replica of version ${live.version} is ready. Look at the platform.`,
    );
  };
  try {
    await boundedWork(work, {
      clock,
      signal: new AbortController().signal,
      timeoutMs,
      timeout: () => overdue('Restoring what was live', timeoutMs),
      graceMs,
      onLate,
    });
  } catch (thrown) {
    throw deploymentError(thrown, 'Restoring what was live');
  }
  logger.info('deployment_restored', { service: service.service, version: live?.version });
}

function goalOf(live: LiveRelease | undefined): DeploymentGoal {
  const bounds = { maxSurge: 1, maxUnavailable: 0 };
  if (live === undefined) return { releases: [], ...bounds };
  const { version, artifact, replicas } = live;
  return {
    releases: [{ version, ...(artifact === undefined ? {} : { artifact }), replicas, share: 100 }],
    ...bounds,
  };
}

/** How the interrupted deployment worked on the platform, for the way back is the same. */
function inPlaceGoal(
  { order, previous }: DeploymentRecord,
  exchange: 'stepwise' | 'in_place',
): DeploymentGoal | undefined {
  const { strategy, maxSurge, maxUnavailable } = order;
  if (exchange !== 'in_place' || previous === undefined) return undefined;
  if (strategy !== 'rolling' && strategy !== 'recreate') return undefined;
  return { releases: [], inPlace: strategy, maxSurge, maxUnavailable };
}
