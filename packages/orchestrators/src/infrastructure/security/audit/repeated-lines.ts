import type { AuditEvent } from './audit-trail.js';

/** Something that goes on, of which a line was written when it began. */
interface Ongoing {
  readonly tenantId: string;
  readonly event: AuditEvent;
  readonly actorKey: string;
  /** Of the last line about it, epoch ms. */
  since: number;
  last: number;
  /** Times since that line. */
  more: number;
}

/** The same within this time is counted, not written. */
const INTERVAL_MS = 60_000;
/** Things that are counted at the same time. */
const MAX_ONGOING = 10_000;
/** Different things of one actor that have lines of their own. */
const MAX_OF_ACTOR = 20;

/**
 * Keeps a flood out of the trail: of what happens again and again the first time is a line, and then there is one line a
 * minute that says how often it did. Nothing is left uncounted, and memory is bounded.
 */
export class RepeatedLines {
  readonly #write: (tenantId: string, event: AuditEvent) => Promise<void>;
  readonly #ongoing = new Map<string, Ongoing>();
  readonly #ofActor = new Map<string, number>();

  constructor(write: (tenantId: string, event: AuditEvent) => Promise<void>) {
    this.#write = write;
  }

  /** Resolves when the line is written, where there is one. */
  note(tenantId: string, event: AuditEvent, now: number): Promise<void> {
    const { actor, action, resource, decision, reason } = event;
    const actorKey = `${tenantId}\n${actor}`;
    let key = JSON.stringify([tenantId, actor, action, resource, decision, reason]);
    let counted = event;
    if (!this.#ongoing.has(key) && (this.#ofActor.get(actorKey) ?? 0) >= MAX_OF_ACTOR) {
      // Whoever makes each of his tries a little different is counted as one.
      key = JSON.stringify([tenantId, actor, decision]);
      counted = { ...event, action: 'several', resource: 'several', reason: 'things of several kinds' };
    }
    const known = this.#ongoing.get(key);
    if (known === undefined) {
      this.#open(key, { tenantId, event: counted, actorKey, since: now, last: now, more: 0 });
      return this.#write(tenantId, event);
    }
    const isWithin = now >= known.since && now - known.since < INTERVAL_MS;
    if (!isWithin && known.more === 0) {
      known.since = now;
      return this.#write(tenantId, event);
    }
    known.more += 1;
    known.last = now;
    return isWithin ? Promise.resolve() : this.#tell(known, now);
  }

  /** Writes how often it was of everything whose minute is over; with `all`, of everything. */
  async sumUp(now: number, all = false): Promise<void> {
    const written: Promise<void>[] = [];
    for (const [key, each] of this.#ongoing) {
      if (!all && now >= each.since && now - each.since < INTERVAL_MS) continue;
      if (each.more > 0) written.push(this.#tell(each, now));
      else this.#close(key, each);
    }
    await Promise.all(written);
  }

  #open(key: string, ongoing: Ongoing): void {
    this.#ongoing.set(key, ongoing);
    this.#ofActor.set(ongoing.actorKey, (this.#ofActor.get(ongoing.actorKey) ?? 0) + 1);
    if (this.#ongoing.size <= MAX_ONGOING) return;
    const [oldest] = this.#ongoing;
    if (oldest === undefined) return;
    this.#close(...oldest);
    if (oldest[1].more > 0) void this.#tell(oldest[1], ongoing.since);
  }

  #close(key: string, { actorKey }: Ongoing): void {
    this.#ongoing.delete(key);
    const left = (this.#ofActor.get(actorKey) ?? 1) - 1;
    if (left > 0) this.#ofActor.set(actorKey, left);
    else this.#ofActor.delete(actorKey);
  }

  #tell(ongoing: Ongoing, now: number): Promise<void> {
    const { tenantId, event, since, last, more } = ongoing;
    ongoing.since = now;
    ongoing.more = 0;
    const times = more === 1 ? 'Once more' : `${more} more times`;
    const reason = `${times} from ${isoOf(since)} to ${isoOf(last)}: ${event.reason}`;
    return this.#write(tenantId, { ...event, reason: reason.slice(0, 1_000) });
  }
}

function isoOf(at: number): string {
  // A clock may be anything; a line must be written all the same.
  return Number.isFinite(at) && Math.abs(at) < 8.64e15 ? new Date(at).toISOString() : String(at);
}
