import { ANOTHER_COPY, isOfAnotherCopy, KEEP_ONE_COPY } from '../copy-mark.js';
import { OrchestrationError } from '../errors.js';
import { isLayer, type OrchestrationLayer, type OrchestrationType } from '../layers.js';
import { defaultOrchestratorName, nameProblem } from '../naming.js';
import { BaseOrchestrator, type OrchestratorProtocol } from './base-orchestrator.js';
import { type AnyClass, definitionOf, type OrchestratorDefinition } from './metadata.js';
import type { OrchestratorOptions } from './options.js';

/** Who an orchestrator is, from a class or from an object. */
export interface DescribedTarget {
  readonly name: string;
  readonly layer: OrchestrationLayer;
  readonly type: OrchestrationType;
  readonly options: OrchestratorOptions;
  readonly definition: OrchestratorDefinition | undefined;
  readonly target: AnyClass | undefined;
  readonly instance: OrchestratorProtocol | undefined;
}

/** @throws OrchestrationError where it says too little of itself, or throws when it is asked */
export function describeTarget(target: unknown): DescribedTarget {
  try {
    return describe(target);
  } catch (cause) {
    if (OrchestrationError.is(cause)) throw cause;
    throw new OrchestrationError(
      'ORCHESTRATOR_INVALID',
      `The ${typeof target === 'function' ? 'class' : 'object'} throws when it is asked what orchestrator it is.`,
      { cause },
    );
  }
}

function describe(target: unknown): DescribedTarget {
  if (typeof target === 'function') {
    const described = describeClass(target as AnyClass);
    if (target.length > 0) {
      throw new OrchestrationError(
        'ORCHESTRATOR_NOT_CONSTRUCTIBLE',
        `${target.name} needs ${target.length} constructor parameters.`,
      );
    }
    return described;
  }
  if (typeof target !== 'object' || target === null) {
    throw new OrchestrationError(
      'ORCHESTRATOR_INVALID',
      `${target === null ? 'null' : typeof target} is not an orchestrator.`,
    );
  }
  return describeInstance(target as OrchestratorProtocol);
}

/** @throws OrchestrationError `ORCHESTRATOR_NOT_DECORATED` */
export function describeClass(target: AnyClass): DescribedTarget {
  const definition = definitionOf(target);
  if (definition === undefined) {
    const name = typeof target.name === 'string' && target.name !== '' ? target.name : '(anonymous)';
    if (isOfAnotherCopy(target)) {
      throw new OrchestrationError('ORCHESTRATOR_INVALID', `Class ${name} ${ANOTHER_COPY}`, {
        fix: KEEP_ONE_COPY,
      });
    }
    throw new OrchestrationError('ORCHESTRATOR_NOT_DECORATED', `Class ${name} is not an orchestrator.`);
  }
  return {
    name: definition.options.name ?? defaultOrchestratorName(target.name),
    layer: definition.layer,
    type: definition.type,
    options: definition.options,
    definition,
    target,
    instance: undefined,
  };
}

function describeInstance(instance: OrchestratorProtocol): DescribedTarget {
  const target = instance.constructor as AnyClass;
  const definition = typeof target === 'function' ? definitionOf(target) : undefined;
  if (
    definition === undefined &&
    !(instance instanceof BaseOrchestrator) &&
    typeof instance.orchestrate !== 'function'
  ) {
    throw new OrchestrationError(
      'ORCHESTRATOR_INVALID',
      'This object is not an orchestrator: it has no orchestrate method.',
    );
  }
  const given = instance instanceof BaseOrchestrator || definition === undefined;
  const name = given ? instance.name : (definition.options.name ?? defaultOrchestratorName(target.name));
  const layer = given ? instance.layer : definition.layer;
  const type = given ? instance.orchestrationType : definition.type;
  const problem = nameProblem(name);
  if (problem !== undefined)
    throw new OrchestrationError('ORCHESTRATOR_INVALID', `The object has no usable name: ${problem}.`);
  if (!isLayer(layer)) {
    throw new OrchestrationError(
      'ORCHESTRATOR_INVALID',
      `${name} has the layer ${String(layer)}, which is none.`,
      {
        fix: "Use 'domain', 'application' or 'infrastructure'.",
      },
    );
  }
  const typeProblem = type === undefined ? undefined : nameProblem(type);
  if (typeProblem !== undefined) {
    throw new OrchestrationError(
      'ORCHESTRATOR_INVALID',
      `${name} has no usable orchestration type: ${typeProblem}.`,
      { fix: 'Use one of OrchestrationType, or a name of your own.' },
    );
  }
  return {
    name,
    layer,
    type: type ?? 'sequential',
    options: definition?.options ?? {},
    definition,
    target: definition === undefined ? undefined : target,
    instance,
  };
}
