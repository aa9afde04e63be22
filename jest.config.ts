/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

/** Each folder says in one line how it is tested; run Jest from here, with `--selectProjects` for one of them. */
const config: Config = {
  // A busy machine takes several times as long; what hangs is found all the same.
  testTimeout: 30_000,
  // Jest leaves one core to others, which with two cores is half of them; a worker that has grown makes room for a new one.
  maxWorkers: 2,
  workerIdleMemoryLimit: '1GB',
  projects: [
    'packages/core',
    'packages/resilience',
    'packages/observability',
    'packages/orchestrators',
    'apps/intelligence-bot',
    'docs/examples',
    'tests',
  ].map((folder) => `<rootDir>/${folder}/jest.config.ts`),
};
export default config;
