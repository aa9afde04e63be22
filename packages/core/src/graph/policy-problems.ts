import type { InterceptorChain } from '../facade/interceptor.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { type Problem, problem } from './problem.js';

/** Operations that name a policy where nothing stands around them that could apply it. */
export function policyProblems(
  units: readonly OrchestratorUnit[],
  interceptors: InterceptorChain,
): Problem[] {
  const problems: Problem[] = [];
  for (const unit of units) {
    for (const operation of unit.operations.values()) {
      const { policy } = operation.options;
      if (policy === undefined || interceptors.surrounds(unit, operation)) continue;
      problems.push(
        problem(
          'POLICY_UNAPPLIED',
          `Nothing applies the policy "${String(policy)}" of ${unit.name}.${operation.name}: the host has no interceptor around it.`,
          [unit.name, operation.name],
          [unit.name],
          { severity: 'warning' },
        ),
      );
    }
  }
  return problems;
}
