/**
 * Deploys a small service with real processes under load, and prints what that costs its callers: how long
 * each strategy takes, what a rolling deployment loses, and how many requests a bad version gets before it is
 * taken back.
 *
 *   npm run deployment                a table
 *   npm run deployment -- --json      the same as data
 *
 * The exit code is 1 where a request was lost that must not be, or a bad version got further than its first
 * share. Takes less than a minute.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const service = join(root, 'packages/orchestrators/src/infrastructure/deployment/fixtures/demo-service.mjs');

// The sources themselves are measured, so that nothing has to be built before. Beside node_modules, to
// resolve from there.
const folder = mkdtempSync(join(root, 'node_modules/.deployment-'));
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
  const { measureAll, reportOf } = await import(pathToFileURL(outfile).href);
  const measured = await measureAll(service, (text) => process.stderr.write(`${text}\n`));
  console.log(process.argv.includes('--json') ? JSON.stringify(measured, undefined, 2) : reportOf(measured));
  process.exitCode = measured.broken.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
