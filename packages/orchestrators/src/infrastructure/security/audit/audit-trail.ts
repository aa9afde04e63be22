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
  /** With a key: HMAC-SHA-256 of the two, so that nobody without it can move the end; hex. */
  readonly seal?: string;
}

const LINES = 'security.audit';
const HEADS = 'security.audit_heads';
const HEAD = 'head';
const NO_HASH = '0'.repeat(64);
const MAX_CONFLICTS = 50;
/** Lines that a trail may have whose end was never noted: more have lost it. */
const MAX_UNHEADED = 16;
const PAGE = 1_000;

/**
 * An append-only trail per tenant: each line holds the hash of the one before (as in B. Schneier, J. Kelsey, "Secure Audit
 * Logs to Support Computer Forensics", 1999). A line that was changed, removed or cut off the end is found and named.
 * Against somebody who can write the whole store, and so could write all hashes anew, use a key that he has not: all he
 * can do then is put back a whole trail as it was at an earlier time.
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
    const ended = head?.value.sequence ?? 0;
    let atEnd = NO_HASH;
    let previous = NO_HASH;
    let sequence = 0;
    for (let after = keyOf(0); ;) {
      const page = await this.#store.list<AuditLine>({ tenantId, collection: LINES }, { after, limit: PAGE });
      for (const { key, value: line } of page) {
        // What somebody has put there may be anything.
        const value = (typeof line === 'object' && (line as unknown) !== null ? line : {}) as AuditLine;
        const wrong = (problem: 'changed' | 'missing' | 'unlinked') =>
          ({ intact: false, lines: sequence, sequence: sequence + 1, problem }) as const;
        if (key !== keyOf(sequence + 1)) return wrong('missing');
        if (value.hash !== this.#hash(value) || value.sequence !== sequence + 1) return wrong('changed');
        if (value.previous !== previous) return wrong('unlinked');
        previous = value.hash;
        sequence += 1;
        if (sequence === ended) atEnd = previous;
      }
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      after = last.key;
    }
    // A line is written before its head: a few that the head does not know were appended when their processes ended.
    const isSealed =
      head === undefined ? sequence <= MAX_UNHEADED : head.value.seal === this.#seal(ended, head.value.hash);
    const isCut = sequence < ended || (ended > 0 && atEnd !== head?.value.hash) || !isSealed;
    return isCut
      ? { intact: false, lines: sequence, sequence: sequence + 1, problem: 'cut_off' }
      : { intact: true, lines: sequence };
  }

  async #append(tenantId: string, event: AuditEvent): Promise<AuditLine> {
    for (let conflicts = 0; ; conflicts += 1) {
      const head = await this.#head(tenantId);
      let sequence = (head?.value.sequence ?? 0) + 1;
      let previous = head?.value.hash ?? NO_HASH;
      // Lines that were written before their head was, by a process that ended or by others that write now.
      for (;;) {
        const unheaded = await this.#store.get<AuditLine>(placeOf(tenantId, sequence));
        if (unheaded === undefined) break;
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
      } catch (thrown) {
        if (!isConflict(thrown) || conflicts >= MAX_CONFLICTS) throw thrown;
        continue;
      }
      await this.#moveHead(tenantId, line);
      return line;
    }
  }

  /** The head goes on, never back: a line that was written later may have had its head written before. */
  async #moveHead(tenantId: string, { sequence, hash }: AuditLine): Promise<void> {
    const seal = this.#seal(sequence, hash);
    const next: AuditHead = { formatVersion: 1, sequence, hash, ...(seal === undefined ? {} : { seal }) };
    for (let conflicts = 0; ; conflicts += 1) {
      const head = await this.#head(tenantId);
      if (head !== undefined && head.value.sequence >= sequence) return;
      try {
        const place = { tenantId, collection: HEADS, key: HEAD };
        await this.#store.put(place, next, { ifVersion: head?.version ?? 0 });
        return;
      } catch (thrown) {
        if (!isConflict(thrown) || conflicts >= MAX_CONFLICTS) throw thrown;
      }
    }
  }

  #seal(sequence: number, hash: string): string | undefined {
    if (this.#key === undefined) return undefined;
    return createHmac('sha256', this.#key)
      .update(JSON.stringify(['head', sequence, hash]))
      .digest('hex');
  }

  async #head(tenantId: string) {
    const head = await this.#store.get<AuditHead>({ tenantId, collection: HEADS, key: HEAD });
    const isWhole =
      head === undefined ||
      (head.value?.formatVersion === 1 &&
        Number.isSafeInteger(head.value.sequence) &&
        head.value.sequence >= 0);
    if (!isWhole) {
      throw new SecurityError(
        'SECURITY_RECORD_UNREADABLE',
        `The audit trail of "${tenantId}" has an end of another format than 1, or a damaged one. Run the version that wrote it, or put back a copy.`,
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

function isConflict(thrown: unknown): boolean {
  return thrown instanceof StateError && thrown.code === 'STATE_CONFLICT';
}

function placeOf(tenantId: string, sequence: number) {
  return { tenantId, collection: LINES, key: keyOf(sequence) };
}

function keyOf(sequence: number): string {
  return String(sequence).padStart(12, '0');
}
