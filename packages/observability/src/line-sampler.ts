import type { LogLevel } from '@kapelle/core';
import { loggerChecks as check, LoggerOptionsError } from './log-level.js';
import { LONGEST_MS } from './option-checks.js';

/**
 * Keeps an event that is written again and again from filling the disk: of each event and level the first lines of an
 * interval are written, then every so-manieth. What was left out is counted in a line `log_lines_sampled`, written
 * with the first line after the interval, or on close. Errors are never left out.
 */
export interface SamplingOptions {
  /** Lines of one event and level that are written in each interval. @default 100 */
  readonly first?: number;
  /** After those, one of this many. @default 100 */
  readonly thenEvery?: number;
  /** @default 1000 */
  readonly intervalMs?: number;
  /** @default debug, info and warn */
  readonly levels?: readonly Exclude<LogLevel, 'error'>[];
}

/** Lines of one event that were left out. */
export interface SampledLines {
  readonly level: LogLevel;
  readonly event: string;
  readonly dropped: number;
}

interface Count {
  readonly level: LogLevel;
  readonly event: string;
  seen: number;
  dropped: number;
}

/** Events told apart in one interval; the others are counted together, by level. */
const MAX_EVENTS = 1_000;
const MAX_EVENT_CHARACTERS = 200;
const OTHERS = '(other events)';

const DEFAULT_LEVELS: NonNullable<SamplingOptions['levels']> = ['debug', 'info', 'warn'];

/** Decides line by line. */
export class LineSampler {
  readonly intervalMs: number;
  readonly #first: number;
  readonly #thenEvery: number;
  readonly #levels: ReadonlySet<LogLevel>;
  readonly #counts = new Map<string, Count>();
  #since = NaN;

  /** @throws {@link LoggerOptionsError} */
  constructor(options: SamplingOptions) {
    const { first = 100, thenEvery = 100, intervalMs = 1_000, levels = DEFAULT_LEVELS } = options;
    this.#first = check.whole('sampling.first', first, 0);
    this.#thenEvery = check.whole('sampling.thenEvery', thenEvery, 1);
    this.intervalMs = check.whole('sampling.intervalMs', intervalMs, 1, LONGEST_MS);
    for (const level of check.list('sampling.levels', levels)) {
      check.oneOf('sampling.levels', level, ['debug', 'info', 'warn', 'error']);
    }
    this.#levels = new Set<LogLevel>(levels);
    if (this.#levels.has('error')) {
      throw new LoggerOptionsError('sampling.levels has error.', 'Leave it out: errors are never left out.');
    }
  }

  /** Whether a line is written. */
  admits(level: LogLevel, event: unknown): boolean {
    if (!this.#levels.has(level) || typeof event !== 'string') return true;
    const count = this.#countOf(level, event.slice(0, MAX_EVENT_CHARACTERS));
    count.seen += 1;
    if (count.seen <= this.#first || (count.seen - this.#first) % this.#thenEvery === 0) return true;
    count.dropped += 1;
    return false;
  }

  /** What was left out of the interval that is over at `now`; nothing while it lasts. A clock set back ends it too. */
  due(now: number): readonly SampledLines[] {
    if (Number.isNaN(this.#since)) this.#since = now;
    const passed = now - this.#since;
    if (passed >= 0 && passed < this.intervalMs) return [];
    this.#since = now;
    return this.flush();
  }

  /** What was left out so far, which is then forgotten. */
  flush(): readonly SampledLines[] {
    const all = [...this.#counts.values()].filter(({ dropped }) => dropped > 0);
    this.#counts.clear();
    return all;
  }

  #countOf(level: LogLevel, event: string): Count {
    const known = this.#counts.get(`${level} ${event}`);
    if (known !== undefined) return known;
    const name = this.#counts.size < MAX_EVENTS ? event : OTHERS;
    const key = `${level} ${name}`;
    const count = this.#counts.get(key) ?? { level, event: name, seen: 0, dropped: 0 };
    this.#counts.set(key, count);
    return count;
  }
}
