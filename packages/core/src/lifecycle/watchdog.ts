import { Worker } from 'node:worker_threads';

/** Words of the memory that the process and its watchdog share. */
const STATE = 0;
const BEAT = 1;
const DEBUGGED = 2;
/** Values of the first word. */
const ARMED = 1;
const OFF = 2;

/** What the end of the process gets beyond the deadline, so that an end in time is never cut off by a hair. */
const GRACE_MS = 200;
/** How long the kill waits for its line to be written. */
const LAST_WORDS_MS = 30;

/**
 * The thread's whole program. Of the time between two of its turns a quarter of the deadline counts at most: where it
 * was longer, the machine slept or the process was halted, and this thread did not run either. The line goes out
 * through the thread pool, because a pipe that nobody empties would block this thread too.
 */
const PROGRAM = `'use strict';
const { workerData } = require('node:worker_threads');
const { write } = require('node:fs');
const { shared, hardDeadlineMs, beatMs, turnMs } = workerData;
const words = new Int32Array(shared);
const lastMs = hardDeadlineMs + ${GRACE_MS};
const kill = (why) => {
  write(2, 'kapelle: process ' + process.pid + ' is killed by its watchdog: ' + why + '\\n', () => {});
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${LAST_WORDS_MS});
  process.kill(process.pid, 'SIGKILL');
};
let last = performance.now();
let beat = Atomics.load(words, ${BEAT});
let silent = 0;
let armedFor;
for (;;) {
  const state = Atomics.load(words, ${STATE});
  if (state === ${OFF}) break;
  if (state === ${ARMED} && armedFor === undefined) {
    armedFor = 0;
    last = performance.now();
  }
  Atomics.wait(words, ${STATE}, state, armedFor === undefined ? turnMs : Math.min(turnMs, lastMs - armedFor));
  const now = performance.now();
  const passed = Math.min(now - last, hardDeadlineMs / 4);
  last = now;
  if (state === ${ARMED}) {
    armedFor += passed;
    if (armedFor >= lastMs)
      kill('its stop took longer than ' + hardDeadlineMs + ' ms.');
    continue;
  }
  const heard = Atomics.load(words, ${BEAT});
  silent = heard === beat && Atomics.load(words, ${DEBUGGED}) === 0 ? silent + passed : 0;
  beat = heard;
  // The event loop may have stood still for less than the silence, by up to one beat.
  if (silent >= hardDeadlineMs + beatMs)
    kill('its event loop has stood still for more than ' + hardDeadlineMs + ' ms.');
}
`;

/**
 * A thread that ends the process when the event loop no longer can: with SIGKILL (exit code 137), no later than 500 ms
 * after `hardDeadlineMs`. Until {@link arm} it counts how long {@link beat} has not been called, and does not count
 * while a debugger may have halted the program; from then on it counts the time since.
 */
export class Watchdog {
  /** How often {@link beat} is to be called. */
  readonly beatMs: number;
  readonly #words = new Int32Array(new SharedArrayBuffer(12));

  /**
   * @param onUnavailable hears why no thread watches, where threads are forbidden or the thread has died
   */
  constructor(hardDeadlineMs: number, onUnavailable: (error: unknown) => void) {
    this.beatMs = Math.min(200, hardDeadlineMs / 10);
    this.beat();
    try {
      const worker = new Worker(PROGRAM, {
        eval: true,
        name: 'kapelle-watchdog',
        // What the process preloads and its environment are no business of this thread.
        execArgv: [],
        env: {},
        workerData: {
          shared: this.#words.buffer,
          hardDeadlineMs,
          beatMs: this.beatMs,
          turnMs: Math.min(100, hardDeadlineMs / 10),
        },
      });
      worker.on('error', onUnavailable);
      worker.unref();
    } catch (error) {
      onUnavailable(error);
    }
  }

  /** Says that the event loop turns. */
  beat(): void {
    Atomics.store(this.#words, DEBUGGED, isInspected() ? 1 : 0);
    Atomics.add(this.#words, BEAT, 1);
  }

  /** From now on the process has `hardDeadlineMs` to end. */
  arm(): void {
    if (Atomics.compareExchange(this.#words, STATE, 0, ARMED) === 0) Atomics.notify(this.#words, STATE);
  }

  /** Ends the thread. */
  stop(): void {
    Atomics.store(this.#words, STATE, OFF);
    Atomics.notify(this.#words, STATE);
  }
}

/** Whether a debugger can halt the program, which looks like an event loop that stands still. */
function isInspected(): boolean {
  return process.features.inspector && process.getBuiltinModule('node:inspector').url() !== undefined;
}
