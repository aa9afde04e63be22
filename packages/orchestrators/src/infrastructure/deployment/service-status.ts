import type { Clock } from '@kapelle/core';
import { boundedWork } from './bounded-work.js';
import type { DeploymentDesk } from './deployment-desk.js';
import type { ReleaseStatus } from './deployment-driver.js';
import { deploymentError } from './deployment-error.js';
import type { DeploymentRecord, LiveRelease, ServiceRecord } from './deployment-record.js';
import { trafficFigures, type TrafficFigures } from './traffic.js';

/** What `status` tells of a service. */
export interface DeploymentServiceStatus {
  readonly service: string;
  readonly environment: string;
  readonly driver: string;
  readonly live?: LiveRelease;
  /** The deployment that is under way. */
  readonly deployment?: DeploymentRecord;
  /** What the driver sees now; where it does not answer, `problem` says why. */
  readonly releases?: readonly ReleaseStatus[];
  /** By version, since the balancer began. */
  readonly traffic?: Readonly<Record<string, TrafficFigures>>;
  readonly problem?: string;
}

/** How long the driver may take to tell. */
const LOOK_MS = 5_000;

/** What is known of a service, with what its driver sees now. Rejects only with the reason of the signal. */
export async function serviceStatus(
  record: ServiceRecord,
  desk: DeploymentDesk,
  clock: Clock,
  signal: AbortSignal,
): Promise<DeploymentServiceStatus> {
  const { service, environment, live } = record;
  const deployment = desk.run(record)?.record;
  const known = {
    service,
    environment,
    driver: record.driver,
    ...(live === undefined ? {} : { live }),
    ...(deployment === undefined ? {} : { deployment }),
  };
  const look = async (inner: AbortSignal): Promise<DeploymentServiceStatus> => {
    const driver = desk.driver(record.driver);
    const releases = await driver.inspect(record, { signal: inner });
    const counters = await desk.traffic(driver)?.read(record, { signal: inner });
    if (counters === undefined) return { ...known, releases };
    const traffic = Object.entries(counters).map(
      ([version, each]) => [version, trafficFigures(each)] as const,
    );
    return { ...known, releases, traffic: Object.fromEntries(traffic) };
  };
  try {
    return await boundedWork(look, {
      clock,
      signal,
      timeoutMs: LOOK_MS,
      timeout: () => new Error(`The driver did not answer within ${LOOK_MS} ms`),
      graceMs: 0,
    });
  } catch (thrown) {
    signal.throwIfAborted();
    return { ...known, problem: deploymentError(thrown, 'Looking at the platform').message };
  }
}
