import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** What the numbers were seen on. The load at the start says how much to trust the last digits. */
export function describeMachine() {
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    loadAverage: loadNow(),
  };
}

/** Programs that ran or waited to run, on average of the last minute. */
export const loadNow = () => Math.round((loadavg()[0] ?? 0) * 10) / 10;

/** What was measured: the commit, and whether the sources of the packages differed from it. Nothing without git. */
export function describeSource(root) {
  const git = (...args) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return {
      commit: git('rev-parse', '--short=10', 'HEAD'),
      changed: git('status', '--porcelain', '--', 'packages/*/src', 'tests/bench') !== '',
    };
  } catch {
    return {};
  }
}
