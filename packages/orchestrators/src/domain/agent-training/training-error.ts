/** Codes of {@link AgentTrainingError}. */
export type AgentTrainingErrorCode =
  /** A definition, patch or example that cannot be used. */
  | 'TRAINING_INPUT_INVALID'
  /** An option outside of its range. */
  | 'TRAINING_OPTION_INVALID'
  /** A stored record that this version cannot read. */
  | 'TRAINING_RECORD_UNREADABLE';

/** What `agent_training` says no with before anything is stored. */
export class AgentTrainingError extends Error {
  override readonly name = 'AgentTrainingError';
  readonly code: AgentTrainingErrorCode;
  readonly retryable = false;

  constructor(code: AgentTrainingErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
