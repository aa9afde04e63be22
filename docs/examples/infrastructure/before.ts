// #region before
export class MyMonitoringOrchestrator {
  readonly healthData = new Map<string, number>();

  constructor(private readonly probe: () => Promise<number>) {
    // Starts while it is being built, and nothing can ever end it.
    setInterval(() => void this.checkHealth(), 60_000);
  }

  private async checkHealth(): Promise<void> {
    this.healthData.set('latencyMs', await this.probe());
  }

  async executeWithMonitoring<T>(task: () => Promise<T>): Promise<T> {
    return task();
  }
}
// #endregion
