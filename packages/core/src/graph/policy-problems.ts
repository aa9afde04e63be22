import type { InterceptorChain } from '../facade/interceptor.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { type Problem, problem } from './problem.js';

/** Operations that name a policy where nothing stands around them that could apply it. */
export function policyProblems(
  units: readonly OrchestratorUnit[],
  interceptors: InterceptorChain,
): Problem[] {
  return units.flatMap((unit) =>
    unit.operations
      .values()
      .filter(({ options }) => options.policy !== undefined)
      .filter((operation) => !interceptors.surrounds(unit, operation))
      .map(({ name, options: { policy } }) =>
        problem(
          'POLICY_UNAPPLIED',
          `Nothing applies the policy "${String(policy)}" of ${unit.name}.${name}: the host has no interceptor around it.`,
          [unit.name, name],
          [unit.name],
          { severity: 'warning' },
        ),
      ),
  );
}
