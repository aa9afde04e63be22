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

/**
 * A call that waits for a slot. It goes on where its promise is awaited, and so in the async context of the caller that
 * queued it, whoever hands the slot over.
 */
export class WaitingCall implements AbortChild, Deadline {
  queue: Deadline['queue'] = undefined;
  before: Deadline | undefined = undefined;
  after: Deadline | undefined = undefined;
  previous: WaitingCall | undefined = undefined;
  next: WaitingCall | undefined = undefined;
  readonly lane: Lane;
  readonly scope: AttemptScope;
  readonly expiresAt: number;
  /** Resolves when it has been given a slot. */
  readonly turn: Promise<void>;
  readonly #room: WaitingRoom;
  #grant: () => void = () => undefined;
  #refuse: (error: unknown) => void = () => undefined;

  constructor(room: WaitingRoom, lane: Lane, scope: AttemptScope, expiresAt: number) {
    this.#room = room;
    this.lane = lane;
    this.scope = scope;
    this.expiresAt = expiresAt;
    this.turn = new Promise((resolve, reject) => {
      this.#grant = resolve;
      this.#refuse = reject;
    });
  }

  grant(): void {
    this.#grant();
  }

  refuse(error: unknown): void {
    this.#refuse(error);
  }

  onExpire(): void {
    this.#room.expired(this);
  }

  parentAborted(reason: unknown): void {
    this.#room.cancelled(this, reason);
  }
}
