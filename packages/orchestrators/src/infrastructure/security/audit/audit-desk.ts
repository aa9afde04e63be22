import type { Logger } from '@kapelle/core';
import type { AuditEvent, AuditTrail } from './audit-trail.js';
import { RepeatedLines } from './repeated-lines.js';

/** Lines that wait to be written at most; a store that hangs must not fill the memory. */
const MAX_WAITING = 10_000;

/** Writes the trail beside what it tells of: a line that cannot be written must not keep anybody from blocking. */
export class AuditDesk {
  readonly #trail: AuditTrail;
  readonly #logger: () => Logger;
  readonly #waiting = new Set<Promise<void>>();
  readonly #repeated = new RepeatedLines((tenantId, event) => this.write(tenantId, event));
  #unwritten = 0;

  constructor(trail: AuditTrail, logger: () => Logger) {
    this.#trail = trail;
    this.#logger = logger;
  }

  /** Lines that could not be written since the start. */
  get unwritten(): number {
    return this.#unwritten;
  }

  /** Resolves when the line is written, or is counted as one that could not be. Never rejects. */
  write(tenantId: string, event: AuditEvent): Promise<void> {
    if (this.#waiting.size >= MAX_WAITING) {
      this.#unwritten += 1;
      return Promise.resolve();
    }
    const written = this.#write(tenantId, event).finally(() => this.#waiting.delete(written));
    this.#waiting.add(written);
    return written;
  }

  /** The same for what strangers can make happen as often as they like: of a flood there is a line a minute. */
  writeOften(tenantId: string, event: AuditEvent, now: number): Promise<void> {
    return this.#repeated.note(tenantId, event, now);
  }

  /** Writes how often what goes on has happened within the last minute. */
  sumUp(now: number): Promise<void> {
    return this.#repeated.sumUp(now);
  }

  /** Resolves when nothing waits any more; what was only counted so far is written before. */
  async idle(now: number): Promise<void> {
    await this.#repeated.sumUp(now, true);
    while (this.#waiting.size > 0) await Promise.all(this.#waiting);
  }

  async #write(tenantId: string, event: AuditEvent): Promise<void> {
    try {
      await this.#trail.append(tenantId, event);
    } catch (thrown) {
      this.#unwritten += 1;
      this.#logger().error('audit_line_not_written', { action: event.action, error: String(thrown) });
    }
  }
}
