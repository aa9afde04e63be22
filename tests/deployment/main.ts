import 'reflect-metadata';

import { createOrchestrationHost, OrchestrationContext, StepResult } from '@kapelle/core';
import {
  DEPLOYMENT_DRIVERS,
  DEPLOYMENT_OPTIONS,
  DEPLOYMENT_STRATEGIES,
  DeploymentOrchestrator,
  type DeploymentRecord,
  type DeploymentStrategy,
  ProcessGroupDriver,
} from '@kapelle/orchestrators';
import { ContainerModule } from 'inversify';
import process from 'node:process';
import { Load, type LoadSeen } from './load.js';

const TENANT = 'figures';
const RATE = 200;
/** Percent of the traffic that a canary gets first. */
const FIRST_SHARE = 10;
const TARGET = { tenantId: TENANT, environment: 'production', service: 'shop' };

/** A deployment under load. */
export interface Measured {
  readonly name: string;
  readonly status: string;
  readonly seconds: number;
  readonly sent: number;
  readonly failed: number;
  readonly byVersion: LoadSeen['byVersion'];
  /** The largest share that the new version had, in percent. */
  readonly reached: number;
  readonly rollbackMs?: number;
}

export interface AllMeasured {
  readonly runs: readonly Measured[];
  /** Processes that were there after the end. */
  readonly left: number;
  readonly broken: readonly string[];
}

/** Every promise about deployments, measured with processes of the program at `service`. */
export async function measureAll(service: string, tell: (text: string) => void): Promise<AllMeasured> {
  const driver = new ProcessGroupDriver({
    launch: (_target, { version }) => ({
      command: process.execPath,
      args: [service],
      readyPath: '/ready',
      env: { VERSION: version, ...(version.startsWith('bad') ? { FAIL_EVERY: '2' } : {}), DELAY_MS: '5' },
    }),
    probeMs: 25,
  });
  const host = createOrchestrationHost({
    orchestrators: [DeploymentOrchestrator],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(DEPLOYMENT_DRIVERS).toConstantValue([driver]);
        bind(DEPLOYMENT_OPTIONS).toConstantValue({ soakMs: 1_000, pollMs: 50 });
      }),
    ],
  });
  await host.start();
  const pids = new Set<number>();
  const runs: Measured[] = [];
  const call = (params: object): Promise<StepResult<DeploymentRecord>> =>
    host.facade.orchestrate<DeploymentRecord>(
      'deployment',
      OrchestrationContext.create({ tenantId: TENANT }),
      { service: 'shop', ...params },
    );
  const measure = async (name: string, params: object): Promise<void> => {
    const load = new Load(driver.url(TARGET) as string, RATE);
    const began = performance.now();
    await call({ operation: 'deploy', ...params });
    const seconds = (performance.now() - began) / 1_000;
    // Whether it is really over is seen by what comes after.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { sent, failed, byVersion, pids: seen } = await load.stop();
    for (const pid of seen) pids.add(pid);
    const [record] = StepResult.unwrap(
      await host.facade.orchestrate<readonly DeploymentRecord[]>(
        'deployment',
        OrchestrationContext.create({ tenantId: TENANT }),
        { operation: 'history', service: 'shop', limit: 1 },
      ),
    );
    const measured = measuredOf(name, record as DeploymentRecord, { seconds, sent, failed, byVersion });
    tell(lineOf(measured));
    runs.push(measured);
  };
  try {
    // The gates take their default bounds, except the time to answer: the machine may be busy with other
    // things.
    const gates = [
      { name: 'latency', metric: 'p95_ms', max: 2_000, minRequests: 15 },
      { name: 'errors', metric: 'error_ratio', max: 0.01, minRequests: 15 },
      { name: 'beside_old', metric: 'error_ratio', maxIncrease: 0.01, minRequests: 15 },
    ];
    StepResult.unwrap(await call({ operation: 'deploy', version: 'v1', gates: [], soakMs: 0 }));
    let version = 1;
    for (const strategy of DEPLOYMENT_STRATEGIES) {
      version += 1;
      await measure(strategy, { version: `v${version}`, strategy, gates });
    }
    await measure('bad canary', { version: 'bad1', strategy: 'canary' satisfies DeploymentStrategy, gates });
  } finally {
    await host.stop();
  }
  const left = [...pids].filter(isThere).length;
  return { runs, left, broken: brokenPromises(runs, left) };
}

function measuredOf(
  name: string,
  { version, status, phases, rollback }: DeploymentRecord,
  seen: Omit<Measured, 'name' | 'status' | 'reached' | 'rollbackMs'>,
): Measured {
  const shares = phases.flatMap(({ steps }) =>
    steps.flatMap(({ releases }) =>
      releases.filter((each) => each.version === version).map(({ share }) => share),
    ),
  );
  return {
    name,
    status,
    ...seen,
    reached: Math.max(0, ...shares),
    ...(rollback === undefined ? {} : { rollbackMs: rollback.durationMs }),
  };
}

function brokenPromises(runs: readonly Measured[], left: number): readonly string[] {
  const broken: string[] = [];
  for (const { name, status, failed, sent, reached, byVersion } of runs) {
    if (name === 'bad canary') {
      if (status !== 'rolled_back') broken.push(`The bad version is ${status}, not rolled_back.`);
      if (reached > FIRST_SHARE)
        broken.push(`The bad version got ${reached} % of the traffic, not ${FIRST_SHARE} %.`);
      if (failed > (sent * FIRST_SHARE) / 100) broken.push(`${failed} of ${sent} requests failed.`);
      const others = Object.entries(byVersion).filter(([version]) => !version.startsWith('bad'));
      if (others.some(([, { failed: lost }]) => lost > 0)) broken.push('The old version lost requests.');
    } else {
      if (status !== 'completed') broken.push(`${name} is ${status}, not completed.`);
      // There is nobody to answer while the old version is down and the new one is not yet up.
      if (name !== 'recreate' && failed > 0) broken.push(`${name} lost ${failed} of ${sent} requests.`);
    }
  }
  if (runs.length !== DEPLOYMENT_STRATEGIES.length + 1) broken.push('Not everything was measured.');
  if (left > 0) broken.push(`${left} processes were left behind.`);
  return broken;
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function lineOf({ name, status, seconds, sent, failed, reached, rollbackMs }: Measured): string {
  const back = rollbackMs === undefined ? '' : `, back in ${rollbackMs} ms`;
  return `${name}: ${status} in ${seconds.toFixed(1)} s, ${failed} of ${sent} requests failed, new version up to ${reached} %${back}`;
}

/** The numbers for a person. */
export function reportOf({ runs, left, broken }: AllMeasured): string {
  return [
    `3 replicas, ${RATE} requests a second, each step watched for 1 s`,
    ...runs.map(lineOf),
    `processes left behind: ${left}`,
    ...(broken.length === 0 ? ['every promise is held'] : broken.map((each) => `BROKEN: ${each}`)),
  ].join('\n');
}
