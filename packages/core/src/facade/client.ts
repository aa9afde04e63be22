import type { AnyClass } from '../orchestrator/metadata.js';
import { definitionOf } from '../orchestrator/metadata.js';
import type { StepResult } from '../step-result.js';
import type { Directory, Invoker } from './invoker.js';
import { notFound, unknownOperation } from './refusals.js';
import type { CallOptions } from './references.js';

type ClientMethod = (context: unknown, params?: unknown, options?: CallOptions) => Promise<StepResult>;

/** An object with a method per operation of `target`; each goes the only path a call has. */
export function makeClient(target: AnyClass, invoker: Invoker, directory: Directory): object {
  const client: Record<string, ClientMethod> = Object.create(null) as Record<string, ClientMethod>;
  const operations = definitionOf(target)?.operations ?? [];
  for (const { method, options } of operations) {
    const name = options.name ?? method;
    client[method] = (context, params, call) => {
      const unit = directory.find(target);
      if (unit === undefined) return Promise.resolve(notFound(target, directory.names()));
      const operation = unit.operations.get(name);
      // Another class may have taken its place: never what that one does by default.
      if (operation === undefined) return Promise.resolve(unknownOperation(unit, name));
      return invoker.invoke(unit, operation, context, params, call, false);
    };
  }
  if (definitionOf(target)?.options.flow !== undefined && client['run'] === undefined) {
    client['run'] = (context, params, call) => invoker.dispatch(target, context, params, call, false);
  }
  return Object.freeze(client);
}
