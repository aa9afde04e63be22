export { aContext, type AContextInit } from './a-context.js';
export { FakeClock, type FakeClockOptions } from './fake-clock.js';
export type { Override } from './overrides.js';
export { type LogRecord, RecordingLogger, type RecordingLoggerOptions } from './recording-logger.js';
export { type MatcherAnswer, resultMatchers } from './result-matchers.js';
export { TestHost, type TestHostOptions } from './test-host.js';
export {
  VERIFICATION_STEPS,
  VerificationError,
  VerificationReport,
  type VerificationStep,
  type VerifiedStep,
} from './verification-report.js';
export { verifyOrchestrator, type VerifyOptions } from './verify-orchestrator.js';
