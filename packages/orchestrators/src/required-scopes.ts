import { type InterceptedCall, type OrchestrationFacade, StepResult, type Unsubscribe } from '@kapelle/core';

/**
 * Scopes that the caller of an operation needs, all of them, by the name of the operation; `*` is for those that are not
 * named, and an empty list leaves one open. They are compared with the scopes of the context's principal. A call that an
 * orchestrator makes by itself, without a principal, is the system's own and needs none.
 */
export type RequiredScopes = Readonly<Record<string, readonly string[]>>;

/** Told what is wrong with an option; throws. */
export type RefuseOption = (problem: string) => never;

const OTHERS = '*';

/** The option, checked. */
export function readRequiredScopes(value: unknown, refuse: RefuseOption): RequiredScopes {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse('requiredScopes is no object. Give lists of scopes by the names of operations.');
  }
  for (const [operation, scopes] of Object.entries(value)) {
    const isList =
      Array.isArray(scopes) && scopes.every((scope: unknown) => typeof scope === 'string' && scope !== '');
    if (!isList) {
      return refuse(`requiredScopes["${operation}"] is no list of scopes. Give texts that are not empty.`);
    }
  }
  return { ...(value as RequiredScopes) };
}

/** Refuses calls of an orchestrator whose makers have not the scopes; returns what takes it away. */
export function requireScopes(
  orchestrator: string,
  required: RequiredScopes,
  facade: OrchestrationFacade | undefined,
  refuse: RefuseOption,
): Unsubscribe | undefined {
  const named = Object.keys(required);
  if (named.length === 0) return undefined;
  // What is not enforced must not look as if it were.
  if (facade === undefined) {
    return refuse('requiredScopes needs a facade to stand around. Let a host build the orchestrator.');
  }
  const known = facade.listOrchestrators()[orchestrator]?.operations.map(({ name }) => name) ?? [];
  const unknown = named.find((name) => name !== OTHERS && !known.includes(name));
  if (unknown !== undefined) {
    return refuse(`requiredScopes names the operation "${unknown}". There are ${known.join(', ')}, and *.`);
  }
  const scopesOf = (operation: string): readonly string[] => {
    const of = Object.hasOwn(required, operation) ? operation : OTHERS;
    return Object.hasOwn(required, of) ? (required[of] ?? []) : [];
  };
  return facade.use({
    name: `${orchestrator}_scopes`,
    order: -790,
    appliesTo: (call) => call.orchestrator === orchestrator && scopesOf(call.operation).length > 0,
    before: (call) =>
      // It stands around every call that names a policy of its own, too.
      call.orchestrator === orchestrator ? refusal(call, scopesOf(call.operation)) : undefined,
  });
}

function refusal(
  { orchestrator, operation, context }: InterceptedCall,
  scopes: readonly string[],
): StepResult | undefined {
  const { principal } = context;
  if (principal === undefined && context.parentOrchestrator !== undefined) return undefined;
  const missing = scopes.filter((scope) => principal?.scopes.includes(scope) !== true);
  if (missing.length === 0) return undefined;
  const who = principal === undefined ? 'the call has no principal' : `${principal.id} has not all of them`;
  return StepResult.fail(
    `${orchestrator}.${operation} needs the scopes ${scopes.join(', ')}, and ${who}. Call it with: ${missing.join(', ')}.`,
    {
      errorCategory: principal === undefined ? 'authentication' : 'authorization',
      details: { code: 'SCOPE_MISSING', missing },
    },
  );
}
