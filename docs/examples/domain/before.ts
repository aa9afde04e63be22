/** What an answer is sent through. */
export interface Interaction {
  readonly id: number;
  readonly channelId: string;
  send(text: string): Promise<void>;
}

// #region before
export class MyWorkflowOrchestrator {
  async executeWorkflow(interaction: Interaction, contentUrl: string, depth = 'standard'): Promise<void> {
    const result = await this.analyze(contentUrl, depth);
    await interaction.send(`Analysis: ${result}`);
  }

  private async analyze(contentUrl: string, depth: string): Promise<string> {
    return `${new URL(contentUrl).hostname} in ${depth} depth`;
  }
}
// #endregion

// #region caller
export async function onCommand(interaction: Interaction, url: string): Promise<void> {
  const orchestrator = new MyWorkflowOrchestrator();
  await orchestrator.executeWorkflow(interaction, url, 'deep');
}
// #endregion
