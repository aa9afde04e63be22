/** @jest-config-loader esbuild-register */
module.exports = require('../../jest.project.cjs').project('intelligence-bot', __dirname);
