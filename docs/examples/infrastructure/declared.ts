// #region after
import { background, BaseOrchestrator, operation, type OperationContext, orchestrator } from '@kapelle/core';

export abstract class LatencyProbe {
  abstract measure(signal: AbortSignal): Promise<number>;
}

@orchestrator('infrastructure', 'monitoring')
export class MyMonitoringOrchestrator extends BaseOrchestrator {
  readonly #healthData = new Map<string, number>();

  constructor(private readonly probe: LatencyProbe) {
    super();
  }

  @background({ everyMs: 60_000 })
  async checkHealth(signal: AbortSignal) {
    this.#healthData.set('latencyMs', await this.probe.measure(signal));
  }

  @operation({ default: true })
  async execute(_context: OperationContext, { task }: { task: () => Promise<unknown> }) {
    return { value: await task() };
  }

  @operation({ name: 'get_health' })
  getHealth() {
    return Object.fromEntries(this.#healthData);
  }
}
// #endregion
