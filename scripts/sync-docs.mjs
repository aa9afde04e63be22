// Writes the regions of docs/examples into the pages that include them: `node scripts/sync-docs.mjs`.
// With --check nothing is written, and the exit code is 1 where a page and a file differ.
//
// A page says `<!-- include: docs/examples/file.ts#region -->` before a fence; the file has
// `// #region name` and `// #endregion` around the lines. Paths are from the root of the repository.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import * as prettier from 'prettier';

const MARKER = /^<!-- include: (\S+?)#(\S+) -->\n+```\w*\n([\s\S]*?)^```$/gm;
const ANY_MARKER = /^<!-- include: .*-->$/gm;
const BEGIN = /^\s*\/\/ #region (\S+)\s*$/;
const END = /^\s*\/\/ #endregion\b/;
const NOT_FOR_READERS = /^\s*\/\/ eslint-/;

const args = process.argv.slice(2);
const check = args.includes('--check');
const root = args.find((arg) => !arg.startsWith('--')) ?? join(dirname(fileURLToPath(import.meta.url)), '..');

let included = 0;
const problems = [];
for (const page of pages()) {
  const path = join(root, page);
  const before = readFileSync(path, 'utf8');
  const markers = before.match(ANY_MARKER)?.length ?? 0;
  if (markers === 0) continue;
  try {
    const after = await synced(before, path);
    if (after === before) continue;
    if (check) problems.push(`${page} differs from the files it includes. Run "npm run docs".`);
    else writeFileSync(path, after);
  } catch (error) {
    problems.push(`${page}: ${error.message}`);
  }
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else console.log(`${included} regions ${check ? 'are as their files say' : 'are up to date'}.`);

/** Every page: the READMEs, and all of docs. */
function pages() {
  const found = [];
  const visit = (folder, wanted) => {
    for (const entry of readdirSync(join(root, folder)).sort()) {
      if (['node_modules', 'dist', '.git', '.nx', 'samples', 'coverage'].includes(entry)) continue;
      const path = join(folder, entry);
      if (statSync(join(root, path)).isDirectory()) visit(path, wanted);
      else if (wanted(entry)) found.push(path);
    }
  };
  if (existsSync(join(root, 'README.md'))) found.push('README.md');
  for (const folder of ['packages', 'apps']) {
    if (existsSync(join(root, folder))) visit(folder, (name) => name === 'README.md');
  }
  if (existsSync(join(root, 'docs'))) visit('docs', (name) => name.endsWith('.md'));
  return found;
}

/** The page with each fence as its file says, formatted as every page is. */
async function synced(page, path) {
  let seen = 0;
  const replaced = page.replace(MARKER, (_all, file, region) => {
    seen += 1;
    const fence = `\`\`\`${extname(file).slice(1)}`;
    return `<!-- include: ${file}#${region} -->\n\n${fence}\n${regionOf(file, region)}\n\`\`\``;
  });
  const markers = page.match(ANY_MARKER)?.length ?? 0;
  if (seen !== markers) {
    throw new Error(`${markers - seen} include markers stand before no fence, or are not "path#region".`);
  }
  included += seen;
  return prettier.format(replaced, {
    ...(await prettier.resolveConfig(path)),
    filepath: path,
  });
}

/** The lines of a region, its own inner markers left out, moved to the left. */
function regionOf(file, name) {
  const path = join(root, file);
  if (!existsSync(path)) throw new Error(`there is no ${file}.`);
  const open = [];
  const taken = [];
  let found = false;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const begins = BEGIN.exec(line);
    if (begins !== null) {
      if (begins[1] === name) {
        if (found) throw new Error(`${file} has the region "${name}" twice.`);
        found = true;
      }
      open.push(begins[1]);
    } else if (END.test(line)) {
      if (open.pop() === undefined) throw new Error(`${file} has an #endregion too many.`);
    } else if (open.includes(name) && !NOT_FOR_READERS.test(line)) {
      taken.push(line);
    }
  }
  if (open.length > 0) throw new Error(`the region "${open.at(-1)}" of ${file} does not end.`);
  if (!found) throw new Error(`there is no region "${name}" in ${relative(root, path)}.`);
  const indent = Math.min(
    ...taken.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length),
  );
  return taken
    .map((line) => line.slice(indent))
    .join('\n')
    .replace(/^\n+|\n+$/g, '');
}
