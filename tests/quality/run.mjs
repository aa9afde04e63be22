/**
 * Measures how good the analysis of real texts is, on labels that lie beside this file, and prints a table. The sources
 * themselves are bundled first, so nothing has to be built. Ends with 1 where a figure is below its floor (floors.ts).
 *
 *   npm run quality                         the table, and what an hour of transcript takes in a fresh process
 *   npm run quality -- --json               the same as data: rows, hour, below
 *   npm run quality -- --page               writes it into docs/reference/quality.md
 *   npm run quality -- --hour               only the hour of transcript: time and memory
 *   npm run quality -- --fast               only the held-out sentences and statements, about ten seconds
 *   npm run quality -- --ratings <folder>   also measures sentiment on the *_GroundTruth.txt files of a copy of the data
 *                                           that github.com/cjhutto/vaderSentiment carries (MIT)
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import prettier from 'prettier';

import { load, root } from './load.mjs';

const PAGE = join(root, 'docs/reference/quality.md');
const RATED_PER_FILE = 500;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
    hour: { type: 'boolean', default: false },
    fast: { type: 'boolean', default: false },
    ratings: { type: 'string' },
  },
});

if (values.page && (values.fast || values.hour))
  throw new RangeError('--page quotes the whole measurement: leave out --fast and --hour.');

const measuredHour = () =>
  JSON.parse(
    execFileSync(process.execPath, [fileURLToPath(new URL('hour.mjs', import.meta.url))], {
      encoding: 'utf8',
    }),
  );

const { measureAll, reportOf, belowFloors } = await load('main.ts');
const rows = values.hour
  ? []
  : await measureAll(root, {
      further: ratings(values.ratings),
      isFast: values.fast,
      say: (text) => process.stderr.write(`${text}\n`),
    });
const hour = values.fast ? undefined : measuredHour();
const below = belowFloors(rows, hour);

if (values.json) console.log(JSON.stringify({ rows, hour, below }, undefined, 2));
else if (values.page) {
  await writePage({ figures: reportOf(rows), hour: hourText(hour) });
  console.log(`Written to ${PAGE}`);
} else {
  if (!values.hour) console.log(reportOf(rows));
  if (hour !== undefined) console.log(`${values.hour ? '' : '\n'}${hourText(hour)}`);
}
for (const { what, value, bound } of below)
  process.stderr.write(`${what}: ${value} is on the wrong side of ${bound}\n`);
if (below.length > 0) process.exitCode = 1;

function hourText({ words, minutes, seconds, cpuSeconds, maxRssMb, node, cores }) {
  return (
    `An hour of transcript (${words} words, ${minutes} minutes of cues) at depth \`deep\`: ${seconds} s in all, ` +
    `${cpuSeconds} s of CPU, ${maxRssMb} MB at most (Node ${node}, ${cores} cores, a fresh process, loading included).`
  );
}

/** Rows of `id, mean rating from -4 to 4, text`; every so-manieth of a file. */
function ratings(folder) {
  if (folder === undefined) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('_GroundTruth.txt'))
    .map((name) => {
      const lines = readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .filter((line) => line.includes('\t'));
      const step = Math.max(1, lines.length / RATED_PER_FILE);
      const rated = Array.from({ length: Math.min(RATED_PER_FILE, lines.length) }, (_, at) => {
        const [, rating, ...text] = lines[Math.floor(at * step)].trim().split('\t');
        return { text: text.join(' '), polarity: rating >= 0.5 ? 1 : rating <= -0.5 ? -1 : 0 };
      });
      return {
        name: `${name.replace('_GroundTruth.txt', '')}, VADER ratings, development`,
        rated: rated.filter(({ text }) => /[\p{L}]/u.test(text)),
      };
    });
}

async function writePage(parts) {
  let page = readFileSync(PAGE, 'utf8');
  for (const [name, text] of Object.entries(parts)) {
    const place = new RegExp(`(<!-- measured: ${name} -->\n)[\\s\\S]*?(<!-- measured: end -->)`);
    if (!place.test(page)) throw new Error(`${PAGE} has no place for "${name}".`);
    page = page.replace(place, (_, start, end) => `${start}\n${text}\n\n${end}`);
  }
  const options = await prettier.resolveConfig(PAGE);
  writeFileSync(PAGE, await prettier.format(page, { ...options, filepath: PAGE }));
}
