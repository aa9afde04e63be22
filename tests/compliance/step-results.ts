import ts from 'typescript';

import type { Finding } from './finding.js';
import { orchestratorsOf } from './orchestrator-classes.js';
import { findingAt, resolved } from './repository.js';

/** The classes and types whose union is StepResult. */
const RESULTS = ['OkResult', 'SkippedResult', 'UncertainResult', 'FailedResult'];

/** Names of fields by which people make results by hand. */
const VERDICT_FIELDS = ['success', 'ok', 'isOk', 'isError', 'succeeded'];

/**
 * Operations of which a caller cannot say beforehand what their result holds. An operation gives a StepResult, or a
 * plain value that the invoker puts into one; nothing that is both, that is put in twice, or that says in a shape of
 * its own how it went.
 */
export function stepResults(checker: ts.TypeChecker, sources: readonly ts.SourceFile[]): Finding[] {
  return sources.flatMap((source) =>
    orchestratorsOf(source).flatMap(({ node, name, operations }) => [
      ...operations.flatMap((operation) => {
        const what = complaint(checker, operation.node);
        return what === undefined
          ? []
          : [findingAt(operation.node.name, `${name}.${operation.name} ${what.is}`, what.fix)];
      }),
      ...ownOrchestrate(checker, node, name),
    ]),
  );
}

interface Complaint {
  readonly is: string;
  readonly fix: string;
}

function complaint(checker: ts.TypeChecker, method: ts.MethodDeclaration): Complaint | undefined {
  if (method.type === undefined) {
    return { is: 'does not say what it gives.', fix: 'Write the type of its result.' };
  }
  const declared = checker.getTypeFromTypeNode(method.type);
  const type = checker.getAwaitedType(declared) ?? declared;
  const parts = type.isUnion() ? type.types : [type];
  const loose = parts.find((part) => (part.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) !== 0);
  if (loose !== undefined) {
    return { is: `gives ${checker.typeToString(loose)}.`, fix: 'Name the type of what it gives.' };
  }
  const results = parts.filter((part) => isResult(part));
  if (results.length > 0 && results.length < parts.length) {
    return {
      is: `gives a StepResult or something else: ${checker.typeToString(type)}.`,
      fix: 'Give a StepResult in every case: StepResult.ok(…), .skip(…) or .fail(…).',
    };
  }
  const payloads = results.length === 0 ? parts : results.flatMap((part) => payloadOf(checker, part));
  return payloads
    .map((payload) => payloadComplaint(checker, payload, results.length > 0))
    .find((each) => each !== undefined);
}

function payloadComplaint(
  checker: ts.TypeChecker,
  payload: ts.Type,
  wrapped: boolean,
): Complaint | undefined {
  const parts = payload.isUnion() ? payload.types : [payload];
  for (const part of parts) {
    if (wrapped && (part.flags & ts.TypeFlags.Any) !== 0) {
      return { is: 'gives a StepResult of any.', fix: 'Name the type of its data.' };
    }
    if (wrapped && isResult(part)) {
      return { is: 'gives a StepResult within a StepResult.', fix: 'Give the inner one.' };
    }
    const properties = checker.getPropertiesOfType(part).map(({ name }) => name);
    if (['name', 'message', 'stack'].every((name) => properties.includes(name))) {
      return {
        is: 'gives an Error as if it were an answer.',
        fix: 'Throw it, or give StepResult.fromError(error).',
      };
    }
    const verdict = VERDICT_FIELDS.find((field) => {
      const found = checker.getPropertyOfType(part, field);
      return found !== undefined && isBoolean(checker.getTypeOfSymbol(found));
    });
    if (
      verdict !== undefined &&
      properties.some((name) => ['error', 'errors', 'message', 'reason'].includes(name))
    ) {
      return {
        is: `says in \`${verdict}\` how it went.`,
        fix: 'Give a StepResult: StepResult.fail(…) where it did not work.',
      };
    }
  }
  return undefined;
}

/** The guide's form: a class that routes by itself. */
function ownOrchestrate(checker: ts.TypeChecker, node: ts.ClassDeclaration, name: string): Finding[] {
  return node.members.filter(ts.isMethodDeclaration).flatMap((method) => {
    if (method.name.getText() !== 'orchestrate') return [];
    const signature = checker.getSignatureFromDeclaration(method);
    const given = signature === undefined ? undefined : checker.getReturnTypeOfSignature(signature);
    const type = given === undefined ? undefined : checker.getAwaitedType(given);
    const parts = type === undefined ? [] : type.isUnion() ? type.types : [type];
    if (parts.length > 0 && parts.every((part) => isResult(part))) return [];
    return [
      findingAt(method.name, `${name}.orchestrate gives no StepResult.`, 'Give Promise<StepResult<…>>.'),
    ];
  });
}

/**
 * Methods by which somebody calls an operation, and that give something else than a StepResult.
 *
 * @param doors the class or interface and the method, of the sources given
 */
export function callsGiveResults(
  checker: ts.TypeChecker,
  exports: ReadonlyMap<string, ts.Symbol>,
  doors: readonly (readonly [owner: string, method: string])[],
): string[] {
  return doors.flatMap(([owner, method]) => {
    const symbol = exports.get(owner);
    if (symbol === undefined) return [`${owner} is not exported.`];
    const type = checker.getDeclaredTypeOfSymbol(resolved(checker, symbol));
    const property = checker.getPropertyOfType(type, method);
    const signatures = property === undefined ? [] : checker.getTypeOfSymbol(property).getCallSignatures();
    if (signatures.length === 0) return [`${owner}.${method} is no method.`];
    return signatures.flatMap((signature) => {
      const given = checker.getReturnTypeOfSignature(signature);
      const awaited = checker.getAwaitedType(given) ?? given;
      const parts = awaited.isUnion() ? awaited.types : [awaited];
      return parts.every((part) => isResult(part))
        ? []
        : [`${owner}.${method} gives ${checker.typeToString(given)}.`];
    });
  });
}

const isResult = (type: ts.Type): boolean => RESULTS.includes(type.getSymbol()?.name ?? '');

const isBoolean = (type: ts.Type): boolean =>
  (type.flags & ts.TypeFlags.BooleanLike) !== 0 ||
  (type.isUnion() && type.types.every((part) => (part.flags & ts.TypeFlags.BooleanLike) !== 0));

function payloadOf(checker: ts.TypeChecker, result: ts.Type): ts.Type[] {
  const data = checker.getPropertyOfType(result, 'data');
  return data === undefined ? [] : [checker.getTypeOfSymbol(data)];
}
