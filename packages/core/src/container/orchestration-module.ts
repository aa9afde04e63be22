import { ContainerModule, type ResolutionContext } from 'inversify';

import type { FacadeOptions } from '../facade/orchestration-facade.js';
import { graphInvalid } from '../graph/problem.js';
import type { AnyClass } from '../orchestrator/metadata.js';
import { Kernel } from './kernel.js';

export interface OrchestrationModuleOptions extends FacadeOptions {
  readonly orchestrators: readonly AnyClass[];
}

/**
 * Orchestrators for a container that you own: load it, then get the facade with `container.get(OrchestrationFacade)`.
 * An orchestrator starts with its first call and is cleaned up when its binding is removed
 * (`container.unbindAsync`, `unbindAllAsync`). A host made with `{ container }` takes them over.
 *
 * @throws OrchestrationError `GRAPH_INVALID` where a class is not an orchestrator or two have one name
 */
export function orchestrationModule(options: OrchestrationModuleOptions): ContainerModule {
  const { orchestrators, ...facadeOptions } = options;
  return new ContainerModule(({ bind }) => {
    const kernel = new Kernel(facadeOptions, { startTimeoutMs: 15_000, stopTimeoutMs: 10_000 });
    kernel.add(orchestrators);
    if (kernel.problems.length > 0) throw graphInvalid(kernel.problems);
    kernel.bind(bind, (context: ResolutionContext) => {
      // The container is first seen when it resolves something of ours.
      if (!kernel.hasResolver) {
        kernel.useResolver({
          get: (token) => context.get(token as never),
          getAsync: (token) => context.getAsync(token as never),
        });
      }
    });
  });
}
