import type { RiskLevel } from './operations-rule.js';

/** How much is done without asking, from nothing to everything. */
export const AUTOMATION_LEVELS = ['manual', 'assisted', 'supervised', 'autonomous'] as const;
export type AutomationLevel = (typeof AUTOMATION_LEVELS)[number];

/** The highest risk that is taken without asking. */
const WITHOUT_ASKING: Readonly<Record<AutomationLevel, number>> = {
  manual: -1,
  assisted: 0,
  supervised: 1,
  autonomous: 2,
};
const RISK: Readonly<Record<RiskLevel, number>> = { low: 0, medium: 1, high: 2 };

/**
 * Whether somebody has to agree first: to everything where it is `manual`, to medium and high risk where it is `assisted`, to
 * high risk where it is `supervised`, to nothing where it is `autonomous`.
 */
export function needsApproval(level: AutomationLevel, risk: RiskLevel): boolean {
  return RISK[risk] > WITHOUT_ASKING[level];
}
