const { join } = require('node:path');

/** The Jest project of one folder: ESM through ts-jest, siblings read from their sources. */
module.exports.project = (displayName, rootDir, testMatch = ['<rootDir>/src/**/*.test.ts']) => ({
  displayName,
  rootDir,
  testMatch,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironmentOptions: { customExportConditions: ['@kapelle/source', 'node', 'node-addons'] },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: join(__dirname, 'tsconfig.spec.json') }] },
  moduleNameMapper: {
    '^fast-check$': join(__dirname, 'tests', 'seeded-fast-check.mjs'),
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
});
