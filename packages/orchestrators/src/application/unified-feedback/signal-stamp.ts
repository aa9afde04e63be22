import type { Clock } from '@kapelle/core';
import type { SignalDefaults } from './read-signal.js';

const DIGITS = 8;
const LIMIT = 16 ** DIGITS;

/** Gives signals their time and an id: 8 hexadecimal digits for who gave it, 8 that count. */
export class SignalStamp implements SignalDefaults {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #prefix: string;
  #count = 0;

  /** @param random From 0 to 1, 1 excluded; tells the ids of two starts apart. */
  constructor(clock: Pick<Clock, 'now'>, random: number) {
    this.#clock = clock;
    this.#prefix = hexadecimal(Math.floor(random * LIMIT));
  }

  now(): number {
    return this.#clock.now();
  }

  nextId(): string {
    this.#count = (this.#count + 1) % LIMIT;
    return this.#prefix + hexadecimal(this.#count);
  }
}

function hexadecimal(value: number): string {
  return value.toString(16).padStart(DIGITS, '0');
}
