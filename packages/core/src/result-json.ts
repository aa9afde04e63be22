import { isErrorCategory, type Severity } from './error-category.js';
import { OrchestrationError } from './errors.js';
import { kindOf } from './json-data.js';
import {
  FailedResult,
  OkResult,
  type ResultExtra,
  SkippedResult,
  type StepResultJSON,
  UncertainResult,
} from './results.js';
import type { StepResult } from './step-result.js';
import { errorFromJSON } from './thrown.js';

/** @internal The result that its wire form stands for. */
export function resultFromJSON<T = unknown>(json: unknown): StepResult<T> {
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
}

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
