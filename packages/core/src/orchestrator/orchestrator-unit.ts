import type { ParamsCheck } from '../validation/index.js';
import type { OrchestrationContext } from '../context.js';
import type { OperationContext } from '../operation-context.js';
import type { InterceptedBy } from '../facade/interceptor.js';
import type { Invoker } from '../facade/invoker.js';
import type { RunRegistry } from '../facade/run-registry.js';
import { Slots } from '../facade/slots.js';
import type { OrchestratorState } from '../events/events.js';
import type { OrchestrationLayer, OrchestrationType } from '../layers.js';
import { OperationTable } from './operation-table.js';
import type { OperationOptions, OrchestratorOptions } from './options.js';
import type { OrchestratorProtocol } from './base-orchestrator.js';
import { type AnyClass, definitionOf, type OrchestratorDefinition } from './metadata.js';
import type { UnitLifecycle } from '../lifecycle/unit-lifecycle.js';
import type { WatchedOperation } from '../watching/watcher.js';

/** An operation with all work done that does not depend on a call. */
export interface CompiledOperation {
  readonly name: string;
  /** `undefined` for what a class that overrides `orchestrate` does. */
  readonly method: string | undefined;
  readonly options: OperationOptions;
  readonly timeoutMs: number | undefined;
  readonly durable: boolean;
  readonly check: ParamsCheck | undefined;
  readonly paramsClass: (new () => object) | undefined;
  /** Whether the method declares more than the context. */
  readonly takesParams: boolean;
  /** Whether nothing but the check stands between a call and the author's code: no question, no slot. */
  direct: boolean;
  /** Which interceptors stand around it, noted by their chain. */
  interceptedBy: InterceptedBy | undefined;
  /** Runs the author's code. Set while there is an instance. */
  run: ((context: OperationContext, params: unknown) => unknown) | undefined;
  /** Asks `canOrchestrate`, where the class has its own. */
  can: ((context: OrchestrationContext, params: unknown) => boolean | Promise<boolean>) | undefined;
  readonly stats: OperationStats;
  /** What watchers know it by; made by {@link identityOf}. */
  identity: WatchedOperation | undefined;
}

/** Counts of one operation since the orchestrator was registered. */
export interface OperationStats {
  started: number;
  ok: number;
  skipped: number;
  uncertain: number;
  failed: number;
  timeout: number;
  cancelled: number;
  /** Results that came after the caller had been answered. */
  late: number;
}

export function emptyStats(): OperationStats {
  return { started: 0, ok: 0, skipped: 0, uncertain: 0, failed: 0, timeout: 0, cancelled: 0, late: 0 };
}

/** What watchers know an operation by. Made when somebody watches: most of many operations are never looked at. */
export function identityOf(unit: OrchestratorUnit, operation: CompiledOperation): WatchedOperation {
  return (operation.identity ??= Object.freeze({
    orchestrator: unit.name,
    layer: unit.layer,
    type: unit.type,
    operation: operation.name,
    functionName: functionNameOf(unit.target?.name, operation.method ?? operation.name),
  }));
}

function functionNameOf(className: string | undefined, method: string): string | undefined {
  return className === undefined || className === '' ? undefined : `${className}.${method}`;
}

/** Outcomes remembered for the success ratio. */
const RECENT = 64;

/** One registered orchestrator: who it is, what it offers, and how it is doing. */
export class OrchestratorUnit {
  readonly name: string;
  readonly layer: OrchestrationLayer;
  readonly type: OrchestrationType;
  readonly options: OrchestratorOptions;
  readonly target: AnyClass | undefined;
  readonly invoker: Invoker;
  readonly runs: RunRegistry;
  readonly operations = new OperationTable();
  defaultOperation: CompiledOperation | undefined;
  /** Takes every call, where the class overrides `orchestrate`. */
  rawOperation: CompiledOperation | undefined;
  readonly slots: Slots | undefined;
  readonly cleanupAfterCall: boolean;
  /** Whether it has background tasks or consumers. */
  readonly hasWorkers: boolean;
  instance: OrchestratorProtocol | undefined;
  lifecycle!: UnitLifecycle;
  state: OrchestratorState = 'registered';
  /** Whether a call can go straight to the operation. */
  callable = false;
  /** Names of what starts before it. */
  dependencies: readonly string[] = [];
  /** Calls whose caller was answered while the body ran on. */
  abandoned = 0;
  /** Calls whose body runs. */
  running = 0;

  /** Made with the first outcome: most of many orchestrators are quiet. */
  #recent: Uint8Array | undefined;
  #recentCount = 0;

  constructor(init: {
    readonly name: string;
    readonly layer: OrchestrationLayer;
    readonly type: OrchestrationType;
    readonly options: OrchestratorOptions;
    readonly definition: OrchestratorDefinition | undefined;
    readonly target: AnyClass | undefined;
    readonly invoker: Invoker;
    readonly runs: RunRegistry;
    readonly cleanupAfterCall: boolean;
  }) {
    this.name = init.name;
    this.layer = init.layer;
    this.type = init.type;
    this.options = init.options;
    this.target = init.target;
    this.invoker = init.invoker;
    this.runs = init.runs;
    this.cleanupAfterCall = init.cleanupAfterCall;
    const { background, consumes } = init.definition ?? {};
    this.hasWorkers = (background?.size ?? 0) + (consumes?.size ?? 0) > 0;
    const { maxConcurrency, maxWaiting = 100 } = init.options;
    this.slots = maxConcurrency === undefined ? undefined : new Slots(maxConcurrency, maxWaiting);
  }

  /** What the decorators said: put together when it is asked for, which few do and once each. */
  get definition(): OrchestratorDefinition | undefined {
    return this.target === undefined ? undefined : definitionOf(this.target);
  }

  /** Remembers whether a call counted as a success. */
  note(success: boolean): void {
    this.#recent ??= new Uint8Array(RECENT);
    this.#recent[this.#recentCount % RECENT] = success ? 1 : 0;
    this.#recentCount += 1;
  }

  /** Share of successes among the last 64 calls and batches; 1 with fewer than 10. */
  get successRatio(): number {
    const filled = Math.min(this.#recentCount, RECENT);
    if (filled < 10 || this.#recent === undefined) return 1;
    let good = 0;
    for (let index = 0; index < filled; index += 1) good += this.#recent[index] as number;
    return good / filled;
  }
}
