import { FailedResult, StepResult } from '../step-result.js';
import { endScope } from '../watching/watchers.js';
import type { CallFrame } from './call-frame.js';
import type { CallJournal } from './call-journal.js';
import { answerAfter } from './interception.js';
import type { Runtime } from './runtime.js';

/** After an abort a body that goes on is given this long before its finished steps are undone. */
const COMPENSATION_GRACE_MS = 1_000;

/** Calls that were cleaned up after: rare, so noted beside the frames. */
const cleanedUp = new WeakSet<CallFrame>();

/** The end of a call: answers the caller once, counts, undoes what a failed run has done, cleans up. */
export class Settlement {
  readonly #runtime: Runtime;
  readonly #journal: CallJournal;

  constructor(runtime: Runtime, journal: CallJournal) {
    this.#runtime = runtime;
    this.#journal = journal;
  }

  /** Answers the caller, once. */
  settle(frame: CallFrame, answer: StepResult): void {
    if (frame.settled) return;
    frame.settled = true;
    const { timing, more } = frame;
    if (timing?.list !== undefined) this.#runtime.deadlines.remove(timing);
    if (more !== undefined) frame.unlink();
    const result = this.#told(frame, answer);
    if (more?.runId !== undefined) frame.unit.runs.ended(frame, result);
    if (frame.scope !== undefined) endScope(frame.scope, result);
    frame.resolve?.(result);
    if (frame.bodies === 0) this.leaveIfOver(frame);
    else this.#abandon(frame);
  }

  /** What the interceptors make of the answer; counts it. */
  #told(frame: CallFrame, answer: StepResult): StepResult {
    const { interceptors, events } = this.#runtime;
    try {
      const result = interceptors.active ? this.#afterHooks(frame, answer) : answer;
      if (result.status === 'ok') {
        frame.operation.stats.ok += 1;
        frame.unit.note(true);
      } else this.#count(frame, result);
      if (frame.timing !== undefined || events.active || result.status === 'failed') {
        this.#journal.ended(frame, result);
      }
      return result;
    } catch (thrown) {
      // Something that passes for a result and throws when it is looked at: the caller is answered all the same.
      return StepResult.fromError(thrown);
    }
  }

  #afterHooks(frame: CallFrame, answer: StepResult): StepResult {
    const hooks = this.#runtime.interceptors.hooksOf(frame);
    return hooks.after.length > 0 ? answerAfter(frame.call, hooks, answer) : answer;
  }

  /** The caller is answered while the body runs on. */
  #abandon(frame: CallFrame): void {
    frame.unit.abandoned += 1;
    if (frame.verbs !== undefined || frame.unit.cleanupAfterCall) this.#windUpAfterGrace(frame);
  }

  /** Undoes what a failed run has done and cleans up after the call, where asked; then answers. */
  finish(frame: CallFrame, result: StepResult): void {
    if (frame.settled) {
      this.leaveIfOver(frame);
      return;
    }
    const undo = frame.verbs !== undefined && result.status === 'failed';
    if (!undo && !frame.unit.cleanupAfterCall) {
      this.settle(frame, result);
      return;
    }
    void this.#finishSlowly(frame, result, undo);
  }

  async #finishSlowly(frame: CallFrame, result: StepResult, undo: boolean): Promise<void> {
    frame.bodies += 1;
    let answer = result;
    try {
      if (undo) answer = await this.#compensated(frame, result);
      if (frame.unit.cleanupAfterCall) await this.#cleanUp(frame);
    } catch (thrown) {
      this.#journal.compensationFailed(frame, thrown);
    }
    frame.bodies -= 1;
    if (!frame.settled) {
      this.settle(frame, answer);
      return;
    }
    // The caller was answered while this went on, and it was counted as abandoned.
    frame.unit.abandoned -= 1;
    this.leaveIfOver(frame);
  }

  async #compensated(frame: CallFrame, result: StepResult): Promise<StepResult> {
    const report = await frame.verbs?.compensate();
    if (report === undefined || result.status !== 'failed') return result;
    if (report.compensated.length === 0 && report.failed.length === 0) return result;
    const { error, metadata, ...failure } = result;
    return new FailedResult(error, { ...failure, metadata: { ...metadata, compensation: report } });
  }

  /** The caller had been answered: the result is counted and dropped, what was done is undone. */
  late(frame: CallFrame, result: StepResult): void {
    this.#journal.late(frame, result);
    if (frame.bodies > 0) return;
    frame.unit.abandoned -= 1;
    if (frame.verbs === undefined && !frame.unit.cleanupAfterCall) this.leaveIfOver(frame);
    else void this.#windUp(frame);
  }

  #windUpAfterGrace(frame: CallFrame): void {
    const { clock } = this.#runtime;
    const timer = clock.setTimeout(() => {
      frame.graceTimer = undefined;
      if (frame.bodies > 0) void this.#windUp(frame);
    }, COMPENSATION_GRACE_MS);
    clock.keepAlive?.(timer, false);
    frame.graceTimer = timer;
  }

  /** Undoes and cleans up after a call whose caller was answered while its body ran on. */
  async #windUp(frame: CallFrame): Promise<void> {
    const { graceTimer } = frame;
    if (graceTimer !== undefined) this.#runtime.clock.clearTimeout(graceTimer);
    frame.graceTimer = undefined;
    frame.compensating = true;
    try {
      if (frame.aborted) await frame.verbs?.compensate();
      if (frame.unit.cleanupAfterCall) await this.#cleanUp(frame);
    } catch (thrown) {
      this.#journal.compensationFailed(frame, thrown);
    }
    frame.compensating = false;
    this.leaveIfOver(frame);
  }

  /** The cleanup of `cleanupAfterCall`, once per call. */
  async #cleanUp(frame: CallFrame): Promise<void> {
    if (cleanedUp.has(frame)) return;
    cleanedUp.add(frame);
    await frame.unit.lifecycle.cleanupAfterCall(this.#runtime);
  }

  leaveIfOver(frame: CallFrame): void {
    if (frame.over || !frame.settled || frame.bodies > 0 || frame.compensating) return;
    frame.over = true;
    this.#runtime.leave(frame);
  }

  /** Of a call that is not simply ok. */
  #count(frame: CallFrame, result: StepResult): void {
    const { stats } = frame.operation;
    if (result.status !== 'failed') {
      stats[result.status] += 1;
      frame.unit.note(true);
      return;
    }
    const { errorCategory } = result;
    stats[errorCategory === 'timeout' || errorCategory === 'cancelled' ? errorCategory : 'failed'] += 1;
    // What the caller did wrong or took back says nothing about the orchestrator's health.
    if (errorCategory !== 'cancelled' && errorCategory !== 'validation') frame.unit.note(false);
  }
}
