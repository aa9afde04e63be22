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

export default tseslint.config(
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
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration[exportKind!="type"]', message: 'Name each export.' },
        { selector: 'ExportDefaultDeclaration', message: 'Use a named export.' },
      ],
    },
  },
  {
    // Time, randomness and the environment come in through ports.
    files: ['packages/*/src/**/*.ts'],
    ignores: ['**/*.test.ts', '**/clock/clock.ts', '**/testing/**', '**/fixtures/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Ask the Clock.' },
        { object: 'process', property: 'env', message: 'The app reads the environment and passes it on.' },
      ],
    },
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
