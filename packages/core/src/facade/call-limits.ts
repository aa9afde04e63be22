import { type Abortable, scopeOf } from '../engine/abort-scope.js';
import { FailedResult } from '../step-result.js';
import type { CallFrame } from './call-frame.js';
import { CallTiming } from './call-parts.js';
import type { Runtime } from './runtime.js';
import type { Settlement } from './settlement.js';
import { linkSignal } from './signal-links.js';

/** What may end a call from outside: its time limit, the signals of its caller, the call that made it. */
export class CallLimits {
  readonly #runtime: Runtime;
  readonly #settlement: Settlement;

  constructor(runtime: Runtime, settlement: Settlement) {
    this.#runtime = runtime;
    this.#settlement = settlement;
  }

  /** Notes when the call began and when it must end. */
  time(frame: CallFrame, timeoutMs: number | undefined, observed: boolean): void {
    const { clock } = this.#runtime;
    const { state, parent } = frame;
    const ofParent = parent?.expiresAt ?? Infinity;
    if (!observed && timeoutMs === undefined && state.deadline === undefined && ofParent === Infinity) return;
    const now = clock.monotonic();
    let expiresAt = timeoutMs === undefined ? ofParent : Math.min(ofParent, now + timeoutMs);
    if (state.deadline !== undefined) expiresAt = Math.min(expiresAt, now + state.deadline - clock.now());
    frame.timing = new CallTiming(frame, now, expiresAt);
  }

  /** Puts the call under its limit; `false` where no time is left. */
  limit(frame: CallFrame, timing: CallTiming): boolean {
    const { startedAt, expiresAt } = timing;
    if (expiresAt - startedAt >= 1) {
      this.#runtime.deadlines.add(timing, startedAt);
      return true;
    }
    this.#settlement.settle(
      frame,
      new FailedResult(
        `No time was left for ${frame.unit.name}.${frame.operation.name}: its deadline has passed. It was not started.`,
        { errorCategory: 'timeout', details: { notStarted: true } },
      ),
    );
    return false;
  }

  /** Makes the caller's signals and the parent call end this one. */
  link(frame: CallFrame): void {
    const { parent } = frame;
    if (parent !== undefined && (!parent.over || parent.aborted)) {
      const scope = scopeOf(parent);
      if (scope === parent) frame.endWith(parent);
      else this.#endWithScope(frame, parent, scope);
    }
    const { sources } = frame.state;
    if (sources.length > 0 && !frame.settled) this.#endWithSignals(frame, sources);
    if (frame.settled) frame.unlink();
  }

  #endWithScope(frame: CallFrame, parent: CallFrame, scope: Abortable): void {
    const undo = scope.onAbort(() => {
      frame.abort(parent.abortKind ?? 'cancelled', 'another branch failed');
    });
    frame.atEnd(undo);
  }

  #endWithSignals(frame: CallFrame, sources: readonly AbortSignal[]): void {
    for (const source of sources) {
      if (source.aborted) {
        frame.abort('cancelled', 'its caller asked for it');
        return;
      }
      frame.atEnd(linkSignal(source, frame));
    }
  }
}
