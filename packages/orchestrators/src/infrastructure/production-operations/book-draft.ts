import { SHARED_TENANT } from '../../state/index.js';
import { learningKey, learnt, type LearntAction, type LearntActions } from './action-learning.js';
import type { OperationsAction, OperationsDecision } from './operations-rule.js';

/** An action from its proposal to its end. */
export interface ActionRecord {
  readonly id: string;
  /** Whom it belongs to; `_shared` where it is the system's. */
  readonly tenantId: string;
  readonly signature: string;
  readonly rule: string;
  readonly priority: OperationsDecision['priority'];
  readonly evidence: readonly string[];
  readonly action: OperationsAction;
  /** How likely it was to help when it was chosen, 0 to 1. */
  readonly confidence: number;
  /**
   * `proposed`: somebody has to agree. `done`: it is not known yet whether it helped. `verified`: the trouble is over.
   * `not_verified`: it is still there. `failed`: it could not be done. `rejected`, `withdrawn`: it was not done, because
   * somebody said so, or because the trouble went away before.
   */
  readonly state:
    'proposed' | 'running' | 'done' | 'verified' | 'not_verified' | 'failed' | 'rejected' | 'withdrawn';
  /** Epoch ms. */
  readonly proposedAt: number;
  readonly doneAt?: number;
  readonly endedAt?: number;
  /** Who agreed or refused, where somebody had to. */
  readonly decidedBy?: string;
  readonly message?: string;
}

/** The book as it is kept. */
export interface StoredBook {
  readonly formatVersion: 1;
  readonly actions: readonly ActionRecord[];
  readonly learnt: LearntActions;
  readonly numbered: number;
  readonly maintenance?: { readonly by: string; readonly reason: string };
}

/** The book before anything was done. */
export const EMPTY_BOOK: StoredBook = Object.freeze({
  formatVersion: 1,
  actions: Object.freeze([]),
  learnt: Object.freeze({}),
  numbered: 0,
});

/** Kinds of action of which something was learnt; the one learnt of first is forgotten first. */
const MAX_LEARNT = 10_000;
const ENDED: ReadonlySet<ActionRecord['state']> = new Set([
  'verified',
  'not_verified',
  'failed',
  'rejected',
  'withdrawn',
]);

/** A book that is being changed: what it is changed from stays as it was. */
export class BookDraft {
  readonly #maxHistory: number;
  readonly #actions: ActionRecord[];
  readonly #learnt: Map<string, LearntAction>;
  #numbered: number;
  maintenance: StoredBook['maintenance'];

  constructor({ actions, learnt: known, numbered, maintenance }: StoredBook, maxHistory: number) {
    this.#maxHistory = maxHistory;
    this.#actions = [...actions];
    this.#learnt = new Map(Object.entries(known));
    this.#numbered = numbered;
    this.maintenance = maintenance;
  }

  get stored(): StoredBook {
    return {
      formatVersion: 1,
      actions: this.#actions,
      learnt: Object.fromEntries(this.#learnt),
      numbered: this.#numbered,
      ...(this.maintenance === undefined ? {} : { maintenance: this.maintenance }),
    };
  }

  get actions(): readonly ActionRecord[] {
    return this.#actions;
  }

  /** What was learnt of an action against the trouble that a rule sees. */
  learntOf(rule: string, action: string): LearntAction | undefined {
    return this.#learnt.get(learningKey(rule, action));
  }

  /** An action that a tenant is shown. */
  find(id: string, tenantId: string): ActionRecord | undefined {
    return this.#actions.find((each) => each.id === id && isShownTo(each, tenantId));
  }

  /** The last action against a trouble. */
  lastOf(signature: string, tenantId: string): ActionRecord | undefined {
    return this.#actions.findLast((each) => each.signature === signature && each.tenantId === tenantId);
  }

  /** `undefined` where there are as many open ones as are kept. */
  propose(
    { signature, rule, priority, evidence }: OperationsDecision,
    action: OperationsAction,
    tenantId: string,
    confidence: number,
    at: number,
  ): ActionRecord | undefined {
    while (this.#actions.length >= this.#maxHistory) {
      const oldest = this.#actions.findIndex(({ state }) => ENDED.has(state));
      if (oldest < 0) return undefined;
      this.#actions.splice(oldest, 1);
    }
    this.#numbered += 1;
    const record: ActionRecord = {
      id: `action-${this.#numbered}`,
      tenantId,
      ...{ signature, rule, priority, evidence, action, confidence },
      state: 'proposed',
      proposedAt: at,
    };
    this.#actions.push(record);
    return record;
  }

  /** The action with the change; as it is given, where it was forgotten meanwhile. */
  change(record: ActionRecord, change: Partial<ActionRecord>): ActionRecord {
    const at = this.#actions.findIndex(({ id }) => id === record.id);
    const changed = { ...(this.#actions[at] ?? record), ...change };
    if (at >= 0) this.#actions[at] = changed;
    return changed;
  }

  /** Notes whether an action helped. */
  learn({ rule, action }: ActionRecord, didHelp: boolean): void {
    const key = learningKey(rule, action.name);
    this.#learnt.set(key, learnt(this.#learnt.get(key), didHelp));
    const [first] = this.#learnt.keys();
    if (this.#learnt.size > MAX_LEARNT && first !== undefined) this.#learnt.delete(first);
  }
}

/** Whether a tenant is shown an action: its own, and the system's. */
export function isShownTo(record: ActionRecord, tenantId: string): boolean {
  return record.tenantId === tenantId || record.tenantId === SHARED_TENANT;
}
