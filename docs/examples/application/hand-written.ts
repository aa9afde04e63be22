// #region after
import {
  BaseOrchestrator,
  type Clock,
  ErrorCategory,
  type OrchestrationContext,
  OrchestrationLayer,
  OrchestrationType,
  StepResult,
  systemClock,
} from '@kapelle/core';

import { pause, within } from '../infrastructure/pause.js';
import {
  getManager,
  getRouterA,
  getRouterB,
  type Manager,
  type RouterA,
  type RouterB,
  type Signal,
} from './parts.js';

export interface CoordinationParams {
  readonly operation?: string;
  readonly component?: string;
  readonly data?: Signal;
}

export interface CoordinationParts {
  readonly routerA?: RouterA;
  readonly routerB?: RouterB;
  readonly manager?: Manager;
  readonly clock?: Clock;
}

export class MyCoordinationOrchestrator extends BaseOrchestrator {
  readonly #clock: Clock;
  readonly #queues = new Map<string, Signal[]>([
    ['a', []],
    ['b', []],
  ]);
  readonly #shutdown = new AbortController();
  #processing: Promise<void> | undefined;
  #routerA: RouterA | undefined;
  #routerB: RouterB | undefined;
  #manager: Manager | undefined;

  constructor(parts: CoordinationParts = {}) {
    super({
      layer: OrchestrationLayer.APPLICATION,
      name: 'my_coordination',
      type: OrchestrationType.COORDINATION,
    });
    this.#routerA = parts.routerA;
    this.#routerB = parts.routerB;
    this.#manager = parts.manager;
    this.#clock = parts.clock ?? systemClock;
  }

  // #region lazy-getters
  get routerA(): RouterA {
    return (this.#routerA ??= getRouterA());
  }

  get routerB(): RouterB {
    return (this.#routerB ??= getRouterB());
  }

  get manager(): Manager {
    return (this.#manager ??= getManager());
  }
  // #endregion

  // #region old-api
  override start(): void {
    this.#processing ??= this.#processingLoop();
  }

  submitSignal(component: string, data: Signal): void {
    const queue = this.#queues.get(component);
    if (queue === undefined) throw new RangeError(`There is no component "${component}".`);
    queue.push(data);
  }

  getMetrics(): { signals: number; queueA: number; queueB: number } {
    const queueA = this.#queues.get('a')?.length ?? 0;
    const queueB = this.#queues.get('b')?.length ?? 0;
    return { signals: queueA + queueB, queueA, queueB };
  }
  // #endregion

  async #processingLoop(): Promise<void> {
    while (!this.#shutdown.signal.aborted) {
      for (const [component, queue] of this.#queues) {
        for (let data = queue.shift(); data !== undefined; data = queue.shift()) {
          await (component === 'a' ? this.routerA : this.routerB).route(data);
          this.manager.note();
        }
      }
      await pause(this.#clock, 1_000, this.#shutdown.signal);
    }
  }

  // #region routing
  override async orchestrate(context: OrchestrationContext, params: CoordinationParams): Promise<StepResult> {
    this.start();
    this.logOrchestrationStart(context, params);
    const result = this.#route(params);
    this.logOrchestrationEnd(context, result);
    return result;
  }

  #route({ operation = 'submit_signal', component, data }: CoordinationParams): StepResult {
    switch (operation) {
      case 'submit_signal':
        if (component === undefined || data === undefined) {
          return StepResult.fail('submit_signal needs component and data.', {
            errorCategory: ErrorCategory.VALIDATION,
          });
        }
        this.submitSignal(component, data);
        return StepResult.ok({ queued: true });
      case 'get_metrics':
        return StepResult.ok(this.getMetrics());
      case 'start':
        this.start();
        return StepResult.ok({ status: 'started' });
      case 'stop':
        this.#shutdown.abort();
        return StepResult.ok({ status: 'stopped' });
      default:
        return StepResult.fail(`Unknown operation: ${operation}`, {
          errorCategory: ErrorCategory.VALIDATION,
        });
    }
  }
  // #endregion

  override async cleanup(): Promise<void> {
    this.#shutdown.abort();
    if (this.#processing !== undefined) await within(this.#clock, 5_000, this.#processing);
  }
}

// #region accessor
let globalOrchestrator: MyCoordinationOrchestrator | undefined;

export function getOrchestrator(autoCreate: true): MyCoordinationOrchestrator;
export function getOrchestrator(autoCreate?: boolean): MyCoordinationOrchestrator | undefined;
export function getOrchestrator(autoCreate = false): MyCoordinationOrchestrator | undefined {
  if (globalOrchestrator === undefined && autoCreate) globalOrchestrator = new MyCoordinationOrchestrator();
  return globalOrchestrator;
}

export function setOrchestrator(orchestrator: MyCoordinationOrchestrator | undefined): void {
  globalOrchestrator = orchestrator;
}
// #endregion
// #endregion
