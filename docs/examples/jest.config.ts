/** @jest-config-loader esbuild-register */
module.exports = require('../../jest.project.cjs').project('examples', __dirname, ['<rootDir>/**/*.test.ts']);
