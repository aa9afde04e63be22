import { afterEach, describe, expect, it } from '@jest/globals';
import {
  getOrchestrationFacade,
  OrchestrationContext,
  OrchestrationFacade,
  resetOrchestrationFacade,
} from '@kapelle/core';

import * as before from './before.js';
import * as declared from './declared.js';
import * as handWritten from './hand-written.js';

function anInteraction(): before.Interaction & { readonly sent: string[] } {
  const sent: string[] = [];
  return { id: 7, channelId: 'news', sent, send: async (text) => void sent.push(text) };
}

const SENT = ['Analysis: example.org in deep depth'];

describe('the domain pattern', () => {
  afterEach(() => {
    resetOrchestrationFacade();
  });

  it('before: sends its answer and returns nothing', async () => {
    const interaction = anInteraction();
    await before.onCommand(interaction, 'https://example.org/a');
    expect(interaction.sent).toEqual(SENT);
  });

  it('after, by hand: sends the same and returns a result', async () => {
    getOrchestrationFacade().register(new handWritten.MyWorkflowOrchestrator());
    const interaction = anInteraction();

    const result = await handWritten.onCommand(interaction, 'https://example.org/a');

    expect(interaction.sent).toEqual(SENT);
    expect(result.data).toEqual({
      analysis: 'example.org in deep depth',
      url: 'https://example.org/a',
      depth: 'deep',
    });
  });

  it('after, by hand: an exception of the business logic is a failed result', async () => {
    getOrchestrationFacade().register(new handWritten.MyWorkflowOrchestrator());
    const result = await handWritten.onCommand(anInteraction(), 'no address');
    expect(result).toMatchObject({ status: 'failed', errorCategory: 'execution', retryable: false });
  });

  it('after, declared: sends the same, checks the params and names what is wrong', async () => {
    const facade = new OrchestrationFacade();
    facade.register(declared.MyWorkflowOrchestrator);
    const interaction = anInteraction();

    const result = await declared.onCommand(facade, interaction, 'https://example.org/a');
    const refused = await declared.onCommand(facade, anInteraction(), 'no address');

    expect(interaction.sent).toEqual(SENT);
    expect(result.data).toEqual({
      analysis: 'example.org in deep depth',
      url: 'https://example.org/a',
      depth: 'deep',
    });
    expect(refused).toMatchObject({
      status: 'failed',
      errorCategory: 'validation',
      details: [expect.objectContaining({ property: 'contentUrl' })],
    });
  });

  it('after, declared: a default of the params class holds where the caller says nothing', async () => {
    const facade = new OrchestrationFacade();
    facade.register(declared.MyWorkflowOrchestrator);
    const context = OrchestrationContext.create({ tenantId: 'acme' });

    const result = await facade.orchestrate('my_workflow', context, { contentUrl: 'https://example.org/a' });

    expect(result.data).toMatchObject({ depth: 'standard' });
  });
});
