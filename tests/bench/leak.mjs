/** N full calls after a warm-up: what grows, and what is left behind. */
import { callCases } from './call-cases.mjs';

const count = Number(process.argv[2]);
const call = await callCases['kapelle-full'].make();
const heap = () => {
  global.gc();
  global.gc();
  return process.memoryUsage().heapUsed;
};
for (let i = 0; i < 100_000; i += 1) await call();
const before = heap();
for (let i = 0; i < count; i += 1) await call();
const heapGrowthBytes = heap() - before;
const handlesLeft = process
  .getActiveResourcesInfo()
  .filter((name) => !['TTYWrap', 'PipeWrap', 'FSReqPromise'].includes(name));
process.stdout.write(JSON.stringify({ calls: count, heapGrowthBytes, handlesLeft }));
process.exit(0);
