import { BANDIT_ALGORITHMS, type BanditAlgorithm } from '../algorithms/bandit-model.js';
import { BanditError } from '../bandit-error.js';
import type { BanditLogRow, EvaluatePolicyParams } from '../bandit-params.js';
import type { DomainBook } from '../book/domain-book.js';
import { BanditRandom } from '../learning/bandit-random.js';
import type { LoggedDecision } from './off-policy.js';

/** A smaller one would let one row outweigh any log there can be, or the sum of all be infinite. */
const LEAST_PROBABILITY = 1e-6;

/** Which policy is evaluated. */
export type TargetPolicy =
  | { readonly kind: 'algorithm'; readonly algorithm: BanditAlgorithm }
  | { readonly kind: 'action'; readonly action: string }
  | { readonly kind: 'rows' };

/** @throws BanditError `BANDIT_ALGORITHM_UNKNOWN` */
export function algorithmOf(name: string): BanditAlgorithm {
  const algorithm = BANDIT_ALGORITHMS.find((each) => each === name);
  if (algorithm !== undefined) return algorithm;
  throw new BanditError(
    'BANDIT_ALGORITHM_UNKNOWN',
    `There is no algorithm "${name}". Use one of ${BANDIT_ALGORITHMS.join(', ')}.`,
    { details: { algorithms: BANDIT_ALGORITHMS } },
  );
}

/**
 * The policy that params ask about.
 *
 * @throws BanditError `BANDIT_LOG_INVALID` unless exactly one thing says which
 */
export function policyOf({ algorithm, action, log }: EvaluatePolicyParams): TargetPolicy {
  const inRows = log?.some((row) => row.targetProbabilities !== undefined) ?? false;
  const given = [algorithm !== undefined, action !== undefined, inRows].filter(Boolean).length;
  if (given !== 1) {
    throw new BanditError(
      'BANDIT_LOG_INVALID',
      `${given === 0 ? 'Nothing says' : 'More than one thing says'} which policy is evaluated. Give one of "algorithm", "action", or targetProbabilities in the rows of "log".`,
      { details: { algorithm, action } },
    );
  }
  if (algorithm !== undefined) return { kind: 'algorithm', algorithm: algorithmOf(algorithm) };
  return action === undefined ? { kind: 'rows' } : { kind: 'action', action };
}

/** What a policy is called in an answer. */
export function policyNameOf(policy: TargetPolicy): string {
  if (policy.kind === 'algorithm') return policy.algorithm;
  return policy.kind === 'action' ? `always ${policy.action}` : 'targetProbabilities';
}

/** The rows of a log, or of the book's own history, with what the policy would have done. */
export function targetRows(
  book: DomainBook,
  policy: TargetPolicy,
  log: readonly BanditLogRow[] | undefined,
): readonly LoggedDecision[] {
  const { actions, encoder } = book.domain;
  // Its own numbers, the same each time: an evaluation changes no later decision.
  const random = BanditRandom.seeded('evaluate_policy');
  const targetOf = (x: Float64Array, row: BanditLogRow | undefined, at: number): Float64Array => {
    if (policy.kind === 'algorithm') return book.model(policy.algorithm).choose(x, random).probabilities;
    if (policy.kind === 'rows') return distribution(row?.targetProbabilities, actions, at);
    const index = actions.indexOf(policy.action);
    if (index < 0) throw unknownAction(policy.action, actions);
    return Float64Array.from(actions, (_, each) => (each === index ? 1 : 0));
  };
  if (log === undefined) {
    return book.history.map((row, at) => ({ ...row, target: targetOf(row.x, undefined, at) }));
  }
  return log.map((row, at) => {
    const { reward, probability } = row;
    const action = actions.indexOf(row.action);
    if (action < 0) throw unknownAction(row.action, actions, at);
    if (typeof reward !== 'number' || !(reward >= 0 && reward <= 1))
      throw wrongRow(at, 'reward', reward, 'from 0 to 1');
    if (typeof probability !== 'number' || !(probability >= LEAST_PROBABILITY && probability <= 1)) {
      throw wrongRow(at, 'probability', probability, `${LEAST_PROBABILITY} to 1`);
    }
    const { x } = encoder.encode(row.features ?? {});
    return { x, action, reward, probability, target: targetOf(x, row, at) };
  });
}

function distribution(
  given: Readonly<Record<string, number>> | undefined,
  actions: readonly string[],
  at: number,
): Float64Array {
  if (given === undefined || given === null || typeof given !== 'object') {
    throw new BanditError(
      'BANDIT_LOG_INVALID',
      `Row ${at} of the log does not say what the policy would do. Give "algorithm" or "action", or targetProbabilities in each row of "log".`,
      { details: { row: at } },
    );
  }
  for (const name of Object.keys(given)) if (!actions.includes(name)) throw unknownAction(name, actions, at);
  const target = Float64Array.from(actions, (name) => given[name] ?? 0);
  if (target.some((each) => !(each >= 0 && each <= 1))) {
    throw wrongRow(at, 'targetProbabilities', 'out of bounds', 'from 0 to 1 each');
  }
  const total = target.reduce((sum, each) => sum + each, 0);
  if (Math.abs(total - 1) > 1e-6) throw wrongRow(at, 'the sum of targetProbabilities', total, '1');
  return target;
}

function unknownAction(action: unknown, actions: readonly string[], at?: number): BanditError {
  const where = at === undefined ? '' : `Row ${at} of the log: `;
  return new BanditError(
    'BANDIT_LOG_INVALID',
    `${where}${JSON.stringify(String(action).slice(0, 64))} is no action of the domain. Use one of ${actions.join(', ')}.`,
    { details: { actions, ...(at === undefined ? {} : { row: at }) } },
  );
}

function wrongRow(at: number, field: string, value: unknown, wanted: string): BanditError {
  return new BanditError(
    'BANDIT_LOG_INVALID',
    `Row ${at} of the log: ${field} is ${String(value)}. Give ${wanted}.`,
    {
      details: { row: at, field },
    },
  );
}
