import { getOrchestrationFacade, OrchestrationContext } from '@kapelle/core';

import * as before from './before.js';
import { getOrchestrator } from './hand-written.js';

// #region before
export function callBefore() {
  const orchestrator = before.getOrchestrator();
  orchestrator?.start();
  orchestrator?.submitSignal('a', { value: 42 });
  return orchestrator?.getMetrics();
}
// #endregion

// #region old-api
export function callOldApi() {
  const orchestrator = getOrchestrator(true);
  orchestrator.start();
  orchestrator.submitSignal('a', { value: 42 });
  return orchestrator.getMetrics();
}
// #endregion

// #region facade
export async function callFacade() {
  const facade = getOrchestrationFacade();
  const context = new OrchestrationContext({ tenantId: 'app', requestId: 'req-1' });

  await facade.orchestrate('my_coordination', context, { operation: 'start' });
  await facade.orchestrate('my_coordination', context, {
    operation: 'submit_signal',
    component: 'a',
    data: { value: 42 },
  });
  const metrics = await facade.orchestrate('my_coordination', context, { operation: 'get_metrics' });
  return metrics.data;
}
// #endregion
