import { ERROR_CODES, type ErrorCode, OrchestrationError } from '../errors.js';

/** Something wrong with the wiring, found before anything starts. */
export interface Problem {
  readonly code: ErrorCode;
  /** A warning does not keep the host from starting. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly fix: string;
  /** Names from the orchestrator that was looked at to where the problem lies. */
  readonly path: readonly string[];
  /** Names of the orchestrators that have it. */
  readonly orchestrators: readonly string[];
}

export function problem(
  code: ErrorCode,
  message: string,
  path: readonly string[],
  orchestrators: readonly string[],
  more: { readonly fix?: string; readonly severity?: 'error' | 'warning' } = {},
): Problem {
  return {
    code,
    severity: more.severity ?? 'error',
    message,
    fix: more.fix ?? ERROR_CODES[code].fix,
    path,
    orchestrators,
  };
}

/** All problems as one error; its message holds each of theirs, its `errors` one error each. */
export function graphInvalid(problems: readonly Problem[]): OrchestrationError {
  const errors = problems.map(
    (each) => new OrchestrationError(each.code, each.message, { path: each.path, fix: each.fix }),
  );
  const list = errors.map((error, index) => `\n  ${index + 1}. ${error.message}`).join('');
  return new OrchestrationError(
    'GRAPH_INVALID',
    `The graph has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:${list}\n`,
    { errors },
  );
}
