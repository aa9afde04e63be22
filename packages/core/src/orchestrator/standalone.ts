import type { OrchestrationContext } from '../context.js';
import type { StepResult } from '../step-result.js';

type Standalone = (
  orchestrator: object,
  context: OrchestrationContext,
  params: unknown,
) => Promise<StepResult>;

// The facade needs the base class and the base class, here alone, a facade: it is handed in when that file loads.
let run: Standalone | undefined;

export function provideStandalone(standalone: Standalone): void {
  run = standalone;
}

/** Calls an orchestrator that no facade has enrolled: through a facade of its own. */
export function standaloneOrchestrate(
  orchestrator: object,
  context: OrchestrationContext,
  params: unknown,
): Promise<StepResult> {
  if (run === undefined) throw new Error('The facade is not loaded. Import from @kapelle/core.');
  return run(orchestrator, context, params);
}
