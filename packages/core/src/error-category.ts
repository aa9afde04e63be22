/** How bad a failure is, from the least to the worst. */
export type Severity = 'low' | 'medium' | 'high' | 'critical';

/** What follows from the category of a failure. */
export interface CategoryInfo {
  readonly severity: Severity;
  /** Whether another attempt may help, unless the failure itself says otherwise. */
  readonly retryable: boolean;
}

const row = (severity: Severity, retryable = false): CategoryInfo => Object.freeze({ severity, retryable });
const LOW = row('low');
const LOW_RETRY = row('low', true);
const MEDIUM = row('medium');
const HIGH = row('high');
const HIGH_RETRY = row('high', true);
const CRITICAL = row('critical');

/**
 * Every error category with its severity and whether it is retryable: the 44 of the reference system, and
 * `execution`, `cancelled`, `depth_exceeded`, `cycle_detected`.
 */
export const ERROR_CATEGORIES = Object.freeze({
  validation: LOW,
  invalid_format: LOW,
  missing_required_field: LOW,
  invalid_value: LOW,
  type_mismatch: LOW,
  constraint_violation: LOW,
  schema_validation: LOW,
  authentication: HIGH,
  authorization: HIGH,
  permission_denied: LOW,

  network: LOW_RETRY,
  timeout: LOW_RETRY,
  rate_limit: LOW_RETRY,
  service_unavailable: HIGH_RETRY,
  service_overloaded: LOW_RETRY,
  circuit_breaker_open: LOW_RETRY,
  dependency_failure: LOW,
  external_service_error: LOW,

  not_found: LOW,
  insufficient_resources: HIGH,
  resource_exhausted: LOW,
  quota_exceeded: LOW,
  storage_full: LOW,
  memory_error: LOW,

  processing: MEDIUM,
  dependency: LOW,
  parsing_error: LOW,
  transformation_error: LOW,
  computation_error: LOW,
  model_error: MEDIUM,
  embedding_error: MEDIUM,
  vector_search_error: MEDIUM,

  system: CRITICAL,
  configuration: LOW,
  initialization_error: CRITICAL,
  database_error: CRITICAL,
  filesystem_error: LOW,
  corruption_error: CRITICAL,

  success_with_warnings: LOW,

  transient: LOW_RETRY,
  retryable: LOW_RETRY,

  business_rule_violation: LOW,
  policy_violation: LOW,
  compliance_violation: LOW,

  execution: MEDIUM,
  cancelled: LOW,
  depth_exceeded: LOW,
  cycle_detected: LOW,
} satisfies Readonly<Record<string, CategoryInfo>>);

/** What kind of failure a result reports. */
export type ErrorCategory = keyof typeof ERROR_CATEGORIES;

type CategoryConstants = { readonly [K in ErrorCategory as Uppercase<K>]: K };

/** The categories as constants: `ErrorCategory.NOT_FOUND === 'not_found'`. */
export const ErrorCategory = Object.freeze(
  Object.fromEntries(Object.keys(ERROR_CATEGORIES).map((category) => [category.toUpperCase(), category])),
) as CategoryConstants;

/** Whether `value` is one of the categories. */
export function isErrorCategory(value: unknown): value is ErrorCategory {
  return typeof value === 'string' && Object.hasOwn(ERROR_CATEGORIES, value);
}
