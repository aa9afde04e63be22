import type { DeploymentRelease, DeploymentTarget } from '../deployment-driver.js';

/** How a replica is started. No shell is involved: what is in `args` reaches the program as it is. */
export interface ProcessLaunch {
  /** A program; with a path, or found through the `PATH` of the environment. */
  readonly command: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  /**
   * Beside the driver's environment and `PORT`, where the replica has to listen on the loopback. May hold
   * secrets: it is neither stored nor shown.
   */
  readonly env?: Readonly<Record<string, string>>;
  /** Answers with 2xx once the replica can take requests. @default '/' */
  readonly readyPath?: string;
}

/**
 * Says how a version of a service is started. Throws for one it does not know. This is the only place where a
 * command comes from: callers name a version, never a program.
 */
export type ProcessLauncher = (target: DeploymentTarget, release: DeploymentRelease) => ProcessLaunch;
