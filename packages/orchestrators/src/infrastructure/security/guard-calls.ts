import type { OrchestrationFacade, Unsubscribe } from '@kapelle/core';
import type { CallGuard } from './call-guard.js';

/** Puts the guard around the calls of a facade, but for those of `except`; returns what takes it away. */
export function guardCalls(
  facade: OrchestrationFacade,
  guard: CallGuard,
  except: readonly string[],
): Unsubscribe {
  const detach = [
    facade.use({
      name: 'security',
      order: -800,
      // It stands around every call that names a policy of its own, too.
      before: (call) => (except.includes(call.orchestrator) ? undefined : guard.before(call)),
      appliesTo: ({ orchestrator }) => !except.includes(orchestrator),
    }),
    facade.use({
      name: 'security_outcomes',
      order: -800,
      after: (call, result) => guard.after(call, result),
    }),
    // What breaks the rule of layers reaches no operation.
    facade.events.on('call.refused', ({ orchestrator, tenantId, result }) => {
      if (tenantId === undefined || result.status !== 'failed') return;
      if (result.errorCategory !== 'policy_violation') return;
      const description = result.error.slice(0, 500);
      const noted = { type: 'policy_violation', level: 'low', description, source: undefined } as const;
      guard.note(tenantId, { ...noted, action: orchestrator });
    }),
  ];
  return () => {
    for (const each of detach) each();
  };
}
