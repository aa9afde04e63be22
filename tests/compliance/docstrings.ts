import ts from 'typescript';

import { exportsOf } from './complete-exports.js';
import type { Finding } from './finding.js';
import { findingAt, resolved } from './repository.js';

/** Public names that nobody has said a word about. */
export function missingDocstrings(checker: ts.TypeChecker, indexes: readonly ts.SourceFile[]): Finding[] {
  const findings = new Map<ts.Symbol, Finding>();
  for (const index of indexes) {
    for (const [name, symbol] of exportsOf(checker, index)) {
      const [declaration] = symbol.declarations ?? [];
      if (declaration === undefined || findings.has(symbol)) continue;
      if (isDocumented(checker, symbol) || isDocumented(checker, listOf(checker, declaration))) continue;
      findings.set(
        symbol,
        findingAt(nameOf(declaration), `${name} is public and has no docstring.`, 'Say what it is or does.'),
      );
    }
  }
  return [...findings.values()];
}

const isDocumented = (checker: ts.TypeChecker, symbol: ts.Symbol | undefined): boolean =>
  symbol !== undefined && ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() !== '';

/** The constant that a type is read off, as `(typeof LIST)[number]` or `keyof typeof TABLE`: what that says holds for it. */
function listOf(checker: ts.TypeChecker, declaration: ts.Declaration): ts.Symbol | undefined {
  if (!ts.isTypeAliasDeclaration(declaration)) return undefined;
  let { type } = declaration;
  if (ts.isIndexedAccessTypeNode(type)) type = type.objectType;
  else if (ts.isTypeOperatorNode(type) && type.operator === ts.SyntaxKind.KeyOfKeyword) type = type.type;
  else return undefined;
  if (ts.isParenthesizedTypeNode(type)) type = type.type;
  if (!ts.isTypeQueryNode(type)) return undefined;
  const symbol = checker.getSymbolAtLocation(type.exprName);
  return symbol === undefined ? undefined : resolved(checker, symbol);
}

const nameOf = (declaration: ts.Declaration): ts.Node => ts.getNameOfDeclaration(declaration) ?? declaration;
