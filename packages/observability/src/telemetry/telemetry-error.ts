/** Codes of {@link TelemetryError}. */
export type TelemetryErrorCode =
  /** A metric, observation or span that cannot be recorded. */
  | 'TELEMETRY_INPUT_INVALID'
  /** An option outside of its range. */
  | 'TELEMETRY_OPTION_INVALID'
  /** An alert rule that cannot be read, or that compares what cannot be compared. */
  | 'TELEMETRY_RULE_INVALID';

/** What the telemetry store says no with. */
export class TelemetryError extends Error {
  override readonly name = 'TelemetryError';
  readonly code: TelemetryErrorCode;

  constructor(code: TelemetryErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
