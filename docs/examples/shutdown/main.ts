// #region host
import { createServer } from 'node:http';

import { createOrchestrationHost, runHost } from '@kapelle/core';

import { OutboxOrchestrator } from './outbox-orchestrator.js';

const host = createOrchestrationHost({
  orchestrators: [OutboxOrchestrator],
  shutdown: { drainTimeoutMs: 10_000, totalTimeoutMs: 20_000 },
});
// #endregion

// #region probes
const probes = createServer((request, response) => {
  const { live, ready } = host.health();
  response.statusCode = (request.url === '/ready' ? ready : live) ? 200 : 503;
  response.end();
});
// #endregion

// #region run
await runHost(host);
probes.listen(Number(process.env['PROBE_PORT'] ?? 9090));
// #endregion

// #region announce
probes.on('listening', () => {
  console.log(JSON.stringify(probes.address()));
});
// #endregion
