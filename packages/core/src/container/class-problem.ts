import { OrchestrationError } from '../errors.js';
import { kindOf } from '../json-data.js';
import { type Problem, problem } from '../graph/problem.js';
import { tokenName } from '../orchestrator/lazy.js';
import { StepResult } from '../step-result.js';

function messageOf(thrown: unknown): string {
  const failure = StepResult.fromError(thrown);
  return failure.status === 'failed' ? failure.error : failure.reason;
}

/** Why a class cannot be taken in, as a problem of the graph. */
export function classProblem(target: unknown, thrown: unknown): Problem {
  const name = tokenName(target);
  if (OrchestrationError.is(thrown)) {
    const what = thrown.message.slice(0, thrown.message.lastIndexOf(thrown.fix)).trim();
    return problem(thrown.code, what, [name], [name], { fix: thrown.fix });
  }
  return problem('OPTION_INVALID', `${name} cannot be read: ${messageOf(thrown)}`, [name], [name]);
}

/** What stands in the list of orchestrators and is no class. */
export function noClass(index: number, entry: unknown): Problem {
  const where = `orchestrators[${index}]`;
  return problem('OPTION_INVALID', `${where} is ${kindOf(entry)}, not a class.`, [where], [where], {
    fix:
      entry === undefined
        ? 'List classes. A class that is not there yet belongs to a module that imports this one: break the circle.'
        : 'List classes; an object that exists already is for facade.register.',
  });
}
