/** The small calls side by side in one process, interleaved: what they cost where AsyncLocalStorage is in use. */
import { callCases } from './call-cases.mjs';

const names = ['raw', 'nest-cqrs', 'kapelle-default'];
const batch = 50_000;
const calls = [];
for (const name of names) calls.push({ name, call: await callCases[name].make(), samples: [] });
for (const { call } of calls) for (let i = 0; i < batch; i += 1) await call();
for (let round = 0; round < 15; round += 1) {
  for (const { call, samples } of calls) {
    const begun = process.hrtime.bigint();
    for (let i = 0; i < batch; i += 1) await call();
    samples.push(Number(process.hrtime.bigint() - begun) / batch);
  }
}
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
process.stdout.write(
  JSON.stringify(
    calls.map(({ name, samples }) => ({ name, what: callCases[name].what, ns: median(samples) })),
  ),
);
process.exit(0);
