/**
 * Measures the algorithms of `advanced_bandits` on simulators with known answers and prints what they lose, what their
 * evaluation is worth and what they cost. Everything is seeded: only the times differ from run to run.
 *
 *   npm run bandits                 tables
 *   npm run bandits -- --json       the same as data
 *   npm run bandits -- --page       writes them into docs/reference/orchestrators/advanced-bandits.md
 *   npm run bandits -- --quick      few seeds, for a look
 *   npm run bandits -- --fast       what the tests look at, as data
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { build } from 'esbuild';
import prettier from 'prettier';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const PAGE = join(root, 'docs/reference/orchestrators/advanced-bandits.md');
const MEASURED = /(<!-- measured: npm run bandits -->\n)[\s\S]*?(<!-- measured: end -->)/;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    fast: { type: 'boolean', default: false },
  },
});
if (values.page && values.quick)
  throw new RangeError('--page quotes the full measurement: leave out --quick.');

// The sources themselves are measured, so that nothing has to be built before. Beside node_modules, to resolve from there.
const folder = mkdtempSync(join(root, 'node_modules/.bandits-'));
try {
  const outfile = join(folder, 'main.mjs');
  await build({
    entryPoints: [join(here, 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@kapelle/source'],
    plugins: [
      {
        name: 'libraries-stay-outside',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
            kind === 'entry-point' || path.startsWith('@kapelle/') ? undefined : { path, external: true },
          ),
      },
    ],
    logLevel: 'warning',
  });
  const { measureAll, measureFast, reportOf } = await import(pathToFileURL(outfile).href);
  if (values.fast) {
    console.log(JSON.stringify(measureFast()));
    process.exitCode = 0;
  } else {
    const measured = await measureAll(values.quick, (text) => process.stderr.write(`${text}\n`));
    if (values.page) {
      const page = readFileSync(PAGE, 'utf8');
      if (!MEASURED.test(page)) throw new Error(`${PAGE} has no place for the figures.`);
      const filled = page.replace(MEASURED, (_, start, end) => `${start}\n${reportOf(measured)}\n${end}`);
      const options = await prettier.resolveConfig(PAGE);
      writeFileSync(PAGE, await prettier.format(filled, { ...options, filepath: PAGE }));
      console.log(`Written to ${PAGE}`);
    } else {
      console.log(values.json ? JSON.stringify(measured, undefined, 2) : reportOf(measured));
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
