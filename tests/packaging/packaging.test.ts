import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const packages = ['core', 'resilience', 'observability', 'orchestrators'] as const;
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

const manifestOf = (name: string): Manifest =>
  JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest;

function run(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
      shell: process.platform === 'win32',
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(' ')}\n${stdout}\n${stderr}`, { cause: error });
  }
}

describe('the packed packages', () => {
  let folder = '';
  const packed = new Map<string, Packed>();

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kapelle-packaging-'));
    for (const name of packages) {
      const out = run(
        npm,
        ['pack', '--json', '--silent', '--pack-destination', folder],
        join(root, 'packages', name),
      );
      packed.set(name, (JSON.parse(out) as Packed[])[0] as Packed);
    }
    const shared = (
      JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
        devDependencies: Record<string, string>;
      }
    ).devDependencies;
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({
        name: 'consumer',
        private: true,
        type: 'module',
        dependencies: {
          ...Object.fromEntries(
            packages.map((name) => [`@kapelle/${name}`, `file:./${packed.get(name)?.filename ?? ''}`]),
          ),
          'class-validator': shared['class-validator'],
          inversify: shared['inversify'],
          'reflect-metadata': shared['reflect-metadata'],
        },
        devDependencies: { typescript: shared['typescript'], '@types/node': shared['@types/node'] },
      }),
    );
    run(
      npm,
      ['install', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', '--silent'],
      folder,
    );
  }, 240_000);

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('hold what they need and nothing else', () => {
    for (const name of packages) {
      const files = (packed.get(name)?.files ?? []).map((file) => file.path);
      expect(files).toEqual(
        expect.arrayContaining([
          'package.json',
          'README.md',
          'LICENSE',
          'dist/index.js',
          'dist/index.d.ts',
          'dist/index.js.map',
        ]),
      );
      expect(
        files.filter((file) => /\.test\.|fixtures|tsbuildinfo|tsconfig|jest\.config/.test(file)),
      ).toEqual([]);
    }
  });

  it('leave inversify and reflect-metadata to the user', () => {
    for (const name of ['core', 'orchestrators']) {
      const { peerDependencies = {}, dependencies = {} } = manifestOf(name);
      expect(Object.keys(peerDependencies)).toEqual(
        expect.arrayContaining(['inversify', 'reflect-metadata']),
      );
      expect(Object.keys(dependencies)).not.toEqual(expect.arrayContaining(['inversify']));
    }
  });

  it('pass publint and arethetypeswrong', () => {
    for (const name of packages) {
      const archive = join(folder, packed.get(name)?.filename ?? '');
      run(
        process.execPath,
        [join(root, 'node_modules/publint/src/cli.js'), 'run', archive, '--strict'],
        root,
      );
      run(
        process.execPath,
        [join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js'), archive, '--profile', 'esm-only'],
        root,
      );
    }
  }, 120_000);

  it('can be imported by every subpath, and required', () => {
    const subpaths = packages.flatMap((name) =>
      Object.keys(manifestOf(name).exports)
        .filter((subpath) => subpath !== './package.json')
        .map((subpath) => `@kapelle/${name}${subpath.slice(1)}`),
    );
    expect(subpaths).toContain('@kapelle/core/testing');
    writeFileSync(
      join(folder, 'import.mjs'),
      `const names = {};
for (const path of ${JSON.stringify(subpaths)}) names[path] = Object.keys(await import(path)).length;
console.log(JSON.stringify(names));`,
    );
    const names = JSON.parse(run(process.execPath, ['import.mjs'], folder)) as Record<string, number>;
    for (const subpath of subpaths) expect(names[subpath]).toBeGreaterThan(0);
    writeFileSync(
      join(folder, 'require.cjs'),
      `console.log(typeof require('@kapelle/core').createOrchestrationHost);`,
    );
    expect(
      run(process.execPath, ['--disable-warning=ExperimentalWarning', 'require.cjs'], folder).trim(),
    ).toBe('function');
  });

  it('say so where a second copy of the framework is in the process', () => {
    const copy = join(folder, 'copy');
    cpSync(join(folder, 'node_modules/@kapelle/core'), join(copy, 'core'), { recursive: true });
    writeFileSync(
      join(folder, 'two-copies.mjs'),
      `import 'reflect-metadata';
import * as ours from '@kapelle/core';
import * as theirs from './copy/core/dist/index.js';
class Mine extends ours.BaseOrchestrator { run() { return 1; } }
class Foreign extends theirs.BaseOrchestrator {}
const declaration = { layer: 'domain', type: 'business_logic', operations: { run: { default: true } } };
ours.defineOrchestrator(Mine, declaration);
theirs.defineOrchestrator(Foreign, { layer: 'domain', type: 'business_logic' });
console.log(ours.createOrchestrationHost({ orchestrators: [Foreign] }).check()[0].message);
const host = ours.createOrchestrationHost({ orchestrators: [Mine] });
await host.start();
const foreign = theirs.OrchestrationContext.create({ tenantId: 'acme' });
console.log((await host.facade.orchestrate('mine', foreign)).error);
await host.stop();
`,
    );
    expect(run(process.execPath, ['two-copies.mjs'], folder).trim().split('\n')).toEqual([
      'Class Foreign was made with another copy of @kapelle/core.',
      'The context of a call of mine was made with another copy of @kapelle/core. Keep one copy: `npm ls @kapelle/core` shows where they come from.',
    ]);
  });

  it('run a decorated program that was compiled against them', () => {
    mkdirSync(join(folder, 'src'));
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'ES2022',
          lib: ['ES2023'],
          module: 'NodeNext',
          strict: true,
          experimentalDecorators: true,
          emitDecoratorMetadata: true,
          types: ['node'],
          rootDir: 'src',
          outDir: 'out',
        },
        include: ['src'],
      }),
    );
    writeFileSync(join(folder, 'src/main.ts'), readFileSync(join(root, 'tests/packaging/program/main.ts')));
    run(process.execPath, [join(folder, 'node_modules/typescript/bin/tsc')], folder);
    expect(run(process.execPath, ['out/main.js'], folder).trim().split('\n')).toEqual([
      'ok Hello, Ada!',
      'failed validation',
      'clean true',
    ]);
  }, 60_000);
});
