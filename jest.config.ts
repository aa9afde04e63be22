/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const common: Config = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironmentOptions: { customExportConditions: ['@kapelle/source', 'node', 'node-addons'] },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: `${__dirname}/tsconfig.spec.json` }] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
};

/** A project per package and app, and one for what spans packages. */
const project = (displayName: string, rootDir: string, testMatch = ['<rootDir>/src/**/*.test.ts']): Config => ({
  ...common,
  displayName,
  rootDir: `${__dirname}/${rootDir}`,
  testMatch,
});

export default {
  projects: [
    project('core', 'packages/core'),
    project('observability', 'packages/observability'),
    project('orchestrators', 'packages/orchestrators'),
    project('intelligence-bot', 'apps/intelligence-bot'),
    project('examples', 'docs/examples', ['<rootDir>/**/*.test.ts']),
    project('workspace', 'tests', ['<rootDir>/**/*.test.ts']),
  ],
} satisfies Config;
