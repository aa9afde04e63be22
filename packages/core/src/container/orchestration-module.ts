import { ContainerModule } from 'inversify';

import type { FacadeOptions } from '../facade/orchestration-facade.js';
import { graphInvalid } from '../graph/problem.js';
import type { AnyClass } from '../orchestrator/metadata.js';
import { Kernel } from './kernel.js';
import { checkSameOptions, kernelBehind } from './kernel-behind.js';
import type { Seen } from './kernel-bindings.js';

/** What {@link orchestrationModule} binds, with the options of its facade. */
export interface OrchestrationModuleOptions extends FacadeOptions {
  readonly orchestrators: readonly AnyClass[];
}

/**
 * Orchestrators for a container that you own: load it, then get the facade with `container.get(OrchestrationFacade)`.
 * An orchestrator starts with its first call and is cleaned up when its binding is removed
 * (`container.unbindAsync`, `unbindAllAsync`). A host made with `{ container }` takes them over. Several modules in
 * one container share its facade, which works as the first of them says.
 *
 * @throws OrchestrationError `GRAPH_INVALID` where a class is not an orchestrator, is there already, or two have one
 * name; `OPTION_INVALID` where a second module wants the facade to work in another way (both when it is loaded)
 */
export function orchestrationModule(options: OrchestrationModuleOptions): ContainerModule {
  const { orchestrators, ...facadeOptions } = options;
  return new ContainerModule(({ bind, isBound }) => {
    const found = kernelBehind(isBound);
    if (found !== undefined) checkSameOptions(found, facadeOptions);
    const kernel = found ?? new Kernel(facadeOptions, { startTimeoutMs: 15_000, stopTimeoutMs: 10_000 });
    const before = { units: kernel.units.length, problems: kernel.problems.length };
    kernel.add(orchestrators);
    const problems = kernel.problems.splice(before.problems);
    if (problems.length > 0) throw graphInvalid(problems);
    const seen: Seen = (context) => {
      // The container is first seen when it resolves something of ours.
      if (!kernel.hasResolver) {
        kernel.useResolver({
          get: (token) => context.get(token as never),
          getAsync: (token) => context.getAsync(token as never),
        });
      }
    };
    if (found === undefined) kernel.bind(bind, seen);
    else kernel.bindUnits(bind, kernel.units.slice(before.units), seen);
  });
}
