import type { FailedResult, StepResult } from '@kapelle/core';
import { jsonWithin } from './objective.js';
import type { SessionRecord, TaskRecord } from './session-record.js';
import type { SessionRunDeps } from './session-run.js';
import { outputFailure, taskFailureOf } from './task-failures.js';

/** Characters of the JSON of one output at most. */
export const MAX_OUTPUT_LENGTH = 4 * 1024 * 1024;
/** Characters that are kept of why a task is not certain. */
const MAX_REASON_LENGTH = 500;

/** The session whose tasks are settled. */
export interface SettledSession {
  readonly tenantId: string;
  readonly record: SessionRecord;
  readonly outputs: Map<string, unknown>;
  /** Fires when the run has ended; nothing is changed from then on. */
  readonly ended: AbortSignal;
}

/** Decides what becomes of a task after an attempt: completed, another attempt, or failed for good. */
export class TaskSettlement {
  readonly #session: SettledSession;
  readonly #deps: SessionRunDeps;
  /** When a task that waits for its next attempt may begin it, in monotonic ms. */
  readonly #notBefore = new Map<string, number>();

  constructor(session: SettledSession, deps: SessionRunDeps) {
    this.#session = session;
    this.#deps = deps;
  }

  /** Milliseconds until the task may be begun, 0 for now. */
  delayOf(task: TaskRecord): number {
    const at = this.#notBefore.get(task.objective.id) ?? 0;
    return Math.max(0, at - this.#deps.clock.monotonic());
  }

  /** Never rejects. */
  async settle(task: TaskRecord, result: StepResult): Promise<void> {
    if (result.status === 'failed') await this.#failed(task, result);
    else await this.#completed(task, result);
  }

  async #completed(task: TaskRecord, result: Exclude<StepResult, FailedResult>): Promise<void> {
    const { tenantId, record, outputs, ended } = this.#session;
    const taskId = task.objective.id;
    if (result.status !== 'skipped') {
      const output = result.data ?? null;
      const json = jsonWithin(output, MAX_OUTPUT_LENGTH);
      if (json === undefined) {
        await this.#failed(task, outputFailure(task, MAX_OUTPUT_LENGTH));
        return;
      }
      // As it is stored, whatever the executor changes later.
      outputs.set(taskId, JSON.parse(json));
      try {
        await this.#deps.store.putOutput(tenantId, record.sessionId, taskId, output);
      } catch (thrown) {
        this.#deps.onSave(thrown);
      }
      if (ended.aborted) return;
    }
    task.status = 'completed';
    task.outcome = result.status;
    const reason = result.status === 'ok' ? undefined : (result.reason ?? result.warnings[0]);
    if (reason === undefined) delete task.reason;
    else task.reason = reason.slice(0, MAX_REASON_LENGTH);
    task.finishedAt = this.#deps.clock.now();
    delete task.failure;
  }

  async #failed(task: TaskRecord, result: FailedResult): Promise<void> {
    const { clock, desk, logger, settings } = this.#deps;
    const { tenantId, record, ended } = this.#session;
    task.failure = taskFailureOf(result);
    const maxRetries = Math.min(task.objective.maxRetries ?? settings.maxRetries, settings.maxRetries);
    const fields = { sessionId: record.sessionId, taskId: task.objective.id, error: result.error };
    if (result.retryable && task.retryCount < maxRetries) {
      const delayMs = this.#again(task, result.retryAfterMs);
      logger.info('hierarchical_task_retrying', { ...fields, retry: task.retryCount, delayMs });
      return;
    }
    const decision = await desk.decide(tenantId, record, task, {
      reason: result.error,
      errorCategory: result.errorCategory,
      signal: ended,
    });
    if (ended.aborted) return;
    if (decision === 'retry' && task.grantedRetries === 0) {
      task.grantedRetries += 1;
      this.#again(task, result.retryAfterMs);
      return;
    }
    task.status = 'failed';
    task.finishedAt = clock.now();
    task.givenUp = decision === 'give_up' || task.objective.optional;
    logger.warn('hierarchical_task_failed', {
      ...fields,
      errorCategory: result.errorCategory,
      givenUp: task.givenUp,
    });
  }

  /**
   * Another attempt after a pause: doubled for each, between a half and the whole of it, and never before the other side
   * wants to be asked again.
   */
  #again(task: TaskRecord, retryAfterMs = 0): number {
    const { clock, context, settings } = this.#deps;
    const ceilingMs = Math.min(settings.retryCapMs, settings.retryBaseMs * 2 ** task.retryCount);
    const delayMs = Math.min(2_147_483_647, Math.max(retryAfterMs, ceilingMs * (0.5 + context.random() / 2)));
    task.retryCount += 1;
    task.status = 'ready';
    this.#notBefore.set(task.objective.id, clock.monotonic() + delayMs);
    return delayMs;
  }
}
