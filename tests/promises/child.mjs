/**
 * One promise, one library, in a process of its own: `node child.mjs <library> <promise>` writes what was seen as JSON.
 * Whatever a library throws late is a part of what is seen, and does not end the process.
 */
import { doubleIds, promises } from './promises.mjs';

const [, , libraryId, promiseId] = process.argv;
const folder = doubleIds.includes(libraryId) ? 'doubles' : 'libraries';
const { library } = await import(`./${folder}/${libraryId}.mjs`);
const asked = promises.find(({ id }) => id === promiseId);
const unhandled = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));
process.on('uncaughtException', (error) => unhandled.push(error));
// Unref'd timers are waited for as well.
setInterval(() => {}, 1_000);

let report;
try {
  const seen = await asked.check({ ...library, unhandled });
  report = seen === undefined ? { verdict: 'kept' } : { verdict: 'broken', seen };
} catch (error) {
  report = { verdict: 'error', seen: error instanceof Error ? error.stack : String(error) };
}
process.stdout.write(`\n${JSON.stringify(report)}\n`, () => process.exit(0));
