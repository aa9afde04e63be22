/**
 * The results of several runs, one per version of Node, as a page of the documentation: `npm run bench -- --page a.json b.json`,
 * of files that `--out` wrote. What the page shows is kept in `results`, so that the page can be written again, and checked, without a run.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import * as prettier from 'prettier';

import { PART_IDS } from './parts.mjs';
import { condensed, pageLines } from './report/page-lines.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const PAGE = join(root, 'docs/reference/benchmarks.md');
const RESULTS = join(here, 'results');

const readJson = async (path) => JSON.parse(await readFile(path, 'utf8'));
const majorOf = ({ machine }) => Number(machine.node.replace(/^v(\d+).*/, '$1'));

async function formatted(path, text) {
  return prettier.format(text, { ...(await prettier.resolveConfig(path)), filepath: path });
}

/** What the page on disk was written from. */
export async function storedResults() {
  const names = (await readdir(RESULTS)).filter((name) => name.endsWith('.json'));
  const reports = await Promise.all(names.map((name) => readJson(join(RESULTS, name))));
  return reports.sort((a, b) => majorOf(a) - majorOf(b));
}

/** @param reports what {@link storedResults} gives */
export async function pageText(reports) {
  return formatted(PAGE, pageLines(reports).join('\n'));
}

function check(report, path) {
  if (report?.kind !== 'bench')
    throw new TypeError(`${path} is no result of the benchmark. Write one with npm run bench -- --out.`);
  const missing = PART_IDS.filter((id) => !report.parts.some((part) => part.id === id));
  if (missing.length > 0)
    throw new RangeError(`${path} lacks ${missing.join(', ')}. The page needs runs without --only.`);
}

/** Writes results and page; without files the page alone, from the results that are there. Returns the paths. */
export async function writePage(paths) {
  let reports;
  const written = [];
  if (paths.length === 0) reports = await storedResults();
  else {
    const given = await Promise.all(paths.map(readJson));
    given.forEach((report, index) => check(report, paths[index]));
    reports = given.map(condensed).sort((a, b) => majorOf(a) - majorOf(b));
    const majors = reports.map(majorOf);
    if (new Set(majors).size < majors.length)
      throw new RangeError(`--page takes one file per version of Node, got Node ${majors.join(', ')}.`);
    await rm(RESULTS, { recursive: true, force: true });
    await mkdir(RESULTS);
    for (const report of reports) {
      const path = join(RESULTS, `node-${majorOf(report)}.json`);
      await writeFile(path, await formatted(path, JSON.stringify(report)));
      written.push(path);
    }
  }
  await writeFile(PAGE, await pageText(reports));
  return [...written, PAGE].map((path) => relative(root, path));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(`Wrote ${(await writePage(process.argv.slice(2))).join(', ')}.`);
}
