import { ERROR_CATEGORIES, type ErrorCategory, isErrorCategory, type Severity } from './error-category.js';
import { ERROR_CODES, OrchestrationError } from './errors.js';
import { EMPTY_RECORD, kindOf } from './json-data.js';

const BRAND: unique symbol = Symbol.for('kapelle.StepResult') as never;
const FAILURE_BRAND: unique symbol = Symbol.for('kapelle.StepFailure') as never;
const NO_WARNINGS: readonly string[] = Object.freeze([]);
const SEVERITIES: ReadonlySet<unknown> = new Set<Severity>(['low', 'medium', 'high', 'critical']);

/** What may accompany any result. */
export interface ResultExtra {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly warnings?: readonly string[];
}

/** What may be said of a failure beside its message. */
export interface FailureInit extends ResultExtra {
  /** @default 'execution' */
  readonly errorCategory?: ErrorCategory;
  /** @default what {@link ERROR_CATEGORIES} says of the category */
  readonly retryable?: boolean;
  /** @default what {@link ERROR_CATEGORIES} says of the category */
  readonly severity?: Severity;
  /** When to come back, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Machine-readable particulars; for a validation failure the list of violations. */
  readonly details?: unknown;
  readonly cause?: unknown;
}

/** The wire form of a result; {@link StepResult.fromJSON} takes it back without loss. */
export interface StepResultJSON {
  readonly status: 'ok' | 'skipped' | 'uncertain' | 'failed';
  readonly data?: unknown;
  readonly reason?: string;
  readonly error?: string;
  readonly errorCategory?: string;
  readonly severity?: string;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  readonly details?: unknown;
  readonly cause?: ErrorJSON;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly warnings?: readonly string[];
}

interface ErrorJSON {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly cause?: ErrorJSON;
}

abstract class Result {
  declare readonly metadata: Readonly<Record<string, unknown>>;
  declare readonly warnings: readonly string[];

  constructor(extra: ResultExtra | undefined) {
    this.metadata = extra?.metadata ?? EMPTY_RECORD;
    this.warnings = extra?.warnings ?? NO_WARNINGS;
  }

  protected extraJSON(): Pick<StepResultJSON, 'metadata' | 'warnings'> {
    return {
      ...(Object.keys(this.metadata).length === 0 ? {} : { metadata: this.metadata }),
      ...(this.warnings.length === 0 ? {} : { warnings: this.warnings }),
    };
  }
}
Object.defineProperty(Result.prototype, BRAND, { value: true });

/** It worked; `data` is the payload itself. */
export class OkResult<T> extends Result {
  declare readonly status: 'ok';
  declare readonly success: true;
  declare readonly data: T;
  declare readonly error?: undefined;
  declare readonly errorCategory?: undefined;
  declare readonly reason?: undefined;

  // Assigned, not declared with initialisers: one of these is made per call, and defining fields costs more.
  constructor(data: T, extra?: ResultExtra) {
    super(extra);
    this.status = 'ok';
    this.success = true;
    this.data = data;
  }

  toJSON(): StepResultJSON {
    return {
      status: this.status,
      ...(this.data === undefined ? {} : { data: this.data }),
      ...this.extraJSON(),
    };
  }
}

/** It was not done, and that is all right; `reason` says why. */
export class SkippedResult extends Result {
  readonly status = 'skipped';
  readonly success = true;
  readonly reason: string;
  declare readonly data?: undefined;
  declare readonly error?: undefined;
  declare readonly errorCategory?: undefined;

  constructor(reason: string, extra?: ResultExtra) {
    super(extra);
    this.reason = reason;
  }

  toJSON(): StepResultJSON {
    return { status: this.status, reason: this.reason, ...this.extraJSON() };
  }
}

/** There is a payload, but whoever uses it should know that it may be wrong. */
export class UncertainResult<T> extends Result {
  readonly status = 'uncertain';
  readonly success = true;
  readonly data: T;
  readonly reason?: string;
  declare readonly error?: undefined;
  declare readonly errorCategory?: undefined;

  constructor(data: T, extra?: ResultExtra & { readonly reason?: string }) {
    super(extra);
    this.data = data;
    if (extra?.reason !== undefined) this.reason = extra.reason;
  }

  toJSON(): StepResultJSON {
    return {
      status: this.status,
      ...(this.data === undefined ? {} : { data: this.data }),
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...this.extraJSON(),
    };
  }
}

const NOTHING_SAID: FailureInit = Object.freeze({});

/** It ran, or was refused, and did not succeed. */
export class FailedResult extends Result {
  readonly status = 'failed';
  readonly success = false;
  readonly error: string;
  readonly errorCategory: ErrorCategory;
  readonly severity: Severity;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly details?: unknown;
  readonly cause?: unknown;
  declare readonly data?: undefined;
  declare readonly reason?: undefined;

  /** What is said of the failure and has the wrong type counts as not said. */
  constructor(message: string, failure?: FailureInit) {
    super(failure);
    const { errorCategory, severity, retryable, retryAfterMs, details, cause } = failure ?? NOTHING_SAID;
    const category = isErrorCategory(errorCategory) ? errorCategory : 'execution';
    const info = ERROR_CATEGORIES[category];
    this.error = typeof message === 'string' ? message : describe(message).message;
    this.errorCategory = category;
    this.severity = SEVERITIES.has(severity) ? (severity as Severity) : info.severity;
    this.retryable = typeof retryable === 'boolean' ? retryable : info.retryable;
    if (typeof retryAfterMs === 'number' && retryAfterMs >= 0) this.retryAfterMs = retryAfterMs;
    if (details !== undefined) this.details = details;
    if (cause !== undefined) this.cause = cause;
  }

  toJSON(): StepResultJSON {
    return {
      status: this.status,
      error: this.error,
      errorCategory: this.errorCategory,
      severity: this.severity,
      retryable: this.retryable,
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
      ...(this.details === undefined ? {} : { details: this.details }),
      ...(this.cause === undefined ? {} : { cause: errorJSON(this.cause) }),
      ...this.extraJSON(),
    };
  }
}

/** What every orchestration returns. Narrow on `status`, or on `success`. */
export type StepResult<T = unknown> = OkResult<T> | SkippedResult | UncertainResult<T> | FailedResult;

/** Carries a result that holds no payload through code that throws; the invoker turns it back into that result. */
export class StepFailure extends Error {
  override readonly name: string = 'StepFailure';
  readonly result: FailedResult | SkippedResult;

  constructor(result: FailedResult | SkippedResult) {
    super(
      result.status === 'failed' ? result.error : `Skipped: ${result.reason}`,
      result.status === 'failed' && result.cause !== undefined ? { cause: result.cause } : undefined,
    );
    this.result = result;
  }
}

Object.defineProperty(StepFailure.prototype, FAILURE_BRAND, { value: true });

/** One handler per status; the payload, reason or failure comes first, the whole result second. */
export interface ResultHandlers<T, R> {
  ok(data: T, result: OkResult<T>): R;
  skipped(reason: string, result: SkippedResult): R;
  uncertain(data: T, result: UncertainResult<T>): R;
  failed(failure: FailedResult): R;
}

function ok(): OkResult<undefined>;
function ok<T>(data: T, extra?: ResultExtra): OkResult<T>;
function ok(data?: unknown, extra?: ResultExtra): OkResult<unknown> {
  return new OkResult(data, extra);
}

function isResult(value: unknown): value is StepResult {
  try {
    return (
      typeof value === 'object' &&
      value !== null &&
      (value as { [BRAND]?: unknown })[BRAND] === true &&
      isStatus((value as { status?: unknown }).status)
    );
  } catch {
    return false;
  }
}

function isStatus(value: unknown): value is StepResult['status'] {
  return value === 'ok' || value === 'failed' || value === 'skipped' || value === 'uncertain';
}

/** The result that a {@link StepFailure} carries, also one of another copy of the package. */
function carried(thrown: unknown): FailedResult | SkippedResult | undefined {
  if (thrown instanceof StepFailure) return thrown.result;
  if (typeof thrown !== 'object' || thrown === null || !(FAILURE_BRAND in thrown)) return undefined;
  const { result } = thrown as { readonly result?: unknown };
  return isResult(result) && (result.status === 'failed' || result.status === 'skipped') ? result : undefined;
}

function fromError(thrown: unknown): FailedResult | SkippedResult {
  try {
    const result = carried(thrown);
    if (result !== undefined) return result;
    if (isResult(thrown) && (thrown.status === 'failed' || thrown.status === 'skipped')) return thrown;
    if (OrchestrationError.is(thrown)) return failureOf(thrown);
    const { name, message } = describe(thrown);
    const errorCategory =
      name === 'AbortError' ? 'cancelled' : name === 'TimeoutError' ? 'timeout' : 'execution';
    return new FailedResult(message, { errorCategory, cause: thrown });
  } catch {
    return new FailedResult('An error was thrown that cannot be read.', { cause: thrown });
  }
}

/** Building results, and everything done with them. */
export const StepResult = Object.freeze({
  ok,

  skip(reason: string, extra?: ResultExtra): SkippedResult {
    return new SkippedResult(reason, extra);
  },

  uncertain<T>(data: T, extra?: ResultExtra & { readonly reason?: string }): UncertainResult<T> {
    return new UncertainResult(data, extra);
  },

  fail(message: string, failure?: FailureInit): FailedResult {
    return new FailedResult(message, failure);
  },

  /**
   * A thrown value as a result: a {@link StepFailure} gives back its own result, a failed or skipped result is
   * itself, an `AbortError` is `cancelled`, a `TimeoutError` is `timeout`, anything unknown is `execution` and not
   * retryable. Never throws.
   */
  fromError,

  /** True for results of this library, whatever else has the same shape. */
  isResult,

  /** The payload. @throws StepFailure for a failed or skipped result, which have none. */
  unwrap<T>(result: StepResult<T>): T {
    if (result.status === 'failed' || result.status === 'skipped') throw new StepFailure(result);
    return result.data;
  },

  match<T, R>(result: StepResult<T>, handlers: ResultHandlers<T, R>): R {
    switch (result.status) {
      case 'ok':
        return handlers.ok(result.data, result);
      case 'skipped':
        return handlers.skipped(result.reason, result);
      case 'uncertain':
        return handlers.uncertain(result.data, result);
      case 'failed':
        return handlers.failed(result);
    }
  },

  /** Changes the payload and keeps everything else. */
  map<T, R>(result: StepResult<T>, change: (data: T) => R): StepResult<R> {
    switch (result.status) {
      case 'ok':
        return new OkResult(change(result.data), result);
      case 'uncertain':
        return new UncertainResult(change(result.data), result);
      default:
        return result;
    }
  },

  /** @throws OrchestrationError `RESULT_INVALID` where `json` is not the wire form of a result. */
  fromJSON<T = unknown>(json: unknown): StepResult<T> {
    const wire = json as StepResultJSON;
    if (typeof json !== 'object' || json === null) throw notWire(`it is ${kindOf(json)}`);
    const extra = extraOf(wire);
    switch (wire.status) {
      case 'ok':
        return new OkResult(wire.data as T, extra);
      case 'skipped':
        return new SkippedResult(text(wire.reason, 'reason'), extra);
      case 'uncertain':
        return new UncertainResult(
          wire.data as T,
          wire.reason === undefined ? extra : { ...extra, reason: text(wire.reason, 'reason') },
        );
      case 'failed':
        return failedFromJSON(wire, extra);
      default:
        throw notWire(
          `its status is ${typeof wire.status === 'string' ? JSON.stringify(wire.status) : kindOf(wire.status)}`,
        );
    }
  },
});

function notWire(what: string): OrchestrationError {
  return new OrchestrationError('RESULT_INVALID', `This is not the JSON of a step result: ${what}.`);
}

function text(value: unknown, field: string): string {
  if (typeof value !== 'string') throw notWire(`its ${field} is ${kindOf(value)}`);
  return value;
}

function extraOf(wire: StepResultJSON): ResultExtra {
  const { metadata, warnings } = wire as { readonly metadata?: unknown; readonly warnings?: unknown };
  if (
    metadata !== undefined &&
    (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
  ) {
    throw notWire(`its metadata is ${kindOf(metadata)}`);
  }
  if (
    warnings !== undefined &&
    !(Array.isArray(warnings) && warnings.every((each) => typeof each === 'string'))
  ) {
    throw notWire('its warnings are no array of strings');
  }
  return {
    ...(wire.metadata === undefined ? {} : { metadata: wire.metadata }),
    ...(wire.warnings === undefined ? {} : { warnings: wire.warnings }),
  };
}

function failedFromJSON(wire: StepResultJSON, extra: ResultExtra): FailedResult {
  return new FailedResult(text(wire.error, 'error'), {
    ...extra,
    ...(isErrorCategory(wire.errorCategory) ? { errorCategory: wire.errorCategory } : {}),
    ...(wire.severity === undefined ? {} : { severity: wire.severity as Severity }),
    ...(wire.retryable === undefined ? {} : { retryable: wire.retryable }),
    ...(wire.retryAfterMs === undefined ? {} : { retryAfterMs: wire.retryAfterMs }),
    ...(wire.details === undefined ? {} : { details: wire.details }),
    ...(typeof wire.cause === 'object' ? { cause: errorFromJSON(wire.cause) } : {}),
  });
}

function failureOf(error: OrchestrationError): FailedResult {
  // Read from the table through the code, so that another copy's error is understood too.
  const category = CATEGORY_BY_CODE.get(error.code) ?? 'execution';
  return new FailedResult(error.message, {
    errorCategory: category,
    details: { code: error.code },
    cause: error,
  });
}

const CATEGORY_BY_CODE: ReadonlyMap<string, ErrorCategory> = new Map(
  Object.entries(ERROR_CODES).map(([code, info]) => [code, info.category]),
);

/** Name and message of anything that can be thrown, without calling into it more than needed. */
function describe(thrown: unknown): { readonly name: string; readonly message: string } {
  if (typeof thrown === 'object' && thrown !== null) {
    const { name, message } = thrown as { name?: unknown; message?: unknown };
    return {
      name: typeof name === 'string' ? name : 'Error',
      message:
        typeof message === 'string' && message !== '' ? message : `An error without a message was thrown.`,
    };
  }
  if (typeof thrown === 'string') {
    return { name: 'Error', message: thrown === '' ? 'An empty string was thrown.' : thrown };
  }
  return { name: 'Error', message: `${kindOf(thrown)} was thrown: ${String(thrown)}` };
}

function errorJSON(cause: unknown, depth = 0): ErrorJSON {
  try {
    const { name, message } = describe(cause);
    const code = (cause as { code?: unknown } | null)?.code;
    const inner = (cause as { cause?: unknown } | null)?.cause;
    return {
      name,
      message,
      ...(typeof code === 'string' ? { code } : {}),
      ...(inner === undefined || depth >= MAX_CAUSES ? {} : { cause: errorJSON(inner, depth + 1) }),
    };
  } catch {
    return { name: 'Error', message: 'An error that cannot be read.' };
  }
}

/** Causes of a cause that are kept; there may be a circle of them. */
const MAX_CAUSES = 9;

function errorFromJSON(json: ErrorJSON | null, depth = 0): Error {
  const { name, message, code, cause } = (json ?? {}) as { readonly [K in keyof ErrorJSON]?: unknown };
  const error = new Error(
    typeof message === 'string' ? message : '',
    typeof cause === 'object' && depth < MAX_CAUSES
      ? { cause: errorFromJSON(cause as ErrorJSON | null, depth + 1) }
      : undefined,
  );
  if (typeof name === 'string') error.name = name;
  if (typeof code === 'string') Object.assign(error, { code });
  return error;
}
