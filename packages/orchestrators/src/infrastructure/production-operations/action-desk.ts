import type { Clock, Logger, StepResult } from '@kapelle/core';
import { boundedWork } from '../../bounded-work.js';
import type { ActionBook } from './action-book.js';
import { type AuditNote, auditNote } from './audit-note.js';
import type { ActionRecord, BookDraft } from './book-draft.js';
import type { CallOperation } from './intelligence.js';
import type { DriverOutcome, OperationsDriver } from './operations-driver.js';

/** For whom, and with what, actions are done. */
export interface ActionWorld {
  readonly tenantId: string;
  readonly call: CallOperation;
  readonly signal: AbortSignal;
  /** Epoch ms. */
  readonly now: () => number;
}

/** Does actions, each within its time, and tells the book and the audit trail what became of them. */
export class ActionDesk {
  readonly #book: ActionBook;
  readonly #drivers: ReadonlyMap<string, OperationsDriver>;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(
    book: ActionBook,
    drivers: readonly OperationsDriver[],
    timeoutMs: number,
    clock: Clock,
    logger: Logger,
  ) {
    this.#book = book;
    this.#drivers = new Map(drivers.map((driver) => [driver.name, driver]));
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Does an action that somebody has agreed to. `undefined` where it does not wait, or not any more. */
  async approve(id: string, by: string, world: ActionWorld): Promise<ActionRecord | undefined> {
    const record = await this.#book.change((draft) => {
      const found = draft.find(id, world.tenantId);
      return found?.state === 'proposed'
        ? draft.change(found, { decidedBy: by, state: 'running' })
        : undefined;
    });
    if (record === undefined) return undefined;
    await this.audit({ ...record, state: 'proposed' }, world, `${by} agreed to it.`);
    return this.perform(record, world);
  }

  /** Refuses an action. `undefined` where it does not wait, or not any more. */
  async reject(id: string, by: string, world: ActionWorld): Promise<ActionRecord | undefined> {
    const record = await this.#book.change((draft) => {
      const found = draft.find(id, world.tenantId);
      return found?.state === 'proposed'
        ? draft.change(found, { state: 'rejected', endedAt: world.now(), decidedBy: by })
        : undefined;
    });
    if (record !== undefined) await this.audit(record, world, `${by} refused it.`);
    return record;
  }

  /** Does an action that the book says is running. */
  async perform(record: ActionRecord, world: ActionWorld): Promise<ActionRecord> {
    await this.audit(record, world, record.evidence.join(' '));
    const { done, message } = await this.#run(record, world);
    const fields = { id: record.id, action: record.action.name, signature: record.signature, message };
    const now = world.now();
    if (done) this.#logger.info('operations_action_done', fields);
    else this.#logger.error('operations_action_failed', fields);
    const finish = (draft: BookDraft): ActionRecord => {
      if (done) return draft.change(record, { state: 'done', doneAt: now, message });
      // What was cut off from outside says nothing about the action.
      if (!world.signal.aborted) draft.learn(record, false);
      return draft.change(record, { state: 'failed', endedAt: now, message });
    };
    const finished = await this.#book.change(finish, true);
    await this.audit(finished, world, message);
    return finished;
  }

  /** Tells the audit trail; where there is none, or it fails, the action goes on. */
  audit(record: ActionRecord, world: Pick<ActionWorld, 'call'>, reason?: string): Promise<void> {
    return this.tell(world, auditNote(record, reason));
  }

  /** Tells the audit trail of something else: what somebody set, how the system does. */
  async tell({ call }: Pick<ActionWorld, 'call'>, note: Partial<AuditNote>): Promise<void> {
    const told = await call('security', {
      operation: 'record_audit',
      actor: 'production_operations',
      ...note,
    });
    // Without the orchestrator there is no trail.
    if (told.status !== 'failed' || told.errorCategory === 'not_found') return;
    const { action, resource } = note;
    this.#logger.error('operations_audit_failed', { action, resource, error: told.error });
  }

  async #run({ id, action }: ActionRecord, world: ActionWorld): Promise<DriverOutcome> {
    const { call, driver, timeoutMs } = action;
    try {
      if (call !== undefined) return outcomeOf(await world.call(call.orchestrator, call.params, timeoutMs));
      if (driver === undefined) {
        return { done: false, message: 'The action names neither an operation nor a driver.' };
      }
      const known = this.#drivers.get(driver.name);
      if (known === undefined) {
        return {
          done: false,
          message: `There is no driver "${driver.name}". Bind it under OPERATIONS_DRIVERS.`,
        };
      }
      const answer: unknown = await boundedWork(
        (signal) => known.run(driver.params, { signal, idempotencyKey: id }),
        {
          clock: this.#clock,
          timeoutMs: timeoutMs ?? this.#timeoutMs,
          signal: world.signal,
          what: `The driver "${driver.name}"`,
        },
      );
      return readOutcome(answer, driver.name);
    } catch (thrown) {
      return { done: false, message: messageOf(thrown).slice(0, MAX_MESSAGE) };
    }
  }
}

const MAX_MESSAGE = 1_000;

function readOutcome(answer: unknown, name: string): DriverOutcome {
  const { done, message } = (typeof answer === 'object' && answer !== null ? answer : {}) as {
    readonly done?: unknown;
    readonly message?: unknown;
  };
  if (typeof done !== 'boolean') {
    return { done: false, message: `The driver "${name}" gave no { done, message }. Correct it.` };
  }
  return { done, message: typeof message === 'string' ? message.slice(0, MAX_MESSAGE) : '' };
}

function outcomeOf(result: StepResult): DriverOutcome {
  if (result.status === 'failed') return { done: false, message: result.error.slice(0, MAX_MESSAGE) };
  return result.status === 'skipped'
    ? { done: false, message: result.reason }
    : { done: true, message: 'Done.' };
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
