// #region host
import { createOrchestrationHost } from '@kapelle/core';
import { ContainerModule } from 'inversify';

import { MyCoordinationOrchestrator } from './declared.js';
import { Manager, RouterA, RouterB } from './parts.js';

const parts = new ContainerModule(({ bind }) => {
  bind(RouterA)
    .toDynamicValue(() => new RouterA())
    .inSingletonScope();
  bind(RouterB)
    .toDynamicValue(() => new RouterB())
    .inSingletonScope();
  bind(Manager)
    .toDynamicValue(() => new Manager())
    .inSingletonScope();
});

export function createCoordination() {
  return createOrchestrationHost({ orchestrators: [MyCoordinationOrchestrator], modules: [parts] });
}
// #endregion
