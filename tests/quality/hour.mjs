/** Analyses an hour of transcript in a fresh process and prints what it took, as JSON. */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';

import { bundled, root } from './load.mjs';

await bundled('hour.ts', (file) => {
  const program = `import { measureHour } from ${JSON.stringify(pathToFileURL(file).href)};
console.log(JSON.stringify(await measureHour(${JSON.stringify(root)}, ${availableParallelism()})));`;
  console.log(
    execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      cwd: root,
    }).trim(),
  );
});
