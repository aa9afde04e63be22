/** An option of `createMetrics` is out of its bounds. The message says which, and what it may be. */
export class MetricsOptionsError extends Error {
  readonly code = 'OBSERVABILITY_METRICS_OPTION';

  constructor(message: string) {
    super(message);
    this.name = 'MetricsOptionsError';
  }
}
