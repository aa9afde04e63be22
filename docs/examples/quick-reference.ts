// #region imports
import {
  BaseOrchestrator,
  ErrorCategory,
  getOrchestrationFacade,
  OrchestrationContext,
  OrchestrationLayer,
  OrchestrationType,
  StepResult,
} from '@kapelle/core';
// #endregion

/** What the quick reference names, so that a test sees all of it. */
export const quickReference = {
  BaseOrchestrator,
  ErrorCategory,
  getOrchestrationFacade,
  OrchestrationContext,
  OrchestrationLayer,
  OrchestrationType,
  StepResult,
};
