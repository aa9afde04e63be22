import { TelemetryError } from './telemetry-error.js';

/** A piece of work with a beginning and an end. */
export interface TelemetrySpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId?: string;
  readonly operation: string;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly durationMs?: number;
  readonly status: 'open' | 'ok' | 'error';
  readonly tags: Readonly<Record<string, string>>;
  readonly logs: readonly { readonly at: number; readonly message: string }[];
}

/** Sums of the spans that ended. */
export interface TraceSummary {
  readonly ended: number;
  readonly open: number;
  readonly errors: number;
  /** 0 to 1; absent where none ended. */
  readonly errorRatio?: number;
  /** Milliseconds, of the kept ones. */
  readonly durationMs?: { readonly avg: number; readonly min: number; readonly max: number };
  readonly byOperation: Readonly<
    Record<string, { readonly count: number; readonly errors: number; readonly avgMs: number }>
  >;
}

const MAX_LOGS = 100;

/** Spans that are open, and the last ones that ended. A child has the trace of its parent. */
export class TraceBook {
  readonly #open = new Map<string, TelemetrySpan>();
  readonly #ended: TelemetrySpan[] = [];
  readonly #limit: number;
  readonly #newId: () => string;
  #count = 0;
  #forgotten = 0;

  /**
   * @param limit spans kept, ended and open each
   * @param newId makes ids
   */
  constructor(limit: number, newId: () => string) {
    this.#limit = limit;
    this.#newId = newId;
  }

  get open(): number {
    return this.#open.size;
  }

  /** Whether a span is open. */
  has(spanId: string): boolean {
    return this.#open.has(spanId);
  }

  /** Open spans that were given up because there were too many. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** The last spans that ended, the oldest first. */
  get ended(): readonly TelemetrySpan[] {
    return [...this.#ended];
  }

  /** @throws TelemetryError `TELEMETRY_INPUT_INVALID` for a parent that nobody knows */
  start(
    operation: string,
    at: number,
    options: {
      readonly parentId?: string;
      readonly traceId?: string;
      readonly tags?: Readonly<Record<string, string>>;
    } = {},
  ): TelemetrySpan {
    const { parentId, tags = {} } = options;
    let { traceId } = options;
    if (parentId !== undefined) {
      const parent = this.#open.get(parentId) ?? this.#ended.find(({ spanId }) => spanId === parentId);
      if (parent === undefined) throw unknown(parentId);
      traceId = parent.traceId;
    }
    const span: TelemetrySpan = {
      traceId: traceId ?? this.#newId(),
      spanId: this.#newId(),
      ...(parentId === undefined ? {} : { parentId }),
      operation,
      startedAt: at,
      status: 'open',
      tags: { ...tags },
      logs: [],
    };
    if (this.#open.size >= this.#limit) {
      const [oldest] = this.#open.keys();
      this.#open.delete(oldest as string);
      this.#forgotten += 1;
    }
    this.#open.set(span.spanId, span);
    return span;
  }

  /** @throws TelemetryError `TELEMETRY_INPUT_INVALID` for a span that is not open */
  log(spanId: string, at: number, message: string): TelemetrySpan {
    const span = this.#known(spanId);
    const logged = { ...span, logs: [...span.logs, { at, message }].slice(-MAX_LOGS) };
    this.#open.set(spanId, logged);
    return logged;
  }

  /** @throws TelemetryError `TELEMETRY_INPUT_INVALID` for a span that is not open */
  finish(spanId: string, at: number, status: 'ok' | 'error' = 'ok'): TelemetrySpan {
    const span = this.#known(spanId);
    this.#open.delete(spanId);
    const ended: TelemetrySpan = { ...span, status, durationMs: Math.max(0, at - span.startedAt) };
    this.keep(ended);
    return ended;
  }

  /** Keeps a span that somebody else has measured. */
  keep(span: TelemetrySpan): void {
    this.#ended.push(span);
    this.#count += 1;
    if (this.#ended.length > this.#limit) this.#ended.shift();
  }

  /** Of the spans that are kept, and how many ended at all. */
  summary(): TraceSummary {
    const byOperation = new Map<string, { count: number; errors: number; sum: number }>();
    let errors = 0;
    let sum = 0;
    let min = Infinity;
    let max = -Infinity;
    for (const { operation, status, durationMs = 0 } of this.#ended) {
      const entry = byOperation.get(operation) ?? { count: 0, errors: 0, sum: 0 };
      entry.count += 1;
      entry.sum += durationMs;
      if (status === 'error') {
        entry.errors += 1;
        errors += 1;
      }
      byOperation.set(operation, entry);
      sum += durationMs;
      min = Math.min(min, durationMs);
      max = Math.max(max, durationMs);
    }
    const { length } = this.#ended;
    return {
      ended: this.#count,
      open: this.#open.size,
      errors,
      ...(length === 0 ? {} : { errorRatio: errors / length, durationMs: { avg: sum / length, min, max } }),
      byOperation: Object.fromEntries(
        [...byOperation].map(([name, { count, errors: failed, sum: total }]) => [
          name,
          { count, errors: failed, avgMs: total / count },
        ]),
      ),
    };
  }

  #known(spanId: string): TelemetrySpan {
    const span = this.#open.get(spanId);
    if (span === undefined) throw unknown(spanId);
    return span;
  }
}

function unknown(spanId: string): TelemetryError {
  return new TelemetryError(
    'TELEMETRY_INPUT_INVALID',
    `There is no open span "${spanId.slice(0, 80)}". Start it first, and end it once.`,
  );
}
