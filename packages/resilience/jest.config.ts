/** @jest-config-loader esbuild-register */
module.exports = require('../../jest.project.cjs').project('resilience', __dirname);
