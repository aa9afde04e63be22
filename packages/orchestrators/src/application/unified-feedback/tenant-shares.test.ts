import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TenantShares } from './tenant-shares.js';

/** A queue that drops its oldest item, with the rule in front of it. */
class Queue {
  readonly waiting: string[] = [];
  readonly inWork: string[] = [];
  readonly lost: { readonly of: string; readonly to: string; readonly heldByTo: number }[] = [];
  readonly shares = new TenantShares();
  readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  offer(tenantId: string): boolean {
    const depth = this.waiting.length;
    if (this.shares.isOverShare(tenantId, depth, this.capacity)) return false;
    if (depth >= this.capacity) {
      const all = [...this.inWork, ...this.waiting];
      this.lost.push({
        of: this.waiting.shift() ?? '',
        to: tenantId,
        heldByTo: all.filter((each) => each === tenantId).length / (this.capacity / new Set(all).size),
      });
    }
    this.waiting.push(tenantId);
    this.shares.offered(tenantId, depth, this.capacity);
    return true;
  }

  take(count: number): void {
    this.inWork.push(...this.waiting.splice(0, count));
  }

  finish(): void {
    this.shares.handled(this.inWork.splice(0).length);
  }
}

describe('the shares of tenants in a queue', () => {
  it('are no bound for one that is alone: its oldest make room', () => {
    const queue = new Queue(3);
    expect(['a', 'a', 'a', 'a', 'a'].map((tenant) => queue.offer(tenant))).toEqual(
      Array.from({ length: 5 }, () => true),
    );
    expect(queue.lost.map(({ of }) => of)).toEqual(['a', 'a']);
  });

  it('keep one that has more than its own from costing another anything, whatever comes in which order', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('a', 'a', 'a', 'b', 'c') },
      { weight: 1, arbitrary: fc.constantFrom('take', 'finish') },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 200 }), (capacity, steps) => {
        const queue = new Queue(capacity);
        for (const each of steps) {
          if (each === 'take') queue.take(3);
          else if (each === 'finish') queue.finish();
          else queue.offer(each);
        }
        for (const { of, to, heldByTo } of queue.lost) if (of !== to) expect(heldByTo).toBeLessThanOrEqual(1);
        // When everything is done nobody holds anything, and everybody may fill it again.
        queue.take(capacity);
        queue.finish();
        expect(Array.from({ length: capacity }, () => queue.offer('a'))).not.toContain(false);
      }),
    );
  });

  it('know whose the oldest is after tens of thousands have passed', () => {
    const queue = new Queue(4);
    for (let n = 0; n < 20_000; n += 1) {
      queue.offer('a');
      queue.take(1);
      queue.finish();
    }
    for (const tenant of ['b', 'a', 'a', 'a']) expect(queue.offer(tenant)).toBe(true);
    expect(queue.offer('a')).toBe(false);
    expect(queue.offer('c')).toBe(true);
    expect(queue.lost.map(({ of }) => of)).toEqual(['b']);
  });
});
