import type { Lane } from './lane.js';

/** Lanes by start tag, lowest first; of equals the one that was added first. A binary heap whose members know their place. */
export class LaneHeap {
  readonly #lanes: Lane[] = [];
  readonly #order: number[] = [];
  #added = 0;

  /** Adds a lane that is in no heap. Its start tag must not change while it is in here. */
  add(lane: Lane): void {
    this.#added += 1;
    this.#lanes.push(lane);
    this.#order.push(this.#added);
    lane.place = this.#lanes.length - 1;
    this.#up(lane.place);
  }

  /** Takes the lowest out. */
  takeFirst(): Lane | undefined {
    const first = this.#lanes[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Takes out a lane that is in it. */
  remove(lane: Lane): void {
    const { place } = lane;
    const last = this.#lanes.length - 1;
    if (place !== last) this.#swap(place, last);
    this.#lanes.pop();
    this.#order.pop();
    lane.place = -1;
    if (place !== last) this.#down(this.#up(place));
  }

  #up(from: number): number {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(place, parent)) break;
      this.#swap(place, parent);
      place = parent;
    }
    return place;
  }

  #down(from: number): void {
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= this.#lanes.length) return;
      const right = left + 1;
      const child = right < this.#lanes.length && this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(child, place)) return;
      this.#swap(child, place);
      place = child;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const one = this.#lanes[a] as Lane;
    const other = this.#lanes[b] as Lane;
    return one.start === other.start
      ? (this.#order[a] as number) < (this.#order[b] as number)
      : one.start < other.start;
  }

  #swap(a: number, b: number): void {
    const one = this.#lanes[a] as Lane;
    const other = this.#lanes[b] as Lane;
    const order = this.#order[a] as number;
    this.#lanes[a] = other;
    this.#lanes[b] = one;
    this.#order[a] = this.#order[b] as number;
    this.#order[b] = order;
    other.place = a;
    one.place = b;
  }
}
