import { describe, expect, it } from '@jest/globals';

import { quickReference } from './quick-reference.js';

describe('the quick reference', () => {
  it('names the layers, types and categories of the guide', () => {
    const { ErrorCategory, OrchestrationLayer, OrchestrationType } = quickReference;
    expect(OrchestrationLayer).toEqual({
      DOMAIN: 'domain',
      APPLICATION: 'application',
      INFRASTRUCTURE: 'infrastructure',
    });
    expect(OrchestrationType).toEqual({
      SEQUENTIAL: 'sequential',
      PARALLEL: 'parallel',
      HIERARCHICAL: 'hierarchical',
      ADAPTIVE: 'adaptive',
      FEEDBACK: 'feedback',
      MONITORING: 'monitoring',
      COORDINATION: 'coordination',
      LIFECYCLE: 'lifecycle',
      BUSINESS_LOGIC: 'business_logic',
    });
    expect(ErrorCategory.VALIDATION).toBe('validation');
    expect(ErrorCategory.NOT_FOUND).toBe('not_found');
  });

  it('needs nothing but the imports it shows', async () => {
    const { BaseOrchestrator, getOrchestrationFacade, OrchestrationContext, StepResult } = quickReference;
    expect(typeof BaseOrchestrator).toBe('function');
    const context = new OrchestrationContext({ tenantId: 'test', requestId: 'test-1', metadata: {} });
    const result = await getOrchestrationFacade().orchestrate('nobody', context);
    expect(StepResult.isResult(result)).toBe(true);
    expect(result.success).toBe(false);
  });
});
