import { basename, dirname } from 'node:path';
import ts from 'typescript';

import type { Finding } from './finding.js';
import { untold } from './operation-pages.js';
import { orchestratorsOf } from './orchestrator-classes.js';
import { nodesOf, pathOf } from './repository.js';

/** Gives the text of a page; `undefined` where there is none. */
export type ReadPage = (path: string) => string | undefined;

const PAGES = 'docs/reference/orchestrators';

/** Options that orchestrators get by `@inject(X_OPTIONS)` and that their pages do not name. */
export function unlistedOptions(
  checker: ts.TypeChecker,
  sources: readonly ts.SourceFile[],
  read: ReadPage,
): Finding[] {
  return sources.flatMap((source) => {
    const page = `${PAGES}/${basename(dirname(pathOf(source.fileName)))}.md`;
    return orchestratorsOf(source).flatMap(({ node }) =>
      node.members.filter(ts.isConstructorDeclaration).flatMap(({ parameters }) =>
        parameters.flatMap((parameter) => {
          const token = injectedToken(parameter);
          if (token === undefined || !token.endsWith('_OPTIONS')) return [];
          const type = checker.getNonNullableType(checker.getTypeAtLocation(parameter));
          const names = checker.getPropertiesOfType(type).map(({ name }) => name);
          return untold(page, read(page) ?? '', 'option', [token, ...names]);
        }),
      ),
    );
  });
}

/**
 * Log events of an orchestrator's folder that its page does not name. What is read are texts given to a method of
 * something called logger; where the name is computed nothing can be said.
 */
export function unlistedEvents(sources: readonly ts.SourceFile[], read: ReadPage): Finding[] {
  const events = new Map<string, Set<string>>();
  for (const source of sources) {
    const folder = /\/(?:domain|application|infrastructure)\/([\w-]+)\//.exec(pathOf(source.fileName))?.[1];
    if (folder === undefined) continue;
    const page = `${PAGES}/${folder}.md`;
    const known = events.get(page) ?? new Set();
    events.set(page, known);
    for (const node of nodesOf(source)) {
      if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) continue;
      const { name, expression } = node.expression;
      const [event] = node.arguments;
      if (!['debug', 'info', 'warn', 'error'].includes(name.text) || event === undefined) continue;
      if (ts.isStringLiteralLike(event) && /logger$/i.test(expression.getText(source))) known.add(event.text);
    }
  }
  return [...events].flatMap(([page, names]) => untold(page, read(page) ?? '', 'log event', [...names]));
}

function injectedToken(parameter: ts.ParameterDeclaration): string | undefined {
  for (const { expression } of ts.getDecorators(parameter) ?? []) {
    if (!ts.isCallExpression(expression) || expression.expression.getText() !== 'inject') continue;
    const [token] = expression.arguments;
    if (token !== undefined && ts.isIdentifier(token)) return token.text;
  }
  return undefined;
}
