import ts from 'typescript';

import type { Finding } from './finding.js';
import { pathOf } from './repository.js';

/** Comments that switch a rule or the compiler off without a reason. */
export function unexplainedExceptions(sources: readonly ts.SourceFile[]): Finding[] {
  return sources.flatMap((source) =>
    commentsOf(source).flatMap(({ text, at }) => {
      const wrong = complaint(text);
      if (wrong === undefined) return [];
      const line = source.getLineAndCharacterOfPosition(at).line + 1;
      return [{ file: pathOf(source.fileName), line, ...wrong }];
    }),
  );
}

function complaint(comment: string): Pick<Finding, 'what' | 'fix'> | undefined {
  const words = comment.replace(/^\/[/*]+\s*|\*\/$/g, '').trim();
  const lint = /^eslint-disable(?:-next-line|-line)?(?=\s|$)/.exec(words)?.[0];
  if (lint !== undefined) {
    return / -- \S/.test(words)
      ? undefined
      : { what: `${lint} says no reason.`, fix: 'Write it behind the rule: ` -- because …`.' };
  }
  const compiler = /^@ts-(?:ignore|expect-error|nocheck)(?=\s|$)/.exec(words)?.[0];
  if (compiler === undefined) return undefined;
  return words.length > compiler.length
    ? undefined
    : { what: `${compiler} says no reason.`, fix: 'Write the reason behind it.' };
}

function commentsOf(source: ts.SourceFile): { readonly text: string; readonly at: number }[] {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false, ts.LanguageVariant.Standard, source.text);
  const comments: { text: string; at: number }[] = [];
  // Templates would lead the scanner astray; their ends are looked up in the tree instead of guessed.
  const skipped = templatesOf(source);
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    const at = scanner.getTokenStart();
    const end = skipped.get(at);
    if (end !== undefined) scanner.resetTokenState(end);
    else if (
      kind === ts.SyntaxKind.SingleLineCommentTrivia ||
      kind === ts.SyntaxKind.MultiLineCommentTrivia
    ) {
      comments.push({ text: scanner.getTokenText(), at });
    }
  }
  return comments;
}

/** Templates and regular expressions, from their starts to their ends. */
function templatesOf(source: ts.SourceFile): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  const visit = (node: ts.Node): void => {
    if (
      ts.isTemplateExpression(node) ||
      ts.isNoSubstitutionTemplateLiteral(node) ||
      ts.isRegularExpressionLiteral(node)
    ) {
      found.set(node.getStart(source), node.end);
    } else {
      ts.forEachChild(node, visit);
    }
  };
  visit(source);
  return found;
}
