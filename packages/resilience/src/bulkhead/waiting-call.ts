import type { AttemptScope } from '../attempt-scope.js';
import type { Deadline } from '../deadline-list.js';
import type { AbortChild } from '../signal-links.js';
import type { Lane } from './lane.js';

/** Where a call stands that could not start at once. */
export interface WaitingRoom {
  /** The caller has cancelled. */
  cancelled(call: WaitingCall, reason: unknown): void;
  /** It has waited for as long as it may. */
  expired(call: WaitingCall): void;
}

// The executor of every call's promise: hands the functions over without closures per call.
let handedGrant: () => void;
let handedRefuse: (error: unknown) => void;
const handOver = (resolve: () => void, reject: (error: unknown) => void): void => {
  handedGrant = resolve;
  handedRefuse = reject;
};

/**
 * A call that waits for a slot. It goes on where its promise is awaited, and so in the async context of the caller that
 * queued it, whoever hands the slot over.
 */
export class WaitingCall implements AbortChild, Deadline {
  // Declared, then assigned: defining fields costs more, and hundreds of these may be made at once.
  declare queue: Deadline['queue'];
  declare before: Deadline | undefined;
  declare after: Deadline | undefined;
  declare previous: WaitingCall | undefined;
  declare next: WaitingCall | undefined;
  declare readonly lane: Lane;
  declare readonly scope: AttemptScope;
  declare readonly expiresAt: number;
  /** Resolves when it has been given a slot. */
  declare readonly turn: Promise<void>;
  /** Gives it a slot. */
  declare readonly grant: () => void;
  declare readonly refuse: (error: unknown) => void;
  declare private readonly room: WaitingRoom;

  constructor(room: WaitingRoom, lane: Lane, scope: AttemptScope, expiresAt: number) {
    this.queue = undefined;
    this.before = undefined;
    this.after = undefined;
    this.previous = undefined;
    this.next = undefined;
    this.lane = lane;
    this.scope = scope;
    this.expiresAt = expiresAt;
    this.turn = new Promise(handOver);
    this.grant = handedGrant;
    this.refuse = handedRefuse;
    this.room = room;
  }

  onExpire(): void {
    this.room.expired(this);
  }

  parentAborted(reason: unknown): void {
    this.room.cancelled(this, reason);
  }
}
