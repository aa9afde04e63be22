import { type Clock, systemClock } from '@kapelle/core';
import type {
  DeploymentDriver,
  DeploymentGoal,
  DeploymentRelease,
  DeploymentTarget,
  DriverCall,
  DriverNotes,
  MeshPolicy,
  ReleaseStatus,
  TrafficSource,
} from '../deployment-driver.js';
import { DeploymentError } from '../deployment-error.js';
import { deploymentSettings } from '../deployment-options.js';
import { wholeIn } from '../read-order.js';
import { LoadBalancer } from './load-balancer.js';
import { ProcessGroup } from './process-group.js';
import type { ProcessLauncher } from './process-launch.js';
import { Replica } from './replica.js';

/** How a {@link ProcessGroupDriver} works. */
export interface ProcessGroupDriverOptions {
  readonly launch: ProcessLauncher;
  /** @default 'processes' */
  readonly name?: string;
  /** What every process gets of the environment, `PATH` for one; nothing by default. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where balancers and replicas listen. @default '127.0.0.1' */
  readonly host?: string;
  /** The port of a service's balancer. @default any that is free */
  readonly port?: (target: DeploymentTarget) => number;
  /** From the start of a process until it answers. @default 30_000 */
  readonly readyTimeoutMs?: number;
  /** Between two questions whether it answers. @default 100 */
  readonly probeMs?: number;
  /** How long a replica that goes may finish its requests. @default 10_000 */
  readonly drainMs?: number;
  /** Between asking a process to end and ending it. @default 5_000 */
  readonly termMs?: number;
  /** What processes write; thrown away by default. */
  readonly onOutput?: (text: string, pid: number) => void;
  readonly clock?: Clock;
}

const MAX_MS = 2_147_483_647;

/**
 * Runs a service as child processes on this machine behind an HTTP balancer of its own, which sets shares
 * exactly and measures what each version answers. Everything ends with {@link ProcessGroupDriver.close}; what
 * was live is started again by the orchestrator.
 */
export class ProcessGroupDriver implements DeploymentDriver {
  readonly name: string;
  readonly isPersistent = false;
  readonly shares = 'weighted';
  readonly exchange = 'stepwise';
  readonly traffic: TrafficSource;
  readonly #options: ProcessGroupDriverOptions;
  readonly #clock: Clock;
  readonly #host: string;
  readonly #ms: Readonly<Record<'readyTimeoutMs' | 'probeMs' | 'drainMs' | 'termMs', number>>;
  readonly #groups = new Map<string, Promise<ProcessGroup>>();
  readonly #opened = new Map<string, ProcessGroup>();

  /** @throws DeploymentError `DEPLOYMENT_OPTION_INVALID` naming the option */
  constructor(options: ProcessGroupDriverOptions) {
    const whole = (
      name: 'readyTimeoutMs' | 'probeMs' | 'drainMs' | 'termMs',
      otherwise: number,
      min: number,
    ): number =>
      wholeIn(name, options[name] ?? otherwise, { min, max: MAX_MS }, (problem) => {
        throw new DeploymentError('DEPLOYMENT_OPTION_INVALID', `ProcessGroupDriver: ${problem}. Correct it.`);
      });
    this.#options = options;
    this.name = options.name ?? 'processes';
    this.#clock = options.clock ?? systemClock;
    this.#host = options.host ?? '127.0.0.1';
    this.#ms = {
      readyTimeoutMs: whole('readyTimeoutMs', 30_000, 1),
      probeMs: whole('probeMs', 100, 1),
      drainMs: whole('drainMs', 10_000, 0),
      termMs: whole('termMs', 5_000, 0),
    };
    this.traffic = { read: async (target) => this.#opened.get(keyOf(target))?.balancer.counters() ?? {} };
  }

  /** Where a service is reached; `undefined` before anything of it was deployed. */
  url(target: DeploymentTarget): string | undefined {
    return this.#opened.get(keyOf(target))?.balancer.url;
  }

  check(target: DeploymentTarget, release: DeploymentRelease): void {
    const { command, readyPath = '/' } = this.#options.launch(target, release);
    if (command !== '' && readyPath.startsWith('/')) return;
    throw new DeploymentError(
      'DEPLOYMENT_OPTION_INVALID',
      `The launcher gives the command "${command}" and the readyPath "${readyPath}" for "${target.service}". Give a program, and a path that begins with a slash.`,
    );
  }

  async inspect(target: DeploymentTarget): Promise<readonly ReleaseStatus[]> {
    return this.#opened.get(keyOf(target))?.status() ?? [];
  }

  async prepare(target: DeploymentTarget, goal: DeploymentGoal): Promise<DriverNotes> {
    for (const release of goal.releases) this.check(target, release);
    return { host: this.#host };
  }

  async connect(target: DeploymentTarget, policy: MeshPolicy): Promise<DriverNotes> {
    const { balancer } = await this.#group(target);
    balancer.policy = policy;
    return { url: balancer.url };
  }

  async apply(
    target: DeploymentTarget,
    goal: DeploymentGoal,
    { signal }: DriverCall,
  ): Promise<readonly ReleaseStatus[]> {
    return (await this.#group(target)).apply(goal, signal);
  }

  async close(): Promise<void> {
    const groups = [...this.#groups.values()];
    this.#groups.clear();
    this.#opened.clear();
    const closed = await Promise.allSettled(groups.map(async (group) => (await group).close()));
    for (const each of closed) if (each.status === 'rejected') throw each.reason;
  }

  #group(target: DeploymentTarget): Promise<ProcessGroup> {
    const key = keyOf(target);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = this.#open(target);
      this.#groups.set(key, group);
      group.catch(() => this.#groups.delete(key));
    }
    return group;
  }

  async #open(target: DeploymentTarget): Promise<ProcessGroup> {
    const { drainMs, termMs, readyTimeoutMs, probeMs } = this.#ms;
    const clock = this.#clock;
    const balancer = await LoadBalancer.listen({
      host: this.#host,
      port: this.#options.port?.(target) ?? 0,
      clock,
      policy: deploymentSettings({}).mesh,
    });
    const group = new ProcessGroup({
      clock,
      balancer,
      drainMs,
      termMs,
      start: (release, signal) =>
        Replica.start(
          {
            launch: this.#options.launch(target, release),
            host: this.#host,
            clock,
            environment: this.#options.environment,
            maxConnections: balancer.policy.maxConnections,
            readyTimeoutMs,
            probeMs,
            onOutput: this.#options.onOutput,
          },
          signal,
        ),
    });
    this.#opened.set(keyOf(target), group);
    return group;
  }
}

function keyOf({ tenantId, environment, service }: DeploymentTarget): string {
  return JSON.stringify([tenantId, environment, service]);
}
