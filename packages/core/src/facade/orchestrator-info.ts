import type { OrchestratorState } from '../events/events.js';
import { type UnitHealth, unitHealth } from '../lifecycle/health.js';
import type { OrchestrationLayer, OrchestrationType } from '../layers.js';
import { tokenName } from '../orchestrator/lazy.js';
import { type LazyParameter, lazyParametersOf } from '../orchestrator/metadata.js';
import type { OperationStats, OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { describeParams, type DtoClass, type ParamsSchema } from '../validation/index.js';

/** What is known of an operation, as plain data. */
export interface OperationInfo {
  readonly name: string;
  readonly default: boolean;
  readonly description?: string;
  /** JSON-Schema-like; left out where nothing checks the params. */
  readonly params?: ParamsSchema;
  readonly timeoutMs?: number;
  /** The policy that it names. */
  readonly policy?: string;
  readonly durable: boolean;
  readonly stats: Readonly<OperationStats>;
}

/** A queue at the moment it was asked; numbers of items but `depth` and `capacity` since its orchestrator started. */
export interface QueueInfo {
  readonly name: string;
  readonly depth: number;
  readonly capacity: number;
  readonly dropped: number;
  readonly refused: number;
  /** Its consumer has worked them off. */
  readonly processed: number;
  /** Its consumer threw, rejected or returned a failed result for them; they are not tried again. */
  readonly failed: number;
}

/** A background task at the moment it was asked; `runs` and `restarts` since its orchestrator started. */
export interface TaskInfo {
  readonly name: string;
  readonly everyMs: number;
  readonly state: string;
  readonly runs: number;
  readonly restarts: number;
}

/** What is known of a registered orchestrator, as plain data. */
export interface OrchestratorInfo {
  readonly name: string;
  readonly layer: OrchestrationLayer;
  readonly type: OrchestrationType;
  readonly description?: string;
  /** Whether the host is unhealthy without it. */
  readonly required: boolean;
  readonly operations: readonly OperationInfo[];
  readonly state: OrchestratorState;
  readonly health: UnitHealth;
  readonly queues: readonly QueueInfo[];
  readonly tasks: readonly TaskInfo[];
  /** Names of what it needs before it starts; lazy ones apart. */
  readonly dependencies: readonly string[];
  readonly lazyDependencies: readonly string[];
  readonly running: number;
  readonly waiting: number;
  readonly abandoned: number;
}

export function infoOf(unit: OrchestratorUnit): OrchestratorInfo {
  const { description, required } = unit.options;
  const workers = unit.lifecycle.workers;
  return {
    name: unit.name,
    layer: unit.layer,
    type: unit.type,
    ...(description === undefined ? {} : { description }),
    required: required !== false,
    operations: operationsOf(unit),
    state: unit.state,
    health: unitHealth(unit),
    queues: (workers?.consumed ?? []).map(({ queue, processed, failed }) => ({
      name: queue.name,
      depth: queue.depth,
      capacity: queue.capacity,
      dropped: queue.dropped,
      refused: queue.refused,
      processed,
      failed,
    })),
    tasks: (workers?.tasks ?? []).map((task) => ({
      name: task.name,
      everyMs: task.options.everyMs,
      state: task.state,
      runs: task.runs,
      restarts: task.restarts,
    })),
    dependencies: unit.dependencies,
    lazyDependencies:
      unit.target === undefined ? [] : lazyParametersOf(unit.target).map((parameter) => lazyName(parameter)),
    running: unit.running,
    waiting: unit.slots?.waiting ?? 0,
    abandoned: unit.abandoned,
  };
}

/** Read whenever somebody looks: a reference to a class that is still loading must not spoil the list. */
function lazyName(parameter: LazyParameter): string {
  try {
    return tokenName(parameter.target());
  } catch {
    return '(not loaded)';
  }
}

function operationsOf(unit: OrchestratorUnit): OperationInfo[] {
  const operations =
    unit.rawOperation === undefined
      ? unit.operations.values()
      : [unit.rawOperation, ...unit.operations.values()];
  return operations.map((operation) => ({
    name: operation.name,
    default: operation === (unit.rawOperation ?? unit.defaultOperation),
    ...(operation.options.description === undefined ? {} : { description: operation.options.description }),
    ...(operation.paramsClass === undefined ? {} : { params: schemaOf(operation.paramsClass) }),
    ...(operation.timeoutMs === undefined ? {} : { timeoutMs: operation.timeoutMs }),
    ...(operation.options.policy === undefined ? {} : { policy: operation.options.policy }),
    durable: operation.durable,
    stats: { ...operation.stats },
  }));
}

const schemas = new WeakMap<DtoClass, ParamsSchema>();

/** Describing a DTO compiles it, which takes milliseconds; a DTO does not change, so it is described once. */
function schemaOf(dto: DtoClass): ParamsSchema {
  let schema = schemas.get(dto);
  if (schema === undefined) schemas.set(dto, (schema = deepFreeze(describeParams(dto))));
  return schema;
}

function deepFreeze<T extends object>(value: T): T {
  for (const each of Object.values(value)) {
    if (typeof each === 'object' && each !== null && !Object.isFrozen(each)) deepFreeze(each as object);
  }
  return Object.freeze(value);
}
