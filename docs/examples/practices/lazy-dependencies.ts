import { BaseOrchestrator, type OrchestrationContext, StepResult } from '@kapelle/core';

import { getManager, getRouterA, type Manager, type RouterA } from '../application/parts.js';

export class LazyDependenciesOrchestrator extends BaseOrchestrator {
  // #region practice
  #router: RouterA | undefined;
  #manager: Manager | undefined;

  constructor(router?: RouterA, manager?: Manager) {
    super({ layer: 'application', name: 'lazy_dependencies', type: 'coordination' });
    this.#router = router;
    this.#manager = manager;
  }

  get router(): RouterA {
    return (this.#router ??= getRouterA());
  }

  get manager(): Manager {
    return (this.#manager ??= getManager());
  }
  // #endregion

  override async orchestrate(_context: OrchestrationContext, params: { value: number }): Promise<StepResult> {
    await this.router.route(params);
    return StepResult.ok({ routed: this.router.received.length });
  }
}
