import type { ErrorCategory } from './error-category.js';

/** A row of the error table: the category a failed result gets where the error reaches a call. */
interface ErrorCodeInfo {
  readonly category: ErrorCategory;
  /** What a person does about it; one sentence that starts with a verb. */
  readonly fix: string;
}

const row = (category: ErrorCategory, fix: string): ErrorCodeInfo => ({ category, fix });

/** Every code of this package. A code is never reused for another meaning. */
export const ERROR_CODES = {
  ORCHESTRATOR_NOT_DECORATED: row(
    'configuration',
    'Put @orchestrator(layer, type) on the class, or call defineOrchestrator.',
  ),
  ORCHESTRATOR_ALREADY_REGISTERED: row(
    'configuration',
    'Give one of them another name, or unregister the first.',
  ),
  ORCHESTRATOR_NOT_REGISTERED: row('not_found', 'Register it first.'),
  ORCHESTRATOR_NOT_CONSTRUCTIBLE: row(
    'configuration',
    'Use a host, or give the class a constructor without required parameters.',
  ),
  ORCHESTRATOR_INVALID: row(
    'configuration',
    'Implement name, layer and orchestrate, or extend BaseOrchestrator.',
  ),
  DECORATOR_MISUSED: row('configuration', 'Use the decorator as its documentation shows.'),
  OPTION_INVALID: row('configuration', 'Correct the option.'),
  CONTEXT_INVALID: row('validation', 'Pass an OrchestrationContext with non-empty tenantId and requestId.'),
  RESULT_INVALID: row('parsing_error', 'Pass what StepResult.toJSON() returned.'),
  GRAPH_INVALID: row('configuration', 'Mend each problem listed; host.check() returns them as data.'),
  GRAPH_CYCLE: row('configuration', 'Make one of the dependencies lazy with @lazy(token).'),
  GRAPH_MISSING_BINDING: row('configuration', 'Bind the token in a module, or add the class to the host.'),
  GRAPH_DUPLICATE_NAME: row('configuration', 'Give one of them another name.'),
  GRAPH_LAYER_BREACH: row('configuration', 'Depend on a port that the lower layer owns, or move the class.'),
  GRAPH_CAPTIVE_DEPENDENCY: row(
    'configuration',
    'Inject a factory or read the context, or bind it in singleton scope.',
  ),
  GRAPH_UNKNOWN_DEPENDENCY: row('configuration', 'Correct the name, or add the orchestrator to the host.'),
  GRAPH_FLOW_TYPE: row(
    'configuration',
    'Build the flow with the combinator of its type, or change the type.',
  ),
  GRAPH_METADATA_MISSING: row(
    'configuration',
    'Put @inject(token) on the parameter, or list it in defineOrchestrator({ inject }).',
  ),
  POLICY_UNAPPLIED: row(
    'configuration',
    'Give the host the interceptor that applies policies: interceptors: [resilienceInterceptor(…)].',
  ),
  PARAMS_UNCHECKED: row('configuration', 'Give the operation a DTO: @operation({ params: Dto }).'),
  ENGINE_UNSUITABLE: row('configuration', 'Choose an engine that offers the capability, or drop the need.'),
  HOST_STATE: row('configuration', 'Check host.state before.'),
  HOST_START_FAILED: row('initialization_error', 'Mend the orchestrator named; its error is the cause.'),
  HOST_START_TIMEOUT: row('initialization_error', 'Make the hook faster, or raise its startTimeoutMs.'),
  HOST_START_ABORTED: row('cancelled', 'Start the host again.'),
  GLOBAL_FACADE_TAKEN: row('configuration', 'Stop the other host first, or leave out `global: true`.'),
  LAZY_ASYNC: row('dependency', 'Use `await lazy.get()`.'),
  LAZY_UNBOUND: row('dependency', 'Let a host or an orchestrationModule build the class.'),
  STEP_NAME_REPEATED: row('execution', 'Give each step of a run a name of its own; in a loop add a key.'),
  FLOW_INVALID: row('configuration', 'Correct the flow.'),
  INTERCEPTOR_ASYNC: row('execution', 'Return synchronously, or use `around`.'),
} as const satisfies Readonly<Record<string, ErrorCodeInfo>>;

/** The code of an {@link OrchestrationError}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What may be said beside the message of an {@link OrchestrationError}. */
export interface OrchestrationErrorInit {
  readonly cause?: unknown;
  /** Names from where the problem was looked at to where it lies. */
  readonly path?: readonly string[];
  /** Overrides the fix of the table with a more exact one. */
  readonly fix?: string;
  /** The single problems of a collected error. */
  readonly errors?: readonly OrchestrationError[];
}

const BRAND: unique symbol = Symbol.for('kapelle.OrchestrationError') as never;

/**
 * Wrong use or wrong wiring: a bug of whoever wrote the call. The message says what happened with the values,
 * then what to do, then the code. What goes wrong at run time is a failed `StepResult` instead.
 */
export class OrchestrationError extends Error {
  override readonly name = 'OrchestrationError';
  readonly code: ErrorCode;
  readonly fix: string;
  readonly path: readonly string[];
  readonly errors: readonly OrchestrationError[];
  readonly [BRAND] = true;

  constructor(code: ErrorCode, what: string, init: OrchestrationErrorInit = {}) {
    const fix = init.fix ?? ERROR_CODES[code].fix;
    super(`${what} ${fix} [${code}]`, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = code;
    this.fix = fix;
    this.path = init.path ?? [];
    this.errors = init.errors ?? [];
  }

  /** True for errors of this class, also of another copy of the package. */
  static is(value: unknown): value is OrchestrationError {
    try {
      return typeof value === 'object' && value !== null && BRAND in value;
    } catch {
      return false;
    }
  }
}
