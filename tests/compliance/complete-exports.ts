import ts from 'typescript';

import type { Finding } from './finding.js';
import { orchestratorsOf } from './orchestrator-classes.js';
import { findingAt, nodesOf, pathOf, resolved } from './repository.js';

/** What a module gives to others, by name, aliases resolved. */
export function exportsOf(checker: ts.TypeChecker, source: ts.SourceFile): Map<string, ts.Symbol> {
  const module = checker.getSymbolAtLocation(source);
  const names = new Map<string, ts.Symbol>();
  for (const each of module === undefined ? [] : checker.getExportsOfModule(module)) {
    names.set(each.name, resolved(checker, each));
  }
  return names;
}

/** Orchestrators that the catalogue's index does not name. */
export function unlistedOrchestrators(
  checker: ts.TypeChecker,
  sources: readonly ts.SourceFile[],
  index: ts.SourceFile,
): Finding[] {
  const offered = new Set(exportsOf(checker, index).values());
  return sources.flatMap((source) =>
    orchestratorsOf(source).flatMap(({ node, name }) => {
      const symbol = node.name === undefined ? undefined : checker.getSymbolAtLocation(node.name);
      if (symbol !== undefined && offered.has(symbol)) return [];
      return [
        findingAt(node.name ?? node, `${name} is in no index.`, `Name it in ${pathOf(index.fileName)}.`),
      ];
    }),
  );
}

/** Names that a folder's index lists and the index of its package does not. */
export function unlistedNames(
  checker: ts.TypeChecker,
  folders: readonly ts.SourceFile[],
  index: ts.SourceFile,
): Finding[] {
  const offered = new Set(exportsOf(checker, index).values());
  return folders.flatMap((folder) =>
    [...exportsOf(checker, folder)].flatMap(([name, symbol]) =>
      offered.has(symbol)
        ? []
        : [
            {
              ...findingAt(
                folder,
                `${name} is listed here only.`,
                `Name it in ${pathOf(index.fileName)} too.`,
              ),
            },
          ],
    ),
  );
}

/**
 * Types of our own that a public signature names and no index offers: a user who holds a value of one cannot write its
 * type down.
 */
export function forgottenTypes(
  checker: ts.TypeChecker,
  indexes: readonly ts.SourceFile[],
  isOurs: (source: ts.SourceFile) => boolean,
): Finding[] {
  const offered = new Set(indexes.flatMap((index) => [...exportsOf(checker, index).values()]));
  const findings = new Map<ts.Symbol, Finding>();
  for (const symbol of offered) {
    for (const declaration of symbol.declarations ?? []) {
      for (const reference of publicReferences(declaration)) {
        const found = checker.getSymbolAtLocation(reference);
        if (found === undefined) continue;
        const target = resolved(checker, found);
        const at = target.declarations?.[0];
        if (at === undefined || offered.has(target) || findings.has(target)) continue;
        if (ts.isTypeParameterDeclaration(at) || at.parent === undefined || !isOurs(at.getSourceFile()))
          continue;
        if (!ts.isSourceFile(at.parent) && !ts.isVariableDeclarationList(at.parent)) continue;
        findings.set(
          target,
          findingAt(
            reference,
            `${symbol.name} is public and names ${target.name}, which is not.`,
            `Export ${target.name} from the same index.`,
          ),
        );
      }
    }
  }
  return [...findings.values()];
}

/** The names within the part of a declaration that its users see. */
function* publicReferences(declaration: ts.Node): Generator<ts.Identifier> {
  if (ts.isClassDeclaration(declaration)) {
    for (const clause of declaration.heritageClauses ?? []) yield* typeNames(clause);
    for (const parameter of declaration.typeParameters ?? []) yield* typeNames(parameter);
    for (const member of declaration.members) {
      if (isHidden(member)) continue;
      yield* signature(member);
    }
  } else if (ts.isFunctionDeclaration(declaration)) {
    yield* signature(declaration);
  } else if (ts.isVariableDeclaration(declaration)) {
    if (declaration.type !== undefined) yield* typeNames(declaration.type);
  } else if (ts.isInterfaceDeclaration(declaration) || ts.isTypeAliasDeclaration(declaration)) {
    yield* typeNames(declaration);
  }
}

function isHidden(member: ts.ClassElement): boolean {
  if (member.name !== undefined && ts.isPrivateIdentifier(member.name)) return true;
  return (
    (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private) !== 0 ||
    ts.getJSDocTags(member).some(({ tagName }) => tagName.text === 'internal')
  );
}

function* signature(node: ts.Node): Generator<ts.Identifier> {
  if (ts.isFunctionLike(node)) {
    for (const parameter of node.parameters)
      if (parameter.type !== undefined) yield* typeNames(parameter.type);
    for (const parameter of node.typeParameters ?? []) yield* typeNames(parameter);
    if (node.type !== undefined) yield* typeNames(node.type);
  } else if (ts.isPropertyDeclaration(node) && node.type !== undefined) {
    yield* typeNames(node.type);
  }
}

function* typeNames(root: ts.Node): Generator<ts.Identifier> {
  for (const node of nodesOf(root)) {
    if (ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName)) yield node.typeName;
    else if (ts.isExpressionWithTypeArguments(node) && ts.isIdentifier(node.expression))
      yield node.expression;
  }
}
