import 'reflect-metadata';

import { OrchestrationError } from '../errors.js';
import { nameProblem } from '../naming.js';
import { compileParams, hasValidationMetadata } from '../validation/index.js';
import { BaseOrchestrator, type OrchestratorProtocol } from './base-orchestrator.js';
import type { AnyClass, OperationDefinition, OrchestratorDefinition } from './metadata.js';
import type { DtoClass, OperationOptions } from './options.js';
import { type CompiledOperation, emptyStats, type OrchestratorUnit } from './orchestrator-unit.js';

/** Does everything about a unit's operations that depends on no call and on no instance. */
export function compileOperations(
  unit: OrchestratorUnit,
  definition: OrchestratorDefinition | undefined,
): void {
  const { target, options } = unit;
  checkMethods(unit, definition);
  for (const each of definition?.operations ?? []) {
    const operation = compile(unit, target as AnyClass, each);
    if (unit.operations.has(operation.name)) {
      throw new OrchestrationError(
        'OPTION_INVALID',
        `${unit.name} has two operations named "${operation.name}".`,
        {
          fix: 'Give one of them another name.',
        },
      );
    }
    unit.operations.add(operation);
    if (operation.options.default === true) {
      if (unit.defaultOperation !== undefined) {
        throw new OrchestrationError(
          'OPTION_INVALID',
          `${unit.name} has two default operations: "${unit.defaultOperation.name}" and "${operation.name}".`,
          {
            fix: 'Keep one default.',
          },
        );
      }
      unit.defaultOperation = operation;
    }
  }
  if (options.flow !== undefined && !unit.operations.has('run')) {
    const run = base(unit, 'run', undefined, { description: 'Runs the declared flow.' }, options.params);
    unit.operations.add(run);
    unit.defaultOperation ??= run;
  }
  if (unit.defaultOperation === undefined && unit.operations.size === 1) {
    unit.defaultOperation = unit.operations.values()[0];
  }
}

/** Called by the lifecycle with a signal, where an operation gets a context. */
const HOOKS: ReadonlySet<string> = new Set(['start', 'ready', 'drain', 'cleanup', 'health']);

/** What no single decorator can see. @throws OrchestrationError `OPTION_INVALID` */
function checkMethods(unit: OrchestratorUnit, definition: OrchestratorDefinition | undefined): void {
  for (const { method } of definition?.operations ?? []) {
    const declared = (unit.target?.prototype as Record<string, unknown> | undefined)?.[method];
    if (!HOOKS.has(method) || typeof declared !== 'function' || declared.length === 0) continue;
    throw new OrchestrationError(
      'OPTION_INVALID',
      `${unit.name} has an operation whose method is the hook "${method}": a host calls it with a signal, not with a context.`,
      {
        fix: `Give the method another name; the operation keeps its own with @operation({ name: '${method}' }).`,
      },
    );
  }
  const consumers = new Map<string, string>();
  for (const [method, { queue }] of definition?.consumes ?? []) {
    const other = consumers.get(queue);
    if (other !== undefined) {
      throw new OrchestrationError(
        'OPTION_INVALID',
        `${unit.name} has two consumers of queue "${queue}": ${other} and ${method}.`,
        { fix: 'Keep one; its `concurrency` says how many batches are in work at the same time.' },
      );
    }
    consumers.set(queue, method);
  }
}

/** Ties the compiled operations to an instance. */
export function bindOperations(unit: OrchestratorUnit, instance: OrchestratorProtocol): void {
  const { canOrchestrate } = instance;
  const can =
    typeof canOrchestrate === 'function' && canOrchestrate !== BaseOrchestrator.prototype.canOrchestrate
      ? (bound(instance, canOrchestrate as Method) as CompiledOperation['can'])
      : undefined;
  const { orchestrate } = instance;
  if (typeof orchestrate === 'function' && orchestrate !== BaseOrchestrator.prototype.orchestrate) {
    const raw = (unit.rawOperation ??= base(unit, 'orchestrate', undefined, {}, undefined));
    raw.run = bound(instance, orchestrate as Method);
    raw.can = can;
    raw.direct = isDirect(unit, raw);
  }
  const { flow } = unit.options;
  for (const operation of unit.operations.values()) {
    operation.can = can;
    operation.direct = isDirect(unit, operation);
    if (operation.method === undefined) {
      operation.run = runningFlow(instance, flow as unknown as DeclaredFlow);
      continue;
    }
    operation.run = bound(
      instance,
      (instance as unknown as Record<string, Method>)[operation.method] as Method,
    );
  }
}

type Method = (this: unknown, context: unknown, params: unknown) => unknown;

interface DeclaredFlow {
  run(context: unknown, input: unknown, self: unknown): unknown;
}

// Functions of their own: a closure made where more is in scope would keep that much per operation.
function bound(
  instance: OrchestratorProtocol,
  method: Method,
): (context: unknown, params: unknown) => unknown {
  return (context, params) => method.call(instance, context, params);
}

function runningFlow(instance: OrchestratorProtocol, flow: DeclaredFlow): CompiledOperation['run'] {
  return (context, params) => flow.run(context, params, instance);
}

function isDirect(unit: OrchestratorUnit, operation: CompiledOperation): boolean {
  return operation.can === undefined && unit.slots === undefined;
}

/** Lets go of the instance, so that it can be collected. */
export function unbindOperations(unit: OrchestratorUnit): void {
  for (const operation of unit.operations.values()) {
    operation.run = undefined;
    operation.can = undefined;
  }
  if (unit.rawOperation !== undefined) {
    unit.rawOperation.run = undefined;
    unit.rawOperation.can = undefined;
  }
}

/** Whether the method takes params that nothing checks. */
export function takesUncheckedParams(operation: CompiledOperation): boolean {
  return operation.takesParams && operation.check === undefined;
}

function compile(
  unit: OrchestratorUnit,
  target: AnyClass,
  definition: OperationDefinition,
): CompiledOperation {
  const { method, options } = definition;
  const name = options.name ?? method;
  const problem = nameProblem(name);
  if (problem !== undefined)
    throw new OrchestrationError('OPTION_INVALID', `An operation of ${unit.name}: ${problem}.`);
  const types = paramTypes(target, method);
  const emitted = types[1];
  const dto = options.params ?? (hasValidationMetadata(emitted) ? emitted : undefined);
  const declared = (target.prototype as Record<string, unknown>)[method];
  const length = typeof declared === 'function' ? declared.length : 0;
  return base(unit, name, method, options, dto, Math.max(length, types.length) >= 2);
}

function base(
  unit: OrchestratorUnit,
  name: string,
  method: string | undefined,
  options: OperationOptions,
  dto: DtoClass | undefined,
  takesParams = false,
): CompiledOperation {
  return {
    name,
    method,
    options,
    timeoutMs: options.timeoutMs ?? unit.options.timeoutMs,
    durable: options.durable ?? unit.options.durable ?? false,
    check: dto === undefined ? undefined : compileParams(dto),
    paramsClass: dto,
    takesParams,
    direct: false,
    interceptedBy: undefined,
    run: undefined,
    can: undefined,
    stats: emptyStats(),
    identity: undefined,
  };
}

function paramTypes(target: AnyClass, method: string): readonly unknown[] {
  return (
    (Reflect.getMetadata('design:paramtypes', target.prototype as object, method) as unknown[] | undefined) ??
    []
  );
}
