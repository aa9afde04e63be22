/** Mixed traffic on a host: workers that call it in small lots and give the event loop a turn after each. */
import { OrchestrationContext } from '@kapelle/core';

import { order } from '../subjects/order.mjs';

const TENANTS = 500;
const WORKERS = 4;
const LOT = 25;
/** Of what waits for timers, so many at once. */
const WAITING_LOT = 40;
/** Numbers that a call leaves behind where it is to leak. */
const HELD = 100;
const immediate = () => new Promise((resolve) => setImmediate(resolve));

/** What of a kind of traffic must be seen, for the traffic to be what it is said to be. */
export const EXPECTED = {
  plain: ['ok'],
  validated: ['ok', 'validation'],
  nested: ['ok'],
  queued: ['ok'],
  guarded: ['ok', 'transient', 'timeout'],
  tripping: ['ok', 'transient', 'circuit_breaker_open'],
  cancelled: ['cancelled'],
};
/** What may be seen besides. */
const TOLERATED = {
  queued: ['service_overloaded'],
  guarded: ['service_overloaded'],
  tripping: ['timeout'],
  cancelled: ['ok', 'timeout', 'transient', 'service_overloaded'],
};

export class Traffic {
  /** By kind and outcome. */
  counts = {};
  calls = 0;
  #host;
  #random;
  #running = false;
  #workers = [];
  #notes;

  /** @param notes where given, each call leaves something there that nothing takes away */
  constructor(host, random, notes) {
    this.#host = host;
    this.#random = random;
    this.#notes = notes;
  }

  start() {
    this.#running = true;
    for (let i = 0; i < WORKERS; i += 1) this.#workers.push(this.#work(() => this.#quick()));
    this.#workers.push(this.#work(() => this.#waiting()));
  }

  /** Resolves when the last call is answered. */
  async stop() {
    this.#running = false;
    await Promise.all(this.#workers.splice(0));
  }

  /** Kinds and outcomes that should have been seen and were not, or the other way round. */
  problems() {
    const problems = [];
    for (const [kind, outcomes] of Object.entries(EXPECTED)) {
      const seen = this.counts[kind] ?? {};
      for (const outcome of outcomes) if (!seen[outcome]) problems.push(`${kind}: no ${outcome}`);
      for (const [outcome, count] of Object.entries(seen)) {
        if (!outcomes.includes(outcome) && TOLERATED[kind]?.includes(outcome) !== true)
          problems.push(`${kind}: ${count} × ${outcome}`);
      }
    }
    return problems;
  }

  async #work(lot) {
    while (this.#running) {
      await lot();
      await immediate();
    }
  }

  #context(signal) {
    const tenant = Math.floor(this.#random() * TENANTS);
    return OrchestrationContext.create({
      tenantId: `tenant-${tenant}`,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  #note(kind, { status, errorCategory }) {
    this.calls += 1;
    const counts = (this.counts[kind] ??= {});
    const outcome = status === 'failed' ? errorCategory : status;
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    this.#notes?.push(new Array(HELD).fill(this.calls));
  }

  async #call(kind, name, params, signal) {
    this.#note(kind, await this.#host.facade.orchestrate(name, this.#context(signal), params));
  }

  async #quick() {
    for (let i = 0; i < LOT; i += 1) {
      await this.#call('plain', 'catalogue');
      const params = i === 0 ? { ...order, quantity: -1 } : order;
      await this.#call('validated', 'catalogue', { operation: 'order', ...params });
    }
    await this.#call('nested', 'catalogue', { operation: 'summary' });
    await this.#call('queued', 'mail', { operation: 'send', to: 'somebody' });
  }

  async #waiting() {
    const lot = [];
    for (let i = 0; i < WAITING_LOT; i += 1) {
      lot.push(this.#call('guarded', 'stock', { operation: 'guarded' }));
      lot.push(this.#call('tripping', 'stock', { operation: 'tripping' }));
    }
    const caller = new AbortController();
    lot.push(this.#call('cancelled', 'stock', { operation: 'guarded' }, caller.signal));
    caller.abort();
    await Promise.all(lot);
  }
}
