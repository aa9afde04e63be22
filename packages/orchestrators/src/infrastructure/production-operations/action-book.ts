import type { StateStore } from '../../state/index.js';
import { learningKey, learnt, type LearntActions } from './action-learning.js';
import { OperationsError } from './operations-error.js';
import type { OperationsAction, OperationsDecision } from './operations-rule.js';

/** An action from its proposal to its end. */
export interface ActionRecord {
  readonly id: string;
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

interface StoredBook {
  readonly formatVersion: 1;
  readonly actions: readonly ActionRecord[];
  readonly learnt: LearntActions;
  readonly numbered: number;
  readonly maintenance?: { readonly by: string; readonly reason: string };
}

const PLACE = { tenantId: '_shared', collection: 'production_operations.book', key: 'book' } as const;
const ENDED: ReadonlySet<ActionRecord['state']> = new Set([
  'verified',
  'not_verified',
  'failed',
  'rejected',
  'withdrawn',
]);

/** Actions and what was learnt from them; kept in the state store. */
export class ActionBook {
  readonly #store: StateStore;
  readonly #maxHistory: number;
  #actions: ActionRecord[] = [];
  #learnt: Record<string, LearntActions[string]> = {};
  #numbered = 0;
  #maintenance: StoredBook['maintenance'];

  constructor(store: StateStore, maxHistory: number) {
    this.#store = store;
    this.#maxHistory = maxHistory;
  }

  /** Reads what was kept. An action that ran when the process ended counts as failed: nobody knows how far it came. */
  async load(now: number): Promise<void> {
    const found = await this.#store.get<StoredBook>(PLACE);
    if (found === undefined) return;
    const { formatVersion, actions, learnt: known, numbered, maintenance } = found.value;
    if (formatVersion !== 1) {
      throw new OperationsError(
        'OPERATIONS_RECORD_UNREADABLE',
        `The book of actions has format ${String(formatVersion)}, this version reads format 1. Run the version that wrote it, or delete the record.`,
      );
    }
    this.#actions = actions.map((each) =>
      each.state === 'running'
        ? { ...each, state: 'failed', endedAt: now, message: 'The process ended while it ran.' }
        : each,
    );
    this.#learnt = { ...known };
    this.#numbered = numbered;
    this.#maintenance = maintenance;
  }

  async save(): Promise<void> {
    const stored: StoredBook = {
      formatVersion: 1,
      actions: this.#actions,
      learnt: this.#learnt,
      numbered: this.#numbered,
      ...(this.#maintenance === undefined ? {} : { maintenance: this.#maintenance }),
    };
    await this.#store.put(PLACE, stored);
  }

  get actions(): readonly ActionRecord[] {
    return this.#actions;
  }

  get learnt(): LearntActions {
    return this.#learnt;
  }

  get maintenance(): StoredBook['maintenance'] {
    return this.#maintenance;
  }

  set maintenance(maintenance: StoredBook['maintenance']) {
    this.#maintenance = maintenance;
  }

  get(id: string): ActionRecord | undefined {
    return this.#actions.find((each) => each.id === id);
  }

  /** The last action against a trouble. */
  lastOf(signature: string): ActionRecord | undefined {
    return this.#actions.findLast((each) => each.signature === signature);
  }

  propose(
    { signature, rule, priority, evidence }: OperationsDecision,
    action: OperationsAction,
    confidence: number,
    at: number,
  ): ActionRecord {
    this.#numbered += 1;
    const record: ActionRecord = {
      id: `action-${this.#numbered}`,
      signature,
      rule,
      priority,
      evidence,
      action,
      confidence,
      state: 'proposed',
      proposedAt: at,
    };
    this.#actions.push(record);
    while (this.#actions.length > this.#maxHistory) {
      const oldest = this.#actions.findIndex(({ state }) => ENDED.has(state));
      if (oldest < 0) break;
      this.#actions.splice(oldest, 1);
    }
    return record;
  }

  change(id: string, change: Partial<ActionRecord>): ActionRecord {
    const at = this.#actions.findIndex((each) => each.id === id);
    const changed = { ...(this.#actions[at] as ActionRecord), ...change };
    this.#actions[at] = changed;
    return changed;
  }

  /** Notes whether an action helped. */
  learn({ rule, action }: ActionRecord, didHelp: boolean): void {
    const key = learningKey(rule, action.name);
    this.#learnt[key] = learnt(this.#learnt[key], didHelp);
  }
}
