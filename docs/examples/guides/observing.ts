import { type OrchestrationFacade, StepResult } from '@kapelle/core';

// #region events
/** Counts what fails, by orchestrator. */
export function countFailures(facade: OrchestrationFacade): Map<string, number> {
  const failures = new Map<string, number>();
  facade.events.on('call.ended', ({ orchestrator, result }) => {
    if (result.status === 'failed') failures.set(orchestrator, (failures.get(orchestrator) ?? 0) + 1);
  });
  return failures;
}
// #endregion

// #region stream
export async function firstCall(facade: OrchestrationFacade): Promise<string | undefined> {
  for await (const event of facade.events.stream({ capacity: 100 })) {
    if (event.type === 'call.started') return event.operation;
  }
  return undefined;
}
// #endregion

// #region interceptor
/** Lets nobody call what he has no scope for. */
export function requireScope(facade: OrchestrationFacade, scope: string): () => void {
  return facade.use({
    order: -100,
    before: ({ context }) =>
      context.principal?.scopes.includes(scope) === true
        ? undefined
        : StepResult.fail(`This call needs the scope "${scope}".`, { errorCategory: 'permission_denied' }),
  });
}
// #endregion

// #region watch
/** Tells of each call that took longer than `limitMs`. */
export function watchSlow(
  facade: OrchestrationFacade,
  limitMs: number,
  tell: (operation: string, ms: number) => void,
): () => void {
  return facade.use({
    watch: {
      call: ({ identity }) => {
        const begun = performance.now();
        return {
          end: () => {
            const ms = performance.now() - begun;
            if (ms >= limitMs) tell(`${identity.orchestrator}.${identity.operation}`, ms);
          },
        };
      },
    },
  });
}
// #endregion
