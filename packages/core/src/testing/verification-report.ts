import type { OrchestrationLayer, OrchestrationType } from '../layers.js';
import type { StepResult } from '../step-result.js';

/** The steps of a verification, in order. */
export const VERIFICATION_STEPS = ['import', 'instantiate', 'register', 'execute', 'clean up'] as const;
export type VerificationStep = (typeof VERIFICATION_STEPS)[number];

/** How one step went. */
export interface VerifiedStep {
  readonly step: VerificationStep;
  /** `not reached`: one before it has failed. */
  readonly outcome: 'passed' | 'failed' | 'not reached';
  readonly durationMs: number;
  /** What failed, for people. */
  readonly problem?: string;
}

/** What came of verifying an orchestrator. `String(report)` is a line per step. */
export class VerificationReport {
  /** Name, layer and type; `undefined` where the class does not get that far. */
  readonly orchestrator:
    | { readonly name: string; readonly layer: OrchestrationLayer; readonly type: OrchestrationType }
    | undefined;
  /** All five. */
  readonly steps: readonly VerifiedStep[];
  /** What the call came to, where there was one. */
  readonly result: StepResult | undefined;

  constructor(
    orchestrator: VerificationReport['orchestrator'],
    steps: readonly VerifiedStep[],
    result: StepResult | undefined,
  ) {
    this.orchestrator = orchestrator;
    this.steps = steps;
    this.result = result;
  }

  /** Whether every step has passed. */
  get ok(): boolean {
    return this.steps.every((step) => step.outcome === 'passed');
  }

  toString(): string {
    return this.steps
      .map(
        ({ step, outcome, problem }) => `${step}: ${problem === undefined ? outcome : `failed: ${problem}`}`,
      )
      .join('\n');
  }
}

/** An orchestrator that does not pass; the message names the step and what was wrong. */
export class VerificationError extends Error {
  override readonly name = 'VerificationError';
  readonly code = 'VERIFICATION_FAILED';
  /** The first step that failed. */
  readonly step: VerificationStep;
  readonly report: VerificationReport;

  constructor(subject: string, failed: VerifiedStep, report: VerificationReport, cause: unknown) {
    const problem = failed.problem ?? '';
    const end = /[.\]]$/.test(problem) ? '' : '.';
    super(
      `${subject} fails at the step "${failed.step}": ${problem}${end} Mend that and verify again. [VERIFICATION_FAILED]`,
      { cause },
    );
    this.step = failed.step;
    this.report = report;
  }
}
