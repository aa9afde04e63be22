/** @jest-config-loader esbuild-register */
module.exports = require('../jest.project.cjs').project('workspace', __dirname, ['<rootDir>/**/*.test.ts']);
