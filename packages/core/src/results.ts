import { ERROR_CATEGORIES, type ErrorCategory, isErrorCategory, type Severity } from './error-category.js';
import { EMPTY_RECORD } from './json-data.js';
import type { StepResult } from './step-result.js';
import { describe, type ErrorJSON, errorJSON } from './thrown.js';

const BRAND: unique symbol = Symbol.for('kapelle.StepResult') as never;
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

/** It worked; `data` is the payload itself. */
export class OkResult<T> {
  declare readonly status: 'ok';
  declare readonly success: true;
  declare readonly data: T;
  declare readonly metadata: Readonly<Record<string, unknown>>;
  declare readonly warnings: readonly string[];
  declare readonly error?: undefined;
  declare readonly errorCategory?: undefined;
  declare readonly reason?: undefined;

  // Assigned, not declared with initialisers, and without a class above: one of these is made per call, and defining
  // fields and calling another constructor cost more.
  constructor(data: T, extra?: ResultExtra) {
    this.status = 'ok';
    this.success = true;
    this.data = data;
    this.metadata = extra?.metadata ?? EMPTY_RECORD;
    this.warnings = extra?.warnings ?? NO_WARNINGS;
  }

  toJSON(): StepResultJSON {
    return {
      status: this.status,
      ...(this.data === undefined ? {} : { data: this.data }),
      ...extraJSON(this),
    };
  }
}

/** It was not done, and that is all right; `reason` says why. */
export class SkippedResult {
  readonly status = 'skipped';
  readonly success = true;
  readonly reason: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
  declare readonly data?: undefined;
  declare readonly error?: undefined;
  declare readonly errorCategory?: undefined;

  constructor(reason: string, extra?: ResultExtra) {
    this.reason = reason;
    this.metadata = extra?.metadata ?? EMPTY_RECORD;
    this.warnings = extra?.warnings ?? NO_WARNINGS;
  }

  toJSON(): StepResultJSON {
    return { status: this.status, reason: this.reason, ...extraJSON(this) };
  }
}

/** There is a payload, but whoever uses it should know that it may be wrong. */
export class UncertainResult<T> {
  readonly status = 'uncertain';
  readonly success = true;
  readonly data: T;
  readonly reason?: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
  declare readonly error?: undefined;
  declare readonly errorCategory?: undefined;

  constructor(data: T, extra?: ResultExtra & { readonly reason?: string }) {
    this.data = data;
    this.metadata = extra?.metadata ?? EMPTY_RECORD;
    this.warnings = extra?.warnings ?? NO_WARNINGS;
    if (extra?.reason !== undefined) this.reason = extra.reason;
  }

  toJSON(): StepResultJSON {
    return {
      status: this.status,
      ...(this.data === undefined ? {} : { data: this.data }),
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...extraJSON(this),
    };
  }
}

const NOTHING_SAID: FailureInit = Object.freeze({});

/** It ran, or was refused, and did not succeed. */
export class FailedResult {
  readonly status = 'failed';
  readonly success = false;
  readonly error: string;
  readonly errorCategory: ErrorCategory;
  readonly severity: Severity;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  readonly details?: unknown;
  readonly cause?: unknown;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
  declare readonly data?: undefined;
  declare readonly reason?: undefined;

  /** What is said of the failure and has the wrong type counts as not said. */
  constructor(message: string, failure?: FailureInit) {
    this.metadata = failure?.metadata ?? EMPTY_RECORD;
    this.warnings = failure?.warnings ?? NO_WARNINGS;
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
      ...extraJSON(this),
    };
  }
}

for (const each of [OkResult, SkippedResult, UncertainResult, FailedResult]) {
  Object.defineProperty(each.prototype, BRAND, { value: true });
}

function extraJSON({ metadata, warnings }: Required<ResultExtra>): ResultExtra {
  return {
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

/** @internal True for results of this library, whatever else has the same shape. */
export function isResult(value: unknown): value is StepResult {
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
