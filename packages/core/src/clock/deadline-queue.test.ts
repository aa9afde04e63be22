import { describe, expect, it } from '@jest/globals';

import { FakeClock } from '../testing/fake-clock.js';
import { type Deadline, DeadlineQueue } from './deadline-queue.js';

function setUp() {
  const clock = new FakeClock();
  const queue = new DeadlineQueue(clock);
  const fired: string[] = [];
  const made = (name: string, ms: number, onExpire = () => undefined as void): Deadline => ({
    expiresAt: clock.monotonic() + ms,
    list: undefined,
    previous: undefined,
    next: undefined,
    onExpire() {
      fired.push(`${name} at ${clock.monotonic()}`);
      onExpire();
    },
  });
  const add = (name: string, ms: number, onExpire?: () => void): Deadline => {
    const deadline = made(name, ms, onExpire);
    queue.add(deadline, clock.monotonic());
    return deadline;
  };
  return { clock, queue, fired, add };
}

describe('DeadlineQueue', () => {
  it('expires deadlines of several lengths when they are due, and none that was removed', async () => {
    const { clock, queue, fired, add } = setUp();
    const begun = clock.monotonic();
    add('a', 100);
    const b = add('b', 50);
    add('c', 50);
    await clock.advance(20);
    add('d', 50);
    queue.remove(b);
    queue.remove(b);
    expect(queue.size).toBe(3);
    await clock.advance(1_000);
    expect(fired).toEqual([`c at ${begun + 50}`, `d at ${begun + 70}`, `a at ${begun + 100}`]);
    expect(queue.size).toBe(0);
  });

  it('keeps what is added while others expire, though its list was emptied in between', async () => {
    const { clock, queue, fired, add } = setUp();
    const begun = clock.monotonic();
    add('first', 100, () => {
      // Of the length that is being gone through, and gone before that is over.
      queue.remove(add('taken back', 100));
    });
    await clock.advance(100);
    add('second', 100);
    add('third', 30);
    await clock.advance(100);
    expect(fired).toEqual([`first at ${begun + 100}`, `third at ${begun + 130}`, `second at ${begun + 200}`]);
  });
});
