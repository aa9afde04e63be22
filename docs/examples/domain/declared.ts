import {
  BaseOrchestrator,
  operation,
  type OperationContext,
  OrchestrationContext,
  type OrchestrationFacade,
  orchestrator,
} from '@kapelle/core';
import { IsIn, IsUrl } from 'class-validator';

import type { Interaction } from './before.js';

// #region after
export class WorkflowParams {
  @IsUrl()
  contentUrl!: string;

  @IsIn(['standard', 'deep'])
  depth: string = 'standard';
}

@orchestrator('domain', 'sequential')
export class MyWorkflowOrchestrator extends BaseOrchestrator {
  @operation()
  async execute(context: OperationContext, { contentUrl, depth }: WorkflowParams) {
    const analysis = await context.step('analyze', () => this.analyze(contentUrl, depth));
    return { analysis, url: contentUrl, depth };
  }

  private async analyze(contentUrl: string, depth: string): Promise<string> {
    return `${new URL(contentUrl).hostname} in ${depth} depth`;
  }
}
// #endregion

// #region caller
export async function onCommand(facade: OrchestrationFacade, interaction: Interaction, url: string) {
  const context = OrchestrationContext.create({
    tenantId: 'discord',
    requestId: String(interaction.id),
    metadata: { channel: interaction.channelId },
  });
  const result = await facade.client(MyWorkflowOrchestrator).execute(context, {
    contentUrl: url,
    depth: 'deep',
  });
  await interaction.send(result.success ? `Analysis: ${result.data?.analysis}` : `Failed: ${result.error}`);
  return result;
}
// #endregion
