// #region strategy-b
import { getOrchestrationFacade } from '@kapelle/core';

import { GreeterOrchestrator } from '../quick-start/declared.js';

/** @deprecated Inject the facade. Old callers get the object that the facade calls. */
export function getOrchestrator(autoCreate = false): GreeterOrchestrator | undefined {
  const facade = getOrchestrationFacade();
  if (autoCreate && facade.get('greeter') === undefined) facade.register(GreeterOrchestrator);
  return facade.get('greeter') as GreeterOrchestrator | undefined;
}
// #endregion
