import { builtinModules } from 'node:module';

import ts from 'typescript';

import type { Finding } from './finding.js';
import { findingAt, nodesOf, pathOf, resolved } from './repository.js';

/** What leaves the process. */
export type Door = 'http' | 'process';

/** Where a door may be used although it is not the wrapper. */
export interface Permit {
  /** A file, or a folder with its slash. */
  readonly path: string;
  readonly door: Door;
  readonly why: string;
}

/** Names of Node's modules that open a connection. Serving, and asking what an address is, open none. */
const NODE_DOORS: Readonly<
  Record<string, { readonly door: Door; readonly names: readonly string[] | 'all' }>
> = {
  http: { door: 'http', names: ['request', 'get', 'ClientRequest', 'Agent', 'globalAgent', 'WebSocket'] },
  https: { door: 'http', names: ['request', 'get', 'Agent', 'globalAgent'] },
  http2: { door: 'http', names: ['connect'] },
  net: { door: 'http', names: ['connect', 'createConnection', 'Socket'] },
  tls: { door: 'http', names: ['connect', 'TLSSocket'] },
  dgram: { door: 'http', names: ['createSocket', 'Socket'] },
  child_process: { door: 'process', names: 'all' },
  cluster: { door: 'process', names: 'all' },
};

/** What the platform has without an import. */
const GLOBAL_DOORS = ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'];

/** Dependencies that open no connection of their own. Whatever is not here needs a permit. */
export const OFFLINE_MODULES: ReadonlySet<string> = new Set([
  '@datadog/sketches-js',
  '@mozilla/readability',
  '@opentelemetry/api',
  'chardet',
  'class-transformer',
  'class-validator',
  'cli-table3',
  'commander',
  'compromise',
  'feedsmith',
  'franc',
  'inversify',
  'ipaddr.js',
  'linkedom',
  'minisearch',
  'picocolors',
  'prom-client',
  'reflect-metadata',
  'simple-statistics',
  'winston',
  'wink-eng-lite-web-model',
  'wink-nlp',
  'yaml',
]);

const DOOR_NAMES = [
  ...GLOBAL_DOORS,
  ...Object.values(NODE_DOORS).flatMap(({ names }) => (names === 'all' ? [] : names)),
];

interface Use {
  readonly node: ts.Node;
  readonly door: Door;
  readonly name: string;
}

const FIXES: Readonly<Record<Door, string>> = {
  http: 'Inject HTTP_CLIENT and send it through that: it guards addresses, bounds time and size, and counts.',
  process: 'Declare a port that the application binds.',
};

/**
 * Whatever goes out of the process but through the wrapper: by the types, so that no alias, namespace, destructuring or
 * dynamic import hides it. A permit that nothing uses is a finding too.
 */
export function outsideWorld(
  checker: ts.TypeChecker,
  sources: readonly ts.SourceFile[],
  permits: readonly Permit[],
): Finding[] {
  const findings: Finding[] = [];
  const unused = new Set(permits);
  for (const source of sources) {
    const path = pathOf(source.fileName);
    for (const { node, door, name } of usesOf(checker, source)) {
      const permit = permits.find(
        (each) =>
          each.door === door &&
          (each.path === path || (each.path.endsWith('/') && path.startsWith(each.path))),
      );
      if (permit !== undefined) unused.delete(permit);
      else findings.push(findingAt(node, `${name} goes out by itself.`, FIXES[door]));
    }
  }
  for (const { path, door } of unused) {
    findings.push({
      file: path,
      line: 1,
      what: `Nothing here uses its permit for ${door}.`,
      fix: 'Take the permit away.',
    });
  }
  return findings;
}

function* usesOf(checker: ts.TypeChecker, source: ts.SourceFile): Generator<Use> {
  const names = namesOfDoors(source);
  for (const node of nodesOf(source)) {
    if (ts.isStringLiteralLike(node)) {
      const use = moduleUse(node);
      if (use !== undefined) yield use;
      else if (ts.isElementAccessExpression(node.parent) && names.has(node.text))
        yield* symbolUses(checker, node);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument !== undefined && !ts.isStringLiteralLike(argument)) {
        yield { node, door: 'http', name: 'An import of a computed name, of which nothing can be said,' };
      }
    } else if (ts.isIdentifier(node) && names.has(node.text) && !isErased(node)) {
      yield* symbolUses(checker, node);
    }
  }
}

/** What a door may be called in a file: by its name, or by that of an import. Only these are worth asking the types. */
function namesOfDoors(source: ts.SourceFile): ReadonlySet<string> {
  const names = new Set(DOOR_NAMES);
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement)) continue;
    const bindings = statement.importClause?.namedBindings;
    if (bindings === undefined || !ts.isNamedImports(bindings)) continue;
    for (const { name, propertyName } of bindings.elements)
      if (propertyName !== undefined) names.add(name.text);
  }
  return names;
}

/** An import of a dependency of which nobody has said that it opens no connection. */
function moduleUse(literal: ts.StringLiteralLike): Use | undefined {
  const { parent } = literal;
  const isImported =
    (ts.isImportDeclaration(parent) && parent.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword) ||
    (ts.isExportDeclaration(parent) && !parent.isTypeOnly) ||
    (ts.isCallExpression(parent) && isLoader(parent.expression));
  if (!isImported) return undefined;
  const name = literal.text.replace(/^node:/, '');
  if (name.startsWith('.') || name.startsWith('#') || name.startsWith('@kapelle/')) return undefined;
  if (builtinModules.includes(name)) {
    const known = NODE_DOORS[name];
    return known?.names === 'all' ? { node: literal, door: known.door, name: literal.text } : undefined;
  }
  const [first = '', second] = name.split('/');
  const dependency = first.startsWith('@') ? `${first}/${second}` : first;
  return OFFLINE_MODULES.has(dependency) ? undefined : { node: literal, door: 'http', name: dependency };
}

function isLoader(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isIdentifier(callee)) return callee.text === 'require';
  return (
    ts.isPropertyAccessExpression(callee) &&
    ['require', 'getBuiltinModule', 'resolve'].includes(callee.name.text)
  );
}

function* symbolUses(checker: ts.TypeChecker, node: ts.Node): Generator<Use> {
  const found = checker.getSymbolAtLocation(node);
  if (found === undefined) return;
  const symbol = resolved(checker, found);
  const name = symbol.name;
  for (const declaration of symbol.declarations ?? []) {
    const file = declaration.getSourceFile();
    if (!file.isDeclarationFile) return;
    const module = moduleOf(declaration);
    if (module === undefined) {
      if (!GLOBAL_DOORS.includes(name) || !isOfPlatform(file.fileName)) continue;
      yield { node, door: 'http', name };
      return;
    }
    const known = NODE_DOORS[module];
    if (known === undefined || known.names === 'all' || !known.names.includes(name)) continue;
    yield { node, door: known.door, name: `${module}.${name}` };
    return;
  }
}

/** The Node module that a declaration stands directly in. */
function moduleOf(declaration: ts.Node): string | undefined {
  for (let node = declaration.parent as ts.Node | undefined; node !== undefined; node = node.parent) {
    if (ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node)) return 'a member';
    if (ts.isModuleDeclaration(node) && ts.isStringLiteral(node.name))
      return node.name.text.replace(/^node:/, '');
  }
  return undefined;
}

const isOfPlatform = (file: string): boolean => /\/(@types\/node|undici-types|typescript\/lib)\//.test(file);

/** Nothing of a type is there when the program runs. */
function isErased(node: ts.Identifier): boolean {
  for (let at: ts.Node = node; !ts.isSourceFile(at); at = at.parent) {
    if (ts.isTypeNode(at) && !ts.isExpressionWithTypeArguments(at)) return true;
    if (ts.isInterfaceDeclaration(at) || ts.isTypeAliasDeclaration(at)) return true;
    if (ts.isExportSpecifier(at)) return at.isTypeOnly || at.parent.parent.isTypeOnly;
    if (ts.isImportDeclaration(at)) return true;
    if (ts.isStatement(at)) return false;
  }
  return false;
}
