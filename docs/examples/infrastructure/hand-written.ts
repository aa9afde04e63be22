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

import { pause, within } from './pause.js';

export interface MonitoringParams {
  readonly operation?: string;
  readonly task?: () => Promise<unknown>;
}

export class MyMonitoringOrchestrator extends BaseOrchestrator {
  readonly #probe: (signal: AbortSignal) => Promise<number>;
  readonly #clock: Clock;
  readonly #healthData = new Map<string, number>();
  /** Asks the loop to end; what it is doing may still finish. */
  readonly #shutdown = new AbortController();
  /** Ends what does not finish in time. */
  readonly #cancel = new AbortController();
  #monitoring: Promise<void> | undefined;

  constructor(probe: (signal: AbortSignal) => Promise<number>, clock: Clock = systemClock) {
    super({
      layer: OrchestrationLayer.INFRASTRUCTURE,
      name: 'my_monitoring',
      type: OrchestrationType.MONITORING,
    });
    this.#probe = probe;
    this.#clock = clock;
  }

  get isMonitoring(): boolean {
    return this.#monitoring !== undefined;
  }

  #startMonitoring(): void {
    this.#monitoring ??= this.#monitoringLoop().finally(() => {
      this.#monitoring = undefined;
    });
  }

  async #monitoringLoop(): Promise<void> {
    while (!this.#shutdown.signal.aborted) {
      try {
        this.#healthData.set('latencyMs', await this.#probe(this.#cancel.signal));
      } catch (error) {
        this.logger.error('monitoring_error', { error });
      }
      await pause(this.#clock, 60_000, this.#shutdown.signal);
    }
  }

  override async orchestrate(context: OrchestrationContext, params: MonitoringParams): Promise<StepResult> {
    if (!this.#shutdown.signal.aborted) this.#startMonitoring();
    this.logOrchestrationStart(context, params);
    const result = await this.#route(params);
    this.logOrchestrationEnd(context, result);
    return result;
  }

  async #route({ operation = 'execute', task }: MonitoringParams): Promise<StepResult> {
    switch (operation) {
      case 'execute':
        return StepResult.ok({ value: await task?.() });
      case 'get_health':
        return StepResult.ok(Object.fromEntries(this.#healthData));
      default:
        return StepResult.fail(`Unknown operation: ${operation}`, {
          errorCategory: ErrorCategory.VALIDATION,
        });
    }
  }

  override async cleanup(): Promise<void> {
    this.#shutdown.abort();
    if (this.#monitoring === undefined) return;
    const ended = await within(this.#clock, 5_000, this.#monitoring);
    if (!ended) {
      this.#cancel.abort(new Error('The monitoring did not end within 5 seconds.'));
      await this.#monitoring;
    }
  }
}
// #endregion
