import type { ErrorCategory } from './error-category.js';
import { ERROR_CODES, OrchestrationError } from './errors.js';
import { resultFromJSON } from './result-json.js';
import {
  FailedResult,
  type FailureInit,
  isResult,
  OkResult,
  type ResultExtra,
  SkippedResult,
  UncertainResult,
} from './results.js';
import { describe } from './thrown.js';

export {
  FailedResult,
  type FailureInit,
  OkResult,
  type ResultExtra,
  SkippedResult,
  type StepResultJSON,
  UncertainResult,
} from './results.js';

const FAILURE_BRAND: unique symbol = Symbol.for('kapelle.StepFailure') as never;

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
  fromJSON: resultFromJSON,
});

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
