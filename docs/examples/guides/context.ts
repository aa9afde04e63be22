import {
  BaseOrchestrator,
  currentContext,
  operation,
  type OperationContext,
  OrchestrationContext,
  orchestrator,
} from '@kapelle/core';

// #region make
export function contextOf(request: { tenant: string; user: string; scopes: string[]; signal: AbortSignal }) {
  return OrchestrationContext.create({
    tenantId: request.tenant,
    principal: { id: request.user, scopes: request.scopes },
    metadata: { source: 'http' },
    signal: request.signal,
  });
}
// #endregion

// #region inside
@orchestrator('domain', 'business_logic')
export class InnerOrchestrator extends BaseOrchestrator {
  @operation()
  look(context: OperationContext) {
    const { tenantId, requestId, orchestrationDepth, parentOrchestrator, metadata } = context;
    return { tenantId, requestId, orchestrationDepth, parentOrchestrator, metadata };
  }
}

@orchestrator('domain', 'business_logic')
export class OuterOrchestrator extends BaseOrchestrator {
  @operation()
  pass(context: OperationContext) {
    return context.call(InnerOrchestrator, {}, { metadata: { step: 'inner' } });
  }
}
// #endregion

// #region ambient
/** Code that was not handed the context finds it all the same, while a call runs. */
export function whoAsks(): string {
  return currentContext()?.tenantId ?? 'nobody';
}

@orchestrator('domain', 'business_logic')
export class AskOrchestrator extends BaseOrchestrator {
  @operation()
  async who() {
    await Promise.resolve();
    return { who: whoAsks() };
  }
}
// #endregion

// #region signal
@orchestrator('domain', 'business_logic', { timeoutMs: 1_000 })
export class PatientOrchestrator extends BaseOrchestrator {
  @operation()
  async wait(context: OperationContext) {
    await context.sleep(60_000);
    return { waited: true };
  }
}
// #endregion
