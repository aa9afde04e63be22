/** @jest-config-loader esbuild-register */
module.exports = require('../../jest.project.cjs').project('orchestrators', __dirname);
