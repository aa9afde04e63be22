import { slipsOf } from '../orchestrator/option-slips.js';
import type { OrchestratorUnit } from '../orchestrator/orchestrator-unit.js';
import { type Problem, problem } from './problem.js';

/** Options that orchestrators were given and that do not exist. */
export function optionProblems(units: readonly OrchestratorUnit[]): Problem[] {
  const problems: Problem[] = [];
  for (const { name, target } of units) {
    if (target === undefined) continue;
    for (const slip of slipsOf(target)) {
      problems.push(
        problem('OPTION_INVALID', `${slip.where} has no option "${slip.name}".`, [name], [name], {
          severity: 'warning',
          fix: slip.nearest === undefined ? 'Leave it out.' : `Did you mean "${slip.nearest}"?`,
        }),
      );
    }
  }
  return problems;
}
