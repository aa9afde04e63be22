import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

import type { Finding } from './finding.js';

/** The root of the repository. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** The text of a file, by its path from the root. */
export const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The same; `undefined` where there is none. */
export const textIfAny = (path: string): string | undefined =>
  existsSync(join(ROOT, path)) ? textOf(path) : undefined;

/** From the root, with slashes on every system. */
export const pathOf = (file: string): string => relative(ROOT, file).split(sep).join('/');

/** Packages, by the folder they are in. */
export const PACKAGES: readonly string[] = readdirSync(join(ROOT, 'packages'))
  .filter((name) => existsSync(join(ROOT, 'packages', name, 'src/index.ts')))
  .sort();

/** What users import, per package: the index and its subpaths. */
export const ENTRIES: readonly { readonly name: string; readonly path: string }[] = PACKAGES.flatMap(
  (folder) => {
    const manifest = JSON.parse(textOf(`packages/${folder}/package.json`)) as {
      name: string;
      exports: Record<string, { '@kapelle/source'?: string } | string>;
    };
    return Object.entries(manifest.exports).flatMap(([subpath, target]) => {
      const source = typeof target === 'string' ? undefined : target['@kapelle/source'];
      return source === undefined
        ? []
        : [{ name: join(manifest.name, subpath), path: join('packages', folder, source) }];
    });
  },
);

/** A program of the repository's sources, as the type check compiles them. */
export interface Repository {
  readonly program: ts.Program;
  readonly checker: ts.TypeChecker;
  /** What is shipped: of packages and apps, without tests, fixtures and snippets. */
  readonly shipped: readonly ts.SourceFile[];
  /** A file by its path from the root. */
  file(path: string): ts.SourceFile;
}

const isShipped = (path: string): boolean =>
  /^(packages|apps)\/[^/]+\/src\//.test(path) && !/\.test\.ts$|\/fixtures\//.test(path);

/**
 * Reads the sources of packages and apps.
 *
 * @param snippets beside them, by path from the root, in folders that exist: to prove a check on. They see the packages
 * as every source does.
 */
export function readRepository(snippets: Readonly<Record<string, string>> = {}): Repository {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.spec.json'), (path) => ts.sys.readFile(path));
  const { options, fileNames } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT);
  const virtual = new Map(Object.entries(snippets).map(([path, text]) => [join(ROOT, path), text]));
  const host = ts.createCompilerHost(options, true);
  const { readFile, fileExists } = host;
  host.readFile = (path) => virtual.get(path) ?? readFile(path);
  host.fileExists = (path) => virtual.has(path) || fileExists(path);
  const roots = fileNames.filter((file) => isShipped(pathOf(file)));
  const program = ts.createProgram([...roots, ...virtual.keys()], options, host);
  const checker = program.getTypeChecker();
  return {
    program,
    checker,
    shipped: program
      .getSourceFiles()
      .filter(({ fileName }) => isShipped(pathOf(fileName)) && !virtual.has(fileName)),
    file: (path) => {
      const found = program.getSourceFile(join(ROOT, path));
      if (found === undefined) throw new Error(`${path} is no source of the repository.`);
      return found;
    },
  };
}

/** A finding at a node. */
export function findingAt(node: ts.Node, what: string, fix: string): Finding {
  const source = node.getSourceFile();
  const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
  return { file: pathOf(source.fileName), line: line + 1, what, fix };
}

/** Every node of a tree, parents first. */
export function* nodesOf(root: ts.Node): Generator<ts.Node> {
  yield root;
  const children: ts.Node[] = [];
  ts.forEachChild(root, (child) => void children.push(child));
  for (const child of children) yield* nodesOf(child);
}

/** The symbol itself, where a name is an alias of it. */
export function resolved(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}
