import {
  BaseOrchestrator,
  getOrchestrationFacade,
  OrchestrationContext,
  OrchestrationLayer,
  OrchestrationType,
  StepResult,
} from '@kapelle/core';

import type { Interaction } from './before.js';

// #region after
export interface WorkflowParams {
  readonly interaction?: Interaction;
  readonly contentUrl: string;
  readonly depth?: string;
}

export class MyWorkflowOrchestrator extends BaseOrchestrator {
  constructor() {
    super({
      layer: OrchestrationLayer.DOMAIN,
      name: 'my_workflow',
      type: OrchestrationType.SEQUENTIAL,
    });
  }

  override async orchestrate(context: OrchestrationContext, params: WorkflowParams): Promise<StepResult> {
    this.logOrchestrationStart(context, params);
    const { interaction, contentUrl, depth = 'standard' } = params;

    const analysis = await this.analyze(contentUrl, depth);
    await interaction?.send(`Analysis: ${analysis}`);

    const result = StepResult.ok({ analysis, url: contentUrl, depth });
    this.logOrchestrationEnd(context, result);
    return result;
  }

  private async analyze(contentUrl: string, depth: string): Promise<string> {
    return `${new URL(contentUrl).hostname} in ${depth} depth`;
  }
}
// #endregion

// #region caller
export async function onCommand(interaction: Interaction, url: string): Promise<StepResult> {
  const context = new OrchestrationContext({
    tenantId: 'discord',
    requestId: String(interaction.id),
    metadata: { channel: interaction.channelId },
  });
  return getOrchestrationFacade().orchestrate('my_workflow', context, {
    interaction,
    contentUrl: url,
    depth: 'deep',
  });
}
// #endregion
