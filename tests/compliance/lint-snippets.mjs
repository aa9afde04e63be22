// Lints the snippets of the standard input, `[{ path, code }]`, by the rules of the repository that need no types, and
// writes for each what was found, `[[{ rule, message }]]`.
import { ESLint } from 'eslint';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import tseslint from 'typescript-eslint';

import config from '../../eslint.config.mjs';

const cwd = join(dirname(fileURLToPath(import.meta.url)), '../..');
const eslint = new ESLint({
  cwd,
  overrideConfigFile: true,
  overrideConfig: [
    ...config,
    tseslint.configs.disableTypeChecked,
    {
      languageOptions: { parserOptions: { projectService: false, project: false, program: null } },
      rules: { '@nx/enforce-module-boundaries': 'off' },
    },
  ],
});
const found = [];
for (const { path, code } of JSON.parse(await text(process.stdin))) {
  const [result] = await eslint.lintText(code, { filePath: join(cwd, path) });
  found.push(result?.messages.map(({ ruleId, message }) => ({ rule: ruleId, message })) ?? []);
}
process.stdout.write(JSON.stringify(found));
