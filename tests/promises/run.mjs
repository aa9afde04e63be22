/**
 * Asks Kapelle and its peers for the same promises and prints who keeps which. Each pair of a promise and a library has a
 * process of its own and a time limit: a library that hangs is a finding.
 *
 *   npm run promises                         a table
 *   npm run promises -- --json               the same as data
 *   npm run promises -- --page               writes docs/reference/promises.md
 *   npm run promises -- --only breaker       promises whose id begins so
 *   npm run promises -- --library opossum    one library
 *   npm run promises -- --times 3            asks so often, and names verdicts that differ (default 1)
 *   npm run promises -- --self-check         whether each scenario sees what is made to be wrong
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { canBeAsked, doubleIds, groups, libraryIds, promises } from './promises.mjs';
import { printTable } from './table.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const LIMIT_MS = 60_000;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    library: { type: 'string' },
    times: { type: 'string', default: '1' },
    'self-check': { type: 'boolean', default: false },
  },
});
const times = Number(values.times);
if (!Number.isInteger(times) || times < 1)
  throw new RangeError(`--times must be an integer >= 1, got ${values.times}`);
if (values.library !== undefined && !libraryIds.includes(values.library))
  throw new RangeError(`--library must be one of ${libraryIds.join(', ')}, got ${values.library}`);
const asked = promises.filter(({ id }) => id.startsWith(values.only));
if (asked.length === 0) throw new RangeError(`--only ${values.only}: no promise has an id that begins so.`);
if (values.page && (values.only !== '' || values.library !== undefined))
  throw new RangeError('--page writes all promises of all libraries: leave out --only and --library.');

const shell = process.platform === 'win32';
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], {
  cwd: root,
  stdio: ['ignore', 2, 2],
});
if (!existsSync(join(here, 'node_modules'))) {
  process.stderr.write('Installing the libraries to compare with …\n');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], {
    cwd: here,
    stdio: ['ignore', 2, 2],
    shell,
  });
}

/** Runs all jobs, no more at once than there are cores: they would only wait for each other. */
async function inTurns(jobs, run) {
  const waiting = [...jobs];
  const work = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      if (process.stderr.isTTY === true)
        process.stderr.write(
          `\r\x1b[K${jobs.length - waiting.length}/${jobs.length}: ${job.promise.id}, ${job.id}`,
        );
      await run(job);
    }
  };
  await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work));
  if (process.stderr.isTTY === true) process.stderr.write('\r\x1b[K');
}

/** What one process of its own has seen. */
function ask(libraryId, { id, limitMs = LIMIT_MS }) {
  return new Promise((resolve) => {
    const file = join(here, 'child.mjs');
    const options = { timeout: limitMs, killSignal: 'SIGKILL', maxBuffer: 64 * 2 ** 20 };
    execFile(process.execPath, ['--expose-gc', file, libraryId, id], options, (error, stdout, stderr) => {
      const last = stdout.trim().split('\n').at(-1);
      if (last?.startsWith('{')) resolve(JSON.parse(last));
      else if (error?.killed) resolve({ verdict: 'broken', seen: `no end after ${limitMs / 1_000} s` });
      else resolve({ verdict: 'error', seen: `${error?.message}\n${stderr}` });
    });
  });
}

if (values['self-check']) {
  const jobs = asked.flatMap((promise) => doubleIds.map((id) => ({ promise, id })));
  const blind = new Set(asked.map(({ id }) => id));
  await inTurns(jobs, async ({ promise, id }) => {
    const { verdict, seen } = await ask(id, promise);
    if (verdict === 'broken') blind.delete(promise.id);
    if (verdict === 'error' && !seen.includes('The breaker did not'))
      console.error(`${promise.id}, ${id}: ${seen}`);
  });
  for (const id of blind)
    console.error(`${id}: the scenario sees nothing wrong in what is made to be wrong.`);
  console.log(`${asked.length - blind.size} of ${asked.length} scenarios can say no.`);
  process.exit(blind.size === 0 ? 0 : 1);
}

const libraries = await Promise.all(
  libraryIds
    .filter((id) => values.library === undefined || id === values.library)
    .map(async (id) => {
      const { library } = await import(`./libraries/${id}.mjs`);
      const folders = [join(here, 'node_modules'), join(root, 'node_modules')];
      const file = folders.map((folder) => join(folder, library.package, 'package.json')).find(existsSync);
      return { id, library, version: JSON.parse(readFileSync(file, 'utf8')).version };
    }),
);

const jobs = [];
const results = {};
for (const promise of asked) {
  results[promise.id] = {};
  for (const { id, library } of libraries) {
    if (canBeAsked(library, promise)) {
      for (let time = 0; time < times; time += 1) jobs.push({ promise, id });
    } else {
      results[promise.id][id] = { verdict: 'not offered' };
    }
  }
}
const flips = [];
await inTurns(jobs, async ({ promise, id }) => {
  const answer = await ask(id, promise);
  const before = results[promise.id][id];
  if (before !== undefined && before.verdict !== answer.verdict)
    flips.push({ promise: promise.id, library: id, verdicts: [before, answer] });
  results[promise.id][id] ??= answer;
});

const report = {
  node: process.version,
  libraries: libraries.map(({ id, version, library }) => ({
    id,
    label: library.label,
    version,
    setUp: library.setUp,
    newer: library.newer,
  })),
  groups: groups
    .map(({ title, promises: all }) => ({
      title,
      promises: all
        .filter((promise) => asked.includes(promise))
        .map(({ id, promise, why }) => ({ id, promise, why, results: results[id] })),
    }))
    .filter(({ promises: some }) => some.length > 0),
  flips,
};

const problems = flips.map(
  ({ promise, library, verdicts }) =>
    `${promise}, ${library}: ${verdicts.map(({ verdict, seen = '' }) => `${verdict} ${seen}`).join(' / ')}`,
);
for (const [promise, byLibrary] of Object.entries(results)) {
  for (const [library, { verdict, seen }] of Object.entries(byLibrary))
    if (verdict === 'error') problems.push(`${promise}, ${library}: the scenario itself failed: ${seen}`);
}

const kapelle = libraryIds[0];
const breaches = asked.filter(({ id }) => results[id][kapelle]?.verdict === 'broken');

if (values.page) {
  if (problems.length === 0) {
    const { writePage } = await import('./page.mjs');
    console.log(`Wrote ${await writePage(root, report)}.`);
  }
} else if (values.json) {
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
} else {
  printTable(report);
}
for (const problem of problems) console.error(problem);
for (const { id } of breaches) console.error(`${id}: Kapelle itself: ${results[id][kapelle].seen}`);
if (problems.length > 0 || breaches.length > 0) process.exitCode = 1;
