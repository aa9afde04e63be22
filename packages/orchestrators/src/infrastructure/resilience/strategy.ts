import { ResilienceError } from '@kapelle/resilience';

/** The ways of calling a service. */
export const STRATEGIES = [
  'fail_fast',
  'retry',
  'circuit_breaker',
  'graceful_degrade',
  'adaptive_routing',
] as const;

/**
 * - `fail_fast`: one call.
 * - `retry`: again after a growing pause, where another attempt may help.
 * - `circuit_breaker`: not at all while the service mostly fails.
 * - `graceful_degrade`: one call; the fallback's answer is as good as any, and so `ok`. Elsewhere it is `uncertain`.
 * - `adaptive_routing`: one of several targets, by how they have done; another one where it fails.
 *
 * Whatever the strategy: where it fails and there is a fallback, the fallback is the answer.
 */
export type Strategy = (typeof STRATEGIES)[number];

/** Names that earlier versions of the system used. */
const ALIASES: Readonly<Record<string, Strategy>> = {
  retry_with_backoff: 'retry',
  circuit_break: 'circuit_breaker',
};

/** Every name that {@link strategyOf} takes. */
export const STRATEGY_NAMES: readonly string[] = [...STRATEGIES, ...Object.keys(ALIASES)];

/**
 * The strategy of a name that {@link STRATEGY_NAMES} lists.
 * @throws ResilienceError OPTION_INVALID for any other, with the list
 */
export function strategyOf(name: string): Strategy {
  const strategy = typeof name === 'string' && Object.hasOwn(ALIASES, name) ? ALIASES[name] : name;
  const known = STRATEGIES.find((each) => each === strategy);
  if (known !== undefined) return known;
  throw new ResilienceError(
    'OPTION_INVALID',
    'resilience',
    `resilience: there is no strategy ${typeof name === 'string' ? JSON.stringify(name.slice(0, 100)) : `of type ${typeof name}`}. Use one of: ${STRATEGY_NAMES.join(', ')}.`,
  );
}
