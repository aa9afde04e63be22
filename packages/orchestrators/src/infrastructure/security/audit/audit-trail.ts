import { createHash, createHmac } from 'node:crypto';
import { StateError, type StateStore } from '../../../state/index.js';
import { SecurityError } from '../security-error.js';

export const AUDIT_DECISIONS = ['allow', 'monitor', 'alert', 'block'] as const;

/** What somebody did, or was kept from doing. */
export interface AuditEvent {
  /** Who: a principal, an address, an orchestrator. */
  readonly actor: string;
  readonly action: string;
  readonly resource: string;
  readonly decision: (typeof AUDIT_DECISIONS)[number];
  readonly reason: string;
  readonly severity?: 'low' | 'medium' | 'high' | 'critical';
}

/** A line of the trail. */
export interface AuditLine extends AuditEvent {
  readonly formatVersion: 1;
  /** 1 for the first line of a tenant; none is left out. */
  readonly sequence: number;
  /** Epoch ms. */
  readonly at: number;
  readonly tenantId: string;
  /** The hash of the line before; 64 zeros for the first. */
  readonly previous: string;
  /** Of everything above: SHA-256, or HMAC-SHA-256 where there is a key; hex. */
  readonly hash: string;
}

/** Whether the trail is as it was written. */
export type AuditVerdict =
  | { readonly intact: true; readonly lines: number }
  | {
      readonly intact: false;
      /** Lines before the first that is wrong. */
      readonly lines: number;
      /** The first that is wrong. */
      readonly sequence: number;
      readonly problem: 'changed' | 'missing' | 'unlinked' | 'cut_off';
    };

/** Where a trail ends: kept apart, so that lines missing at the end are missed. */
interface AuditHead {
  readonly formatVersion: 1;
  readonly sequence: number;
  readonly hash: string;
}

const LINES = 'security.audit';
const HEADS = 'security.audit_heads';
const HEAD = 'head';
const NO_HASH = '0'.repeat(64);
const MAX_CONFLICTS = 50;
const PAGE = 1_000;

/**
 * An append-only trail per tenant: each line holds the hash of the one before (as in B. Schneier, J. Kelsey, "Secure Audit
 * Logs to Support Computer Forensics", 1999). A line that was changed, removed or cut off the end is found and named.
 * Against somebody who can write the whole store, and so could write all hashes anew, use a key that he has not.
 */
export class AuditTrail {
  readonly #store: StateStore;
  readonly #now: () => number;
  readonly #key: string | undefined;
  /** Appends of a tenant go one after the other; another process is noticed by the version of the head. */
  readonly #queues = new Map<string, Promise<unknown>>();

  /** @param now epoch ms */
  constructor(store: StateStore, now: () => number, key?: string) {
    this.#store = store;
    this.#now = now;
    this.#key = key;
  }

  /** Appends a line. It is durable once the promise resolves, where the store is durable at all. */
  append(tenantId: string, event: AuditEvent): Promise<AuditLine> {
    const before = this.#queues.get(tenantId) ?? Promise.resolve();
    const line = before.then(() => this.#append(tenantId, event));
    const settled = line.catch(() => undefined);
    this.#queues.set(tenantId, settled);
    void settled.then(() => {
      if (this.#queues.get(tenantId) === settled) this.#queues.delete(tenantId);
    });
    return line;
  }

  /** Lines after a sequence number, the oldest first; those that are being appended here too. */
  async read(tenantId: string, after = 0, limit = 100): Promise<readonly AuditLine[]> {
    await this.#queues.get(tenantId);
    const found = await this.#store.list<AuditLine>(
      { tenantId, collection: LINES },
      { after: keyOf(after), limit },
    );
    return found.map(({ value }) => value);
  }

  /** Reads the whole trail and checks every line. */
  async verify(tenantId: string): Promise<AuditVerdict> {
    await this.#queues.get(tenantId);
    const head = await this.#head(tenantId);
    let previous = NO_HASH;
    let sequence = 0;
    for (let after = keyOf(0); ;) {
      const page = await this.#store.list<AuditLine>({ tenantId, collection: LINES }, { after, limit: PAGE });
      for (const { key, value } of page) {
        const wrong = (problem: 'changed' | 'missing' | 'unlinked') =>
          ({ intact: false, lines: sequence, sequence: sequence + 1, problem }) as const;
        if (key !== keyOf(sequence + 1)) return wrong('missing');
        if (value.hash !== this.#hash(value) || value.sequence !== sequence + 1) return wrong('changed');
        if (value.previous !== previous) return wrong('unlinked');
        previous = value.hash;
        sequence += 1;
      }
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      after = last.key;
    }
    // The line is written before the head: one line more than the head knows was appended when the process ended.
    const ended = head?.value.sequence ?? 0;
    const isCut = sequence < ended || (sequence === ended && sequence > 0 && previous !== head?.value.hash);
    return isCut
      ? { intact: false, lines: sequence, sequence: sequence + 1, problem: 'cut_off' }
      : { intact: true, lines: sequence };
  }

  async #append(tenantId: string, event: AuditEvent): Promise<AuditLine> {
    for (let conflicts = 0; ; conflicts += 1) {
      const head = await this.#head(tenantId);
      let sequence = (head?.value.sequence ?? 0) + 1;
      let previous = head?.value.hash ?? NO_HASH;
      // A line that was written when the process ended before its head was.
      const unheaded = await this.#store.get<AuditLine>(placeOf(tenantId, sequence));
      if (unheaded !== undefined) {
        previous = unheaded.value.hash;
        sequence += 1;
      }
      const { actor, action, resource, decision, reason, severity } = event;
      const body = {
        formatVersion: 1 as const,
        sequence,
        at: this.#now(),
        tenantId,
        actor,
        action,
        resource,
        decision,
        reason,
        ...(severity === undefined ? {} : { severity }),
        previous,
      };
      const line: AuditLine = { ...body, hash: this.#hash(body) };
      try {
        await this.#store.put(placeOf(tenantId, sequence), line, { ifVersion: 0 });
        await this.#store.put({ tenantId, collection: HEADS, key: HEAD }, {
          formatVersion: 1,
          sequence,
          hash: line.hash,
        } satisfies AuditHead);
        return line;
      } catch (thrown) {
        const again = thrown instanceof StateError && thrown.code === 'STATE_CONFLICT';
        if (!again || conflicts >= MAX_CONFLICTS) throw thrown;
      }
    }
  }

  async #head(tenantId: string) {
    const head = await this.#store.get<AuditHead>({ tenantId, collection: HEADS, key: HEAD });
    if (head !== undefined && head.value.formatVersion !== 1) {
      throw new SecurityError(
        'SECURITY_RECORD_UNREADABLE',
        `The audit trail of "${tenantId}" has format ${String(head.value.formatVersion)}, this version reads format 1.`,
      );
    }
    return head;
  }

  #hash(line: Omit<AuditLine, 'hash'>): string {
    const { sequence, at, tenantId, actor, action, resource, decision, reason, severity, previous } = line;
    const text = JSON.stringify([
      sequence,
      at,
      tenantId,
      actor,
      action,
      resource,
      decision,
      reason,
      severity ?? null,
      previous,
    ]);
    return (this.#key === undefined ? createHash('sha256') : createHmac('sha256', this.#key))
      .update(text)
      .digest('hex');
  }
}

function placeOf(tenantId: string, sequence: number) {
  return { tenantId, collection: LINES, key: keyOf(sequence) };
}

function keyOf(sequence: number): string {
  return String(sequence).padStart(12, '0');
}
