import { mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '../..');

/** Bundles a TypeScript entry of this folder with the sources of the packages, so that nothing has to be built before. */
export async function bundled(entry, use) {
  // Beside node_modules, to resolve from there.
  const folder = mkdtempSync(join(root, 'node_modules/.quality-'));
  try {
    const outfile = join(folder, 'main.mjs');
    await build({
      entryPoints: [join(here, entry)],
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
    return await use(outfile);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The exports of such an entry. */
export const load = (entry) => bundled(entry, (file) => import(pathToFileURL(file).href));
