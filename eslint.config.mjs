import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** Who may import whom; the same walls as in docs/adr and the README's picture of the house. */
const boundaries = [
  { sourceTag: 'package:core', onlyDependOnLibsWithTags: ['package:core'] },
  { sourceTag: 'package:resilience', onlyDependOnLibsWithTags: ['package:core', 'package:resilience'] },
  { sourceTag: 'package:observability', onlyDependOnLibsWithTags: ['package:core', 'package:observability'] },
  {
    sourceTag: 'package:orchestrators',
    onlyDependOnLibsWithTags: [
      'package:core',
      'package:resilience',
      'package:observability',
      'package:orchestrators',
    ],
  },
  { sourceTag: 'app', notDependOnLibsWithTags: ['app'] },
];

/** Inside the catalogue the layers look at each other as the default layer rule says. */
const layerImports = (from, forbidden) => ({
  files: [`packages/orchestrators/src/${from}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: forbidden.map((layer) => ({
          group: [`**/${layer}/**`, `!**/autonomous-intelligence/**`],
          message: `The ${from} layer does not import the ${layer} layer: declare a port, or call through the context.`,
        })),
      },
    ],
  },
});

/** What opens a connection by itself, with what to do instead. docs/reference/compliance.md says how to make an exception. */
const THROUGH_THE_WRAPPER = 'Send it through HTTP_CLIENT of @kapelle/orchestrators, or declare a port.';
const clients = [
  'undici',
  'axios',
  'got',
  'ky',
  'node-fetch',
  'cross-fetch',
  'ofetch',
  'superagent',
  'needle',
  'ws',
];
const outbound = {
  paths: [
    ...clients.map((name) => ({ name, message: THROUGH_THE_WRAPPER, allowTypeImports: true })),
    ...['http', 'https'].flatMap((name) =>
      [name, `node:${name}`].map((module) => ({
        name: module,
        importNames: ['default', 'request', 'get', 'Agent', 'ClientRequest', 'globalAgent'],
        message: THROUGH_THE_WRAPPER,
        allowTypeImports: true,
      })),
    ),
    ...['http2', 'node:http2'].map((name) => ({
      name,
      message: THROUGH_THE_WRAPPER,
      allowTypeImports: true,
    })),
    ...['child_process', 'node:child_process'].map((name) => ({
      name,
      message: 'Declare a port that the application binds.',
      allowTypeImports: true,
    })),
  ],
};
const environment = {
  object: 'process',
  property: 'env',
  message: 'The app reads the environment and passes it on.',
};
const connections = ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'];

/** Everywhere. A later block that sets the rule again has to repeat these. */
const exportsByName = [
  { selector: 'ExportAllDeclaration[exportKind!="type"]', message: 'Name each export.' },
  { selector: 'ExportDefaultDeclaration', message: 'Use a named export.' },
];
const connecting = [
  {
    selector: `ImportExpression[source.value=/^((node:)?(https?|http2|child_process)|${clients.join('|')})$/]`,
    message: THROUGH_THE_WRAPPER,
  },
  {
    selector: `MemberExpression[object.name=/^(globalThis|global)$/]:matches([property.name=/^(${connections.join('|')})$/], [property.value=/^(${connections.join('|')})$/])`,
    message: THROUGH_THE_WRAPPER,
  },
];
/** Time and chance that nobody passed in. `random = Math.random` as a default is a port; a call of it is not. */
const notPassedIn = [
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'Ask the Clock.' },
  { selector: 'CallExpression[callee.type="Identifier"][callee.name="Date"]', message: 'Ask the Clock.' },
  {
    selector: 'CallExpression[callee.object.name="Math"][callee.property.name="random"]',
    message: 'Ask context.random(), or take a source of chance as a parameter.',
  },
];
const timers = ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'];
const globalsOf = (names, message) => names.map((name) => ({ name, message }));
const tests = ['**/*.test.ts', '**/fixtures/**'];

export default tseslint.config(
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '**/coverage/**',
      '.nx/**',
      'apps/intelligence-bot/samples/**',
      'tests/bench/node_modules/**',
      '**/jest.config.ts',
      'tests/packaging/program/**',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    plugins: { '@nx': nx },
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        { allow: [], enforceBuildableLibDependency: true, depConstraints: boundaries },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      // Methods are taken off objects on purpose, to be called with the right `this` or compared.
      '@typescript-eslint/unbound-method': 'off',
      // `unknown` beside a named type says which values are expected.
      '@typescript-eslint/no-redundant-type-constituents': 'off',
      // An async method without await turns a throw into a rejection, which is what its callers expect.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
      'no-restricted-syntax': ['error', ...exportsByName],
      // A failure may be nothing to care about; then a comment says why.
      'no-empty': ['error', { allowEmptyCatch: false }],
    },
  },
  {
    // What is shipped opens no connection and starts no process but through a port.
    files: ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'],
    ignores: tests,
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', outbound],
      'no-restricted-globals': ['error', ...globalsOf(connections, THROUGH_THE_WRAPPER)],
      'no-restricted-syntax': ['error', ...exportsByName, ...connecting],
    },
  },
  {
    // In a library time, randomness, the environment and the process come in through ports.
    files: ['packages/*/src/**/*.ts'],
    ignores: tests,
    rules: {
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Ask the Clock.' },
        { object: 'performance', property: 'now', message: 'Ask the Clock.' },
        { object: 'process', property: 'hrtime', message: 'Ask the Clock.' },
        environment,
        { object: 'process', property: 'exit', message: 'Throw, or let the runner end the process.' },
      ],
      'no-restricted-globals': [
        'error',
        ...globalsOf(connections, THROUGH_THE_WRAPPER),
        ...globalsOf(timers, 'Ask the Clock.'),
      ],
      'no-restricted-syntax': ['error', ...exportsByName, ...connecting, ...notPassedIn],
    },
  },
  {
    // The wrapper itself; and the local platform, which starts what it deploys and forwards to that on the loopback.
    files: [
      'packages/orchestrators/src/http/**/*.ts',
      'packages/orchestrators/src/infrastructure/deployment/process/**/*.ts',
    ],
    rules: { '@typescript-eslint/no-restricted-imports': 'off' },
  },
  {
    // The clock of the system, and what has to work when no host and no clock is there: the runner and its watchdog.
    files: [
      'packages/core/src/clock/clock.ts',
      'packages/core/src/lifecycle/{process-runner,runner-options,watchdog}.ts',
    ],
    rules: { 'no-restricted-properties': ['error', environment], 'no-restricted-globals': 'off' },
  },
  layerImports('domain', ['application', 'infrastructure']),
  layerImports('infrastructure', ['application', 'domain']),
  {
    // Tests check what is wrong on purpose.
    files: ['**/*.test.ts', 'tests/**/*.ts', 'docs/examples/**/*.ts', '**/fixtures/**/*.ts'],
    rules: {
      '@typescript-eslint/await-thenable': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  {
    // What is only declared there is what is tested.
    files: ['**/*types.test.ts'],
    rules: { '@typescript-eslint/no-unused-vars': 'off', '@typescript-eslint/no-unused-expressions': 'off' },
  },
  prettier,
);
