import type { OrchestrationLayer, OrchestrationType } from '../layers.js';
import type {
  BackgroundOptions,
  ConsumesOptions,
  OperationOptions,
  OrchestratorOptions,
  Token,
} from './options.js';

export type AnyClass = abstract new (...args: never[]) => unknown;

/** A lazy constructor parameter: which token, known now or when it is asked for. */
export interface LazyParameter {
  readonly index: number;
  readonly target: () => Token;
  /** The container's token of the `Lazy` object itself. */
  readonly lazyToken: symbol;
}

export interface OperationDefinition {
  readonly method: string;
  readonly options: OperationOptions;
}

/** What the decorators said of one class, not of its parents. */
interface ClassRecord {
  orchestrator?: {
    readonly layer: OrchestrationLayer;
    readonly type: OrchestrationType;
    readonly options: OrchestratorOptions;
  };
  readonly operations: Map<string, OperationDefinition>;
  readonly background: Map<string, BackgroundOptions>;
  readonly consumes: Map<string, ConsumesOptions>;
  readonly lazy: Map<number, LazyParameter>;
  /** Tokens given to defineOrchestrator, by parameter. */
  inject?: readonly Token[];
}

const records = new WeakMap<object, ClassRecord>();

/** The record of exactly this class, made on first use. */
export function recordOf(target: object): ClassRecord {
  let record = records.get(target);
  if (record === undefined) {
    record = {
      operations: new Map(),
      background: new Map(),
      consumes: new Map(),
      lazy: new Map(),
    };
    records.set(target, record);
  }
  return record;
}

/** What is known of a class, its parents' operations, tasks and queues included. */
export interface OrchestratorDefinition {
  readonly layer: OrchestrationLayer;
  readonly type: OrchestrationType;
  readonly options: OrchestratorOptions;
  readonly operations: readonly OperationDefinition[];
  readonly background: ReadonlyMap<string, BackgroundOptions>;
  readonly consumes: ReadonlyMap<string, ConsumesOptions>;
}

/** The definition of a decorated class; `undefined` where neither it nor a parent is decorated. */
export function definitionOf(target: AnyClass): OrchestratorDefinition | undefined {
  const lineage: ClassRecord[] = [];
  for (
    let current: unknown = target;
    typeof current === 'function';
    current = Object.getPrototypeOf(current)
  ) {
    const record = records.get(current);
    if (record !== undefined) lineage.push(record);
  }
  // Only the class itself: a subclass that says nothing of its own would silently share its parent's name.
  const own = records.get(target)?.orchestrator;
  if (own === undefined) return undefined;
  lineage.reverse();
  return {
    ...own,
    operations: [...merged(lineage, (record) => record.operations).values()],
    background: merged(lineage, (record) => record.background),
    consumes: merged(lineage, (record) => record.consumes),
  };
}

const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();

/** One section of a class and its parents, by method; the class itself wins. */
function merged<V>(
  lineage: readonly ClassRecord[],
  section: (record: ClassRecord) => ReadonlyMap<string, V>,
): ReadonlyMap<string, V> {
  let all: Map<string, V> | undefined;
  for (const record of lineage) {
    for (const [method, value] of section(record)) (all ??= new Map<string, V>()).set(method, value);
  }
  return all ?? NOTHING;
}

/** The lazy parameters of the constructor that `target` really has. */
export function lazyParametersOf(target: AnyClass): readonly LazyParameter[] {
  for (
    let current: unknown = target;
    typeof current === 'function';
    current = Object.getPrototypeOf(current)
  ) {
    const record = records.get(current);
    if (record !== undefined && record.lazy.size > 0) return [...record.lazy.values()];
    if (Object.hasOwn(current, 'length') && current.length > 0) return [];
  }
  return [];
}
