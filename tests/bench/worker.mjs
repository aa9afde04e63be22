/** Measures one case in a process of its own and writes nanoseconds per call, one number a batch. */
import { callCases } from './call-cases.mjs';

const [, , name, batches = '9'] = process.argv;
const { make, batch = 50_000 } = callCases[name];
const call = await make();
for (let i = 0; i < batch; i += 1) await call();
const samples = [];
for (let round = 0; round < Number(batches); round += 1) {
  const begun = process.hrtime.bigint();
  for (let i = 0; i < batch; i += 1) await call();
  samples.push(Number(process.hrtime.bigint() - begun) / batch);
}
process.stdout.write(JSON.stringify(samples));
process.exit(0);
