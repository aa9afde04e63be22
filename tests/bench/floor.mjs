/** What the platform alone takes for the parts that every Kapelle call has, beside the peers, in one process. */
import { AsyncLocalStorage } from 'node:async_hooks';

import { callCases } from './call-cases.mjs';

const storage = new AsyncLocalStorage();
const body = async () => 1;
let handedOver;
const handOver = (resolve) => {
  handedOver = resolve;
};
const wrap = (data) => ({ status: 'ok', data });
const ownPromise = (start) => {
  const answer = new Promise(handOver);
  const resolve = handedOver;
  start().then(
    (value) => resolve(wrap(value)),
    (thrown) => resolve(thrown),
  );
  return answer;
};

const parts = {
  raw: ['await fn()', () => body()],
  then: ['+ result object, through one then', () => body().then(wrap)],
  own: ['+ a promise that can be answered early', () => ownPromise(body)],
  als: ['AsyncLocalStorage.run + one then', () => storage.run({}, body).then(wrap)],
  'als-own': ['AsyncLocalStorage.run + that promise', () => ownPromise(() => storage.run({}, body))],
};
const cases = Object.entries(parts).map(([name, [what, call]]) => ({ name, what, call, samples: [] }));
for (const name of ['nest-cqrs', 'kapelle-explicit', 'kapelle-default']) {
  const { what, make } = callCases[name];
  cases.push({ name, what, call: await make(), samples: [] });
}

const BATCH = 50_000;
for (let round = 0; round < 12; round += 1) {
  for (const { call, samples } of cases) {
    const begun = process.cpuUsage();
    for (let i = 0; i < BATCH; i += 1) await call();
    const { user, system } = process.cpuUsage(begun);
    if (round > 1) samples.push(((user + system) * 1_000) / BATCH);
  }
}
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
process.stdout.write(
  JSON.stringify(cases.map(({ name, what, samples }) => ({ name, what, ns: median(samples) }))),
);
process.exit(0);
