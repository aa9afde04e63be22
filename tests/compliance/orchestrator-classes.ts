import ts from 'typescript';

import { nodesOf } from './repository.js';

/** A method that can be called through the facade. */
export interface OperationMethod {
  readonly node: ts.MethodDeclaration;
  readonly name: string;
}

/** A decorated class. */
export interface OrchestratorClass {
  readonly node: ts.ClassDeclaration;
  readonly name: string;
  readonly operations: readonly OperationMethod[];
}

/** The classes of a file that `@orchestrator` marks. */
export function orchestratorsOf(source: ts.SourceFile): OrchestratorClass[] {
  return [...nodesOf(source)].filter(ts.isClassDeclaration).flatMap((node) => {
    if (decorator(node, 'orchestrator') === undefined) return [];
    const operations = node.members.filter(ts.isMethodDeclaration).flatMap((method) => {
      const call = decorator(method, 'operation');
      return call === undefined ? [] : [{ node: method, name: givenName(call) ?? method.name.getText() }];
    });
    return [{ node, name: node.name?.text ?? '(a class without a name)', operations }];
  });
}

function decorator(node: ts.HasDecorators, name: string): ts.CallExpression | undefined {
  return (ts.getDecorators(node) ?? [])
    .map(({ expression }) => expression)
    .filter(ts.isCallExpression)
    .find(({ expression }) => ts.isIdentifier(expression) && expression.text === name);
}

function givenName({ arguments: [options] }: ts.CallExpression): string | undefined {
  if (options === undefined || !ts.isObjectLiteralExpression(options)) return undefined;
  const property = options.properties.find(
    (each) => ts.isPropertyAssignment(each) && each.name.getText() === 'name',
  );
  const value =
    property !== undefined && ts.isPropertyAssignment(property) ? property.initializer : undefined;
  return value !== undefined && ts.isStringLiteralLike(value) ? value.text : undefined;
}
