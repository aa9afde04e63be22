import { boundedWork } from './bounded-work.js';
import type { DeploymentGoal, ReleaseStatus } from './deployment-driver.js';
import { DeploymentError, deploymentError } from './deployment-error.js';
import { type PlannedRelease, planRollback } from './deployment-plan.js';
import type { DeploymentRecord, RollbackRecord, StepRecord } from './deployment-record.js';
import type { DeploymentWorld } from './deployment-run.js';

/** How long the driver may take to say what is there, before what was asked of it counts. */
const INSPECT_MS = 10_000;

/**
 * Restores what was there before a deployment, and looks whether it is. Has a time of its own, for the
 * deployment's may be over. Never rejects.
 *
 * @param asked what the driver was last asked for, where it does not say itself what is there
 */
export async function rollBack(
  record: DeploymentRecord,
  asked: DeploymentGoal | undefined,
  world: DeploymentWorld,
): Promise<RollbackRecord> {
  const { clock, driver, rollbackTimeoutMs, graceMs, onLate } = world;
  const began = clock.monotonic();
  const steps: StepRecord[] = [];
  const reason = record.fault?.message ?? 'It was asked for.';
  const { previous } = record;
  const passed = (since: number): number => Math.round(clock.monotonic() - since);
  const work = async (signal: AbortSignal): Promise<void> => {
    const current = await currentOf(record, asked, world, signal);
    const plan = planRollback(
      {
        ...record.order,
        next: { version: record.version, replicas: record.order.replicas },
        ...(previous === undefined ? {} : { previous }),
        isInPlace: asked?.inPlace !== undefined,
      },
      current,
    );
    let releases: readonly ReleaseStatus[] = [];
    for (const step of plan) {
      const since = clock.monotonic();
      releases = await driver.apply(record, step.goal, { signal });
      steps.push({ name: step.name, durationMs: passed(since), releases });
      signal.throwIfAborted();
    }
    const left = releases.find(({ version, share }) => version === record.version && share > 0);
    const back = releases.find(({ version }) => version === previous?.version);
    if (left === undefined && (previous === undefined || (back !== undefined && back.ready > 0))) return;
    throw new DeploymentError(
      'DEPLOYMENT_ROLLBACK_FAILED',
      `The driver says that the state before is restored, and shows ${shown(releases)}. Look at the platform.`,
    );
  };
  try {
    await boundedWork(work, {
      clock,
      // Whatever ended the deployment does not end the way back.
      signal: new AbortController().signal,
      timeoutMs: rollbackTimeoutMs,
      timeout: () =>
        new DeploymentError(
          'DEPLOYMENT_TIMEOUT',
          `The rollback took longer than ${rollbackTimeoutMs} ms. Look at the platform, and restore the old version by hand.`,
        ),
      graceMs,
      onLate,
    });
    return { performed: true, reason, durationMs: passed(began), steps };
  } catch (thrown) {
    const { message } = deploymentError(thrown, 'The rollback');
    return { performed: false, reason, durationMs: passed(began), steps, error: message };
  }
}

async function currentOf(
  record: DeploymentRecord,
  asked: DeploymentGoal | undefined,
  { clock, driver, graceMs }: DeploymentWorld,
  signal: AbortSignal,
): Promise<readonly PlannedRelease[]> {
  try {
    return await boundedWork((inner) => driver.inspect(record, { signal: inner }), {
      clock,
      signal,
      timeoutMs: INSPECT_MS,
      timeout: () => new Error(`The driver did not tell within ${INSPECT_MS} ms what is there.`),
      graceMs,
    });
  } catch {
    signal.throwIfAborted();
    return asked?.releases ?? [];
  }
}

function shown(releases: readonly ReleaseStatus[]): string {
  if (releases.length === 0) return 'nothing';
  return releases
    .map(
      ({ version, ready, replicas, share }) => `${version} with ${ready} of ${replicas} ready and ${share} %`,
    )
    .join(', ');
}
