import { OrchestrationContext } from '../context.js';
import { logIds } from '../logging/log-id.js';
import { sanitize } from '../logging/redact.js';
import type { StepResult } from '../step-result.js';
import type { CallFrame } from './call-frame.js';
import type { Runtime } from './runtime.js';

/** Calls that `canOrchestrate` said no to: rare, so noted beside the frames. */
const declined = new WeakSet<CallFrame>();

/** What is logged and told of calls. One log event per thing, under the names of the reference system. */
export class CallJournal {
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Notes that `canOrchestrate` refused the call. */
  declined(frame: CallFrame): void {
    declined.add(frame);
  }

  started(frame: CallFrame): void {
    const { events, logger } = this.#runtime;
    const ids = frame.ids();
    if (logger.isLevelEnabled?.('info') !== false) {
      logger.info('orchestration_started', {
        ...logIds(ids),
        type: frame.unit.type,
        ...(frame.params === undefined ? {} : { params: sanitize(frame.params) }),
      });
    }
    events.emit('call.started', ids);
  }

  ended(frame: CallFrame, result: StepResult): void {
    const { events, logger, clock } = this.#runtime;
    const level =
      result.status === 'failed'
        ? result.errorCategory === 'execution' || result.severity === 'high' || result.severity === 'critical'
          ? 'error'
          : 'warn'
        : 'info';
    const written = logger.isLevelEnabled?.(level) !== false;
    if (!written && !events.active) return;
    const durationMs = frame.timing === undefined ? undefined : clock.monotonic() - frame.timing.startedAt;
    const ids = frame.ids();
    if (written) {
      const fields = {
        ...logIds(ids),
        type: frame.unit.type,
        success: result.success,
        status: result.status,
        ...(durationMs === undefined ? {} : { durationMs: Math.round(durationMs * 1_000) / 1_000 }),
      };
      if (result.status === 'failed') {
        logger[level]('orchestration_failed', {
          ...fields,
          error: sanitize(result.error),
          errorCategory: result.errorCategory,
          retryable: result.retryable,
          ...(result.cause === undefined ? {} : { cause: sanitize(result.cause) }),
        });
      } else {
        const event =
          result.status === 'skipped' && declined.has(frame)
            ? 'orchestrator_cannot_handle'
            : 'orchestration_completed';
        logger.info(event, {
          ...fields,
          ...(result.reason === undefined ? {} : { reason: sanitize(result.reason) }),
        });
      }
    }
    if (events.active)
      events.emit('call.ended', { ...ids, result, ...(durationMs === undefined ? {} : { durationMs }) });
  }

  late(frame: CallFrame, result: StepResult): void {
    frame.operation.stats.late += 1;
    const { events } = this.#runtime;
    if (events.active) events.emit('call.late', { ...frame.ids(), result });
  }

  compensationFailed(frame: CallFrame, thrown: unknown): void {
    this.#runtime.logger.error('compensation_failed', { ...logIds(frame.ids()), error: sanitize(thrown) });
  }

  /** Of a call that reaches no operation. */
  refused(ref: unknown, context: unknown, result: StepResult): void {
    const { events, logger } = this.#runtime;
    try {
      const orchestrator =
        typeof ref === 'string'
          ? ref.slice(0, 128)
          : typeof ref === 'function'
            ? String(ref.name)
            : typeof ref;
      const ids = OrchestrationContext.isContext(context) ? idsOf(context) : undefined;
      if (logger.isLevelEnabled?.('warn') !== false && result.status === 'failed') {
        const event =
          result.errorCategory === 'not_found' ? 'orchestrator_not_found' : 'orchestration_refused';
        logger.warn(event, {
          orchestrator: sanitize(orchestrator),
          ...(ids === undefined ? {} : logIds(ids)),
          error: sanitize(result.error),
          errorCategory: result.errorCategory,
        });
      }
      events.emit('call.refused', { orchestrator, ...ids, result });
    } catch {
      // What cannot even be named must not turn an answer into a rejection.
    }
  }
}

function idsOf(context: OrchestrationContext): {
  readonly tenantId: string;
  readonly requestId: string;
  readonly traceId?: string;
} {
  const { tenantId, requestId, traceId } = OrchestrationContext.stateOf(context);
  return { tenantId, requestId, ...(traceId === undefined ? {} : { traceId }) };
}
